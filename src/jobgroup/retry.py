"""Retry reads, creates and runs, and wait between attempts.

This uses tenacity, which accepts our own `stop` and `sleep`. So a run can decide after each failure
whether to continue, and can be canceled during a wait. stamina, whose argument names we use,
accepts neither of them. It also draws jitter from the global generator, which the user may have
seeded.
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
"""Longest wait, in seconds, that a cloud can request. After it, jobgroup tries again."""

_random: Final = random.Random()  # users may have seeded the global generator


@dataclass
class Backoff:
    """Waits that grow with each consecutive failure. At least half is fixed; the rest is random.

    Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """

    wait_initial: float = 0.5
    wait_max: float = 60.0
    failures: int = field(default=0, init=False)

    def next_s(self, retry_after_s: float | None = None) -> float:
        """Return the seconds to wait after another failure; at least the cloud's Retry-After."""
        half_s = 0.5 * min(self.wait_max, self.wait_initial * 2.0 ** min(self.failures, 20))
        self.failures += 1
        # Jitter is also added to Retry-After, because a cloud sends the same value to many clients.
        jitter_s = half_s * _random.random()
        return max(half_s, min(retry_after_s or 0.0, MAX_RETRY_AFTER_S)) + jitter_s

    def reset(self) -> None:
        """Start again with short waits, after the cloud has responded."""
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
    """Return a coroutine function's result; call it again after temporary errors.

    A cloud's Retry-After is respected, up to an hour. Canceling the task stops the retries
    immediately.

    Args:
        function: coroutine function to call until it succeeds.
        on: function that returns whether the same call may succeed after an error.
        attempts: function that returns the maximum number of calls; it is called after each
            failure.
        timeout: seconds after the first call from which no call is repeated.
        wait_initial: maximum wait after the first failure, in seconds; it doubles each time.
        wait_max: maximum wait in seconds, unless the cloud requests a longer one.
        sleep: coroutine function that waits for a number of seconds; it may return early.
        on_retry: coroutine function that is called before each wait with the error and the seconds.

    Raises:
        Exception: the error of the last attempt.
    """
    began = time.monotonic()

    def is_last(attempt: int) -> bool:
        return attempt >= attempts() or time.monotonic() - began > timeout

    try:
        return await function()  # the usual case: tenacity is not imported
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
