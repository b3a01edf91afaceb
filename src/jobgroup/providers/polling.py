"""Poll many jobs on a cloud that reports one job per request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from jobgroup.errors import (
    CloudUnavailableError,
    JobGroupError,
    NoResponseError,
    RemoteNotFoundError,
    RequestRejectedError,
)
from jobgroup.providers.base import RemoteStatus, concerns_account
from jobgroup.providers.responses import unreadable

StatusCallback = Callable[[str, RemoteStatus | Exception], None]


def _ignore(_remote_id: str, _answer: RemoteStatus | Exception) -> None:
    pass


_callback: Final[ContextVar[StatusCallback]] = ContextVar("callback", default=_ignore)

INITIAL_CONCURRENCY: Final = 40
MAX_CONCURRENCY: Final = 100
"""Number of requests in flight: 40 at first, one more after each status, and at most 100. The other
connections stay free for creates and results.
"""

MAX_CONSECUTIVE_FAILURES: Final = 10
"""Number of consecutive failures, each after its retries, after which `poll_each` stops."""


async def poll_each(  # noqa: C901 # the count includes three small functions
    remote_ids: Sequence[str], ask: Callable[[str], Awaitable[RemoteStatus]]
) -> dict[str, RemoteStatus | Exception]:
    """Return the status of each job from the coroutine function `ask`, or the error that it raised.

    Within `report_each_to`, each status or error is also reported when it arrives.

    If the cloud rejects or throttles the account or cannot be reached, or if
    `MAX_CONSECUTIVE_FAILURES` requests in a row fail, the remaining jobs get the last error without
    a request.
    """
    report = status_callback()
    waiting = iter(dict.fromkeys(remote_ids))
    answers: dict[str, RemoteStatus | Exception] = {}
    in_flight = failures = 0

    def record(remote_id: str, answer: RemoteStatus | Exception) -> None:
        answers[remote_id] = answer
        report(remote_id, answer)

    def begin() -> None:
        nonlocal in_flight
        in_flight += 1
        workers.create_task(work())

    async def work() -> None:
        nonlocal failures
        for remote_id in waiting:
            answer = await _answer(ask, remote_id)
            record(remote_id, answer)
            if not isinstance(answer, JobGroupError):
                failures = 0
                if in_flight < MAX_CONCURRENCY:
                    begin()
            elif not isinstance(answer, RemoteNotFoundError | RequestRejectedError):
                failures += 1
                if failures >= MAX_CONSECUTIVE_FAILURES or _stops_polling(answer):
                    for unasked in waiting:
                        record(unasked, answer)

    async with asyncio.TaskGroup() as workers:
        for _ in remote_ids[:INITIAL_CONCURRENCY]:
            begin()
    return answers


async def _answer(
    ask: Callable[[str], Awaitable[RemoteStatus]], remote_id: str
) -> RemoteStatus | JobGroupError:
    try:
        return await ask(remote_id)
    except JobGroupError as error:
        return error
    except Exception as error:  # noqa: BLE001 # the error concerns only this job
        return unreadable(error)


@contextmanager
def report_each_to(callback: StatusCallback) -> Iterator[None]:
    """Let `poll_each` call `callback` with each id and its status or error, during the block.

    An unanswered request then delays no other job. This is not part of the protocol: a provider
    that does not use `poll_each` returns all statuses and errors at the end.
    """
    before = _callback.set(callback)
    try:
        yield
    finally:
        _callback.reset(before)


def status_callback() -> StatusCallback:
    """Return the callback of `report_each_to`, for a provider that changes the statuses first."""
    return _callback.get()


def _stops_polling(error: JobGroupError) -> bool:
    """Return whether a single error of this kind ends polling.

    A 5xx or a timeout does not end polling, because it may concern only one job.
    """
    if isinstance(error, CloudUnavailableError):
        return error.status_code == 429
    return concerns_account(error) and not isinstance(error, NoResponseError)
