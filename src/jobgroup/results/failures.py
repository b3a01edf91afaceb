"""Results that could not be fetched or decoded: their errors, and the sentence about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from jobgroup.adapters import UndecodableResultError, decode
from jobgroup.errors import JobGroupError

T = TypeVar("T")


def decode_one(
    document: dict[str, Any] | Exception, read: Callable[[dict[str, Any]], T] = decode
) -> T:
    """Return a result as the client library gives it, or as `read` does.

    Raises:
        JobGroupError: it could not be fetched or decoded.
    """
    if isinstance(document, Exception):
        raise document
    try:
        return read(document)
    except (JobGroupError, Warning):
        raise
    except Exception as error:  # of one job: the others are decoded
        raise UndecodableResultError(
            f"The results are not decoded ({type(error).__name__}: {error}). The cloud's answer is"
            " kept in this error's `raw`.",
            raw=json.dumps(document, default=str),
        ) from error


def failures_sentence(name: str, failures: Mapping[int, Exception], *, of: int) -> str:
    """Return the message about missing results."""
    first = min(failures)
    return (
        f"Could not get {len(failures)} of {of} results of {name!r}. The first failure was"
        f" job {first}: {failures[first]}"
    )
