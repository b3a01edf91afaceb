"""Shorten the traceback of an error whose message already says what to do."""

from __future__ import annotations

from jobgroup.errors import JobGroupError
from jobgroup.logs import logger

_log = logger(__name__)


def shortened(error: JobGroupError) -> JobGroupError:
    """Return the error without its frames, dozens of which may lie below the user's call.

    They are logged at the level DEBUG.
    """
    _log.debug("a call failed", exc_info=error)
    return error.with_traceback(None)
