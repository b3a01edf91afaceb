"""Tests of the cancellation of all jobs."""

from __future__ import annotations

import warnings

import pytest


def test_11_cancel_all_cancels_every_sent_unfinished_job(ended, timer, scripted, until):
    """Behavior 11: running, waiting and suspended jobs are canceled; finished and unsent ones are
    not.
    """
    jg = ended("running", "completed", "waiting", "error", "suspended", "canceled")
    jg.add(timer(scripted))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jg.cancel_all()
    assert {a.id for a in scripted.asked if a.what == "cancel"} == {jg[i].id for i in (0, 2, 4)}
    assert scripted.count("cancel") == 3
    assert [jg[i].state for i in (0, 2, 4)] == ["cancel_requested"] * 3
    until(lambda: [j.position for j in jg.list_unsuccessful_jobs()] == [0, 2, 3, 4, 5])


def test_11_canceled_job_can_be_rerun_at_once(ended):
    """A status from just before the cancellation does not count as one from after it."""
    jg = ended("running", "running")
    assert jg.progress()["Unfinished"] == [2, {"sent": 2, "not sent": 0}]
    first = [job.id for job in jg]
    jg.cancel_all()
    jg.rerun_failed_parallel()
    assert not {job.id for job in jg} & set(first)


def test_11_cancel_all_reports_each_failure(ended, scripted):
    """Behavior 11: each rejection is reported with the cloud's text. The other jobs are still
    canceled.
    """
    jg = ended("running", "running", "running")
    refused = jg[1].id
    scripted.faults["cancel"] = lambda _, asked: (
        (400, {"error": "Can not cancel job: too late"}) if asked.id == refused else None
    )
    with pytest.warns(UserWarning, match="Job 1 .*Can not cancel job: too late") as reported:
        jg.cancel_all()
    assert len(reported) == 1
    assert scripted.count("cancel") == 3
    assert [j.state for j in jg] == ["cancel_requested", "running", "cancel_requested"]
