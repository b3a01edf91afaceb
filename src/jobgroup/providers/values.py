"""Read values from responses or providers, and keep them within bounds.

A value that is missing, has a wrong type or is out of range becomes None or is shortened, and is
logged. Other jobs are not affected. Stored values are within the ranges of SQLite (64 bits), of
JSON in a browser (2**53) and of `datetime`. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from jobgroup.logs import logger
from jobgroup.providers.base import Availability, RemoteStatus, Submission
from jobgroup.status import ON_CLOUD, TERMINAL, RunningStatus
from jobgroup.words import shown

MAX_COUNT: Final = 10**15
"""Maximum number of shots, and of other counts."""

MAX_TIMESTAMP: Final = 32_503_680_000.0
"""The year 3000, in seconds since the epoch. Larger values are milliseconds or wrong."""

MAX_JOB_DURATION_S: Final = 10 * 366 * 86_400.0

MAX_MESSAGE: Final = 2000
MAX_PROVIDER_NAME: Final = 500
MAX_WORD: Final = 100
"""Maximum number of characters of a job's message, of a job's or platform's name, and of a cloud's
status word."""

_log = logger(__name__)


def get_str(document: Mapping[str, Any], key: str, *, at_most: int = MAX_MESSAGE) -> str | None:
    """Return a field's text, shortened to `at_most` characters; None if it is empty or not text.

    >>> get_str({"name": "a"}, "name"), get_str({"name": 3}, "name")
    ('a', None)
    """
    value = document.get(key)
    if isinstance(value, str):
        return bound_text(value, at_most) or None
    if value is not None:
        _log_wrong_value(key, value, "text")
    return None


def get_number(
    document: Mapping[str, Any], key: str, *, at_most: float = MAX_COUNT
) -> float | None:
    """Return the number in a field, from 0 to `at_most`. The field may contain it as text.

    >>> get_number({"shots": "12"}, "shots"), get_number({"shots": -1}, "shots")
    (12.0, None)
    >>> get_number({"shots": 2**63}, "shots")
    """
    value = document.get(key)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            value = math.nan
    return bound_number(value, at_most, key)


def get_timestamp(document: Mapping[str, Any], key: str) -> float | None:
    """Return the ISO 8601 time in a field, in seconds since the epoch. The default zone is UTC.

    >>> get_timestamp({"at": "1970-01-01T00:01:00Z"}, "at")
    60.0
    """
    value = get_str(document, key)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
        seconds = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        _log_wrong_value(key, value, "a time")
        return None
    return bound_number(seconds, MAX_TIMESTAMP, key)


def bound_status(given: RemoteStatus) -> RemoteStatus:
    """Return a status with None in place of values of a wrong type or out of range.

    >>> bound_status(RemoteStatus("completed", "success", shots=2**63, progress=0.5))
    RemoteStatus(provider_status='completed', state='success', message=None, progress=0.5, \
created_at=None, started_at=None, duration_s=None, shots=None, name=None)
    """
    state = _text(given.state, MAX_WORD, "state") or ""
    if state not in ON_CLOUD | TERMINAL:
        state = RunningStatus.from_server_response(state).value
    progress = bound_number(given.progress, math.inf, "progress")
    return RemoteStatus(
        provider_status=_text(given.provider_status, MAX_WORD, "provider_status") or "",
        state=state,
        message=_text(given.message, MAX_MESSAGE, "message"),
        progress=None if progress is None else min(progress, 1.0),
        created_at=bound_number(given.created_at, MAX_TIMESTAMP, "created_at"),
        started_at=bound_number(given.started_at, MAX_TIMESTAMP, "started_at"),
        duration_s=bound_number(given.duration_s, MAX_JOB_DURATION_S, "duration_s"),
        shots=_count(given.shots, "shots"),
        name=_text(given.name, MAX_PROVIDER_NAME, "name") if isinstance(given.name, str) else None,
    )


def bound_availability(given: Availability) -> Availability:
    """Return an availability with None in place of values out of range."""
    return Availability(
        *(_count(getattr(given, n), n) for n in ("queue_free", "queue_max", "concurrent_max"))
    )


def bound_submission(given: Submission) -> Submission:
    """Return a submission, with names shortened and cleaned for storage."""
    texts = {"name": given.name, "platform": given.platform}
    return replace(
        given,
        name=get_str(texts, "name", at_most=MAX_PROVIDER_NAME),
        platform=get_str(texts, "platform", at_most=MAX_PROVIDER_NAME),
    )


def bound_number(value: object, at_most: float, what: str) -> float | None:
    """Return a finite number from 0 to `at_most` as a float; log any other value and return None.

    >>> bound_number(3, 10, "shots"), bound_number(float("nan"), 10, "shots")
    (3.0, None)
    """
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and 0 <= value <= at_most and value != math.inf:  # type: ignore[operator]
        with suppress(OverflowError):
            return float(value)  # type: ignore[arg-type]
    _log_wrong_value(what, value, "a number in its range")
    return None


def _count(value: object, what: str) -> int | None:
    found = bound_number(value, MAX_COUNT, what)
    return None if found is None else int(found)


def _text(value: object, at_most: int, what: str) -> str | None:
    if value is None:
        return None
    try:
        return bound_text(str(value), at_most)
    except Exception:  # noqa: BLE001  # raised by the value's class
        _log_wrong_value(what, value, "text")
        return None


def bound_text(text: str, at_most: int) -> str:
    r"""Shorten a string, and replace invalid Unicode and control characters except "\n" and "\t".

    >>> bound_text("a\x1b[31m\ud800\n", 10)
    'a [31m?\n'
    """
    text = text[: at_most + 1].encode("utf-8", "replace").decode()
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)
    return text if len(text) <= at_most else text[: at_most - 1] + "…"


def _log_wrong_value(what: str, value: object, wanted: str) -> None:
    _log.warning("Ignored the field %s: %s is not %s.", what, shown(value), wanted)
