"""Call a provider on its own event loop, and report each failure as a sentence."""

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
    """Fail a test with a sentence and no traceback."""
    pytest.fail(sentence, pytrace=False)


def check(is_true: bool, otherwise: str) -> None:
    """Fail a test with a sentence unless a condition is true."""
    if not is_true:
        fail(otherwise)


class ProviderHarness:
    """A provider that is created outside a loop and used in one, as in the engine.

    Args:
        create: function that creates the provider.
        proxy: proxy to the provider's service.
        token: token of the provider's account.
        is_create: function that returns whether a request creates a job.
        timeout_s: time limit of one call or one job, in seconds.
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
        """Number of requests that create a job."""
        return sum(self._is_create(p.method, p.path) for p in self.proxy.requests)

    def fault_creates(self, fault: Fault) -> None:
        """Inject a fault into each request that creates a job."""
        self.proxy.fault = lambda p: fault if self._is_create(p.method, p.path) else None

    def fault_all(self, fault: Fault) -> None:
        """Inject a fault into each request."""
        self.proxy.fault = lambda _: fault

    def ask(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a provider's method; return its result, or raise its error if that is allowed."""
        return self.run(name, lambda: getattr(self.provider, name)(*args, **kwargs))

    def run(self, name: str, call: Callable[[], Any]) -> Any:
        """Call a function, and await its result on the harness's loop."""

        async def awaited() -> Any:
            made = call()
            check(inspect.isawaitable(made), f"`{name}` is not async: it returned {made!r:.60}.")
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
                f"`{name}` raised {type(error).__name__}: {error}. A provider must raise only"
                " errors of jobgroup.errors, which show whether a request may have arrived."
            ) from error

    def error_of(self, kind: type[E], name: str, *args: Any, **kwargs: Any) -> E:
        """Call a method that must raise an error, and return the error."""
        try:
            made = self.ask(name, *args, **kwargs)
        except kind as error:
            return error
        except JobGroupError as error:
            fail(f"`{name}` raised {_named(error)} instead of {kind.__name__}.")
        fail(f"`{name}` returned {made!r:.80} instead of raising {kind.__name__}.")

    def submit(self, body: Mapping[str, Any], key: str | None = None) -> str:
        """Submit a job as the engine does, and return its id."""
        made = self.ask("submit", as_sent(body), key=key or uuid4().hex)
        return self.check_id(made, "submit")

    def check_id(self, made: object, name: str) -> str:
        """Check that a value is a job's id, and return it."""
        if not is_id(made):
            fail(f"`{name}` returned {made!r:.80}; an id must be a string of 1 to 200 characters.")
        return made

    def status(self, remote_id: str) -> RemoteStatus:
        """Return a job's status, after a check that it is valid."""
        answer = self.answers([remote_id])[remote_id]
        if isinstance(answer, Exception):
            fail(f"`status` returned {_named(answer)} for a job that exists.")
        _check_status(answer)
        return answer

    def answers(self, remote_ids: list[str]) -> dict[str, RemoteStatus | Exception]:
        """Return the status or the error of each job. A raised error counts for all jobs."""
        try:
            answers = self.ask("status", remote_ids)
        except JobGroupError as error:
            return dict.fromkeys(remote_ids, error)
        check(isinstance(answers, Mapping), f"`status` returned {answers!r:.80}, not a mapping.")
        missing = [i for i in remote_ids if i not in answers]
        check(not missing, f"`status` left out {missing[:3]}: each job must get an answer.")
        wrong = [a for a in answers.values() if not isinstance(a, RemoteStatus | JobGroupError)]
        check(
            not wrong,
            f"`status` returned {wrong[:1]!r:.80} for a job, neither RemoteStatus nor an error of"
            " jobgroup.errors.",
        )
        return dict(answers)

    def until(self, remote_id: str, states: frozenset[str]) -> RemoteStatus:
        """Wait until a job is in one of the given states, and return its status."""
        give_up = time.monotonic() + self._timeout_s
        while (status := self.status(remote_id)).state not in states:
            check(
                status.state not in TERMINAL and time.monotonic() < give_up,
                f"The job is {status.state} (the service reports {status.provider_status!r},"
                f" {status.message!r}), but not {' or '.join(sorted(states))} within"
                f" {self._timeout_s:.0f} s.",
            )
            time.sleep(0.02)
        return status

    def while_held(self, name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        """Run a call whose requests are held until the loop has run something else."""

        async def both() -> Any:
            asked = asyncio.ensure_future(call())
            while not self.proxy.is_holding and not asked.done():  # noqa: ASYNC110  # in a thread
                await asyncio.sleep(0.01)
            self.proxy.release()
            return await asked

        return self.run(name, both)

    def seen(self, part: str) -> list[RecordedRequest]:
        """Return the requests whose paths contain a string."""
        return [p for p in self.proxy.requests if part in p.path]


def as_sent(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body with the engine's additions."""
    return {
        "platform_name": "any",
        **body,
        "job_name": "conformance",
        "job_group_name": "jobgroup.testing",
    }


def _check_status(status: RemoteStatus) -> None:
    states = ON_CLOUD | TERMINAL
    rules = (
        ("state", status.state in states, f"one of {', '.join(sorted(states))}"),
        ("provider_status", bool(status.provider_status), "the service's own word"),
        ("progress", 0 <= (status.progress or 0) <= 1, "0 to 1, or None"),
        ("created_at", _is_time(status.created_at), "in seconds since the epoch, or None"),
        ("started_at", _is_time(status.started_at), "in seconds since the epoch, or None"),
        ("duration_s", (status.duration_s or 0) >= 0, "in seconds, or None"),
    )
    for name, is_kept, rule in rules:
        check(is_kept, f"A status has {name}={getattr(status, name)!r}; it must be {rule}.")


def _is_time(at: object) -> bool:
    return at is None or (isinstance(at, int | float) and 1e9 < at < 1e11)


def _named(error: BaseException) -> str:
    return f"{type(error).__name__} ({error})"
