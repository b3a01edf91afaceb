"""JSON from outside, bounded before it is parsed: a few MB of brackets would take a GB of memory.

What is within these bounds can be parsed, copied and written again without a recursion that is too
deep, whatever Python's limits are. Pure.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

MAX_DEPTH: Final = 200
"""Lists and objects within each other. Perceval's results have no more than ten."""

MAX_CONTAINERS: Final = 200_000
MAX_ITEMS: Final = 2_000_000
"""Lists and objects, and values in all, of one document; texts count as one, whatever they hold."""

_TEXTS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BRACKETS: Final = re.compile(rb"[\[\]{}]")
_SMALL: Final = 2 * MAX_DEPTH


def parsed(data: bytes | bytearray) -> Any:
    """Return the value that a JSON document holds.

    Raises:
        ValueError: it is no JSON, or beyond the bounds of this module.

    >>> parsed(b'{"a": [1, "]]]"]}')
    {'a': [1, ']]]']}
    """
    check_shape(data)
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def check_shape(data: bytes | bytearray) -> None:
    """Raise ValueError for a JSON document that is beyond the bounds of this module."""
    if len(data) <= _SMALL:
        return
    structure = _TEXTS.sub(b"", data)
    containers = structure.count(b"[") + structure.count(b"{")
    if containers > MAX_CONTAINERS or structure.count(b",") + containers > MAX_ITEMS:
        raise ValueError("it holds too many values")
    if containers <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKETS.finditer(structure):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > MAX_DEPTH:
            raise ValueError("it is nested too deeply")
