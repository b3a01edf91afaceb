"""How long to wait: between two questions about a job, and after a cloud did not answer. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime

from jobgroup.retry import MAX_RETRY_AFTER_S, Backoff

SHORTEST_S = 0.05
LONGEST_S = 60.0
AGE_FRACTION = 0.1
"""A finished job is noticed within this fraction of its age, or within a second."""

NEXT_FRACTION = 0.5
"""The same of a waiting job, the next to start, while others of its platform run."""

RATE_PER_S = 50.0
"""Questions a second and group at most, on average, however many jobs there are."""

VOLLEY = 100
"""Questions that may come at one moment, after a time with fewer."""

GOLDEN = 0.6180339887
"""Multiples of it, whole parts cut off, are spread evenly."""

FRONTIER = 8
"""Waiting jobs of a platform that are watched as closely as running ones: the next to start. And
how many that run are watched each by itself, while nobody knows how long they take."""

UNHURRIED_S = 0.5
"""At least so long between two questions about a job behind which more wait than can be asked about
in a second: its end leaves no slot empty."""

SAMPLE = 4
"""As so many jobs is a crowd watched of which nobody knows how long they take."""

FIRST_S = 1.0
"""After sending, when a job is asked about for the first time; sooner where there are few."""

WORTH_A_WORD_S = 10.0
"""A pause that a cloud asks for is told to the user from this length on."""


def asked_to_wait(retry_after_s: float | None, next_at: float) -> str:
    """The sentence that tells of a pause that a cloud asks for; "" for none, or a short one.

    Args:
        retry_after_s: seconds that it asks for.
        next_at: when it is asked again, seconds since the epoch.

    >>> asked_to_wait(600.0, 0.0).partition(";")[0]
    ' The cloud asked jobgroup to wait 10 minutes'
    >>> asked_to_wait(None, 0.0)
    ''
    """
    if retry_after_s is None or retry_after_s < WORTH_A_WORD_S:
        return ""
    minutes = round(retry_after_s / 60)
    length = f"{minutes} minutes" if minutes > 1 else f"{retry_after_s:.0f} s"
    if retry_after_s >= MAX_RETRY_AFTER_S:
        length = "an hour or longer"
    moment = datetime.fromtimestamp(next_at).strftime("%H:%M")  # noqa: DTZ006  # people's own time
    return f" The cloud asked jobgroup to wait {length}; next attempt at {moment}."


def poll_interval_s(
    age_s: float, *, expected_s: float = 0.0, fraction: float = AGE_FRACTION
) -> float:
    """Seconds between two questions about a job that runs, or is among the next to start.

    It grows with the job's age, so that the cost of watching is logarithmic in how long it runs.
    Before jobs like it have ever ended, it is asked about only half-way, in case it fails, and then
    at that very moment; where they end within a second or two, only then.

    Args:
        age_s: seconds since the job began to run, or was sent.
        expected_s: what the shortest of the last jobs like it took; 0.0 if that is not known.
        fraction: of its age, after which it is asked about again.

    >>> poll_interval_s(100.0)
    10.0
    >>> poll_interval_s(10.0, expected_s=60.0)
    30.0
    >>> poll_interval_s(0.25, expected_s=1.0)
    0.75
    """
    wanted = max(SHORTEST_S, fraction * age_s, min(1.0, age_s / 4))
    left_s = expected_s - age_s
    if left_s > 2 * wanted:
        wanted = min(left_s, max(expected_s / 2, 1.0))
    elif left_s > 0:
        wanted = max(SHORTEST_S, left_s)
    return min(wanted, LONGEST_S)


def backlog_interval_s(age_s: float, crowd: int) -> float:
    """Seconds between two questions about one of a crowd that waits far back in the queue.

    It cannot have ended before those in front. All of them together take a tenth of the rate.

    >>> backlog_interval_s(30.0, crowd=10)
    30.0
    """
    share = 10 * crowd / RATE_PER_S
    return min(max(1.0, age_s, share), max(LONGEST_S, share))


def with_jitter(delay_s: float, number: int) -> float:
    """Up to 15 % less, another part for each number, so that not all come at one moment.

    >>> with_jitter(10.0, 0)
    10.0
    """
    return delay_s * (1.0 - 0.15 * (number * GOLDEN % 1.0))


@dataclass
class Cooldown:
    """How long an account is left alone: the longer, the more often it has failed in a row.

    Times are `time.monotonic`. Of questions that were under way together one failure counts.

    >>> respite = Cooldown()
    >>> for told_at in (1.0, 1.1, 1.2):
    ...     respite.begin(asked_at=0.5, now=told_at)
    >>> respite.until < 1.6
    True
    """

    until: float = -math.inf
    _backoff: Backoff = field(default_factory=Backoff)
    _began_at: float = -math.inf

    def begin(self, asked_at: float, now: float, retry_after_s: float | None = None) -> None:
        """Note that a question which was asked at a time has failed."""
        if asked_at >= self._began_at:
            self._began_at, self.until = now, now + self._backoff.next_s(retry_after_s)
        elif retry_after_s:
            self.until = max(self.until, now + min(retry_after_s, MAX_RETRY_AFTER_S))
