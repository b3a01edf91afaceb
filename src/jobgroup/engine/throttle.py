"""Pause or end the concurrent requests of one call together if a cloud limits them or is silent."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import anyio

from jobgroup.engine.cooldown import Cooldown
from jobgroup.errors import CloudError, CloudUnavailableError, NoResponseError
from jobgroup.store import AccountKey

T = TypeVar("T")

MAX_THROTTLED_S: Final = 60.0
"""Seconds of responses with nothing but 429, or of a requested pause, that end the repeats."""

MAX_TIMEOUTS: Final = 2
"""Number of time-outs in a row, each of half a minute, after which nothing more is sent for
`GIVE_UP_S`. Requests that were in flight together count as one.
"""

GIVE_UP_S: Final = 30.0


@dataclass
class _Account:
    cooldown: Cooldown = field(default_factory=Cooldown)
    throttled_since: float | None = None
    timeouts: int = 0
    timeout: NoResponseError | None = None
    timed_out_at: float = -math.inf


class Throttle:
    """The pauses of each account's requests within one call.

    A 429 proves that the cloud did not execute a request, so the request is repeated after the
    pause.
    """

    def __init__(self) -> None:
        self._accounts: defaultdict[AccountKey, _Account] = defaultdict(_Account)

    async def send(self, account_key: AccountKey, request: Callable[[], Awaitable[T]]) -> T:
        """Send a request of an account, again and again while the cloud responds with 429.

        Raises:
            CloudUnavailableError: the cloud asked for a pause of more than `MAX_THROTTLED_S`, or
                has responded with nothing but 429 for that time.
            NoResponseError: the cloud was silent, perhaps for earlier requests of this call.
        """
        account = self._accounts[account_key]
        while True:
            asked_at = time.monotonic()
            if (pause_s := account.cooldown.until - asked_at) > 0:
                await anyio.sleep(pause_s)  # another request may have prolonged the pause
                continue
            has_given_up = account.timeouts >= MAX_TIMEOUTS
            if account.timeout and has_given_up and asked_at < account.timed_out_at + GIVE_UP_S:
                raise account.timeout
            try:
                response = await request()
            except NoResponseError as error:
                account.throttled_since = None
                if error.is_timeout and asked_at >= account.timed_out_at:
                    account.timeouts += 1
                    account.timeout, account.timed_out_at = error, time.monotonic()
                raise
            except CloudError as error:
                account.timeouts = 0
                if error.status_code != 429 or not isinstance(error, CloudUnavailableError):
                    account.throttled_since = None
                    raise
                now, account.throttled_since = time.monotonic(), account.throttled_since or asked_at
                if max(now - account.throttled_since, error.retry_after_s or 0) > MAX_THROTTLED_S:
                    raise
                account.cooldown.begin(asked_at, now, error.retry_after_s)
            else:
                account.timeouts, account.throttled_since = 0, None
                account.cooldown.succeed()
                return response
