"""Tests of a sweep's points: which of them are equal, and which are rejected."""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import perceval as pcvl
import pytest
from swept import counts, experiment, points

from jobgroup import JobGroup


class Colour(enum.Enum):
    """An Enum."""

    RED = 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0.1 + 0.2, 0.3),
        (1, 1.0),
        (1, np.int8(1)),
        (0.1, np.float64(0.1)),
        (0.0, -0.0),
        (float("inf"), np.inf),
        (True, np.True_),
        ("a", np.str_("a")),
        (datetime(2026, 1, 2, tzinfo=UTC), pd.Timestamp("2026-01-02T01:00", tz="Europe/Paris")),
        (datetime(2026, 1, 2, 3), np.datetime64("2026-01-02T03:00:00", "ns")),
        (Colour.RED, Colour.RED),
        (Path("a") / "b", PurePosixPath("a/b")),
        (pcvl.BasicState([1, 0]), pcvl.BasicState("|1,0>")),
        (pcvl.NoiseModel(g2=0.1), pcvl.NoiseModel(g2=0.1)),
        (pcvl.PostSelect("[0]==1"), pcvl.PostSelect("[0] == 1")),
        (
            pcvl.StateVector([1, 0]) + pcvl.StateVector([0, 1]),
            pcvl.StateVector([0, 1]) + pcvl.StateVector([1, 0]),
        ),
    ],
)
def test_equal_values_are_one_point(one, other):
    """The points are equal within one call and across two calls."""
    jg = JobGroup("scan")

    def build(x):
        return experiment()

    jg.sweep(build, {"x": [one]})
    assert counts(jg.sweep(build, {"x": [other]})) == (0, 1, 0, 0, 1)
    both = jg.sweep(build, {"x": [one, other]})
    assert counts(both) == (0, 1, 0, 0, 1)
    assert "1 point given more than once." in both.notes
    assert jg.jobs(labels={"x": other}) == jg.jobs(labels={"x": one}) == jg[:]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (False, 0.0),
        (0.1, np.float32(0.1)),
        (1, "1"),
        (10**12, 10**12 + 1),
        (4e9 + 1, 4e9 + 2),
        pytest.param(10**400, 10**400 + 1, id="beyond floats"),
        (float("inf"), 1e300),
        (pcvl.BasicState([1, 0]), pcvl.BasicState([0, 1])),
    ],
)
def test_different_values_are_two_points(one, other):
    """Booleans are not numbers. A number with another precision is another number, and so is each
    seed.
    """
    jg = JobGroup("scan")
    report = jg.sweep(lambda x: experiment(), {"x": [one, other]})
    assert counts(report) == (2, 0, 0, 0, 2)
    assert len(jg.jobs(labels={"x": one})) == 1


def test_sweep_keeps_the_groups_numbers():
    """The label, and the value that `build` gets, is the first equal value, also over the whole
    range.
    """
    jg = JobGroup("scan")
    given = []

    def build(phi):
        given.append(phi)
        return experiment(phi=phi)

    start, stop, count = -1.0, 1.0, 51
    jg.sweep(build, {"phi": np.linspace(start, stop, count)})
    step = (stop - start) / (count - 1)
    report = jg.sweep(build, {"phi": [start + n * step for n in range(count)]})
    assert counts(report) == (0, count, 0, 0, count)
    assert given[count:] == given[:count] == [job.labels["phi"] for job in jg]


def test_sweep_takes_points_in_many_forms():
    """Points may be rows of a DataFrame, mappings, a Series, a range, one number or text, or named
    objects.
    """
    jg = JobGroup("scan")
    circuits = {"mzi": object(), "bs": object()}
    jg.sweep(experiment, pd.DataFrame({"a": [1, 2], "b": [0.5, 0.6]}), name="f")
    jg.sweep(experiment, [{"a": 1, "b": 0.5}, {"b": 0.7, "a": 3}], name="f")
    assert points(jg, "a", "b") == {(1, 0.5): 1, (2, 0.6): 1, (3, 0.7): 1}
    one = JobGroup("one")
    given = []

    def build(circuit, n, word, x):
        given.append(circuit)
        return experiment()

    one.sweep(
        build, {"circuit": circuits, "n": range(2), "word": "abc", "x": pd.Series([0.5], index=[7])}
    )
    assert given == [circuits["mzi"]] * 2 + [circuits["bs"]] * 2
    assert points(one, "circuit", "n", "word", "x") == {
        (name, n, "abc", 0.5): 1 for name in circuits for n in (0, 1)
    }
    assert [axis.kind for axis in one.sweeps[0].axes] == ["text", "number", "text", "number"]


@pytest.mark.parametrize(
    ("over", "error", "said"),
    [
        ({"phi": {1, 2}}, TypeError, "set"),
        ({"phi": [0.1, None]}, ValueError, r"phi\[1\] is missing"),
        ({"phi": [float("nan")]}, ValueError, r"phi\[0\] is missing"),
        ({"phi": pd.Series([1, pd.NA])}, ValueError, r"phi\[1\] is missing"),
        ({"phi": [pd.NaT]}, ValueError, "missing"),
        (pd.DataFrame({"a": [1, np.nan]}), ValueError, "a of point 1 is missing"),
        ({"phi": []}, ValueError, "no values"),
        ({}, ValueError, "no swept value"),
        ([], ValueError, "no points"),
        ([{"a": 1, "b": 2}, {"b": 2}], ValueError, "Point 1 has no a"),
        ([3], TypeError, "Point 0 must be a mapping"),
        (5, TypeError, "over must be"),
        ("phi", TypeError, "over must be"),
        ({"circuit": pcvl.Circuit(2)}, TypeError, "needs a fixed name"),
        ({"circuit": [pcvl.Circuit(2)]}, TypeError, "needs a fixed name"),
        ({"x": [1j]}, TypeError, "needs a fixed name"),
        ({"x": np.eye(2)}, TypeError, "needs a fixed name"),
        ({"x": b"abc"}, TypeError, "needs a fixed name"),
        ({1: [2]}, TypeError, "must be a string"),
        *(({name: [1]}, ValueError, "column") for name in ("state", "p", "shots", "platform")),
    ],
)
def test_sweep_refuses_invalid_points(over, error, said):
    """The error is raised at once, with name and position, and no job is added."""
    jg = JobGroup("scan")
    with pytest.raises(error, match=said):
        jg.sweep(experiment, over)
    assert len(jg) == 0
    assert jg.sweeps == ()


@pytest.mark.parametrize(
    "options",
    [
        {"repeats": 0},
        {"repeats": 1.5},
        {"on_change": "no"},
        {"labels": {"phi": 1}},
        {"labels": 3},
        {"phi": 3},
        {"units": {"eta": "1"}},
        {"units": {"phi": 3}},
        {"long_names": "phase"},
        {"name": 3},
        {"name": " "},
        {"name": "a\x00b"},
    ],
)
def test_sweep_refuses_invalid_arguments(options):
    """The call raises an error before it calls `build`."""
    jg = JobGroup("scan")
    with pytest.raises((TypeError, ValueError)):
        jg.sweep(lambda phi: pytest.fail("called"), {"phi": [0.1]}, **options)
    with pytest.raises(TypeError, match="function"):
        jg.sweep(3, {"phi": [0.1]})
    assert len(jg) == 0
