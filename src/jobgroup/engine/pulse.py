"""What a cloud's number of jobs of an account tells about ours. Pure.

One question instead of one about each job: while the number is what it should be, none of ours has
ended. The number is a hint and no more; where it does not add up, jobs are asked about one by one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

REST_S = 60.0


@dataclass(slots=True)
class Pulse:
    """The number of jobs of one account, as it was told last.

    Attributes:
        others: how many of them are not ours.
        asked_at: when it was asked for.
        rests_until: until when it is not used, because it does not add up, or is not told.
        search_at: when the next search for missing jobs may begin.
    """

    others: int = 0
    asked_at: float = -math.inf
    rests_until: float = -math.inf
    search_at: float = -math.inf

    def missing(self, count: int, ours: int) -> int:
        """How many jobs have ended since, ours or others'.

        >>> Pulse(others=2).missing(count=6, ours=5)
        1
        """
        return max(0, self.others + ours - count)

    def learn(self, count: int, ours: int, *, now: float, is_calm: bool) -> None:
        """Take the number for right, once ours are known to be so many.

        Args:
            count: what the cloud says.
            ours: our jobs that have not ended.
            now: the moment.
            is_calm: nothing was being sent meanwhile, so that no job of ours is among the others.
        """
        others = count - ours
        if others < 0:  # it does not count all of ours: those that run, say
            self.rest(now)
        elif is_calm or others < self.others:
            self.others = others

    def rest(self, now: float) -> None:
        """Leave it alone for a while."""
        self.rests_until = now + REST_S
