"""Follow a group as one stream of snapshots and events, for the views."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from jobgroup.errors import CredentialsError, StorageError
from jobgroup.group import JobGroup, engine_session
from jobgroup.group.events import GroupEvent
from jobgroup.status import TERMINAL, UNSENT
from jobgroup.store import JobRecord
from jobgroup.words import format_states

SNAPSHOT_INTERVAL_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a group at one moment.

    Attributes:
        eta_s: shortest and longest likely time to the end, in seconds; None if unknown.
        next_up: positions of the prioritized jobs, in order.
        incident: current incident and its start, as text; "" if there is none.
        running: running jobs.
        failure: a failed job, usually the latest.
    """

    name: str
    description: str
    counts: Mapping[str, int]
    eta_s: tuple[float, float] | None
    is_paused: bool
    next_up: Sequence[int]
    incident: str
    running: tuple[JobRecord, ...] = ()
    failure: JobRecord | None = None

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        return sum(self.counts.get(state, 0) for state in TERMINAL)


class Observer:
    """Takes snapshots of a group. Each one reads only the jobs changed since the one before."""

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
                self._failure = None  # the job was rerun
        state = group.state
        since = state.incident_since
        return Snapshot(
            name=group.name,
            description=group.description,
            counts=state.counts,
            eta_s=state.eta_s,
            is_paused=state.paused,
            next_up=state.next_up,
            incident=f"since {local(since)}: {state.last_error}"
            if state.last_error and since is not None
            else state.last_error,
            running=tuple(self._running.values()),
            failure=self._failure,
        )


def follow(group: JobGroup) -> Iterator[Snapshot | GroupEvent]:
    """Yield a snapshot every half second, and each event, until the event "finished".

    The group is polled until the stream ends. If no job is active, the stream ends at once.

    Raises:
        CredentialsError: the token is missing or rejected.
    """
    events: queue.SimpleQueue[GroupEvent] = queue.SimpleQueue()
    with ExitStack() as stack:
        snapshots = _polled(group, stack)
        stack.enter_context(group.on_done(events.put))
        yield next(snapshots)
        group.refresh()
        counts = group.state.counts
        if not group.state.active and (not counts or UNSENT in counts):
            yield next(snapshots)
            return
        began = time.time()
        while True:
            event = None
            with suppress(queue.Empty):
                event = events.get(timeout=SNAPSHOT_INTERVAL_S)
            yield next(snapshots)
            if event is not None:
                yield event
                if event.kind == "finished":
                    return
            if group.state.incident == "token" and group.state.incident_since >= began:
                raise CredentialsError(group.state.last_error)


def follow_until(group: JobGroup, over: threading.Event) -> Iterator[Snapshot]:
    """Yield a snapshot every half second until `over` is set, and poll the group."""
    with ExitStack() as stack:
        snapshots = _polled(group, stack)
        while not over.wait(SNAPSHOT_INTERVAL_S):
            yield next(snapshots)
        yield next(snapshots)


def _polled(group: JobGroup, stack: ExitStack) -> Iterator[Snapshot]:
    """Poll the group while the stack is open, and return an iterator that takes snapshots."""
    stack.callback(engine_session(group).subscribe(lambda: None))

    def snapshots() -> Iterator[Snapshot]:
        observer = Observer(group)
        yield (snapshot := observer.look())
        while True:
            with suppress(StorageError):  # the next poll may succeed
                snapshot = observer.look()
            yield snapshot

    return snapshots()


def states(counts: Mapping[str, int]) -> str:
    """Return one line with the number of jobs in each state.

    >>> states({"success": 2, "unsent": 1, "cancel_requested": 1})
    '1 unsent, 1 cancel requested, 2 success'
    """
    return format_states(counts) or "empty"


def span(low_s: float, high_s: float) -> str:
    """Return a range of durations in a suitable unit.

    >>> span(4, 20), span(100, 200), span(4000, 10000), span(90_000, 200_000)
    ('4 to 20 s', '2 to 3 min', '1.1 to 2.8 h', '1.0 to 2.3 days')
    """
    _, unit_s, unit, digits = next(u for u in _UNITS if high_s <= u[0])
    low, high = f"{low_s / unit_s:.{digits}f}", f"{high_s / unit_s:.{digits}f}"
    return f"{high} {unit}" if low == high else f"{low} to {high} {unit}"


_UNITS: Final = (
    (100, 1, "s", 0),
    (5_400, 60, "min", 0),
    (129_600, 3_600, "h", 1),
    (float("inf"), 86_400, "days", 1),
)


def local(seconds: float) -> str:
    """Return a time in this machine's time zone; "?" if it is out of range."""
    try:
        return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):
        return "?"
