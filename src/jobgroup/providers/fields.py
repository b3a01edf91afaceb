"""Reading the fields of a JSON answer: what is missing or of the wrong kind is None, and logged."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_log = logging.getLogger("jobgroup")


def text(document: Mapping[str, Any], key: str) -> str | None:
    """A field's text; None for an empty one.

    >>> text({"name": "a"}, "name"), text({"name": 3}, "name")
    ('a', None)
    """
    value = document.get(key)
    if value is None or isinstance(value, str):
        return value or None
    _log.warning("An answer's field %s holds %.80r, which is no text; ignored.", key, value)
    return None


def number(document: Mapping[str, Any], key: str) -> float | None:
    """A field's number, at least 0; a text that holds one will do.

    >>> number({"shots": "12"}, "shots"), number({"shots": -1}, "shots")
    (12.0, None)
    """
    value = document.get(key)
    if value is None:
        return None
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if math.isfinite(found) and found >= 0:
        return found
    _log.warning("An answer's field %s holds %.80r, which is no number; ignored.", key, value)
    return None


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
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        _log.warning("An answer's field %s holds %.80r, which is no time; ignored.", key, value)
        return None
