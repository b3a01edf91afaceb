"""Change the states of attempts and jobs; no other statements change a state in the file."""

from __future__ import annotations

from typing import Any, NamedTuple

from jobgroup.status import REFUSED, SENDING, UNSENT, may_become
from jobgroup.store.priorities import clear_priority
from jobgroup.store.transaction import Transaction


class Attempt(NamedTuple):
    """The values that determine which transitions of an attempt are valid."""

    id: int
    entry_id: int
    state: str
    creates_entry: bool
    payload_id: int | None
    overrides: str
    intent_at: float

    @property
    def is_gone(self) -> bool:
        """Whether the attempt is missing from the file."""
        return self.entry_id < 0


def attempt_of(tx: Transaction, attempt_id: int) -> Attempt:
    """Return an attempt. A missing one has a special state, which allows no transition."""
    row = tx.execute(
        "SELECT id, entry_id, state, creates_entry, payload_id, overrides, intent_at"
        " FROM attempts WHERE id = ?",
        (attempt_id,),
    ).fetchone()
    return Attempt(*row) if row else Attempt(attempt_id, -1, "gone", False, None, "", 0.0)


def transition(tx: Transaction, attempt: Attempt, to: str, **columns: Any) -> bool:
    """Change the state of an attempt, and of its job if the attempt is the latest.

    If the transition is not valid, return False and change nothing.
    """
    if not may_become(attempt.state, to):
        return False
    assignments = ", ".join(f"{name} = ?" for name in ("state", *columns))
    tx.execute(
        f"UPDATE attempts SET {assignments} WHERE id = ?",  # noqa: S608
        (to, *columns.values(), attempt.id),
    )
    tx.execute(
        "UPDATE jobs SET state = ?, version = ? WHERE id = ? AND attempt_id = ?",
        (to, tx.version, attempt.entry_id, attempt.id),
    )
    return True


def accept(tx: Transaction, attempt: Attempt, *, sent_at: float) -> None:
    """Record that the cloud has an attempt's job."""
    transition(tx, attempt, "waiting", sent_at=sent_at, message=None)
    clear_priority(tx, attempt.entry_id)
    forget_refusal(tx, attempt)


def forget_refusal(tx: Transaction, attempt: Attempt) -> None:
    """Record that the cloud no longer refuses an attempt's job, of which it has at least a part."""
    tx.execute(
        "UPDATE jobs SET last_error = '' WHERE id = ? AND attempt_id = ?",
        (attempt.entry_id, attempt.id),
    )


def set_latest(
    tx: Transaction,
    entry_id: int,
    attempt_id: int | None,
    *,
    otherwise: str = UNSENT,
    added: int = 0,
    last_error: str = "",
) -> None:
    """Make an attempt a job's latest, and give the job its state, or `otherwise` without one."""
    tx.execute(
        "UPDATE jobs SET state = coalesce((SELECT state FROM attempts WHERE id = ?), ?),"
        " attempt_id = ?, attempts = attempts + ?, last_error = ?, version = ? WHERE id = ?",
        (attempt_id, otherwise, attempt_id, added, last_error, tx.version, entry_id),
    )


def refusal_kept(tx: Transaction, entry_id: int) -> str:
    """Return the reason why the cloud refused a job before it was sent again; "" for no reason."""
    (reason,) = tx.execute("SELECT last_error FROM jobs WHERE id = ?", (entry_id,)).fetchone()
    return str(reason)


def reopen(tx: Transaction, entry_id: int) -> None:
    """Make a refused job unsent, because its request has changed."""
    tx.execute(
        "UPDATE jobs SET state = CASE state WHEN ? THEN ? ELSE state END, last_error = ''"
        " WHERE id = ? AND state IN (?, ?, ?)",
        (REFUSED, UNSENT, entry_id, REFUSED, UNSENT, SENDING),
    )


def add_event(tx: Transaction, entry_id: int | None, kind: str, text: str) -> None:
    tx.execute(
        "INSERT INTO events (at, entry_id, kind, text) VALUES (?, ?, ?, ?)",
        (tx.now, entry_id, kind, text),
    )
