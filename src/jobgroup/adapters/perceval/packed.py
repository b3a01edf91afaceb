"""How much memory Perceval's packed texts take unpacked, found out without unpacking them whole."""

from __future__ import annotations

import base64
import zlib
from typing import Any, Final

MAX_UNPACKED_BYTES: Final = 256 * 2**20
"""What all packed texts of one result may take together."""

_MARKS: Final = (":PCVL:zip:", "pcvlar:zip:")
_CHUNK: Final = 2**20


def is_within_bounds(value: Any, budget: int = MAX_UNPACKED_BYTES) -> bool:
    """Whether the packed texts anywhere in a value, keys too, unpack to no more than a budget."""
    return _left(value, budget) >= 0


def _left(value: Any, budget: int) -> int:
    if isinstance(value, dict):
        for key, item in value.items():
            budget = _left(item, _left(key, budget))
            if budget < 0:
                break
    elif isinstance(value, list):
        for item in value:
            budget = _left(item, budget)
            if budget < 0:
                break
    elif isinstance(value, str) and value.startswith(_MARKS):
        return _left_after(value, budget)
    return budget


def _left_after(text: str, budget: int) -> int:
    """The budget without what a packed text takes; a text packed again inside counts too."""
    try:
        data = base64.b64decode(text.split(":", 3 if text.startswith(":") else 2)[-1])
        unpacker = zlib.decompressobj()
        head = b""
        while data and budget >= 0 and not unpacker.eof:
            piece = unpacker.decompress(data, _CHUNK)
            head = head or piece
            budget -= len(piece)
            data = unpacker.unconsumed_tail
        if head.startswith(tuple(mark.encode() for mark in _MARKS)):
            return -1  # Perceval never packs twice
    except (ValueError, zlib.error):
        pass  # no bomb: Perceval will say what is wrong with it
    return budget
