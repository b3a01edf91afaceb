"""Shorten the traceback of an error whose message already says what to do."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TypeVar

from jobgroup.errors import JobGroupError
from jobgroup.logs import logger

T = TypeVar("T")

_log = logger(__name__)


def shortened(error: JobGroupError) -> JobGroupError:
    """Return the error without its frames, dozens of which may lie below the user's call.

    They are logged at the level DEBUG.
    """
    _log.debug("a call failed", exc_info=error)
    return error.with_traceback(None)


def result_of(future: Future[T]) -> T:
    """Block this thread until the work is done, and return its result."""
    try:
        return future.result()
    except JobGroupError as error:
        raise shortened(error) from error.__cause__
