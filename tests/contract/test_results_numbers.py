"""The numbers of some jobs, as the dashboard asks for them."""

from __future__ import annotations

import json

import pytest

from jobgroup.group import engine_session
from jobgroup.results.numbers import numbers_of
from jobgroup.results.pool import Pool

RATE = "|1,1> * global_perf"


def _result(outcomes, **scalars):
    return {"results": json.dumps({"results": outcomes, **scalars})}


def test_views_get_the_numbers_of_the_jobs_they_show(ended, scripted):
    """Shares, errors and derived quantities by job, and the reason for a missing result."""
    jg = ended("completed", "completed", "completed", "error", "running", "completed")
    results = [
        _result(":PCVL:BSCount:{|1,1>=25;|2,0>=75}", global_perf=0.5),
        _result(":PCVL:BSDistribution:{|1,1>=0.25;|2,0>=0.75}"),
        {"results": None},
        {},
        {},
    ]
    for job, result in zip(jg, results, strict=False):
        scripted.results[job.id] = result
    found = numbers_of(engine_session(jg), range(5), ["|1,1>", RATE])
    assert sorted(found) == [0, 1, 2]
    (counted,), (computed,) = found[0], found[1]
    assert counted.samples == 100
    assert counted.quantities["|1,1>"][:2] == pytest.approx((0.25, 0.0433013), abs=1e-7)
    assert counted.quantities[RATE].value == 0.125
    assert (computed.samples, computed.quantities["|1,1>"]) == (None, (0.25, None, None, None))
    assert "no results" in str(found[2])
    pool = Pool([counted.measurement, computed.measurement])
    assert ([m.position for m in pool.left_out], pool.samples) == ([1], 100)
