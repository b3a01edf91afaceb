"""One run of an embedded cloud: everything that lives on the event loop of its thread."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self, TypeVar

from jobgroup.cloud.admin import AdminApi
from jobgroup.cloud.api import JobsApi, make_app
from jobgroup.cloud.engines import PercevalEngine, TimerEngine
from jobgroup.cloud.faults import Faults
from jobgroup.cloud.job_store import JobStore
from jobgroup.cloud.listener import Listener
from jobgroup.cloud.middleware import FaultMiddleware
from jobgroup.cloud.request_log import RequestLog
from jobgroup.cloud.scheduler import Engine, Plan, Scheduler
from jobgroup.cloud.worker_pool import WorkerPool

T = TypeVar("T")

CONTROL_DIRECTORY: Final = "control"
"""The folder through which workers report, in a cloud's directory."""

ANSWER_TIME_S: Final = 0.05
"""What a cloud that is told over HTTP to go offline takes to say yes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What stays from one run of a cloud to the next.

    Attributes:
        token: what clients must send.
        directory: where jobs and the workers' reports are.
        plan: the account's limits.
        faults: how it misbehaves.
        log: what it was asked.
        executor: what executes payloads, None for worker processes of our own.
        workers: how many payloads are executed at once; None for 1 with workers of our own, and
            for as many as the plan allows with another executor.
        prewarm: whether worker processes start at once.
    """

    token: str = field(repr=False)
    directory: Path
    plan: Plan
    faults: Faults
    log: RequestLog
    executor: Executor | None
    workers: int | None
    prewarm: bool


class Service:
    """Made on its own loop; `call` is for other threads, the rest for the loop's."""

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
        self._app = FaultMiddleware(
            make_app(calls + control),
            settings.token,
            routes=calls,
            plan=settings.plan,
            faults=settings.faults,
            log=settings.log,
            drop=self._listener.drop,
        )

    async def run(self, ready: Future[Self]) -> None:
        """Serve until `end`; `ready` gets this service when it listens."""
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
        """Call a function on the loop, from another thread, and give what it gives."""
        result: Future[T] = Future()

        def run() -> None:
            try:
                result.set_result(function())
            except Exception as error:  # noqa: BLE001, it is the caller's
                result.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return result.result()

    def end(self) -> None:
        self._ending.set()

    def go_offline(self, duration_s: float | None, *, after_s: float = ANSWER_TIME_S) -> None:
        """Refuse connections, and come back by itself where a duration is given."""
        if after_s:
            self._loop.call_later(after_s, self._begin, self._listener.pause)
        else:
            self._begin(self._listener.pause)  # before what is asked for next
        if duration_s is not None:
            self._loop.call_later(after_s + duration_s, self.go_online)

    def go_online(self) -> None:
        self._begin(self._listener.resume)

    def _begin(self, change: Callable[[], Coroutine[None, None, None]]) -> None:
        task = self._loop.create_task(change())
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)

    def settle(self) -> None:
        """Wait, in another thread, until it has gone and come back as it was told."""

        async def changes() -> None:
            await asyncio.gather(*self._changes, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(changes(), self._loop).result()

    def worker_pids(self) -> list[int]:
        """The process ids of the workers, where they are our own."""
        return self._executor.pids if isinstance(self._executor, WorkerPool) else []
