"""Define `SweepReport`, which describes the effect of a sweep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from jobgroup.job import RemoteJob
from jobgroup.status import FAILED, REFUSED
from jobgroup.store.sweeps import Entry
from jobgroup.words import format_count, format_jobs

OnChange = Literal["report", "add", "replace_unsent"]
"""Treatments of points whose jobs in the group have a different body."""


@dataclass(frozen=True)
class SweepReport:
    """The result of `JobGroup.sweep` or `repeat`, in numbers of jobs. It prints as text.

    Attributes:
        new: number of jobs that were added.
        known: number of jobs that the group already had.
        changed: number of jobs whose points have a different body in the group; with
            ``on_change="replace_unsent"``, number of jobs whose bodies were replaced.
        skipped: number of jobs of points for which `build` returned None.
        total: sum of these numbers; for a sweep, the points times `repeats`.
        jobs: the group's jobs at these points, in the group's order.
        notes: additional information, as sentences.
        repeats: number of jobs per point of a sweep; None for a report of `repeat`.
    """

    new: int
    known: int
    changed: int
    skipped: int
    total: int
    jobs: list[RemoteJob] = field(repr=False)
    notes: tuple[str, ...] = ()
    repeats: int | None = None

    def __str__(self) -> str:
        counts = [f"{self.new:,} new", f"{self.known:,} in the group already"]
        counts += [f"{self.changed:,} changed"] * bool(self.changed)
        counts += [f"{self.skipped:,} left out"] * bool(self.skipped)
        return "\n".join([f"{self._size}: {', '.join(counts)}", *self.notes])

    __repr__ = __str__

    @property
    def _size(self) -> str:
        if self.repeats is None:
            return format_count(self.total, "job")
        points = format_count(self.total // self.repeats, "point")
        return points if self.repeats == 1 else f"{points} x {self.repeats:,} repeats"


@dataclass
class Tally:
    """The counts for a report."""

    counts: Counter[str] = field(default_factory=Counter)
    entry_ids: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    stayed: int = 0
    incomparable: Counter[str] = field(default_factory=Counter)
    differences: Counter[str] = field(default_factory=Counter)
    of_siblings: Counter[str] = field(default_factory=Counter)
    is_random: bool = False

    def add_known(self, entries: Iterable[Entry], siblings: Mapping[int | None, str]) -> None:
        """Count jobs that the group already had; `siblings` are names of other sweeps by id."""
        for entry in entries:
            self.entry_ids.add(entry.entry_id)
            if entry.state in FAILED:
                self.failed.add(entry.position)
            elif entry.state == REFUSED:
                self.refused.add(entry.position)
            if entry.sweep_id in siblings:
                self.of_siblings[siblings[entry.sweep_id]] += 1

    def notes(self, repeated: int, on_change: str) -> Iterator[str]:
        """Yield the sentences of a report."""
        if repeated:
            yield f"{format_count(repeated, 'point')} given more than once."
        if self.is_random:
            yield (
                "build is random: two calls for the same point returned different jobs. Fix its"
                " seed, so that known points are recognized."
            )
        elif self.differences:
            words = "; ".join(each for each, _ in self.differences.most_common())
            yield f"Changed: {words}.{_ADVICE * (on_change == 'report')}"
        for reason, count in self.incomparable.items():
            yield f"{format_count(count, 'job')} {reason}: counted as known."
        for name, count in self.of_siblings.items():
            yield f"{format_count(count, 'known job')} of the sweep {name!r}."
        if self.stayed:
            yield f"{format_count(self.stayed, 'changed job')} had been sent and stayed unchanged."
        if self.failed:
            yield f"{format_jobs([*self.failed])} failed; jg.rerun() reruns failed jobs."
        if self.refused:
            jobs, verb = format_jobs([*self.refused]), "was" if len(self.refused) == 1 else "were"
            yield f"{jobs} {verb} refused; jg.run_parallel() sends refused jobs again."


_ADVICE: Final = (
    " Nothing was added for these points: on_change='add' adds jobs, 'replace_unsent' replaces the"
    " bodies of unsent jobs."
)
