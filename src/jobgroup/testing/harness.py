"""A harness for one provider: its calls on a loop of their own, each failure as a sentence."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn, Self, TypeVar
from uuid import uuid4

import pytest

from jobgroup.errors import JobGroupError
from jobgroup.providers.base import Account, Provider, ProviderFactory, RemoteStatus, is_id
from jobgroup.status import ON_CLOUD, TERMINAL
from jobgroup.testing.fault_proxy import Fault, FaultProxy, RecordedRequest

E = TypeVar("E", bound=BaseException)


def fail(sentence: str) -> NoReturn:
    """End a test with a sentence and no traceback."""
    pytest.fail(sentence, pytrace=False)


def check(is_true: bool, otherwise: str) -> None:
    """End a test with a sentence where a claim is not true."""
    if not is_true:
        fail(otherwise)


class ProviderHarness:
    """A provider, made as the engine makes it: in no loop, and used in one.

    Args:
        create: makes it.
        proxy: in front of its service.
        token: what its account tells at first.
        is_create: whether a request makes a job.
        timeout_s: how long one call, or one job, may take.
    """

    def __init__(
        self,
        create: ProviderFactory,
        proxy: FaultProxy,
        token: str,
        is_create: Callable[[str, str], bool],
        timeout_s: float,
    ) -> None:
        self.proxy = proxy
        self.tokens: Callable[[], str] = lambda: token
        self._token = token
        self._is_create = is_create
        self._timeout_s = timeout_s
        self._runner = asyncio.Runner()
        self.provider: Provider = create(Account(proxy.url, "", self._current))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._runner.run(self.provider.aclose())
        finally:
            self._runner.close()

    def _current(self) -> str:
        return self.tokens()

    @property
    def creates(self) -> int:
        """How many requests came that make a job."""
        return sum(self._is_create(p.method, p.path) for p in self.proxy.requests)

    def fault_creates(self, fault: Fault) -> None:
        """Let this go wrong with each request that makes a job."""
        self.proxy.fault = lambda p: fault if self._is_create(p.method, p.path) else None

    def fault_all(self, fault: Fault) -> None:
        """Let this go wrong with each request."""
        self.proxy.fault = lambda _: fault

    def ask(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Return the value of a provider's method, or its error if it may raise that."""
        return self.run(name, lambda: getattr(self.provider, name)(*args, **kwargs))

    def run(self, name: str, call: Callable[[], Any]) -> Any:
        """Run what gives an awaitable, on the harness's loop."""

        async def awaited() -> Any:
            made = call()
            check(inspect.isawaitable(made), f"`{name}` is not async: it gave {made!r:.60}.")
            return await made

        try:
            return self._runner.run(asyncio.wait_for(awaited(), self._timeout_s))
        except JobGroupError as error:
            check(self._token not in str(error), f"`{name}` raised an error that shows the token.")
            raise
        except TimeoutError:
            fail(f"`{name}` did not return within {self._timeout_s:.0f} s.")
        except Exception as error:
            raise AssertionError(
                f"`{name}` raised {type(error).__name__}: {error}. A provider raises errors of"
                " jobgroup.errors alone: they tell whether a request may have arrived."
            ) from error

    def error_of(self, kind: type[E], name: str, *args: Any, **kwargs: Any) -> E:
        """The error that a method has to raise."""
        try:
            made = self.ask(name, *args, **kwargs)
        except kind as error:
            return error
        except JobGroupError as error:
            fail(f"`{name}` raised {_named(error)}, where {kind.__name__} belongs.")
        fail(f"`{name}` returned {made!r:.80}, where {kind.__name__} belongs.")

    def submit(self, body: Mapping[str, Any], key: str | None = None) -> str:
        """Create a job as the engine does, and return its id."""
        made = self.ask("submit", as_sent(body), key=key or uuid4().hex)
        return self.check_id(made, "submit")

    def check_id(self, made: object, name: str) -> str:
        """Claim that something is a job's id."""
        if not is_id(made):
            fail(f"`{name}` returned {made!r:.80}; an id is a text of 1 to 200 characters.")
        return made

    def status(self, remote_id: str) -> RemoteStatus:
        """The status of one job, which has to be a sound one."""
        answer = self.answers([remote_id])[remote_id]
        if isinstance(answer, Exception):
            fail(f"`status` answers {_named(answer)} for a job that there is.")
        _check_status(answer)
        return answer

    def answers(self, remote_ids: list[str]) -> dict[str, RemoteStatus | Exception]:
        """Return what `status` reports for each job; an error that it raises is each job's."""
        try:
            answers = self.ask("status", remote_ids)
        except JobGroupError as error:
            return dict.fromkeys(remote_ids, error)
        check(isinstance(answers, Mapping), f"`status` returned {answers!r:.80}, not a mapping.")
        missing = [i for i in remote_ids if i not in answers]
        check(not missing, f"`status` says nothing of {missing[:3]}: each job gets an answer.")
        wrong = [a for a in answers.values() if not isinstance(a, RemoteStatus | JobGroupError)]
        check(
            not wrong,
            f"`status` gave {wrong[:1]!r:.80} for a job, neither RemoteStatus nor an"
            " error of jobgroup.errors.",
        )
        return dict(answers)

    def until(self, remote_id: str, states: frozenset[str]) -> RemoteStatus:
        """The status of a job once it is in one of some states."""
        give_up = time.monotonic() + self._timeout_s
        while (told := self.status(remote_id)).state not in states:
            check(
                told.state not in TERMINAL and time.monotonic() < give_up,
                f"The job is {told.state} (the service says {told.provider_status!r},"
                f" {told.message!r}), and not {' or '.join(sorted(states))} within"
                f" {self._timeout_s:.0f} s.",
            )
            time.sleep(0.02)
        return told

    def while_held(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Run something whose requests are held until the loop has done something else."""

        async def both() -> Any:
            asked = asyncio.ensure_future(call())
            while not self.proxy.is_holding and not asked.done():  # noqa: ASYNC110  # in a thread
                await asyncio.sleep(0.01)
            self.proxy.release()
            return await asked

        return self.run(name, both)

    def seen(self, part: str) -> list[RecordedRequest]:
        """The requests whose path holds a text."""
        return [p for p in self.proxy.requests if part in p.path]


def as_sent(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body with what the engine adds to it."""
    return {
        "platform_name": "any",
        **body,
        "job_name": "conformance",
        "job_group_name": "jobgroup.testing",
    }


def _check_status(told: RemoteStatus) -> None:
    known = ON_CLOUD | TERMINAL
    check(
        told.state in known,
        f"A status has the state {told.state!r}; there are {', '.join(sorted(known))}.",
    )
    check(
        bool(told.provider_status),
        f"A status has the provider_status {told.provider_status!r}; it is the service's own word,"
        " as it came.",
    )
    check(
        told.progress is None or 0 <= told.progress <= 1,
        f"A status has the progress {told.progress!r}; it is 0 to 1, or None.",
    )
    for name in ("created_at", "started_at"):
        at = getattr(told, name)
        check(
            at is None or (isinstance(at, int | float) and 1e9 < at < 1e11),
            f"A status has {name}={at!r}; it is in seconds since the epoch, or None.",
        )
    check(
        told.duration_s is None or told.duration_s >= 0,
        f"A status has duration_s={told.duration_s!r}; it is in seconds, or None.",
    )


def _named(error: BaseException) -> str:
    return f"{type(error).__name__} ({error})"
