"""A text that no traceback, log or repr shows: a token, a proxy's password. Pure."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import quote

_HIDDEN: Final = "[token]"

_NO_CHANCE: Final = 16
"""A secret of so many characters stands nowhere by chance; "none" may."""


class Secret:
    """Keeps a text out of sight.

    Tools that print local variables (rich, `%xmode Verbose`, `pytest -l`, error trackers) call
    `repr`. A subclass of `str` would not do: some of them cut long texts first, which shows them.

    >>> token = Secret("abc")
    >>> token, f"{token}", token.reveal()
    ([token], '[token]', 'abc')
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return _HIDDEN

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def reveal(self) -> str:
        """Return the text. Use it at once; bind it to no variable."""
        return self._text

    def hide_in(self, text: str) -> str:
        """Return another text without this one, however JSON or a url spells it.

        >>> Secret("s/3").hide_in("bad s/3, s%2F3")
        'bad [token], [token]'
        """
        if not self._text:
            return text
        for spelling in (self._text, json.dumps(self._text)[1:-1], quote(self._text, safe="")):
            text = text.replace(spelling, _HIDDEN)
        return text

    def hide_in_bytes(self, data: bytearray) -> bytearray:
        """Return bytes without this text, which a document may hold by chance if it is short."""
        if len(self._text) >= _NO_CHANCE and self._text.encode() in data:
            return data.replace(self._text.encode(), _HIDDEN.encode())
        return data


NOTHING: Final = Secret("")
"""No secret."""
