"""The one thread of a dashboard: it alone sends, so that handlers are short and nothing overtakes.

It gathers what changes into at most four pushes a second, never sends much more than has arrived,
and ends when nobody looks and no program follows.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from jobgroup.dashboard import protocol
from jobgroup.dashboard.encoding import LARGE, LARGE_PATCH, Block, Buffers, encode
from jobgroup.dashboard.flow_control import Flow
from jobgroup.dashboard.kernel import CellWatch
from jobgroup.logs import logger
from jobgroup.store import ChangeSet

PUSH_EVERY_S: Final = 0.25
LOOK_EVERY_S: Final = 2.0
"""How often the state is read although nothing said that it changed: an answer of the cloud that
changes no job still makes the page say "updated just now"."""

CHUNK_ROWS: Final = 10_000
"""Rows of one message, a megabyte or so: the page paints early, and proxies do not choke."""

BLIND_SNAPSHOTS_S: Final = (0.3, 2.0, 5.0, 15.0)
"""Pauses between snapshots that nobody asked for: a kernel that runs a cell cannot hear the hello
of the dashboard that this very cell shows."""

BLIND_ROWS: Final = 2000
"""Groups above this wait for a hello."""

_log = logger(__name__)


class Source(Protocol):
    """What the sender reads; the widget behind it may change which group that is."""

    version: Any
    """The group's, when its state was read last."""

    def read_state(self) -> int | None:
        """Bring the traits up to date; returns the number of jobs, None where there is none."""

    def count_rows(self, since: int) -> int:
        """How many rows changed after a version."""

    def read_rows(self, since: int) -> ChangeSet:
        """The rows that changed after a version."""

    def read_changes(self, since: int) -> tuple[Block, Buffers]:
        """As `read_rows`, cheap if they are many."""

    def read_columns(self, first: int, end: int) -> tuple[Block, Buffers]:
        """The rows of some positions, cheap if they are many."""

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Be called after changes; returns what ends it."""

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send a message to the browser."""

    def rest(self) -> None:
        """Nobody looks: keep no threads."""

    def report(self, error: Exception) -> None:
        """Show an error of ours to the user."""


class Sender:
    """Everything public may be called from any thread, and returns at once."""

    def __init__(self, source: Source, epoch: str) -> None:
        self._source = source
        self._flow = Flow(epoch)
        self._condition = threading.Condition(threading.RLock())
        self._sending = threading.RLock()
        self._outbox: deque[protocol.Json] = deque()
        self._thread: threading.Thread | None = None
        self._context: contextvars.Context | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._cells = CellWatch()
        self._is_watched = False
        self._is_followed = False
        self._is_resting = False
        self._is_dirty = False
        self._heard_at = 0.0
        self._blind_count = 0
        self._blind_due_at: float | None = None
        self._ticked_at = 0.0

    # -- from any thread ---------------------------------------------------------------------------

    def display(self) -> None:
        """A view is on its way to the page: tell it the rows without waiting to be asked."""
        with self._condition:
            if self._is_watched and self._blind_due_at is None:
                return
            self._blind_count = 0
            self._blind_due_at = time.monotonic() + BLIND_SNAPSHOTS_S[0]
            self._watch()

    def greet(self, client: protocol.ClientState | None) -> None:
        """A view says hello."""
        with self._condition:
            # On ipykernel 7.4 the browser's messages are handled on the shell that last sent
            # something: sent in the hello's context, a click is heard during a cell.
            self._context = contextvars.copy_context()
            self._blind_due_at = None
            self._flow.ask(client)
            self._watch()

    def pull(self, pull: protocol.Sync) -> None:
        """A view says what has arrived; where the thread's pushes do not, push from here."""
        with self._condition:
            self._flow.acknowledge(pull.ack)
            self._blind_due_at = None
            self._heard_at = time.monotonic()
            if not pull.reply:
                return
            is_overdue = self._flow.is_overdue(self._heard_at)
            self._flow.ask(pull.client)
            self._watch()
        if is_overdue:
            self._tick()

    def leave(self) -> None:
        """No view can be seen any more."""
        with self._condition:
            self._is_watched = False
            self._blind_due_at = None
            self._condition.notify()

    def rest(self) -> None:
        """The group is gone: keep no thread until a view or a program says something again."""
        with self._condition:
            self._is_resting = True

    def follow(self) -> None:
        """A program observes the state: keep it up to date, whether a view can be seen or not."""
        with self._condition:
            if not self._is_followed:
                self._is_followed = True
                self._attend()

    def unfollow(self) -> None:
        """No program observes the state any more."""
        with self._condition:
            self._is_followed = False
            self._condition.notify()

    def begin_again(self, epoch: str) -> None:
        """Another group is shown now."""
        with self._condition:
            self._flow = Flow(epoch, pushed=self._flow.pushed, acknowledged=self._flow.pushed)
            if self._unsubscribe is not None:
                self._unsubscribe()
                self._unsubscribe = None
            if self._is_watched:
                self._watch()
            elif self._is_followed:
                self._attend()

    def put(self, message: protocol.Json) -> None:
        """Send a message as soon as may be."""
        with self._condition:
            self._outbox.append(message)
            self._run()

    def touch(self) -> None:
        """Something changed."""
        with self._condition:
            self._is_dirty = True
            self._is_resting = False
            if self._is_attended:
                self._run()

    def close(self) -> None:
        """Nothing more is sent."""
        self.leave()
        self.unfollow()
        self._cells.close()

    # -- the thread --------------------------------------------------------------------------------

    def _watch(self) -> None:
        self._is_watched = True
        self._heard_at = time.monotonic()
        self._attend()

    def _attend(self) -> None:
        self._is_dirty = True
        self._is_resting = False
        if self._unsubscribe is None:
            self._unsubscribe = self._source.subscribe(self.touch)
        self._run()

    def _run(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._loop, name="jobgroup-dashboard", daemon=True
            )
            self._thread.start()
        self._condition.notify()

    def _loop(self) -> None:
        while self._has_more():
            context = self._context
            if context is None:
                self._tick()
            else:
                context.copy().run(self._tick)

    def _has_more(self) -> bool:
        """Wait for work; False once there is none and nobody looks."""
        with self._condition:
            while True:
                now = time.monotonic()
                self._notice_loss(now)
                if self._outbox or self._due_in(now) <= 0:
                    return True
                if not self._is_attended or self._is_resting:
                    if self._unsubscribe is not None:
                        self._unsubscribe()
                        self._unsubscribe = None
                    self._thread = None
                    self._source.rest()
                    return False
                self._condition.wait(self._due_in(now))

    @property
    def _is_attended(self) -> bool:
        return self._is_watched or self._is_followed

    def _due_in(self, now: float) -> float:
        """Seconds until the state is to be read and rows are to be pushed."""
        if not self._is_attended:
            return float("inf")
        at = self._ticked_at + (PUSH_EVERY_S if self._is_dirty else LOOK_EVERY_S)
        if self._blind_due_at is not None:
            at = min(at, max(self._blind_due_at, self._ticked_at + PUSH_EVERY_S))
        return at - now

    def _notice_loss(self, now: float) -> None:
        if self._is_watched and self._cells.is_lost(now - self._heard_at):
            self.leave()

    def _tick(self) -> None:
        with self._sending:
            try:
                while self._outbox:
                    self._source.send(self._outbox.popleft())
                if self._due_in(time.monotonic()) <= 0:
                    self._push()
            except Exception as error:  # noqa: BLE001  (a dead thread would leave the page silent)
                _log.exception("a dashboard could not be brought up to date")
                self._source.report(error)

    def _push(self) -> None:
        now = time.monotonic()
        self._ticked_at = now
        self._is_dirty = False
        flow = self._flow
        total = self._source.read_state()
        if not self._is_watched:
            return
        if total is None:
            if flow.is_answer_due and flow.is_snapshot_due:  # else the kernel would count as busy
                self._send_part(flow, encode([]), [], version=0, total=0)
                flow.cursor = 0
            return
        if not flow.may_push(now):
            self._is_dirty = True
            return
        if self._blind_due_at is not None and not self._begin_blindly(flow, total, now):
            return
        changed = total if flow.is_snapshot_due else self._source.count_rows(flow.cursor)
        if changed > CHUNK_ROWS:
            flow.begin_again()
        if changed >= (LARGE if flow.is_snapshot_due else LARGE_PATCH):
            self._send_columns(flow, total)
        else:
            self._send_records(flow, total)

    def _begin_blindly(self, flow: Flow, total: int, now: float) -> bool:
        """Whether to push without having heard a hello; now and then from nothing."""
        if total > BLIND_ROWS:
            return False
        if self._blind_due_at is not None and now >= self._blind_due_at:
            self._blind_count = min(self._blind_count + 1, len(BLIND_SNAPSHOTS_S) - 1)
            self._blind_due_at = now + BLIND_SNAPSHOTS_S[self._blind_count]
            flow.begin_again()
        return True

    def _send_records(self, flow: Flow, total: int) -> None:
        changes = self._source.read_rows(max(0, flow.cursor))
        rows = encode(changes.records)
        if flow.is_snapshot_due:
            self._send_part(flow, rows, [], version=changes.version, total=rows["n"])
        elif changes.records or flow.is_answer_due:
            self._send_patch(flow, rows, [], version=changes.version, total=total)
        flow.cursor = changes.version

    def _send_columns(self, flow: Flow, total: int) -> None:
        """In parts. A row that changes meanwhile is newer than the version, and comes again."""
        version = int(self._source.version)
        if not flow.is_snapshot_due:
            rows, buffers = self._source.read_changes(flow.cursor)
            self._send_patch(flow, rows, buffers, version=version, total=total)
        else:
            firsts = range(0, total, CHUNK_ROWS)
            for part, first in enumerate(firsts):
                rows, buffers = self._source.read_columns(first, min(first + CHUNK_ROWS, total))
                self._send_part(
                    flow, rows, buffers, version=version, total=total, part=part, parts=len(firsts)
                )
        flow.cursor = version

    def _send_part(
        self,
        flow: Flow,
        rows: Block,
        buffers: Buffers,
        *,
        version: int,
        total: int,
        part: int = 0,
        parts: int = 1,
    ) -> None:
        message = protocol.snapshot(
            epoch=flow.epoch,
            version=version,
            n=flow.next_push(time.monotonic()),
            now=time.time(),
            total=total,
            part=part,
            parts=parts,
            rows=rows,
        )
        self._source.send(message, buffers or None)

    def _send_patch(
        self, flow: Flow, rows: Block, buffers: Buffers, *, version: int, total: int
    ) -> None:
        message = protocol.patch(
            epoch=flow.epoch,
            since=flow.cursor,
            to=version,
            n=flow.next_push(time.monotonic()),
            now=time.time(),
            total=total,
            rows=rows,
        )
        self._source.send(message, buffers or None)
