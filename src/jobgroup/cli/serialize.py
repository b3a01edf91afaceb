"""The JSON that the command writes: shapes that scripts rely on, described in docs/terminal.md.

Times are ISO 8601 in UTC with whole seconds, durations seconds; null is "not known".
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from jobgroup.group import JobGroup
from jobgroup.group.events import GroupEvent
from jobgroup.group.perceval_import import ImportReport
from jobgroup.job import RemoteJob
from jobgroup.store import GroupSummary, JobRecord
from jobgroup.store.encoding import json_safe

Json = dict[str, Any]


def moment(seconds: float | None) -> str | None:
    """A time; None for what no calendar has.

    >>> moment(0.5)
    '1970-01-01T00:00:00Z'
    """
    try:
        return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%FT%TZ}"
    except (OverflowError, ValueError, OSError):
        return None


def group_line(summary: GroupSummary) -> Json:
    return {
        "name": summary.name,
        "description": summary.description,
        "total": sum(summary.counts.values()),
        "counts": dict(summary.counts),
        "created_at": moment(summary.created_at),
        "modified_at": moment(summary.modified_at),
        "size_bytes": summary.size_bytes,
        "problem": summary.problem,
    }


def group_state(group: JobGroup) -> Json:
    state = group.state
    trouble = {
        "kind": state.trouble,
        "since": moment(state.trouble_since),
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
        "stalled_since": state.stalled_since,
        "sender": None
        if (sender := state.sender) is None
        else {"host": sender.host, "pid": sender.pid, "since": sender.since},
        "trouble": trouble if state.trouble else None,
        "created_at": moment(group.created_date.timestamp()),
        "modified_at": moment(group.modified_date.timestamp()),
    }


def job_line(record: JobRecord) -> Json:
    return {
        "position": record.position,
        "name": record.name,
        "state": record.state,
        "id": record.remote_id,
        "platform": record.platform,
        "url": record.origin,
        "account": record.account,
        "message": record.message,
        "progress": json_safe(record.progress),
        "attempts": record.attempts,
        "rerun_of": record.rerun_of,
        "params": json_safe(record.params),
        "labels": json_safe(record.labels),
        "metadata": json_safe(record.metadata),
        "note": record.note,
        "shots": record.shots,
        "added_at": moment(record.added_at),
        "sent_at": moment(record.sent_at),
        "started_at": moment(record.started_at),
        "finished_at": moment(record.finished_at),
        "duration_s": json_safe(record.duration_s),
    }


def job_history(job: RemoteJob) -> Json:
    """Every sending of a job, and what else happened to it."""
    return {
        "history": [
            {
                "number": attempt.number,
                "kind": attempt.kind,
                "state": attempt.state,
                "id": attempt.remote_id,
                "message": attempt.message,
                "overrides": json_safe(attempt.overrides),
                "shots": attempt.shots,
                "sent_at": moment(attempt.sent_at or attempt.intent_at),
                "started_at": moment(attempt.started_at),
                "finished_at": moment(attempt.finished_at),
                "duration_s": json_safe(attempt.duration_s),
            }
            for attempt in job.attempts
        ],
        "events": [
            {"at": moment(event.at), "kind": event.kind, "text": event.text} for event in job.events
        ],
    }


def import_report(report: ImportReport) -> Json:
    """What was imported, or would be, and what was not."""
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
        "skipped": [
            {
                "path": str(each.path.absolute()),
                "reason": each.reason,
                "already_exists": each.already_exists,
            }
            for each in report.skipped
        ],
    }


def notice_line(notice: GroupEvent) -> Json:
    """An event, with the job that it is about."""
    job = notice.job
    return {
        "event": notice.kind,
        "message": notice.message,
        "job": None if job is None else {"position": job.position, "id": job.id},
        "counts": dict(notice.counts),
    }
