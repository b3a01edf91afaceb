"""Limits of the values in a group's file, for writing and reading. Pure."""

from __future__ import annotations

from typing import Final

MAX_BODY_BYTES: Final = 64 * 2**20
"""Largest unpacked size of a body or composition; a colleague's file could hold a bomb."""

MAX_BODY_DEPTH: Final = 200
"""Lists and objects within each other in a body. Pythons differ in how many they can write and read
again, and a group must be readable by all of them."""

MAX_DOCUMENT_BYTES: Final = 256 * 2**20
"""Largest unpacked size of a kept result; a longer one is not kept."""

MAX_TEXT: Final = 4 * 2**20
"""Characters of labels, parameters or metadata of a job, as JSON; of a note; of a description."""

MAX_NAME: Final = 10_000
"""Characters of a job's name, and of its provider, url, account and platform."""

MAX_DURATION_S: Final = 1e9
"""Thirty years, for what a job may have run."""

FIRST_DATE: Final = -62_135_510_400
LAST_DATE: Final = 253_402_214_400
"""Seconds since 1970: a day after the calendar of `datetime` begins, and a day before it ends."""


def bound_date(value: object) -> float | None:
    """Return a date in seconds since 1970 if the calendar has it; None for anything else."""
    return bound_number(value, LAST_DATE, FIRST_DATE)


def bound_number(value: object, most: float, least: float = 0) -> float | None:
    """Return a number within bounds; None for anything else.

    >>> bound_number(3, 10), bound_number(float("nan"), 10), bound_number("3", 10)
    (3.0, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if least <= value <= most else None


def check_name(what: str, name: object, *, so: str) -> str:
    """Return the name of a job or its target if it can be stored.

    Raises:
        TypeError: the name is not a string.
        ValueError: the name is too long.
    """
    if not isinstance(name, str):
        raise TypeError(f"The {what} of a job must be a text, got {type(name).__name__}. {so}")
    return check_text(what, name, MAX_NAME, so=so)


def check_text(what: str, text: str, most: int = MAX_TEXT, *, so: str) -> str:
    """Return a text if it can be stored.

    Args:
        what: what the text is, for the message.
        text: the text.
        most: maximum number of characters.
        so: what an error means for the group, a sentence.

    Raises:
        ValueError: the text is too long, or has lone surrogates, which no file can hold.
    """
    if len(text) > most:
        raise ValueError(
            f"{len(text):,} characters are too many for the {what} of a job: at most {most:,} can"
            f" be kept. {so}"
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"The {what} of a job must be valid Unicode, got half a character. {so}"
        ) from None
    return text
