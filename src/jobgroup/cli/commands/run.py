"""``jobgroup run``, ``rerun``, ``resend`` and ``watch``, which send jobs and follow them."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from threading import Event, Thread
from types import FrameType
from typing import Any

from jobgroup.cli.arguments import (
    JSON,
    NAME,
    argument,
    assignments,
    count,
    flag,
    jobs,
    one_of,
    resolve_jobs,
    seconds,
)
from jobgroup.cli.command import Command
from jobgroup.cli.console import (
    echo,
    echo_err,
    echo_json,
    is_confirmed,
    redirect_to_devnull,
    surviving,
)
from jobgroup.cli.exit_codes import Exit, TerminatedError, UsageError
from jobgroup.cli.progress import Snapshot, follow, follow_until, states
from jobgroup.cli.serialize import group_document
from jobgroup.cli.views import View, json_view, view_on
from jobgroup.credentials import set_token
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup, engine_session, request
from jobgroup.group.events import GroupEvent
from jobgroup.secret import Secret
from jobgroup.status import FAILED, NOT_SENT, UNCONFIRMED
from jobgroup.store import JobRecord
from jobgroup.token_pipe import read_lines, take_token
from jobgroup.words import format_count


def _run(arguments: argparse.Namespace) -> int:
    is_sequential = arguments.delay is not None
    if arguments.concurrent and not arguments.queue:
        raise UsageError("--concurrent requires --queue. Nothing was sent.")
    if arguments.failed and arguments.jobs:
        raise UsageError("--failed accepts no jobs; use jobgroup rerun instead. Nothing was sent.")
    if arguments.stop_after_failures and not (arguments.queue or is_sequential):
        raise UsageError("--stop-after-failures requires --queue or --delay. Nothing was sent.")
    group = JobGroup.open(arguments.name)

    rules = {
        "stop_after_failures": arguments.stop_after_failures,
        "retries": arguments.retries,
        "budget_shots": arguments.budget_shots,
    }

    wanted = _read_wanted(group, arguments)

    def send() -> Mapping[int, str]:
        concurrent = arguments.concurrent
        if wanted.positions is not None or arguments.request_stdin:
            asked = request(
                group,
                "run",
                positions=wanted.positions,
                removals=wanted.removals,
                mode="sequential" if is_sequential else "queue" if arguments.queue else "parallel",
                delay_s=arguments.delay or 0.0,
                concurrent_job_count=concurrent,
                is_background=arguments.request_stdin,
                **rules,
            )
            return asked.result().failed
        if arguments.failed:
            delay = arguments.delay
            return group.rerun(delay=delay, concurrent_job_count=concurrent, **rules).failed
        if is_sequential:
            group.run_sequential(arguments.delay, **rules)
        else:
            group.run_parallel(queue=arguments.queue, concurrent_job_count=concurrent, **rules)
        return {}

    waits_itself = is_sequential or arguments.retries > 0
    return _submit(
        group,
        send,
        arguments,
        wait=arguments.wait,
        waits_itself=waits_itself,
        named=wanted.positions or (),
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The jobs to send.

    Attributes:
        positions: positions of the jobs; None for the default jobs.
        removals: value of `Entries.removals` when the positions were looked up; None if they were
            looked up just now.
        overrides: changed parameters.
    """

    positions: list[int] | None
    removals: int | None
    overrides: Mapping[str, Any]


def _read_wanted(group: JobGroup, arguments: argparse.Namespace) -> _Wanted:
    """Return the jobs that the arguments name, or that a page requests through standard input.

    Raises:
        JobGroupError: another group now has the name of the group that the page shows.
    """
    if not arguments.request_stdin:
        if arguments.token_stdin:
            _read_tokens()
        positions = resolve_jobs(group, arguments.jobs) if arguments.jobs else None
        return _Wanted(positions, None, dict(getattr(arguments, "overrides", ())))
    lines = read_lines(sys.stdin.fileno())
    asked = json.loads(next(lines).reveal())
    _take_tokens(islice(lines, asked["tokens"]))
    Thread(target=_take_tokens, args=(lines,), name="jobgroup-tokens", daemon=True).start()
    session = engine_session(group)
    session.lease.is_from_page = True
    if session.store.meta()["uuid"] != asked["uuid"]:
        raise JobGroupError(
            f"Another group has the name {group.name!r} now. Nothing was sent. Reload the page."
        )
    return _Wanted(asked["positions"], asked["removals"], asked["overrides"])


def _take_tokens(lines: Iterable[Secret]) -> None:
    """Set each token that is typed in the page, even later, while the run waits for one."""
    for line in lines:
        take_token(line)


def _read_tokens() -> None:
    """Set the tokens from standard input, one per line: TOKEN, or URL TOKEN."""
    for line in map(Secret, sys.stdin):
        *url, token = map(Secret, line.reveal().split() or [""])
        if token:
            set_token(token.reveal(), url=url[0].reveal() if url else None)


def _rerun(arguments: argparse.Namespace) -> int:
    is_sequential = arguments.delay is not None
    group = JobGroup.open(arguments.name)
    wanted = _read_wanted(group, arguments)

    def send() -> Mapping[int, str]:
        asked = request(
            group,
            "rerun",
            positions=wanted.positions,
            removals=wanted.removals,
            overrides=wanted.overrides,
            replace=not arguments.append,
            mode="sequential" if is_sequential else "queue",
            delay_s=arguments.delay or 0.0,
            retries=arguments.retries,
            budget_shots=arguments.budget_shots,
            is_background=arguments.request_stdin,
        )
        return asked.result().failed

    wait = arguments.wait or arguments.retries > 0
    return _submit(group, send, arguments, wait=wait, waits_itself=is_sequential)


def _resend(arguments: argparse.Namespace) -> int:
    if not arguments.jobs:
        raise UsageError("No job was named. Name the jobs to resend.")
    group = JobGroup.open(arguments.name)
    positions = resolve_jobs(group, arguments.jobs)
    if not arguments.yes and not is_confirmed(
        f"Resend {format_count(len(positions), 'job')} of {group.name!r}? If an earlier request"
        " reached the cloud, the job runs twice, and you pay for it twice."
    ):
        echo_err("Nothing was sent.")
        return Exit.FAILED

    def send() -> Mapping[int, str]:
        return request(group, "resend", positions=positions).result().failed

    return _submit(group, send, arguments, wait=False)


def _submit(
    group: JobGroup,
    send: Callable[[], Mapping[int, str]],
    arguments: argparse.Namespace,
    *,
    wait: bool,
    waits_itself: bool = False,
    named: Iterable[int] = (),
) -> Exit:
    """Send jobs, show the group's progress, and report what was sent.

    Args:
        group: group of the jobs.
        send: function that sends the jobs and returns the reason for each job that was not sent.
        arguments: parsed arguments, including `json`.
        wait: whether to wait until the group has finished.
        waits_itself: whether `send` returns only when the jobs have ended.
        named: positions of the jobs to send, if the user named them.

    Returns:
        `JOBS_FAILED` if the command waited and jobs of the group have failed; otherwise `DONE`.

    Raises:
        JobGroupError: raised by `send`; the report is printed first.
    """
    os.environ["TQDM_DISABLE"] = "1"  # the view replaces the progress bars
    at_start = group.snapshot()
    before = {record.position: record.attempts for record in at_start}
    problem: JobGroupError | None = None
    not_sent: Mapping[int, str] = {}
    with _graceful_shutdown(survives_hangup=True):
        view = view_on(sys.stderr)
        try:
            with _shown(view, group):
                not_sent = send()
            if wait:
                _show(view, follow(group))
        except JobGroupError as error:
            problem = error
        finally:
            with surviving(sys.stderr):
                view.close()
        with surviving(sys.stdout):
            now = group.snapshot()
            sent = [r.position for r in now if r.attempts > before.get(r.position, 0)]
            chosen = {*named}.difference(sent)
            skipped = [r for r in at_start if r.position in chosen and r.state not in NOT_SENT]
            reasons = {r.position: _why_skipped(r) for r in skipped}
            reasons.update(not_sent)
            if arguments.json:
                echo_json(
                    {
                        "sent": sent,
                        "not_sent": {str(position): why for position, why in reasons.items()},
                        "error": None if problem is None else str(problem),
                        "group": group_document(group),
                    }
                )
            else:
                echo(f"{len(sent)} sent. {group.name}: {states(group.state.counts)}")
            for position, why in reasons.items():
                echo_err(f"Job {position} was not sent: {why}")
            sys.stdout.flush()
    if problem is not None:
        raise problem
    if not_sent:
        return Exit.FAILED
    return _exit_after(group) if wait or waits_itself else Exit.DONE


def _why_skipped(record: JobRecord) -> str:
    if record.state == UNCONFIRMED:
        return "It may be on the cloud. Use jobgroup confirm or jobgroup resend."
    advice = " Use jobgroup rerun to send it again." if record.state in FAILED else ""
    return f"It was already sent; its state is {record.state}.{advice}"


def _watch(arguments: argparse.Namespace) -> int:
    group = JobGroup.open(arguments.name)
    was_active = False
    with (
        _graceful_shutdown(survives_hangup=False),
        closing(json_view(group) if arguments.json else view_on(sys.stdout)) as view,
    ):
        for item in follow(group):
            view.show(item)
            if not isinstance(item, Snapshot):
                was_active = True
                if arguments.notify:
                    _notify(arguments.notify, item)
    if not was_active and not arguments.json:
        echo(f"{group.name} has no active jobs: {states(group.state.counts)}")
    return _exit_after(group)


def _notify(command: str, event: GroupEvent) -> None:
    """Run the user's command, and pass text from outside only in environment variables."""
    variables = {
        "JOBGROUP_NAME": event.group.name,
        "JOBGROUP_EVENT": event.kind,
        "JOBGROUP_MESSAGE": event.message,
    }
    done = subprocess.run(  # noqa: S602 # the user wrote the command for a shell
        command, shell=True, env={**os.environ, **variables}, stdout=sys.stderr, check=False
    )
    if done.returncode:
        echo_err(
            f"The --notify command for {event.kind!r} failed with exit code {done.returncode}."
        )


def _exit_after(group: JobGroup) -> Exit:
    counts = group.state.counts
    return Exit.JOBS_FAILED if any(counts.get(state) for state in FAILED) else Exit.DONE


@contextmanager
def _shown(view: View, group: JobGroup) -> Iterator[None]:
    """Show the group's progress, in a thread, while the block sends its jobs."""
    over = Event()
    show = Thread(
        target=lambda: _show(view, follow_until(group, over)), name="jobgroup-view", daemon=True
    )
    show.start()
    try:
        yield
    finally:
        over.set()
        show.join()


def _show(view: View, items: Iterable[Snapshot | GroupEvent]) -> None:
    for item in items:
        with surviving(sys.stderr):
            view.show(item)


@contextmanager
def _graceful_shutdown(*, survives_hangup: bool) -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does.

    Args:
        survives_hangup: whether the command continues, without output, after SIGHUP.
    """
    # Checked now, because a closed terminal no longer reports that it is one.
    terminals = [stream for stream in (sys.stdout, sys.stderr) if stream.isatty()]

    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise TerminatedError

    def hang_up(_number: int, _frame: FrameType | None) -> None:
        for stream in terminals:
            redirect_to_devnull(stream)

    handlers = {signal.SIGTERM: terminate}
    if survives_hangup and hasattr(signal, "SIGHUP"):  # not on Windows
        handlers[signal.SIGHUP] = hang_up
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_RULES = (
    argument(
        "--retries",
        type=count,
        default=0,
        metavar="N",
        help="rerun each job that ends in error up to N times, and wait until all jobs have ended",
    ),
    argument(
        "--budget-shots",
        type=count,
        metavar="N",
        help="stop before the group's jobs may use more than N shots in total",
    ),
    flag("--wait", "wait until all jobs have ended"),
    flag("--token-stdin", "read tokens from standard input, one per line: TOKEN or URL TOKEN"),
    # for a page: its group, tokens and jobs, as JSON
    flag("--request-stdin", argparse.SUPPRESS),
    JSON,
)

_DELAY = argument(
    "--delay",
    type=seconds,
    metavar="SECONDS",
    help="run one job at a time, waiting SECONDS between jobs",
)

RUN = Command(
    "send the unsent jobs of a group",
    _run,
    (
        NAME,
        jobs("default: all unsent jobs"),
        one_of(
            flag(
                "--queue",
                "keep the plan's slots full until every job is sent; add --wait to follow them",
            ),
            _DELAY,
        ),
        flag("--failed", "rerun failed jobs instead"),
        argument(
            "--concurrent",
            type=count,
            metavar="N",
            help="with --queue, keep at most N jobs of an account on the cloud",
        ),
        argument(
            "--stop-after-failures",
            type=count,
            metavar="N",
            help="with --queue or --delay, stop after N failed jobs",
        ),
        *_RULES,
    ),
    ("jobgroup run sweep --queue --wait", "jobgroup run sweep --delay 10 --stop-after-failures 3"),
)
RERUN = Command(
    "rerun failed or canceled jobs, or the jobs that you name",
    _rerun,
    (
        NAME,
        jobs("default: all failed jobs"),
        assignments("--set", "overrides", "changed parameter, such as max_shots=1000"),
        flag("--append", "add reruns as new jobs and keep the failed ones"),
        _DELAY,
        *_RULES,
    ),
    ("jobgroup rerun sweep", "jobgroup rerun sweep 3-7 --set max_shots=1000"),
)
RESEND = Command(
    "resend jobs that are unconfirmed or that the cloud has lost",
    _resend,
    (NAME, jobs(), flag("--yes", "resend without asking"), JSON),
    ("jobgroup resend sweep 7",),
)
WATCH = Command(
    "follow a group until it finishes",
    _watch,
    (
        NAME,
        argument(
            "--notify",
            metavar="COMMAND",
            help="shell command to run at the first failure and at the end, with the variables"
            " JOBGROUP_NAME, JOBGROUP_EVENT (job_failed or finished) and JOBGROUP_MESSAGE",
        ),
        flag("--json", "print one JSON object per line and nothing else"),
    ),
    ("jobgroup watch sweep --notify 'notify-send \"$JOBGROUP_MESSAGE\"'",),
)
