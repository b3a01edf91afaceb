"""``jobgroup next``: let jobs be sent before the others."""

from __future__ import annotations

import argparse

from jobgroup.cli.arguments import add_jobs, add_json, add_name, chosen
from jobgroup.cli.exit_codes import Exit, MisuseError
from jobgroup.cli.output import say, say_json
from jobgroup.cli.serialize import group_state
from jobgroup.group import JobGroup

HELP = "let jobs be sent before the others, by the run that goes on or the next"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which jobs, in which order."""
    add_name(parser)
    add_jobs(parser, help="place (counted from 0), range (3-7) or id; the first is sent first")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Note it in the group; whichever process runs it goes by that."""
    if not arguments.jobs:
        raise MisuseError("Say which jobs are to be sent next.")
    group = JobGroup.open(arguments.name)
    outcome = group.ask("run_next", positions=chosen(group, arguments.jobs)).result()
    if arguments.json:
        left = {str(place): str(why) for place, why in outcome["failed"].items()}
        say_json({"next": outcome["done"], "left": left, "group": group_state(group)})
    else:
        say(outcome["text"])
    return Exit.DONE
