"""Start a page's runs in processes that outlive the page and the server."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from threading import Lock
from typing import Any, Final

from jobgroup.dashboard.group_commands import engine_args
from jobgroup.dashboard.protocol import Json
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup, engine_session
from jobgroup.secret import Secret
from jobgroup.store.atomic import make_directory
from jobgroup.store.names import encode
from jobgroup.store.paths import data_directory

START_TIMEOUT_S: Final = 60.0
"""Seconds within which a new process must acquire the group, even on a busy machine."""

STEADY_AFTER_S: Final = 2.0
"""Seconds to wait for an early end. A run that cannot send ends at once."""

CHECK_INTERVAL_S: Final = 0.1
KEEP_LOGS_S: Final = 30 * 86400.0
MAX_LOG_TAIL_BYTES: Final = 4000


class DetachedRuns:
    """The runs that this server started and that have not ended. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()

    def add(self, process: subprocess.Popen[bytes]) -> None:
        """Add a run. Its standard input stays open for tokens."""
        assert process.stdin is not None  # noqa: S101
        if sys.platform != "win32":
            os.set_blocking(
                process.stdin.fileno(), False
            )  # a stopped process must not block a thread
        with self._lock:
            self._processes.add(process)

    def count(self) -> int:
        """Return the number of runs that have not ended, and forget the others."""
        with self._lock:
            for process in list(self._processes):
                if process.poll() is not None:
                    self._processes.discard(process)
                    _close_input(process)
            return len(self._processes)

    def give_token(self, token: Secret, url: str, account: str) -> int:
        """Pass a token to the runs; return the number of runs that received it."""
        self.count()
        line = Secret(json.dumps([url, account, token.reveal()]) + "\n")
        with self._lock:
            return sum(_write_line(process, line) for process in self._processes)


def _write_line(process: subprocess.Popen[bytes], line: Secret) -> bool:
    assert process.stdin is not None  # noqa: S101
    if process.stdin.closed:
        return False
    written = 0
    with suppress(OSError):  # the process is ending or has been stopped for long
        written = os.write(process.stdin.fileno(), line.reveal().encode())
    if written == len(line.reveal().encode()):
        return True
    _close_input(process)  # it cannot parse a line after half a line
    return False


def _close_input(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101
    with suppress(OSError):
        process.stdin.close()


def start_run(
    group: JobGroup,
    command: str,
    args: Json,
    *,
    removals: int,
    runs: DetachedRuns,
    tokens: Iterable[list[str]] = (),
) -> Json:
    """Start `jobgroup run` or `rerun`, and return when the process has acquired the group.

    Args:
        group: group whose jobs to send.
        command: "run" or "rerun".
        args: arguments of the command, as a page sends them.
        removals: value of `Entries.removals` when the page looked up the positions.
        runs: runs to add the process to.
        tokens: URL, account and text of each token that the process cannot find elsewhere.

    Raises:
        JobGroupError: no job is selected, or the process ended at once without sending the jobs.
        TypeError, ValueError: an argument is unknown or wrong.
    """
    options = engine_args(group, args)
    if options.get("positions") == []:  # without positions, the command would send all jobs
        raise JobGroupError("No job is selected. Nothing was sent.")
    wanted = {
        "uuid": engine_session(group).store.meta()["uuid"],
        "removals": None if "state" in args else removals,
        "positions": options.get("positions"),
        "overrides": options.get("overrides", {}),
        "tokens": list(tokens),
    }
    log = _new_log(group.name)
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  (our own command)
            [sys.executable, "-m", "jobgroup", *command_line(group.name, command, options)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=os.environ | {"JOBGROUP_DATA_DIR": str(data_directory()), "COLUMNS": "200"},
            **_detached(),
        )
    assert process.stdin is not None  # noqa: S101
    with suppress(BrokenPipeError):  # its log has the reason
        process.stdin.write(json.dumps(wanted).encode() + b"\n")
        process.stdin.flush()
    runs.add(process)
    lease, give_up = engine_session(group).lease, time.monotonic() + START_TIMEOUT_S
    steady_at = math.inf
    while process.poll() is None and time.monotonic() < steady_at:
        if steady_at == math.inf and lease.is_held_elsewhere():
            steady_at = time.monotonic() + STEADY_AFTER_S
        elif time.monotonic() > give_up:
            return {"text": f"Process {process.pid} was started but has not begun yet: see {log}"}
        time.sleep(CHECK_INTERVAL_S)
    if process.poll():
        raise JobGroupError(_last_line(log) or f"The run ended at once: see {log}.")
    if process.poll() == 0:
        return {"text": _last_line(log) or "Done"}
    what = "Sending"
    if any(incident.kind == "token" for incident in engine_session(group).store.incidents.list()):
        what = "Waiting for a token"
    return {
        "text": f"{what}: process {process.pid}, which outlives this page and its server, but not"
        " the machine or container."
    }


def command_line(name: str, command: str, options: Json) -> list[str]:
    """Return the arguments of `jobgroup`. Long and secret values go through a pipe instead."""
    words = [command, "--request-stdin"]
    if options.get("mode") == "sequential":
        words.append(f"--delay={options.get('delay', 0)}")
    elif command == "run" and options.get("mode") != "parallel":
        words.append("--queue")
        if "concurrent_job_count" in options:
            words.append(f"--concurrent={options['concurrent_job_count']}")
    if not options.get("replace", True):
        words.append("--append")
    return [*words, "--", name]


def _new_log(name: str) -> Path:
    """Return a new log file for a run, whose last line is then that of this run."""
    directory = data_directory() / "logs"
    make_directory(directory)
    _remove_old(directory)
    number, path = mkstemp(prefix=f"{encode(name)}-", suffix=".log", dir=directory)
    os.close(number)
    return Path(path)


def _remove_old(directory: Path) -> None:
    """Remove logs that have not changed for a long time."""
    oldest = time.time() - KEEP_LOGS_S
    for log in directory.glob("*.log"):
        with suppress(OSError):  # another server was faster
            if log.lstat().st_mtime < oldest:
                log.unlink()


def _detached() -> dict[str, Any]:
    """Return the Popen arguments that let a process outlive this one."""
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
        return {"creationflags": flags}
    return {"start_new_session": True}


def _last_line(log: Path) -> str:
    """Return the last line that the process wrote."""
    with log.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - MAX_LOG_TAIL_BYTES))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")
