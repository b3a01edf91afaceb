"""What a run would take, as far as it is known: jobs, shots, free slots, time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobgroup.engine.estimate import expected_s
from jobgroup.errors import JobGroupError
from jobgroup.status import FAILED, UNSENT

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession
    from jobgroup.providers.base import Availability
    from jobgroup.store import JobRecord, Target


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would take. None stands for what is not known: nothing is invented.

    Attributes:
        jobs: how many would be sent.
        shots: at most so many in all, by the jobs' `max_shots`; None if one does not say.
        free_slots: how many jobs the accounts take now.
        duration_s: shortest and longest likely time until they have ended, in seconds, from the
            jobs of this group that succeeded and how many the plan runs at once.
        is_rerun: whether it is about the failed jobs; else about the unsent ones.
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
            slots = f"{self.free_slots:,} free slot{'s' * (self.free_slots != 1)}"
        time = "duration unknown"
        if self.duration_s is not None:
            low, high = map(_time, self.duration_s)
            time = f"about {low}" if low == high else f"{low} to {high}"
        jobs = f"{self.jobs:,} job{'s' * (self.jobs != 1)}"
        return f"{verb} {jobs}: {shots}, {slots}, {time}" if self.jobs else f"{verb} {jobs}"


async def preview(
    session: GroupSession, positions: Collection[int] | None, *, rerun: bool
) -> Preview:
    """Look at the jobs that a run would send, and ask their accounts for their plans."""
    states = FAILED if rerun else {UNSENT}
    records = await session.in_thread(session.store.records, states, positions)
    durations = await session.in_thread(session.store.statuses.durations)
    targets = {r.target[:3]: r.target for r in records}
    plans = [await _plan(session, target) for target in targets.values()]
    return Preview(
        jobs=len(records),
        shots=_sum([_shots(record) for record in records]),
        free_slots=_sum([plan.queue_free if plan else None for plan in plans]),
        duration_s=expected_s(
            len(records), _sum([plan.concurrent_max if plan else None for plan in plans]), durations
        ),
        is_rerun=rerun,
    )


async def _plan(session: GroupSession, target: Target) -> Availability | None:
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


def _time(seconds: float) -> str:
    """A time as people say it.

    >>> _time(42), _time(150), _time(9000)
    ('42 s', '2 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
