"""Start a page's runs in processes that outlive the page and the server."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from threading import Lock
from typing import Any, Final

from jobgroup.dashboard.group_commands import engine_args
from jobgroup.dashboard.protocol import Json
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup, engine_session
from jobgroup.secret import NOTHING, Secret
from jobgroup.store.atomic import make_directory
from jobgroup.store.names import encode
from jobgroup.store.paths import data_directory
from jobgroup.token_pipe import token_line

START_TIMEOUT_S: Final = 60.0
"""Seconds within which a new process must acquire the group, even on a busy machine."""

STEADY_AFTER_S: Final = 2.0
"""Seconds to wait for an early end. A run that cannot send ends at once."""

CHECK_INTERVAL_S: Final = 0.1
KEEP_LOGS_S: Final = 30 * 86400.0
MAX_LOG_TAIL_BYTES: Final = 4000
MAX_UNWRITTEN: Final = 100_000
"""Maximum number of characters that wait for a stopped run, which reads nothing."""

KnownToken = tuple[str, str, Secret]
"""URL, account and token."""


class _Run:
    """A process whose standard input stays open for tokens."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None  # noqa: S101
        self.process = process
        self._input = process.stdin
        self._unwritten = NOTHING
        if sys.platform != "win32":  # a stopped process must not block a thread
            os.set_blocking(self._input.fileno(), False)

    def give(self, line: Secret) -> bool:
        """Pass a line; return False if the process has not read it, or never will."""
        self._unwritten = Secret(self._unwritten.reveal() + line.reveal())
        return self.pass_on()

    def pass_on(self) -> bool:
        """Write lines that did not fit into the pipe; return whether the process has all lines."""
        if self._input.closed:
            return False
        try:
            written = os.write(self._input.fileno(), self._unwritten.reveal().encode())
        except BlockingIOError:
            written = 0
        except OSError:  # the process is ending
            self.close()
            return False
        self._unwritten = Secret(self._unwritten.reveal()[written:])
        if len(self._unwritten.reveal()) > MAX_UNWRITTEN:
            self.close()
        return not self._unwritten

    def close(self) -> None:
        """Pass no further lines."""
        self._unwritten = NOTHING
        with suppress(OSError):
            self._input.close()


class DetachedRuns:
    """The runs that this server started and that have not ended. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._runs: dict[int, _Run] = {}

    def add(self, process: subprocess.Popen[bytes]) -> None:
        """Add a run."""
        with self._lock:
            self._runs[process.pid] = _Run(process)

    def pass_on(self) -> None:
        """Pass the tokens that did not fit into pipes, and forget runs that have ended."""
        with self._lock:
            for pid, run in list(self._runs.items()):
                if run.process.poll() is None:
                    run.pass_on()
                else:
                    del self._runs[pid]
                    run.close()

    def count(self) -> int:
        """Return the number of runs that have not ended."""
        self.pass_on()
        return len(self._runs)

    def give_token(self, token: KnownToken, process: subprocess.Popen[bytes] | None = None) -> int:
        """Pass a token to one run, or to all; return the number of runs that received it."""
        self.pass_on()
        line = token_line(*token)
        with self._lock:
            runs = [run for run in self._runs.values() if process in (None, run.process)]
            return sum(run.give(line) for run in runs)


def start_run(
    group: JobGroup,
    command: str,
    args: Json,
    *,
    removals: int,
    runs: DetachedRuns,
    tokens: Callable[[], list[KnownToken]] = list,
) -> Json:
    """Start `jobgroup run` or `rerun`, and return when the process has acquired the group.

    Args:
        group: group whose jobs to send.
        command: "run" or "rerun".
        args: arguments of the command, as a page sends them.
        removals: value of `Entries.removals` when the page looked up the positions.
        runs: runs to add the process to.
        tokens: function that returns the tokens that the process cannot find elsewhere.

    Raises:
        JobGroupError: no job is selected, or the process ended at once without sending the jobs.
        TypeError, ValueError: an argument is unknown or wrong.
    """
    options = engine_args(group, args)
    if options.get("positions") == []:  # without positions, the command would send all jobs
        raise JobGroupError("No job is selected. Nothing was sent.")
    given = tokens()
    wanted = {
        "uuid": engine_session(group).store.meta()["uuid"],
        "removals": None if "state" in args else removals,
        "positions": options.get("positions"),
        "overrides": options.get("overrides", {}),
        "tokens": len(given),
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
        for token in given:
            process.stdin.write(token_line(*token).reveal().encode())
        process.stdin.flush()
    runs.add(process)
    for token in tokens():
        if token not in given:  # the token was typed while the process was starting
            runs.give_token(token, process)
    return _outcome(group, process, log, runs)


def _outcome(
    group: JobGroup, process: subprocess.Popen[bytes], log: Path, runs: DetachedRuns
) -> Json:
    """Wait until a process has acquired the group, and describe what it does."""
    lease, give_up = engine_session(group).lease, time.monotonic() + START_TIMEOUT_S
    steady_at = math.inf
    while process.poll() is None and time.monotonic() < steady_at:
        if steady_at == math.inf and lease.is_held_elsewhere():
            steady_at = time.monotonic() + STEADY_AFTER_S
        elif time.monotonic() > give_up:
            return {"text": f"Process {process.pid} was started but has not begun yet: see {log}"}
        time.sleep(CHECK_INTERVAL_S)
        runs.pass_on()
    if process.poll():
        raise JobGroupError(_last_line(log) or f"The run ended at once: see {log}.")
    if process.poll() == 0:
        # The page shows the states itself, with its own labels.
        return {"text": _last_line(log).partition(f". {group.name}: ")[0] or "Done"}
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
        words.append(f"--delay={options.get('delay_s', 0)}")
    elif command == "run" and options.get("mode") != "parallel":
        words.append("--queue")
        if "concurrent_job_count" in options:
            words.append(f"--concurrent={options['concurrent_job_count']}")
    if not options.get("replace", True):
        words.append("--append")
    return [*words, "--", name]


def _new_log(name: str) -> Path:
    """Return a new log file for a run. No other run writes to it."""
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
