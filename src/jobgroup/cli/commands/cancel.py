"""``jobgroup cancel``: ask the cloud to cancel jobs."""

from __future__ import annotations

import argparse

from jobgroup.cli.arguments import add_jobs, add_json, add_name, chosen
from jobgroup.cli.exit_codes import Exit, MisuseError
from jobgroup.cli.output import complain, say, say_json
from jobgroup.cli.serialize import group_state
from jobgroup.group import JobGroup

HELP = "ask the cloud to cancel jobs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which jobs."""
    add_name(parser)
    add_jobs(parser, help="place (counted from 0), range (3-7) or id")
    parser.add_argument("--all", action="store_true", help="every sent job that has not ended")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask for it; exit code 1 where the cloud refused one."""
    if bool(arguments.jobs) == arguments.all:
        raise MisuseError("Say which jobs are to be canceled, or --all.")
    group = JobGroup.open(arguments.name)
    places = None if arguments.all else chosen(group, arguments.jobs)
    outcome = group.ask("cancel", positions=places).result()
    failed = {str(place): str(why) for place, why in outcome["failed"].items()}
    if arguments.json:
        say_json({"asked": outcome["done"], "refused": failed, "group": group_state(group)})
    else:
        say(outcome["text"])
    for place, sentence in failed.items():
        complain(f"Job {place} could not be canceled: {sentence}")
    return Exit.FAILED if failed else Exit.DONE
