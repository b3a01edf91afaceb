"""The worker process, which reads pickled calls from its input and writes results to its output.

`worker_pool.WorkerPool` runs it as ``python -m jobgroup.cloud.worker``. It ends when its input
ends, so no worker outlives a cloud that was killed.
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
    """Write one value, or nothing if it cannot be pickled."""
    stream.write(pickle.dumps(value))
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read one value; raise EOFError if the other side is gone."""
    try:
        return pickle.load(stream)  # noqa: S301, the other end is our own parent or child
    except pickle.UnpicklingError:  # cut short
        raise EOFError from None


def main() -> None:
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is for the cloud, which then ends this process
    with contextlib.suppress(
        OSError
    ):  # only on Linux: if memory runs out, this process is killed first
        Path("/proc/self/oom_score_adj").write_text("1000")
    calls = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library's output must not mix with the results
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
        os._exit(0)  # even during a simulation, whose result no one would read
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
