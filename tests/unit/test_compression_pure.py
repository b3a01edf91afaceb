"""The compression of bodies restores valid data and rejects damaged data."""

from __future__ import annotations

import pytest

from jobgroup.store import encoding
from jobgroup.store.limits import MAX_BODY_BYTES


@pytest.mark.parametrize("size", [0, 1, 500, 511, 1000, 16_000, 40_000, 300_000])
def test_a_packed_body_is_restored(size):
    """A body is restored at every window size, even if the text is larger than the window."""
    body = {"payload": "".join(chr(33 + i * i % 90) for i in range(size)), "é": [1.5, None]}
    text = encoding.encode_body(body)
    assert encoding.decompress_object(encoding.compress(text)) == body


@pytest.mark.parametrize("body", [{"x": float("nan")}, {"x": object()}, {"x": {1, 2}}])
def test_a_body_that_is_not_json_is_refused(body):
    """The error says that nothing was added."""
    with pytest.raises(ValueError, match="Nothing was added"):
        encoding.encode_body(body)


def test_a_damaged_body_is_refused():
    """A truncated body, a flipped byte, another type and a zip bomb are rejected."""
    packed = encoding.compress(encoding.encode_body({"payload": "x" * 100}))
    bomb = encoding.compress(b'"' + b"x" * MAX_BODY_BYTES + b'"')
    for data in (b"", packed[:20], b"\0" + packed[1:], None, 3, encoding.compress(b"[1]"), bomb):
        assert encoding.decompress_object(data) is None
