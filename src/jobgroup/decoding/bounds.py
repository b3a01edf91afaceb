"""Check the size, nesting and numbers of outside data before anything is built from it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any, Final

from jobgroup.decoding.compression import inflate

MAX_DOCUMENT_TEXT: Final = 64 * 2**20
"""Maximum number of characters of one document."""

MAX_UNPACKED: Final = 32 * 2**20
"""Maximum number of bytes to which all packed texts of one document may unpack together."""

MAX_MESSAGES: Final = 2 * 2**20
"""Maximum number of bytes of binary messages (circuits, experiments) in one document."""

MAX_DOCUMENT_VALUES: Final = 1_000_000
"""Maximum number of JSON values in one document, including keys."""

MAX_ITEMS: Final = 600_000
"""Maximum number of distinct states, parts of circuits and nodes of archives in one document. These
take seconds. Eight photons in 16 modes have 490,314 states.
"""

MAX_CELLS: Final = 128 * 2**20
"""Approximate maximum number of bytes that the states and samples of one document may take in
memory.
"""

MAX_DOCUMENT_DEPTH: Final = 64
"""Maximum depth of nested lists and objects."""

_TEXT: Final = r'"(?:[^"\\]++|\\.?)*+(?:"|\Z)'
# An unterminated string also matches. Otherwise the search would start again at each of its quotes.
_TEXTS: Final = re.compile(_TEXT, re.DOTALL)
_TEXTS_IN_BYTES: Final = re.compile(_TEXT.encode(), re.DOTALL)
_BRACKETS: Final = re.compile(r"[\[\]{}]")
_BRACKETS_IN_BYTES: Final = re.compile(rb"[\[\]{}]")
_OPENING: Final = frozenset({"[", "{", b"[", b"{"})


class RefusedError(ValueError):
    """Data from outside is not decoded. The message is a clause that begins with "it"."""


class Budget:
    """The amounts that the remaining parts of one document may take together.

    Each method counts objects before they are built, and raises RefusedError if they are too many.
    """

    def __init__(self, unpacked: int = MAX_UNPACKED, messages: int = MAX_MESSAGES) -> None:
        self._unpacked = self._bytes_left = unpacked
        self._messages = self._messages_left = messages
        self._items_left = MAX_ITEMS
        self._cells_left = MAX_CELLS

    def take_parts(self, number: int = 1) -> None:
        """Count parts of circuits or nodes of archives. Each takes as long as two states."""
        self.take_items(2 * number)

    def take_items(self, number: int = 1) -> None:
        self._items_left -= number
        if self._items_left < 0:
            raise RefusedError(f"it has more than {MAX_ITEMS:,} states or parts")

    def take_cells(self, number: int) -> None:
        """Count the bytes of states and samples. A short text can have many."""
        self._cells_left -= number
        if self._cells_left < 0:
            raise RefusedError(f"it would take more than {MAX_CELLS >> 20} MB in memory")

    def take_message(self, size: int) -> None:
        self._messages_left -= size
        if self._messages_left < 0:
            raise RefusedError(f"its circuits take more than {self._messages >> 20} MB")

    def unpacked(self, packed: str) -> str:
        """Return the text in base64-encoded zlib data, or raise RefusedError."""
        pieces = []
        try:
            for piece in inflate(base64.b64decode(packed), self._unpacked):
                pieces.append(piece)
                self._bytes_left -= len(piece)
                if self._bytes_left < 0:
                    raise ValueError(f"it would take more than {self._unpacked >> 20} MB unpacked")  # noqa: TRY301
            return b"".join(pieces).decode()
        except ValueError as error:
            raise RefusedError(f"it cannot be unpacked ({error})") from None


def parse_json(
    text: str,
    *,
    most_text: int = MAX_DOCUMENT_TEXT,
    most_values: int = MAX_DOCUMENT_VALUES,
    parse_constant: Callable[[str], Any] | None = None,
) -> Any:
    """Return the value of a JSON document; `parse_constant` converts ``NaN`` and ``Infinity``.

    Raises:
        RefusedError: the document is not JSON, or is too large.
    """
    if len(text) > most_text:
        raise RefusedError(f"it has more than {most_text >> 20} million characters")
    check_shape(text, most_values=most_values)
    try:
        return json.loads(text, parse_constant=parse_constant)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"it is not JSON ({error})") from None


def check_shape(
    document: str | bytes | bytearray,
    *,
    most_values: int = MAX_DOCUMENT_VALUES,
    most_containers: int | None = None,
    most_levels: int = MAX_DOCUMENT_DEPTH,
) -> None:
    """Raise RefusedError if a JSON document is too large or too deep to be parsed.

    A string counts as one value. Text that is not JSON may pass.

    Args:
        document: JSON document.
        most_values: maximum number of values, including keys.
        most_containers: maximum number of lists and objects; None for `most_values`.
        most_levels: maximum depth of nested lists and objects.

    >>> check_shape(b'{"a": ["[[[["]}', most_levels=2)
    """
    texts: Any = _TEXTS if isinstance(document, str) else _TEXTS_IN_BYTES
    brackets: Any = _BRACKETS if isinstance(document, str) else _BRACKETS_IN_BYTES
    signs: Any = texts.sub(document[:0], document)

    def number(sign: str) -> int:
        return int(signs.count(sign if isinstance(signs, str) else sign.encode()))

    containers = number("[") + number("{")
    if containers > (most_values if most_containers is None else most_containers):
        raise RefusedError("it has too many lists and objects")
    if 1 + containers + number(",") + number(":") > most_values:
        raise RefusedError(f"it has more than {most_values:,} values")
    if containers <= most_levels:
        return
    level = 0
    for bracket in brackets.finditer(signs):
        level += 1 if bracket[0] in _OPENING else -1
        if level > most_levels:
            raise RefusedError(
                f"its lists and objects are nested more than {most_levels} levels deep"
            )
