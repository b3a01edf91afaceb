"""What a cloud may say: the largest numbers and longest texts that are taken from an answer.

A value beyond them is no value, for that job alone: it is None, or cut, and logged. Everything that
is kept fits SQLite (64 bits), JSON in a browser (2**53) and `datetime`. Pure.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from jobgroup.logs import logger
from jobgroup.providers.base import Availability, RemoteStatus, Submission
from jobgroup.status import ON_CLOUD, TERMINAL, RunningStatus
from jobgroup.words import shown

MAX_COUNT: Final = 10**15
"""Shots, and whatever else is counted."""

MAX_MOMENT: Final = 32_503_680_000.0
"""The year 3000, in seconds since the epoch: larger ones are milliseconds, or wrong."""

MAX_DURATION_S: Final = 10 * 366 * 86_400.0
"""Ten years."""

MAX_MESSAGE: Final = 2000
"""Characters of a job's message that are kept."""

MAX_NAME: Final = 500
"""Characters of a name, of a job or a platform."""

MAX_WORD: Final = 100
"""Characters of a cloud's word for a status."""

_KEPT_BREAKS: Final = "\n\t"

_log = logger(__name__)


def bounded_status(told: RemoteStatus) -> RemoteStatus:
    """Return a status of which every field is in its range and of its type; else None.

    >>> bounded_status(RemoteStatus("completed", "success", shots=2**63, progress=0.5))
    RemoteStatus(provider_status='completed', state='success', message=None, progress=0.5, \
created_at=None, started_at=None, duration_s=None, shots=None, name=None)
    """
    state = _text(told.state, MAX_WORD, "state") or ""
    if state not in ON_CLOUD | TERMINAL:
        state = RunningStatus.from_server_response(state).value
    progress = number_within(told.progress, math.inf, "progress")
    return replace(
        told,
        provider_status=_text(told.provider_status, MAX_WORD, "provider_status") or "",
        state=state,
        message=_text(told.message, MAX_MESSAGE, "message"),
        progress=None if progress is None else min(progress, 1.0),
        created_at=number_within(told.created_at, MAX_MOMENT, "created_at"),
        started_at=number_within(told.started_at, MAX_MOMENT, "started_at"),
        duration_s=number_within(told.duration_s, MAX_DURATION_S, "duration_s"),
        shots=count_within(told.shots, "shots"),
        name=_text(told.name, MAX_NAME, "name") if isinstance(told.name, str) else None,
    )


def bounded_availability(told: Availability) -> Availability:
    """Return a plan's limits, those in range."""
    return Availability(
        queue_free=count_within(told.queue_free, "queue_free"),
        queue_max=count_within(told.queue_max, "queue_max"),
        concurrent_max=count_within(told.concurrent_max, "concurrent_max"),
    )


def bounded_submission(told: Submission) -> Submission:
    """Return what a cloud has kept of a job's creation, with names that can be kept here."""
    return replace(
        told,
        name=text_within(told.name, MAX_NAME) or None if isinstance(told.name, str) else None,
        platform=text_within(told.platform, MAX_NAME) or None
        if isinstance(told.platform, str)
        else None,
    )


def number_within(value: object, at_most: float, what: str) -> float | None:
    """Return a finite number from 0 to a bound as a float; None, and a line in the log, for others.

    >>> number_within(3, 10, "shots"), number_within(float("nan"), 10, "shots")
    (3.0, None)
    """
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and 0 <= value <= at_most and value != math.inf:  # type: ignore[operator]
        try:
            return float(value)  # type: ignore[arg-type]
        except OverflowError:
            pass
    said(what, value, "a number in its range")
    return None


def count_within(value: object, what: str) -> int | None:
    """Return a whole number from 0 to `MAX_COUNT`; what is after the point is cut off."""
    found = number_within(value, MAX_COUNT, what)
    return None if found is None else int(found)


def _text(value: object, at_most: int, what: str) -> str | None:
    """A text, or the text of whatever it is; None where it has none."""
    if value is None:
        return None
    try:
        return text_within(str(value), at_most)
    except Exception:  # noqa: BLE001  # code of the value's class
        said(what, value, "a text")
        return None


def text_within(text: str, at_most: int) -> str:
    r"""Return a text that UTF-8 has, without control characters but line breaks and tabs, cut.

    >>> text_within("a\x1b[31m\ud800\n", 10)
    'a [31m?\n'
    """
    text = text[: at_most + 1].encode("utf-8", "replace").decode()
    text = "".join(c if c.isprintable() or c in _KEPT_BREAKS else " " for c in text)
    return text if len(text) <= at_most else text[: at_most - 1] + "…"


def said(what: str, value: object, wanted: str) -> None:
    """Log a field that is not what it should be."""
    _log.warning(
        "An answer's field %s holds %s, which is not %s; ignored.", what, shown(value), wanted
    )
