"""Handle a view's web socket, which carries the same messages as a widget's comm.

Nothing here blocks the server's event loop: messages are parsed and queued, and threads answer
them.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from jobgroup_server import frames
from jobgroup_server.handlers import RESOURCE, is_allowed, require, version

if TYPE_CHECKING:  # the first view imports jobgroup
    from jobgroup_server.shared import Shared
    from jobgroup_server.view import View

PING_INTERVAL_MS = 30_000
MAX_UNANSWERED_PINGS = 3
"""Number of pings after which a silent browser counts as gone, for example because it lost its
network. Messages count as pongs, because a pong may wait behind megabytes on a slow line.
"""

RUNS_INTERVAL_MS = 30_000
MAX_MESSAGE_BYTES = 1_000_000
MESSAGES_PER_SECOND = 50.0
MAX_BURST = 200.0
MAX_VIEWS = 200
"""Maximum number of views. Each needs a file descriptor, and a process often has only 1,024."""

MAX_UNSENT_BYTES = 100_000_000
"""Maximum size of the frames that wait for a slow browser. A large group's rows take less."""

MAX_UNSENT_BYTES_OF_ALL = 300_000_000
"""Maximum size of the frames that wait for all browsers together. Above it, the slowest view is
closed.
"""

TOO_MANY, TOO_BAD, TOO_BUSY = 1008, 1007, 1013
"""Close codes: policy violation, invalid data, try again later."""


class Views:
    """The open views of one server.

    Args:
        last_activity_times: times of last activity in Jupyter Server, by extension.
        ping_interval_ms: interval between pings of each view; 0 for none.
    """

    def __init__(
        self,
        last_activity_times: dict[str, datetime],
        ping_interval_ms: float = PING_INTERVAL_MS,
    ) -> None:
        self._open: set[DashboardSocket] = set()
        self._shared: Shared | None = None
        self._last_activity_times = last_activity_times
        self._clocks = [PeriodicCallback(self._note_runs, RUNS_INTERVAL_MS)]
        if ping_interval_ms > 0:
            self._clocks.append(PeriodicCallback(self._ping, ping_interval_ms))

    def __len__(self) -> int:
        return len(self._open)

    def add(self, socket: DashboardSocket) -> None:
        """Add an open view."""
        self._open.add(socket)

    def discard(self, socket: DashboardSocket) -> None:
        """Remove a closed view."""
        self._open.discard(socket)

    async def prepare(self) -> None:
        """Import jobgroup in a thread, before the first view or list."""
        if self._shared is None:
            await IOLoop.current().run_in_executor(None, _import)

    def too_slow(self) -> DashboardSocket | None:
        """Return the slowest view, if too much data waits for it or for all views."""
        reading = [socket for socket in self._open if not socket.is_closing]
        if not reading:
            return None
        slowest = max(reading, key=lambda socket: socket.unsent_bytes)
        total = sum(socket.unsent_bytes for socket in reading)
        is_too_slow = slowest.unsent_bytes > MAX_UNSENT_BYTES or total > MAX_UNSENT_BYTES_OF_ALL
        return slowest if is_too_slow else None

    @property
    def shared(self) -> Shared:
        """Threads, decoder and tokens that all views share; available after `prepare`."""
        if self._shared is None:
            from jobgroup_server.shared import Shared

            self._shared = Shared()
            for clock in self._clocks:
                clock.start()
        return self._shared

    def activity(self) -> dict[str, Any] | None:
        """Return the number of watched groups with active jobs, and of runs; None if both are 0."""
        views = (socket.view for socket in self._open)
        watched = sorted({view.shown for view in views if view and view.is_watching_jobs})
        runs = 0 if self._shared is None else self._shared.runs.count()
        return {"watched": watched, "runs": runs} if watched or runs else None

    def _note_runs(self) -> None:
        """Count the server as active while a page's run is alive."""
        if self.shared.runs.count():
            self._last_activity_times[RESOURCE] = datetime.now(UTC)

    def _ping(self) -> None:
        for socket in list(self._open):
            socket.ping_or_close()

    def close(self) -> None:
        """Close all views and end the threads."""
        for clock in self._clocks:
            clock.stop()
        for socket in list(self._open):
            socket.close(1001)
        if self._shared is not None:
            self._shared.close()


class DashboardSocket(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """The server's end of one view."""

    auth_resource = RESOURCE
    view: View | None = None
    unsent_bytes = 0
    unanswered_pings = 0
    is_closing = False
    ping_interval = ping_timeout = 0.0  # Tornado does not count messages as pongs

    def set_default_headers(self) -> None:
        """Set no headers, because a web socket needs none of those for documents."""

    @property
    def max_message_size(self) -> int:
        """Maximum size of a message from the browser, in bytes."""
        return MAX_MESSAGE_BYTES

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Open the web socket if the user is allowed to read."""
        await require(self, "read")
        await self.settings["jobgroup_views"].prepare()
        await super().get(*args, **kwargs)

    def open(self, *_: Any, **__: Any) -> None:
        """Create the view's session in a thread. `Views` sends the pings, not the mixin."""
        from jobgroup_server.view import View

        self._allowance, self._counted_at = MAX_BURST, time.monotonic()
        loop, views = IOLoop.current(), self.settings["jobgroup_views"]
        self._views: Views = views
        if len(views) >= MAX_VIEWS:
            self.close(TOO_BUSY, "too many views")
            return

        def send(frame: str | bytes) -> None:
            with suppress(RuntimeError):  # the loop ended with the server
                loop.add_callback(self._write, frame)

        self.view = View(
            self.get_query_argument("group", "", strip=False),
            self.get_query_argument("uuid", ""),
            send=send,
            shared=views.shared,
        )
        views.add(self)
        send(frames.encode({"t": "version", "version": version()}))
        self.view.start()

    async def on_message(self, message: str | bytes) -> None:
        """Queue a message from the browser, if it is valid and the user may do this."""
        self.unanswered_pings = 0
        if self.view is None:
            return
        if not self._may_come():
            self.close(TOO_MANY, "too many messages")
            return
        try:
            content, size_bytes = self.view.decode(message), len(message)
        except ValueError:
            self.close(TOO_BAD, "not a message")
            return
        del message  # it may contain a token
        action = action_of(content)
        if action != "read" and not await is_allowed(self, action):
            self.view.refuse(content)
        else:
            self.view.receive(content, size_bytes)

    def on_pong(self, data: bytes) -> None:  # noqa: ARG002
        """Record that the browser responded."""
        self.unanswered_pings = 0

    def ping_or_close(self) -> None:
        """Send a ping; close the view if the browser has not responded to earlier ones."""
        if self.unanswered_pings >= MAX_UNANSWERED_PINGS:
            self.close()
            return
        self.unanswered_pings += 1
        with suppress(WebSocketClosedError):
            self.ping(b"")

    def on_close(self) -> None:
        """End the view."""
        super().on_close()
        if self.view is not None:
            self._views.discard(self)
            self.view.end()

    def _may_come(self) -> bool:
        """Return whether the view may send another message. The limit recovers over time."""
        now = time.monotonic()
        refill = (now - self._counted_at) * MESSAGES_PER_SECOND
        self._allowance, self._counted_at = min(MAX_BURST, self._allowance + refill) - 1, now
        return self._allowance >= 0

    async def _write(self, frame: str | bytes) -> None:
        if self.ws_connection is None or self.ws_connection.is_closing():
            return
        self.unsent_bytes += len(frame)
        try:
            if (slow := self._views.too_slow()) is not None:
                self.log.warning("A dashboard's view was closed because it reads too slowly.")
                slow.is_closing = True
                slow.close(TOO_MANY, "reads too slowly")
            if slow is not self:
                await self.write_message(frame, binary=isinstance(frame, bytes))
        except WebSocketClosedError:
            pass  # the browser has disconnected
        finally:
            self.unsent_bytes -= len(frame)


def _import() -> None:
    import jobgroup_server.view  # noqa: F401


def action_of(content: object) -> str:
    """Return the action that the authorizer must allow: "read", "write" or "execute"."""
    if not isinstance(content, dict):
        return "read"
    match content.get("t"), content.get("name"):
        case "set_trait", _:
            return "write"
        case "command", "open":
            return "read"
        case "command", "annotate" | "describe":
            return "write"
        case "command" | "token", _:  # commands that send, cancel or delete; new tokens
            return "execute"
        case _:
            return "read"
