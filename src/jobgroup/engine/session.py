"""One group in this process: its file, its lease, its watcher, its runs, and who wants to know."""

from __future__ import annotations

import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import anyio.to_thread

from jobgroup.engine.lease import HeldLease
from jobgroup.engine.loop import BackgroundLoop
from jobgroup.engine.opened import OpenGroup
from jobgroup.engine.poller import Poller
from jobgroup.engine.provider_cache import Accounts
from jobgroup.engine.run_request import UnderWay
from jobgroup.engine.settling import Settling
from jobgroup.errors import GroupDeletedError, GroupMovedError, StorageError

LOOK_EVERY_S = 0.25
"""How often the file is looked at for what other processes changed."""


class GroupSession(OpenGroup):
    """Everything that this process does for one group; shared by all `JobGroup`s of that name.

    Args:
        name: of the group.
        path: of its file.
        create: make the file where it is missing.
        loop: on which everything happens.
        accounts: give the providers.
        serve: does what other processes ask, while this one holds the lease.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        *,
        create: bool,
        loop: BackgroundLoop,
        accounts: Accounts,
        serve: Callable[[GroupSession], Awaitable[None]],
    ) -> None:
        self._serve = serve
        super().__init__(name, path, create=create, loop=loop, accounts=accounts)
        self.mark_abandoned_unconfirmed()

    def begin(self, loop: BackgroundLoop, accounts: Accounts) -> None:
        """Be as new: without lease, runs and subscribers."""
        super().begin(loop, accounts)
        self.lease = HeldLease(self, lambda: self._serve(self))
        self.settling = Settling(self, self.lease)
        self.watcher = Poller(self, self.lease)
        self.runs: list[UnderWay] = []
        self.doubtful_since: dict[int, float] = {}
        """When requests of this process without an answer began, by attempt; `liveness.now_s`."""
        self._subscribers: dict[object, Callable[[], None]] = {}
        self._subscribers_lock = threading.Lock()
        self._has_ticker = False

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

    async def _tick(self) -> None:
        """Notify subscribers of every change, whoever made it, for as long as there are any."""
        seen: object = None
        seen_data: int | None = None
        moved = ""
        async with self.watcher.watched():
            while True:
                change = self.change
                with self._subscribers_lock:
                    callbacks = list(self._subscribers.values())
                    if not callbacks:
                        self._has_ticker = False
                        return
                try:
                    data_version = await self.in_thread(self.store.database.data_version)
                    version = await self.in_thread(lambda: self.store.version)
                    # a run's end changes no job, and who observes `busy` waits for it
                    now = (version, data_version, len(self.runs), self.lease.is_held)
                    if now != seen:
                        if data_version != seen_data:
                            self.changed()
                        seen, seen_data = now, data_version
                        await anyio.to_thread.run_sync(_call_all, callbacks, self.log)
                except GroupMovedError as error:
                    if moved != str(error):
                        moved = str(error)
                        await anyio.to_thread.run_sync(_call_all, callbacks, self.log)
                except StorageError:
                    pass  # a later look, perhaps
                with suppress(GroupDeletedError):
                    await self.next_change(LOOK_EVERY_S, change)


def _call_all(callbacks: list[Callable[[], None]], log: logging.Logger) -> None:
    for callback in callbacks:
        try:
            callback()
        except Exception:  # an observer's mistake must not stop the others
            log.exception("a subscriber of a job group failed")
