"""How a group stands at a moment, as the live view and the plain lines tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from jobgroup.group import JobGroup, engine_session
from jobgroup.status import TERMINAL
from jobgroup.store import JobRecord
from jobgroup.words import format_states


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A group at a moment.

    Attributes:
        eta_s: shortest and longest likely time to the end in seconds; None where it is unknown.
        next_up: positions of the jobs that go first, in order.
        trouble: the standing problem with a cloud, "" for none.
        running: some of the jobs that run now.
        failure: one of the failed jobs, the latest as far as that was seen.
    """

    name: str
    description: str
    counts: Mapping[str, int]
    eta_s: tuple[float, float] | None
    is_paused: bool
    next_up: Sequence[int]
    trouble: str
    running: tuple[JobRecord, ...] = ()
    failure: JobRecord | None = None

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        return sum(self.counts.get(state, 0) for state in TERMINAL)


class Observer:
    """Takes snapshots of a group; reads only what changed since the one before."""

    def __init__(self, group: JobGroup) -> None:
        self._group = group
        self._version = 0
        self._running: dict[int, JobRecord] = {}
        self._failure: JobRecord | None = None

    def look(self) -> Snapshot:
        group = self._group
        changes = engine_session(group).store.changes_since(self._version)
        self._version = changes.version
        for record in changes.records:
            self._running.pop(record.position, None)
            if record.state == "running":
                self._running[record.position] = record
            elif record.state == "error":
                self._failure = record
            elif self._failure is not None and self._failure.position == record.position:
                self._failure = None  # it was rerun
        state = group.state
        return Snapshot(
            name=group.name,
            description=group.description,
            counts=state.counts,
            eta_s=state.eta_s,
            is_paused=state.paused,
            next_up=state.next_up,
            trouble=told_since(state.trouble_since, state.last_error),
            running=tuple(self._running.values()),
            failure=self._failure,
        )


def said(counts: Mapping[str, int]) -> str:
    """Jobs by state, in a line.

    >>> said({"success": 2, "unsent": 1, "cancel_requested": 1})
    '1 unsent, 1 cancel requested, 2 success'
    """
    return format_states(counts) or "empty"


def span(low_s: float, high_s: float) -> str:
    """A range of time, in the unit that suits it.

    >>> span(4, 20), span(100, 200), span(4000, 10000), span(90_000, 200_000)
    ('4 to 20 s', '2 to 3 min', '1.1 to 2.8 h', '1.0 to 2.3 days')
    """
    _, unit_s, unit, digits = next(u for u in _UNITS if high_s <= u[0])
    low, high = f"{low_s / unit_s:.{digits}f}", f"{high_s / unit_s:.{digits}f}"
    return f"{high} {unit}" if low == high else f"{low} to {high} {unit}"


_UNITS = (
    (100, 1, "s", 0),
    (5_400, 60, "min", 0),
    (129_600, 3_600, "h", 1),
    (float("inf"), 86_400, "days", 1),
)


def told_since(since: float | None, sentence: str) -> str:
    """A standing problem with the time when it began."""
    return f"since {local(since)}: {sentence}" if sentence and since is not None else sentence


def local(seconds: float) -> str:
    """A time as the clock on the wall shows it; "?" for what no calendar has."""
    try:
        return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):
        return "?"
