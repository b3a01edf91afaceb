"""What calls are given, seen to before anything is done with it. Pure."""

from __future__ import annotations

import math
from operator import index
from typing import Any, SupportsFloat

from jobgroup.words import shown


def checked_delay(delay: Any) -> float:
    """The seconds between two jobs.

    Raises:
        TypeError: they are no number.
        ValueError: they are negative, or without end.

    >>> checked_delay(0), checked_delay(2.5)
    (0.0, 2.5)
    """
    seconds = _seconds("The delay between jobs", delay)
    if not 0 <= seconds < math.inf:
        raise ValueError(f"The delay between jobs is at least 0 seconds, not {shown(delay)}.")
    return seconds


def checked_timeout(timeout: Any) -> float | None:
    """The seconds to wait; None for ever.

    Raises:
        TypeError: they are no number.
        ValueError: they are NaN.
    """
    if timeout is None:
        return None
    seconds = _seconds("A timeout", timeout)
    if math.isnan(seconds):
        raise ValueError(f"A timeout is a number of seconds, not {shown(timeout)}.")
    return seconds


def checked_counts(**counts: Any) -> None:
    """See that what counts jobs is None, or a whole number from 1 on.

    Raises:
        TypeError: one of them is no whole number.
        ValueError: one of them is less than 1.
    """
    for name, count in counts.items():
        if count is None:
            continue
        try:
            is_too_small = index(count) < 1
        except TypeError:
            raise TypeError(f"{name} is a whole number, not {shown(count)}.") from None
        if is_too_small:
            raise ValueError(f"{name} is at least 1, not {shown(count)}.")


def _seconds(what: str, given: Any) -> float:
    if isinstance(given, SupportsFloat):  # numpy's numbers too, but no text
        try:
            return float(given)
        except OverflowError:
            raise ValueError(f"{what} is more seconds than can be counted.") from None
    raise TypeError(f"{what} is a number of seconds, not {shown(given)}.")
