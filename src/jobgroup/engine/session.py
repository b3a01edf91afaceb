"""One group in this process: its file, its lease, its watcher, its runs, and who wants to know."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import anyio
import anyio.to_thread

from jobgroup.credentials import token_for
from jobgroup.engine.lease import HeldLease, is_live
from jobgroup.engine.watching import Watcher
from jobgroup.errors import GroupDeletedError, StorageError
from jobgroup.store import GroupStore

if TYPE_CHECKING:
    from jobgroup.engine.engine import Engine
    from jobgroup.engine.runs import Run
    from jobgroup.providers.base import Provider
    from jobgroup.store import Target

T = TypeVar("T")
P = ParamSpec("P")

LOOK_EVERY_S = 0.25
"""How often the file is looked at for what other processes changed."""


class GroupSession:
    """Everything that this process does for one group; shared by all `JobGroup`s of that name."""

    def __init__(self, engine: Engine, name: str, path: Path, *, create: bool) -> None:
        self.engine = engine
        self.name = name
        self.log = logging.getLogger("jobgroup")
        self.store = GroupStore(path, create=name if create else None)
        self.lease = HeldLease(self)
        self.watcher = Watcher(self)
        self.runs: list[Run] = []
        self._turn: anyio.CapacityLimiter | None = None
        self._changed = anyio.Event()
        self._subscribers: dict[object, Callable[[], None]] = {}
        self._subscribers_lock = threading.Lock()
        self._has_ticker = False
        self.settle_abandoned()

    def settle_abandoned(self) -> None:
        """What a dead launcher left in flight is unconfirmed: nothing is *sending* for ever."""
        journal = self.store.journal
        with suppress(StorageError):  # a read-only file is shown as it is
            if journal.has_in_flight():
                journal.recover_if_abandoned(is_live)

    def is_current(self) -> bool:
        """Whether its group is still the one of that name: not deleted, or restored."""
        for _ in range(2):  # the first look notices a deletion, the second a restored file
            with suppress(GroupDeletedError):
                self.store.meta()
                return True
        return False

    # -- from any thread ---------------------------------------------------------------------------

    def start(self, function: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Future[Any]:
        """Run a coroutine function on the engine's loop."""
        return self.engine.loop.start(function, *args, **kwargs)

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back, from a thread of the engine, after changes; returns what ends it.

        While anybody is subscribed the cloud is polled and other processes' changes are seen.
        """
        key = object()
        with self._subscribers_lock:
            self._subscribers[key] = callback
            begin = not self._has_ticker
            self._has_ticker = True
        if begin:
            self.start(self._tick)

        def unsubscribe() -> None:
            with self._subscribers_lock:
                self._subscribers.pop(key, None)

        return unsubscribe

    # -- on the loop -------------------------------------------------------------------------------

    async def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Use the file without holding up the loop; one at a time, in order."""
        if self.engine.loop.is_closing:  # no new threads at the interpreter's end
            return function(*args, **kwargs)
        if self._turn is None:
            self._turn = anyio.CapacityLimiter(1)
        return await anyio.to_thread.run_sync(lambda: function(*args, **kwargs), limiter=self._turn)

    async def provider(self, target: Target) -> Provider:
        """The provider for a job's account, with a token at hand.

        Its imports take a while at the first use, and a keyring may ask the user.

        Raises:
            CredentialsError: there is no token, or the origin may carry none.
            MissingExtraError: no such provider is installed.
        """

        def prepare() -> Provider:
            token_for(target.origin, target.account)
            return self.engine.provider(target)

        if self.engine.loop.is_closing:
            return prepare()
        return await anyio.to_thread.run_sync(prepare)

    def changed(self) -> None:
        """Something was written: wake who waits for it. On the loop only."""
        self._changed.set()
        self._changed = anyio.Event()

    async def next_change(self, timeout_s: float = 1.0) -> None:
        """Wait until something changes in this process, or the time is up."""
        with anyio.move_on_after(timeout_s):
            await self._changed.wait()

    def serve_others(self) -> None:
        """This process has the lease now: do what other processes ask of the group."""
        from jobgroup.engine.commands import serve

        self.engine.spawn(serve, self)

    async def _tick(self) -> None:
        """Notify subscribers of every change, whoever made it, for as long as there are any."""
        seen: int | None = None
        seen_data: int | None = None
        async with self.watcher.watched():
            while True:
                with self._subscribers_lock:
                    callbacks = list(self._subscribers.values())
                    if not callbacks:
                        self._has_ticker = False
                        return
                with suppress(StorageError):
                    data_version = await self.in_thread(self.store.database.data_version)
                    version = await self.in_thread(lambda: self.store.version)
                    if (version, data_version) != (seen, seen_data):
                        if data_version != seen_data:
                            self.changed()
                        seen, seen_data = version, data_version
                        await anyio.to_thread.run_sync(_call_all, callbacks, self.log)
                with suppress(GroupDeletedError):
                    await self.next_change(LOOK_EVERY_S)


def _call_all(callbacks: list[Callable[[], None]], log: logging.Logger) -> None:
    for callback in callbacks:
        try:
            callback()
        except Exception:  # an observer's mistake must not stop the others
            log.exception("a subscriber of a job group failed")
