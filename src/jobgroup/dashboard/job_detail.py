"""Return the details of one job for the page, except its results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from operator import itemgetter
from typing import Any, Final

from jobgroup.adapters import NoDrawingError, circuit_svg
from jobgroup.dashboard.protocol import Json
from jobgroup.engine.overrides import apply_overrides, overridable_params
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup, engine_session
from jobgroup.job import RemoteJob
from jobgroup.results.cells import noise_of
from jobgroup.status import TERMINAL
from jobgroup.store import AttemptRecord, GroupStore
from jobgroup.store.columns import MAX_CELL
from jobgroup.words import format_duration

MAX_PAYLOAD: Final = 200_000
"""Maximum number of characters of a payload to show."""

ALL_FIXED: Final = (
    "All parameters are part of the experiment, which only Perceval can write. Build the"
    " experiment again and add it."
)


def job_detail(group: JobGroup, job: RemoteJob) -> Json:
    """Return a job's details: parameters, events and attempts."""
    store, record = engine_session(group).store, job._record  # noqa: SLF001
    metadata = job.metadata
    return {
        "position": record.position,
        "attempts": [
            {
                "number": each.number,
                "remote_id": each.remote_id,
                "state": each.state,
                "provider_status": each.provider_status,
                "message": each.message,
                "sent_at": each.sent_at or each.intent_at,
                "started_at": each.started_at,
                "duration_s": each.duration_s,
                "finished_at": each.finished_at,
                "diagnostics": dict(each.diagnostics),
                "overrides": dict(each.overrides),
            }
            for each in job.attempts
        ],
        "events": _events(job, record.added_at),
        "params": job.params,
        "labels": job.labels,
        "metadata": metadata,
        "noise": noise_of(metadata.get("noise")),
        "note": job.note,
        "rerun_of": record.rerun_of,
        "is_lost": record.is_lost,
        **_changeable(store, record.entry_id),
    }


def payload(group: JobGroup, job: RemoteJob) -> Json:
    """Return the body that was or will be sent as text, or the reason why it is unknown."""
    body = engine_session(group).store.body(job._record.entry_id)  # noqa: SLF001
    if not body:
        return {"text": "", "reason": "Only the cloud has the payload of this job."}
    text = json.dumps(body.get("payload", body), indent=2, ensure_ascii=False)
    if len(text) > MAX_PAYLOAD:
        reason = f"The payload has {len(text):,} characters, which is too many to show."
        return {"text": "", "reason": reason}
    return {"text": text, "reason": ""}


def drawing(group: JobGroup, job: RemoteJob) -> Json:
    """Return Perceval's drawing of the circuit as SVG, or the reason why there is none."""
    try:
        body = engine_session(group).store.body(job._record.entry_id)  # noqa: SLF001
        return {"svg": circuit_svg(body or {}), "reason": ""}
    except NoDrawingError as error:
        return {"svg": "", "reason": str(error)}


def _changeable(store: GroupStore, entry_id: int) -> Json:
    """Return the parameters that a rerun can change, or the reason why there are none."""
    try:
        sent = apply_overrides(store.body(entry_id), {}).body["payload"]
    except JobGroupError as error:
        return {"changeable": {}, "fixed": str(error)}
    found = {
        name: value
        for name, value in overridable_params(sent).items()
        if not isinstance(value, str) or len(value) <= MAX_CELL
    }
    return {"changeable": found, "fixed": "" if found else ALL_FIXED}


def _events(job: RemoteJob, added_at: float) -> list[Json]:
    """Return the events of a job, each once, in order."""
    happened = [{"at": added_at, "what": "added", "text": ""}]
    for attempt in job.attempts:
        latest = 0.0
        for event in _events_of(attempt):
            # Clouds have their own clocks, and some report whole seconds.
            latest = max(latest, event["at"])
            happened.append({**event, "at": latest})
    happened += [{"at": each.at, "what": each.kind, "text": each.text} for each in job.events]
    return sorted(happened, key=itemgetter("at"))


def _events_of(attempt: AttemptRecord) -> Iterator[Json]:
    """Yield the events of an attempt in the order in which they can happen."""
    number = [f"attempt {attempt.number}"] if attempt.number > 1 else []
    changes = [f"{name} {_change(pair)}" for name, pair in attempt.overrides.items()]
    yield {
        "at": attempt.sent_at or attempt.intent_at,
        "what": "sending" if attempt.sent_at is None else "sent",
        "text": ", ".join([*number, *changes]),
    }
    if attempt.started_at is not None:
        queued_from = attempt.created_at or attempt.sent_at
        queued_s = None if queued_from is None else max(0.0, attempt.started_at - queued_from)
        text = "" if queued_s is None else f"queued {format_duration(queued_s)}"
        yield {"at": attempt.started_at, "what": "started", "text": text}
    if attempt.finished_at is not None and attempt.state in TERMINAL:
        ran = "" if attempt.duration_s is None else f"ran {format_duration(attempt.duration_s)}"
        text = ": ".join(filter(None, [ran, attempt.message or ""]))
        yield {"at": attempt.finished_at, "what": attempt.state, "text": text}


def _change(pair: Any) -> str:
    return " → ".join(map(str, pair)) if isinstance(pair, list) else str(pair)
