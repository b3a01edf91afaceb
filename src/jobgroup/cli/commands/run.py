"""``jobgroup run`` and ``rerun``: send the jobs of a group, for days if need be."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from jobgroup.cli.arguments import (
    add_jobs,
    add_json,
    add_name,
    assignment,
    count,
    resolve_jobs,
    seconds,
)
from jobgroup.cli.command import Command
from jobgroup.cli.exit_codes import MisuseError
from jobgroup.cli.submit import submit
from jobgroup.group import JobGroup, request


def _run(arguments: argparse.Namespace) -> int:
    is_limited = arguments.queue or arguments.delay is not None
    if (arguments.concurrent and not arguments.queue) or (
        arguments.stop_after_failures and not is_limited
    ):
        raise MisuseError(
            "--concurrent needs --queue, and --stop-after-failures needs --queue or --delay;"
            " without these all jobs are sent at once."
        )
    group = JobGroup.open(arguments.name)
    return submit(
        group,
        lambda: _send(group, arguments),
        as_json=arguments.json,
        wait=arguments.wait,
        waits_itself=arguments.delay is not None or arguments.retries > 0,
    )


def _send(group: JobGroup, arguments: argparse.Namespace) -> Mapping[int, str]:
    rules = {
        "stop_after_failures": arguments.stop_after_failures,
        "retries": arguments.retries,
        "budget_shots": arguments.budget_shots,
    }
    if arguments.failed:
        concurrent = arguments.concurrent
        return group.rerun(delay=arguments.delay, concurrent_job_count=concurrent, **rules).failed
    if arguments.delay is not None:
        group.run_sequential(arguments.delay, **rules)
    else:
        group.run_parallel(
            queue=arguments.queue, concurrent_job_count=arguments.concurrent, **rules
        )
    return {}


def _rerun(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    positions = resolve_jobs(group, arguments.jobs) if arguments.jobs else None

    def rerun() -> Mapping[int, str]:
        asked = request(
            group,
            "rerun",
            positions=positions,
            overrides=dict(arguments.overrides),
            replace=not arguments.append,
            mode="queue",
            retries=arguments.retries,
            budget_shots=arguments.budget_shots,
            is_background=False,
        )
        return asked.result().failed

    waits = arguments.wait or arguments.retries > 0
    return submit(group, rerun, as_json=arguments.json, wait=waits)


def _add_run(parser: argparse.ArgumentParser) -> None:
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--queue",
        action="store_true",
        help="keep the plan's slots full until all jobs are sent; survives a closed terminal",
    )
    mode.add_argument(
        "--delay",
        type=seconds,
        metavar="SECONDS",
        help="send one job after the other, this long after the previous one has ended",
    )
    parser.add_argument(
        "--failed", action="store_true", help="rerun the failed jobs instead of the unsent ones"
    )
    parser.add_argument(
        "--concurrent",
        type=count,
        metavar="N",
        help="with --queue: at most N jobs of an account at once",
    )
    parser.add_argument(
        "--stop-after-failures",
        type=count,
        metavar="N",
        help="with --queue or --delay: stop after N failed jobs",
    )
    _add_rules(parser)


def _add_rerun(parser: argparse.ArgumentParser) -> None:
    add_jobs(parser, help="position (from 0), range (3-7) or id; by default all failed jobs")
    parser.add_argument(
        "--set",
        action="append",
        type=assignment,
        default=[],
        metavar="NAME=VALUE",
        dest="overrides",
        help="change a parameter, such as max_shots=1000; may be repeated",
    )
    parser.add_argument(
        "--append", action="store_true", help="add new jobs instead of replacing the old ones"
    )
    _add_rules(parser)


def _add_rules(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--retries",
        type=count,
        default=0,
        metavar="N",
        help="send jobs that end in error again up to N times, and wait until all have ended",
    )
    parser.add_argument(
        "--budget-shots",
        type=count,
        metavar="N",
        help="stop before all jobs of the group may have used more than N shots",
    )
    parser.add_argument("--wait", action="store_true", help="wait until all jobs have ended")


RUN = Command(
    "send the jobs of a group",
    _run,
    (add_name, _add_run, add_json),
    example="jobgroup run sweep --queue --wait",
)
RERUN = Command(
    "run failed or finished jobs again, with other parameters if you like",
    _rerun,
    (add_name, _add_rerun, add_json),
    example="jobgroup rerun sweep 3-7 --set max_shots=1000",
)
