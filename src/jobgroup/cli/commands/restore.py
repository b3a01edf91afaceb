"""``jobgroup restore``: bring a deleted group back."""

from __future__ import annotations

import argparse

from jobgroup.cli.arguments import add_json, complete_with
from jobgroup.cli.exit_codes import Exit
from jobgroup.cli.output import say, say_json
from jobgroup.cli.serialize import group_state
from jobgroup.cli.snapshot import said
from jobgroup.group import JobGroup
from jobgroup.store.names import normalised

HELP = "bring a deleted group back; ls --trash lists them"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which."""
    name = parser.add_argument("name", type=normalised, help="of the deleted group")
    complete_with(name, JobGroup.list_trash)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Restore it."""
    JobGroup.restore(arguments.name)
    group = JobGroup.open(arguments.name)
    if arguments.json:
        say_json(group_state(group))
    else:
        say(f"{group.name} is back: {said(group.state.counts)}")
    return Exit.DONE
