"""Results in a process of their own, so that Perceval is never imported by the server.

Perceval takes SIGINT for itself and costs seconds, and a crash in its compiled part would end the
kernels of everybody. The child process starts on demand, answers one question at a time, and ends
when it is idle, takes too long, or needs too much memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from threading import Lock, Timer
from typing import IO, Any, Final

from jobgroup.errors import JobGroupError

TIMEOUT_S: Final = 300.0
IDLE_S: Final = 60.0
MAX_MEMORY_BYTES: Final = 8 << 30

Json = dict[str, Any]


class Decoder:
    """The child process. Safe to use from any thread."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S, idle_s: float = IDLE_S) -> None:
        self._timeout_s = timeout_s
        self._idle_s = idle_s
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._idle: Timer | None = None

    def results(self, name: str, args: Json, removals: int, tokens: Iterable[str] = ()) -> Json:
        """Return what a page's question for results gets as its answer.

        Args:
            name: The group.
            args: The question's arguments.
            removals: Of the group's entries, when the page looked up the positions.
            tokens: Lines "URL TOKEN" that the child cannot find elsewhere.

        Raises:
            JobGroupError: The child process failed, or took too long and was ended.
        """
        question = json.dumps(
            {"name": name, "args": args, "removals": removals, "tokens": list(tokens)}
        ).encode()
        with self._lock:
            answer = self._ask(question)
        if "error" in answer:
            raise JobGroupError(str(answer["error"]))
        return dict(answer["value"])

    def close(self) -> None:
        """End the child process; the next question starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _ask(self, question: bytes) -> Json:
        if self._idle is not None:
            self._idle.cancel()
        process = self._running()
        limit = Timer(self._timeout_s, process.kill)
        limit.daemon = True
        limit.start()
        try:
            line = _exchange(process, question)
        finally:
            limit.cancel()
        if not line:
            self.close()
            raise JobGroupError(
                "The results could not be decoded: the process that decodes them ended, or took"
                f" longer than {self._timeout_s:.0f} s. get_results() in Python has no such limit."
            )
        self._idle = Timer(self._idle_s, self._end_if_idle)
        self._idle.daemon = True
        self._idle.start()
        return dict(json.loads(line))

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jobgroup_server.decoder"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C in the server's terminal is the server's
            )
        return self._process

    def _end_if_idle(self) -> None:
        if self._lock.acquire(blocking=False):
            try:
                self.close()
            finally:
                self._lock.release()


def _exchange(process: subprocess.Popen[bytes], question: bytes) -> bytes:
    assert process.stdin is not None  # noqa: S101
    assert process.stdout is not None  # noqa: S101
    with suppress(OSError):  # it has ended
        process.stdin.write(question + b"\n")
        process.stdin.flush()
    return process.stdout.readline()


def main() -> None:
    """Answer the questions on standard input, a line of JSON for each, until it ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what else is printed is no answer
    _limit_memory()
    for question in sys.stdin:
        try:
            answer: Json = {"value": _answer(**json.loads(question))}
        except Exception as error:  # noqa: BLE001  (an answer, whatever failed)
            answer = {"error": str(error) or type(error).__name__}
        _write(answers, answer)


def _answer(name: str, args: Json, removals: int, tokens: list[str]) -> Json:
    from jobgroup.credentials import set_token
    from jobgroup.dashboard.queries import Queries
    from jobgroup.group import JobGroup

    for line in tokens:
        url, token = line.split()
        set_token(token, url=url)
    return Queries().answer(JobGroup.open(name), "results", args, removals=removals)


def _write(stream: IO[str], answer: Json) -> None:
    from jobgroup.store.encoding import json_safe

    stream.write(json.dumps(json_safe(answer)) + "\n")
    stream.flush()


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):  # Windows; a lower limit already
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


if __name__ == "__main__":
    main()
