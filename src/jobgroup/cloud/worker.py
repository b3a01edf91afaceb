"""The worker process: reads pickled calls from its standard input, writes answers to its output.

`workers.WorkerProcesses` runs it as ``python -m jobgroup.cloud.worker``. It ends when its input
does, so that no worker outlives a cloud that was killed.
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

Call = tuple[Any, tuple[Any, ...], dict[str, Any]]


def send(stream: IO[bytes] | None, value: Any) -> None:
    """Write one value, with its length before it."""
    if stream is None:
        raise EOFError("there is no pipe")
    data = pickle.dumps(value)
    stream.write(len(data).to_bytes(8, "big") + data)
    stream.flush()


def receive(stream: IO[bytes] | None) -> Any:
    """Read one value; EOFError when the other side is gone."""
    header = stream.read(8) if stream else b""
    size = int.from_bytes(header, "big")
    data = stream.read(size) if stream and len(header) == 8 else b""
    if len(header) < 8 or len(data) < size:
        raise EOFError("the other side is gone")
    return pickle.loads(data)  # noqa: S301, the other end is our own parent or child


def main() -> None:
    """Answer calls until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the cloud, which then ends us
    with contextlib.suppress(OSError):  # only Linux has it: should memory run out, end us first
        Path("/proc/self/oom_score_adj").write_text("1000")
    calls = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get among the answers
    inbox: queue.SimpleQueue[Call] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(calls, inbox), daemon=True).start()
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
        os._exit(0)  # also in the middle of a simulation that nobody waits for any more
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
