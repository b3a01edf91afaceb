"""``jobgroup show``: one group and its jobs, or one job and everything that happened to it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from jobgroup.cli.arguments import add_jobs, add_json, add_name, records_of, resolve_jobs
from jobgroup.cli.command import Command
from jobgroup.cli.console import echo, echo_err, echo_json, echo_table
from jobgroup.cli.exit_codes import Exit
from jobgroup.cli.serialize import group_state, job_history, job_line
from jobgroup.cli.snapshot import Observer, Snapshot, local, said, span
from jobgroup.errors import CredentialsError
from jobgroup.group import JobGroup
from jobgroup.job import RemoteJob
from jobgroup.status import STATES
from jobgroup.store import JobRecord


def _show(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    if not arguments.offline:
        try:
            group.refresh()
        except CredentialsError as error:
            echo_err(f"{error} This is the last known state.")
    records = records_of(group)
    if arguments.jobs:
        jobs = [group[place] for place in resolve_jobs(group, arguments.jobs)]
        if arguments.json:
            echo_json([_full(records, job) for job in jobs])
        else:
            echo("\n\n".join(_described(_full(records, job)) for job in jobs))
        return Exit.DONE
    listed = _listed(group, records, arguments)
    if arguments.json:
        echo_json({**group_state(group), "jobs": [job_line(record) for record in listed]})
    else:
        _echo_head(Observer(group).look())
        if listed:
            echo("")
            echo_table(_columns(listed), full=arguments.all)
    return Exit.DONE


def _listed(
    group: JobGroup, records: list[JobRecord], arguments: argparse.Namespace
) -> list[JobRecord]:
    found = None
    if arguments.find is not None:
        found = {job.position for job in group.find(arguments.find)}
    return [
        r
        for r in records
        if (found is None or r.position in found)
        and (not arguments.state or r.state in arguments.state)
    ]


def _full(records: Sequence[JobRecord], job: RemoteJob) -> dict[str, object]:
    assert job.position is not None  # noqa: S101  # it is in the group
    return {**job_line(records[job.position]), **job_history(job)}


def _echo_head(now: Snapshot) -> None:
    lines = [
        now.name,
        now.description,
        f"{now.ended} of {now.total} jobs have ended: {said(now.counts)}" if now.total else "empty",
        f"about {span(*now.eta_s)} left" if now.eta_s else "",
        "paused: nothing more is sent" if now.is_paused else "",
        f"sent next: {', '.join(map(str, now.next_up))}" if now.next_up else "",
        now.trouble,
    ]
    echo("\n".join(filter(None, lines)))


def _columns(records: Sequence[JobRecord]) -> dict[str, list[str | float | int | None]]:
    """What is known of the jobs; a column of gaps alone is left out."""
    columns: dict[str, list[str | float | int | None]] = {
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


def _described(job: dict[str, object]) -> str:
    """A job in lines, without what is not known."""
    width = max(map(len, job))
    lines = []
    for key, value in job.items():
        if value in _NOTHING:
            continue
        if isinstance(value, list):
            lines.append(f"{key}:")
            lines += [f"  {_pairs(each, '  ')}" for each in value]
        else:
            lines.append(f"{key:{width}}  {_told(key, value)}")
    return "\n".join(lines)


def _pairs(values: dict[str, object], gap: str = ", ") -> str:
    told = (f"{key}={_told(key, value)}" for key, value in values.items() if value not in _NOTHING)
    return gap.join(told)


def _told(key: str, value: object) -> str:
    """A value as people read it: a time is theirs."""
    if key in _TIMES and isinstance(value, str):
        return local(datetime.fromisoformat(value).timestamp())
    return _pairs(value) if isinstance(value, dict) else str(value)


_NOTHING: Final[tuple[object, ...]] = (None, "", {}, [])
_TIMES: Final = ("at", "added_at", "sent_at", "started_at", "finished_at")


def _add_show(parser: argparse.ArgumentParser) -> None:
    add_jobs(parser, help="position (from 0), range (3-7) or id: show these in full")
    parser.add_argument(
        "--state",
        action="append",
        choices=STATES,
        metavar="STATE",
        help="show only jobs in this state; may be repeated",
    )
    parser.add_argument("--find", metavar="WORDS", help="show only jobs that contain these words")
    parser.add_argument("--offline", action="store_true", help="do not ask the cloud")
    parser.add_argument("--all", action="store_true", help="show every row, on a terminal too")


SHOW = Command(
    "show a group and its jobs, or some jobs in full",
    _show,
    (add_name, _add_show, add_json),
    example="jobgroup show sweep --state error",
)
