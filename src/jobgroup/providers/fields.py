"""Reading the fields of a JSON answer: what is missing or of the wrong kind is None, and logged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from jobgroup.providers.bounds import (
    MAX_COUNT,
    MAX_MESSAGE,
    MAX_MOMENT,
    number_within,
    said,
    text_within,
)


def text(document: Mapping[str, Any], key: str, *, at_most: int = MAX_MESSAGE) -> str | None:
    """A field's text, of a bounded number of characters; None for an empty one.

    >>> text({"name": "a"}, "name"), text({"name": 3}, "name")
    ('a', None)
    """
    value = document.get(key)
    if isinstance(value, str):
        return text_within(value, at_most) or None
    if value is not None:
        said(key, value, "a text")
    return None


def number(document: Mapping[str, Any], key: str, *, at_most: float = MAX_COUNT) -> float | None:
    """A field's number, from 0 to `at_most`; a text that holds one will do.

    >>> number({"shots": "12"}, "shots"), number({"shots": -1}, "shots")
    (12.0, None)
    >>> number({"shots": 2**63}, "shots")
    """
    value = document.get(key)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            value = math.nan
    return number_within(value, at_most, key)


def moment(document: Mapping[str, Any], key: str) -> float | None:
    """A field's ISO 8601 time in seconds since the epoch; UTC where it names no zone.

    >>> moment({"at": "1970-01-01T00:01:00Z"}, "at")
    60.0
    """
    value = text(document, key)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
        seconds = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        said(key, value, "a time")
        return None
    return number_within(seconds, MAX_MOMENT, key)
