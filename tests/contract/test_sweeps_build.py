"""Tests of the function that builds a sweep's jobs."""

from __future__ import annotations

import perceval as pcvl
import pytest
from swept import counts, experiment, points

from jobgroup import JobGroup


def test_build_is_called_once_for_each_point():
    """`build` is not called for each repeat. `check=False` skips known points."""
    jg = JobGroup("scan")
    called = []

    def build(phi):
        called.append(phi)
        return experiment(phi=phi)

    jg.sweep(build, {"phi": [0.1, 0.2]}, repeats=3)
    jg.sweep(build, {"phi": [0.1, 0.2]}, repeats=3)
    assert called == [0.1, 0.2, 0.1, 0.2]
    jg.sweep(build, {"phi": [0.1, 0.2, 0.3]}, repeats=3, check=False)
    assert called[4:] == [0.3]
    jg.sweep(build, {"phi": [0.1, 0.2, 0.3]}, repeats=4, check=False)
    assert called[5:] == [0.1, 0.2, 0.3]
    assert set(points(jg, "phi").values()) == {4}


def test_build_may_return_none_or_parameters():
    """The report counts skipped points. A point's parameters override those of the call."""
    jg = JobGroup("scan")

    def build(n):
        return None if n == 2 else (experiment(n=n), {"max_samples": 100 * n})

    report = jg.sweep(build, {"n": [1, 2, 3]}, repeats=2, max_samples=5, max_shots=7)
    assert counts(report) == (4, 0, 0, 2, 6)
    assert "2 left out" in str(report)
    assert [job.params["max_samples"] for job in jg] == [100, 100, 300, 300]
    assert {job.params["max_shots"] for job in jg} == {7}


def test_failing_build_names_its_point_and_keeps_earlier_jobs():
    """The next call continues from there."""
    jg = JobGroup("scan")
    is_well = False

    def build(phi):
        if phi > 0.25 and not is_well:
            raise ZeroDivisionError("no")
        return experiment(phi=phi)

    with pytest.raises(ZeroDivisionError) as raised:
        jg.sweep(build, {"phi": [0.1, 0.2, 0.3]})
    (note,) = raised.value.__notes__
    assert "phi=0.3" in note
    assert "2 jobs" in note
    assert len(jg) == 2
    is_well = True
    assert counts(jg.sweep(build, {"phi": [0.1, 0.2, 0.3]})) == (1, 2, 0, 0, 3)


def test_sweep_takes_perceval_jobs(sampled):
    """`build` gets the values of the group, and its objects follow their entries."""
    jg = JobGroup("scan")
    given = []

    def build(phi, given_state):
        given.append((phi, given_state))
        return sampled(phi, given_state)

    states = [pcvl.BasicState([1, 1]), pcvl.BasicState([2, 0])]
    report = jg.sweep(
        build,
        {"phi": [0.1, 0.1 + 0.2], "given_state": states},
        name="scan",
        max_samples=5,
    )
    assert counts(report) == (4, 0, 0, 0, 4)
    assert given[1] == (0.1, states[1])
    assert {job.labels["given_state"] for job in jg} == {"|1,1>", "|2,0>"}
    again = jg.sweep(
        sampled,
        {"phi": [0.1, 0.3], "given_state": states},
        name="scan",
        max_samples=5,
    )
    assert counts(again) == (0, 4, 0, 0, 4)
