"""``confirm``, ``next``, ``remove``, ``cancel``, ``stop``, ``pause``, ``resume`` and ``adopt``."""

from __future__ import annotations

import argparse

from jobgroup.cli.arguments import JSON, NAME, argument, assignments, flag, jobs, resolve_jobs
from jobgroup.cli.command import Command, report
from jobgroup.cli.console import echo_err
from jobgroup.cli.exit_codes import Exit, UsageError
from jobgroup.cli.serialize import group_document, job_document
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup, request
from jobgroup.store import CommandResult
from jobgroup.words import format_count


def _confirm(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    positions = resolve_jobs(group, [arguments.job])
    if len(positions) > 1:
        raise UsageError(f"Name one job, got the range {arguments.job!r}. Nothing was changed.")
    outcome = request(group, "confirm", position=positions[0], remote_id=arguments.id).result()
    record = group.snapshot()[positions[0]]
    document = {"confirmed": job_document(record), "group": group_document(group)}
    return report(arguments, outcome.text, document)


def _next(arguments: argparse.Namespace) -> int:
    if not arguments.jobs:
        raise UsageError("No job was named. Name the jobs to send next.")
    group = JobGroup.open(arguments.name)
    positions = resolve_jobs(group, arguments.jobs)
    outcome = request(group, "prioritize", positions=positions).result()
    skipped = {str(position): str(why) for position, why in outcome.failed.items()}
    document = {"next": outcome.done, "skipped": skipped, "group": group_document(group)}
    return report(arguments, outcome.text, document)


def _remove(arguments: argparse.Namespace) -> int:
    if not arguments.jobs:
        raise UsageError("No job was named. Name the jobs to remove.")
    group = JobGroup.open(arguments.name)
    removed = group.remove(resolve_jobs(group, arguments.jobs))
    document = {"removed": [*map(job_document, removed)], "group": group_document(group)}
    return report(arguments, f"{format_count(len(removed), 'job')} removed", document)


def _cancel(arguments: argparse.Namespace) -> int:
    if bool(arguments.jobs) == arguments.all:
        raise UsageError("Name the jobs to cancel, or use --all, but not both.")
    group = JobGroup.open(arguments.name)
    positions = None if arguments.all else resolve_jobs(group, arguments.jobs)
    outcome = request(group, "cancel", positions=positions).result()
    return _report_canceled(arguments, group, outcome.text, outcome)


def _stop(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    stopped = request(group, "stop", by="jobgroup stop").result()
    outcome = CommandResult("")
    if arguments.cancel:
        outcome = request(group, "cancel", positions=None).result()
    text = "; ".join(filter(None, [stopped.text, outcome.text]))
    return _report_canceled(arguments, group, f"{group.name}: {text}", outcome)


def _report_canceled(
    arguments: argparse.Namespace, group: JobGroup, text: str, outcome: CommandResult
) -> int:
    reasons = {str(position): str(why) for position, why in outcome.failed.items()}
    document = {
        "cancel_requested": outcome.done,
        "not_canceled": reasons,
        "group": group_document(group),
    }
    report(arguments, text, document)
    for position, reason in reasons.items():
        echo_err(f"Could not cancel job {position}: {reason}")
    return Exit.FAILED if reasons else Exit.DONE


def _pause(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    group.pause()
    text = f"Paused {group.name}: nothing more is sent. Jobs on the cloud continue."
    return report(arguments, text, group_document(group))


def _resume(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    group.resume()
    text = f"Resumed {group.name}. A waiting run continues; otherwise start one."
    return report(arguments, text, group_document(group))


def _adopt(arguments: argparse.Namespace) -> int:
    name = arguments.name
    is_new = name not in JobGroup.list_existing()
    group = JobGroup(name)
    try:
        adopted = group.adopt(
            arguments.ids,
            platform=arguments.platform,
            url=arguments.url,
            account=arguments.account,
            provider=arguments.provider,
            labels=dict(arguments.labels),
        )
    except BaseException as error:
        if is_new:  # if no job is adopted, no group is created
            JobGroup.delete_job_group(name, permanently=True)
        if isinstance(error, TypeError | ValueError) and not isinstance(error, JobGroupError):
            raise UsageError(str(error)) from error
        raise
    records = [group.snapshot()[job.position or 0] for job in adopted]
    document = {"adopted": [*map(job_document, records)], "group": group_document(group)}
    return report(arguments, f"{len(adopted)} adopted\n{group}", document)


CONFIRM = Command(
    "record the id of an unconfirmed job that is on the cloud",
    _confirm,
    (
        NAME,
        argument("job", metavar="JOB", help="job: position from 0 (7)"),
        argument("id", metavar="ID", help="job id on the cloud"),
        JSON,
    ),
    ("jobgroup confirm sweep 7 3f1c-...",),
)
NEXT = Command(
    "send some jobs before the others",
    _next,
    (NAME, jobs("sent in this order"), JSON),
    ("jobgroup next sweep 7 3", "jobgroup next sweep 40-49"),
)
REMOVE = Command(
    "remove jobs that were never sent",
    _remove,
    (NAME, jobs(), JSON),
    ("jobgroup remove sweep 3-7",),
)
CANCEL = Command(
    "ask the cloud to cancel jobs",
    _cancel,
    (NAME, jobs(), flag("--all", "cancel every job that was sent and has not ended"), JSON),
    ("jobgroup cancel sweep 3-7", "jobgroup cancel sweep --all"),
)
STOP = Command(
    "end the run of a group in any process",
    _stop,
    (NAME, flag("--cancel", "also cancel every job that was sent and has not ended"), JSON),
    ("jobgroup stop sweep", "jobgroup stop sweep --cancel"),
)
PAUSE = Command(
    "stop sending until resumed, in every process",
    _pause,
    (NAME, JSON),
    ("jobgroup pause sweep",),
)
RESUME = Command("resume sending after a pause", _resume, (NAME, JSON), ("jobgroup resume sweep",))
ADOPT = Command(
    "add jobs that were submitted outside jobgroup",
    _adopt,
    (
        NAME,
        # There is no option for a token, because other users of the machine can see the arguments.
        argument("ids", nargs="+", metavar="ID", help="job id on the cloud"),
        argument("--platform", metavar="NAME", help="platform, if the cloud does not report it"),
        argument("--url", help="cloud URL (default: JOBGROUP_URL, otherwise Quandela Cloud)"),
        argument("--account", default="", metavar="LABEL", help="account label"),
        argument("--provider", default="quandela", metavar="NAME", help="provider for that cloud"),
        assignments("--label", "labels", "label for the jobs, such as phi=0.3"),
        JSON,
    ),
    ("jobgroup adopt sweep 3f1c-... 77ab-... --platform sim:altair",),
)
