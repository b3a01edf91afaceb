"""``jobgroup next``, ``cancel``, ``stop``, ``pause`` and ``resume``: steer a group's jobs."""

from __future__ import annotations

import argparse

from jobgroup.cli.arguments import add_jobs, add_json, add_name, resolve_jobs
from jobgroup.cli.command import Command, report
from jobgroup.cli.console import echo_err
from jobgroup.cli.exit_codes import Exit, MisuseError
from jobgroup.cli.serialize import group_state
from jobgroup.group import JobGroup, request
from jobgroup.store import CommandResult


def _next(arguments: argparse.Namespace) -> int:
    if not arguments.jobs:
        raise MisuseError("Name the jobs to send next.")
    group = JobGroup.open(arguments.name)
    positions = resolve_jobs(group, arguments.jobs)
    outcome = request(group, "run_next", positions=positions).result()
    left = {str(position): str(why) for position, why in outcome.failed.items()}
    document = {"next": outcome.done, "left": left, "group": group_state(group)}
    return report(arguments, outcome.text, document)


def _cancel(arguments: argparse.Namespace) -> int:
    if bool(arguments.jobs) == arguments.all:
        raise MisuseError("Name the jobs to cancel, or use --all.")
    group = JobGroup.open(arguments.name)
    positions = None if arguments.all else resolve_jobs(group, arguments.jobs)
    outcome = request(group, "cancel", positions=positions).result()
    failed = {str(position): str(why) for position, why in outcome.failed.items()}
    document = {"asked": outcome.done, "refused": failed, "group": group_state(group)}
    report(arguments, outcome.text, document)
    for position, reason in failed.items():
        echo_err(f"Job {position} could not be canceled: {reason}")
    return Exit.FAILED if failed else Exit.DONE


def _stop(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    stopped = request(group, "stop", by="jobgroup stop").result()
    outcome = CommandResult("")
    if arguments.cancel:
        outcome = request(group, "cancel", positions=None).result()
    failed = {str(position): str(why) for position, why in outcome.failed.items()}
    document = {"asked": outcome.done, "refused": failed, "group": group_state(group)}
    text = "; ".join(filter(None, [stopped.text, outcome.text]))
    report(arguments, f"{group.name}: {text}", document)
    for position, reason in failed.items():
        echo_err(f"Job {position} could not be canceled: {reason}")
    return Exit.FAILED if failed else Exit.DONE


def _pause(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    group.pause()
    text = f"{group.name} is paused: nothing more is sent. Jobs on the cloud go on."
    return report(arguments, text, group_state(group))


def _resume(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    group.resume()
    text = f"{group.name} is no longer paused. A waiting run goes on; otherwise start one."
    return report(arguments, text, group_state(group))


def _add_next(parser: argparse.ArgumentParser) -> None:
    add_jobs(parser, help="position (from 0), range (3-7) or id; sent in this order")


def _add_cancel(parser: argparse.ArgumentParser) -> None:
    add_jobs(parser)
    parser.add_argument("--all", action="store_true", help="every sent job that has not ended")


def _add_stop(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cancel", action="store_true", help="also cancel every sent job that has not ended"
    )


NEXT = Command(
    "send some jobs before the others, in the current run or the next",
    _next,
    (add_name, _add_next, add_json),
    example="jobgroup next sweep 7 3",
)
CANCEL = Command(
    "ask the cloud to cancel jobs",
    _cancel,
    (add_name, _add_cancel, add_json),
    example="jobgroup cancel sweep 3-7",
)
STOP = Command(
    "end the run of a group, in whichever process; unsent jobs stay unsent",
    _stop,
    (add_name, _add_stop, add_json),
    example="jobgroup stop sweep --cancel",
)
PAUSE = Command(
    "stop sending until resume, whichever process runs the group", _pause, (add_name, add_json)
)
RESUME = Command("go on sending after a pause", _resume, (add_name, add_json))
