"""Priorities that the user sets before or during a run determine the order of sending."""

from __future__ import annotations

import time

import pytest
from ledger import requests

from jobgroup import JobGroup, QuotaExceededError
from jobgroup.group import request


def sent(cloud) -> list[str]:
    """The names of the jobs, in the order in which the cloud received them."""
    return [job.name for job in cloud.jobs()]


@pytest.mark.parametrize(
    "mode", [{}, {"queue": True}, {"delay": 0.0}], ids=["parallel", "queue", "sequential"]
)
def test_a_priority_changes_the_order_of_an_active_run(group, cloud, until, mode):
    """If a job is prioritized during a pause, the resumed run sends it first, and then the rest in
    order.
    """
    if mode:
        cloud.set_plan(max_queue=1)
    else:  # in parallel, jobs are sent one at a time if the number of free slots is unknown
        cloud.faults.add("http_error", calls=["availability"], status=404)
    jg = group(5, duration_s=0.02)
    jg.pause()
    run = jg.start(**mode)
    until(lambda: jg.state.busy)
    time.sleep(0.5)  # the run is now waiting with its first job
    assert jg.prioritize([4, 2]) == [4, 2]
    assert jg.state.next_up == [4, 2]
    jg.resume()
    run.result(120)
    assert sent(cloud) == ["4", "2", "0", "1", "3"]
    assert jg.state.next_up == []


@pytest.mark.parametrize("mode", [{"queue": True}, {"delay": 0.0}], ids=["queue", "sequential"])
def test_a_priority_precedes_jobs_that_wait_for_a_slot(group, cloud, until, mode):
    """While a job fills the plan, the latest prioritized job is sent first, and then the one before
    it.
    """
    cloud.set_plan(max_queue=1)
    jg = group(5, duration_s=0.02)
    blocker = group(1, "somebody else's", duration_s=600)
    blocker.run_parallel()
    run = jg.start(**mode)
    until(lambda: requests(cloud, "availability"))
    jg.prioritize(3)
    jg.prioritize([jg[2]])
    blocker.cancel_all()
    run.result(120)
    assert sent(cloud)[1:] == ["2", "3", "0", "1", "4"]


def test_a_job_added_during_a_run_joins_it(group, job, cloud, until):
    """A run of the whole group also sends jobs of any account that were added after it began."""
    cloud.set_plan(max_queue=1)
    jg = group(3, duration_s=0.02)
    blocker = group(1, "somebody else's", duration_s=600)
    blocker.run_parallel()
    run = jg.start(queue=True)
    until(lambda: requests(cloud, "availability"))
    jg.add(job("late", url=cloud.url))
    jg.add(job("not asked for", url=cloud.url))
    assert jg.prioritize(3) == [3]
    blocker.cancel_all()
    assert len(run.result(120).done) == 4
    assert sent(cloud)[1:] == ["late", "0", "1", "2"]
    assert jg[4].state == "unsent"


def test_a_priority_applies_to_each_account_from_its_first_job(job, cloud, begin):
    """Accounts that look up the next job at the same time all respect a new priority."""
    clouds = (cloud, begin())
    for each in clouds:
        each.set_plan(max_queue=1)  # one request at a time
    for round_ in range(4):
        jg = JobGroup(f"experiment {round_}")
        jg.add_many([job(f"{round_} {i}", url=clouds[i % 2].url) for i in range(6)])
        before = [len(sent(each)) for each in clouds]
        jg.prioritize([5, 4])
        jg.run_parallel(queue=True, wait=True)
        first = [sent(each)[known] for each, known in zip(clouds, before, strict=True)]
        assert first == [f"{round_} 4", f"{round_} 5"]


def test_a_run_of_selected_jobs_sends_no_others(group, cloud):
    """A priority does not make a run send a job that was not requested."""
    jg = group(4)
    jg.prioritize([3, 1])
    jg.start([0, 1]).result(120)
    assert sent(cloud) == ["1", "0"]
    assert jg.state.next_up == [3]


def test_a_priority_without_a_run_sends_nothing_and_persists(group, cloud, child):
    """Without a run, nothing is sent. A later run in another process begins with the prioritized
    job.
    """
    cloud.faults.add("http_error", calls=["availability"], status=404)  # one request at a time
    jg = group(3)
    outcome = request(jg, "prioritize", positions=[2]).result(120)
    assert outcome.done == [2]
    assert "when the group is run" in outcome.text
    assert sent(cloud) == []
    child("JobGroup.open('experiment').run_parallel()").all()
    assert sent(cloud) == ["2", "0", "1"]


def test_a_priority_reaches_the_process_that_runs_the_group(group, cloud, child, until):
    """A priority set in this process changes the order of a run in another process."""
    cloud.set_plan(max_queue=1)
    jg = group(4, duration_s=0.02)
    blocker = group(1, "somebody else's", duration_s=600)
    blocker.run_parallel()
    running = child("JobGroup.open('experiment').run_parallel(queue=True)")
    until(lambda: jg.state.active)
    assert jg.prioritize([3]) == [3]
    blocker.cancel_all()
    running.all()
    assert sent(cloud)[1:] == ["3", "0", "1", "2"]


def test_launch_async_jobs_sends_next_jobs_first(group, cloud):
    """launch_async_jobs() sends as many jobs as there are slots, prioritized jobs first."""
    cloud.set_plan(max_queue=2)
    jg = group(4, duration_s=600)
    jg.prioritize([3])
    jg.launch_async_jobs()
    assert sorted(sent(cloud)) == ["0", "3"]


def test_a_priority_ignores_jobs_that_were_sent(group, cloud):
    """Jobs that are already on the cloud cannot be prioritized, and the result says so."""
    jg = group(3, duration_s=600)
    jg.start([1]).result(120)
    outcome = request(jg, "prioritize", positions=[1, 2, 2]).result(120)
    assert outcome.done == [2]
    assert outcome.failed == {1: "It was already sent."}
    assert "1 had already been sent" in outcome.text
    assert jg.prioritize(1) == []


def test_a_rerun_sends_next_jobs_first(group, cloud):
    """Failed jobs can be prioritized too. A rerun begins with them, in place or appended."""
    jg = group(3, fail="no photons")
    jg.run_parallel()
    jg.wait(300)
    for replaces in (True, False):
        jg.prioritize(2)
        before = len(sent(cloud))
        jg.rerun_failed_parallel(replaces)
        assert sent(cloud)[before] == "2"
        assert jg.state.next_up == []
        jg.wait(300)


def test_a_refused_job_keeps_its_priority(group, cloud):
    """A job that could not be sent is still the next job."""
    cloud.set_plan(max_queue=0)
    jg = group(2)
    jg.prioritize(1)
    with pytest.raises(QuotaExceededError):
        jg.run_parallel()
    assert jg.state.next_up == [1]


def test_a_priority_refuses_an_unknown_position(group):
    """An unknown position raises an error and changes nothing."""
    jg = group(2)
    with pytest.raises(IndexError):
        jg.prioritize([0, 7])
    assert JobGroup.open(jg.name).state.next_up == []
