"""Tests of `add`: order, durability, and the objects that it accepts."""

from __future__ import annotations

import perceval as pcvl
import pytest
from perceval.algorithm import Sampler
from perceval.providers.quandela.rpc_handler import RPCHandler

from jobgroup import DuplicateJobError, JobGroup, RemoteJob


def test_3_add_appends_in_order_and_is_durable(in_child, from_file):
    """Behavior 3: a process that dies right after `add` returned loses no job."""
    names = [f"job {i}" for i in range(5)]
    in_child(
        "import os; from jobgroup import JobGroup, RemoteJob\n"
        "jg = JobGroup('experiment')\n"
        "for i in range(5):\n"
        "    jg.add(RemoteJob({'command': 'x'}, platform='p', name=f'job {i}'))\n"
        "print(0, flush=True); os._exit(0)"
    )
    assert [j["name"] for j in from_file()] == names


def test_3_unsent_job_can_be_added_several_times(cloud, sampler):
    """Behavior 3: one Perceval job added with different kwargs makes different jobs."""
    job = sampler(cloud).sample_count
    jg = JobGroup("sweep")
    for n in (10, 20, 30):
        jg.add(job, max_samples=n)
    jg.add(job, max_samples=10)
    assert [j.params["max_samples"] for j in jg] == [10, 20, 30, 10]
    assert job.id is None
    assert len(cloud.jobs()) == 0 or all(j.name != "sweep" for j in cloud.jobs())


def test_3_add_refuses_an_id_that_the_group_has(cloud, sampler, snapshot):
    """Behavior 3: ValueError is raised for the id of a sent Perceval job, added or sent by
    jobgroup.
    """
    job = sampler(cloud).probs
    job.execute_async()
    jg = JobGroup("taken over")
    jg.add(job)
    assert jg[0].id == job.id
    before = snapshot(jg)
    with pytest.raises(ValueError, match=job.id) as caught:
        jg.add(job)
    assert isinstance(caught.value, DuplicateJobError)
    assert snapshot(jg) == before
    JobGroup("another group").add(job)  # the rule is about one group


def test_3_add_refuses_an_id_that_a_run_created(cloud, group):
    """Behavior 3: ids of the group's own runs count, also those of replaced attempts."""
    jg = group(cloud, 1, fail="as it should")
    jg.run_parallel()
    jg.wait(120)
    first = jg[0].id
    jg.rerun_failed_parallel()
    second = jg[0].id
    handler = RPCHandler("test:timer", cloud.url, cloud.token)
    for job_id in (first, second):
        with pytest.raises(ValueError, match=job_id):
            jg.add(pcvl.RemoteJob.from_id(job_id, handler))
    assert len(jg) == 1


@pytest.mark.parametrize("kind", ["local job", "processor", "text", "none", "callable", "dict"])
def test_3_add_refuses_objects_that_are_not_remote_jobs(kind, snapshot, group, scripted):
    """Behavior 3: TypeError is raised, and nothing is written, not even a version number."""
    processor = pcvl.Processor("SLOS", pcvl.BS())
    processor.with_input(pcvl.BasicState([1, 0]))
    processor.min_detected_photons_filter(1)
    things = {
        "local job": Sampler(processor).probs,
        "processor": processor,
        "text": "job",
        "none": None,
        "callable": lambda: 3,
        "dict": {"payload": {"command": "x"}},
    }
    jg = group(scripted, 2)
    before = snapshot(jg), jg.state.version, jg.modified_date
    with pytest.raises(TypeError):
        jg.add(things[kind])
    with pytest.raises(TypeError):
        jg.add_many([(RemoteJob({"command": "x"}, platform="p"), {}), things[kind]])
    assert (snapshot(jg), jg.state.version, jg.modified_date) == before
