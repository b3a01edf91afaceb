"""``jobgroup pause``: send nothing more for a while."""

from __future__ import annotations

import argparse

from jobgroup.cli.arguments import add_json, add_name
from jobgroup.cli.exit_codes import Exit
from jobgroup.cli.output import say, say_json
from jobgroup.cli.serialize import group_state
from jobgroup.group import JobGroup

HELP = "send nothing more until resume, whichever process runs the group"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of which group."""
    add_name(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Pause it."""
    group = JobGroup.open(arguments.name)
    group.pause()
    if arguments.json:
        say_json(group_state(group))
    else:
        say(f"{group.name} is paused: nothing more is sent, what runs on the cloud goes on.")
    return Exit.DONE
