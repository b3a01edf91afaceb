"""Callbacks come once at a group's first failure and once at its end, whichever process runs it."""

from __future__ import annotations

import logging
import sys
import threading

import pytest

from jobgroup import GroupEvent, JobGroup


@pytest.fixture
def notices(until):
    """Collect notices; `notices.wait(n)` returns the events once there are n."""

    class Notices(list):
        def wait(self, number):
            until(lambda: len(self) >= number, timeout_s=120)
            return [notice.kind for notice in self]

    return Notices()


def test_callback_gets_the_first_failure_and_the_end_once(notices, group, scripted):
    """The first of three failures is reported, and then the end, after the last job."""
    jg = group(scripted, 4, name="sweep")
    jg.on_done(notices.append)
    jg.run_parallel()
    scripted.tell(jg[2].id, "error", status_message="The laser lost its lock")
    assert notices.wait(1) == ["job_failed"]
    for place, word in ((0, "completed"), (1, "error"), (3, "error")):
        scripted.tell(jg[place].id, word)
    assert notices.wait(2) == ["job_failed", "finished"]
    failure, end = notices
    assert isinstance(failure, GroupEvent)
    assert (failure.group, failure.job) == (jg, jg[2])
    assert failure.message == "Job 2 of sweep failed: The laser lost its lock."
    assert (end.counts, end.job) == ({"success": 1, "error": 3}, None)
    assert end.message == "sweep has finished: 1 success, 3 error."


def test_callback_gets_nothing_after_the_end(notices, group, scripted, until):
    """Each registration reports the end once. Later jobs and runs need another registration."""
    jg = group(scripted, 1)
    jg.run_parallel()
    jg.on_done(notices.append)
    scripted.tell(jg[0].id, "error")
    assert notices.wait(2) == ["job_failed", "finished"]
    again = []
    jg.rerun()
    jg.on_done(again.append)
    scripted.tell(jg[0].id, "completed")
    until(lambda: again)
    assert [n.kind for n in again] == ["finished"]
    assert len(notices) == 2


def test_callback_gets_the_end_of_a_finished_group(notices, ended):
    """The end is reported at once, without old failures."""
    ended("completed", "error").on_done(notices.append)
    assert notices.wait(1) == ["finished"]


def test_callback_gets_nothing_before_a_first_run(notices, group, scripted, until):
    """Neither unsent jobs nor an empty group count as finished."""
    jg, other = group(scripted, 2), group(scripted, 0, name="other")
    jg.on_done(notices.append)
    others = []
    with JobGroup("empty").on_done(notices.append), other.on_done(others.append):
        jg[0].note = "a change wakes who looks"
        jg.launch_async_jobs(concurrent_job_count=1)
        assert notices == []
        assert jg.state.active
        scripted.tell(jg[0].id, "completed")
        assert notices.wait(1) == ["finished"]
        assert not jg.state.active
        assert notices[0].message.endswith("has finished: 1 unsent, 1 success.")
        assert others == []


def test_callback_gets_no_old_failures(notices, ended, scripted):
    """A note on a failed job is not a failure, but a rerun that fails again is one."""
    jg = ended("error", "running")
    jg.on_done(notices.append)
    jg[0].note = "look at the laser"
    jg.rerun(0)
    scripted.tell(jg[0].id, "error")
    scripted.tell(jg[1].id, "completed")
    assert notices.wait(2) == ["job_failed", "finished"]
    assert notices[0].job == jg[0]


def test_change_of_a_failed_job_is_not_a_failure(notices, ended, scripted):
    """Only the end is reported, although the failed job has changed."""
    jg = ended("error", "running")
    jg.on_done(notices.append)
    jg[0].note = "look at the laser"
    scripted.tell(jg[1].id, "completed")
    assert notices.wait(1) == ["finished"]


def test_adopted_active_job_counts_as_a_run(notices, group, scripted):
    """The end of an adopted job counts, although this process sent none."""
    jg = group(scripted, 1)
    jg.on_done(notices.append)
    (job,) = jg.adopt(scripted.make(), platform="p", url=scripted.url)
    scripted.tell(job.id, "completed")
    assert notices.wait(1) == ["finished"]
    assert notices[0].counts == {"unsent": 1, "success": 1}


def test_adopted_ended_job_counts_as_a_run(notices, group, scripted):
    """The end is reported, although no check saw the job active and the rest is unsent."""
    jg = group(scripted, 1)
    jg.on_done(notices.append)
    ended = scripted.make()
    scripted.tell(ended, "completed")
    jg.adopt(ended, platform="p", url=scripted.url)
    assert notices.wait(1) == ["finished"]
    assert notices[0].counts == {"unsent": 1, "success": 1}


def test_cancellation_is_not_a_failure(notices, group, scripted):
    """The user requested the cancellation, so only the end is reported."""
    jg = group(scripted, 2)
    jg.on_done(notices.append)
    jg.run_parallel()
    scripted.tell(jg[0].id, "canceled")
    scripted.tell(jg[1].id, "completed")
    assert notices.wait(1) == ["finished"]
    assert notices[0].message == "experiment has finished: 1 success, 1 canceled."


def test_notice_has_one_full_stop_and_a_reason(notices, group, scripted):
    """The cloud's period is not doubled, and a missing reason is mentioned."""
    jg = group(scripted, 2)
    jg.on_done(notices.append)
    jg.run_parallel()
    scripted.tell(jg[0].id, "error", status_message="Too hot.")
    assert notices.wait(1) == ["job_failed"]
    assert notices[0].message == "Job 0 of experiment failed: Too hot."
    jg.on_done(notices.append)
    scripted.tell(jg[1].id, "error")
    assert sorted(notices.wait(4)) == ["finished", "finished", "job_failed", "job_failed"]
    failures = [notice.message for notice in notices if notice.kind == "job_failed"]
    assert failures[1] == "Job 1 of experiment failed: The cloud gave no reason."


def test_failing_or_slow_callback_does_not_affect_others(notices, group, scripted, until, caplog):
    """A callback's exception is logged. While one hangs, others are called and jobs are polled."""
    jg = group(scripted, 2)
    release = threading.Event()
    jg.on_done(lambda _: release.wait(120))

    @jg.on_done
    def fail(notice):
        notices.append(notice)
        if notice.kind == "job_failed":
            sys.exit("a script's way")
        raise ValueError("mine")

    jg.run_parallel()
    scripted.tell(jg[0].id, "error")
    with caplog.at_level(logging.ERROR, "jobgroup"):
        notices.wait(1)
        scripted.tell(jg[1].id, "completed")
        assert notices.wait(2) == ["job_failed", "finished"]
        until(
            lambda: (
                "SystemExit: a script's way" in caplog.text and "ValueError: mine" in caplog.text
            )
        )
    release.set()
    assert callable(fail)


def test_subscription_can_be_ended(notices, group, scripted):
    """`cancel` of the returned subscription ends the calls. A second `cancel` does nothing."""
    jg = group(scripted, 1)
    other = []
    end = jg.on_done(other.append)
    jg.on_done(notices.append)
    end.cancel()
    end.cancel()
    jg.run_parallel()
    scripted.tell(jg[0].id, "completed")
    notices.wait(1)
    assert other == []


def test_callback_waits_for_a_run_of_another_process(notices, group, cloud, spawn):
    """Between two jobs of that run, no job is on the cloud, but the group has not finished."""
    jg = group(cloud, 3, duration_s=0)
    jg.on_done(notices.append)
    run = "from jobgroup import JobGroup; JobGroup.open('experiment').run_sequential(0.5)"
    process = spawn(run, cloud)
    assert notices.wait(1) == ["finished"]
    assert notices[0].counts == {"success": 3}
    assert process.wait(120) == 0


def test_callback_gets_the_end_after_the_sender_dies(notices, group, cloud, spawn, until):
    """A killed process sends no more jobs, so the end is reported although jobs are left."""
    jg = group(cloud, 3, duration_s=0)
    jg.on_done(notices.append)
    run = "from jobgroup import JobGroup; JobGroup.open('experiment').run_sequential(3600)"
    process = spawn(run, cloud)
    until(lambda: jg[0].state == "success", timeout_s=120)
    assert notices == []
    process.kill()
    process.wait(120)
    assert notices.wait(1) == ["finished"]
    assert notices[0].counts == {"success": 1, "unsent": 2}


def test_script_calls_back_before_it_ends(in_interpreter, group, cloud):
    """The callback is called even if the script ends right after `wait`."""
    group(cloud, 1, duration_s=0.05)
    out = in_interpreter(
        "import json, time\n"
        "from jobgroup import JobGroup\n"
        "def report(notice):\n"
        "    time.sleep(0.2)\n"
        "    print(json.dumps(notice.kind), flush=True)\n"
        "jg = JobGroup.open('experiment')\n"
        "jg.on_done(report)\n"
        "jg.run_parallel()\n"
        "jg.wait()\n",
        cloud,
    )
    assert out == "finished"


def test_notice_has_no_control_characters(notices, group, scripted):
    """A cloud's message cannot control a terminal."""
    jg = group(scripted, 1)
    jg.on_done(notices.append)
    jg.run_parallel()
    scripted.tell(jg[0].id, "error", status_message="\x1b[2Jgone\r\nover")
    notices.wait(1)
    assert notices[0].message.isprintable()


def test_on_done_refuses_invalid_callbacks(group, scripted):
    """A wrong callback raises an error at once. A coroutine function would be called but
    never run.
    """

    async def tell(notice):
        raise AssertionError(notice)

    for callback in (None, "print", tell):
        with pytest.raises(TypeError, match="function of one argument"):
            group(scripted, 0).on_done(callback)


def test_deletion_ends_the_subscription(notices, group, scripted, until):
    """Nothing is reported about a deleted group, and nothing watches the group."""
    jg = group(scripted, 1)
    jg.run_parallel()
    others = set(threading.enumerate())
    jg.on_done(notices.append)
    with pytest.warns(UserWarning, match="will continue on the cloud"):
        JobGroup.delete_job_group("experiment")
    until(lambda: "jobgroup-on-done" not in {t.name for t in {*threading.enumerate()} - others})
    assert notices == []
