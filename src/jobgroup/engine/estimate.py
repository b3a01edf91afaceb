"""Estimates from a group's own finished jobs: what a run would take, and when a group is done."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from jobgroup.engine.session import GroupSession
from jobgroup.errors import JobGroupError
from jobgroup.providers.base import Availability
from jobgroup.status import FAILED, NOT_SENT, PENDING, SENDING, UNSENT
from jobgroup.store import JobRecord, Target
from jobgroup.words import format_count

MIN_SAMPLES = 3
"""Finished jobs below which there is no estimate of time."""

MIN_ETA_S = 1.0
"""While something runs the longest time is no shorter: clouds report durations of 0 s too."""


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """What a run would take. None stands for what is not known.

    Attributes:
        jobs: how many would be sent.
        shots: at most so many in all, by the jobs' `max_shots`; None if one does not say.
        free_slots: how many jobs the accounts take now.
        duration_s: shortest and longest likely time until they have ended, in seconds, from the
            jobs of this group that succeeded and how many the plan runs at once.
        is_rerun: whether it is about the failed jobs; otherwise about the unsent ones.
    """

    jobs: int
    shots: int | None
    free_slots: int | None
    duration_s: tuple[float, float] | None
    is_rerun: bool = False

    def __str__(self) -> str:
        verb = "Rerun" if self.is_rerun else "Run"
        shots = "shots unknown" if self.shots is None else f"at most {self.shots:,} shots"
        slots = "free slots unknown"
        if self.free_slots is not None:
            slots = format_count(self.free_slots, "free slot")
        time = "duration unknown"
        if self.duration_s is not None:
            low, high = map(_format_time, self.duration_s)
            time = f"about {low}" if low == high else f"{low} to {high}"
        jobs = format_count(self.jobs, "job")
        return f"{verb} {jobs}: {shots}, {slots}, {time}" if self.jobs else f"{verb} {jobs}"


async def estimate(
    session: GroupSession, positions: Collection[int] | None, *, rerun: bool
) -> RunEstimate:
    """Look at the jobs that a run would send, and ask the clouds for their accounts' plans."""
    states = FAILED if rerun else NOT_SENT
    records = await session.in_thread(session.store.records, states, positions)
    durations = await session.in_thread(session.store.statuses.durations)
    targets = {r.target[:3]: r.target for r in records}
    plans = [await _ask_for_plan(session, target) for target in targets.values()]
    at_once = _sum([plan.concurrent_max if plan else None for plan in plans])
    return RunEstimate(
        jobs=len(records),
        shots=_sum([_shots(record) for record in records]),
        free_slots=_sum([plan.queue_free if plan else None for plan in plans]),
        duration_s=run_duration_s(len(records), at_once, durations),
        is_rerun=rerun,
    )


def run_duration_s(
    jobs: int, at_once: int | None, durations_s: Sequence[float]
) -> tuple[float, float] | None:
    """Shortest and longest likely time that so many jobs would take, so many at once, in seconds.

    From the quartiles of this group's own durations, which clouds report in whole seconds, cut off;
    None if too few have finished, or it is not known how many run at once.

    >>> run_duration_s(10, 4, [1.0, 2.0, 3.0, 4.0])
    (3.0, 15.0)
    """
    if not jobs or not at_once or len(durations_s) < MIN_SAMPLES:
        return None
    low, high = _quartiles(durations_s)
    rounds = math.ceil(jobs / at_once)
    return (low * rounds, (high + (high == int(high))) * rounds)


def eta_s(
    counts: Mapping[str, int], durations_s: Sequence[float], *, is_sending: bool
) -> tuple[float, float] | None:
    """Shortest and longest likely time until nothing is left to do, in seconds.

    From the quartiles of this group's own durations and the number of jobs that run at once; None
    if too few have finished, or nothing is under way.

    >>> eta_s({"running": 2, "waiting": 8}, [1.0, 2.0, 3.0, 4.0], is_sending=False)
    (4.0, 20.0)
    """
    left = sum(counts.get(s, 0) for s in PENDING | {SENDING})
    if is_sending:
        left += counts.get(UNSENT, 0)
    at_once = counts.get("running", 0)
    if not left or not at_once or len(durations_s) < MIN_SAMPLES:
        return None
    low, high = _quartiles(durations_s)
    rounds = left / at_once
    return (max(0.0, low * (rounds - 1)), max(MIN_ETA_S, high * rounds))


async def _ask_for_plan(session: GroupSession, target: Target) -> Availability | None:
    try:
        return await (await session.provider(target)).availability()
    except JobGroupError:
        return None


def _shots(record: JobRecord) -> int | None:
    shots = record.params.get("max_shots")
    return shots if isinstance(shots, int) and not isinstance(shots, bool) else None


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
