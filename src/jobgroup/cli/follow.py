"""The progress of a group as a stream of snapshots and events, for whichever view shows it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Final

from jobgroup.cli.snapshot import Observer, Snapshot
from jobgroup.errors import CredentialsError, StorageError
from jobgroup.group import JobGroup, engine_session
from jobgroup.group.events import GroupEvent
from jobgroup.status import UNSENT

SNAPSHOT_INTERVAL_S: Final = 0.5


def follow(group: JobGroup) -> Iterator[Snapshot | GroupEvent]:
    """Yield a snapshot every half second and each event, up to the event "finished".

    The group is polled meanwhile. The stream ends at once if no job is active.

    Raises:
        CredentialsError: the token is missing, or the cloud rejects it.
    """
    events: queue.SimpleQueue[GroupEvent] = queue.SimpleQueue()
    with ExitStack() as stack:
        stack.callback(engine_session(group).subscribe(_no_op))
        stack.enter_context(group.on_done(events.put))
        snapshots = _snapshots(group)
        yield next(snapshots)
        group.refresh()
        if not _is_under_way(group):
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
            if group.state.trouble == "token" and group.state.trouble_since >= began:
                raise CredentialsError(group.state.last_error)


def follow_until(group: JobGroup, over: threading.Event) -> Iterator[Snapshot]:
    """Yield a snapshot every half second until `over` is set; the group is polled meanwhile."""
    with ExitStack() as stack:
        stack.callback(engine_session(group).subscribe(_no_op))
        snapshots = _snapshots(group)
        while not over.wait(SNAPSHOT_INTERVAL_S):
            yield next(snapshots)
        yield next(snapshots)


def _snapshots(group: JobGroup) -> Iterator[Snapshot]:
    observer = Observer(group)
    yield (snapshot := observer.look())
    while True:
        with suppress(StorageError):  # the next look may succeed
            snapshot = observer.look()
        yield snapshot


def _is_under_way(group: JobGroup) -> bool:
    state = group.state
    return state.active or bool(state.counts and UNSENT not in state.counts)


def _no_op() -> None:
    """Subscribed, so that the group is polled."""
