"""The parameter changes that a stored body allows for a rerun."""

from __future__ import annotations

import copy

import pytest

from jobgroup import InvalidOverrideError
from jobgroup.engine.overrides import apply_overrides, overridable_params

BODY = {
    "platform_name": "sim:x",
    "payload": {
        "command": "sample_count",
        "max_shots": 100,
        "max_samples": None,
        "seed": None,
        "noise": "pcvlar 0 1 0 NoiseModel",
        "parameters": {"max_shots": 7, "power": 2, "feed_forward": True, "input": ":PCVL:x:|1>"},
    },
}


def test_plain_values_can_be_changed():
    """Unset limits can be changed too. Empty values and those that only Perceval writes cannot."""
    assert overridable_params(BODY["payload"]) == {
        "max_shots": 100,
        "max_samples": None,
        "power": 2,
        "feed_forward": True,
    }


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("max_shots", 100, 5),
        ("max_samples", None, 1),
        ("power", 2, 0.5),
        ("feed_forward", True, False),
    ],
)
def test_a_change_replaces_the_effective_value(name, old, new):
    """A value in the payload itself takes precedence over its parameters.

    The stored body stays unchanged.
    """
    before = copy.deepcopy(BODY)
    revision = apply_overrides(BODY, {name: new})
    assert revision.overrides == {name: [old, new]}
    own = revision.body["payload"] if name.startswith("max") else {}
    inner = revision.body["payload"]["parameters"]
    assert {**inner, **own}[name] == new
    assert inner["max_shots"] == 7
    assert before == BODY


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("max_shots", True, "whole number"),
        ("max_shots", 1.0, "whole number"),
        ("max_shots", None, "whole number"),
        ("power", True, "another type"),
        ("power", float("inf"), "another type"),
        ("power", "2", "another type"),
        ("feed_forward", 1, "another type"),
        ("noise", "less", "only Perceval"),
        ("seed", 3, "only Perceval"),
    ],
)
def test_a_value_of_another_kind_is_refused(name, value, reason):
    """True is not a number, a number is not a truth value, and encoded values stay."""
    with pytest.raises(InvalidOverrideError, match=reason):
        apply_overrides(BODY, {name: value})


def test_an_execution_has_no_parameters_of_its_own():
    """The limits of an Execution are copies, for display, of those in its computation."""
    assert overridable_params({"computation": "pcvlar 0 1", "max_shots": 100}) == {}
