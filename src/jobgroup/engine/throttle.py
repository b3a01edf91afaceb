"""Pause the concurrent requests of one call together when a cloud limits their rate."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import anyio

from jobgroup.engine.cooldown import Cooldown
from jobgroup.errors import CloudUnavailableError
from jobgroup.store import AccountKey

T = TypeVar("T")

MAX_THROTTLED_S: Final = 60.0
"""Seconds without a response other than 429, and longest pause, after which a call gives up."""


class Throttle:
    """The pauses of each account's requests within one call.

    A 429 proves that the cloud did not execute a request, so the request is repeated after the
    pause.
    """

    def __init__(self) -> None:
        self._cooldowns: dict[AccountKey, Cooldown] = {}
        self._progress_at: dict[AccountKey, float] = {}

    async def send(self, account: AccountKey, request: Callable[[], Awaitable[T]]) -> T:
        """Send a request of an account, again and again while the cloud responds with 429.

        Raises:
            CloudUnavailableError: the cloud asked for a pause of more than `MAX_THROTTLED_S`, or
                has responded with nothing but 429 for that time.
        """
        cooldown = self._cooldowns.setdefault(account, Cooldown())
        self._progress_at.setdefault(account, time.monotonic())
        while True:
            if (pause_s := cooldown.until - time.monotonic()) > 0:
                await anyio.sleep(pause_s)  # another request may have prolonged the pause
                continue
            asked_at = time.monotonic()
            try:
                response = await request()
            except CloudUnavailableError as error:
                now = time.monotonic()
                is_stuck = now - self._progress_at[account] > MAX_THROTTLED_S
                if (
                    error.status_code != 429
                    or is_stuck
                    or (error.retry_after_s or 0) > MAX_THROTTLED_S
                ):
                    raise
                cooldown.begin(asked_at, now, error.retry_after_s)
            else:
                self._progress_at[account] = time.monotonic()
                cooldown.succeed()
                return response
