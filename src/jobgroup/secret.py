"""Define a string that no traceback, log or repr shows, such as a token. Pure."""

from __future__ import annotations

import json
import re
from typing import Final
from urllib.parse import quote

_HIDDEN: Final = "[token]"

_NO_CHANCE: Final = 16
"""Length from which a secret does not appear in text by chance, as "none" may."""


class Secret:
    """A text whose repr and str do not show it.

    Tools that print local variables (rich, `%xmode Verbose`, `pytest -l`, error trackers) call
    `repr`. A subclass of `str` would not protect the text, because some of these tools shorten long
    strings first and show the rest.

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
        """Return the text. Use it immediately, and do not assign it to a variable."""
        return self._text

    def hide_in(self, text: str) -> str:
        """Return a string without this secret, in any form that JSON or a URL gives it.

        A short secret is hidden only if it is not a part of a longer word.

        >>> Secret("s/3").hide_in("bad s/3, s%2F3"), Secret("tok").hide_in("tok is a bad token")
        ('bad [token], [token]', '[token] is a bad token')
        """
        if not self._text:
            return text
        spellings = {self._text, json.dumps(self._text)[1:-1], quote(self._text, safe="")}
        pattern = "|".join(map(re.escape, sorted(spellings, key=len, reverse=True)))
        if len(self._text) < _NO_CHANCE:
            pattern = rf"(?<!\w)(?:{pattern})(?!\w)"
        return re.sub(pattern, _HIDDEN, text)

    def hide_in_bytes(self, data: bytearray) -> bytearray:
        """Return bytes without this secret, unless it is so short that it may occur by chance."""
        if len(self._text) >= _NO_CHANCE and self._text.encode() in data:
            return data.replace(self._text.encode(), _HIDDEN.encode())
        return data


NOTHING: Final = Secret("")
"""An empty secret."""
