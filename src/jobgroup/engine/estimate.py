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
    low, high = _quartiles(durations_s)
    rounds = left / at_once
    return (max(0.0, low * (rounds - 1)), max(SHORTEST_S, high * rounds))


def expected_s(
    jobs: int, at_once: int | None, durations_s: Sequence[float]
) -> tuple[float, float] | None:
    """Shortest and longest likely time that so many jobs would take, so many at once, in seconds.

    From the quartiles of this group's own durations, which clouds tell in whole seconds, cut off;
    None where too few have finished, or how many run at once is not known.

    >>> expected_s(10, 4, [1.0, 2.0, 3.0, 4.0])
    (3.0, 15.0)
    """
    if not jobs or not at_once or len(durations_s) < FEWEST:
        return None
    low, high = _quartiles(durations_s)
    rounds = math.ceil(jobs / at_once)
    return (low * rounds, (high + (high == int(high))) * rounds)


def _quartiles(durations_s: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(durations_s)
    last = len(ordered) - 1
    return ordered[math.floor(last * 0.25)], ordered[math.ceil(last * 0.75)]
