"""Tests of runs that begin while earlier jobs of the group are still on the cloud."""

from __future__ import annotations

import threading

import pytest


def test_sequential_run_waits_for_the_job_of_an_interrupted_one(group, scripted, until):
    """The jobs do not overlap, although the run was interrupted and started again."""
    jg = group(scripted, 2)
    interrupted = jg.start(delay=0)
    until(lambda: scripted.count("create") == 1)
    interrupted.cancel()
    run = jg.start(delay=0)
    asked = scripted.count("status")
    until(lambda: scripted.count("status") >= asked + 3, 120)
    assert scripted.count("create") == 1
    scripted.tell(jg[0].id, "completed")
    until(lambda: scripted.count("create") == 2, 120)
    scripted.tell(scripted.ids()[1], "completed")
    run.result(120)
    assert [job.state for job in jg] == ["success"] * 2


def test_sequential_rerun_waits_for_the_appended_job_of_an_interrupted_one(ended, scripted, until):
    """The job that an interrupted rerun appended has to end first."""
    jg = ended("error", "error")
    interrupted = jg.start(rerun=True, replace=False, delay=0)
    until(lambda: len(jg) == 3 and jg[2].id)
    interrupted.cancel()
    run = jg.start(rerun=True, delay=0)
    asked = scripted.count("status")
    until(lambda: scripted.count("status") >= asked + 3, 120)
    assert len(scripted.ids()) == 3
    scripted.first_word = "completed"
    scripted.tell(jg[2].id, "completed")
    run.result(120)
    assert [job.state for job in jg] == ["success"] * 3


def test_sequential_run_does_not_wait_for_other_active_jobs(group, scripted, until):
    """A job that was sent on its own may never end."""
    jg = group(scripted, 2)
    jg[0].execute_async()
    run = jg.start(delay=0)
    until(lambda: scripted.count("create") == 2)
    scripted.tell(scripted.ids()[1], "completed")
    run.result(120)
    assert [job.state for job in jg] == ["waiting", "success"]


def test_run_with_wait_returns_when_every_job_has_ended(group, scripted, until):
    """It also waits for jobs that were already on the cloud."""
    jg = group(scripted, 2)
    jg[0].execute_async()
    waiting = threading.Thread(target=jg.run_parallel, kwargs={"wait": True})
    waiting.start()
    until(lambda: scripted.count("create") == 2)
    scripted.tell(scripted.ids()[1], "completed")
    until(lambda: jg[1].state == "success")
    assert waiting.is_alive()
    scripted.tell(jg[0].id, "completed")
    waiting.join(120)
    assert [job.state for job in jg] == ["success"] * 2


def test_run_with_wait_and_nothing_to_send_waits_too(group, scripted, until):
    """A script that is repeated after Ctrl-C reads all results."""
    jg = group(scripted, 1)
    jg.run_parallel()
    waiting = threading.Thread(target=jg.run_parallel, kwargs={"wait": True})
    waiting.start()
    asked = scripted.count("status")
    until(lambda: scripted.count("status") >= asked + 2)
    assert waiting.is_alive()
    scripted.tell(jg[0].id, "completed")
    waiting.join(120)
    assert jg[0].state == "success"


def test_jobs_of_an_earlier_run_count_as_concurrent_jobs(group, scripted, until):
    """With concurrent_job_count=1, a repeated run does not send a second job beside the first."""
    jg = group(scripted, 2)
    jg[0].execute_async()
    run = jg.start(queue=True, concurrent_job_count=1)
    asked = scripted.count("status")
    until(lambda: scripted.count("status") >= asked + 3, 120)
    assert scripted.count("create") == 1
    scripted.tell(jg[0].id, "completed")
    run.result(120)
    assert [job.state for job in jg] == ["success", "waiting"]


@pytest.mark.parametrize("wrong", [[3], 0, 1, "no", None])
def test_replace_must_be_true_or_false(ended, scripted, wrong):
    """A list of positions is no flag. Nothing is sent."""
    jg = ended("error", "error")
    sent = scripted.count("create", "rerun")
    for call in (
        lambda: jg.rerun_failed_parallel(wrong),
        lambda: jg.rerun_failed_sequential(0, wrong),
        lambda: jg.relaunch_async_failed_jobs(wrong),
        lambda: jg.rerun_failed_sequential(True),
        lambda: jg.run_parallel(queue=wrong),
        lambda: jg.run_parallel(queue=True, concurrent_job_count=True),
    ):
        with pytest.raises(TypeError, match=r"True or False|a number of seconds|a whole number"):
            call()
    assert scripted.count("create", "rerun") == sent


def test_results_are_current_on_a_slow_cloud(group, scripted):
    """A call of progress() a moment ago does not hide that a job has ended."""
    jg = group(scripted, 1)
    jg.run_parallel()
    slow = threading.Event()
    scripted.faults["status"] = lambda *_: slow.wait(0.7) or None
    jg.progress()
    scripted.tell(jg[0].id, "completed")
    assert jg.get_results() != [None]
    assert jg[0].state == "success"
