"""Repeating reads: a few attempts with exponential backoff and full jitter, honouring Retry-After.

Not on tenacity, whose bookkeeping costs half as much as the request itself.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from jobgroup.errors import CloudUnavailableError, CloudUnreachableError, InvalidResponseError
from jobgroup.providers.http import ResponseTooLargeError

T = TypeVar("T")

ATTEMPTS: Final = 3
FIRST_WAIT_S: Final = 0.25
LONGEST_WAIT_S: Final = 5.0
"""A cloud that asks for a longer wait gets it from the caller, who waits without holding a slot."""

_chance: Final = random.Random()  # not the user's, who may have seeded it for an experiment


def is_retryable(error: BaseException) -> bool:
    """Whether the same read may do better in a moment."""
    return (
        isinstance(error, CloudUnreachableError | CloudUnavailableError | InvalidResponseError)
        and not isinstance(error, ResponseTooLargeError)
        and not getattr(error, "is_misconfigured", False)
        and (error.retry_after_s or 0.0) <= LONGEST_WAIT_S
    )


async def repeated(read: Callable[[str], Awaitable[T]], path: str) -> T:
    """What the coroutine function `read` gives for a path, tried up to `ATTEMPTS` times.

    One that took as long as `LONGEST_WAIT_S` to fail is not repeated: the caller may ask again.

    Raises what the last attempt raised.
    """
    for attempt in range(1, ATTEMPTS):
        began = time.monotonic()
        try:
            return await read(path)
        except (CloudUnreachableError, CloudUnavailableError, InvalidResponseError) as error:
            if not is_retryable(error) or time.monotonic() - began > LONGEST_WAIT_S:
                raise
            wait_s = (error.retry_after_s or 0.0) + _jitter_s(attempt)
        await asyncio.sleep(wait_s)
    return await read(path)


def _jitter_s(attempt: int) -> float:
    return _chance.uniform(0.0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (attempt - 1)))
