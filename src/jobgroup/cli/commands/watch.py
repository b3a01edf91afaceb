"""``jobgroup watch``: show how a group gets on until it has finished."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from contextlib import closing

from jobgroup.cli.arguments import add_json, add_name
from jobgroup.cli.command import Command
from jobgroup.cli.console import echo, echo_err
from jobgroup.cli.follow import follow
from jobgroup.cli.render import JsonView
from jobgroup.cli.signals import graceful_shutdown
from jobgroup.cli.snapshot import Snapshot, said
from jobgroup.cli.submit import has_failures, view_on
from jobgroup.group import JobGroup
from jobgroup.group.events import GroupEvent


def _watch(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    was_active = False
    with (
        graceful_shutdown(survives_hangup=False),
        closing(JsonView(group) if arguments.json else view_on(sys.stdout)) as view,
    ):
        for item in follow(group):
            view.render(item)
            if not isinstance(item, Snapshot):
                was_active = True
                if arguments.notify:
                    _notify(arguments.notify, item)
    counts = group.state.counts
    if not was_active and not arguments.json:
        echo(f"No job of {group.name} runs or waits: {said(counts)}")
    return has_failures(counts)


def _notify(command: str, event: GroupEvent) -> None:
    """Run the user's command; what comes from outside is only in its environment."""
    variables = {
        "JOBGROUP_NAME": event.group.name,
        "JOBGROUP_EVENT": event.kind,
        "JOBGROUP_MESSAGE": event.message,
    }
    done = subprocess.run(  # noqa: S602  # a shell is what the user wrote the command for
        command, shell=True, env={**os.environ, **variables}, stdout=sys.stderr, check=False
    )
    if done.returncode:
        echo_err(f"The command for {event.kind!r} ended with exit code {done.returncode}.")


def _add_watch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--notify",
        metavar="COMMAND",
        help="run this in a shell at the first failure and at the end, with JOBGROUP_NAME,"
        ' JOBGROUP_EVENT ("job_failed" or "finished") and JOBGROUP_MESSAGE set',
    )
    add_json(parser, help="write one JSON object a line, and nothing else")


WATCH = Command(
    "show how a group gets on until it has finished",
    _watch,
    (add_name, _add_watch),
    example="jobgroup watch sweep --notify 'notify-send \"$JOBGROUP_MESSAGE\"'",
)
