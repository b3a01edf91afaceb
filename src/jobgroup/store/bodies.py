"""Create bodies as the file keeps them: JSON, compressed, each found by what it says. Pure."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from typing import Any, Final

from jobgroup.store.limits import MAX_BODY_BYTES

_CHUNK_BYTES: Final = 2**18

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def text_of(body: Mapping[str, Any]) -> bytes:
    """The body as compact JSON.

    Raises:
        ValueError: it cannot be sent as JSON, or is larger than may be kept.
    """
    try:
        text = _encode(body).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"The body of this job cannot be sent as JSON ({error}). Nothing was added."
        ) from None
    if len(text) > MAX_BODY_BYTES:
        raise ValueError(
            f"The body of this job is {len(text) / 2**20:,.1f} MiB of JSON, and at most"
            f" {MAX_BODY_BYTES / 2**20:g} MiB can be stored. Nothing was added."
        )
    return text


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


def unpacked_size(data: bytes, most_bytes: int = MAX_BODY_BYTES) -> int | None:
    """The bytes that it unpacks to; None for damage, or for more than that. Takes little memory."""
    unpacker = zlib.decompressobj()
    size, rest = 0, data
    try:
        while not unpacker.eof and size <= most_bytes and rest:
            size += len(unpacker.decompress(rest, _CHUNK_BYTES))
            rest = unpacker.unconsumed_tail
    except zlib.error:
        return None
    return size if unpacker.eof and size <= most_bytes else None


def unpacked(data: Any, most_bytes: int = MAX_BODY_BYTES) -> dict[str, Any] | None:
    """The object that was packed; None for what is damaged, or unpacks to too much."""
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(data, most_bytes)
        body = json.loads(text) if unpacker.eof else None
    except (TypeError, ValueError, RecursionError, zlib.error):
        return None
    return body if isinstance(body, dict) else None
