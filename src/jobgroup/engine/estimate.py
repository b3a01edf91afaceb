"""When a group will be done: a range from its own finished jobs, or nothing. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from jobgroup.status import PENDING, SENDING, UNSENT

FEWEST = 3
"""Finished jobs below which nothing is said."""


SHORTEST_S = 1.0
"""While something runs the longest time is no shorter: clouds report durations of 0 s too."""


def eta_s(
    counts: Mapping[str, int], durations_s: Sequence[float], *, is_sending: bool
) -> tuple[float, float] | None:
    """Shortest and longest likely time until nothing is left to do, in seconds.

    From the quartiles of this group's own durations and the number of jobs that run at once; None
    where too few have finished, or nothing is under way.

    >>> eta_s({"running": 2, "waiting": 8}, [1.0, 2.0, 3.0, 4.0], is_sending=False)
    (4.0, 20.0)
    """
    left = sum(counts.get(s, 0) for s in PENDING | {SENDING})
    if is_sending:
        left += counts.get(UNSENT, 0)
    at_once = counts.get("running", 0)
    if not left or not at_once or len(durations_s) < FEWEST:
        return None
    ordered = sorted(durations_s)
    last = len(ordered) - 1
    low, high = ordered[math.floor(last * 0.25)], ordered[math.ceil(last * 0.75)]
    rounds = left / at_once
    return (max(0.0, low * (rounds - 1)), max(SHORTEST_S, high * rounds))
