"""``jobgroup watch``: how a group is getting on, until it has finished."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from jobgroup.cli.arguments import add_json, add_name
from jobgroup.cli.follow import Following
from jobgroup.cli.output import complain, say
from jobgroup.cli.signals import orderly
from jobgroup.cli.snapshot import said
from jobgroup.cli.submit import has_failures
from jobgroup.cli.views import JsonLines, view_on
from jobgroup.group import JobGroup
from jobgroup.group.events import Notice

HELP = "show how a group is getting on until it has finished"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of which group, and who is to be told."""
    add_name(parser)
    parser.add_argument(
        "--notify",
        metavar="COMMAND",
        help="run this by the shell at the first failure and at the end, with JOBGROUP_NAME,"
        ' JOBGROUP_EVENT ("first failure", "finished") and JOBGROUP_MESSAGE in its environment',
    )
    add_json(parser, help="write one JSON object to a line, and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Watch it; exit code 5 where jobs have failed."""
    group = JobGroup.open(arguments.name)

    def notify(notice: Notice) -> None:
        if arguments.notify:
            _run(arguments.notify, notice)

    view = JsonLines(group) if arguments.json else view_on(sys.stdout)
    with orderly(survives_hangup=False), Following(group, view, listens=True) as following:
        was_active = following.until_finished(notify)
    counts = group.state.counts
    if not was_active and not arguments.json:
        say(f"Nothing of {group.name} runs or waits: {said(counts)}")
    return has_failures(counts)


def _run(command: str, notice: Notice) -> None:
    """Run the user's own command; what comes from outside is in its environment alone."""
    facts = {
        "JOBGROUP_NAME": notice.group.name,
        "JOBGROUP_EVENT": notice.event,
        "JOBGROUP_MESSAGE": notice.message,
    }
    done = subprocess.run(  # noqa: S602  # a shell is what the user wrote the command for
        command, shell=True, env={**os.environ, **facts}, stdout=sys.stderr, check=False
    )
    if done.returncode:
        complain(f"The command for {notice.event!r} ended with exit code {done.returncode}.")
