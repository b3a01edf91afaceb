"""``jobgroup run``: send the jobs of a group, for days if need be."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from jobgroup.cli.arguments import add_json, add_name, count, seconds
from jobgroup.cli.exit_codes import MisuseError
from jobgroup.cli.submit import send
from jobgroup.group import JobGroup

HELP = "send the jobs of a group"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How they are sent, and when it is over."""
    add_name(parser)
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--queue",
        action="store_true",
        help="keep the plan's slots full until all are sent, for days; closing the terminal does"
        " not end it",
    )
    way.add_argument(
        "--delay",
        type=seconds,
        metavar="SECONDS",
        help="one after the other, so long after the one before has ended",
    )
    parser.add_argument(
        "--failed", action="store_true", help="the failed jobs again, not the unsent"
    )
    parser.add_argument(
        "--concurrent",
        type=count,
        metavar="N",
        help="with --queue: at most so many of an account at once",
    )
    parser.add_argument(
        "--stop-after-failures",
        type=count,
        metavar="N",
        help="with --queue or --delay: end when so many have failed",
    )
    parser.add_argument("--wait", action="store_true", help="until all have ended, not only sent")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Send them; exit code 5 where it was waited for them and some have failed."""
    is_limited = arguments.queue or arguments.delay is not None
    if (arguments.concurrent and not arguments.queue) or (
        arguments.stop_after_failures and not is_limited
    ):
        raise MisuseError(
            "--concurrent goes with --queue, --stop-after-failures with --queue or --delay: else"
            " all jobs are sent at once."
        )
    group = JobGroup.open(arguments.name)
    return send(
        group,
        lambda: _send(group, arguments),
        as_json=arguments.json,
        wait=arguments.wait,
        waits_itself=arguments.delay is not None,
    )


def _send(group: JobGroup, arguments: argparse.Namespace) -> Mapping[int, str]:
    if arguments.delay is not None:
        one_by_one = group.rerun_failed_sequential if arguments.failed else group.run_sequential
        one_by_one(arguments.delay, stop_after_failures=arguments.stop_after_failures)
    else:
        together = group.rerun_failed_parallel if arguments.failed else group.run_parallel
        together(
            queue=arguments.queue,
            concurrent_job_count=arguments.concurrent,
            stop_after_failures=arguments.stop_after_failures,
        )
    return {}
