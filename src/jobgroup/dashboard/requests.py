"""Execute the browser's requests once each, and answer each with its id."""

from __future__ import annotations

from asyncio import CancelledError
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from dataclasses import asdict
from threading import Lock
from typing import Any, Final

from traitlets import TraitError

from jobgroup.dashboard import protocol
from jobgroup.dashboard.threads import OWN_THREADS
from jobgroup.errors import JobGroupError
from jobgroup.logs import logger
from jobgroup.store import CommandResult

MAX_ANSWERS: Final = 200
"""Number of kept answers, from which a lost answer can be repeated."""

MAX_DONE: Final = 100_000
"""Number of past requests whose ids are kept, so that a repeated request is not executed again."""

_log = logger(__name__)


class Requests:
    """Executes requests and answers them. Errors are answers too.

    Any thread may call the methods, which return at once.
    """

    def __init__(
        self,
        send: Callable[[protocol.Json], None],
        make_pool: Callable[[], Executor] = OWN_THREADS.pool,
    ) -> None:
        self._send = send
        self._make_pool = make_pool
        self._lock = Lock()
        self._answers: OrderedDict[str, protocol.Json | None] = OrderedDict()
        self._questions: set[str] = set()
        self._done: OrderedDict[str, None] = OrderedDict()
        self._pool: Executor | None = None

    def begin(
        self, request: str, begin: Callable[[], Future[Any]], line: str = "", *, once: bool = False
    ) -> None:
        """Begin a request, unless it has already begun."""
        with self._lock:
            is_answered = request in self._answers
            is_done = request in self._done
            if not is_answered and not is_done:
                self._answers[request] = None
                if once:
                    self._done[request] = None
                else:
                    self._questions.add(request)
                _forget_oldest(self._answers, MAX_ANSWERS)
                self._questions &= self._answers.keys()
                _forget_oldest(self._done, MAX_DONE)
        if is_answered:
            self.repeat([request])
        elif is_done:
            text = "This request was executed earlier, and its result is no longer available."
            self._send(protocol.error(request, "AlreadyDoneError", text))
        else:
            self._send(protocol.ack(request, line))
            try:
                future = begin()
            except Exception as error:  # noqa: BLE001
                future = Future()
                future.set_exception(error)
            future.add_done_callback(lambda done: self.answer(request, done.result))

    def repeat(self, requests: Iterable[str]) -> None:
        """Repeat the answers to these requests, if they are kept."""
        with self._lock:
            found = [self._answers.get(request) for request in requests]
        for answer in found:
            if answer is not None:
                self._send(answer)

    def forget_questions(self, pending: Iterable[str]) -> None:
        """Forget the answers that the page has received, except to commands. They may be large."""
        with self._lock:
            for question in self._questions.difference(pending):
                if self._answers.get(question) is not None:
                    del self._answers[question]
                    self._questions.discard(question)

    def in_thread(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        with self._lock:
            if self._pool is None:
                self._pool = self._make_pool()
            return self._pool.submit(function, *args)

    def rest(self, *, is_final: bool = False) -> None:
        """End idle threads. Pending requests are still answered, unless `is_final` is set."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=is_final)

    def answer(self, request: str, get: Callable[[], Any]) -> None:
        """Answer a request with a value, or with the error that `get` raises."""
        try:
            value = get()
            value = asdict(value) if isinstance(value, CommandResult) else value
            answer = protocol.result(request, value)
        except (Exception, CancelledError) as error:  # noqa: BLE001
            name = type(error).__name__
            text = str(error) or name
            if isinstance(error, JobGroupError | TraitError | RuntimeError | CancelledError):
                pass  # the message says everything
            elif isinstance(error, ArithmeticError | LookupError | TypeError | ValueError):
                _log.warning("a request of the dashboard was refused: %s: %r", name, text[:300])
                _log.debug("it was refused here", exc_info=error)
            else:
                _log.error("a request of the dashboard failed", exc_info=error)
            answer = protocol.error(request, name, text)
        with self._lock:
            self._answers[request] = answer
            _forget_oldest(self._answers, MAX_ANSWERS)
        self._send(answer)


def _forget_oldest(kept: OrderedDict[str, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
