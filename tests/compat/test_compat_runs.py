"""Tests of rows of docs/coming-from-perceval.md with both classes: runs and launches."""

from __future__ import annotations

import perceval as pcvl
import pytest
from either_class import IS_1, is_sent, jobs_of, wait_for
from requests import HTTPError
from which_release import RELEASE

from jobgroup import JobGroupWarning, QuotaExceededError, set_compatibility


def test_1_run_parallel_with_jobs_that_take_long(both, timer):
    """By default, it returns when all jobs are sent, as in 0.12, and warns how to wait."""
    own, jg = both
    running = timer(600)
    running.execute_async()
    own.add(running)
    assert own.get_results() == [None]
    running.cancel()
    for group in both[IS_1:]:
        group.add(timer(600))
        group.run_parallel()
    if not IS_1:
        assert own.get_results() == [None, None]
        jobs_of(own)[1].cancel()
    with pytest.warns(JobGroupWarning, match=r"get_results\(wait=True\)"):
        assert jg.get_results() == [None]
    jg.cancel_all()


@pytest.mark.parametrize("how", ["argument", "setting", "environment", "get_results"])
def test_1_run_parallel_with_wait(how, both, timer, monkeypatch):
    """The call returns when all jobs have ended, as in 1.0 to 1.3."""
    own, jg = both
    for group in both:
        for _ in range(3):
            group.add(timer(0.3))
    if how == "setting":
        set_compatibility("1.x")
    if how == "environment":
        monkeypatch.setenv("JOBGROUP_COMPATIBILITY", "1.x")
    if IS_1:
        own.run_parallel()
        assert own.progress()["Finished"][1]["successful"] == 3
    jg.run_parallel(**{"wait": True} if how == "argument" else {})
    if how == "get_results":
        assert None not in jg.get_results(wait=True)
    assert jg.progress(refresh=False)["Finished"][1]["successful"] == 3


def test_5_full_plan(both, timer, fault):
    """Perceval raises HTTPError, jobgroup raises QuotaExceededError, and the job stays unsent."""
    for group, error in zip(both, (HTTPError, QuotaExceededError), strict=True):
        group.add(timer())
        message = "Cannot create more than 1 jobs"
        fault(kind="http_error", calls=["create"], status=400, message=message)
        with pytest.raises(error, match=r"more than 1 jobs|status code 400"):
            group.run_parallel()
        assert not is_sent(jobs_of(group)[0])
    assert not issubclass(QuotaExceededError, HTTPError)


def test_5b_plan_that_frees_its_slot(both, timer, plan):
    """From 1.0 on, Perceval waits for the slot, in 1.0 with its own setting; `queue` does, too."""
    plan(max_queue=1)
    if RELEASE == (1, 0):
        pcvl.RemoteConfig.set_cloud_maximal_job_count(1)
    try:
        for group in both[not IS_1 :]:
            for _ in range(2):
                group.add(timer())
            group.run_parallel(**{} if group is both[0] else {"queue": True})
            assert all(map(is_sent, jobs_of(group)))
            wait_for(group)
    finally:
        if RELEASE == (1, 0):
            pcvl.RemoteConfig.set_cloud_maximal_job_count(None)


def test_16_launch_without_a_limit(both, timer):
    """A count of 0 sets no limit, as in 1.1 to 1.3."""
    for group in both if RELEASE >= (1, 1) else both[1:]:
        for _ in range(2):
            group.add(timer())
        group.launch_async_jobs(0)
        assert all(map(is_sent, group.remote_jobs))
        wait_for(group)


def test_16_launch_with_a_negative_count(both, timer):
    """Perceval sends nothing. In jobgroup, the count sets no limit."""
    for group in both if RELEASE >= (1, 1) else both[1:]:
        group.add(timer())
        group.launch_async_jobs(-1)
        assert is_sent(group[0]) is (group is both[1])
        wait_for(group)


def test_18_order_of_sending(both, timer):
    """Jobs are sent in the order of adding, but 1.0 begins with the last one."""
    for group in both:
        for _ in range(3):
            group.add(timer())
        group.run_sequential(0)
        times = [job.status.creation_timestamp for job in jobs_of(group)]
        is_reversed = RELEASE == (1, 0) and group is both[0]
        assert times == sorted(times, reverse=is_reversed)
