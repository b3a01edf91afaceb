"""Decide which numbers differ only by rounding and therefore count as one value. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import Any, Final

from jobgroup.values import as_float, plain

RELATIVE_TOLERANCE: Final = 1e-9
SPAN_TOLERANCE: Final = 1e-12
"""Share of the larger number, or of the span, below which a difference is due to rounding."""

EXACT: Final = 2**53
"""Number from which on floats cannot represent all whole numbers."""

ValueKey = tuple[str, Any]


def is_number(value: Any) -> bool:
    """Return whether a value is a number; True is not a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def span_of(values: Iterable[Any]) -> float:
    """Return the difference between the greatest and the least finite number."""
    finite = [
        number for value in values if is_number(value) and math.isfinite(number := as_float(value))
    ]
    return max(finite) - min(finite) if finite else 0.0


def is_same_number(
    one: float, other: float, span: float = 0.0, tolerance: float = RELATIVE_TOLERANCE
) -> bool:
    """Return whether two numbers differ only by rounding. Whole numbers never do.

    Args:
        one: first number.
        other: second number.
        span: difference of the greatest and the least value of the same name.
        tolerance: share of the larger number below which a difference is due to rounding.

    >>> is_same_number(0.1 + 0.2, 0.3), is_same_number(10**12, 10**12 + 1), is_same_number(2, 2.0)
    (True, False, True)
    """
    if one == other:
        return True
    if isinstance(one, int) and isinstance(other, int):
        return False
    low, high = as_float(one), as_float(other)
    largest = max(abs(low), abs(high))
    if largest == math.inf or (low.is_integer() and high.is_integer() and largest < EXACT):
        return False
    return abs(low - high) <= max(tolerance * largest, SPAN_TOLERANCE * span)


def is_same_value(one: Any, other: Any) -> bool:
    """Return whether two values are equal, in any form.

    >>> from decimal import Decimal
    >>> is_same_value(0.1 + 0.2, 0.3), is_same_value(True, 1), is_same_value(Decimal(2), 2.0)
    (True, False, True)
    """
    one, other = plain(one), plain(other)
    if is_number(one) and is_number(other):
        return is_same_number(one, other)
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def key_of(value: Any) -> ValueKey:
    """Return a key that identifies a value. True and 1 have different keys."""
    return ("number" if is_number(value) else type(value).__name__, value)


class KnownValues:
    """The values of one name. Numbers that differ only by rounding count as one value.

    Args:
        values: all values of the name, if they are known; the span of the numbers defines rounding
            errors.
        tolerance: as for `is_same_number`.
    """

    def __init__(self, values: Iterable[Any] = (), tolerance: float = RELATIVE_TOLERANCE) -> None:
        self._tolerance = tolerance
        self._span = span_of(values)
        self._sorted: list[int | float] = []
        self._exact: dict[int | float, int | float] = {}

    def of(self, value: Any) -> Any:
        """Return the first earlier value that equals this one, or the value itself."""
        if not is_number(value):
            return value
        found = self._exact.get(value)
        if found is None:
            found = next(self._near(value), None)
            if found is None:
                found = value or abs(value)  # 0.0 in place of -0.0
                insort(self._sorted, found)
            self._exact[value] = found
        return found

    def _near(self, number: float) -> Iterator[int | float]:
        at = bisect_left(self._sorted, number)
        span = max(self._span, span_of((*self._sorted[:1], *self._sorted[-1:])))
        for known in self._sorted[max(at - 1, 0) : at + 1]:
            if is_same_number(known, number, span, self._tolerance):
                yield known
