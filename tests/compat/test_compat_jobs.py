"""Tests of rows of docs/coming-from-perceval.md with both classes: jobs and added objects."""

from __future__ import annotations

import time

import perceval as pcvl
import pytest
from either_class import HAS_ITEMS, IS_1, is_sent, jobs_of, wait_for
from perceval.runtime import RunningStatus
from requests import HTTPError
from which_release import RELEASE

import jobgroup
from jobgroup import JobGroup


def test_2_kept_objects(both, sampler):
    """An added object has the id and status of its entry, but is never sent in 0.12."""
    for group, follows in zip(both, (HAS_ITEMS, True), strict=True):
        job = sampler().sample_count
        group.add(job, max_samples=100)
        group.run_sequential(0)
        assert is_sent(job) is follows
        if follows:
            assert job.status() == "SUCCESS"
        else:
            with pytest.raises(HTTPError):
                job.status()


def test_2b_objects_executed_by_their_user(both, sampler):
    """The run of the group sends nothing more, while 0.12 pays twice."""
    for group, is_one in zip(both, (HAS_ITEMS, True), strict=True):
        job = sampler().sample_count
        group.add(job, max_samples=100)
        job.execute_async()
        group.run_parallel()
        assert (jobs_of(group)[0].id == job.id) is is_one
        wait_for(group)


def test_2c_objects_executed_twice(both, timer):
    """Perceval sends an object again that it still shows as waiting. jobgroup raises."""
    own, _ = both
    for group in both:
        job = timer()
        group.add(job)
        first = job.execute_async().id
        if group is own:
            assert job.execute_async().id != first
        else:
            with pytest.raises(RuntimeError, match="already been executed"):
                job.execute_async()


def test_8_rerun_of_a_job(both, sampler, fault):
    """Perceval returns a new object; jobgroup's entry gets the new id and keeps both attempts."""
    for group in both:
        group.add(sampler().sample_count, max_samples=40)
        fault(kind="fail_job", message="no light")
        group.run_sequential(0)
        old = jobs_of(group)[0]
        first = old.id
        assert old.is_failed
        new = old.rerun()
        give_up = time.monotonic() + 120
        while not new.is_complete and time.monotonic() < give_up:
            time.sleep(0.1)
        assert sum(new.get_results()["results"].values()) == 40
        assert (new.id != first, old.id == first) == (True, group is both[0])
    assert [attempt.remote_id for attempt in new.attempts] == [first, new.id]
    assert (new, new.id) == (old, old.id)


def test_9_response_without_results(both, timer, fault):
    """Both raise the same RuntimeError, but 0.12 raises a TypeError."""
    for group in both:
        is_old = group is both[0] and not HAS_ITEMS
        error = TypeError if is_old else RuntimeError
        message = "JSON" if is_old else "Results are not available"
        group.add(timer())
        group.run_sequential(0)
        job = jobs_of(group)[0]
        fault(kind="malformed_response", calls=["result"], body='{"results": null}')
        with pytest.raises(error, match=message):
            job.get_results()


def test_10_calling_a_job_of_a_group(both, sampler):
    """The job runs with the parameters, which in jobgroup can replace those of `add`."""
    own, jg = both
    if RELEASE < (1, 1):  # earlier releases refuse it in `add` without parameters
        with pytest.raises(TypeError):
            own.add(sampler().sample_count)
    else:
        own.add(sampler().sample_count)
        assert sum(own[0](max_samples=50)["results"].values()) == 50
    jg.add(sampler().sample_count, max_samples=100)
    assert sum(jg[0](max_samples=50)["results"].values()) == 50
    with pytest.raises(TypeError) as caught:
        jg.add(sampler().sample_count)
    assert "max_samples" in caught.value.__notes__[0]


def test_10b_parameters_for_a_sent_job(both, sampler):
    """Perceval raises RuntimeError, but 0.12 ignores the parameters. jobgroup raises TypeError."""
    for group, error in zip(both, (RuntimeError, TypeError), strict=True):
        job = sampler().sample_count
        job.execute_async(max_samples=40)
        if not HAS_ITEMS and group is both[0]:
            group.add(job, max_samples=50)
            continue
        with pytest.raises(error, match=r"Unused parameters|already sent"):
            group.add(job, max_samples=50)
        assert group.progress()["Total"] == 0


def test_11_kinds_of_objects(both, timer):
    """Jobs and statuses are jobgroup's, and statuses work with ==, with `in` and as keys."""
    for group in both:
        added = timer()
        group.add(added)
        group.run_sequential(0)
        job = jobs_of(group)[0]
        assert job.id == added.id or not HAS_ITEMS
        assert (added in jobs_of(group)) is (group is both[0] and HAS_ITEMS)
        assert isinstance(job, pcvl.RemoteJob) is (group is both[0])
        status = job.status.status
        assert (status is RunningStatus.SUCCESS) is (group is both[0])
        assert status == RunningStatus.SUCCESS
        assert status in (RunningStatus.SUCCESS, RunningStatus.ERROR)
        assert {jobgroup.RunningStatus.SUCCESS: 1}[jobgroup.RunningStatus[status.name]] == 1
    assert {status} == {jobgroup.RunningStatus.SUCCESS}


def test_12_job_of_another_group(theirs, timer):
    """An unsent job is added as a new entry, and a sent one by its id."""
    for first, second in ((theirs(), theirs()), (JobGroup("first"), JobGroup("second"))):
        first.add(timer())
        first.run_sequential(0)
        first.add(timer())
        if not HAS_ITEMS and isinstance(first, pcvl.JobGroup):
            with pytest.raises(TypeError):
                first[0]
            continue
        second.add(first[0])
        second.add(first[1])
        sent, unsent = second.remote_jobs
        assert sent.id == first[0].id
        assert not is_sent(unsent)
        second.run_sequential(0)
        assert second.progress()["Finished"][1]["successful"] == 2


def test_16_object_that_is_not_a_job(both):
    """Both raise TypeError, and jobgroup's message names the kind of object."""
    for group in both:
        with pytest.raises(TypeError, match=r"(Only|Cannot|cannot|expected).*object"):
            group.add(object())


def test_17_object_added_twice(both, timer):
    """It is sent twice, and jobgroup keeps both ids. 0.13 sends it once."""
    for group in both:
        job = timer()
        group.add(job)
        group.add(job)
        assert group.progress()["Total"] == 2
        if IS_1 and group is both[0]:
            continue  # it sends the object twice, or raises AssertionError, depending on speed
        group.run_parallel()
        wait_for(group)
        ids = {each.id for each in jobs_of(group)}
        assert len(ids) == (1 if HAS_ITEMS and group is both[0] else 2)
