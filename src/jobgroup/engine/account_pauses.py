"""Remember which accounts could not be polled, and how long requests to each of them pause."""

from __future__ import annotations

import math
import time

from jobgroup.engine.cooldown import Cooldown, describe_pause
from jobgroup.errors import CredentialsError
from jobgroup.store import AccountKey


class AccountPauses:
    """The pauses of accounts whose last requests failed. Times are `time.monotonic`.

    Attributes:
        refusals: errors of accounts whose token is missing or was rejected.
    """

    def __init__(self) -> None:
        self._cooldowns: dict[AccountKey, Cooldown] = {}
        self.refusals: dict[AccountKey, CredentialsError] = {}

    def __bool__(self) -> bool:
        return bool(self._cooldowns)

    def __contains__(self, account: AccountKey) -> bool:
        return account in self._cooldowns

    def until(self, account: AccountKey) -> float:
        """Return the time of the next request; minus infinity if there is no pause."""
        cooldown = self._cooldowns.get(account)
        return cooldown.until if cooldown else -math.inf

    def requested_until(self, account: AccountKey) -> float:
        """Return the end of the pause that the account's cloud asked for."""
        cooldown = self._cooldowns.get(account)
        return cooldown.requested_until if cooldown else -math.inf

    def may_ask(self, account: AccountKey) -> bool:
        """Return whether this process may have a valid token. Rejected ones are retried later."""
        return account not in self.refusals or self.until(account) <= time.monotonic()

    def begin(self, account: AccountKey, error: Exception, asked_at: float) -> str:
        """Begin or extend a pause after an error of a request that was sent at `asked_at`.

        Return the error's text for the user, with the pause if the cloud asked for a long one.
        """
        self.refusals.pop(account, None)
        if isinstance(error, CredentialsError):
            self.refusals[account] = error
        cooldown, now = self._cooldowns.setdefault(account, Cooldown()), time.monotonic()
        wanted_s = getattr(error, "retry_after_s", None)
        cooldown.begin(asked_at, now, wanted_s)
        return f"{error}{describe_pause(wanted_s, time.time() + cooldown.until - now)}"

    def end(self, account: AccountKey) -> None:
        """End an account's pause, because its cloud has responded."""
        self._cooldowns.pop(account, None)
        self.refusals.pop(account, None)

    def clear(self) -> None:
        self._cooldowns.clear()
        self.refusals.clear()
