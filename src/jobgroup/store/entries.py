"""List and remove the entries of a group. Each has a position and a permanent id.

The position is the entry's index in the group, counted from 0. It changes when an earlier entry is
removed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from jobgroup.errors import CorruptGroupError, JobGroupError, JobRemovedError
from jobgroup.store.database import Database
from jobgroup.store.transaction import Transaction
from jobgroup.store.transitions import add_event
from jobgroup.words import format_count

_WAS_SENT = """
    j.state NOT IN ('unsent', 'refused')
    OR EXISTS (SELECT 1 FROM attempts a WHERE a.entry_id = j.id
               AND (a.state <> 'refused' OR a.id IN (SELECT attempt_id FROM subjobs)))
"""
"""SQL condition: the job `j` is, was or may be on the cloud."""


class Entries:
    """The ids and positions of a group's entries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ids(self, states: Iterable[str] | None = None) -> list[int]:
        """Return the ids of all entries, or of those in the given states, in order."""
        where, values = "", []
        if states is not None:
            where = "WHERE state IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(list(states)))
        with self._database.read_transaction() as connection:
            rows = connection.execute(f"SELECT id FROM jobs {where} ORDER BY id", values)  # noqa: S608
            return [entry_id for (entry_id,) in rows]

    def at(
        self, positions: Sequence[int] | None = None, *, removals: int | None = None
    ) -> list[int]:
        """Return the ids of the entries at the given positions.

        For a lost row, ``-1 - position`` is returned in place of the id.

        Args:
            positions: positions, counted from 0; None for all.
            removals: value of `removals()` when the caller read the positions; None if the
                positions are certainly current.

        Raises:
            JobRemovedError: entries have been removed since then, so the positions may be wrong.
            IndexError: a position does not exist.
        """
        with self._database.read_transaction() as connection:
            if removals is not None and removals != _removed(connection)[0]:
                raise JobRemovedError(
                    "Jobs were removed from the group, so other jobs have these positions now."
                    " Nothing was changed. List the jobs, then repeat the call."
                )
            total = length(connection)
            if positions is None:
                positions = range(total)
            one_by_one = len(positions) < total // 4
            rows = connection.execute(
                "SELECT position, id FROM jobs"
                " WHERE NOT ? OR position IN (SELECT value FROM json_each(?))",
                (one_by_one, json.dumps(list(positions)) if one_by_one else "[]"),
            )
            found: dict[int, int] = dict(rows.fetchall())
        if wrong := [p for p in positions if not 0 <= p < total]:
            raise IndexError(f"The group has no job at position {wrong[0]}.")
        return [found.get(position, -1 - position) for position in positions]

    def positions(self, entry_ids: Collection[int]) -> dict[int, int]:
        """Return the positions of entries by id, without removed entries."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                "SELECT id, position FROM jobs WHERE id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(entry_ids)),),
            )
            return dict(rows.fetchall())

    def position(self, entry_id: int) -> int:
        """Return the position of an entry.

        Raises:
            JobRemovedError: the entry has been removed.
            CorruptGroupError: the entry's row is lost.
        """
        with self._database.read_transaction() as connection:
            row = connection.execute("SELECT position FROM jobs WHERE id = ?", (entry_id,))
            found: tuple[int] | None = row.fetchone()
            if found is None:
                raise missing(self._database.path, connection, entry_id)
            return found[0]

    def removals(self) -> int:
        """Return the group's version at the last removal; 0 if no entry has ever been removed."""
        with self._database.read_transaction() as connection:
            return _removed(connection)[0]

    def remove(self, entry_ids: Iterable[int]) -> None:
        """Remove all of the given entries, or none of them if any may have been sent.

        The other entries keep their order. One transaction checks the states and removes the
        entries, so an entry that another process is sending is never removed.

        Raises:
            JobGroupError: an entry was sent or may have been sent; nothing was removed.
        """
        wanted = json.dumps(list(entry_ids))
        with self._database.write_transaction() as tx:
            rows = tx.execute(
                f"SELECT id, position, state, ({_WAS_SENT}) FROM jobs j"  # noqa: S608
                " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
                (wanted,),
            ).fetchall()
            sent = [f"{position} ({state})" for _, position, state, was_sent in rows if was_sent]
            if sent:
                named = ", ".join(sent[:3]) + (
                    f" and {len(sent) - 3} more" if len(sent) > 3 else ""
                )
                raise JobGroupError(
                    f"Only jobs that were never sent can be removed. These may be on the cloud:"
                    f" {named}. Nothing was removed."
                )
            if not rows:
                return
            _delete(tx, json.dumps([entry_id for entry_id, *_ in rows]))
            _close_gaps(tx, [position for _, position, *_ in rows])
            last = max(rows[-1][0], _removed(tx)[1])
            tx.execute(
                "INSERT OR REPLACE INTO meta"
                " VALUES ('removed_at_version', ?), ('last_removed_id', ?)",
                (tx.version, last),
            )
            add_event(tx, None, "removed", f"{format_count(len(rows), 'job')} never sent")


def _delete(tx: Transaction, gone: str) -> None:
    these = "(SELECT value FROM json_each(?))"
    bodies = tx.execute(
        f"SELECT payload_id FROM jobs WHERE id IN {these}"  # noqa: S608
        f" UNION SELECT composition_id FROM jobs WHERE id IN {these}",
        (gone, gone),
    ).fetchall()
    for table, key in (
        ("jobs", "id"),
        ("attempts", "entry_id"),
        ("events", "entry_id"),
        ("priorities", "entry_id"),
    ):
        tx.execute(f"DELETE FROM {table} WHERE {key} IN {these}", (gone,))  # noqa: S608
    tx.execute(
        f"DELETE FROM payloads WHERE id IN {these} AND id NOT IN"  # noqa: S608
        " (SELECT payload_id FROM jobs WHERE payload_id IS NOT NULL"
        " UNION ALL SELECT composition_id FROM jobs WHERE composition_id IS NOT NULL"
        " UNION ALL SELECT payload_id FROM attempts WHERE payload_id IS NOT NULL)",
        (json.dumps([body for (body,) in bodies]),),
    )
    # A later body may get the id of a deleted one.
    tx.execute(
        "DELETE FROM fingerprints WHERE payload_id NOT IN (SELECT id FROM payloads)"
        " OR composition_id NOT IN (SELECT 0 UNION ALL SELECT id FROM payloads)"
    )


def _close_gaps(tx: Transaction, removed: Sequence[int]) -> None:
    for gaps, (first, end) in enumerate(zip(removed, [*removed[1:], 2**53], strict=True), 1):
        tx.execute(
            "UPDATE jobs SET position = position - ?, version = ?"
            " WHERE position > ? AND position < ?",
            (gaps, tx.version, first, end),
        )


def length(connection: sqlite3.Connection | Transaction) -> int:
    """Return the number of entries, computed from the last position, because rows may be lost."""
    value: int = connection.execute("SELECT coalesce(max(position) + 1, 0) FROM jobs").fetchone()[0]
    return value


def position_in(connection: sqlite3.Connection | Transaction, entry_id: int) -> int:
    row = connection.execute("SELECT position FROM jobs WHERE id = ?", (entry_id,)).fetchone()
    return int(row[0])


def next_id(tx: Transaction) -> int:
    """Return an id that no entry of the group has ever had."""
    (last,) = tx.execute("SELECT coalesce(max(id), 0) FROM jobs").fetchone()
    return max(int(last), _removed(tx)[1]) + 1


def missing(
    path: Path, connection: sqlite3.Connection | Transaction, entry_id: int
) -> JobRemovedError | CorruptGroupError:
    """Return the error for an entry without a row: it was removed, or its row is lost."""
    (count,) = connection.execute("SELECT count(*) FROM jobs").fetchone()
    if entry_id > 0 and entry_id <= _removed(connection)[1] and count == length(connection):
        return JobRemovedError(
            f"This job was removed from the group {path.stem!r} and was never sent. Add it again to"
            " run it."
        )
    which = f"job {-1 - entry_id}" if entry_id < 0 else f"the job with the id {entry_id}"
    return CorruptGroupError(
        f"The group's file {path} is damaged: the row of {which} is missing. The file was not"
        " changed, and the other jobs are not affected."
    )


def _removed(connection: sqlite3.Connection | Transaction) -> tuple[int, int]:
    """Return the group's version at the last removal, and the highest removed id; 0 for none."""
    found = dict(
        connection.execute(
            "SELECT key, value FROM meta WHERE key IN ('removed_at_version', 'last_removed_id')"
        ).fetchall()
    )
    return found.get("removed_at_version", 0), found.get("last_removed_id", 0)
