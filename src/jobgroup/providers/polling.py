"""Asking about many jobs, on a cloud that tells of one at a time: bounded, and stopping early."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from jobgroup.errors import (
    CloudUnavailableError,
    CloudUnreachableError,
    CredentialsError,
    JobGroupError,
    NoResponseError,
    RemoteNotFoundError,
    RequestRejectedError,
)
from jobgroup.providers.base import RemoteStatus
from jobgroup.providers.responses import unreadable

Hear = Callable[[str, RemoteStatus | Exception], None]

_hear: Final[ContextVar[Hear | None]] = ContextVar("hear", default=None)

AT_FIRST: Final = 40
AT_MOST: Final = 100
"""Questions in flight: so many at first, one more for each good answer, up to so many. The
connections beyond them stay free for creates and results."""

MAX_CONSECUTIVE_FAILURES: Final = 10
"""Failures in a row, each after its repeats, that make one round of questions stop."""


async def poll_each(
    remote_ids: Sequence[str], ask: Callable[[str], Awaitable[RemoteStatus]]
) -> dict[str, RemoteStatus | Exception]:
    """What the coroutine function `ask` says of each job: its status, or the error that it raised.

    Whoever calls within `heard_as_they_come` is told of each answer when it arrives.

    Once the account is refused, unreachable or throttled, or after `MAX_CONSECUTIVE_FAILURES`
    failures in a row, the jobs that were not yet asked about get that same error unasked.
    """
    round_ = _Round(remote_ids, _hear.get())
    async with asyncio.TaskGroup() as workers:

        async def work() -> None:
            for remote_id in round_.waiting:
                try:
                    answer = await ask(remote_id)
                except JobGroupError as error:
                    round_.failed(remote_id, error)
                except Exception as error:  # noqa: BLE001  # of one job: the others are asked about
                    round_.failed(remote_id, unreadable(error))
                else:
                    round_.answered(remote_id, answer)
                    if round_.in_flight < AT_MOST:
                        round_.in_flight += 1
                        workers.create_task(work())

        for _ in range(round_.in_flight):
            workers.create_task(work())
    return round_.answers


@contextmanager
def heard_as_they_come(hear: Hear) -> Iterator[None]:
    """Have `poll_each` call `hear` with each id and answer, for the length of a block.

    So one job of which the cloud does not answer delays the others' answers by nothing. It needs no
    part of the protocol: any provider that uses `poll_each` does it, one that does not gives all
    its answers at the end.
    """
    before = _hear.set(hear)
    try:
        yield
    finally:
        _hear.reset(before)


def listener() -> Hear | None:
    """Who wants to hear of answers as they come, for who has to change them first."""
    return _hear.get()


class _Round:
    """One round of questions: what is still to ask, what came, when to stop asking."""

    def __init__(self, remote_ids: Sequence[str], hear: Hear | None) -> None:
        self._hear = hear or (lambda _id, _answer: None)
        self.waiting: Iterator[str] = iter(dict.fromkeys(remote_ids))
        self.answers: dict[str, RemoteStatus | Exception] = {}
        self.in_flight = min(AT_FIRST, len(remote_ids))
        self._failures_in_a_row = 0

    def answered(self, remote_id: str, answer: RemoteStatus) -> None:
        self._note(remote_id, answer)
        self._failures_in_a_row = 0

    def failed(self, remote_id: str, error: JobGroupError) -> None:
        self._note(remote_id, error)
        if isinstance(error, RemoteNotFoundError | RequestRejectedError):
            return  # about this job alone
        self._failures_in_a_row += 1
        if _concerns_the_account(error) or self._failures_in_a_row >= MAX_CONSECUTIVE_FAILURES:
            for unasked in self.waiting:
                self._note(unasked, error)

    def _note(self, remote_id: str, answer: RemoteStatus | Exception) -> None:
        self.answers[remote_id] = answer
        self._hear(remote_id, answer)


def _concerns_the_account(error: JobGroupError) -> bool:
    match error:
        case CredentialsError():
            return True
        case CloudUnavailableError():
            return error.status_code == 429
        case CloudUnreachableError():
            return not isinstance(error, NoResponseError)
    return False
