"""Retrying: the one mechanism for reads, creates and runs, and the waits between attempts.

It is built on tenacity, which accepts our own `stop` and `sleep`: a run decides at each failure
whether to continue, and can be canceled during a wait. stamina, whose argument names we use,
accepts neither, and takes its jitter from random numbers that a user may have seeded.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

MAX_RETRY_AFTER_S: Final = 3600.0
"""If a cloud asks for a longer wait, jobgroup asks it again after this time."""

_random: Final = random.Random()  # not the user's, who may have seeded it for an experiment


@dataclass
class Backoff:
    """Growing waits after failures in a row: at least half of each is fixed, the rest is random.

    Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """

    wait_initial: float = 0.5
    wait_max: float = 60.0
    failures: int = field(default=0, init=False)

    def next_s(self, retry_after_s: float | None = None) -> float:
        """Seconds to wait after one more failure; never less than the cloud asks for."""
        half_s = 0.5 * min(self.wait_max, self.wait_initial * 2.0 ** min(self.failures, 20))
        self.failures += 1
        # on top of what the cloud asks for too: it asks many for the same
        jitter_s = half_s * _random.random()
        return max(half_s, min(retry_after_s or 0.0, MAX_RETRY_AFTER_S)) + jitter_s

    def reset(self) -> None:
        """Start over, after the cloud has answered."""
        self.failures = 0


async def retry(
    function: Callable[[], Awaitable[T]],
    *,
    on: Callable[[BaseException], bool],
    attempts: Callable[[], float],
    timeout: float = math.inf,
    wait_initial: float,
    wait_max: float,
    sleep: Callable[[float], Awaitable[None]] | None = None,
    on_retry: Callable[[Exception, float], Awaitable[None]] | None = None,
) -> T:
    """Return a coroutine function's result, calling it again after temporary errors.

    A cloud's Retry-After counts, up to an hour. Canceling the task ends it at once.

    Args:
        function: called until it succeeds.
        on: whether the same call may succeed after an error.
        attempts: maximum number of calls; asked after each failure.
        timeout: seconds after the first call from which none is repeated.
        wait_initial: maximum wait after the first failure, in seconds; it doubles each time.
        wait_max: maximum wait in seconds, unless the cloud asks for more.
        sleep: waits for a number of seconds; it may return early.
        on_retry: called before each wait with the error and the seconds to wait.

    Raises:
        Exception: the error of the last attempt.
    """
    began = time.monotonic()

    def is_last(attempt: int) -> bool:
        return attempt >= attempts() or time.monotonic() - began > timeout

    try:
        return await function()  # the usual case: no bookkeeping, and no import of tenacity
    except Exception as error:
        if not on(error) or is_last(1):
            raise
        failed: list[Exception] = [error]

    from tenacity import AsyncRetrying, retry_if_exception

    backoff = Backoff(wait_initial, wait_max)

    async def attempt() -> T:
        if failed:
            raise failed.pop()
        return await function()

    async def before_sleep(state: RetryCallState) -> None:
        error = _error_of(state)
        if on_retry is not None and state.next_action is not None and isinstance(error, Exception):
            await on_retry(error, state.next_action.sleep)

    retrying = AsyncRetrying(
        retry=retry_if_exception(on),
        stop=lambda state: is_last(state.attempt_number),
        wait=lambda state: backoff.next_s(getattr(_error_of(state), "retry_after_s", None)),
        sleep=sleep or asyncio.sleep,
        before_sleep=before_sleep,
        reraise=True,
    )
    result: T = await retrying(attempt)
    return result


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
