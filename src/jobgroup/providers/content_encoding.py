"""Unpacking an answer's body as it comes, within a limit: one content encoding, and no more."""

from __future__ import annotations

import zlib
from typing import Any, Final, Protocol

_GZIP: Final = b"\x1f\x8b"


class Unpacker(Protocol):
    """Takes what comes and gives what it holds."""

    def feed(self, data: bytes, at_most: int) -> bytes:
        """Return what comes out, no more than `at_most` bytes and one.

        Raises:
            ValueError: it is not of this encoding.
        """
        ...

    def end(self) -> None:
        """Raise ValueError where something is missing."""
        ...


class _Identity:
    def feed(self, data: bytes, at_most: int) -> bytes:
        return data[: at_most + 1]

    def end(self) -> None:
        pass


class _Deflated:
    """Gzip, of one or several members, and deflate, with or without zlib's frame."""

    def __init__(self, *, is_gzip: bool) -> None:
        self._is_gzip = is_gzip
        self._stream: Any = None
        self._kept = b""

    def feed(self, data: bytes, at_most: int) -> bytes:
        out = bytearray()
        data, self._kept = self._kept + data, b""
        while data and len(out) <= at_most:
            if self._stream is None:
                if len(data) < 2:
                    self._kept = data
                    break
                self._stream = zlib.decompressobj(self._window(data))
            try:
                out += self._stream.decompress(data, at_most + 1 - len(out))
            except zlib.error as error:
                raise ValueError(str(error)) from None
            data = self._stream.unconsumed_tail
            if self._stream.eof:
                data = self._stream.unused_data
                if data and not (self._is_gzip and _GZIP.startswith(data[:2])):
                    raise ValueError("more follows after its end")
                self._stream = None if data else self._stream
        return bytes(out)

    def end(self) -> None:
        if self._kept or (self._stream is not None and not self._stream.eof):
            raise ValueError("its end is missing")

    def _window(self, data: bytes) -> int:
        if self._is_gzip:
            return zlib.MAX_WBITS | 16
        # what is called deflate is often the bare stream (RFC 9110, 8.4.1.2)
        has_frame = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
        return zlib.MAX_WBITS if has_frame else -zlib.MAX_WBITS


def unpacker_for(encoding: str) -> Unpacker:
    """Return what unpacks a body with that ``Content-Encoding``.

    Raises:
        ValueError: it is none that was asked for, or several: each would multiply the size.

    >>> unpacker_for("gzip, gzip")
    Traceback (most recent call last):
    ...
    ValueError: its content encoding is 'gzip, gzip'
    """
    match encoding.strip().lower():
        case "" | "identity":
            return _Identity()
        case "gzip" | "x-gzip":
            return _Deflated(is_gzip=True)
        case "deflate":
            return _Deflated(is_gzip=False)
    raise ValueError(f"its content encoding is {encoding[:40]!r}")


ACCEPTED: Final = "gzip, deflate"
"""What a request offers. br and zstd have no bounded decoder in Python 3.11's library."""
