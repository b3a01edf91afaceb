"""Append jobs to a group, all or none, and store equal bodies once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from jobgroup.errors import DuplicateJobError
from jobgroup.status import RemoteStatus
from jobgroup.store.encoding import as_json, compress, content_digest, encode_body
from jobgroup.store.entries import length, next_id, position_in
from jobgroup.store.limits import (
    MAX_DURATION_S,
    bound_date,
    bound_number,
    check_name,
    check_text,
)
from jobgroup.store.records import NewJob, Target, ended_at
from jobgroup.store.shots import shots_limit
from jobgroup.store.subjobs import holder_of, insert_subjobs
from jobgroup.store.transaction import Transaction

_EFFECT: Final = "Nothing was added."


def append_jobs(tx: Transaction, jobs: Iterable[NewJob]) -> list[int]:
    """Append jobs and return their ids; see `GroupStore.add`."""
    first, position = next_id(tx), length(tx)
    entry_ids = []
    for offset, job in enumerate(jobs):
        insert_job(tx, first + offset, position + offset, job)
        entry_ids.append(first + offset)
    return entry_ids


def insert_job(
    tx: Transaction, entry_id: int, position: int, job: NewJob, sweep_id: int | None = None
) -> None:
    """Append a job under the next entry id, with the attempt in which it was already sent."""
    attempt_id = _adopt(tx, entry_id, job) if job.remote_ids else None
    tx.execute(
        "INSERT INTO jobs (name, target_id, payload_id, params, labels, composition_id,"
        " id, position, state, attempt_id, attempts, added_at, version, sweep_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *job_columns(tx, job),
            entry_id,
            position,
            job.first_state,
            attempt_id,
            0 if attempt_id is None else 1,
            tx.now if job.added_at is None else job.added_at,
            tx.version,
            sweep_id,
        ),
    )


def job_columns(tx: Transaction, job: NewJob) -> tuple[object, ...]:
    """Return a job's stored name, target, payload, params, labels and composition."""
    return (
        check_name("name", job.name, effect=_EFFECT),
        _target_id(tx, job.target),
        None if job.body is None else payload_id(tx, job.body, job.metadata),
        _storable("parameters", as_json(job.params)),
        _storable("labels", as_json(job.labels)),
        None if job.composition is None else payload_id(tx, job.composition, {}),
    )


def check_job(job: NewJob) -> None:
    """Check that a job can be added; raise ValueError with the reason if it cannot."""
    for body in (job.body, job.composition):
        encode_body(body or {})
    check_name("name", job.name, effect=_EFFECT)
    for what, values in (
        ("parameters", job.params),
        ("labels", job.labels),
        ("metadata", job.metadata),
    ):
        _storable(what, as_json(values))
    for text in (*job.target, *job.remote_ids, job.message or ""):
        check_text("id, message or platform", text, effect=_EFFECT)


def payload_id(tx: Transaction, body: Mapping[str, Any], metadata: Mapping[str, Any]) -> int:
    """Store a body and return its id; raise ValueError if it is not JSON or is too large."""
    text = encode_body(body)
    key = content_digest(text)
    held = tx.execute("SELECT id FROM payloads WHERE digest = ?", (key,)).fetchone()
    if held:
        held_id: int = held[0]
        return held_id
    data = compress(text)
    tx.large_bytes += len(data)
    return tx.insert(
        "INSERT INTO payloads (digest, metadata, body) VALUES (?, ?, ?)",
        (key, _storable("metadata", as_json(metadata)), data),
    )


def _target_id(tx: Transaction, target: Target) -> int:
    """Return the id of a target; store the target if it is new."""
    if (known := tx.target_ids.get(target)) is not None:
        return known
    values = (
        check_name("provider", target.provider, effect=_EFFECT),
        check_name("url", target.origin, effect=_EFFECT),
        check_name("account", target.account, effect=_EFFECT),
        check_name("platform", target.platform, effect=_EFFECT),
    )
    tx.execute(
        "INSERT OR IGNORE INTO targets (provider, origin, account, platform) VALUES (?, ?, ?, ?)",
        values,
    )
    target_id: int = tx.execute(
        "SELECT id FROM targets WHERE (provider, origin, account, platform) = (?, ?, ?, ?)", values
    ).fetchone()[0]
    tx.target_ids[target] = target_id
    return target_id


def _storable(what: str, text: str) -> str:
    return check_text(what, text, effect=_EFFECT)


def _bounded(status: RemoteStatus) -> RemoteStatus:
    """Return a client library's status without impossible values."""
    return replace(
        status,
        message=status.message if isinstance(status.message, str) else None,
        progress=bound_number(status.progress, 1.0),
        created_at=bound_date(status.created_at),
        started_at=bound_date(status.started_at),
        duration_s=bound_number(status.duration_s, MAX_DURATION_S),
    )


def _adopt(tx: Transaction, entry_id: int, job: NewJob) -> int:
    """Record the attempt of a job that was sent outside the group."""
    for each in job.remote_ids:
        holder = holder_of(tx, each, job.target)
        if holder is not None:
            raise DuplicateJobError(
                f"Job {each} is already in the group, at position {position_in(tx, holder)}."
                " Nothing was added."
            )
    status = job.status and _bounded(job.status)
    sent_at = status.created_at if status else None
    if sent_at is None and job.added_at is None:
        sent_at = tx.now
    attempt_id = tx.insert(
        "INSERT INTO attempts (entry_id, number, kind, idempotency_key, state, message,"
        " intent_at, sent_at, max_shots) VALUES (?, 1, 'adopted', ?, ?, ?, ?, ?, ?)",
        (
            entry_id,
            uuid.uuid4().hex,
            job.first_state,
            check_text("message", (status.message if status else job.message) or "", effect=_EFFECT)
            or None,
            sent_at or job.added_at or tx.now,
            sent_at,
            shots_limit(job.params, len(job.remote_ids)),
        ),
    )
    insert_subjobs(tx, attempt_id, dict(enumerate(job.remote_ids)))
    if status is not None:
        tx.execute(
            "UPDATE attempts SET provider_status = ?, progress = ?, created_at = ?, started_at = ?,"
            " duration_s = ?, finished_at = ?, shots = ? WHERE id = ?",
            (
                status.provider_status or None,
                1.0 if status.state == "success" else status.progress,
                status.created_at,
                status.started_at,
                status.duration_s,
                bound_date(ended_at(status)),
                status.shots,
                attempt_id,
            ),
        )
    return attempt_id
