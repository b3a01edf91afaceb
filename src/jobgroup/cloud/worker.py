"""Run a worker process, which reads pickled calls from stdin and writes results to stdout.

`worker_pool.WorkerPool` runs it as ``python -m jobgroup.cloud.worker``. It ends when stdin ends, so
no worker outlives a killed cloud.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import threading
from pathlib import Path
from typing import IO, Any

from jobgroup.cloud.execution import import_perceval

Call = tuple[Any, tuple[Any, ...], dict[str, Any]]


def send(stream: IO[bytes], value: Any) -> None:
    """Write one value; raise an error, and write nothing, if it cannot be pickled."""
    stream.write(pickle.dumps(value))
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one value; raise EOFError if the other process has ended."""
    try:
        return pickle.load(stream)  # noqa: S301, the other end is our own parent or child
    except pickle.UnpicklingError:  # the value is incomplete
        raise EOFError from None


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the cloud handles Ctrl-C and ends this process
    with contextlib.suppress(OSError):  # on Linux: kill this process first if memory runs out
        Path("/proc/self/oom_score_adj").write_text("1000")
    calls = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries' output must not mix with results
    inbox: queue.SimpleQueue[Call] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(calls, inbox), daemon=True).start()
    with contextlib.suppress(Exception):  # the call that needs it reports the error
        import_perceval()
    while True:
        function, args, kwargs = inbox.get()
        try:
            answer: tuple[bool, Any] = (True, function(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001, the caller gets it
            answer = (False, f"{type(error).__name__}: {error}")
        send(answers, answer)


def _read(calls: IO[bytes], inbox: queue.SimpleQueue[Call]) -> None:
    try:
        while True:
            inbox.put(receive(calls))
    except EOFError:
        os._exit(0)  # even during a simulation: no one reads the result
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
