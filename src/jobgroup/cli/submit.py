"""What `run` and `rerun` share: a view while jobs are sent, the signals, and the report."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread
from typing import TextIO

from jobgroup.cli.arguments import records_of
from jobgroup.cli.console import (
    READER_GONE,
    echo,
    echo_err,
    echo_json,
    redirect_to_devnull,
)
from jobgroup.cli.exit_codes import Exit
from jobgroup.cli.follow import follow, follow_until
from jobgroup.cli.render import LinesView, View
from jobgroup.cli.serialize import group_state
from jobgroup.cli.signals import graceful_shutdown
from jobgroup.cli.snapshot import Snapshot, said
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup
from jobgroup.group.events import GroupEvent
from jobgroup.status import FAILED


def submit(
    group: JobGroup,
    send: Callable[[], Mapping[int, str]],
    *,
    as_json: bool,
    wait: bool = False,
    waits_itself: bool = False,
) -> Exit:
    """Send jobs, show how the group gets on, and report what was sent.

    Args:
        group: the group of the jobs.
        send: sends them; returns the reason for each that could not be sent.
        as_json: report as JSON.
        wait: wait until the group has finished.
        waits_itself: `send` returns only when the jobs have ended.

    Returns:
        `JOBS_FAILED` if the command waited for the jobs and some of the group have failed.

    Raises:
        JobGroupError: what `send` raised, after the report.
    """
    os.environ["TQDM_DISABLE"] = "1"  # the view replaces the progress bars
    before = {record.position: record.attempts for record in records_of(group)}
    problem: JobGroupError | None = None
    not_sent: Mapping[int, str] = {}
    with graceful_shutdown(survives_hangup=True):
        view = view_on(sys.stderr)
        try:
            with _shown(view, group):
                not_sent = send()
            if wait:
                _render(view, follow(group))
        except JobGroupError as error:
            problem = error
        finally:
            with _survives(sys.stderr):
                view.close()
        with _survives(sys.stdout):
            _report(group, before, not_sent, problem, as_json=as_json)
            sys.stdout.flush()
    if problem is not None:
        raise problem
    if not_sent:
        return Exit.FAILED
    return has_failures(group.state.counts) if wait or waits_itself else Exit.DONE


def view_on(stream: TextIO) -> View:
    """The view that suits a stream: live on a capable terminal, lines elsewhere."""
    if not stream.isatty():
        return LinesView(stream)
    from rich.console import Console  # only a terminal needs it

    from jobgroup.cli.live import LiveView

    console = Console(file=stream, highlight=False)
    return LinesView(stream) if console.is_dumb_terminal else LiveView(console)


def has_failures(counts: Mapping[str, int]) -> Exit:
    """`JOBS_FAILED` if jobs have failed, otherwise `DONE`."""
    return Exit.JOBS_FAILED if any(counts.get(state) for state in FAILED) else Exit.DONE


@contextmanager
def _shown(view: View, group: JobGroup) -> Iterator[None]:
    """Show the group from a thread while the block sends its jobs."""
    over = Event()

    def show() -> None:
        _render(view, follow_until(group, over))

    thread = Thread(target=show, name="jobgroup-view", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _render(view: View, items: Iterable[Snapshot | GroupEvent]) -> None:
    for item in items:
        with _survives(sys.stderr):
            view.render(item)


@contextmanager
def _survives(stream: TextIO) -> Iterator[None]:
    """Go on in silence if the terminal was closed, or the other end of the pipe."""
    try:
        yield
    except OSError as error:
        if error.errno not in READER_GONE:
            raise
        redirect_to_devnull(stream)


def _report(
    group: JobGroup,
    before: Mapping[int, int],
    not_sent: Mapping[int, str],
    problem: JobGroupError | None,
    *,
    as_json: bool,
) -> None:
    sent = [r.position for r in records_of(group) if r.attempts > before.get(r.position, 0)]
    if as_json:
        echo_json(
            {
                "sent": sent,
                "not_sent": {str(position): reason for position, reason in not_sent.items()},
                "error": None if problem is None else str(problem),
                "group": group_state(group),
            }
        )
    else:
        echo(f"{len(sent)} sent. {group.name}: {said(group.state.counts)}")
    for position, reason in not_sent.items():
        echo_err(f"Job {position} was not sent: {reason}")
