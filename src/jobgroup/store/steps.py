"""The small steps that the journal's transactions are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jobgroup.store.database import Transaction
from jobgroup.store.encoding import as_json, as_object


def attempt_of(tx: Transaction, attempt_id: int) -> dict[str, Any]:
    """What is decided by of an attempt; one that is gone has a state of its own."""
    row = tx.execute(
        "SELECT json_object('id', id, 'position', position, 'state', state,"
        " 'creates_entry', creates_entry, 'remote_id', remote_id, 'payload_id', payload_id,"
        " 'overrides', overrides)"
        " FROM attempts WHERE id = ?",
        (attempt_id,),
    ).fetchone()
    if row is None:
        gone = {"id": attempt_id, "position": -1, "state": "gone", "creates_entry": 0}
        return gone | {"remote_id": None, "payload_id": None, "overrides": ""}
    attempt: dict[str, Any] = json.loads(row[0])
    return attempt


def revise(tx: Transaction, position: int, attempt: Mapping[str, Any]) -> None:
    """Let the body and the parameters of a rerun with changes be its job's."""
    if attempt["payload_id"] is None:
        return
    (params,) = tx.execute("SELECT params FROM jobs WHERE position = ?", (position,)).fetchone()
    new = {name: change[-1] for name, change in as_object(attempt["overrides"]).items()}
    tx.execute(
        "UPDATE jobs SET payload_id = ?, params = ?, version = ? WHERE position = ?",
        (attempt["payload_id"], as_json(as_object(params) | new), tx.version, position),
    )


def requeue_attempt(tx: Transaction, position: int, attempt_id: int, kind: str, told: str) -> None:
    """Close an attempt of whose fate nothing is known, and make its job ready to be sent again."""
    tx.execute("UPDATE attempts SET state = 'unknown' WHERE id = ?", (attempt_id,))
    tx.execute(
        "UPDATE jobs SET state = 'unsent', attempt_id = NULL, version = ? WHERE position = ?",
        (tx.version, position),
    )
    add_event(tx, position, kind, told)


def requeued_rerun_id(tx: Transaction, position: int, *, has_parts: bool) -> str | None:
    """What a rerun was of whose fate was unclear and which the user wants sent again.

    Of a job of several parts that its cloud has lost, that job: the parts that it has are kept.
    """
    row = tx.execute(
        "SELECT CASE WHEN ? AND remote_id IS NOT NULL THEN remote_id ELSE rerun_of_remote_id END"
        " FROM attempts WHERE position = ? AND creates_entry = 0 ORDER BY id DESC LIMIT 1",
        (has_parts, position),
    ).fetchone()
    return row[0] if row else None


def unconfirmed_attempt(tx: Transaction, position: int) -> int | None:
    """The attempt of an unconfirmed job; None if it is not unconfirmed."""
    row = tx.execute(
        "SELECT attempt_id FROM jobs WHERE position = ? AND state = 'unconfirmed'", (position,)
    ).fetchone()
    return row[0] if row else None


def add_event(tx: Transaction, position: int | None, kind: str, text: str) -> None:
    """Note what happened to a job, or to the group."""
    tx.execute(
        "INSERT INTO events (at, position, kind, text) VALUES (?, ?, ?, ?)",
        (tx.now, position, kind, text),
    )
