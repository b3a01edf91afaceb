"""Pause the concurrent requests of one call together when a cloud limits their rate."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import anyio

from jobgroup.engine.cooldown import Cooldown
from jobgroup.errors import CloudError, CloudUnavailableError
from jobgroup.store import AccountKey

T = TypeVar("T")

MAX_THROTTLED_S: Final = 60.0
"""Seconds of responses with nothing but 429, or of a requested pause, that end the repeats."""


class Throttle:
    """The pauses of each account's requests within one call.

    A 429 proves that the cloud did not execute a request, so the request is repeated after the
    pause.
    """

    def __init__(self) -> None:
        self._cooldowns: dict[AccountKey, Cooldown] = {}
        self._throttled_since: dict[AccountKey, float] = {}

    async def send(self, account: AccountKey, request: Callable[[], Awaitable[T]]) -> T:
        """Send a request of an account, again and again while the cloud responds with 429.

        Raises:
            CloudUnavailableError: the cloud asked for a pause of more than `MAX_THROTTLED_S`, or
                has responded with nothing but 429 for that time.
        """
        cooldown = self._cooldowns.setdefault(account, Cooldown())
        while True:
            if (pause_s := cooldown.until - time.monotonic()) > 0:
                await anyio.sleep(pause_s)  # another request may have prolonged the pause
                continue
            asked_at = time.monotonic()
            try:
                response = await request()
            except CloudUnavailableError as error:
                if error.status_code != 429:
                    self._throttled_since.pop(account, None)
                    raise
                since, now = self._throttled_since.setdefault(account, asked_at), time.monotonic()
                if max(now - since, error.retry_after_s or 0) > MAX_THROTTLED_S:
                    raise
                cooldown.begin(asked_at, now, error.retry_after_s)
            except CloudError:
                self._throttled_since.pop(account, None)
                raise
            else:
                self._throttled_since.pop(account, None)
                cooldown.succeed()
                return response
