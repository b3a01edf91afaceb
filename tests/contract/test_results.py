"""Tests that results equal those of Perceval's own client, in the group's order."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections import Counter

import perceval as pcvl
import pytest
from perceval.algorithm import Sampler
from perceval.providers.quandela.rpc_handler import RPCHandler

from jobgroup import (
    CloudError,
    InvalidTokenError,
    JobGroup,
    JobGroupWarning,
    ResultsError,
    set_token,
)
from jobgroup.dashboard.measured import Measurements, distributions

# some tests have jobs that run forever
pytestmark = pytest.mark.filterwarnings("ignore:.*had not ended:jobgroup.JobGroupWarning")


def _samplers(cloud):
    """Make jobs of every command, with and without an iterator, on both platforms."""
    for platform in ("sim:slos", "sim:altair"):
        processor = pcvl.RemoteProcessor(platform, url=cloud.url, token=cloud.token)
        processor.add(0, pcvl.Circuit(2) // pcvl.BS() // pcvl.PS(0.7) // pcvl.BS())
        processor.min_detected_photons_filter(1)
        processor.with_input(pcvl.BasicState([1, 1]))
        yield Sampler(processor, max_shots_per_call=10_000)
    processor = pcvl.RemoteProcessor("sim:slos", url=cloud.url, token=cloud.token)
    circuit = pcvl.Circuit(2) // pcvl.BS() // pcvl.PS(pcvl.P("phi")) // pcvl.BS()
    processor.add(0, circuit)
    processor.min_detected_photons_filter(1)
    processor.with_input(pcvl.BasicState([1, 0]))
    sampler = Sampler(processor, max_shots_per_call=10_000)
    sampler.add_iteration_list([{"circuit_params": {"phi": x}} for x in (0.1, 0.2, 0.3)])
    yield sampler


def test_results_equal_percevals(cloud):
    """Types, keys and values match for probs, sample_count and samples, alone and iterated."""
    jg = JobGroup("every command")
    for sampler in _samplers(cloud):
        jg.add(sampler.probs)
        jg.add(sampler.sample_count, max_samples=50)
        jg.add(sampler.samples, max_samples=20)
    jg.run_parallel()
    jg.wait(300)
    assert [j.state for j in jg] == ["success"] * 9
    results = jg.get_results()
    for job, ours in zip(jg, results, strict=True):
        handler = RPCHandler(job.platform, cloud.url, cloud.token)
        theirs = pcvl.RemoteJob.from_id(job.id, handler).get_results()
        assert ours == theirs
        assert {k: type(v) for k, v in ours.items()} == {k: type(v) for k, v in theirs.items()}
        assert repr(ours) == repr(theirs)
    assert isinstance(results[0]["results"], pcvl.BSDistribution)
    assert isinstance(results[1]["results"], pcvl.BSCount)
    assert isinstance(results[2]["results"], pcvl.BSSamples)
    assert sum(results[1]["results"].values()) == 50
    table, measured = jg.distributions(), Measurements().of(jg, list(jg)[:6])
    for job, result in zip(jg, results[:6], strict=False):
        theirs = result["results"]
        rows = [r for r in table if r["job"] == job.position]
        counted = Counter(theirs) if isinstance(theirs, pcvl.BSSamples) else theirs
        is_probs = isinstance(theirs, pcvl.BSDistribution)
        assert {r["state"]: r["p" if is_probs else "count"] for r in rows} == {
            str(state): n for state, n in counted.items()
        }
        (shown,) = distributions(measured[job.position])["distributions"]
        entries = {state: value for state, value, *_ in shown["entries"]}
        assert entries == {str(state): n for state, n in counted.items()}
        assert shown["unit"] == ("probability" if is_probs else "counts")
    rows = jg.results_table()[:]
    assert [row["phi"] for row in rows if row["job"] == 6] == [0.1, 0.2, 0.3]
    assert [row["physical_perf"] for row in rows[:6]] == [r["physical_perf"] for r in results[:6]]
    assert len(rows) == 6 + 3 * 3
    iterated = results[6]["results_list"]
    assert [r["iteration"]["circuit_params"]["phi"] for r in iterated] == [0.1, 0.2, 0.3]


def test_result_is_converted_as_by_perceval(cloud):
    """A result that requests Perceval's conversion (probs to sample_count) has the right type."""
    processor = pcvl.RemoteProcessor("sim:slos", url=cloud.url, token=cloud.token)
    processor.add(0, pcvl.Circuit(2) // pcvl.BS())
    processor.min_detected_photons_filter(1)
    processor.with_input(pcvl.BasicState([1, 1]))
    job = Sampler(processor, max_shots_per_call=1000).probs
    job._job_context = {"result_mapping": ["perceval.utils", "probs_to_sample_count"]}  # noqa: SLF001
    job._delta_parameters["mapping"] = {"max_samples": 30}  # noqa: SLF001
    jg = JobGroup("converted")
    jg.add(job)
    jg.run_parallel()
    jg.wait(300)
    (result,) = jg.get_results()
    assert isinstance(result["results"], pcvl.BSCount)
    assert sum(result["results"].values()) == 30


@pytest.fixture
def aligned(ended, timer, scripted):
    """Make a group with results at 0, 3 and 5, and an error with partial results at 1."""
    jg = ended("completed", "error", "running", "completed", "canceled", "completed")
    jg.add(timer(scripted))
    for position in (0, 3, 5):
        text = json.dumps({"results": f"of {position}"})
        scripted.results[jg[position].id] = {"results": text}
    scripted.results[jg[1].id] = {"results": json.dumps({"results": "partial"})}
    scripted.results[jg[4].id] = {"results": None}
    return jg


def _values(results):
    return [r and r["results"] for r in results]


EXPECTED = ["of 0", "partial", None, "of 3", None, "of 5", None]


def test_results_have_one_item_per_job(aligned, scripted):
    """A failed job's item is its partial result, as in Perceval."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*had not ended")
        assert _values(aligned.get_results()) == EXPECTED
        assert _values(aligned.get_results(errors="raise")) == EXPECTED
        assert _values(asyncio.run(aligned.get_results_async())) == EXPECTED
    assert not {a.id for a in scripted.asked if a.what == "result"} & {aligned[2].id}


def test_results_stay_aligned_after_reruns(aligned, scripted):
    """The result of a rerun in place is at the old position, and that of an appended one at the
    end.
    """
    scripted.first_word = "completed"
    aligned[1].rerun()
    aligned[4].rerun(replace=False)
    for position in (1, 7):
        text = json.dumps({"results": f"again {position}"})
        scripted.results[aligned[position].id] = {"results": text}
    aligned.refresh()
    values = _values(aligned.get_results())
    assert values == ["of 0", "again 1", None, "of 3", None, "of 5", None, "again 7"]


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"results": "no JSON"}),
        (200, {"results": None}),
        (200, {"results": 5}),
        (200, {"results": "5"}),
        (200, {"results": "null"}),
        (200, {"results": "[]"}),
        (200, {}),
        (403, {"error": "Not yours"}),
        (404, {"error": "gone"}),
    ],
    ids=["not JSON", "null", "a number", "JSON 5", "JSON null", "JSON []", "nothing", "403", "404"],
)
def test_malformed_result_does_not_affect_others(answer, aligned, scripted):
    """The missing result is None, with one warning that names the job. errors="raise" carries the
    others.
    """
    bad = aligned[3].id
    scripted.faults["result"] = lambda _, asked: answer if asked.id == bad else None
    expected = [*EXPECTED[:3], None, *EXPECTED[4:]]
    with pytest.warns(UserWarning, match=r"1 of 3 .*job 3") as reported:
        assert _values(aligned.get_results()) == expected
    assert len(reported) == 1
    assert reported[0].filename == __file__
    with pytest.raises(ResultsError, match="job 3") as caught:
        aligned.get_results(errors="raise")
    assert _values(caught.value.results) == expected
    assert list(caught.value.failures) == [3]


def test_rejected_token_raises_instead_of_hiding_results(aligned, scripted):
    """If no result can be fetched, both ways of handling errors raise an error."""
    set_token("wrong", url=scripted.url)
    for errors in ("collect", "raise"):
        with pytest.raises(InvalidTokenError):
            aligned.get_results(errors=errors)


def test_results_are_not_stored_by_default(aligned, scripted, data_dir):
    """Each call fetches them, and no file contains them."""
    for nth in (1, 2):
        aligned.get_results()
        assert sum(a.what == "result" and a.id == aligned[0].id for a in scripted.asked) == nth
    files = [p for p in data_dir.rglob("*") if p.is_file()]
    assert files
    assert not [p for p in files if b"of 0" in p.read_bytes()]


def test_results_of_an_empty_group_are_an_empty_list():
    """There are no results to fetch."""
    assert JobGroup("empty").get_results() == []


def test_many_results_are_fetched_concurrently(group, scripted):
    """Every result arrives, at its own position."""
    scripted.first_word = "completed"
    jg = group(scripted, 60)
    scripted.availability = None  # one job at a time, in the group's order
    jg.run_parallel()
    for position, job_id in enumerate(scripted.ids()):
        scripted.results[job_id] = {"results": json.dumps({"results": position})}
    assert _values(jg.get_results()) == list(range(60))


def _result(value):
    return {"results": json.dumps({"results": value, "physical_perf": 1.0})}


@pytest.fixture
def with_results(ended, timer, scripted):
    """Make success, error, unsent, success and running jobs, with results if possible."""
    jg = ended("completed", "error", "completed", "running", "completed")
    jg.add(timer(scripted))
    for position in (0, 2, 4):
        scripted.results[jg[position].id] = _result(f"of {position}")
    scripted.results[jg[1].id] = {"results": None}
    return jg


def test_12_results_are_aligned_with_jobs(with_results):
    """Behavior 12: item i belongs to job i; only a running job's None comes with a warning."""
    with pytest.warns(JobGroupWarning, match=r"^1 job .* had not ended.* get_results\(wait=True\)"):
        values = [r and r["results"] for r in with_results.get_results()]
    assert values == ["of 0", None, "of 2", None, "of 4", None]


def test_12_failed_downloads_are_none_with_one_warning(with_results, scripted):
    """Behavior 12: two failed downloads keep the third, and one warning names them."""
    bad = {with_results[0].id, with_results[4].id}
    scripted.faults["result"] = lambda _, asked: (
        (403, {"error": "Not yours"}) if asked.id in bad else None
    )
    with pytest.warns(UserWarning, match="2 of 3") as reported:
        values = with_results.get_results()
    assert len(reported) == 1
    assert "Not yours" in str(reported[0].message)
    assert [v and v["results"] for v in values] == [None, None, "of 2", None, None, None]


def test_12_raised_error_has_the_other_results(with_results, scripted):
    """Behavior 12: errors="raise" raises an error with every result that arrived."""
    bad = with_results[2].id
    scripted.faults["result"] = lambda _, asked: (
        (403, {"error": "Not yours"}) if asked.id == bad else None
    )
    with pytest.raises(ResultsError) as caught:
        with_results.get_results(errors="raise")
    assert [v and v["results"] for v in caught.value.results] == [
        *("of 0", None, None, None, "of 4", None)
    ]
    assert list(caught.value.failures) == [2]
    assert isinstance(caught.value.failures[2], CloudError)
