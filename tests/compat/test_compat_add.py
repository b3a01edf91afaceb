"""`add` reads the remote jobs of the installed release of Perceval."""

from __future__ import annotations

import copy
import math
import pickle

import perceval as pcvl
import pytest
from perceval.algorithm import Sampler

from jobgroup import DuplicateJobError, JobGroup


def _sent_by_both(jg, job, cloud, **kwargs):
    """Return the payloads that jobgroup and Perceval itself send for a job."""
    jg.add(copy.copy(job), **kwargs)
    jg.run_parallel()
    job.execute_async(**kwargs)
    return cloud.payload(jg.remote_jobs[-1].id), cloud.payload(job.id)


def test_unsent(sampler, cloud, ended):
    """An unsent job reaches the cloud as Perceval sends it, and has Perceval's results."""
    jg, job = JobGroup("unsent"), sampler().probs
    ours, theirs = _sent_by_both(jg, job, cloud)
    assert ours == theirs
    jg.wait(300)
    (result,) = jg.get_results()
    assert type(result["results"]) is pcvl.BSDistribution
    assert result == ended(job).get_results()
    assert result["physical_perf"] * result["logical_perf"] == pytest.approx(1)


def test_kwargs(sampler, cloud):
    """Arguments of `add` reach the cloud, and each entry of one object has its own."""
    jg, jobs = JobGroup("kwargs"), sampler()
    ours, theirs = _sent_by_both(jg, jobs.sample_count, cloud, max_samples=70)
    assert ours == theirs
    job = jobs.sample_count
    jg.add_many([(job, {"max_samples": n}) for n in (30, 50)])
    jg.run_parallel()
    jg.wait(300)
    counts = [sum(result["results"].values()) for result in jg.get_results()]
    assert counts == [70, 30, 50]
    assert job.id == jg.remote_jobs[1].id


def test_an_added_object_follows_its_entry(sampler, cloud):
    """The object has the id, status and results of its entry, even in copies and when printed."""
    job, jg = sampler().sample_count, JobGroup("followed")
    jg.add(job, max_samples=70)
    assert (job.id, job.status()) == (None, "WAITING")
    job.name = "renamed"
    jg.run_parallel()
    assert cloud.ask("GET", f"/api/jobs/{job.id}/data")["job_name"] == "renamed"
    jg.wait(300)
    assert job.is_complete
    assert job.is_success
    assert job.status() == "SUCCESS"
    for again in (copy.copy(job), copy.deepcopy(job), pickle.loads(pickle.dumps(job))):
        assert (type(again), again.id) == (pcvl.RemoteJob, jg.remote_jobs[0].id)
        assert str(again) == str(job)
    assert job.get_results() == jg.get_results()[0]


def test_added_object_executed_by_its_user_is_sent_once(sampler, cloud):
    """The entry adopts the sent job, with the parameters of the call."""
    jg, jobs = JobGroup("by hand"), [sampler().sample_count for _ in range(3)]
    for job in jobs:
        jg.add(job, max_samples=70)
    jobs[0].execute_async()
    jobs[1].execute_async(max_samples=40)
    jobs[2].execute_async(30)
    assert [job.id for job in jobs] == [entry.id for entry in jg.remote_jobs]
    for job in jobs:
        with pytest.raises(RuntimeError, match="already been executed"):
            job.execute_async()
    jg.run_parallel()
    jg.wait(300)
    assert [sum(job.get_results()["results"].values()) for job in jobs] == [70, 40, 30]
    assert len(jg.remote_jobs) == 3


def test_wrong_kwargs(sampler, cloud):
    """The caller gets Perceval's own error, and nothing is added."""
    jg = JobGroup("wrong kwargs")
    with pytest.raises(RuntimeError):
        jg.add(sampler().sample_count, max_sample=70)
    assert len(jg) == 0


def test_iterator(sampler, cloud):
    """A sweep inside one job is one entry, whose result includes all iterations."""
    phases = [0.0, 0.7, 1.4]
    jobs = sampler(*({"circuit_params": {"phi": phase}} for phase in phases), phase=pcvl.P("phi"))
    jg = JobGroup("iterator")
    ours, theirs = _sent_by_both(jg, jobs.probs, cloud)
    assert ours == theirs
    assert jg.remote_jobs[0].params["iterator"] == {"phi": phases}
    jg.wait(300)
    (result,) = jg.get_results()
    assert [each["iteration"]["circuit_params"]["phi"] for each in result["results_list"]] == phases
    together = [each["results"][pcvl.BasicState([1, 1])] for each in result["results_list"]]
    assert together == pytest.approx([math.cos(phase) ** 2 for phase in phases])


def test_sent(sampler, ended):
    """A job that Perceval sent is added by its id, with its results, and only once."""
    job = sampler().sample_count
    job.execute_async(max_samples=40)
    jg = JobGroup("sent")
    with pytest.raises(TypeError, match="already sent"):
        jg.add(job, max_samples=50)
    jg.add(job)
    with pytest.raises(DuplicateJobError):
        jg.add(job)
    jg.wait(300)
    assert [j.id for j in jg.remote_jobs] == [job.id]
    assert jg.get_results() == [ended(job).get_results()]


def test_resumed(sampler, ended, cloud):
    """A job that is known only by its id can be added, and jobgroup fetches its results."""
    job = sampler().sample_count
    job.execute_async(max_samples=40)
    resumed = sampler().sample_count.from_id(job.id, job._rpc_handler)  # noqa: SLF001
    jg = JobGroup("resumed")
    jg.add(resumed)
    jg.wait(300)
    assert jg.get_results() == [ended(job).get_results()]


def test_rerun(sampler, cloud):
    """A failed job is rerun in its place, and has the results of the new attempt."""
    jg = JobGroup("rerun")
    jg.add(sampler().sample_count, max_samples=40)
    fault = {"kind": "fail_job", "times": 1, "message": "The laser lost its lock"}
    cloud.ask("POST", "/faults", json=fault)
    jg.run_parallel()
    jg.wait(300)
    (failed,) = jg.list_unsuccessful_jobs()
    assert failed.message == "The laser lost its lock"
    jg.rerun_failed_parallel()
    jg.wait(300)
    (result,) = jg.get_results()
    assert sum(result["results"].values()) == 40
    assert len(jg.remote_jobs[0].attempts) == 2


def test_heralds(cloud, two_beside_heralds):
    """A heralded gate on a noisy platform has the same results as with the release's own client."""
    processor = pcvl.RemoteProcessor("sim:altair", token=cloud.token, url=cloud.url)
    processor.add(0, pcvl.catalog["heralded cnot"].build_processor())
    processor.min_detected_photons_filter(two_beside_heralds)
    processor.with_input(pcvl.BasicState([0, 1, 0, 1]))
    job = Sampler(processor, max_shots_per_call=1_000_000).probs
    jg = JobGroup("heralded")
    jg.add(copy.copy(job))
    assert jg.remote_jobs[0].metadata["heralds"] == "4: 1, 5: 1"
    jg.run_parallel()
    jg.wait(300)
    ours = jg.get_results()[0]
    theirs = job()
    assert ours["results"] == theirs["results"]
    assert ours["physical_perf"] == pytest.approx(theirs["physical_perf"], rel=1e-12)
    assert ours["physical_perf"] * ours["logical_perf"] == pytest.approx(9.6e-7, rel=0.1)


def test_local_jobs_are_refused():
    """A job of a local processor raises an error, and nothing is added."""
    processor = pcvl.Processor("SLOS", pcvl.Circuit(2) // pcvl.BS())
    processor.min_detected_photons_filter(1)
    processor.with_input(pcvl.BasicState([1, 1]))
    jg = JobGroup("local")
    with pytest.raises(TypeError, match="Nothing was added"):
        jg.add(Sampler(processor).probs)
    assert len(jg) == 0
