"""Tests of Perceval's own objects after add: each follows its entry, and is sent once."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import threading
import time
import uuid
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import perceval as pcvl
import pytest
from perceval.providers.quandela.rpc_handler import RPCHandler

from jobgroup import GroupMovedError, JobGroup


@pytest.fixture
def theirs():
    """Make Perceval's own unsent jobs for `test:timer` on a cloud."""

    def make(cloud, name="timed", **parameters):
        body = {
            "platform_name": "test:timer",
            "pcvl_version": pcvl.__version__,
            "payload": {"command": "timer", "parameters": parameters},
        }
        return pcvl.RemoteJob(body, RPCHandler("test:timer", cloud.url, cloud.token), name)

    return make


def _made(cloud, group_name):
    return [j for j in cloud.jobs() if j.body.get("job_group_name") == group_name]


def test_added_job_has_the_id_status_and_results_of_its_entry(cloud, sampler):
    """A loop over kept objects ends, and their results are the group's."""
    jobs = [sampler(cloud).sample_count for _ in range(2)]
    jg = JobGroup("kept objects")
    for job in jobs:
        jg.add(job, max_samples=100)
    assert [(job.id, job.was_sent, job.status()) for job in jobs] == [(None, False, "WAITING")] * 2
    with pytest.raises(RuntimeError, match="not sent"):
        jobs[0].get_results()
    jg.run_parallel()
    for job in jobs:
        while not job.is_complete:
            time.sleep(0.05)
    assert [job.id for job in jobs] == [entry.id for entry in jg]
    assert {job.status() for job in jobs} == {"SUCCESS"}
    assert all(job.status.status is pcvl.RunningStatus.SUCCESS for job in jobs)
    assert all(job.status.duration >= 0 and job.status.creation_timestamp for job in jobs)
    assert [job.get_results() for job in jobs] == jg.get_results()
    assert jobs[0].get_results() is jobs[0].get_results()


@pytest.mark.parametrize("call", ["execute_async", "execute_sync", "call"])
def test_job_executed_outside_the_group_counts_as_its_entry(cloud, sampler, call):
    """The cloud has one job. The entry has its id, and a run sends no other job."""
    jg = JobGroup(f"by hand, {call}")
    job = sampler(cloud).sample_count
    jg.add(job, max_samples=100)
    (job if call == "call" else getattr(job, call))()
    assert job.id == jg[0].id is not None
    jg.run_parallel()
    assert [each.id for each in _made(cloud, jg.name)] == [job.id]
    jg.wait(300)
    assert sum(job.get_results()["results"].values()) == 100


def test_job_executed_with_other_parameters_updates_its_entry(cloud, sampler):
    """The entry has the sent parameters, named or positional."""
    jg = JobGroup("other parameters")
    jobs = [sampler(cloud).sample_count for _ in range(2)]
    for job in jobs:
        jg.add(job, max_samples=100)
    jobs[0].execute_async(max_samples=50)
    jobs[1].execute_async(40)
    assert [entry.params["max_samples"] for entry in jg] == [50, 40]
    jg.wait(300)
    assert [sum(r["results"].values()) for r in jg.get_results()] == [50, 40]
    with pytest.raises(RuntimeError, match="already been executed"):
        jobs[0].execute_async()


def test_wrong_execute_parameters_leave_the_entry_unsent(cloud, sampler):
    """The caller gets Perceval's own error, and a run sends the entry as added."""
    jg = JobGroup("wrong parameters")
    job = sampler(cloud).sample_count
    jg.add(job, max_samples=100)
    with pytest.raises(RuntimeError):
        job.execute_async(max_sample=50)
    assert (job.id, jg[0].state) == (None, "unsent")
    jg.run_sequential(0)
    assert sum(job.get_results()["results"].values()) == 100


def test_jobs_executed_during_a_run_are_sent_once(scripted, theirs):
    """The cloud has as many jobs as the group, and each object has its entry's id."""
    jg = JobGroup("at once")
    jobs = [theirs(scripted, f"job {i}") for i in range(12)]
    jg.add_many(jobs)

    def by_hand(job):
        with suppress(RuntimeError):  # the run was faster
            job.execute_async()

    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(jg.run_parallel) for _ in range(2)]
        hands = list(pool.map(by_hand, reversed(jobs)))
        for run in runs:
            run.result()
    assert len(hands) == len(scripted.ids()) == 12
    assert [job.id for job in jobs] == [entry.id for entry in jg]
    assert {entry.name for entry in jg} == {body["job_name"] for body in scripted.bodies()}


def test_execute_is_refused_while_the_job_is_being_sent(scripted, theirs):
    """The error explains it, and there is no second request."""
    jg = JobGroup("being sent")
    job = theirs(scripted)
    jg.add(job)
    gate = scripted.gate("create")
    run = threading.Thread(target=jg.run_parallel)
    run.start()
    gate.wait_for_one()
    with pytest.raises(RuntimeError, match="is being sent"):
        job.execute_async()
    gate.open()
    run.join()
    assert [job.id] == scripted.ids()


def test_job_is_sent_under_its_current_name(scripted, theirs):
    """The name can change until the job is sent, not afterwards."""
    jg = JobGroup("names")
    jobs = [theirs(scripted, "before") for _ in range(2)]
    jg.add_many(jobs)
    jobs[0].name = "renamed"
    assert [entry.name for entry in jg] == ["renamed", "before"]
    jg.run_parallel()
    jobs[1].name = "too late"
    assert [body["job_name"] for body in scripted.bodies()] == ["renamed", "before"]
    assert [entry.name for entry in jg] == ["renamed", "before"]


def test_renamed_object_added_again_keeps_both_names(scripted, theirs):
    """A loop reuses one object: each entry has the name that it was added with."""
    jg = JobGroup("loop")
    job = theirs(scripted)
    for name in ("a", "b", "c"):
        job.name = name
        jg.add(job)
    job.name = "d"
    assert [entry.name for entry in jg] == ["a", "b", "c"]


def test_object_added_several_times_follows_its_first_sent_entry(scripted, theirs):
    """Any entry can be the first; later ones change nothing."""
    jg, other = JobGroup("several"), JobGroup("another")
    job = theirs(scripted)
    for group in (jg, jg, other):
        group.add(job)
    jg[1].execute_async()
    assert job.id == jg[1].id
    jg.run_parallel()
    other.run_parallel()
    assert job.id == jg[1].id
    assert len(scripted.ids()) == 3
    scripted.tell(job.id, "completed")
    jg.refresh()
    assert job.is_success


def test_object_follows_jobs_that_another_process_sent(scripted, theirs, in_child):
    """The group's file has the id, so this process needs no run."""
    jg = JobGroup("elsewhere")
    job = theirs(scripted)
    jg.add(job)
    sent = in_child(
        "from jobgroup import JobGroup; import json; jg = JobGroup.open('elsewhere')\n"
        "jg.run_parallel(); print(json.dumps(jg[0].id))",
        scripted,
    )
    assert job.was_sent
    assert job.id == sent


def test_failed_object_is_rerun_and_canceled_as_its_entry(scripted, theirs):
    """The group has both attempts."""
    jg = JobGroup("again")
    job = theirs(scripted)
    jg.add(job)
    with pytest.raises(RuntimeError):
        job.cancel()
    jg.run_parallel()
    job.cancel()
    scripted.tell(job.id, "error", status_message="no light")
    jg.refresh()
    assert (job.is_failed, job.status.stop_message) == (True, "no light")
    first = job.id
    again = job.rerun()
    assert first != again.id == jg[0].id
    assert len(jg[0].attempts) == 2
    assert again.is_waiting


@pytest.mark.parametrize("lose", [lambda path: os.truncate(path, 0), Path.unlink])
def test_execute_is_refused_if_the_groups_file_is_lost(lose, scripted, theirs, data_dir):
    """The group was not deleted, so its entry may have been sent. The error says what happened."""
    jg = JobGroup("lost")
    sent, unsent = theirs(scripted), theirs(scripted)
    jg.add(sent)
    sent.execute_async()
    jg.add(unsent)
    assert sent.id
    lose(data_dir / "groups" / "lost.jobgroup")
    for job in (unsent, sent):
        with pytest.raises(GroupMovedError, match=r"emptied|removed"):
            job.execute_async()
    assert [sent.id] == scripted.ids()
    assert scripted.count("create") == 1


def test_object_of_a_deleted_group_belongs_to_perceval_only(scripted, theirs):
    """The object keeps its id and polls the cloud itself. An unsent object can be sent."""
    jg = JobGroup("gone")
    sent, unsent = theirs(scripted), theirs(scripted)
    jg.add_many([sent, unsent])
    jg[0].execute_async()
    first = sent.id
    with pytest.warns(UserWarning, match="not ended"):
        JobGroup.delete_job_group("gone")
    assert sent.id == first
    assert sent.status() == "WAITING"
    assert type(sent) is pcvl.RemoteJob
    unsent.execute_async()
    assert scripted.ids() == [first, unsent.id]


def test_group_keeps_no_reference_to_an_added_object(scripted, theirs, until):
    """The object is freed with the user's last reference. The group still runs and closes its
    file.
    """
    jg = JobGroup("let go")
    job = theirs(scripted)
    kept = theirs(scripted)
    jg.add_many([job, kept])
    seen = weakref.ref(job)
    del job
    gc.collect()
    assert seen() is None
    jg.run_parallel()
    ids = [entry.id for entry in jg]
    session = weakref.ref(jg._session)  # noqa: SLF001
    del jg
    until(lambda: (gc.collect(), session())[1] is None)
    assert kept.id == ids[1]


def _pickled(job):
    protocols = range(pickle.HIGHEST_PROTOCOL + 1)
    return [pickle.loads(pickle.dumps(job, protocol)) for protocol in protocols]


def test_copies_and_pickles_of_an_added_object_belong_to_perceval_only(scripted, theirs):
    """Copies have Perceval's class and the known state, and are in no group."""
    jg = JobGroup("copies")
    job = theirs(scripted)
    jg.add(job)
    for again in (copy.copy(job), copy.deepcopy(job), *_pickled(job)):
        assert type(again) is pcvl.RemoteJob
        assert again.id is None
    jg.run_parallel()
    for again in (copy.copy(job), copy.deepcopy(job), *_pickled(job)):
        assert again.id == job.id
    assert isinstance(job, pcvl.RemoteJob)
    assert str(job) == str(copy.copy(job))
    assert job.id in str(job)
    assert type(job).__name__ == "RemoteJob"


def test_percevals_own_group_stores_an_added_object(scripted, theirs):
    """Perceval's group stores the id, so it does not resend the object either."""
    jg = JobGroup("ours")
    job = theirs(scripted)
    jg.add(job)
    jg.run_parallel()
    name = f"theirs {uuid.uuid4()}"  # in a folder that Perceval keeps for the whole process
    own = pcvl.JobGroup(name)
    try:
        own.add(job)
        assert [each.id for each in pcvl.JobGroup(name).remote_jobs] == [job.id]
    finally:
        pcvl.JobGroup.delete_job_group(name)


def test_added_execution_follows_its_entry(factory, cloud):
    """Status, results, repr and storing work; one executed outside the group is sent once."""
    jg = JobGroup("followed executions")
    kept, by_hand = factory().sample_count, factory().probs
    jg.add(kept, max_samples=50)
    jg.add(by_hand)
    by_hand.name = "by hand"
    by_hand.execute_async()
    with pytest.raises(RuntimeError, match="already been executed"):
        by_hand.execute_async()
    jg.run_sequential(0)
    assert [each.name for each in _made(cloud, "followed executions")][:1] == ["by hand"]
    assert len(_made(cloud, "followed executions")) == 2
    assert kept.is_complete
    assert kept.was_sent
    jg.wait(300)
    assert [kept.get_results(), by_hand.get_results()] == jg.get_results()
    assert "SUCCESS" in str(kept)
    assert "SUCCESS" in kept.get_details()
    assert type(copy.deepcopy(kept)) is pcvl.Execution
    assert not kept.clone().was_sent


def test_percevals_own_group_stores_an_added_execution(factory, cloud, tmp_path, in_interpreter):
    """Perceval 1.3 chooses the file format by the object's class."""
    jg = JobGroup("ours")
    execution = factory().probs
    jg.add(execution)
    pcvl.ExecutionGroup("theirs", str(tmp_path)).add(execution)
    read = in_interpreter(  # Perceval keeps its token for the whole process
        "import json, os, sys; os.environ['PCVL_CLOUD_TOKEN'] = sys.argv[1]; import perceval\n"
        "(read,) = perceval.ExecutionGroup('theirs', sys.argv[2]).executions\n"
        "print(json.dumps([type(read).__name__, read.was_sent]))",
        None,
        cloud.token,
        str(tmp_path),
    )
    assert read == ["Execution", False]
