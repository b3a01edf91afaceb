"""Decompress within bounds, because a short text may unpack to more than the memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

_CHUNK_BYTES: Final = 2**18


def inflate(data: bytes, max_bytes: int) -> Iterator[bytes]:
    """Yield the unpacked data; raise ValueError if it is damaged, truncated or too large."""
    stream, chunk, left = zlib.decompressobj(), b"", max_bytes
    while not stream.eof and (data or chunk):
        try:
            chunk = stream.decompress(data, _CHUNK_BYTES)
        except zlib.error as error:
            raise ValueError(str(error)) from None
        left -= len(chunk)
        if left < 0:
            raise ValueError(f"it would take more than {max_bytes >> 20} MB unpacked")
        data = stream.unconsumed_tail
        yield chunk
    if not stream.eof:
        raise ValueError("its end is missing")
