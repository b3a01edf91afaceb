"""Tests of launches, which fill the plan's free slots and do not wait."""

from __future__ import annotations

import warnings

import pytest


@pytest.mark.parametrize(
    ("slots", "count", "sent"),
    [((5, 3), None, 2), ((5, 0), 3, 3), ((2, 0), 3, 2), ((9, 0), None, 6)],
)
def test_10_launch_fills_the_free_slots(slots, count, sent, group, scripted):
    """Behavior 10: it sends at most max_jobs_in_queue - num_jobs_in_queue jobs, and at most
    `count`.
    """
    scripted.availability = {"max_jobs_in_queue": slots[0], "num_jobs_in_queue": slots[1]}
    jg = group(scripted, 6)
    jg.launch_async_jobs(count)
    assert scripted.count("create") == sent
    assert [j.was_sent for j in jg] == [True] * sent + [False] * (6 - sent)
    assert scripted.count("status") == 0, "it does not wait"


def test_10_relaunch_fills_the_free_slots(ended, scripted):
    """Behavior 10: failed jobs fill free slots too, in place or appended."""
    jg = ended(*["error"] * 5)
    scripted.availability = {"max_jobs_in_queue": 9, "num_jobs_in_queue": 7}
    jg.relaunch_async_failed_jobs()
    assert [len(j.attempts) for j in jg] == [2, 2, 1, 1, 1]
    jg.relaunch_async_failed_jobs(replace_failed_jobs=False, concurrent_job_count=1)
    assert len(jg) == 6
    assert scripted.count("rerun") == 3


@pytest.mark.parametrize("rerun", [False, True])
def test_10_launch_warns_without_free_slots(rerun, ended, timer, scripted):
    """Behavior 10: nothing is sent, and jobgroup warns the caller."""
    jg = ended("error")
    jg.add(timer(scripted))
    scripted.availability = {"max_jobs_in_queue": 3, "num_jobs_in_queue": 3}
    with pytest.warns(UserWarning, match="no slot available"):
        (jg.relaunch_async_failed_jobs if rerun else jg.launch_async_jobs)()
    assert scripted.count("create", "rerun") == 0


def test_10_launch_needs_a_count_if_the_cloud_reports_no_limit(group, scripted):
    """Behavior 10: ValueError without a count, as in Perceval; with one, that many are sent."""
    scripted.availability = None
    jg = group(scripted, 4)
    with pytest.raises(ValueError, match=r"Pass concurrent_job_count"):
        jg.launch_async_jobs()
    assert scripted.count("create") == 0
    jg.launch_async_jobs(concurrent_job_count=3)
    assert scripted.count("create") == 3


def test_10_launch_does_not_warn_without_jobs_to_send(ended, scripted):
    """Behavior 10: if slots are free and no job is unsent, no warning mentions slots."""
    jg = ended("completed")
    with warnings.catch_warnings(record=True) as reported:
        warnings.simplefilter("always")
        jg.launch_async_jobs()
        jg.relaunch_async_failed_jobs()
    assert not [w for w in reported if "slot" in str(w.message)]
