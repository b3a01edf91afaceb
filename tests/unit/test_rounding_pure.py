"""Rounding errors, by a table of examples that the dashboard's tests read as well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobgroup.rounding import is_same_number

EXAMPLES = json.loads((Path(__file__).parents[1] / "rounding_examples.json").read_text("utf-8"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: str(each["numbers"]))
def test_numbers_are_one_number_if_only_rounding_separates_them(example):
    """Each example holds in both orders; `rounding.test.ts` reads the same table."""
    one, other = example["numbers"]
    assert is_same_number(one, other, example["span"]) == example["is_same"]
    assert is_same_number(other, one, example["span"]) == example["is_same"]
