"""``jobgroup resume``: go on sending after a pause."""

from __future__ import annotations

import argparse

from jobgroup.cli.arguments import add_json, add_name
from jobgroup.cli.exit_codes import Exit
from jobgroup.cli.output import say, say_json
from jobgroup.cli.serialize import group_state
from jobgroup.group import JobGroup

HELP = "go on sending after pause"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of which group."""
    add_name(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Resume it; a run that waits goes on by itself."""
    group = JobGroup.open(arguments.name)
    group.resume()
    if arguments.json:
        say_json(group_state(group))
    else:
        say(f"{group.name} is no longer paused. A run that waits goes on; else start one.")
    return Exit.DONE
