"""Tests of results that are missing, partial or unlike: none is pooled, and each is named."""

from __future__ import annotations

import json

import numpy as np
import pytest
from measured_jobs import counts_of, pair_of

from jobgroup import JobGroup, JobGroupWarning, RemoteJob
from jobgroup.dashboard.comparisons import compare_jobs


def test_counts_and_probabilities_of_a_point_are_not_mixed(measured):
    """Counts are used, and one warning names the jobs that are left out."""
    exact = ":PCVL:BSDistribution:{|1,1>=0.25;|2,0>=0.75}"
    jg = measured(({"x": 0}, exact), ({"x": 0}, pair_of(1, 3)), ({"x": 1}, exact))
    with pytest.warns(UserWarning, match=r"job 0 are left out"):
        ds = jg.to_xarray()
    assert ds.samples.values.tolist()[0] == 4
    assert np.isnan(ds.samples.values[1])
    assert np.isnan(ds.p_err.values[1]).all()
    assert "1 of 2 points computed by the platform" in ds.attrs["not_sampled"]


def test_unlike_repeats_are_named_once(measured):
    """50 and 80 of 100 differ by more than chance, so one warning names the point and mentions
    scatter.
    """
    jg = measured(({"x": 0.5}, pair_of(50, 50)), ({"x": 0.5}, pair_of(80, 20)))
    with pytest.warns(UserWarning, match=r"more than chance at x 0\.5.*scatter") as found:
        ds = jg.to_xarray(errors="scatter")
    assert len(found) == 1
    assert ds.p.sel(state="|1,1>").item() == 0.65
    assert ds.p_err.sel(state="|1,1>").item() == pytest.approx(0.15)


def test_partial_results_are_in_no_point(measured, scripted):
    """A failed job's partial counts stay in its row, and every pooled number says how many such
    results it leaves out.
    """
    jg = measured(({"x": 1}, pair_of(10, 90)), ({"x": 1}, None), ({"x": 1}, pair_of(20, 180)))
    scripted.results[jg[1].id] = {"results": json.dumps({"results": pair_of(90, 10)})}
    assert jg.results_table(["p(|1,1>)"])["p(|1,1>)"] == [0.1, 0.9, 0.1]
    left_out = "Partial results of job 1 of 'map' are left out"
    with pytest.warns(JobGroupWarning, match=left_out):
        ds = jg.to_xarray()
    assert ds.p.sel(x=1, state="|1,1>") == 0.1
    assert (ds.samples.item(), ds.shots.item()) == (300, 2000)
    assert ds.attrs["partial_results"] == "jobs 1"
    with pytest.warns(JobGroupWarning, match=left_out):
        ax = jg.plot("|1,1>")
    captions = [text.get_text() for text in ax.texts]
    assert captions == [
        "300 samples a point, 68.27 % Wilson; 1 of 1 measured; 1 partial result left out"
    ]
    with pytest.warns(JobGroupWarning, match=left_out):
        table = jg.distributions()
    assert (set(table["job"]), table.title) == (
        {0, 2},
        "2 jobs, 4 states; 1 partial result left out",
    )
    with pytest.warns(JobGroupWarning, match=left_out):
        found = jg.compare([0, 1], 2)
    assert (found.samples, found.skipped) == ((100, 200), (1,))
    assert "jobs without a complete result: 1" in str(found)
    with pytest.raises(ValueError, match="only partial results of job 1"):
        jg.compare(0, 1)
    sides = compare_jobs(jg, jg.snapshot())["sides"]
    assert [side["samples"] for side in sides] == [100, 100, 200]
    assert [side["problem"] for side in sides] == ["", "Job 1 has only a partial result.", ""]
    assert sides[2]["comparison"]["distance"] == 0


def test_results_that_cannot_be_fetched_are_named(measured, scripted):
    """A warning, an attribute, the caption and the comparison name or count a missing result."""
    jg = measured(*(({"x": x // 2}, pair_of(50, 50)) for x in range(4)))
    lost = jg[1].id
    scripted.faults["result"] = lambda _, asked: (404, {}) if asked.id == lost else None
    missing = (
        "Could not get 1 of 4 results of 'map'. The first failure was job 1.* They are left out"
    )
    with pytest.warns(JobGroupWarning, match=missing):
        ds = jg.to_xarray()
    assert (ds.samples.values.tolist(), ds.attrs["missing_results"]) == ([100, 200], "jobs 1")
    with pytest.warns(JobGroupWarning, match=missing):
        ax = jg.plot("|1,1>", x="x")
    assert ax.texts[0].get_text().endswith("; 2 of 2 measured; 1 result missing")
    with pytest.warns(JobGroupWarning, match="Could not get 1 of 2 results of 'map'"):
        found = jg.compare([0, 1], {"|1,1>": 0.5, "|2,0>": 0.5})
    assert (found.samples, found.skipped) == ((100, None), (1,))


def test_results_of_every_kind_keep_their_cells(measured):
    """Empty, zero, huge, negative and malformed results do not affect the others."""
    jg = measured(
        ({"x": 0}, {"results": ":PCVL:BSCount:{}", "physical_perf": 0.0}),
        ({"x": 1}, counts_of(**{"|1,1>": 0})),
        ({"x": 2}, {"results": {"|1,1>": 10**400, "|2,0>": 10**400}}),
        ({"x": 3}, {"results": {"|1,1>": "many"}}),
        ({"x": 4}, {"results": 5}),
        ({"x": 5}, ":PCVL:BSCount:{|1,1,0>=3}"),
        ({"x": 6}, ":PCVL:BSDistribution:{|1,1>=-0.25;|2,0>=nan}"),
        ({"x": 7}, pair_of(3, 1)),
    )
    table = jg.results_table(["x", "samples", "p(|1,1>)", "error"])
    assert table["samples"] == [0, 0, None, None, None, 3, None, 4]
    assert table["p(|1,1>)"] == [None, None, None, None, None, None, -0.25, 0.75]
    assert [bool(error) for error in table["error"]] == [n in (2, 3) for n in range(8)]
    assert "many" in table.failures[3].raw
    with pytest.warns(JobGroupWarning, match=r"Could not get 2 of 8 .* They are left out"):
        ds = jg.to_xarray()
    np.testing.assert_array_equal(ds.p.sel(state="|1,1>"), [*[np.nan] * 6, -0.25, 0.75])
    assert ds.attrs["missing_results"] == "jobs 2, 3"
    for way_out in (table.to_pandas, table.to_polars):
        way_out()
    with pytest.warns(JobGroupWarning, match="Could not get 2 of 8"):
        assert jg.distributions().title.endswith("; 2 results missing")


def test_states_that_the_filter_rejects_are_gaps(measured):
    """The filter of a body is a column, and rejected states have neither 0 nor an error."""
    filters = [{"parameters": {"min_detected_photons": n}} for n in (1, 2)]
    jg = measured(
        ({"f": 1, "_payload": filters[0]}, counts_of(**{"|1,0>": 50, "|1,1>": 50})),
        ({"f": 2, "_payload": filters[1]}, counts_of(**{"|1,1>": 100})),
    )
    assert [job.position for job in jg.find("min_detected_photons=2")] == [1]
    assert "min_detected_photons" in jg.results_table().columns
    np.testing.assert_array_equal(jg.to_xarray().p.sel(state="|1,0>"), [0.5, np.nan])
    jg.define("lost", "|1,0> * 2")
    table = jg.results_table(["p(|1,0>)", "p_err(|1,0>)", "count(|1,0>)", "lost"])
    assert table[1] == {"p(|1,0>)": None, "p_err(|1,0>)": None, "count(|1,0>)": None, "lost": None}


@pytest.mark.parametrize(("release", "least"), [("0.12.2", 4), ("0.13.2", 2)])
def test_heralds_in_the_filter_of_perceval_0_12_make_no_gaps(release, least, scripted):
    """With 2 heralds, a filter of 4 in 0.12 rejects the same states as one of 2 in 0.13."""
    payload = {"command": "sample_count", "heralds": {"4": 1, "5": 1}}
    payload["parameters"] = {"min_detected_photons": least}
    body = {"payload": payload, "pcvl_version": release}
    jg = JobGroup("heralded")
    jg.add_many([RemoteJob(body, platform="sim:x", url=scripted.url) for _ in range(2)])
    jg.run_parallel()
    for job, counts in zip(jg, ({"|0,2>": 60, "|1,1>": 40, "|1,0>": 1}, {"|0,2>": 9}), strict=True):
        scripted.tell(job.id, "completed")
        scripted.results[job.id] = {"results": json.dumps({"results": counts_of(**counts)})}
    jg.refresh()
    table = jg.results_table(["count(|1,1>)", "count(|1,0>)"])
    assert (table["count(|1,1>)"], table["count(|1,0>)"]) == ([40, 0], [1, None])
