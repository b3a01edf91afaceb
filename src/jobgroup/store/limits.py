"""Limit the values that a group's file may contain. Pure."""

from __future__ import annotations

from typing import Final

MAX_BODY_BYTES: Final = 64 * 2**20
"""Maximum unpacked size of a body or composition. A foreign file could contain a zip bomb."""

MAX_BODY_DEPTH: Final = 200
"""Maximum depth of nested lists and objects in a body. Every Python version must be able to read a
group, and some read less depth than others.
"""

MAX_DOCUMENT_BYTES: Final = 256 * 2**20
"""Maximum unpacked size of a cached result; larger results are not stored."""

MAX_TEXT: Final = 4 * 2**20
"""Maximum number of characters of a job's labels, parameters or metadata as JSON, of a note, and of
a description."""

MAX_NAME: Final = 10_000
"""Maximum number of characters of a job's name, provider, URL, account and platform."""

MAX_DURATION_S: Final = 1e9
"""Maximum run time of a job: 30 years."""

FIRST_DATE: Final = -62_135_510_400
LAST_DATE: Final = 253_402_214_400
"""First and last date, in seconds since 1970: a day inside the range of `datetime`."""


def bound_date(value: object) -> float | None:
    """Return a date, in seconds since 1970, if `datetime` can represent it; None otherwise."""
    return bound_number(value, LAST_DATE, FIRST_DATE)


def bound_number(value: object, most: float, least: float = 0) -> float | None:
    """Return a value if it is a number within bounds; None otherwise.

    >>> bound_number(3, 10), bound_number(float("nan"), 10), bound_number("3", 10)
    (3.0, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if least <= value <= most else None


def check_name(what: str, name: object, *, effect: str) -> str:
    """Return the name of a job or its target if it can be stored.

    Raises:
        TypeError: the name is not a string.
        ValueError: the name is too long.
    """
    if not isinstance(name, str):
        raise TypeError(
            f"The {what} of a job must be a string, got {type(name).__name__}. {effect}"
        )
    return check_text(what, name, MAX_NAME, effect=effect)


def check_text(what: str, text: str, most: int = MAX_TEXT, *, effect: str) -> str:
    """Return a string if it can be stored.

    Args:
        what: name of the string, for the message.
        text: text to check.
        most: maximum number of characters.
        effect: sentence that says what an error means for the group.

    Raises:
        ValueError: the string is too long, or has lone surrogates, which no file can store.
    """
    if len(text) > most:
        raise ValueError(
            f"The {what} of a job may have at most {most:,} characters, got {len(text):,}. {effect}"
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"The {what} of a job must be valid Unicode, got a lone surrogate. {effect}"
        ) from None
    return text
