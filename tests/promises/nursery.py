"""Start processes for tests in milliseconds, forked from a process that has imported jobgroup.

A child runs a source text, and exchanges lines of JSON with the test over a socket. Unless it is
killed, it ends as every interpreter does, with `atexit`.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Self

AT_USE = ("anyio.from_thread", "httpx", "httpx_aiohttp", "jobgroup.providers.quandela", "tqdm.auto")
"""Modules that jobgroup imports at the first request: 0.3 s of processor time for each child."""


PR_SET_PDEATHSIG = 1
"""Option of `prctl` on Linux: the signal that a process gets when its parent ends."""


class ChildFailed(AssertionError):  # noqa: N818 (it fails the test)
    """The child raised an error. The text is its traceback."""


class Child:
    """A child process, from the test's side."""

    def __init__(self, path: str, order: dict[str, Any]) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._file = self._socket.makefile("rw")
        self.tell(order)
        self.pid = int(self.hear())

    def tell(self, message: Any = None) -> None:
        """Send a value to the child, which waits for it with `hear()`."""
        self._file.write(json.dumps(message) + "\n")
        self._file.flush()

    def hear(self, timeout_s: float = 120) -> Any:
        """Return the next value that the child sends.

        Raises:
            EOFError: the child has ended.
            ChildFailed: the child raised an error.
        """
        self._socket.settimeout(timeout_s)
        line = self._file.readline()
        if not line.endswith("\n"):
            raise EOFError
        kind, value = json.loads(line)
        if kind == "raised":
            raise ChildFailed(value)
        if kind == "end":
            raise EOFError
        return value

    def all(self, timeout_s: float = 120) -> list[Any]:
        """Wait for the child's end, and return everything that it sent. ChildFailed may be
        raised.
        """
        said = []
        with suppress(EOFError, ConnectionResetError):
            while True:
                said.append(self.hear(timeout_s))
        self._gone()
        return said

    @property
    def is_alive(self) -> bool:
        """Whether the child is running."""
        return Path(f"/proc/{self.pid}").exists()

    def signal(self, number: int) -> None:
        """Send a signal to the child, if it has not ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> list[Any]:
        """Kill the child, and return the values that it sent and the test has not read."""
        self.signal(signal.SIGKILL)
        with suppress(ChildFailed):
            return self.all()
        return []

    def close(self) -> None:
        """End the child, if it has not ended."""
        self.signal(signal.SIGKILL)
        self._file.close()
        self._socket.close()

    def _gone(self) -> None:
        give_up = time.monotonic() + 120
        while self.is_alive:
            assert time.monotonic() < give_up, "the child did not end"
            time.sleep(0.002)


class Nursery:
    """The factory of child processes.

    Args:
        env: additions to their environment.
        imports: modules that are imported before the first child starts.
    """

    def __init__(self, env: Mapping[str, str] | None = None, imports: Sequence[str] = ()) -> None:
        self._env = env or {}
        self._imports = imports
        self._directory = tempfile.TemporaryDirectory(prefix="jg")
        self._path = str(Path(self._directory.name) / "s")
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **self._env}
        self._process = subprocess.Popen(
            [sys.executable, __file__, self._path, *self._imports],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C for the test must not reach it
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()
        self._process.communicate()
        self._directory.cleanup()

    def start(self, source: str, *, env: Mapping[str, str] | None = None, **names: Any) -> Child:
        """Start a child that runs `source`, with `names` and the names of `_names` defined."""
        order = {"source": source, "names": names, "env": {**os.environ, **(env or {})}}
        child = Child(self._path, order)
        self._children.append(child)
        return child

    def clear(self) -> None:
        """End all children."""
        for child in self._children:
            child.close()
        self._children.clear()


def _tell(connection: socket.socket, message: Sequence[Any]) -> None:
    """Send a line at once: an interrupted flush of a file would send it again with the next one."""
    connection.sendall((json.dumps(message) + "\n").encode())


def _names(connection: socket.socket, talk: Any) -> dict[str, Any]:
    """The names for a child's source: `say`, `hear`, `job`, and jobgroup's names."""
    import jobgroup

    def say(value: Any = None) -> None:
        _tell(connection, ["said", value])

    def hear() -> Any:
        return json.loads(talk.readline())

    def job(name: str, **parameters: Any) -> jobgroup.RemoteJob:
        body = {"command": "timer", "parameters": parameters}
        return jobgroup.RemoteJob(body, platform="test:timer", name=name)

    names = {n: getattr(jobgroup, n) for n in jobgroup.__all__ if n != "Dashboard"}
    return {**names, "say": say, "hear": hear, "job": job, "os": os, "time": time}


def _live(connection: socket.socket) -> None:
    talk = connection.makefile("r")
    order = json.loads(talk.readline())
    os.environ.clear()
    os.environ.update(order["env"])
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background
    _tell(connection, ["said", os.getpid()])
    last: tuple[str, Any] = ("end", None)
    try:
        exec(order["source"], _names(connection, talk) | order["names"])
    except KeyboardInterrupt:
        last = ("said", "interrupted")
    except BaseException as error:  # noqa: BLE001 (the test sees it)
        last = ("raised", traceback.format_exc())
        # Before 3.12, Python replaces an interrupt in `__set_name__`, for example during an import.
        if isinstance(error.__cause__, KeyboardInterrupt) and "__set_name__" in str(error):
            last = ("said", "interrupted")
    with suppress(OSError):
        _tell(connection, last)


def _serve(path: str, *imports: str) -> None:
    for name in (*AT_USE, *imports):
        import_module(name)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel removes dead children automatically
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while sys.stdin not in select.select([server, sys.stdin], [], [])[0]:  # the test has ended
        connection, _ = server.accept()
        if os.fork() == 0:
            server.close()
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # the test was killed
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _live(connection)
            return
        connection.close()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
