"""Answer queries that may need Perceval, in child processes. The server never imports Perceval.

Perceval replaces the SIGINT handler and takes seconds to import, and a crash in its compiled part
would end the server and all its kernels. A child process starts on demand and answers one query at
a time. It ends when it is idle, takes too long, or needs too much memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import OrderedDict, deque
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice
from threading import Condition, Event, Thread
from typing import IO, Any, Final, NamedTuple

from jobgroup import catalog
from jobgroup.dashboard.queries import NEED_PERCEVAL
from jobgroup.errors import JobGroupError
from jobgroup.secret import Secret
from jobgroup.token_pipe import read_lines, take_token, token_line

MAX_PROCESSES: Final = 2
ANSWER_TIMEOUT_S: Final = 300.0
TIMEOUT_IN_DEMAND_S: Final = 30.0
"""Seconds that an answer may take if other queries are waiting."""

IDLE_S: Final = 60.0
MAX_MEMORY_BYTES: Final = 4 << 30
MAX_ANSWER_BYTES: Final = 64_000_000
MAX_WAITING_QUERIES: Final = 200
MAX_GROUPS: Final = 4
"""Number of groups whose results a child process keeps. It fetches these results only once."""

Json = dict[str, Any]


class _Question(NamedTuple):
    asker: object
    home: str
    imports_perceval: bool
    lines: list[Secret]
    future: Future[Json]


class Decoder:
    """The child processes. Thread-safe."""

    def __init__(
        self,
        *,
        timeout_s: float = ANSWER_TIMEOUT_S,
        timeout_in_demand_s: float = TIMEOUT_IN_DEMAND_S,
        idle_s: float = IDLE_S,
    ) -> None:
        self._timeout_s = timeout_s
        self._timeout_in_demand_s = timeout_in_demand_s
        self._idle_s = idle_s
        self._condition = Condition()
        self._waiting: deque[_Question] = deque()
        self._asking: set[object] = set()
        self._homes: OrderedDict[str, object] = OrderedDict()
        """Thread whose process has a group's results, by group."""
        self._busy: set[object] = set()
        self._importers: set[object] = set()
        """Threads whose processes have imported Perceval."""
        self._threads = 0
        self._idle = 0
        self._is_closed = False
        self._processes: set[subprocess.Popen[bytes]] = set()

    def ask(
        self, asker: object, question: Json, tokens: Iterable[tuple[str, str, Secret]] = ()
    ) -> Future[Json]:
        """Request an answer from `Queries.answer` in a child process, and return at once.

        Queries are answered in order, but only one at a time for each view. One process answers all
        queries about a group's results, so that they are fetched only once. A query that imports
        Perceval goes to a process that has imported it, unless that process is busy.

        Args:
            asker: view that sends the query.
            question: `group`, `uuid`, `name`, `args` and `removals`.
            tokens: URL, account and token of each token that the child cannot find elsewhere.

        Returns:
            A future of the answer. It raises JobGroupError if the child process failed, took too
            long, or has too many queries.
        """
        future: Future[Json] = Future()
        lines = [token_line(*each) for each in tokens]
        lines.insert(0, Secret(json.dumps(question | {"tokens": len(lines)}) + "\n"))
        with self._condition:
            if len(self._waiting) >= MAX_WAITING_QUERIES or self._is_closed:
                future.set_exception(
                    JobGroupError("Too many results are being decoded. Try again later.")
                )
                return future
            home, imports_perceval = _home_of(question), _imports_perceval(question)
            self._waiting.append(_Question(asker, home, imports_perceval, lines, future))
            if len(self._waiting) > self._idle and self._threads < MAX_PROCESSES:
                self._threads += 1
                Thread(target=self._serve, name="jobgroup-decoder", daemon=True).start()
            self._condition.notify_all()
        return future

    def close(self) -> None:
        """End the child processes, and answer no further queries."""
        with self._condition:
            self._is_closed = True
            waiting, self._waiting = self._waiting, deque()
            self._condition.notify_all()
            for process in self._processes:
                process.kill()
        for each in waiting:
            each.future.cancel()

    def _serve(self) -> None:
        """Answer queries with one child process, until no query has arrived for a while."""
        process: subprocess.Popen[bytes] | None = None
        me = object()
        while (taken := self._take(me)) is not None:
            future = taken.future
            try:
                if process is None or process.poll() is not None:
                    process = self._start()
                answer = self._exchange(process, taken.lines, me)
                if "error" in answer:
                    future.set_exception(JobGroupError(str(answer["error"])))
                else:
                    future.set_result(dict(answer["value"]))
            except Exception as error:  # noqa: BLE001 # the future has the error
                if process is not None:
                    self._end(process)
                    process = None
                self._leave(me)
                future.set_exception(error)
            finally:
                with self._condition:
                    self._asking.discard(taken.asker)
                    self._condition.notify_all()
        if process is not None:
            self._end(process)

    def _take(self, me: object) -> _Question | None:
        """Return the next query; if none arrives, return None and stop counting this thread."""
        give_up = time.monotonic() + self._idle_s
        with self._condition:
            self._idle += 1
            try:
                while not self._is_closed:
                    for each in self._waiting:
                        if not self._is_for(each, me):
                            continue
                        self._waiting.remove(each)
                        if not each.future.set_running_or_notify_cancel():
                            break  # the view was closed
                        self._asking.add(each.asker)
                        self._busy.add(me)
                        self._settle(each, me)
                        return each
                    else:
                        if (left_s := give_up - time.monotonic()) <= 0:
                            break
                        self._condition.wait(left_s)
                self._threads -= 1
                self._leave(me)
                return None
            finally:
                self._idle -= 1

    def _is_for(self, question: _Question, me: object) -> bool:
        """Return whether a thread may take a query now."""
        if question.asker in self._asking:
            return False
        if question.imports_perceval and (ready := self._importers - self._busy):
            return me in ready
        return self._homes.get(question.home, me) is me

    def _settle(self, question: _Question, me: object) -> None:
        """Let the same process answer the next queries about the same results or with Perceval."""
        if question.imports_perceval:
            self._importers.add(me)
        if question.home:
            self._homes[question.home] = me
            self._homes.move_to_end(question.home)
            while len(self._homes) > MAX_PROCESSES * MAX_GROUPS:
                self._homes.popitem(last=False)

    def _leave(self, me: object) -> None:
        """Let other processes load what this process had loaded."""
        with self._condition:
            self._importers.discard(me)
            for home in [home for home, at in self._homes.items() if at is me]:
                del self._homes[home]

    def _exchange(
        self, process: subprocess.Popen[bytes], lines: Iterable[Secret], me: object
    ) -> Json:
        began, is_answered = time.monotonic(), Event()
        watch = Thread(target=self._watch, args=(process, is_answered, me), daemon=True)
        watch.start()
        try:
            answer = _ask(process, lines)
        finally:
            is_answered.set()
            with self._condition:  # before the answer, after which the next query may arrive
                self._busy.discard(me)
        if not answer.endswith(b"\n"):
            raise JobGroupError(
                "The results could not be decoded: the process that decodes them ended after"
                f" {time.monotonic() - began:.0f} s, because it needed too much time or memory, or"
                " was killed. get_results() in Python has no such limits."
            )
        return dict(json.loads(answer))

    def _watch(self, process: subprocess.Popen[bytes], is_answered: Event, me: object) -> None:
        """End a process that takes too long; end it much earlier if other queries wait."""
        began = time.monotonic()
        while not is_answered.wait(min(1.0, self._timeout_in_demand_s)):
            with self._condition:
                is_in_demand = any(self._is_for(each, me) for each in self._waiting)
            limit_s = self._timeout_in_demand_s if is_in_demand else self._timeout_s
            if time.monotonic() - began >= limit_s:
                process.kill()
                return

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "jobgroup_server.decoder"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in the terminal is for the server
        )
        with self._condition:
            self._processes.add(process)
        return process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.communicate()
        with self._condition:
            self._processes.discard(process)


def _home_of(question: Json) -> str:
    """Return the group whose results a query needs; "" if it needs few or none."""
    needs_results = question["name"] in NEED_PERCEVAL and not _imports_perceval(question)
    return str(question["uuid"]) if needs_results else ""


def _imports_perceval(question: Json) -> bool:
    """Return whether a query imports Perceval, except for results of special kinds."""
    return question["name"] == "drawing" or bool(question["args"].get("ideal"))


def _ask(process: subprocess.Popen[bytes], lines: Iterable[Secret]) -> bytes:
    assert process.stdin is not None  # noqa: S101
    assert process.stdout is not None  # noqa: S101
    with suppress(OSError):  # the process has ended
        for line in lines:
            process.stdin.write(line.reveal().encode())
        process.stdin.flush()
    return process.stdout.readline(MAX_ANSWER_BYTES)


def main() -> None:
    """Answer the queries on standard input, until it ends.

    A query is a line of JSON, followed by `tokens` lines with one token each.
    """
    answers, sys.stdout = sys.stdout, sys.stderr  # other printed text is not an answer
    _limit_memory()
    catalog.keep_damaged_files()
    groups = Groups()
    lines = read_lines(sys.stdin.fileno())
    for line in lines:
        try:
            question = json.loads(line.reveal())
            for token in list(islice(lines, question.pop("tokens"))):
                take_token(token)
            answer: Json = {"value": groups.answer(**question)}
        except Exception as error:  # noqa: BLE001  (an error is an answer)
            answer = {"error": str(error) or type(error).__name__}
        _write(answers, answer)


class Groups:
    """The groups of a child process's queries, with their results in memory."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[Any, Any]] = OrderedDict()

    def answer(self, group: str, uuid: str, *, name: str, args: Json, removals: int) -> Json:
        """Answer a query about a group, unless another group has its name now."""
        from jobgroup.dashboard.queries import Queries
        from jobgroup.group import JobGroup, engine_session

        opened, queries = self._known.pop((group, uuid), None) or (JobGroup.open(group), Queries())
        if engine_session(opened).store.meta()["uuid"] != uuid:
            raise JobGroupError(f"Another group has the name {group!r} now. Reload this page.")
        self._known[group, uuid] = opened, queries
        while len(self._known) > MAX_GROUPS:
            self._known.popitem(last=False)
        return dict(queries.answer(opened, name, args, removals=removals))


def _write(stream: IO[str], answer: Json) -> None:
    from jobgroup.store.encoding import json_safe

    stream.write(json.dumps(json_safe(answer)) + "\n")
    stream.flush()


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):  # Windows, or a lower limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


if __name__ == "__main__":
    main()
