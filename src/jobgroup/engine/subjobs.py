"""Handle entries that are several jobs on the cloud: bodies, keys and merged status."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from jobgroup.errors import InvalidResponseError
from jobgroup.status import TERMINAL, RemoteStatus

if TYPE_CHECKING:
    from jobgroup.engine.poll_schedule import PolledJob
    from jobgroup.store import Intent

RANKS: Final = (
    *("success", "waiting", "running", "suspended", "cancel_requested"),
    *("canceled", "error", "unknown"),
)
"""Perceval's order of states. A later state outweighs an earlier one."""


def bodies_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the bodies of an entry's jobs on the cloud, usually one.

    Raises:
        InvalidResponseError: the stored body is damaged.

    >>> bodies_of({"parts": [{"payload": 1}, {"payload": 2}], "job_name": "a"})
    [{'job_name': 'a', 'payload': 1}, {'job_name': 'a', 'payload': 2}]
    >>> bodies_of({"payload": 1})
    [{'payload': 1}]
    """
    parts = body.get("parts", [{}])
    if not parts or not isinstance(parts, list) or not all(isinstance(p, dict) for p in parts):
        raise InvalidResponseError(
            "The job's body is damaged, so it was not sent. Add the job again to run it."
        )
    common = {name: value for name, value in body.items() if name != "parts"}
    return [{**common, **part} for part in parts]


def key_of(intent: Intent, number: int) -> str:
    """Return the idempotency key of a sub-job, which is the same for each attempt to send it."""
    key = intent.idempotency_key
    return key if number == 0 else str(uuid.uuid5(uuid.UUID(key), str(number)))


def merge_answers(
    entry: PolledJob, ids: Sequence[str], answers: Mapping[str, RemoteStatus | Exception]
) -> RemoteStatus | Exception | None:
    """Return the status of an entry with these ids, or an error; store ended sub-jobs' statuses."""
    if len(ids) < 2:
        return answers.get(ids[0]) if ids else None
    entry.ended = ended = entry.ended or {}
    for remote_id in ids:
        answer = answers.get(remote_id)
        if isinstance(answer, RemoteStatus) and answer.state in TERMINAL:
            ended[remote_id] = answer
    return merge_statuses([ended.get(i) or answers.get(i) for i in ids])


def merge_statuses(
    answers: Sequence[RemoteStatus | Exception | None],
) -> RemoteStatus | Exception | None:
    """Return the status of an entry from those of its sub-jobs.

    The statuses are merged as Perceval merges those of an Execution, with one difference: an entry
    ends only when all its sub-jobs have ended. Until then, they cost money and can be canceled.
    """
    parts = [answer for answer in answers if isinstance(answer, RemoteStatus)]
    if len(parts) < len(answers):
        return next((a for a in answers if isinstance(a, Exception)), None)
    heaviest = max(range(len(parts)), key=lambda n: RANKS.index(parts[n].state))
    chosen = parts[heaviest]
    begun = min((p.started_at for p in parts if p.started_at), default=None)
    ended = max((p.started_at + (p.duration_s or 0) for p in parts if p.started_at), default=None)
    has_ended = all(p.state in TERMINAL for p in parts)
    used = [p.shots for p in parts if p.shots is not None]
    return RemoteStatus(
        provider_status=chosen.provider_status,
        state=chosen.state if has_ended else _state_of_open(p.state for p in parts),
        message=chosen.message and f"{heaviest + 1} of {len(parts)}: {chosen.message}",
        progress=sum(_progress(p) for p in parts) / len(parts),
        created_at=min((p.created_at for p in parts if p.created_at), default=None),
        started_at=begun,
        duration_s=ended - begun if has_ended and begun and ended else None,
        shots=sum(used) if used else None,
        name=chosen.name,
    )


def _state_of_open(states: Iterable[str]) -> str:
    found = set(states)
    state = max(found - TERMINAL, key=RANKS.index)
    return "running" if state == "waiting" and len(found) > 1 else state


def _progress(part: RemoteStatus) -> float:
    return 1.0 if part.state == "success" else part.progress or 0.0
