"""The command ``jobgroup``: groups in a terminal, the demo, the embedded cloud."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime

from jobgroup.errors import GroupBusyError, JobGroupError
from jobgroup.group import JobGroup
from jobgroup.status import STATES


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 2 misused, 3 busy."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.do(arguments)
    except GroupBusyError as error:
        print(error, file=sys.stderr)
        return 3
    except (JobGroupError, TimeoutError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What was sent is recorded, the rest is unsent.", file=sys.stderr)
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jobgroup", description=__doc__)
    commands = parser.add_subparsers(metavar="command", required=True)

    ls = commands.add_parser("ls", help="list the groups on this machine")
    ls.set_defaults(do=_ls)

    run = commands.add_parser("run", help="send the jobs of a group")
    run.add_argument("name")
    run.add_argument("--queue", action="store_true", help="keep the plan's slots full, for days")
    run.add_argument("--delay", type=float, help="one after the other, so many seconds apart")
    run.add_argument("--failed", action="store_true", help="the failed jobs again, not the unsent")
    run.set_defaults(do=_run)

    watch = commands.add_parser("watch", help="show progress bars until nothing runs or waits")
    watch.add_argument("name")
    watch.set_defaults(do=_watch)

    demo = commands.add_parser("demo", help="three scripts on an embedded cloud")
    demo.set_defaults(do=_demo)

    cloud = commands.add_parser("cloud", help="serve an embedded cloud on this machine")
    from jobgroup.cloud.command import add_arguments
    from jobgroup.cloud.command import run as serve

    add_arguments(cloud)
    cloud.set_defaults(do=serve)
    return parser


def _ls(_arguments: argparse.Namespace) -> int:
    groups = JobGroup.summaries()
    if not groups:
        print("No groups yet. JobGroup('scan').add(job) makes one.")
    width = max((len(g.name) for g in groups), default=0)
    for group in groups:
        changed = datetime.fromtimestamp(group.modified_at).astimezone()
        counts = ", ".join(f"{group.counts[s]} {s}" for s in STATES if s in group.counts)
        what = f"cannot be read: {group.problem}" if group.problem else counts or "empty"
        size = f"{group.size_bytes / 1e6:.1f} MB"
        print(f"{group.name:{width}}  {changed:%Y-%m-%d %H:%M}  {size:>9}  {what}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    if arguments.delay is not None:
        run = group.rerun_failed_sequential if arguments.failed else group.run_sequential
        run(arguments.delay)
    elif arguments.failed:
        group.rerun_failed_parallel(queue=arguments.queue)
    else:
        group.run_parallel(queue=arguments.queue)
    print(group)
    return 0


def _watch(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    group.track_progress()
    print(group)
    return 0


def _demo(_arguments: argparse.Namespace) -> int:
    from jobgroup.demo import run_demo

    return run_demo()
