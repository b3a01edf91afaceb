"""Read Quandela Cloud's documents: jobs' statuses and creation, and plans' limits. Pure."""

from __future__ import annotations

from typing import Any

from jobgroup.providers.base import Availability, RemoteStatus, Submission
from jobgroup.providers.documents import parse_json
from jobgroup.providers.values import (
    MAX_JOB_DURATION_S,
    MAX_MESSAGE,
    MAX_PROVIDER_NAME,
    MAX_TIMESTAMP,
    MAX_WORD,
    bound_status,
    get_number,
    get_str,
)
from jobgroup.status import FAILED, TERMINAL, RunningStatus


def remote_status(document: dict[str, Any]) -> RemoteStatus:
    """Return a job's status. Invalid fields are None; an invalid status word is "".

    A field is invalid if it has a wrong type or is out of range.
    """
    word = get_str(document, "status", at_most=MAX_WORD) or ""
    state = RunningStatus.from_server_response(word).value
    return bound_status(
        RemoteStatus(
            provider_status=word,
            state=state,
            message=_message(document, state),
            progress=_progress(document),
            created_at=_epoch(document, "creation_datetime"),
            started_at=_epoch(document, "start_time"),
            duration_s=get_number(document, "duration", at_most=MAX_JOB_DURATION_S),
            shots=_count(document, "shots"),
            name=get_str(document, "name", at_most=MAX_PROVIDER_NAME),
        )
    )


def submission(document: dict[str, Any]) -> Submission:
    """Return a job's creation, as the cloud stored it."""
    payload: Any = document.get("payload")
    if isinstance(payload, str):
        try:
            payload = parse_json(payload.encode("utf-8", "replace"))
        except ValueError:
            payload = None
    body: dict[str, Any] | None = None
    if isinstance(payload, dict) and payload:
        body = {"payload": payload}
        for key in ("platform_name", "pcvl_version", "process_id"):
            if value := get_str(document, key, at_most=MAX_PROVIDER_NAME):
                body[key] = value
    return Submission(
        name=get_str(document, "job_name", at_most=MAX_PROVIDER_NAME),
        platform=get_str(document, "platform_name", at_most=MAX_PROVIDER_NAME),
        body=body,
    )


def availability(document: dict[str, Any]) -> Availability:
    """Return a plan's limits; None for limits that the cloud does not report."""
    queue_max = _count(document, "max_jobs_in_queue")
    queued = _count(document, "num_jobs_in_queue")
    has_both = queue_max is not None and queued is not None
    return Availability(
        queue_free=max(0, queue_max - queued) if has_both else None,  # type: ignore[operator]
        queue_max=queue_max,
        concurrent_max=_count(document, "max_concurrent_jobs"),
    )


def _message(document: dict[str, Any], state: str) -> str | None:
    # Servers of 0.12 report the reason in failure_code, later ones in status_message. "msg" is
    # about the response itself ("ok"), unless there was an error. An old progress_message does not
    # describe an ended job.
    keys = ["status_message", "msg"]
    if state in FAILED:
        keys.insert(1, "failure_code")
    elif state not in TERMINAL:
        keys.insert(0, "progress_message")
    for key in keys:
        said = get_str(document, key, at_most=MAX_MESSAGE)
        if said and not (key == "msg" and said.lower() == "ok"):
            return said
    return None


def _count(document: dict[str, Any], key: str) -> int | None:
    found = get_number(document, key)
    return None if found is None else int(found)


def _progress(document: dict[str, Any]) -> float | None:
    progress = get_number(document, "progress")
    if progress is None:
        return None
    return min(progress / 100 if progress > 1 else progress, 1.0)


def _epoch(document: dict[str, Any], key: str) -> float | None:
    return get_number(document, key, at_most=MAX_TIMESTAMP) or None  # 0 means "not yet", not 1970
