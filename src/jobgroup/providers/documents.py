"""Answers of clouds as JSON, bounded before it is parsed: a few MB of brackets would take a GB.

What is within these bounds can be parsed, copied and written again without a recursion that is too
deep, whatever Python's limits are. Pure.
"""

from __future__ import annotations

import json
from typing import Any, Final

from jobgroup import decoding

MAX_DEPTH: Final = 200
"""Lists and objects within each other. Perceval's results have no more than ten."""

MAX_CONTAINERS: Final = 200_000
MAX_VALUES: Final = 2_000_000
"""Lists and objects, and values in all with their keys, of one document; texts count as one."""

_SMALL: Final = 2 * MAX_DEPTH


def parse_json(data: bytes | bytearray) -> Any:
    """Return the value that a JSON document holds.

    A whole number of more digits than Python reads, which is some thousands, is None.

    Raises:
        ValueError: it is no JSON, or beyond the bounds of this module.

    >>> parse_json(b'{"a": [1, "]]]"]}')
    {'a': [1, ']]]']}
    """
    check_shape(data)
    try:
        return _loaded(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _loaded(data: bytes | bytearray) -> Any:
    try:
        return json.loads(data)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except ValueError:  # a number; a hook for each of them from the beginning would cost time
        return json.loads(data, parse_int=_integer)


def _integer(digits: str) -> int | None:
    try:
        return int(digits)
    except ValueError:
        return None


def check_shape(data: bytes | bytearray) -> None:
    """Raise ValueError for a JSON document that is beyond the bounds of this module."""
    if len(data) > _SMALL:
        decoding.check_shape(
            data,
            most_values=MAX_VALUES,
            most_containers=MAX_CONTAINERS,
            most_levels=MAX_DEPTH,
        )
