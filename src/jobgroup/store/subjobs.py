"""Record sub-jobs: the jobs on the cloud that belong to one attempt, usually one.

Each id is on disk before the next request is sent. If sending ends between two sub-jobs, the next
attempt of the same job keeps the sub-jobs that were sent and sends the others.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from jobgroup.status import UNSENT
from jobgroup.store.checking import text_of
from jobgroup.store.database import Database
from jobgroup.store.records import Target
from jobgroup.store.transaction import Transaction
from jobgroup.store.transitions import add_event

_TEXT: Final = text_of("remote_id")

REMOTE_IDS: Final = (
    f"(SELECT group_concat({_TEXT}, ' + ') FROM subjobs WHERE subjobs.attempt_id = a.id)"  # noqa: S608
)
"""SQL for the ids of the sub-jobs of the attempt `a`, as users see them."""

REMOTE_ID: Final = (
    f"CASE WHEN j.composition_id IS NULL THEN (SELECT {_TEXT} FROM subjobs"  # noqa: S608
    f" WHERE subjobs.attempt_id = a.id AND number = 0) ELSE {REMOTE_IDS} END"
)
"""SQL for the ids of the sub-jobs of a job `j`. It is faster if the job has only one sub-job."""


class OrphanSubjob(NamedTuple):
    """A sub-job on the cloud whose entry was not sent in full."""

    entry_id: int
    position: int
    target: Target
    attempt_id: int
    number: int
    remote_id: str


class Subjobs:
    """The ids of sub-jobs, by attempt and number, counted from 0."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ids(self, attempt_ids: Iterable[int]) -> dict[int, list[str]]:
        """Return the ids of the sub-jobs of attempts, in order."""
        found: dict[int, list[str]] = {}
        with self._database.read_transaction() as connection:
            for attempt_id, remote_id in connection.execute(
                "SELECT attempt_id, remote_id FROM subjobs"
                " WHERE attempt_id IN (SELECT value FROM json_each(?))"
                " ORDER BY attempt_id, number",
                (json.dumps(list(attempt_ids)),),
            ):
                found.setdefault(attempt_id, []).append(remote_id)
        return found

    def keep(self, attempt_id: int, ids: Mapping[int, str]) -> None:
        """Record sub-jobs of an earlier attempt, which did not fail, as those of this attempt."""
        with self._database.write_transaction() as tx:
            insert_subjobs(tx, attempt_id, ids)

    def orphans(self, entry_ids: Collection[int] | None = None) -> list[OrphanSubjob]:
        """Return the sub-jobs of partly sent entries: the given entries, or all (None)."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                "SELECT j.id, j.position, t.provider, t.origin, t.account, t.platform, a.id,"
                " s.number, s.remote_id FROM subjobs s JOIN attempts a ON a.id = s.attempt_id"
                " JOIN jobs j ON j.id = a.entry_id JOIN targets t ON t.id = j.target_id"
                " WHERE a.state = ? ORDER BY j.id, s.number",
                (UNSENT,),
            )
            return [
                OrphanSubjob(entry_id, position, Target(*row[:4]), *row[4:])
                for entry_id, position, *row in rows
                if entry_ids is None or entry_id in entry_ids
            ]

    def forget(self, subjob: OrphanSubjob) -> None:
        """Remove a sub-job that its cloud has canceled, so the next run sends it again."""
        with self._database.write_transaction() as tx:
            tx.execute(
                "DELETE FROM subjobs WHERE attempt_id = ? AND number = ? AND remote_id = ?",
                (subjob.attempt_id, subjob.number, subjob.remote_id),
            )
            text = f"Cancellation of part {subjob.number + 1}, {subjob.remote_id}, was requested."
            add_event(tx, subjob.entry_id, "part canceled", text)


def subjobs_of(connection: sqlite3.Connection | Transaction, attempt_id: int) -> dict[int, str]:
    rows = connection.execute(
        "SELECT number, remote_id FROM subjobs WHERE attempt_id = ? ORDER BY number", (attempt_id,)
    )
    return dict(rows.fetchall())


def insert_subjobs(tx: Transaction, attempt_id: int, ids: Mapping[int, str]) -> None:
    """Record the sub-jobs that an attempt has sent, and keep existing records."""
    for number, remote_id in ids.items():
        tx.execute(
            "INSERT OR IGNORE INTO subjobs (attempt_id, number, remote_id) VALUES (?, ?, ?)",
            (attempt_id, number, remote_id),
        )


def inherit_subjobs(tx: Transaction, entry_id: int) -> tuple[dict[int, str], int]:
    """Return the sub-jobs that earlier attempts left on the cloud.

    The second value is the number of attempts that the next attempt continues and replaces. An
    attempt that the user resent stays in the job's history.
    """
    rows = tx.execute(
        "SELECT id, state, creates_entry FROM attempts WHERE entry_id = ? AND sent_at IS NULL"
        " AND kind <> 'adopted' AND state IN (?, 'unknown') ORDER BY id",
        (entry_id, UNSENT),
    ).fetchall()
    found: dict[int, str] = {}
    gone = 0
    for attempt_id, state, creates_entry in rows:
        found |= subjobs_of(tx, attempt_id)
        tx.execute("DELETE FROM subjobs WHERE attempt_id = ?", (attempt_id,))
        if state == UNSENT:
            tx.execute("DELETE FROM attempts WHERE id = ?", (attempt_id,))
            gone += not creates_entry
    return found, gone


def holder_of_any(
    tx: Transaction, attempt_id: int, ids: Mapping[int, str]
) -> tuple[str, int] | None:
    """Return the first of the ids that another job already has, and that job.

    Only jobs of the same account count, because other clouds may use the same ids.
    """
    own, target = subjobs_of(tx, attempt_id), target_of(tx, attempt_id)
    for number, remote_id in ids.items():
        if own.get(number) == remote_id:
            continue
        held = holder_of(tx, remote_id, target, other_than=(attempt_id, number))
        if held is not None:
            return remote_id, held
    return None


def target_of(tx: Transaction, attempt_id: int) -> Target:
    row = tx.execute(
        "SELECT t.provider, t.origin, t.account, t.platform FROM attempts a"
        " JOIN jobs j ON j.id = a.entry_id JOIN targets t ON t.id = j.target_id"
        " WHERE a.id = ?",
        (attempt_id,),
    ).fetchone()
    return Target(*row)


def holder_of(
    connection: sqlite3.Connection | Transaction,
    remote_id: str,
    target: Target,
    *,
    other_than: tuple[int, int] = (0, 0),
) -> int | None:
    """Return the account's entry that has this id on the cloud; None if there is none.

    An id is unique within an account, which is a provider, an origin and a label.

    Args:
        connection: connection to the group's file.
        remote_id: id of a sub-job.
        target: target with the account; its platform is ignored.
        other_than: attempt and sub-job number to leave out.
    """
    row = connection.execute(
        "SELECT j.id FROM subjobs s JOIN attempts a ON a.id = s.attempt_id"
        " JOIN jobs j ON j.id = a.entry_id JOIN targets t ON t.id = j.target_id"
        " WHERE s.remote_id = ? AND (s.attempt_id, s.number) <> (?, ?)"
        " AND (t.provider, t.origin, t.account) = (?, ?, ?) LIMIT 1",
        (remote_id, *other_than, *target.account_key),
    ).fetchone()
    return row[0] if row else None
