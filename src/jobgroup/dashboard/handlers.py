"""What becomes of the browser's requests: checked, done once, answered once with their id.

A handler runs on whatever thread the host gives it, enqueues, and returns; what takes time runs on
the engine or in a thread of its own, and its errors become answers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from reprlib import repr as short
from threading import Lock
from typing import Any, Final, Protocol

from traitlets import TraitError

from jobgroup.dashboard import group_commands, protocol, queries
from jobgroup.dashboard.sender import Sender
from jobgroup.dashboard.snippets import line_of
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup
from jobgroup.logs import logger
from jobgroup.store import CommandResult

MOST_REMEMBERED: Final = 200
"""Answers that are kept, to be given again where one was lost."""

MOST_DONE: Final = 100_000
"""Requests that are known to have been done, and are not done again, whoever repeats them."""

MODES: Final = ("parallel", "sequential", "queue")

_log = logger(__name__)


class Desk(Protocol):
    """What the handlers work on: the widget."""

    @property
    def shown(self) -> JobGroup | None:
        """The group that is shown."""

    read_only: Any

    def show(self, name: str) -> None:
        """Show another group, or ("") the list of all."""

    def set_trait(self, name: str, value: object) -> None:
        """Set a trait."""


class Handlers:
    """One method for each kind of message."""

    def __init__(self, desk: Desk, sender: Sender) -> None:
        self._desk = desk
        self._sender = sender
        self._results = queries.Results()
        self._lock = Lock()
        self._answers: OrderedDict[str, protocol.Json | None] = OrderedDict()
        self._done: OrderedDict[str, None] = OrderedDict()
        self._pool: ThreadPoolExecutor | None = None
        self._pool_lock = Lock()

    def handle(self, content: object) -> None:
        """Take a message up. Never raises: nobody would see it."""
        try:
            message = protocol.parse(content)
        except protocol.InvalidMessageError as error:
            _log.warning("a message of the dashboard was not understood: %s", error)
            request = content.get("id") if isinstance(content, Mapping) else None
            if isinstance(request, str):
                self._sender.put(protocol.error(request, "InvalidMessageError", str(error)))
            return
        match message:
            case protocol.Open(client):
                self._sender.greet(client)
            case protocol.Sync():
                self._answer_again(message.pending)
                self._sender.pull(message)
            case protocol.Close():
                self._sender.leave()
            case protocol.SetTrait(id, name, value):
                self._answer(id, lambda: self._set(name, value))
            case protocol.Command(id, name, args):
                shown = self._desk.shown
                line = line_of(name, args, "" if shown is None else shown.name)
                self._take_up(id, lambda: self._do(name, args), line, once=True)
            case protocol.Query(id, name, args):
                self._take_up(id, lambda: self._ask(name, args))

    def close(self) -> None:
        """Begin nothing more."""
        self.rest(is_final=True)

    def rest(self, *, is_final: bool = False) -> None:
        """Keep no thread that has nothing to do; what was asked is answered, unless it is final."""
        with self._pool_lock:
            pool, self._pool = self._pool, None
            if pool is not None:
                pool.shutdown(wait=False, cancel_futures=is_final)

    def _take_up(
        self, request: str, begin: Callable[[], Future[Any]], line: str = "", *, once: bool = False
    ) -> None:
        """Begin a request that is not under way or answered yet; `once`, also long ago."""
        with self._lock:
            is_answered = request in self._answers
            is_done = request in self._done
            if not is_answered and not is_done:
                self._answers[request] = None
                if once:
                    self._done[request] = None
                _forget_oldest(self._answers, MOST_REMEMBERED)
                _forget_oldest(self._done, MOST_DONE)
        if is_answered:
            self._answer_again((request,))
            return
        if is_done:
            told = "This was done already, so long ago that its answer is not kept."
            self._sender.put(protocol.error(request, "AlreadyDoneError", told))
            return
        self._sender.put(protocol.ack(request, line))
        try:
            future = begin()
        except Exception as error:  # noqa: BLE001  (whatever it is, it is the answer)
            self._finish(request, _failure(request, error))
            return
        future.add_done_callback(lambda done: self._finish(request, _outcome(request, done)))

    def _finish(self, request: str, answer: protocol.Json) -> None:
        with self._lock:
            self._answers[request] = answer
            _forget_oldest(self._answers, MOST_REMEMBERED)
        self._sender.touch()
        self._sender.put(answer)

    def _answer(self, request: str, get: Callable[[], Any]) -> None:
        try:
            answer = protocol.result(request, get())
        except Exception as error:  # noqa: BLE001  (whatever it is, it is the answer)
            answer = _failure(request, error)
        self._finish(request, answer)

    def _answer_again(self, requests: tuple[str, ...]) -> None:
        with self._lock:
            found = [self._answers.get(request) for request in requests]
        for answer in found:
            if answer is not None:
                self._sender.put(answer)

    def _set(self, name: str, value: object) -> None:
        self._desk.set_trait(name, value)

    def _do(self, name: str, args: protocol.Json) -> Future[Any]:
        if self._desk.read_only and name != "open":
            raise JobGroupError("This dashboard is read-only: Dashboard(group, read_only=True).")
        if name == "open":
            return self._in_thread(self._open, str(args.get("name", "")))
        if "names" in args and name in group_commands.COMMANDS:
            return self._in_thread(group_commands.COMMANDS[name], args["names"])
        group = self._group()
        if name in group_commands.ON_SHOWN:
            return self._in_thread(group_commands.ON_SHOWN[name], group, args)
        return group.ask(name, **_checked(args))

    def _open(self, name: str) -> protocol.Json:
        self._desk.show(name)
        return {"text": f"{name} opened" if name else "all groups shown"}

    def _ask(self, name: str, args: protocol.Json) -> Future[Any]:
        if name == "groups":
            return self._in_thread(queries.groups)
        group = self._group()
        if name == "job":
            return self._in_thread(queries.job_detail, group, int(args["position"]))
        if name == "size":
            return self._in_thread(queries.size, group)
        if name == "preview":
            of = _positions(args.get("positions"))
            return self._in_thread(queries.preview, group, of, bool(args.get("rerun")))
        positions = _positions(args.get("positions")) or []
        wanted = partial(self._results.of, ideal=bool(args.get("ideal")))
        return self._in_thread(wanted, group, positions)

    def _group(self) -> JobGroup:
        group = self._desk.shown
        if group is None:
            raise JobGroupError("No group is open. Open one in the list, or use Dashboard(group).")
        return group

    def _in_thread(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        with self._pool_lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(2, thread_name_prefix="jobgroup-dashboard")
            return self._pool.submit(function, *args)


def _forget_oldest(kept: OrderedDict[str, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)


def _checked(args: protocol.Json) -> protocol.Json:
    """The arguments of a command, as the engine wants them.

    Raises:
        TypeError, ValueError: one is unknown or is not what it should be.
    """
    checks: dict[str, Callable[[Any], Any]] = {
        "positions": _positions,
        "position": int,
        "mode": _mode,
        "delay": float,
        "replace": bool,
        "remote_id": str,
        "changes": _changes,
    }
    unknown = sorted(args.keys() - checks.keys())
    if unknown:
        raise TypeError(f"no command has the argument {short(unknown[0])}")
    return {name: checks[name](value) for name, value in args.items()}


def _mode(value: Any) -> str:
    if value not in MODES:
        raise ValueError(f"mode is {', '.join(MODES)}, not {short(value)}")
    return str(value)


def _changes(value: Any) -> dict[str, Any]:
    """Other values for parameters; whether they can be had is the engine's to say."""
    if not isinstance(value, Mapping):
        raise TypeError(f"changes are values by the names of parameters, not {short(value)}")
    for name, wanted in value.items():
        if not isinstance(wanted, str | int | float):
            raise TypeError(f"{name} is a number, a text, true or false, not {short(wanted)}")
    return {str(name): wanted for name, wanted in value.items()}


def _positions(value: Any) -> list[int] | None:
    return None if value is None else [int(each) for each in value]


def _outcome(request: str, future: Future[Any]) -> protocol.Json:
    try:
        value = future.result()
        result = asdict(value) if isinstance(value, CommandResult) else value
        return protocol.result(request, result)
    except BaseException as error:  # noqa: BLE001  (a cancelation too is to be answered)
        return _failure(request, error)


def _failure(request: str, error: BaseException) -> protocol.Json:
    if not isinstance(error, JobGroupError | TraitError | RuntimeError):
        _log.error("a request of the dashboard failed", exc_info=error)
    sentence = str(error) or type(error).__name__
    return protocol.error(request, type(error).__name__, sentence)
