"""Start, await and stop child processes that serve on loopback, with their children."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle
from pathlib import Path

START_TIMEOUT_S = 180
STOP_TIMEOUT_S = 10


_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 10
_ports = cycle(range(20_000 + 1000 * _worker, 21_000 + 1000 * _worker))
for _ in range(random.randrange(1000)):  # other runs of the tests on this machine start elsewhere
    next(_ports)


def free_port() -> int:
    """Return an unused loopback port that the system does not assign to other programs.

    The system assigns larger ports, and another test could get one before the server starts.
    """
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port := next(_ports)))
            return port


@contextmanager
def serving(
    command: Sequence[str], *, env: Mapping[str, str], cwd: Path, ready_url: str, log: Path
) -> Iterator[None]:
    """Run `command` during a block, which begins when `ready_url` returns 200.

    On Linux, it also ends if the process of the tests is killed.

    Raises:
        RuntimeError: it ended, or did not respond within START_TIMEOUT_S; the message is its log.
    """
    ends_with_tests = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*ends_with_tests, *command],
            env={**os.environ, **env},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that kernels can be stopped with it
        )
    try:
        _wait_until_ready(process, ready_url, log)
        yield
    finally:
        _stop(process)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with opener.open(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    msg = f"{url} does not answer:\n{log.read_text(errors='replace')}"
    raise RuntimeError(msg)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for request in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, request)
        except ProcessLookupError:
            break
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            continue
    process.wait()
