"""What commands that send have in common: the view, the signals, and what is told at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

from jobgroup.cli.arguments import records_of
from jobgroup.cli.exit_codes import Exit
from jobgroup.cli.follow import Following
from jobgroup.cli.output import complain, say, say_json
from jobgroup.cli.serialize import group_state
from jobgroup.cli.signals import orderly
from jobgroup.cli.snapshot import said
from jobgroup.cli.views import view_on
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup
from jobgroup.status import FAILED


def send(
    group: JobGroup,
    act: Callable[[], Mapping[int, str]],
    *,
    as_json: bool,
    wait: bool = False,
    waits_itself: bool = False,
) -> Exit:
    """Do what sends jobs, in view, and tell what came of it.

    Args:
        group: whose jobs.
        act: sends them; returns a sentence for each that could not be sent.
        as_json: tell it as JSON.
        wait: wait until the group has finished.
        waits_itself: `act` returns when the jobs have ended.

    Returns:
        `JOBS_FAILED` where it was waited for jobs and some of the group's have failed.

    Raises:
        What `act` raises, after it was told what was sent.
    """
    os.environ["TQDM_DISABLE"] = "1"  # the view has bars of its own
    before = {record.position: record.attempts for record in records_of(group)}
    problem: JobGroupError | None = None
    refused: Mapping[int, str] = {}
    with orderly(survives_hangup=True):
        with Following(group, view_on(sys.stderr)) as following:
            try:
                refused = act()
                if wait:
                    following.until_finished(lambda _: None)
            except JobGroupError as error:
                problem = error
        _report(group, before, refused, problem, as_json=as_json)
        sys.stdout.flush()
    if problem is not None:
        raise problem
    if refused:
        return Exit.FAILED
    return has_failures(group.state.counts) if wait or waits_itself else Exit.DONE


def _report(
    group: JobGroup,
    before: Mapping[int, int],
    refused: Mapping[int, str],
    problem: JobGroupError | None,
    *,
    as_json: bool,
) -> None:
    sent = [r.position for r in records_of(group) if r.attempts > before.get(r.position, 0)]
    if as_json:
        not_sent = {str(place): sentence for place, sentence in refused.items()}
        why = None if problem is None else str(problem)
        state = group_state(group)
        say_json({"sent": sent, "not_sent": not_sent, "error": why, "group": state})
    else:
        say(f"{len(sent)} sent. {group.name}: {said(group.state.counts)}")
    for place, sentence in refused.items():
        complain(f"Job {place} was not sent: {sentence}")


def has_failures(counts: Mapping[str, int]) -> Exit:
    """`JOBS_FAILED` if jobs have, else `DONE`."""
    return Exit.JOBS_FAILED if any(counts.get(state) for state in FAILED) else Exit.DONE
