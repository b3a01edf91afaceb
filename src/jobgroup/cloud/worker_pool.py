"""Provide an executor whose worker processes can die, or be killed, one at a time.

With Python 3.11, no library that we tried allows this. If one process dies, `ProcessPoolExecutor`
and loky 3.7 fail every pending call; they cannot end a running call. pebble 5.2 can do both. But
its pool breaks if a process dies while it is idle or starting, and each process imports the user's
script again, which breaks scripts without a main guard.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import IO, Any, ParamSpec, TypeVar, cast

from jobgroup.cloud.worker import Call, receive, send

P = ParamSpec("P")
R = TypeVar("R")
Inbox = queue.SimpleQueue["tuple[Future[Any], Call] | None"]


class WorkerError(RuntimeError):
    """A call failed in its process, or the process ended before it returned a result."""


class WorkerPool(Executor):
    """Runs calls in `count` processes, which start when first needed.

    If a process dies, only its own call fails, and the process is replaced.
    """

    def __init__(self, count: int) -> None:
        self._inbox: Inbox = queue.SimpleQueue()
        self._closed = False
        self._slots = [_WorkerSlot(self._inbox, number) for number in range(count)]

    def prewarm(self) -> None:
        """Start the processes, which import Perceval in the background."""
        for slot in self._slots:
            slot.start()

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Run ``fn(*args, **kwargs)`` in a worker; function and arguments must be picklable."""
        if self._closed:
            raise RuntimeError("The workers are shut down.")
        future: Future[R] = Future()
        self._inbox.put((future, (fn, args, kwargs)))
        return future

    def kill(self, future: Future[Any]) -> None:
        for slot in self._slots:
            if slot.current is future:
                slot.kill()

    @property
    def pids(self) -> list[int]:
        return [slot.start().pid for slot in self._slots]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers; `cancel_futures` drops waiting calls and ends running ones."""
        self._closed = True
        if cancel_futures:
            with contextlib.suppress(queue.Empty):
                while item := self._inbox.get_nowait():
                    item[0].cancel()
        for _ in self._slots:
            self._inbox.put(None)
        for slot in self._slots:
            if cancel_futures:
                slot.kill()
            if wait:
                slot.thread.join()


class _WorkerSlot:
    """One worker process at a time, and the thread that communicates with it."""

    def __init__(self, inbox: Inbox, number: int) -> None:
        self.current: Future[Any] | None = None
        self._inbox = inbox
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self.thread = threading.Thread(
            target=self._work, name=f"jobgroup-cloud-worker-{number}", daemon=True
        )
        self.thread.start()

    def start(self) -> subprocess.Popen[bytes]:
        """Return the process; start it if there is none."""
        with self._lock:
            if self._process is None:
                path = os.pathsep.join(entry for entry in sys.path if entry)
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "jobgroup.cloud.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env={**os.environ, "PYTHONPATH": path},
                )
            return self._process

    def kill(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def _work(self) -> None:
        while (item := self._inbox.get()) is not None:
            future, call = item
            if not future.set_running_or_notify_cancel():
                continue
            self.current = future
            try:
                future.set_result(self._call(call))
            except (EOFError, OSError):
                code = self._reap()
                sentence = f"The process that ran this job ended (exit code {code})."
                future.set_exception(WorkerError(sentence))
            except Exception as error:  # noqa: BLE001, the future has the error
                future.set_exception(error)
            self.current = None
        self._reap()

    def _call(self, call: Call) -> Any:
        """Return a call's result; WorkerError if it failed, EOFError or OSError if it died."""
        process = self.start()
        with contextlib.suppress(BrokenPipeError):  # reading the result reports this
            send(cast(IO[bytes], process.stdin), call)
        succeeded, value = receive(cast(IO[bytes], process.stdout))
        if not succeeded:
            raise WorkerError(value)
        return value

    def _reap(self) -> int | None:
        """Close the pipes, which ends the process, and return its exit code."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return None
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                cast(IO[bytes], stream).close()
        return process.wait()
