"""Create bodies as the file keeps them: JSON, compressed, each found by what it says. Pure."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from typing import Any

MAX_BODY_BYTES = 64 * 2**20
"""What a stored body may unpack to; a colleague's file could hold a bomb."""

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def text_of(body: Mapping[str, Any]) -> bytes:
    """The body as compact JSON.

    Raises:
        ValueError: it cannot be sent as JSON.
    """
    try:
        return _encode(body).encode()
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The body of this job cannot be sent as JSON ({error}). Nothing was added."
        ) from None


def digest_of(text: bytes) -> bytes:
    """What equal bodies have in common."""
    return hashlib.blake2b(text, digest_size=16).digest()


def packed(text: bytes) -> bytes:
    """The text, compressed.

    By default zlib makes room for 256 kB, which for 1 kB of text takes four times as long as
    compressing it; a window of the text's own size finds as much.
    """
    window_bits = min(max(len(text).bit_length() + 1, 10), 15)
    packer = zlib.compressobj(1, zlib.DEFLATED, window_bits, window_bits - 7)
    return packer.compress(text) + packer.flush()


def unpacked(data: Any, most_bytes: int = MAX_BODY_BYTES) -> dict[str, Any] | None:
    """The object that was packed; None for what is damaged, or unpacks to too much."""
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(data, most_bytes)
        body = json.loads(text) if unpacker.eof else None
    except (TypeError, ValueError, RecursionError, zlib.error):
        return None
    return body if isinstance(body, dict) else None
