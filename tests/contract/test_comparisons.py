"""Tests of comparisons of results."""

from __future__ import annotations

import asyncio

import pytest
from measured_jobs import counts_of, pair_of

from jobgroup import RemoteJob


def test_comparisons_state_what_chance_gives(measured):
    """The published example has a distance of 0.0240; chance gives 0.0364, and the p-value is about
    0.73.
    """
    four = ("|2,0>", "|1,1>", "|0,2>", "|1,0>")
    jg = measured(
        ({"x": 0}, counts_of(**dict(zip(four, (98, 211, 189, 2), strict=True)))),
        ({"x": 1}, counts_of(**dict(zip(four, (110, 200, 188, 2), strict=True)))),
        ({"x": 2}, ":PCVL:BSDistribution:{|1,1>=1.0}"),
        ({"x": 3}, ":PCVL:BSCount:{|1,1,0>=3}"),
        ({"x": 4}, None),
    )
    found = jg.compare(0, 1)
    assert (found.distance, found.expected) == pytest.approx((0.0240, 0.036399), abs=5e-7)
    assert found.p_value == pytest.approx(0.73, abs=0.02)
    assert found == asyncio.run(jg.compare_async(jg[0], [1]))
    assert "0.0240" in str(found)
    assert "chosen beforehand" in str(found)
    computed = jg.compare(0, 2)
    assert (computed.distance, computed.expected) == (pytest.approx(1 - 211 / 500), None)
    with pytest.raises(ValueError, match=r"2 modes.*3 modes"):
        jg.compare(0, 3)
    with pytest.raises(ValueError, match="no results"):
        jg.compare(0, 4)
    ideal = {"|2,0>": 0.25, "|1,1>": 0.375, "|0,2>": 0.375}
    assert jg.compare(0, ideal).expected == pytest.approx(0.025004, abs=5e-7)
    with pytest.raises(ValueError, match="sum is 1"):
        jg.compare(0, {"|2,0>": 0.5})


def test_comparisons_name_jobs_that_still_run(measured, scripted):
    """A job without a result is skipped, and the comparison says so."""
    jg = measured(*(({"x": x}, pair_of(50, 50)) for x in range(3)))
    jg.add(RemoteJob({"command": "x"}, platform="sim:x", url=scripted.url))
    found = jg.compare([0, 3], [1, 2])
    assert (found.samples, found.skipped) == ((100, 200), (3,))


def test_comparisons_warn_of_jobs_on_both_sides(measured):
    """Sides that share a job are not independent, so their p-value would be too high."""
    jg = measured(*(({"x": x}, pair_of(50, 50)) for x in range(3)))
    with pytest.warns(UserWarning, match=r"Job 1 is on both sides .*not independent"):
        assert jg.compare([0, 1], [1, 2]).distance == 0
    with pytest.warns(UserWarning, match="not independent"):
        assert jg.compare(0, 0).distance == 0


def test_comparisons_do_not_warn_of_jobs_without_effect(measured, scripted, recwarn):
    """A shared job affects no p-value if it has no result, or if the results are computed."""
    computed = ":PCVL:BSDistribution:{|1,1>=0.5;|2,0>=0.5}"
    jg = measured(*(({"x": x}, pair_of(50, 50)) for x in range(2)), ({"x": 2}, computed))
    jg.add(RemoteJob({"command": "x"}, platform="sim:x", url=scripted.url))
    assert jg.compare([0, 3], [1, 3]).skipped == (3,)
    assert jg.compare([0, 2], [1, 2]).left_out == (2,)
    assert jg.compare(2, 2).p_value is None
    assert not [str(each.message) for each in recwarn if "both sides" in str(each.message)]
