"""Run tasks in threads that all views of a server share.

Tasks that wait for the same file or for the same starting process get only a few threads, so that
other groups are not delayed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from threading import Lock, Semaphore, Thread
from typing import Any, Final

from jobgroup.dashboard.threads import Step
from jobgroup.errors import JobGroupError
from jobgroup.logs import logger

MAX_THREADS: Final = 16
MAX_THREADS_PER_KEY: Final = 2
MAX_WAITING_STEPS: Final = 100
"""Maximum number of a view's slow requests. Each may be as large as 1 MB."""

Task = Callable[[], object]
Key = Callable[[], str]
"""Function that returns the key of the next task, such as the file of the shown group."""

CallLater = Callable[[float, Task], object]
"""Function that schedules a task after a number of seconds. Any thread may call it."""

_log = logger(__name__)


class Workers:
    """A thread pool in which tasks with the same key use at most `MAX_THREADS_PER_KEY` threads."""

    def __init__(self) -> None:
        self._threads = _Threads()
        self._lock = Lock()
        self._running: dict[str, int] = {}
        self._waiting: dict[str, deque[Task]] = {}

    def submit(self, key: str, task: Task) -> None:
        """Queue a task and return at once."""
        with self._lock:
            if self._running.get(key, 0) >= MAX_THREADS_PER_KEY:
                self._waiting.setdefault(key, deque()).append(task)
                return
            self._running[key] = self._running.get(key, 0) + 1
        self._start(key, task)

    def close(self) -> None:
        """Start no further tasks."""
        with self._lock:
            self._waiting.clear()
        self._threads.close()

    def _start(self, key: str, task: Task) -> None:
        self._threads.submit(lambda: self._run(key, task))

    def _run(self, key: str, task: Task) -> None:
        try:
            task()
        except Exception:  # noqa: BLE001 # an error must not end later tasks
            _log.exception("A task of a dashboard's view failed.")
        with self._lock:
            waiting = self._waiting.get(key)
            following = waiting.popleft() if waiting else None
            if not waiting:
                self._waiting.pop(key, None)
            if following is None:
                self._running[key] -= 1
                if not self._running[key]:
                    del self._running[key]
                return
        self._start(key, following)


class _Threads:
    """At most `MAX_THREADS` threads, which end with the process, whatever they wait for.

    Threads of `concurrent.futures` would delay the end of the process until their tasks are done.
    """

    def __init__(self) -> None:
        self._tasks: SimpleQueue[Task] = SimpleQueue()
        self._idle = Semaphore(0)
        self._lock = Lock()
        self._count = 0
        self._is_closed = False

    def submit(self, task: Task) -> None:
        """Queue a task and return at once."""
        with self._lock:
            if self._is_closed:
                return
            self._tasks.put(task)
            if self._idle.acquire(blocking=False) or self._count == MAX_THREADS:
                return
            self._count += 1
            name = f"jobgroup-server_{self._count}"
        Thread(target=self._work, name=name, daemon=True).start()

    def close(self) -> None:
        """Start no further tasks."""
        self._is_closed = True

    def _work(self) -> None:
        while not self._is_closed:
            try:
                task = self._tasks.get_nowait()
            except Empty:
                self._idle.release()
                task = self._tasks.get()
            task()


class OrderedTasks:
    """Runs the tasks of one view in order, one at a time."""

    def __init__(self, workers: Workers, key: Key) -> None:
        self._workers = workers
        self._key = key
        self._lock = Lock()
        self._tasks: deque[Task] = deque()
        self._is_running = False

    def add(self, task: Task) -> None:
        """Queue a task and return at once."""
        with self._lock:
            self._tasks.append(task)
            if self._is_running:
                return
            self._is_running = True
        self._workers.submit(self._key(), self._run)

    def __len__(self) -> int:
        return len(self._tasks)

    def _run(self) -> None:
        task = self._tasks.popleft()
        try:
            task()
        finally:
            with self._lock:
                self._is_running = bool(self._tasks)
            if self._is_running:  # behind the queued tasks of other views
                self._workers.submit(self._key(), self._run)


class ViewPool(Executor):
    """A pool for one view's slow requests."""

    def __init__(self, workers: Workers, key: Key) -> None:
        self._workers = workers
        self._key = key
        self._futures: set[Future[Any]] = set()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Queue a call and return at once."""
        future: Future[Any] = Future()
        if len(self._futures) >= MAX_WAITING_STEPS:
            raise JobGroupError("Too many requests of this page are waiting. Try again later.")
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = function(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 # the future has the error
                future.set_exception(error)
            else:
                future.set_result(result)

        self._workers.submit(self._key(), run)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Drop calls that have not begun, if requested. This does not wait."""
        for future in list(self._futures) if cancel_futures else ():
            future.cancel()


class PooledDriver:
    """Calls a step in the threads of all views, and uses no thread between two calls."""

    def __init__(self, step: Step, workers: Workers, key: Key, call_later: CallLater) -> None:
        self._step = step
        self._workers = workers
        self._key = key
        self._call_later = call_later
        self._lock = Lock()
        self._is_woken = False
        self._is_running = False
        self._turn = 0

    def wake(self) -> None:
        """Schedule a call of the step."""
        with self._lock:
            self._is_woken = True
            if self._is_running:
                return
            self._is_running = True
            self._turn += 1
        self._workers.submit(self._key(), self._run)

    def _run(self) -> None:
        self._is_woken = False
        pause_s: float | None = 0.0
        try:
            pause_s = self._step()
        finally:
            with self._lock:
                is_due = self._is_woken or pause_s == 0
                self._is_running = is_due
                turn = self._turn
        if is_due:
            self._workers.submit(self._key(), self._run)
        elif pause_s is not None:
            self._call_later(pause_s, lambda: self._wake_at(turn))

    def _wake_at(self, turn: int) -> None:
        if turn == self._turn:  # otherwise `wake` was called
            self.wake()
