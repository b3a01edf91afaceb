"""Decompress a response body while it arrives, within a limit."""

from __future__ import annotations

import zlib
from typing import Any, Final

ACCEPTED: Final = "gzip"
"""Encodings that a request offers. Python 3.11 has no decoder with limits for br and zstd."""


_UNSUPPORTED: Final = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})


class Decompressor:
    """Decompresses one body.

    Args:
        encoding: value of its ``Content-Encoding`` header. Unknown ones change nothing, because
            some servers send "utf-8" or "none".

    Raises:
        ValueError: the encoding is not supported, or there are several encodings, each of which
            would multiply the size.

    >>> Decompressor("gzip, gzip")
    Traceback (most recent call last):
    ...
    ValueError: its content encoding is 'gzip, gzip'
    """

    def __init__(self, encoding: str) -> None:
        self._stream: Any = None
        encoding = encoding.strip().lower()
        if encoding in {"gzip", "x-gzip", "deflate"}:
            self._stream = _new_stream()
        elif "," in encoding or encoding in _UNSUPPORTED:
            raise ValueError(f"its content encoding is {encoding[:40]!r}")
        self._is_complete = True

    def feed(self, data: bytes, max_bytes: int) -> bytes:
        """Return the decompressed `data`, up to `max_bytes` + 1 bytes.

        Raises:
            ValueError: the data is not in the body's encoding.
        """
        if self._stream is None:
            return data[: max_bytes + 1]
        out = bytearray()
        while data and len(out) <= max_bytes:
            if self._stream.eof:  # a gzip stream may have several members
                self._stream = _new_stream()
            try:
                out += self._stream.decompress(data, max_bytes + 1 - len(out))
            except zlib.error as error:
                raise ValueError(str(error)) from None
            data = self._stream.unconsumed_tail or self._stream.unused_data
            self._is_complete = self._stream.eof
        return bytes(out)

    def end(self) -> None:
        """Raise ValueError if the body is incomplete."""
        if not self._is_complete:
            raise ValueError("its end is missing")


def _new_stream() -> Any:
    return zlib.decompressobj(zlib.MAX_WBITS | 32)  # accept the header of gzip or zlib
