"""The parts of entries that are several jobs on their cloud: which of them it has got already.

Each part's id is on disk before the next part is sent. A sending that ends between two of them is
continued by the next one of the same job, which takes over what was sent.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from jobgroup.status import UNSENT
from jobgroup.store.database import Database, Transaction
from jobgroup.store.records import Target
from jobgroup.store.steps import add_event


class OrphanSubjob(NamedTuple):
    """A part that is on its cloud, of an entry whose sending ended before it was whole."""

    position: int
    target: Target
    attempt_id: int
    number: int
    remote_id: str


class Subjobs:
    """The ids of parts, by attempt and number, counted from 0."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sent(self, attempt_id: int) -> dict[int, str]:
        """The parts that an attempt has on the cloud: id by number."""
        with self._database.read_transaction() as connection:
            return parts_of(connection, attempt_id)

    def keep(self, attempt_id: int, number: int, remote_id: str) -> None:
        """An earlier attempt has a part that did not fail: it is this one's too."""
        with self._database.write_transaction() as tx:
            insert_subjobs(tx, attempt_id, [(number, remote_id)])

    def orphans(self, positions: Collection[int] | None = None) -> list[OrphanSubjob]:
        """The parts that wait on their cloud for the next run to send the rest; None for all."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                "SELECT a.position, t.provider, t.origin, t.account, t.platform, a.id, p.number,"
                " p.remote_id FROM subjobs p JOIN attempts a ON a.id = p.attempt_id"
                " JOIN jobs j ON j.position = a.position JOIN targets t ON t.id = j.target_id"
                " WHERE a.state = ? ORDER BY a.position, p.number",
                (UNSENT,),
            )
            return [
                OrphanSubjob(position, Target(*row[:4]), *row[4:])
                for position, *row in rows
                if positions is None or position in positions
            ]

    def forget(self, part: OrphanSubjob) -> None:
        """Its cloud cancels it: the next run sends it anew."""
        with self._database.write_transaction() as tx:
            tx.execute(
                "DELETE FROM subjobs WHERE attempt_id = ? AND number = ? AND remote_id = ?",
                (part.attempt_id, part.number, part.remote_id),
            )
            told = f"Part {part.number + 1}, {part.remote_id}, was asked to cancel."
            add_event(tx, part.position, "part canceled", told)


def parts_of(connection: sqlite3.Connection | Transaction, attempt_id: int) -> dict[int, str]:
    """The parts that an attempt has on the cloud: id by number."""
    rows = connection.execute(
        "SELECT number, remote_id FROM subjobs WHERE attempt_id = ? ORDER BY number", (attempt_id,)
    )
    return dict(rows.fetchall())


def insert_subjobs(tx: Transaction, attempt_id: int, parts: Iterable[tuple[int, str]]) -> None:
    """Note parts as sent by an attempt."""
    for number, remote_id in parts:
        tx.execute(
            "INSERT OR REPLACE INTO subjobs (attempt_id, number, remote_id) VALUES (?, ?, ?)",
            (attempt_id, number, remote_id),
        )


def inherit_subjobs(tx: Transaction, position: int) -> tuple[dict[int, str], int]:
    """What earlier sendings of a job had on the cloud when they ended, for the next one to go on.

    Returns the parts, and how many attempts of the job are gone, for the next one is their
    continuation. One that the user had given back stays in its history.
    """
    rows = tx.execute(
        "SELECT id, state, creates_entry FROM attempts WHERE position = ? AND remote_id IS NULL"
        " AND state IN (?, 'unknown') ORDER BY id",
        (position, UNSENT),
    ).fetchall()
    found: dict[int, str] = {}
    gone = 0
    for attempt_id, state, creates_entry in rows:
        found |= parts_of(tx, attempt_id)
        tx.execute("DELETE FROM subjobs WHERE attempt_id = ?", (attempt_id,))
        if state == UNSENT:
            tx.execute("DELETE FROM attempts WHERE id = ?", (attempt_id,))
            gone += not creates_entry
    return found, gone


def holder_of_any(
    tx: Transaction, attempt_id: int, ids: Mapping[int, str]
) -> tuple[str, int] | None:
    """The first of the ids, by part, that is another's already, and at which position that is.

    Another's on the same account, that is: other clouds may count alike. An attempt has each of its
    own ids once; those of parts that it has are left out.
    """
    own, target = parts_of(tx, attempt_id), target_of(tx, attempt_id)
    for number, remote_id in ids.items():
        if own.get(number) == remote_id:
            continue
        held = position_of(tx, remote_id, target, other_than=(attempt_id, number))
        if held is not None:
            return remote_id, held
    return None


def target_of(tx: Transaction, attempt_id: int) -> Target:
    """Where an attempt's job runs."""
    row = tx.execute(
        "SELECT t.provider, t.origin, t.account, t.platform FROM attempts a"
        " JOIN jobs j ON j.position = a.position JOIN targets t ON t.id = j.target_id"
        " WHERE a.id = ?",
        (attempt_id,),
    ).fetchone()
    return Target(*row)


def position_of(
    connection: sqlite3.Connection | Transaction,
    remote_id: str,
    target: Target,
    *,
    other_than: tuple[int, int] = (0, 0),
) -> int | None:
    """Where the job of an account is that has this remote id, or a part that has it.

    None if there is none. An id is one of an account: of a provider's kind, an origin and a label.

    Args:
        connection: to the group's file.
        remote_id: of the job or of its part.
        target: of the account; on which platform the job is does not matter.
        other_than: an attempt, and one of its parts, that are not looked at.
    """
    row = connection.execute(
        "WITH held (position) AS ("
        " SELECT position FROM attempts WHERE remote_id = ? AND id <> ? UNION ALL"
        " SELECT a.position FROM subjobs p JOIN attempts a ON a.id = p.attempt_id"
        " WHERE p.remote_id = ? AND (p.attempt_id, p.number) <> (?, ?))"
        " SELECT j.position FROM held JOIN jobs j ON j.position = held.position"
        " JOIN targets t ON t.id = j.target_id"
        " WHERE (t.provider, t.origin, t.account) = (?, ?, ?) LIMIT 1",
        (remote_id, other_than[0], remote_id, *other_than, *target[:3]),
    ).fetchone()
    return row[0] if row else None
