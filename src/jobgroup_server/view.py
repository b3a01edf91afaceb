"""Run a dashboard's session on a web socket. It shows a group, and sends no jobs itself."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from threading import Lock
from typing import Any, Final

from traitlets import HasTraits

from jobgroup.dashboard import protocol
from jobgroup.dashboard.queries import NEED_PERCEVAL
from jobgroup.dashboard.session import DashboardSession
from jobgroup.errors import GroupNotFoundError, JobGroupError
from jobgroup.group import JobGroup, engine_session
from jobgroup.secret import Secret
from jobgroup.store.encoding import json_safe
from jobgroup.store.paths import data_directory
from jobgroup.words import format_count
from jobgroup_server import frames
from jobgroup_server.detached import start_run
from jobgroup_server.shared import Shared
from jobgroup_server.workers import OrderedTasks

MAX_QUEUED: Final = 1000
MAX_QUEUED_BYTES: Final = 10_000_000
"""Maximum number and size of a view's queued messages. Further messages are dropped, and the page
repeats its requests.
"""

MAX_POSITIONS: Final = 2000
"""Maximum number of jobs whose results a query may request. Pages request 200 at a time."""

SENDING: Final = frozenset({"run", "rerun", "resend"})
"""Commands that start a process, because this process sends no jobs."""


class View:
    """The view of one web socket. All methods return at once."""

    def __init__(
        self, name: str, uuid: str, *, send: Callable[[str | bytes], None], shared: Shared
    ) -> None:
        self._name = name
        self._uuid = uuid
        self._send = send
        self._shared = shared
        self._tasks = OrderedTasks(shared.workers, lambda: f"message {self.shown}")
        self._queued_bytes = 0
        self._lock = Lock()
        self._session: SocketSession | None = None

    @property
    def shown(self) -> str:
        """Name of the shown group; "" for the list of all groups."""
        return self._name if self._session is None else self._session.group

    @property
    def is_watching_jobs(self) -> bool:
        """Whether a page shows the group and one of its jobs is running, waiting or being sent."""
        return self._session is not None and self._session.is_watched and self._session.active

    def start(self) -> None:
        """Open the group and send the traits."""
        self._tasks.add(self._open)

    @staticmethod
    def decode(frame: str | bytes) -> Any:
        """Return the message in a frame, with a hidden token; raise ValueError if there is none."""
        return protocol.hide_token(frames.decode(frame))

    def receive(self, content: object, size_bytes: int) -> None:
        """Handle a message from the browser."""
        with self._lock:
            size = self._queued_bytes + size_bytes
            is_taken = len(self._tasks) < MAX_QUEUED and size <= MAX_QUEUED_BYTES
            if is_taken:
                self._queued_bytes = size
        if is_taken:
            self._tasks.add(partial(self._receive, content, size_bytes))

    def refuse(self, content: dict[str, Any]) -> None:
        """Send the answer that the user is not allowed to do this."""
        text = "You are allowed to view this server's groups, but not to change them."
        self._send(frames.encode(protocol.error(str(content.get("id")), "Forbidden", text)))

    def end(self) -> None:
        """End the session."""
        self._tasks.add(self._end)

    def _open(self) -> None:
        try:
            group = self._required_group()
        except JobGroupError as error:
            self._send(frames.encode({"t": "refused", "message": str(error)}))
            return
        self._session = SocketSession(group, self._send, self._shared)
        self._session.send_traits()

    def _required_group(self) -> JobGroup | None:
        """Return the group, or None for the list; raise JobGroupError if it is another group."""
        if not self._name:
            return None
        try:
            group = JobGroup.open(self._name)
        except GroupNotFoundError as error:
            raise JobGroupError(
                f"{error} This server's groups are in {data_directory()}."
            ) from None
        if self._uuid not in ("", str(engine_session(group).store.meta()["uuid"])):
            raise JobGroupError(
                f"The group {self._name!r} in {data_directory()} is not the one of the notebook."
                " Kernel and server may have different data directories."
            )
        return group

    def _receive(self, content: object, size_bytes: int) -> None:
        with self._lock:
            self._queued_bytes -= size_bytes
        if self._session is not None:
            self._session.receive(content)

    def _end(self) -> None:
        if self._session is not None:
            self._session.end()


class SocketSession(DashboardSession):
    """A session that sends messages and traits as frames."""

    def __init__(
        self, group: JobGroup | None, send_frame: Callable[[str | bytes], None], shared: Shared
    ) -> None:
        self._send_frame = send_frame
        self._shared = shared
        super().__init__(group, threads=shared.threads_of(lambda: self.group))
        # Not the session's `observe`: its thread would follow the group even without an open view.
        HasTraits.observe(self, self._send_trait, list(self.traits(sync=True)))

    def set_token(self, token: Secret, url: str, account: str) -> str:
        """Keep a token in memory, for this server and for the processes that it starts."""
        runs = self._shared.set_token(token, url, account)
        return f"Token set for {url}" + f", also in {format_count(runs, 'run')}" * bool(runs)

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send a message to the browser."""
        self._send_frame(frames.encode(content, buffers or ()))

    def send_traits(self) -> None:
        """Send all traits. A page starts with them."""
        values = {name: getattr(self, name) for name in self.traits(sync=True)}
        self.send({"t": "traits", "values": json_safe(values)})

    def _send_trait(self, change: Any) -> None:
        self.send({"t": "traits", "values": json_safe({change.name: change.new})})

    def _do(self, name: str, args: protocol.Json, removals: int) -> Future[Any]:
        group = self.shown
        if name not in SENDING or group is None or self.read_only:
            return super()._do(name, args, removals)
        if engine_session(group).lease.is_held_elsewhere():
            return super()._do(name, args, removals)
        return self._requests.in_thread(self._start, name, group, args, removals)

    def _ask(self, name: str, args: protocol.Json, removals: int) -> Future[Any]:
        group = _first_of(args) if name == "compare_groups" else self.shown
        if group is None or not _needs_perceval(name, group):
            return super()._ask(name, args, removals)
        positions = args.get("positions") or []
        if len(positions) > MAX_POSITIONS:
            raise JobGroupError(f"Ask for the results of at most {MAX_POSITIONS} jobs at a time.")
        question = {"name": name, "args": args, "removals": removals, "group": group.name}
        question["uuid"] = engine_session(group).store.meta()["uuid"]  # raises for another group
        return self._shared.decoder.ask(self, question, self._shared.tokens())

    def _start(
        self, name: str, group: JobGroup, args: protocol.Json, removals: int
    ) -> protocol.Json:
        start = partial(start_run, group, runs=self._shared.runs, tokens=self._shared.tokens)
        if name != "resend":
            return start(name, args, removals=removals)
        store, positions = engine_session(group).store, args.get("positions") or []
        entries = zip(positions, store.entries.at(positions, removals=removals), strict=True)
        requeued = [position for position, entry in entries if store.unconfirmed.requeue(entry)]
        if not requeued:
            raise JobGroupError("None of these jobs is unconfirmed. Nothing was sent.")
        return start("run", {"positions": requeued}, removals=removals)


def _first_of(args: protocol.Json) -> JobGroup | None:
    """Return the first of several groups. The query is sent to a child under its name."""
    names = args.get("names")
    return JobGroup.open(str(names[0])) if isinstance(names, list) and names else None


def _needs_perceval(question: str, group: JobGroup) -> bool:
    """Return whether the answer may import Perceval. A saved state has only cached results."""
    return question in NEED_PERCEVAL or (question == "saved" and group.cache.enabled)
