"""Convert users' single values to JSON: numbers, dates, Enums, paths. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any, Final

_KINDS: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    (float | Decimal | Fraction, float),
    (int, int),
    (str, str),
)


def plain(value: Any) -> Any:
    """Return a single value as a bool, int, float or text; None if it is missing.

    Other values are returned unchanged. A date with a time zone is written in UTC.

    >>> from pathlib import Path
    >>> plain(float("nan")), plain(datetime(2026, 1, 2)), plain(Path("a", "b"))
    (None, '2026-01-02T00:00:00', 'a/b')
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if isinstance(value, Enum | PurePath):
        return value.name if isinstance(value, Enum) else value.as_posix()
    if is_missing(value):
        return None
    if isinstance(value, date):
        return _iso(value)
    for kinds, kind in _KINDS:
        if isinstance(value, kinds):
            return kind(value)
    return _of_numpy(value)


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, pandas' NA or NaT.

    >>> is_missing(float("nan")), is_missing(0), is_missing("")
    (True, False, False)
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, str | bytes):
        return False
    try:
        return bool(value != value)  # noqa: PLR0124  # NaN and NaT of every library
    except (TypeError, ValueError):  # an array is not a single value
        return False


RELATIVE_TOLERANCE: Final = 1e-9
SPAN_TOLERANCE: Final = 1e-12
"""Share of the larger number, or of the span, below which a difference is due to rounding."""

_EXACT: Final = 2**53
"""Number from which on floats cannot represent all whole numbers."""


def is_number(value: Any) -> bool:
    """Return whether a value is a number; True is not a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def span_of(values: Iterable[Any]) -> float:
    """Return the difference between the greatest and the least finite number."""
    finite = [
        number for value in values if is_number(value) and math.isfinite(number := as_float(value))
    ]
    return max(finite) - min(finite) if finite else 0.0


def is_same_number(one: float, other: float, span: float = 0.0) -> bool:
    """Return whether two numbers differ only by rounding. Whole numbers never do.

    Args:
        one: first number.
        other: second number.
        span: difference of the greatest and the least value of the same name.

    >>> is_same_number(0.1 + 0.2, 0.3), is_same_number(10**12, 10**12 + 1), is_same_number(2, 2.0)
    (True, False, True)
    """
    if one == other:
        return True
    if isinstance(one, int) and isinstance(other, int):
        return False
    low, high = as_float(one), as_float(other)
    largest = max(abs(low), abs(high))
    if largest == math.inf or (low.is_integer() and high.is_integer() and largest < _EXACT):
        return False
    return abs(low - high) <= max(RELATIVE_TOLERANCE * largest, SPAN_TOLERANCE * span)


def is_same_value(one: Any, other: Any) -> bool:
    """Return whether two values are equal, in any form.

    >>> is_same_value(0.1 + 0.2, 0.3), is_same_value(True, 1), is_same_value(Decimal(2), 2.0)
    (True, False, True)
    """
    one, other = plain(one), plain(other)
    if is_number(one) and is_number(other):
        return is_same_number(one, other)
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def as_float(number: float) -> float:
    """Return a number as a float. A whole number beyond the range of floats becomes infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def plain_deep(value: Any) -> Any:
    """Apply `plain` to all single values in a value, at any depth, and convert arrays to lists.

    Missing values stay unchanged, because with null in place of NaN, a request would describe a
    different experiment.
    """
    if isinstance(value, dict):
        return {key: plain_deep(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain_deep(each) for each in value]
    found = value if is_missing(value) else plain(value)
    if getattr(found, "shape", None) and hasattr(found, "tolist"):
        return plain_deep(found.tolist())
    return found


def _iso(value: date) -> str:
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC)
    return value.isoformat()


def _of_numpy(value: Any) -> Any:
    """Return the value of a NumPy scalar or a zero-dimensional array."""
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if getattr(value, "shape", None) != () or kind not in {*"biufMU"}:
        return value
    if kind == "M":  # `item` of a time in nanoseconds is an int
        text = str(value)
        return _iso(datetime.fromisoformat(text)) if "T" in text else text
    return value.item()
