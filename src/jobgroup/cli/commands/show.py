"""``jobgroup show``, for a group and its jobs, or for the full history of some jobs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from jobgroup.cli.arguments import JSON, NAME, argument, flag, jobs, resolve_jobs
from jobgroup.cli.command import Command
from jobgroup.cli.console import echo, echo_err, echo_json, echo_table
from jobgroup.cli.exit_codes import Exit, UsageError
from jobgroup.cli.progress import Observer, Snapshot, local, span, states
from jobgroup.cli.serialize import Json, group_document, history_document, job_document
from jobgroup.errors import CredentialsError
from jobgroup.group import JobGroup
from jobgroup.results.cells import Cell
from jobgroup.results.shown_values import shown_value
from jobgroup.status import STATES
from jobgroup.store import JobRecord


def _show(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    if not arguments.offline:
        try:
            group.refresh()
        except CredentialsError as error:
            echo_err(f"{error} The state below is the last known one.")
    records = group.snapshot()
    if arguments.jobs:
        positions = resolve_jobs(group, arguments.jobs)
        documents = [job_document(records[p]) | history_document(group[p]) for p in positions]
        if arguments.json:
            echo_json(documents)
        else:
            echo("\n\n".join(map(_described, documents)))
        return Exit.DONE
    if arguments.find is not None:
        try:
            found = {job.position for job in group.find(arguments.find)}
        except ValueError as error:
            raise UsageError(str(error)) from None
        records = [record for record in records if record.position in found]
    if arguments.state:
        records = [record for record in records if record.state in arguments.state]
    if arguments.json:
        echo_json({**group_document(group), "jobs": [*map(job_document, records)]})
    else:
        echo(_head(Observer(group).look()))
        if records:
            echo("")
            echo_table(_columns(records), full=arguments.all)
    return Exit.DONE


def _head(now: Snapshot) -> str:
    lines = [
        now.name,
        now.description,
        f"{now.ended} of {now.total} jobs have ended: {states(now.counts)}"
        if now.total
        else "empty",
        f"about {span(*now.eta_s)} left" if now.eta_s else "",
        "paused: nothing more is sent" if now.is_paused else "",
        f"sent next: {', '.join(map(str, now.next_up))}" if now.next_up else "",
        now.incident,
    ]
    return "\n".join(filter(None, lines))


def _columns(records: Sequence[JobRecord]) -> dict[str, list[Cell]]:
    """Return those columns of the jobs that are not empty."""
    columns: dict[str, list[Cell]] = {
        "job": [r.position for r in records],
        "name": [r.name for r in records],
        "state": [r.state.replace("_", " ") for r in records],
        "labels": [_pairs(r.labels) for r in records],
        "message": [r.message for r in records],
        "seconds": [r.duration_s for r in records],
        "attempts": [r.attempts for r in records],
        "sent": [None if r.sent_at is None else local(r.sent_at) for r in records],
        "id": [r.remote_id for r in records],
        "note": [r.note for r in records],
    }
    return {
        name: cells for name, cells in columns.items() if any(c not in (None, "") for c in cells)
    }


def _described(job: Json) -> str:
    """Return the lines that describe a job, without unknown values."""
    width = max(map(len, job))
    lines = []
    for key, value in job.items():
        if isinstance(value, list) and value:
            lines += [f"{key}:", *(f"  {_pairs(each, '  ')}" for each in value)]
        elif value not in _EMPTY:
            lines.append(f"{key:{width}}  {_text(key, value)}")
    return "\n".join(lines)


def _pairs(values: Json, gap: str = ", ") -> str:
    return gap.join(f"{k}={_text(k, value)}" for k, value in values.items() if value not in _EMPTY)


def _text(key: str, value: object) -> str:
    """Return a value as text for people; times are in the local time zone."""
    if isinstance(value, str) and (key == "at" or key.endswith("_at")):
        return local(datetime.fromisoformat(value).timestamp())
    if isinstance(value, float):
        return shown_value(value)
    return _pairs(value) if isinstance(value, dict) else str(value)


_EMPTY: Final[tuple[object, ...]] = (None, "", {}, [])

SHOW = Command(
    "show a group and its jobs, or some jobs in full",
    _show,
    (
        NAME,
        jobs("shown in full"),
        argument(
            "--state",
            action="append",
            choices=STATES,
            metavar="STATE",
            help=f"list only jobs in this state; repeatable ({', '.join(STATES)})",
        ),
        argument("--find", metavar="QUERY", help="list only jobs that match, such as 'phi>1.4'"),
        flag("--offline", "show the last known state without asking the cloud"),
        flag("--all", "print every row, even in a terminal"),
        JSON,
    ),
    ("jobgroup show sweep --state error", "jobgroup show sweep 7"),
)
