"""Tests of jobs that the cloud rejects: unsent for the contract, skipped by queued runs."""

from __future__ import annotations

import pytest

from jobgroup import JobGroup, JobGroupError, QuotaExceededError, RequestRejectedError


@pytest.fixture
def refusing(scripted):
    """Make the cloud reject the jobs with these names."""

    def refuse(*names, status=400):
        def fault(_, asked):
            refused = asked.body.get("job_name") in names
            return (status, {"error": "No such circuit"}) if refused else None

        scripted.faults["create"] = fault

    return refuse


def states(jg):
    """Return the states of its jobs, in order."""
    return [job.state for job in jg]


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_job_that_the_cloud_rejects_is_refused(status, group, scripted, refusing, from_file):
    """A refused job has its own state and the cloud's reason, also in the file. The others are
    sent.
    """
    jg = group(scripted, 3)
    refusing("job 1", status=status)
    with pytest.raises(JobGroupError, match="No such circuit"):
        jg.run_parallel(queue=True)
    assert states(jg) == ["waiting", "refused", "waiting"]
    assert "No such circuit" in jg[1].message
    assert [job["state"] for job in from_file()] == ["waiting", "refused", "waiting"]
    assert not jg[1].was_sent
    assert jg[1].attempts == []


def test_refused_job_is_unsent_for_the_contract(group, scripted, refusing):
    """A refused job is listed among the unsent jobs and counted as not sent."""
    jg = group(scripted, 3)
    refusing("job 1")
    with pytest.raises(RequestRejectedError):
        jg.run_parallel(queue=True)
    assert jg.list_unsent_jobs() == jg.list_refused_jobs() == [jg[1]]
    assert jg.count_never_sent_jobs() == 1
    assert jg.progress()["Unfinished"] == [3, {"sent": 2, "not sent": 1}]
    assert jg.list_unsuccessful_jobs() == []
    assert repr(jg[1]).endswith("status:not sent")


def test_run_without_a_queue_resends_refused_jobs(group, scripted, refusing):
    """run_parallel and run_sequential try them again, as Perceval's groups do."""
    jg = group(scripted, 2)
    refusing("job 0", "job 1")
    for run in (jg.run_parallel, lambda: jg.run_sequential(0)):
        with pytest.raises(RequestRejectedError):
            run()
        assert states(jg) == ["refused", "unsent"]
    scripted.faults.clear()
    jg.run_parallel()
    assert states(jg) == ["waiting", "waiting"]


def test_run_with_a_queue_skips_refused_jobs(group, scripted, refusing):
    """A queued run sends jobs that were never refused, and refused ones if selected or
    prioritized.
    """
    jg = group(scripted, 4)
    refusing("job 0", "job 1", "job 2")
    with pytest.raises(RequestRejectedError):
        jg.run_parallel(queue=True)
    assert states(jg) == ["refused"] * 3 + ["waiting"]
    scripted.faults.clear()
    jg.run_parallel(queue=True)
    assert states(jg) == ["refused"] * 3 + ["waiting"]
    assert scripted.count("create") == 4
    jg.run_parallel(jobs=[1], queue=True)
    assert jg.prioritize([2]) == [2]
    jg.run_parallel(queue=True)
    assert states(jg) == ["refused", "waiting", "waiting", "waiting"]


def test_changed_job_is_no_longer_refused(group, scripted, refusing):
    """With a new name, the request is different, so the next queued run sends it."""
    jg = group(scripted, 1)
    refusing("job 0")
    with pytest.raises(RequestRejectedError):
        jg.run_parallel(queue=True)
    jg[0].note = "look at this"
    assert states(jg) == ["refused"]
    jg[0].name = "corrected"
    assert states(jg) == ["unsent"]
    jg.run_parallel(queue=True)
    assert states(jg) == ["waiting"]


OTHER_REJECTIONS = [
    (401, {"error": "Invalid or expired job token"}),
    (400, {"error": "Cannot create more than 1 jobs"}),
]


@pytest.mark.parametrize("response", OTHER_REJECTIONS)
def test_refused_job_keeps_its_reason_until_it_is_sent(group, scripted, refusing, response):
    """A rejection that concerns the account says nothing about the job, which is still refused for
    the first reason. When the cloud accepts the job, the reason is gone.
    """
    jg = group(scripted, 1)
    refusing("job 0")
    with pytest.raises(RequestRejectedError):
        jg.run_parallel()
    scripted.faults["create"] = lambda *_: response
    with pytest.raises(JobGroupError, match=response[1]["error"]):
        jg.run_parallel()
    assert states(jg) == ["refused"]
    assert "No such circuit" in jg[0].message
    scripted.faults.clear()
    jg.run_parallel()
    assert states(jg) == ["waiting"]
    assert jg[0].message is None


def test_refused_job_can_be_sent_by_execute_async(group, scripted, refusing):
    """`job.execute_async()` sends a refused job, as it sends an unsent one."""
    jg = group(scripted, 1)
    refusing("job 0")
    with pytest.raises(RequestRejectedError):
        jg.run_parallel()
    scripted.faults.clear()
    assert jg[0].execute_async().id == scripted.ids()[0]


def test_full_plan_leaves_jobs_unsent(group, scripted, from_file):
    """The job does not cause the plan's limit, so it is not refused."""
    jg = group(scripted, 1)
    scripted.faults["create"] = lambda *_: (400, {"error": "Cannot create more than 1 jobs"})
    with pytest.raises(QuotaExceededError):
        jg.run_parallel()
    assert [job["state"] for job in from_file()] == ["unsent"]


def test_rejected_rerun_leaves_its_job_unchanged(ended, scripted):
    """The job is still in error, with the reason. It was sent, so it is not refused."""
    jg = ended("error")
    for call in ("rerun", "create"):  # if a rerun is forbidden, the body is sent again
        scripted.faults[call] = lambda *_: (403, {"error": "Not yours"})
    with pytest.raises(JobGroupError, match="Not yours"):
        jg.rerun_failed_parallel()
    assert states(jg) == ["error"]
    assert jg.list_refused_jobs() == []


def test_job_refused_by_another_process_is_refused_here(group, scripted, refusing, spawn):
    """Every process reads the state from the file."""
    jg = group(scripted, 2)
    refusing("job 0")
    source = "from jobgroup import JobGroup; JobGroup('experiment').run_parallel(queue=True)"
    _, err = spawn(source, scripted).communicate(timeout=120)
    assert "No such circuit" in err
    assert states(JobGroup("experiment")) == ["refused", "waiting"]
    assert jg.jobs(state="refused") == [jg[0]]
