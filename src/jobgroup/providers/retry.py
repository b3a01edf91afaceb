"""Repeating reads: a few attempts with exponential backoff and full jitter, honouring Retry-After.

On tenacity, which has full jitter (`wait_random_exponential`); stamina, built upon it, has not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from jobgroup.errors import BadAnswerError, CloudBusyError, CloudUnreachableError

T = TypeVar("T")

ATTEMPTS: Final = 3
LONGEST_WAIT_S: Final = 5.0
"""A cloud that asks for a longer wait gets it from the caller, who waits without holding a slot."""

_jitter = wait_random_exponential(multiplier=0.25, max=LONGEST_WAIT_S)


def is_worth_repeating(error: BaseException) -> bool:
    """Whether the same read may do better in a moment."""
    return (
        isinstance(error, CloudUnreachableError | CloudBusyError | BadAnswerError)
        and (error.retry_after_s or 0.0) <= LONGEST_WAIT_S
    )


async def repeated(read: Callable[[str], Awaitable[T]], path: str) -> T:
    """What the coroutine function `read` gives for a path, tried up to `ATTEMPTS` times.

    Raises what the last attempt raised.
    """
    retrying = AsyncRetrying(
        retry=retry_if_exception(is_worth_repeating),
        stop=stop_after_attempt(ATTEMPTS),
        wait=_wait_s,
        reraise=True,
    )
    return await retrying(read, path)


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = getattr(error, "retry_after_s", None) or 0.0
    return float(asked) + _jitter(state)
