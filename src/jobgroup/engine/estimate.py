"""Estimate the cost of a run and a group's remaining time from the group's own jobs."""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from jobgroup.engine.session import GroupSession
from jobgroup.errors import JobGroupError
from jobgroup.providers.base import Availability
from jobgroup.status import FAILED, NOT_SENT, PENDING, SENDING
from jobgroup.store import Target
from jobgroup.store.shots import shots_limits
from jobgroup.words import format_count

MIN_SAMPLES = 3
"""Number of jobs that must have ended before time is estimated."""

MIN_ETA_S = 1.0
"""Minimum of the longest likely time. Clouds may report durations of 0 s."""

MIN_RUN_S = 5.0
"""Seconds after which a run's time is estimated. The first ends are noticed late."""

WINDOW_S = 60.0
WINDOW_ENDS = 50
"""The rate is estimated from the ends in the last minute, and from at least this number of ends.
Short jobs end between two polls, so a few ends at once show no rate.
"""

MAX_ENDS = 1000
"""Maximum number of ends from which the rate is estimated."""

MIN_STALL_S = 60.0
STALL_INTERVALS = 10
"""Number of mean intervals without an end after which jobs have stalled, and at least a minute."""


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """The estimate of a run. Unknown values are None.

    Attributes:
        jobs: number of jobs that would be sent.
        shots: maximum number of shots, from the jobs' ``max_shots``; None if a job has no limit.
        free_slots: number of jobs that the accounts accept now.
        duration_s: shortest and longest likely time until the jobs have ended, in seconds. It is
            computed from the group's successful jobs and the number of jobs that the plan runs at
            once.
        is_rerun: whether failed jobs would be rerun; otherwise unsent jobs would be sent.
        retries: number of times that each job may be retried. `shots` includes all retries;
            `duration_s` includes none.
    """

    jobs: int
    shots: int | None
    free_slots: int | None
    duration_s: tuple[float, float] | None
    is_rerun: bool = False
    retries: int = 0

    def __str__(self) -> str:
        verb = "Rerun" if self.is_rerun else "Run"
        shots = "shots unknown" if self.shots is None else f"at most {self.shots:,} shots"
        slots = "free slots unknown"
        if self.free_slots is not None:
            slots = format_count(self.free_slots, "free slot")
        duration = "duration unknown"
        if self.duration_s is not None:
            low, high = map(_format_time, self.duration_s)
            duration = f"about {low}" if low == high else f"{low} to {high}"
        jobs = format_count(self.jobs, "job")
        if self.jobs and self.retries:
            shots += f" with {self.retries} retries of each"
        if not self.jobs:
            return f"{verb} {jobs}"
        # no known cloud reports the cost of jobs
        return f"{verb} {jobs}: {shots}, {slots}, {duration}, credits not reported by the cloud"


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """The remaining time of a group.

    Attributes:
        eta_s: shortest and longest likely time, in seconds; None if it is unknown.
        stalled_since: time at which the last job ended, in seconds since the epoch, if no job has
            ended for an unusually long time; None otherwise.
    """

    eta_s: tuple[float, float] | None = None
    stalled_since: float | None = None


async def estimate(
    session: GroupSession, entry_ids: Collection[int] | None, *, rerun: bool, retries: int = 0
) -> RunEstimate:
    """Estimate a run from the group's file and the plans that the clouds report."""
    states = FAILED if rerun else NOT_SENT
    records = await session.in_thread(session.store.records, states, entry_ids)
    durations = await session.in_thread(session.store.statuses.durations)
    targets = {r.target[:3]: r.target for r in records}
    plans = [await _ask_for_plan(session, target) for target in targets.values()]
    at_once = _sum([plan.concurrent_max if plan else None for plan in plans])
    limits = await session.in_thread(shots_limits, session.store.database, entry_ids, states)
    shots = _sum(limits)
    return RunEstimate(
        jobs=len(records),
        shots=None if shots is None else shots * (1 + retries),
        free_slots=_sum([plan.queue_free if plan else None for plan in plans]),
        duration_s=run_duration_s(len(records), at_once, durations),
        is_rerun=rerun,
        retries=retries,
    )


async def count_slots(session: GroupSession) -> tuple[int, int] | None:
    """Return the number of used slots and of all slots in the plans of unfinished jobs.

    Jobs of other groups count as well. Return None if a cloud does not report its slots or has no
    limit.
    """
    states = NOT_SENT | PENDING | {SENDING}
    targets = await session.in_thread(session.store.statuses.targets, states)
    accounts = {target[:3]: target for target in targets}
    plans = [await _ask_for_plan(session, target) for target in accounts.values()]
    free = _sum([plan.queue_free if plan else None for plan in plans])
    total = _sum([plan.queue_max if plan else None for plan in plans])
    return None if free is None or total is None else (max(0, total - free), total)


def run_duration_s(
    jobs: int, at_once: int | None, durations_s: Sequence[float]
) -> tuple[float, float] | None:
    """Return the shortest and longest likely time that jobs take, in seconds.

    The time is computed from the quartiles of the group's own durations. Clouds round durations
    down to whole seconds. Return None if too few jobs have ended or the number of concurrent jobs
    is unknown.

    >>> run_duration_s(10, 4, [1.0, 2.0, 3.0, 4.0])
    (3.0, 15.0)
    """
    if not jobs or not at_once or len(durations_s) < MIN_SAMPLES:
        return None
    low, high = _quartiles(durations_s)
    rounds = math.ceil(jobs / at_once)
    return (low * rounds, (high + (high == int(high))) * rounds)


def read_time_left(session: GroupSession) -> TimeLeft:
    """Return the time until all jobs have ended that were sent or will be sent.

    This reads the file. Any thread may call it.
    """
    store, now = session.store, time.time()
    runs = list(session.runs)
    is_sent_elsewhere = not runs and session.lease.is_held_elsewhere()
    counts = store.counts()
    unsent = sum(counts.get(state, 0) for state in NOT_SENT)
    if runs:  # each run may be a rerun or send only part of the group
        to_send = sum(r.progress.total - len(r.progress.sent) for r in runs if not r.is_canceled)
    else:
        to_send = unsent if is_sent_elsewhere else 0
    left = to_send + sum(counts.get(state, 0) for state in PENDING | {SENDING})
    began_at = store.lease.acquired_at()
    return time_left(left, store.statuses.recent_ends(began_at, MAX_ENDS + 1), began_at, now)


def time_left(left: int, ends: Sequence[float], began_at: float, now: float) -> TimeLeft:
    """Return the time for the remaining jobs, at the rate at which the run's last jobs ended.

    Args:
        left: number of jobs that have not ended.
        ends: times at which the last jobs of the run ended, oldest first, in seconds since the
            epoch.
        began_at: time at which the run began, in seconds since the epoch.
        now: present time, in seconds since the epoch.

    >>> time_left(10, [3.0, 5.0, 10.0, 12.0], 0.0, 12.0)
    TimeLeft(eta_s=(15.0, 45.0), stalled_since=None)
    >>> time_left(10, [3.0, 5.0, 10.0, 12.0], 0.0, 900.0)
    TimeLeft(eta_s=None, stalled_since=12.0)
    """
    now = max([now, *ends[-1:]])
    if not left or len(ends) < MIN_SAMPLES or now - began_at < MIN_RUN_S:
        return TimeLeft()
    in_window = len(ends) - bisect_left(ends, now - WINDOW_S)
    used = min(max(in_window, WINDOW_ENDS), MAX_ENDS)
    if len(ends) > used:
        began_at, ends = ends[-used - 1], ends[-used:]
    if began_at > ends[0]:
        return TimeLeft()
    if now - ends[-1] > max(MIN_STALL_S, STALL_INTERVALS * (ends[-1] - began_at) / len(ends)):
        return TimeLeft(stalled_since=ends[-1])
    mean_s = left * (now - began_at) / len(ends)
    spread = 1 / math.sqrt(len(ends))  # relative spread of a count of independent events
    return TimeLeft((mean_s * (1 - spread), max(MIN_ETA_S, mean_s * (1 + spread))))


async def _ask_for_plan(session: GroupSession, target: Target) -> Availability | None:
    try:
        return await (await session.provider(target)).availability()
    except JobGroupError:
        return None


def _sum(numbers: list[int | None]) -> int | None:
    known = [n for n in numbers if n is not None]
    return sum(known) if known and len(known) == len(numbers) else None


def _quartiles(durations_s: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(durations_s)
    last = len(ordered) - 1
    return ordered[math.floor(last * 0.25)], ordered[math.ceil(last * 0.75)]


def _format_time(seconds: float) -> str:
    """Return a time with its unit.

    >>> _format_time(42), _format_time(150), _format_time(9000)
    ('42 s', '2 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
