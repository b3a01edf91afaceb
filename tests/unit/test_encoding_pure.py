"""Conversion between Python values and the file's text."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import PurePosixPath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobgroup.store.encoding import as_json, as_object

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON))
def test_json_values_survive_a_round_trip(values):
    """Every value that JSON has is returned unchanged."""
    assert as_object(as_json(values)) == values


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (np.float64(0.3), 0.3),
        (np.int32(7), 7),
        (np.bool_(True), True),
        (np.arange(2000), list(range(2000))),
        (np.array([[0.5, np.nan]]), [[0.5, None]]),
        (float("nan"), None),
        (float("inf"), float("inf")),
        (-np.inf, -float("inf")),
        ('Infinity "Infinity\\', 'Infinity "Infinity\\'),
        (Decimal("0.1"), 0.1),
        (PurePosixPath("a/b"), "a/b"),
        ((1, {2}), [1, [2]]),
        ({1: {2: 3}}, {"1": {"2": 3}}),
        (2 + 1j, "(2+1j)"),
    ],
)
def test_values_that_json_lacks_become_text(value, kept):
    """Labels may be anything: NumPy numbers become numbers, missing ones null, all others text."""
    text = as_json({"value": value, "beside": 1})
    assert as_object(text) == {"value": kept, "beside": 1}
    json.loads(text, parse_constant=pytest.fail)


@pytest.mark.parametrize("text", [None, "", "[]", "3", "null", "{", "\x00", "[" * 100_000])
def test_a_damaged_text_decodes_to_nothing(text):
    """Decoding raises no exception, so one job never harms another."""
    assert as_object(text) == {}
