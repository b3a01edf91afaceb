"""JSON from outside is measured before it is parsed."""

import json

import pytest

from jobgroup.decoding import RefusedError
from jobgroup.decoding import parse_json as parse_result
from jobgroup.providers.documents import MAX_CONTAINERS, MAX_JSON_DEPTH, MAX_JSON_VALUES, parse_json

AS_BYTES_AND_TEXT = pytest.mark.parametrize(
    "read", [parse_json, lambda data: parse_result(data.decode())]
)


@AS_BYTES_AND_TEXT
def test_a_text_without_an_end_is_measured_in_one_pass(read):
    """The time is linear even for 4 MB of escaped quotes after an unclosed quote."""
    with pytest.raises(ValueError, match=r"JSON|nterminated"):
        read(b'{"a": "' + rb"\"" * (2 * 2**20))


@AS_BYTES_AND_TEXT
def test_brackets_in_texts_do_not_count(read):
    """Brackets in strings, even after escaped quotes, count neither as depth nor as size."""
    document = {"a": '"' + "[{,:" * 100_000 + "\\", "b\\": [1, {"c": '\\"'}]}
    assert read(json.dumps(document).encode()) == document


@AS_BYTES_AND_TEXT
@pytest.mark.parametrize("unit", [b"[", b'{"a":', b'["\\"]",'])
def test_a_deep_document_is_refused_before_it_is_parsed(read, unit):
    """Lists and objects are nested deeper than Python's own limit."""
    with pytest.raises(ValueError, match="levels deep"):
        read(unit * 50_000)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"[" + b"[]," * MAX_CONTAINERS + b"[]]", "too many lists"),
        (b"[" + b"1," * MAX_JSON_VALUES + b"1]", "more than"),
    ],
)
def test_a_wide_document_is_refused_before_it_is_parsed(document, why):
    """A few megabytes of brackets or commas would become a gigabyte of objects."""
    with pytest.raises(RefusedError, match=why):
        parse_json(document)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be"])
def test_a_document_that_is_not_utf_8_is_refused(encoding):
    """Its brackets cannot be distinguished from those in strings without decoding it."""
    with pytest.raises(ValueError, match="UTF-8"):
        parse_json(('["\\"", ' + "[], " * 1000 + "[]]").encode(encoding))


def test_a_document_at_the_limit_of_depth_is_parsed():
    """A document may be as deep as the limit."""
    found = parse_json(b"[" * MAX_JSON_DEPTH + b" " * 1000 + b"]" * MAX_JSON_DEPTH)
    for _ in range(MAX_JSON_DEPTH - 1):
        (found,) = found
    assert found == []
