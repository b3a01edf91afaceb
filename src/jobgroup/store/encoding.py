"""Convert Python values to JSON and back, and compress large ones. Pure."""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
import zlib
from collections.abc import Mapping
from typing import Any, Final

from jobgroup.decoding import check_shape
from jobgroup.decoding.compression import inflate
from jobgroup.store.limits import MAX_BODY_BYTES, MAX_BODY_DEPTH
from jobgroup.values import plain as single

MAX_LEVELS = 100
"""Maximum depth of nested lists and dictionaries. Recursive code must be able to walk them."""

_TEXT_OR_INFINITY: Final = re.compile(r'("(?:[^"\\]|\\.)*")|Infinity')

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def as_json(values: Mapping[str, Any]) -> str:
    """Return values as compact JSON, or "" if there are none.

    Unknown objects become null or strings. An infinity becomes ``1e999``, which JSON parsers read
    as an infinity.

    Raises:
        ValueError: the value is nested too deeply, or contains itself.
    """
    if not values:
        return ""
    try:
        text = _encode(values)
    except (TypeError, ValueError, RecursionError):
        text = json.dumps(_plain(values), separators=(",", ":"), ensure_ascii=False)
        return _TEXT_OR_INFINITY.sub(lambda found: found[1] or "1e999", text)
    if text.count("[") + text.count("{") > MAX_LEVELS:
        _plain(values)
    return text


def as_object(text: str | None) -> dict[str, Any]:
    """Return the JSON object in a string; {} if it is empty, too deep, or not an object."""
    try:
        value = json.loads(text) if text else {}
        if text and text.count("[") + text.count("{") > MAX_LEVELS:
            _plain(value)
    except (ValueError, RecursionError, TypeError):
        return {}
    return value if isinstance(value, dict) else {}


def json_safe(value: Any) -> Any:
    """Return the value with None in place of NaN and infinities, at any depth.

    >>> json_safe({"a": [1.5, float("nan")], 2: (None, "x")})
    {'a': [1.5, None], '2': [None, 'x']}
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): json_safe(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(each) for each in value]
    return value


def _plain(value: Any, level: int = 0) -> Any:
    if level > MAX_LEVELS:
        raise ValueError(
            f"Labels and parameters may be nested at most {MAX_LEVELS} levels deep; these are"
            " deeper, or contain themselves. Nothing was changed."
        )
    if isinstance(value, Mapping):
        return {str(k): _plain(v, level + 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v, level + 1) for v in value]
    value = single(value)
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    as_python = getattr(value, "tolist", None)  # scalars and arrays of NumPy and similar libraries
    if callable(as_python):
        try:
            return _plain(as_python(), level + 1)
        except (TypeError, ValueError, RecursionError):
            pass
    return str(value)


def encode_body(body: Mapping[str, Any]) -> bytes:
    """Return a body as compact JSON; raise ValueError if it is not JSON or too large to store."""
    try:
        text = _encode(body).encode()
        _check_depth(text)
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


def _check_depth(text: bytes) -> None:
    if text.count(b"[") + text.count(b"{") > MAX_BODY_DEPTH:  # counting is many times faster
        check_shape(text, most_values=sys.maxsize, most_levels=MAX_BODY_DEPTH)


def content_digest(text: bytes) -> bytes:
    """Return a digest; equal bodies have equal digests."""
    return hashlib.blake2b(text, digest_size=16).digest()


def compress(text: bytes) -> bytes:
    """Compress text with a window that fits its size.

    By default, zlib allocates 256 kB. For 1 kB of text, that takes four times as long as the
    compression. The smaller window finds the same repetitions.
    """
    window_bits = min(max(len(text).bit_length() + 1, 10), 15)
    packer = zlib.compressobj(1, zlib.DEFLATED, window_bits, window_bits - 7)
    return packer.compress(text) + packer.flush()


def decompressed_size(data: bytes, max_bytes: int) -> int | None:
    """Return the decompressed size; None if the data is damaged or too large."""
    try:
        return sum(map(len, inflate(data, max_bytes)))
    except ValueError:
        return None


def decompress_object(data: Any, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any] | None:
    """Return the decompressed object; None if the data is damaged or too large."""
    try:
        text = b"".join(inflate(data, max_bytes))
        _check_depth(text)
        body = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
