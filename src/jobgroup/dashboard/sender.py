"""Send a dashboard's changes to the browser, in order.

Changes are combined into at most four pushes per second. The sender rests if no page is open and no
program observes the state.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

from jobgroup.dashboard.kernel import CellMonitor
from jobgroup.dashboard.protocol import Buffers, ClientState, Json, Push, Sync
from jobgroup.dashboard.sync_state import SyncState
from jobgroup.dashboard.threads import OWN_THREADS, Driver, Step
from jobgroup.logs import logger

PUSH_INTERVAL_S: Final = 0.25
GROUP_READ_INTERVAL_S: Final = 2.0
"""Seconds after which the state is read even without a reported change. If the cloud responds and
no job has changed, the page must still show "updated just now".
"""

_log = logger(__name__)


class Source(Protocol):
    """The group that the sender reads, and the page that it sends to. The group may be replaced."""

    def read_state(self) -> tuple[int, int]:
        """Update the traits; return the version and the number of jobs."""

    def read_rows(self, push: Push) -> Iterator[tuple[Json, Buffers]]:
        """Return the messages with the rows of a push."""

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after changes; return a function that unsubscribes."""

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send a message to the browser."""

    def rest(self) -> None:
        """End threads while no page is open."""

    def report(self, error: Exception) -> None:
        """Show an internal error to the user."""


class Sender:
    """Sends a session's changes. Any thread may call the public methods; they return at once."""

    def __init__(
        self, source: Source, make_driver: Callable[[Step], Driver] = OWN_THREADS.driver
    ) -> None:
        self._source = source
        self._driver = make_driver(self._step)
        self._is_driven = False
        self._sync = SyncState()
        self._lock = threading.RLock()
        self._sending = threading.RLock()
        self._outbox: deque[Json] = deque()
        self._context: contextvars.Context | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._cells = CellMonitor()
        self._page_epoch = ""
        self._is_observed = False
        self._has_views = False
        self._is_resting = False
        self._is_dirty = False
        self._version = 0
        self._heard_at = time.monotonic()
        self._read_at = 0.0

    # -- from any thread ---------------------------------------------------------------------------

    def reopen(self) -> None:
        """Restart after `close`, in a cell that displays the dashboard."""
        self._cells.open()

    def on_display(self) -> None:
        """Send rows to a view that is being displayed, even if it cannot request them yet."""
        with self._lock:
            if not self._sync.is_open:
                self._heard_at = time.monotonic()
                self._sync.displayed(self._heard_at)
                self._start()

    def on_open(self, client: ClientState | None) -> None:
        with self._lock:
            # ipykernel 7.4 handles the browser's messages on the shell that last sent a message.
            # Sending from this context lets it handle a click while a cell runs.
            self._context = contextvars.copy_context()
            self._heard_at = time.monotonic()
            self._has_views = True
            self._note_epoch(client)
            self._sync.opened(client)
            self._start()

    def on_sync(self, message: Sync) -> None:
        """Record that a view is open; push from this thread if no other thread's pushes arrive."""
        with self._lock:
            self._heard_at = time.monotonic()
            self._note_epoch(message.client)
            self._sync.synced(message.client, message.ack)
            if not message.reply:
                return
            is_overdue = self._sync.is_overdue(self._heard_at)  # as in Colab
            self._sync.opened(message.client)
            self._start()
        if is_overdue:
            self._tick()

    def on_close(self, *, has_views: bool = False) -> None:
        with self._lock:
            self._has_views = has_views
            self._heard_at = time.monotonic()
            self._sync.closed()
            self._nudge()

    def observe(self, is_observed: bool) -> None:
        """Record whether a program observes the state, which is then kept up to date."""
        with self._lock:
            if is_observed and not self._is_observed:
                self._start()
            self._is_observed = is_observed
            self._nudge()

    def rest(self) -> None:
        """End threads, because the group is gone, until a view or a program needs them again."""
        with self._lock:
            self._is_resting = True

    def restart(self) -> None:
        """Start again, because another group is shown."""
        with self._lock:
            self._sync.restart()
            self._stop_subscription()
            if self.is_active:
                self._start()

    def enqueue(self, message: Json) -> None:
        with self._lock:
            self._outbox.append(message)
            self._wake()

    def mark_dirty(self) -> None:
        with self._lock:
            self._is_dirty = True
            self._is_resting = False
            if self.is_active:
                self._wake()

    def close(self) -> None:
        self.on_close()
        self.observe(False)
        self._cells.close()

    # -- the steps ---------------------------------------------------------------------------------

    @property
    def epoch(self) -> str:
        return self._sync.epoch

    @property
    def page_epoch(self) -> str:
        """Return the epoch that the page last reported for its rows; by default the current epoch.

        The page reports each snapshot before it sends requests about its rows.
        """
        return self._page_epoch or self._sync.epoch

    def _note_epoch(self, client: ClientState | None) -> None:
        if client is not None:
            self._page_epoch = client.epoch

    @property
    def has_views(self) -> bool:
        """Whether a page has a view, even if it is out of sight."""
        return self._has_views

    def is_unviewed(self, for_s: float) -> bool:
        """Whether no page has had a view for `for_s` seconds, and no program observes the state."""
        with self._lock:
            if self._has_views or self._is_observed:
                return False
            return self._cells.is_lost(time.monotonic() - self._heard_at, for_s)

    @property
    def is_active(self) -> bool:
        """Whether a view is open or a program observes the state."""
        return self._sync.is_open or self._is_observed

    def _start(self) -> None:
        self._is_dirty = True
        self._is_resting = False
        if self._unsubscribe is None:
            self._unsubscribe = self._source.subscribe(self.mark_dirty)
        self._wake()

    def _wake(self) -> None:
        self._is_driven = True
        self._driver.wake()

    def _nudge(self) -> None:
        """Wake the driver to look for changes, if a view or an observer is active."""
        if self._is_driven:
            self._driver.wake()

    def _stop_subscription(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def _step(self) -> float | None:
        """Send due messages; return the seconds until the next step, or None if no page is open."""
        if self._is_due(time.monotonic()):
            context = self._context
            if context is None:
                self._tick()
            else:
                context.copy().run(self._tick)
        with self._lock:
            now = time.monotonic()
            if self._sync.is_open and self._cells.is_lost(now - self._heard_at):
                self._sync.closed()
            if self._is_due(now):
                return 0.0
            if not self.is_active or self._is_resting:
                self._stop_subscription()
                self._is_driven = False
                self._source.rest()
                return None
            return self._due_in(now)

    def _is_due(self, now: float) -> bool:
        return bool(self._outbox) or self._due_in(now) <= 0

    def _due_in(self, now: float) -> float:
        """Return the seconds until the state must be read."""
        if not self.is_active:
            return float("inf")
        is_behind = self._is_dirty or self._sync.is_behind(self._version)
        return self._read_at + (PUSH_INTERVAL_S if is_behind else GROUP_READ_INTERVAL_S) - now

    def _tick(self) -> None:
        with self._sending:
            try:
                self._send_outbox()
                if self._due_in(time.monotonic()) <= 0:
                    self._push()
            except Exception as error:  # noqa: BLE001  (a dead thread would leave the page silent)
                _log.exception("a dashboard could not be updated")
                self._source.report(error)

    def _send_outbox(self) -> None:
        while self._outbox:
            self._source.send(self._outbox.popleft())

    def _push(self) -> None:
        self._read_at, self._is_dirty = time.monotonic(), False
        self._version, total = self._source.read_state()
        with self._lock:
            push = self._sync.next(self._version, total, time.monotonic())
        if push is None:
            return
        for message, buffers in self._source.read_rows(push):
            self._source.send(message, buffers)
            self._send_outbox()  # a request that has to wait for many rows would look unheard
        with self._lock:
            self._sync.pushed(push, time.monotonic())
