"""``jobgroup rerun``: failed jobs again, with other parameters if wanted."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from jobgroup.cli.arguments import add_jobs, add_json, add_name, change, chosen
from jobgroup.cli.submit import send
from jobgroup.group import JobGroup

HELP = "run failed jobs again, with other parameters if wanted"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which jobs, and how."""
    add_name(parser)
    add_jobs(parser, help="place (counted from 0), range (3-7) or id; none: all that have failed")
    parser.add_argument(
        "--set",
        action="append",
        type=change,
        default=[],
        metavar="NAME=VALUE",
        dest="changes",
        help="another value for a parameter, such as max_shots=1000; may be repeated",
    )
    parser.add_argument(
        "--append", action="store_true", help="as new jobs of the group, not in place"
    )
    parser.add_argument("--queue", action="store_true", help="keep the plan's slots full")
    parser.add_argument("--wait", action="store_true", help="until all have ended, not only sent")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Rerun them; where another process runs the group, that one does it."""
    group = JobGroup.open(arguments.name)
    places = chosen(group, arguments.jobs) if arguments.jobs else None

    def rerun() -> Mapping[int, str]:
        asked = group.ask(
            "rerun",
            positions=places,
            changes=dict(arguments.changes),
            replace=not arguments.append,
            mode="queue" if arguments.queue else "parallel",
            is_background=False,
        )
        refused: Mapping[int, str] = asked.result()["failed"]
        return refused

    return send(group, rerun, as_json=arguments.json, wait=arguments.wait)
