"""Polling many jobs on a cloud that reports one at a time: bounded, and stopping early."""

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

_callback: Final[ContextVar[StatusCallback | None]] = ContextVar("callback", default=None)

INITIAL_CONCURRENCY: Final = 40
MAX_CONCURRENCY: Final = 100
"""Questions in flight: so many at first, one more for each good answer, up to so many. The
connections beyond them stay free for creates and results."""

MAX_CONSECUTIVE_FAILURES: Final = 10
"""Failures in a row, each after its repeats, that make one round of questions stop."""


async def poll_each(
    remote_ids: Sequence[str], ask: Callable[[str], Awaitable[RemoteStatus]]
) -> dict[str, RemoteStatus | Exception]:
    """Each job's status as the coroutine function `ask` returns it, or the error that it raised.

    A caller within `report_each_to` gets each answer when it arrives.

    Once the account is refused, unreachable or throttled, or after `MAX_CONSECUTIVE_FAILURES`
    failures in a row, the jobs that were not yet asked about get that same error unasked.
    """
    round_ = PollRound(remote_ids, _callback.get())
    async with asyncio.TaskGroup() as workers:

        async def work() -> None:
            for remote_id in round_.waiting:
                try:
                    answer = await ask(remote_id)
                except JobGroupError as error:
                    round_.record_failure(remote_id, error)
                except Exception as error:  # noqa: BLE001  # of one job: the others are asked about
                    round_.record_failure(remote_id, unreadable(error))
                else:
                    round_.record_status(remote_id, answer)
                    if round_.in_flight < MAX_CONCURRENCY:
                        round_.in_flight += 1
                        workers.create_task(work())

        for _ in range(round_.in_flight):
            workers.create_task(work())
    return round_.answers


@contextmanager
def report_each_to(callback: StatusCallback) -> Iterator[None]:
    """Have `poll_each` call `callback` with each id and answer, for the length of a block.

    So one job of which the cloud does not answer delays the others' answers by nothing. It needs no
    part of the protocol: any provider that uses `poll_each` does it, one that does not gives all
    its answers at the end.
    """
    before = _callback.set(callback)
    try:
        yield
    finally:
        _callback.reset(before)


def status_callback() -> StatusCallback | None:
    """The callback of `report_each_to`, for a provider that has to change answers first."""
    return _callback.get()


class PollRound:
    """One round of questions: what is still to ask, what came, when to stop asking."""

    def __init__(self, remote_ids: Sequence[str], callback: StatusCallback | None) -> None:
        self._callback = callback or (lambda _id, _answer: None)
        self.waiting: Iterator[str] = iter(dict.fromkeys(remote_ids))
        self.answers: dict[str, RemoteStatus | Exception] = {}
        self.in_flight = min(INITIAL_CONCURRENCY, len(remote_ids))
        self._consecutive_failures = 0

    def record_status(self, remote_id: str, answer: RemoteStatus) -> None:
        self._record(remote_id, answer)
        self._consecutive_failures = 0

    def record_failure(self, remote_id: str, error: JobGroupError) -> None:
        self._record(remote_id, error)
        if isinstance(error, RemoteNotFoundError | RequestRejectedError):
            return  # about this job alone
        self._consecutive_failures += 1
        if _stops_polling(error) or self._consecutive_failures >= MAX_CONSECUTIVE_FAILURES:
            for unasked in self.waiting:
                self._record(unasked, error)

    def _record(self, remote_id: str, answer: RemoteStatus | Exception) -> None:
        self.answers[remote_id] = answer
        self._callback(remote_id, answer)


def _stops_polling(error: JobGroupError) -> bool:
    """Whether one such error is enough: a 5xx or a silence may be about that one job."""
    if isinstance(error, CloudUnavailableError):
        return error.status_code == 429
    return concerns_account(error) and not isinstance(error, NoResponseError)
