"""Record the states that clouds report, and list the jobs whose states may still change."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, Final

from jobgroup.status import ON_CLOUD, TERMINAL, RemoteStatus
from jobgroup.store.checking import date_of, number_of
from jobgroup.store.database import Database
from jobgroup.store.records import Pollable, Target, ended_at
from jobgroup.store.transitions import add_event, attempt_of, transition


def _in_sql(states: Iterable[str]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))


_TERMINAL = _in_sql(TERMINAL)
_BEGUN_FIRST: Final = ("running", *sorted(ON_CLOUD - {"running", "waiting"}), "waiting")

RECENT: Final = 200
"""Number of latest jobs from which durations are estimated."""

PAGE_SIZE: Final = 2000
"""Number of jobs to read at once, which limits the memory for a large group."""

_END_OF_PAGE: Final = (
    "SELECT max(attempt_id) FROM (SELECT attempt_id FROM jobs"
    " WHERE state = ? AND attempt_id > ? ORDER BY attempt_id LIMIT ?)"
)
_PAGE: Final = "jobs WHERE state = ? AND attempt_id > ? AND attempt_id <= ?"


class StatusUpdates:
    """The states of jobs on a cloud."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pages_of_pollable(self) -> Iterator[list[Pollable]]:
        """Yield the attempts that may still change, by state and in the order of sending.

        Each page is read when it is requested. An attempt that changes between two pages may be
        missing or occur twice. `list_changed` returns such attempts.
        """
        targets: dict[tuple[str, ...], Target] = {}
        for state in _BEGUN_FIRST:
            last = 0
            while True:
                with self._database.read_transaction() as connection:
                    (end,) = connection.execute(_END_OF_PAGE, (state, last, PAGE_SIZE)).fetchone()
                    page = _pollable(connection, _PAGE, (state, last, end), targets)
                if end is None:
                    break
                last = end
                yield [row for row in page if row.remote_ids]

    def list_changed(self, since: int) -> list[Pollable]:
        """Return every job that has changed since a version of the group, in the order of sending.

        Some of them may no longer need to be polled.
        """
        with self._database.read_transaction() as connection:
            return _pollable(connection, "jobs WHERE version > ?", (since,), {})

    def targets(self, states: Iterable[str]) -> list[Target]:
        """Return the accounts and platforms of jobs in these states, each once."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                "SELECT provider, origin, account, platform FROM targets WHERE id IN"  # noqa: S608
                f" (SELECT target_id FROM jobs WHERE state IN ({_in_sql(states)})) ORDER BY id"
            )
            return [Target(*row) for row in rows]

    def apply_updates(self, answers: Iterable[tuple[int, RemoteStatus]]) -> list[int]:
        """Record statuses by attempt id in one transaction, and return the jobs that changed.

        A job that has ended never changes again.
        """
        changed = []
        with self._database.write_transaction() as tx:
            for attempt_id, answer in answers:
                new = {
                    "provider_status": answer.provider_status,
                    "message": answer.message,
                    "progress": 1.0 if answer.state == "success" else answer.progress,
                    "created_at": answer.created_at,
                    "started_at": answer.started_at,
                    "duration_s": answer.duration_s,
                    "shots": answer.shots,
                }
                old = tx.execute(
                    f"SELECT state, {', '.join(new)} FROM attempts WHERE id = ?",  # noqa: S608
                    (attempt_id,),
                ).fetchone()
                if old == (answer.state, *new.values()):
                    continue
                attempt = attempt_of(tx, attempt_id)
                finished_at = ended_at(answer, heard_at=tx.now)
                if transition(tx, attempt, answer.state, **new, finished_at=finished_at):
                    changed.append(attempt.entry_id)
        return changed

    def record_error(self, attempt_id: int, sentence: str) -> None:
        """Record that the cloud could not report a job. Only the job's message changes."""
        with self._database.write_transaction() as tx:
            row = tx.execute(
                f"SELECT message, entry_id FROM attempts"  # noqa: S608
                f" WHERE id = ? AND state NOT IN ({_TERMINAL})",
                (attempt_id,),
            ).fetchone()
            if row is None or row[0] == sentence:
                return
            tx.execute("UPDATE attempts SET message = ? WHERE id = ?", (sentence, attempt_id))
            tx.execute(
                "UPDATE jobs SET version = ? WHERE id = ? AND attempt_id = ?",
                (tx.version, row[1], attempt_id),
            )

    def record_cancel_request(self, attempt_id: int) -> None:
        with self._database.write_transaction() as tx:
            attempt = attempt_of(tx, attempt_id)
            if attempt.state in ON_CLOUD - {"cancel_requested"}:
                transition(tx, attempt, "cancel_requested")
                add_event(tx, attempt.entry_id, "cancel", "Cancellation was requested.")

    def recent_ends(self, since: float, limit: int) -> list[float]:
        """Return the times, in seconds since the epoch, at which recently sent jobs ended."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                f"SELECT {date_of('finished_at')} AS at FROM attempts"  # noqa: S608
                f" WHERE state IN ({_TERMINAL}) AND at >= ? ORDER BY id DESC LIMIT ?",
                (since, limit),
            )
            return sorted(row[0] for row in rows)

    def durations(self) -> list[float]:
        """Return the run times of the last successful jobs, in seconds."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                f"SELECT duration_s FROM attempts WHERE state = 'success'"  # noqa: S608
                f" AND {number_of('duration_s')} IS NOT NULL ORDER BY id DESC LIMIT ?",
                (RECENT,),
            )
            return [row[0] for row in rows]


def _pollable(
    connection: sqlite3.Connection,
    chosen: str,
    values: tuple[Any, ...],
    targets: dict[tuple[str, ...], Target],
) -> list[Pollable]:
    rows = connection.execute(
        "SELECT t.provider, t.origin, t.account, t.platform, coalesce(a.id, 0),"  # noqa: S608
        " j.id, s.remote_id,"
        f" CAST(coalesce({date_of('a.sent_at')}, {date_of('a.intent_at')}, 0) AS REAL),"
        " j.state, a.provider_status IS NOT NULL"
        f" FROM (SELECT * FROM {chosen}) j JOIN targets t ON t.id = j.target_id"
        " LEFT JOIN attempts a ON a.id = j.attempt_id"
        " LEFT JOIN subjobs s ON s.attempt_id = a.id"
        " ORDER BY a.id, s.number",
        values,
    )
    found: list[Pollable] = []
    for *target, attempt_id, entry_id, remote_id, sent_at, state, was_seen in rows:
        if found and attempt_id and attempt_id == found[-1].attempt_id:
            found[-1].remote_ids.append(remote_id)
            continue
        found.append(
            Pollable(
                attempt_id,
                entry_id,
                [remote_id] if remote_id else [],
                targets.setdefault(tuple(target), Target(*target)),
                sent_at,
                bool(remote_id) and state in ON_CLOUD,
                state == "cancel_requested",
                bool(was_seen),
            )
        )
    return found
