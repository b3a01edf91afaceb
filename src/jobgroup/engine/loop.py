"""Run the event loop for all sending and polling, in a background thread."""

from __future__ import annotations

import atexit
import math
import os
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from jobgroup.engine.interrupt import EXIT_TIMEOUT_S, restore_sigint_handler
from jobgroup.errors import JobGroupError
from jobgroup.logs import logger

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from anyio import CapacityLimiter, Event
    from anyio.abc import TaskGroup
    from anyio.from_thread import BlockingPortal

_log = logger(__name__)

T = TypeVar("T")
P = ParamSpec("P")

PARK_TIMEOUT_S = 2.0
"""Seconds for which the interpreter's exit waits for the loop, once all else is done."""

CONDITION_CHECK_INTERVAL_S = 1.0
"""Seconds after which a condition is checked even without a change in this process."""


class BackgroundLoop:
    """An event loop in a daemon thread, started at the first use. A forked child needs its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._portal: BlockingPortal | None = None
        self._pid = -1
        self._spawned: set[Any] = set()
        self._at_exit: list[Callable[[], Awaitable[None]]] = []
        self._at_last: list[Callable[[], None]] = []
        self.is_closing = False
        self._is_parked = False

    def start(
        self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Run a coroutine function on the loop, from any thread.

        Canceling the future cancels the coroutine. If Python is shutting down, the future fails at
        once. This also restores Python's own handler of Ctrl-C.
        """
        if self._is_parked:
            failed: Future[T] = Future()
            failed.set_exception(JobGroupError("Python is shutting down, so nothing was sent."))
            return failed
        restore_sigint_handler()

        async def run() -> T:
            return await function(*args, **kwargs)

        return self._running().start_task_soon(run)

    def spawn(self, function: Callable[..., Awaitable[object]], *args: Any) -> None:
        """Run a coroutine function in the background. Call this only on the loop."""
        import asyncio

        async def run() -> None:
            try:
                await function(*args)
            except Exception:  # noqa: BLE001 # no one awaits the task
                _log.exception("a background task of the engine failed")

        task = asyncio.create_task(run())
        self._spawned.add(task)  # the loop itself keeps no strong reference
        task.add_done_callback(self._spawned.discard)

    def at_exit(self, function: Callable[[], Awaitable[None]]) -> None:
        """Run a coroutine function on the loop before the interpreter ends."""
        self._at_exit.append(function)

    def at_last(self, function: Callable[[], None]) -> None:
        """Call a function in the exiting thread after `at_exit`, even if that timed out."""
        self._at_last.append(function)

    def _running(self) -> BlockingPortal:
        with self._lock:
            if self._portal is None:
                self._portal = self._start()
                self._pid = os.getpid()
                atexit.register(self._close)
            return self._portal

    def _start(self) -> BlockingPortal:
        """Start the thread as a daemon, which never needs to be stopped, even in a fork."""
        import anyio
        from anyio.from_thread import BlockingPortal

        _refuse_green_threads()
        started: Future[BlockingPortal] = Future()

        async def live() -> None:
            async with BlockingPortal() as portal:
                started.set_result(portal)
                await portal.sleep_until_stopped()

        def run() -> None:
            try:
                # Windows has no signals that stop a process, and its default loop does not use
                # select.
                own = {} if sys.platform == "win32" else {"loop_factory": _patient_loop}
                anyio.run(live, backend_options=own)
            except BaseException as error:
                if started.done():
                    raise
                started.set_exception(error)

        threading.Thread(target=run, name="jobgroup-engine", daemon=True).start()
        return started.result()

    def _close(self) -> None:
        if self._pid != os.getpid():
            return
        self.is_closing = True

        async def finish() -> None:
            import anyio

            with anyio.move_on_after(EXIT_TIMEOUT_S):
                for function in self._at_exit:
                    await function()

        with suppress(Exception):  # the journal records unfinished requests
            self.start(finish).result(EXIT_TIMEOUT_S + 1)
        for function in self._at_last:
            function()
        self._park()

    def _park(self) -> None:
        """Block the loop forever: if it starts a thread during shutdown, Python crashes.

        In Python 3.11.2, the new thread uses a state that the main thread has already freed.
        """
        is_parked = threading.Event()

        def park() -> None:
            is_parked.set()
            threading.Event().wait()

        self._is_parked = True
        if self._portal is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._portal.start_task_soon(park)
                is_parked.wait(PARK_TIMEOUT_S)


class SerialThread:
    """Runs blocking functions outside the loop's thread, one at a time and in order."""

    def __init__(self, loop: BackgroundLoop) -> None:
        self._loop = loop
        self._turn: CapacityLimiter | None = None

    async def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function and return its result. Use this only on the loop."""
        import anyio
        import anyio.to_thread

        if self._loop.is_closing:  # no new threads during the interpreter's shutdown
            return function(*args, **kwargs)
        if self._turn is None:
            self._turn = anyio.CapacityLimiter(1)
        return await anyio.to_thread.run_sync(lambda: function(*args, **kwargs), limiter=self._turn)


class ChangeCondition:
    """Wakes the tasks that wait for a condition. Use it only on the loop."""

    def __init__(self) -> None:
        self._next: Event | None = None

    def notify(self) -> None:
        if self._next is not None:
            self._next.set()
            self._next = None

    def next_change(self) -> Event:
        """Return the event that the next `notify` sets. Get it before reading the state."""
        import anyio

        self._next = self._next or anyio.Event()
        return self._next

    async def wait_until(
        self,
        predicate: Callable[[], Awaitable[T]],
        timeout_s: float = math.inf,
        *,
        check_interval_s: float = CONDITION_CHECK_INTERVAL_S,
    ) -> T:
        """Wait until a coroutine function returns a true value, and return that.

        The function is called at once and after each `notify`, even during a call. It is also
        called every `check_interval_s` seconds, because other processes cannot notify this one.

        Args:
            predicate: coroutine function.
            timeout_s: seconds after which the last value is returned in any case.
            check_interval_s: maximum number of seconds between two calls.
        """
        import anyio

        end = anyio.current_time() + timeout_s
        while True:
            changed = self.next_change()
            value = await predicate()
            left_s = min(check_interval_s, end - anyio.current_time())
            if value or left_s <= 0:
                return value
            with anyio.move_on_after(left_s):
                await changed.wait()


@asynccontextmanager
async def task_group() -> AsyncIterator[TaskGroup]:
    """Open a task group that raises its first error instead of an exception group."""
    import anyio

    try:
        async with anyio.create_task_group() as group:
            yield group
    except BaseExceptionGroup as errors:
        first: BaseException = errors
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None


def _patient_loop() -> AbstractEventLoop:
    from jobgroup.engine.patient_loop import PatientLoop

    return PatientLoop()


def _refuse_green_threads() -> None:
    """Raise JobGroupError if gevent or eventlet has replaced threads: no loop can run then."""
    for library, module, question, part in (
        ("gevent", "gevent.monkey", "is_module_patched", "threading"),
        ("eventlet", "eventlet.patcher", "is_monkey_patched", "thread"),
    ):
        is_patched = getattr(sys.modules.get(module), question, None)
        if is_patched is not None and is_patched(part):
            raise JobGroupError(
                f"{library}'s monkey patching has replaced the threads that jobgroup needs. Nothing"
                " was sent. Use jobgroup in a process without it."
            )
