"""Estimate the cost and the duration of a run from the group's own jobs."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from jobgroup.engine.session import GroupSession
from jobgroup.errors import JobGroupError
from jobgroup.providers.base import Availability
from jobgroup.status import FAILED, NOT_SENT, PENDING, SENDING
from jobgroup.store import Target
from jobgroup.store.shots import shots_limits
from jobgroup.words import format_count

MIN_ESTIMATE_SAMPLES = 3
"""Number of jobs that must have ended before time is estimated."""


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


async def estimate(
    session: GroupSession, entry_ids: Collection[int] | None, *, rerun: bool, retries: int = 0
) -> RunEstimate:
    """Estimate a run from the group's file and the plans that the clouds report."""
    states = FAILED if rerun else NOT_SENT
    records = await session.in_thread(session.store.records, states, entry_ids)
    durations = await session.in_thread(session.store.statuses.durations)
    targets = {r.target.account_key: r.target for r in records}
    plans = [await _ask_for_plan(session, target) for target in targets.values()]
    at_once = _sum([plan.concurrent_max for plan in plans])
    limits = await session.in_thread(shots_limits, session.store.database, entry_ids, states)
    shots = _sum(limits)
    return RunEstimate(
        jobs=len(records),
        shots=None if shots is None else shots * (1 + retries),
        free_slots=_sum([plan.queue_free for plan in plans]),
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
    accounts = {target.account_key: target for target in targets}
    plans = [await _ask_for_plan(session, target) for target in accounts.values()]
    free = _sum([plan.queue_free for plan in plans])
    total = _sum([plan.queue_max for plan in plans])
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
    if not jobs or not at_once or len(durations_s) < MIN_ESTIMATE_SAMPLES:
        return None
    low, high = _quartiles(durations_s)
    rounds = math.ceil(jobs / at_once)
    return (low * rounds, (high + (high == int(high))) * rounds)


async def _ask_for_plan(session: GroupSession, target: Target) -> Availability:
    try:
        return await (await session.provider(target)).availability()
    except JobGroupError:
        return Availability()


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
