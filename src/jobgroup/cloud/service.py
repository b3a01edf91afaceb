"""Run an embedded cloud once, with all objects on its thread's event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Final, Self, TypeVar

from jobgroup.cloud.admin import AdminApi
from jobgroup.cloud.api import JobsApi, make_app
from jobgroup.cloud.engines import PercevalEngine, TimerEngine
from jobgroup.cloud.job_store import JobStore
from jobgroup.cloud.listener import Listener
from jobgroup.cloud.middleware import FaultMiddleware
from jobgroup.cloud.scheduler import Engine, Scheduler
from jobgroup.cloud.settings import CONTROL_DIRECTORY, Settings
from jobgroup.cloud.worker_pool import WorkerPool

T = TypeVar("T")

ANSWER_TIME_S: Final = 0.05
"""Seconds for the response to a request to go offline."""


class Service:
    """One run on its own loop. Other threads use only `call`, `settle` and `worker_pids`."""

    def __init__(self, settings: Settings, bound: socket.socket, store: JobStore) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        self._settings = settings
        self._store = store
        self._listener = Listener(bound)
        self._changes: set[asyncio.Task[None]] = set()
        control_directory = settings.directory / CONTROL_DIRECTORY
        for left in control_directory.iterdir():
            left.unlink(missing_ok=True)
        self._executor = settings.executor or WorkerPool(settings.workers or 1)
        capacity = settings.workers or (None if settings.executor else 1)
        perceval = PercevalEngine(self._executor, capacity, control_directory)
        engines: dict[bool, Engine] = {True: perceval, False: TimerEngine()}
        self.scheduler = Scheduler(store, settings.plan, engines, settings.faults)
        calls = JobsApi(store, self.scheduler, perceval).routes()
        control = AdminApi(settings.faults, self.scheduler, self.go_offline).routes()
        app = make_app(calls + control)
        self._app = FaultMiddleware(app, settings, calls, drop=self._listener.drop)

    async def run(self, ready: Future[Self]) -> None:
        """Serve until `end`; set `ready` to this service once it listens."""
        try:
            if self._settings.prewarm and isinstance(self._executor, WorkerPool):
                self._executor.prewarm()
            await self._listener.open(self._app)
            self.scheduler.resume()
            ready.set_result(self)
            await self._ending.wait()
            await self._listener.close()
            await self.scheduler.stop()
        finally:
            self._store.close()
            if self._executor is not self._settings.executor:
                self._executor.shutdown(wait=True, cancel_futures=True)

    def call(self, function: Callable[[], T]) -> T:
        """Call a function on the loop, from another thread, and return its result."""
        result: Future[T] = Future()

        def run() -> None:
            try:
                result.set_result(function())
            except Exception as error:  # noqa: BLE001, the caller gets it
                result.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return result.result()

    def end(self) -> None:
        self._ending.set()

    def go_offline(self, duration_s: float | None, *, after_s: float = ANSWER_TIME_S) -> None:
        """Refuse connections; accept them again after a duration, if one is given."""
        if after_s:
            self._loop.call_later(after_s, self._begin, self._listener.pause)
        else:
            self._begin(self._listener.pause)  # begin before the next call
        if duration_s is not None:
            self._loop.call_later(after_s + duration_s, self.go_online)

    def go_online(self) -> None:
        self._begin(self._listener.resume)

    def _begin(self, change: Callable[[], Coroutine[None, None, None]]) -> None:
        task = self._loop.create_task(change())
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)

    def settle(self) -> None:
        """Wait, in another thread, until the service is offline or online, as requested."""

        async def changes() -> None:
            await asyncio.gather(*self._changes, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(changes(), self._loop).result()

    def worker_pids(self) -> list[int]:
        return self._executor.pids if isinstance(self._executor, WorkerPool) else []
