"""Encode and decode the dashboard's messages as web socket frames.

A message without buffers is a text frame with the message's JSON. A message with buffers is a
binary frame. It begins with the number of parts and the length of each, as unsigned 32-bit integers
in network byte order. The parts follow; the first is the JSON. The browser's side is
`js/src/kernel/socket.ts`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any


def encode(content: Any, buffers: Sequence[memoryview] = ()) -> str | bytes:
    """Return the frame for a message: text without buffers, bytes with them."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    if not buffers:
        return text
    parts: list[bytes] = [text.encode(), *map(bytes, buffers)]
    return b"".join([struct.pack(f">{1 + len(parts)}I", len(parts), *map(len, parts)), *parts])


def decode(frame: str | bytes) -> Any:
    """Return the message in a browser's text frame; raise ValueError if there is none."""
    try:
        return json.loads(frame)
    except RecursionError:
        raise ValueError("The frame is nested too deeply.") from None
