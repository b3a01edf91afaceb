"""Convert users' single values to JSON: numbers, dates, Enums, paths. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
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

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(T|$)")


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


def as_float(number: float) -> float:
    """Return a number as a float. A whole number beyond the range of floats becomes infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def time_of(value: Any) -> datetime | None:
    """Return the UTC time of an ISO string, as labels store it; None for another value.

    >>> time_of("2026-01-02T01:00:00+01:00"), time_of("2026")
    (datetime.datetime(2026, 1, 2, 0, 0), None)
    """
    if not isinstance(value, str) or not _DATE.match(value):
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


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
    return float(value) if kind == "f" else value.item()  # `item` of a longdouble is one
