"""How long to wait: between two questions about a job, and after a cloud did not answer. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

FIRST_DELAY_S = 0.05
LONGEST_DELAY_S = 60.0
AGE_FRACTION = 0.1
"""A finished job is noticed within this fraction of its age (or a second)."""


def poll_delay_s(age_s: float, asked: int, jitter: float | None = None) -> float:
    """Seconds until a job is asked about again.

    The first questions follow quickly, since many jobs are short; then the delay grows with the
    job's age, so that the cost of watching is logarithmic in how long it runs.

    Args:
        age_s: since the job was sent.
        asked: how often it was asked already.
        jitter: 0 to 1; drawn where it is None.
    """
    early = FIRST_DELAY_S * 2.0 ** min(asked, 10)
    by_age = max(1.0, AGE_FRACTION * age_s)
    delay = min(early, by_age, LONGEST_DELAY_S)
    return delay * (0.85 + 0.15 * (random.random() if jitter is None else jitter))


@dataclass
class Backoff:
    """Growing delays after failures, with full jitter; a success starts it over.

    Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """

    first_s: float = 0.5
    longest_s: float = 60.0
    failures: int = field(default=0, init=False)

    def next_s(self, retry_after_s: float | None = None) -> float:
        """Seconds to wait after one more failure; never less than the cloud asks for."""
        ceiling = min(self.longest_s, self.first_s * 2.0 ** min(self.failures, 20))
        self.failures += 1
        drawn = ceiling * (0.5 + 0.5 * random.random())
        return max(drawn, min(retry_after_s or 0.0, 3600.0))

    def reset(self) -> None:
        """The cloud has answered."""
        self.failures = 0
