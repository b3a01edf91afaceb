"""What Quandela Cloud's documents mean: a job's status, a plan's limits. Pure."""

from __future__ import annotations

from typing import Any

from jobgroup.logs import logger
from jobgroup.providers.base import Availability, RemoteStatus, Submission
from jobgroup.providers.documents import parse_json
from jobgroup.providers.values import (
    MAX_DURATION_S,
    MAX_MESSAGE,
    MAX_NAME,
    MAX_TIMESTAMP,
    MAX_WORD,
    bound_status,
    get_number,
    get_str,
)
from jobgroup.status import FAILED, TERMINAL, RunningStatus

_log = logger(__name__)


def remote_status(document: dict[str, Any]) -> RemoteStatus:
    """A job's status as the cloud tells it. Fields that are no such, or out of range, are None."""
    word = get_str(document, "status", at_most=MAX_WORD) or ""
    if not word:
        _log.warning("A status answer names no status; the job counts as unknown.")
    state = RunningStatus.from_server_response(word).value
    shots = get_number(document, "shots")
    return bound_status(
        RemoteStatus(
            provider_status=word,
            state=state,
            message=_message(document, state),
            progress=_progress(document),
            created_at=_epoch(document, "creation_datetime"),
            started_at=_epoch(document, "start_time"),
            duration_s=get_number(document, "duration", at_most=MAX_DURATION_S),
            shots=None if shots is None else int(shots),
            name=get_str(document, "name", at_most=MAX_NAME),
        )
    )


def submission(document: dict[str, Any]) -> Submission:
    """What was sent, as the cloud has kept it."""
    payload: Any = document.get("payload")
    if isinstance(payload, str):
        try:
            payload = parse_json(payload.encode("utf-8", "replace"))
        except ValueError:
            payload = None
    body: dict[str, Any] | None = None
    if isinstance(payload, dict) and payload:
        told = ("platform_name", "pcvl_version", "process_id")
        texts = {key: get_str(document, key, at_most=MAX_NAME) for key in told}
        body = {key: value for key, value in texts.items() if value}
        body["payload"] = payload
    return Submission(
        name=get_str(document, "job_name", at_most=MAX_NAME),
        platform=get_str(document, "platform_name", at_most=MAX_NAME),
        body=body,
    )


def availability(document: dict[str, Any]) -> Availability:
    """A plan's limits; what the cloud does not say is None."""
    queue_max = get_number(document, "max_jobs_in_queue")
    queued = get_number(document, "num_jobs_in_queue")
    concurrent_max = get_number(document, "max_concurrent_jobs")
    queue_free = None
    if queue_max is not None and queued is not None:
        queue_free = max(0, int(queue_max - queued))
    return Availability(
        queue_free=queue_free,
        queue_max=None if queue_max is None else int(queue_max),
        concurrent_max=None if concurrent_max is None else int(concurrent_max),
    )


def _message(document: dict[str, Any], state: str) -> str | None:
    # 0.12's servers told the reason in failure_code, later ones in status_message; "msg" is about
    # the answer itself ("ok") unless something went wrong.
    # What an ended job was doing last says nothing of it any more.
    of_a_failure = ("status_message", "failure_code", "msg")
    of_a_success = ("status_message", "msg")
    of_a_job = ("progress_message", "status_message", "msg")
    keys = of_a_failure if state in FAILED else of_a_success if state in TERMINAL else of_a_job
    for key in keys:
        said = get_str(document, key, at_most=MAX_MESSAGE)
        if said and not (key == "msg" and said.lower() == "ok"):
            return said
    return None


def _progress(document: dict[str, Any]) -> float | None:
    progress = get_number(document, "progress")
    if progress is None:
        return None
    return min(progress / 100 if progress > 1 else progress, 1.0)


def _epoch(document: dict[str, Any], key: str) -> float | None:
    return get_number(document, key, at_most=MAX_TIMESTAMP) or None  # a 0 is "not yet", not 1970
