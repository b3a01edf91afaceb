"""Parse responses as JSON after checking their bounds.

Without this check, a few MB of brackets would take 1 GB of memory. JSON within these bounds can be
parsed, copied and written within Python's recursion limit. Pure.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, Final

from jobgroup import decoding

MAX_JSON_DEPTH: Final = 200
"""Maximum depth of nested lists and objects. Perceval's results have at most ten levels."""

MAX_CONTAINERS: Final = 200_000
MAX_JSON_VALUES: Final = 2_000_000
"""Maximum number of lists and objects, and of values (including keys), in one document. A string
counts as one value.
"""


def parse_json(data: bytes | bytearray) -> Any:
    r"""Return the value of a JSON document.

    An integer becomes None if it has more digits than Python reads (a few thousand). Bytes that are
    not UTF-8, which some servers write into messages, become U+FFFD.

    Raises:
        ValueError: the document is not JSON or exceeds the bounds of this module.

    >>> parse_json(b'{"a": [1, "]]]"]}')
    {'a': [1, ']]]']}
    >>> parse_json('{"message": "arrêté"}'.encode("latin-1"))
    {'message': 'arr\ufffdt\ufffd'}
    """
    if not json.detect_encoding(data).startswith("utf-8"):
        raise ValueError("it is not UTF-8")  # `check_shape` could not count its brackets
    check_shape(data)
    try:
        try:
            return json.loads(data)
        except UnicodeDecodeError:
            return json.loads(data.decode("utf-8-sig", "replace"), parse_int=_integer)
        except json.JSONDecodeError:
            raise
        except ValueError:  # an integer is too long; a hook for integers would always take time
            return json.loads(data, parse_int=_integer)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _integer(digits: str) -> int | None:
    with suppress(ValueError):
        return int(digits)
    return None


def check_shape(data: bytes | bytearray) -> None:
    """Raise ValueError if a JSON document exceeds the bounds of this module."""
    if len(data) > 2 * MAX_JSON_DEPTH:
        decoding.check_shape(
            data,
            most_values=MAX_JSON_VALUES,
            most_containers=MAX_CONTAINERS,
            most_levels=MAX_JSON_DEPTH,
        )
