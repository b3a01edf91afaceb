"""Settle unconfirmed jobs, which the cloud may or may not have accepted."""

from __future__ import annotations

from jobgroup.errors import DuplicateJobError
from jobgroup.status import REMOTE_MISSING, UNCONFIRMED
from jobgroup.store.checking import date_of, text_of
from jobgroup.store.database import Database
from jobgroup.store.entries import position_in
from jobgroup.store.records import Intent, Target
from jobgroup.store.subjobs import holder_of, insert_subjobs, subjobs_of, target_of
from jobgroup.store.transaction import Transaction
from jobgroup.store.transitions import (
    Attempt,
    accept,
    add_event,
    attempt_of,
    set_latest,
    transition,
)


class Unconfirmed:
    """The unconfirmed jobs of a group."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def intents(self) -> list[Intent]:
        """Return the intents of attempts with an unknown outcome."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                f"SELECT a.id, j.id, j.position, a.idempotency_key, {text_of('j.name')},"  # noqa: S608
                " t.provider, t.origin, t.account, t.platform, a.rerun_of_attempt_id,"
                f" {date_of('a.intent_at')}"
                " FROM jobs j JOIN attempts a ON a.id = j.attempt_id"
                " JOIN targets t ON t.id = j.target_id WHERE j.state = 'unconfirmed'"
                " ORDER BY j.id"
            ).fetchall()
            return [
                Intent(
                    attempt_id=row[0],
                    entry_id=row[1],
                    position=row[2],
                    idempotency_key=row[3],
                    name=row[4],
                    target=Target(*row[5:9]),
                    previous=subjobs_of(connection, row[9]),
                    sent=subjobs_of(connection, row[0]),
                    intent_at=row[10],
                )
                for row in rows
            ]

    def confirm(self, entry_id: int, remote_id: str, subjobs: int = 1) -> bool:
        """Adopt a remote id for an unconfirmed job; return False if it is not unconfirmed.

        The job's first sub-job without an id gets this id. If other sub-jobs have no id, the job
        becomes unsent, and the next run sends them.

        Raises:
            DuplicateJobError: another job of the account has that id; nothing was changed.
        """
        with self._database.write_transaction() as tx:
            row = tx.execute(
                "SELECT attempt_id FROM jobs WHERE id = ? AND state = 'unconfirmed'",
                (entry_id,),
            ).fetchone()
            if row is None:
                return False
            attempt = attempt_of(tx, row[0])
            holder = holder_of(tx, remote_id, target_of(tx, attempt.id))
            if holder is not None:
                raise DuplicateJobError(
                    f"{remote_id} is already job {position_in(tx, holder)} of this group. Nothing"
                    " was changed."
                )
            sent = subjobs_of(tx, attempt.id)
            missing = [number for number in range(subjobs) if number not in sent]
            insert_subjobs(tx, attempt.id, dict.fromkeys(missing[:1], remote_id))
            if missing[1:]:
                text = f"The user confirmed that {remote_id} on the cloud is a part of this job."
                _requeue(tx, attempt, "confirmed", text)
                return True
            accept(tx, attempt, sent_at=attempt.intent_at)
            add_event(
                tx,
                entry_id,
                "confirmed",
                f"The user confirmed that {remote_id} on the cloud is this job.",
            )
            return True

    def requeue(self, entry_id: int) -> bool:
        """Make an unconfirmed or lost job unsent; return False if it is neither.

        The attempt stays in the job's history as ``unknown``.
        """
        with self._database.write_transaction() as tx:
            row = tx.execute(
                "SELECT a.id FROM jobs j JOIN attempts a ON a.id = j.attempt_id"
                " WHERE j.id = ? AND (j.state = ? OR"
                " (j.state = 'unknown' AND a.provider_status = ?))",
                (entry_id, UNCONFIRMED, REMOTE_MISSING),
            ).fetchone()
            if row is None:
                return False
            text = "The user resent it."
            _requeue(tx, attempt_of(tx, row[0]), "resend", text)
            return True


def _requeue(tx: Transaction, attempt: Attempt, kind: str, text: str) -> None:
    """Close an attempt with an unknown outcome, which lets its job be sent again."""
    transition(tx, attempt, "unknown")
    set_latest(tx, attempt.entry_id, None)
    add_event(tx, attempt.entry_id, kind, text)
