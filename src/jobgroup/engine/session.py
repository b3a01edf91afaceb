"""Keep the state of one group in this process: file, lease, poller, runs and observers."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import anyio
import anyio.to_thread

from jobgroup.engine.file_watch import FileWatch
from jobgroup.engine.lease import HeldLease
from jobgroup.engine.loop import BackgroundLoop, ChangeCondition, SerialThread
from jobgroup.engine.poller import Poller
from jobgroup.engine.provider_cache import ProviderCache
from jobgroup.engine.run import Run
from jobgroup.engine.settling import Settling
from jobgroup.errors import GroupDeletedError, GroupMovedError, StorageError
from jobgroup.logs import logger
from jobgroup.providers.base import Provider
from jobgroup.store import GroupStore, Target

FILE_CHECK_INTERVAL_S: Final = 0.25
"""Seconds between two checks of an observed file for changes by other processes."""

T = TypeVar("T")
P = ParamSpec("P")

_log = logger(__name__)


class GroupSession:
    """The part of the engine for one group. All its `JobGroup` objects in this process share it.

    `serve` executes the requests of other processes while this one holds the lease.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        *,
        create: bool,
        loop: BackgroundLoop,
        providers: ProviderCache,
        serve: Callable[[GroupSession], Awaitable[None]],
    ) -> None:
        self.name = name
        self._serve = serve
        self.store = GroupStore(path, create=name if create else None)
        self.reset_after_fork(loop, providers)
        self.lease.mark_abandoned_unconfirmed()

    def reset_after_fork(self, loop: BackgroundLoop, providers: ProviderCache) -> None:
        """Drop the lease, runs and observers, which belong to the parent of a forked child."""
        self.loop = loop
        self._providers = providers
        self._changes = ChangeCondition()
        self.notify = self._changes.notify
        self.wait_until = self._changes.wait_until
        self.in_thread = SerialThread(loop)
        access = (self.store, loop, self.in_thread, self.notify)
        self.lease = HeldLease(*access, serve=lambda: self._serve(self))
        self.settling = Settling(*access, self.lease)
        self.poller = Poller(*access[:3], self._changes, provider=self.provider, lease=self.lease)
        self.runs: list[Run] = []
        self.doubtful_since: dict[int, float] = {}
        """Time at which each unanswered request began, by attempt, by the clock `lease.now_s`."""
        self._observers: dict[object, Callable[[], None]] = {}
        self._observers_lock = threading.Lock()
        self._is_following = False

    # -- from any thread ---------------------------------------------------------------------------

    def start(self, function: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> Future[Any]:
        return self.loop.start(function, *args, **kwargs)

    def is_current(self) -> bool:
        """Return whether the group still has its name and was not deleted or restored."""
        for _ in range(2):  # the first check notices a deletion, the second a restored file
            with suppress(GroupDeletedError):
                self.store.meta()
                return True
        return False

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after changes, in an engine thread; return a function that unsubscribes.

        While there are subscribers, the group is polled, and its file is checked for changes.
        """
        key = object()
        with self._observers_lock:
            self._observers[key] = callback
            must_start = not self._is_following
            self._is_following = True
        if must_start:
            self.start(self._follow)

        def unsubscribe() -> None:
            with self._observers_lock:
                self._observers.pop(key, None)

        return unsubscribe

    # -- on the loop -------------------------------------------------------------------------------

    async def provider(self, target: Target) -> Provider:
        """Return the provider for a job's account; see `ProviderCache.prepare`."""
        if self.loop.is_closing:  # no new threads during the interpreter's shutdown
            return self._providers.provider(target)
        return await self._providers.prepare(target)

    async def _follow(self) -> None:
        """Notify observers of each change by any process, while there are observers."""
        seen: object = None
        seen_data: int | None = None
        moved = ""
        file = FileWatch(self.store, self.in_thread)

        async def has_none_left() -> bool:
            nonlocal seen, seen_data, moved
            with self._observers_lock:
                callbacks = list(self._observers.values())
                self._is_following = bool(callbacks)
            if not callbacks:
                return True
            try:
                version, data_version = await file.versions()
                stored = self.store.results.writes
                # The end of a run changes no job, but observers of `busy` wait for it.
                now = (version, data_version, len(self.runs), self.lease.is_held, stored)
                if now != seen:
                    if data_version != seen_data:
                        self.notify()
                    seen, seen_data = now, data_version
                    await anyio.to_thread.run_sync(_call_all, callbacks)
            except GroupMovedError as error:
                if moved != str(error):
                    moved = str(error)
                    await anyio.to_thread.run_sync(_call_all, callbacks)
            except StorageError:
                pass  # a later read may succeed
            return False

        async with self.poller.polling():
            await self.wait_until(has_none_left, check_interval_s=FILE_CHECK_INTERVAL_S)


def _call_all(callbacks: list[Callable[[], None]]) -> None:
    for callback in callbacks:
        try:
            callback()
        except GroupDeletedError:
            continue  # the group was deleted: the next check reports it
        except Exception:  # noqa: BLE001 # the other subscribers must be called too
            _log.exception("a subscriber of a job group failed")
