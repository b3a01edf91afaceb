"""Decide how long to wait after a cloud has not responded or has asked for a pause. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime

from jobgroup.retry import MAX_RETRY_AFTER_S, Backoff

MIN_REPORTED_PAUSE_S = 10.0
"""Shortest requested pause, in seconds, that is shown to the user."""


def describe_pause(retry_after_s: float | None, next_at: float) -> str:
    """Return a sentence about the pause that a cloud asked for; "" if there is none or it is short.

    Args:
        retry_after_s: requested pause, in seconds.
        next_at: time of the next request, in seconds since the epoch.

    >>> describe_pause(600.0, 0.0).partition(";")[0]
    ' The cloud asked jobgroup to wait 10 minutes'
    >>> describe_pause(None, 0.0)
    ''
    """
    if retry_after_s is None or retry_after_s < MIN_REPORTED_PAUSE_S:
        return ""
    minutes = round(retry_after_s / 60)
    length = f"{minutes} minutes" if minutes > 1 else f"{retry_after_s:.0f} s"
    if retry_after_s >= MAX_RETRY_AFTER_S:
        length = "an hour or longer"
    moment = datetime.fromtimestamp(next_at).strftime("%H:%M")  # noqa: DTZ006  # for people, in local time
    return f" The cloud asked jobgroup to wait {length}; next attempt at {moment}."


@dataclass
class Cooldown:
    """The pause before an account's next request, which grows with consecutive failures.

    Times are `time.monotonic`. Requests that were in flight together count as one failure.

    >>> cooldown = Cooldown()
    >>> for failed_at in (1.0, 1.1, 1.2):
    ...     cooldown.begin(asked_at=0.5, now=failed_at)
    >>> cooldown.until < 1.6
    True
    """

    until: float = -math.inf
    requested_until: float = -math.inf
    """End of the pause that the cloud asked for."""
    _backoff: Backoff = field(default_factory=Backoff)
    _began_at: float = -math.inf

    def begin(self, asked_at: float, now: float, retry_after_s: float | None = None) -> None:
        """Record that a request sent at `asked_at` has failed."""
        if asked_at >= self._began_at:
            self._began_at, self.until = now, now + self._backoff.next_s(retry_after_s)
            self.requested_until = -math.inf
        if retry_after_s:
            wanted_until = now + min(retry_after_s, MAX_RETRY_AFTER_S)
            self.requested_until = max(self.requested_until, wanted_until)
            self.until = max(self.until, wanted_until)

    def succeed(self) -> None:
        """Record a response, after which pauses are short again. A present pause continues."""
        self._backoff.reset()
