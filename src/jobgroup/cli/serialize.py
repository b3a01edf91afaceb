"""Write the JSON that commands print. Scripts rely on its format; see docs/terminal.md.

Times are ISO 8601 strings in UTC, in whole seconds. Durations are in seconds. null means "unknown".
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from jobgroup.engine.estimate import RunEstimate
from jobgroup.group import JobGroup
from jobgroup.group.events import GroupEvent
from jobgroup.group.perceval_import import ImportReport
from jobgroup.job import RemoteJob
from jobgroup.store import GroupSummary, JobRecord
from jobgroup.store.encoding import json_safe

Json = dict[str, Any]

_RENAMED: Final = {"id": "remote_id", "url": "origin"}
_OF_A_JOB: Final = (
    *("position", "name", "state", "id", "platform", "url", "account", "message", "progress"),
    *("attempts", "rerun_of", "params", "labels", "metadata", "note", "shots"),
    *("added_at", "sent_at", "started_at", "finished_at", "duration_s"),
)
_OF_AN_ATTEMPT: Final = (
    *("number", "kind", "state", "id", "message", "overrides", "shots"),
    *("sent_at", "started_at", "finished_at", "duration_s"),
)


def moment(seconds: float | None) -> str | None:
    """Return a time as an ISO 8601 string, or None if it is out of range.

    >>> moment(0.5)
    '1970-01-01T00:00:00Z'
    """
    try:
        return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%FT%TZ}"
    except (OverflowError, ValueError, OSError):
        return None


def _fields(record: object, names: tuple[str, ...]) -> Json:
    values = {name: getattr(record, _RENAMED.get(name, name)) for name in names}
    return {k: moment(v) if k.endswith("_at") else json_safe(v) for k, v in values.items()}


def summary_document(summary: GroupSummary) -> Json:
    return {
        "name": summary.name,
        "description": summary.description,
        "total": sum(summary.counts.values()),
        "counts": dict(summary.counts),
        **_fields(summary, ("created_at", "modified_at", "size_bytes", "problem")),
    }


def group_document(group: JobGroup) -> Json:
    state, sender = group.state, group.state.sender
    incident = {
        "kind": state.incident,
        "since": moment(state.incident_since),
        "message": state.last_error,
    }
    return {
        "name": group.name,
        "description": group.description,
        "total": sum(state.counts.values()),
        "counts": state.counts,
        "progress": round(state.progress, 6),
        "active": state.active,
        "paused": state.paused,
        "next_up": state.next_up,
        "eta_s": None if state.eta_s is None else list(state.eta_s),
        "stalled_since": moment(state.stalled_since),
        "results_on_cloud_only": state.results_on_cloud_only,
        "sender": sender
        and {"host": sender.host, "pid": sender.pid, "since": moment(sender.since)},
        "incident": incident if state.incident else None,
        "created_at": moment(group.created_at.timestamp()),
        "modified_at": moment(group.modified_at.timestamp()),
    }


def estimate_document(estimate: RunEstimate) -> Json:
    return _fields(estimate, ("jobs", "shots", "free_slots", "duration_s"))


def job_document(record: JobRecord) -> Json:
    return _fields(record, _OF_A_JOB)


def history_document(job: RemoteJob) -> Json:
    """Return a job's attempts and its other events."""
    return {
        "history": [
            _fields(attempt, _OF_AN_ATTEMPT)
            | {"sent_at": moment(attempt.sent_at or attempt.intent_at)}
            for attempt in job.attempts
        ],
        "events": [
            {"at": moment(event.at), "kind": event.kind, "text": event.text} for event in job.events
        ],
    }


def import_document(report: ImportReport) -> Json:
    """Return a report on an import or a dry run: imported groups and skipped files."""
    return {
        "source": str(report.source.absolute()),
        "dry_run": report.dry_run,
        "imported": [
            {
                "name": group.name,
                "path": str(group.path.absolute()),
                "total": len(group),
                "counts": group.counts,
                "created_at": moment(group.created_date.timestamp()),
                "note": group.note,
            }
            for group in report.imported
        ],
        "skipped": [asdict(each) | {"path": str(each.path.absolute())} for each in report.skipped],
    }


def event_document(event: GroupEvent) -> Json:
    job = event.job
    return {
        "event": event.kind,
        "message": event.message,
        "job": None if job is None else {"position": job.position, "id": job.id},
        "counts": dict(event.counts),
    }
