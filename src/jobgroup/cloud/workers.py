"""A `concurrent.futures.Executor` of worker processes of which one can die, or be killed, alone.

The standard `ProcessPoolExecutor` fails every pending call when one process dies, and its spawned
processes import the user's script again, which a script without a main guard does not survive.
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
from typing import Any, ParamSpec, TypeVar

from jobgroup.cloud.execution import warm
from jobgroup.cloud.worker import Call, receive, send

P = ParamSpec("P")
R = TypeVar("R")
Inbox = queue.SimpleQueue["tuple[Future[Any], Call] | None"]


class WorkerError(RuntimeError):
    """A call raised in the worker; the sentence is the worker's."""


class WorkerDiedError(WorkerError):
    """The process that ran the call ended before it answered."""


class WorkerProcesses(Executor):
    """Runs calls in `count` processes, started when first needed.

    A process that dies takes only the call that it was running with it, and is replaced.
    """

    def __init__(self, count: int) -> None:
        self._inbox: Inbox = queue.SimpleQueue()
        self._closed = False
        self._lanes = [_Lane(self._inbox, number) for number in range(count)]

    def warm(self) -> None:
        """Start the processes and import Perceval in them, in the background."""
        for lane in self._lanes:
            lane.process()

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Run ``fn(*args, **kwargs)`` in a worker; all of them must be picklable."""
        if self._closed:
            raise RuntimeError("The workers are shut down.")
        future: Future[R] = Future()
        self._inbox.put((future, (fn, args, kwargs)))
        return future

    def kill(self, future: Future[Any]) -> None:
        """End the process that runs `future`, if one does."""
        for lane in self._lanes:
            if lane.current is future:
                lane.kill()

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers."""
        return [lane.process().pid for lane in self._lanes]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers; `cancel_futures` drops the calls that wait and ends those that run."""
        self._closed = True
        if cancel_futures:
            with contextlib.suppress(queue.Empty):
                while item := self._inbox.get_nowait():
                    item[0].cancel()
        for _ in self._lanes:
            self._inbox.put(None)
        for lane in self._lanes:
            if cancel_futures:
                lane.kill()
            if wait:
                lane.thread.join()


class _Lane:
    """One worker process at a time, and the thread that talks to it."""

    def __init__(self, inbox: Inbox, number: int) -> None:
        self.current: Future[Any] | None = None
        self._inbox = inbox
        self._process: _Process | None = None
        self._lock = threading.Lock()
        self.thread = threading.Thread(
            target=self._work, name=f"jobgroup-cloud-worker-{number}", daemon=True
        )
        self.thread.start()

    def process(self) -> _Process:
        """The process, started if there is none."""
        with self._lock:
            if self._process is None:
                self._process = _Process()
            return self._process

    def kill(self) -> None:
        """End the process at once."""
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
                result = self.process().ask(call)
            except (EOFError, OSError):
                code = self._bury()
                sentence = f"The process that ran this job ended (exit code {code})."
                future.set_exception(WorkerDiedError(sentence))
            except Exception as error:  # noqa: BLE001, the caller's, as an Executor hands it on
                future.set_exception(error)
            else:
                future.set_result(result)
            self.current = None
        self._bury()

    def _bury(self) -> int | None:
        with self._lock:
            process, self._process = self._process, None
        return process.end() if process else None


class _Process:
    """A running worker process, which imports Perceval before it looks for its first call."""

    def __init__(self) -> None:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "jobgroup.cloud.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        self.pid = self._popen.pid
        self._answers_owed = 0
        self._send((warm, (), {}))

    def ask(self, call: Call) -> Any:
        """Have one call made.

        Raises:
            WorkerError: the call raised.
            EOFError, OSError: the process ended.
        """
        self._send(call)
        succeeded, value = True, None
        while self._answers_owed:
            succeeded, value = receive(self._popen.stdout)
            self._answers_owed -= 1
        if not succeeded:
            raise WorkerError(value)
        return value

    def kill(self) -> None:
        """End the process at once."""
        self._popen.kill()

    def end(self) -> int:
        """Close the pipes, which ends the process, and return its exit code."""
        for stream in (self._popen.stdin, self._popen.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        return self._popen.wait()

    def _send(self, call: Call) -> None:
        with contextlib.suppress(BrokenPipeError):  # found out when the answer is read
            send(self._popen.stdin, call)
        self._answers_owed += 1
