"""Report results that could not be fetched or decoded."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from jobgroup.adapters import UndecodableResultError, decode
from jobgroup.engine.interrupt import restore_sigint_handler
from jobgroup.errors import JobGroupError
from jobgroup.words import as_sentence

T = TypeVar("T")


def decode_one(
    document: dict[str, Any] | Exception, read: Callable[[dict[str, Any]], T] = decode
) -> T:
    """Return a result as `read` returns it; by default in the client library's form.

    Raises:
        JobGroupError: the result could not be fetched or decoded.
    """
    if isinstance(document, Exception):
        raise document
    try:
        return read(document)
    except (JobGroupError, Warning):
        raise
    except Exception as error:  # an error of one job must not stop the others
        raise UndecodableResultError(
            f"Could not decode the results ({type(error).__name__}: {error}). This error's `raw`"
            " has the cloud's response.",
            raw=json.dumps(document, default=str),
        ) from error
    finally:
        restore_sigint_handler()  # decoding may import Perceval


def failures_sentence(name: str, failures: Mapping[int, Exception], *, of: int) -> str:
    """Return the message about missing results."""
    first = min(failures)
    return (
        f"Could not get {len(failures)} of {of} results of {name!r}. The first failure was"
        f" job {first}: {as_sentence(failures[first])}"
    )
