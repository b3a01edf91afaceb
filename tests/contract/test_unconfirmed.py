"""Tests of interrupted, killed and unanswered runs: no job is lost or paid for twice."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing

import pytest
from scripted_cloud import DROP

from jobgroup import DuplicateJobError, JobGroupError, QuotaExceededError, UnconfirmedJobError
from jobgroup.dashboard.queries import job_detail
from jobgroup.engine.submission import MAX_KEY_LOOKUPS

_RUN = "from jobgroup import JobGroup; JobGroup('experiment').run_{}"


def test_ctrl_c_ends_a_sequential_run_between_two_jobs(group, scripted, spawn, until, from_file):
    """If SIGINT arrives while the run waits for a job, the run ends at once and sends nothing
    more.
    """
    group(scripted, 2)
    child = spawn(_RUN.format("sequential(0)"), scripted)
    until(lambda: scripted.count("status") >= 2)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=120)
    assert "KeyboardInterrupt" in err
    assert [j["state"] for j in from_file()] == ["waiting", "unsent"]
    assert scripted.count("create") == 1
    assert scripted.count("cancel") == 0


def test_resent_rerun_is_retried(ended, scripted):
    """A failed job is rerun, resent after a lost response, and rejected once. It is sent then."""
    jg = ended("error")
    scripted.faults["rerun"] = lambda *_: DROP
    with pytest.raises(UnconfirmedJobError):
        jg.rerun_failed_parallel()
    scripted.faults["rerun"] = lambda before, _: (429, {"error": "Slow"}) if before == 1 else None
    jg[0].resend()
    assert jg[0].state == "waiting"
    assert scripted.count("rerun") == 3


def test_unconfirmed_jobs_are_not_repeated_during_a_pause(group, scripted):
    """Even a cloud with keys may not have got the first request, so the repeated one may create
    the job.
    """
    scripted.knows_keys = True
    scripted.faults["create"] = lambda *_: DROP
    jg = group(scripted, 2)
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    scripted.faults.clear()
    jg.pause()
    run = jg.start()
    time.sleep(1.5)
    assert scripted.ids() == []
    jg.resume()
    run.result(120)
    assert [job.state for job in jg] == ["waiting"] * 2


def test_run_of_only_unconfirmed_jobs_does_not_wait_for_the_end_of_a_pause(group, scripted):
    """It has nothing else to send, so it ends, and repeats no request."""
    scripted.knows_keys = True
    scripted.faults["create"] = lambda *_: DROP
    jg = group(scripted, 1)
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    scripted.faults.clear()
    jg.pause()
    jg.run_parallel()
    assert (scripted.ids(), jg[0].state) == ([], "unconfirmed")


def test_gateways_error_does_not_end_the_look_for_a_lost_id(group, scripted):
    """The cloud created the job and supports keys. The gateway's page lacks the cloud's header."""
    scripted.knows_keys = True

    def answer(before, asked):
        if before:
            return None
        scripted.make_once(asked.key)
        return 504, b"<html>Gateway Timeout</html>"

    scripted.faults["create"] = answer
    jg = group(scripted, 2)
    jg.run_parallel()
    assert sorted(job.id for job in jg) == sorted(scripted.ids())


@pytest.mark.parametrize("call", ["wait()", "track_progress()"])
def test_ctrl_c_ends_wait(call, ended, scripted, spawn, until):
    """SIGINT ends the call, not the jobs."""
    ended("running")
    source = f"from jobgroup import JobGroup; JobGroup('experiment').{call}"
    child = spawn(source, scripted)
    until(lambda: scripted.count("status") >= 1)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=120)
    assert "KeyboardInterrupt" in err
    assert scripted.count("cancel") == 0


def test_outage_only_delays_a_background_run(group, scripted, until):
    """The run waits until the cloud is back, and sends every job once."""
    jg = group(scripted, 3)
    future = jg.start(delay=0)
    first = until(lambda: jg[0].id)
    scripted.go_away()
    until(lambda: jg.state.incident == "unreachable")
    scripted.tell(first, "completed")
    scripted.first_word = "completed"
    scripted.come_back()
    assert len(future.result(120).done) == 3
    assert [j.id for j in jg] == scripted.ids()
    assert jg.state.incident == ""


def _lose_first(before, _asked):
    return DROP if before == 0 else None


@pytest.fixture
def lost(group, scripted):
    """Make a group of three whose first create got no response."""
    jg = group(scripted, 3)
    scripted.availability = None  # one job at a time, in the group's order
    scripted.faults["create"] = _lose_first
    with pytest.raises(UnconfirmedJobError, match=r"Job 0 .*may have reached") as caught:
        jg.run_parallel()
    assert "confirm" in str(caught.value)
    assert "resend" in str(caught.value)
    assert "timeout" not in str(caught.value)
    assert str(caught.value).count("may have") == 1
    sent = f"The request was sent, but no valid response arrived: {scripted.url} did not respond ("
    assert jg[0].message.startswith(sent)
    return jg


def test_confirm_gives_an_unconfirmed_job_its_id(lost, scripted):
    """The user found the job on the cloud. From then on, jobgroup polls it under that id."""
    known = scripted.make("completed")
    lost[0].confirm(known)
    assert (lost[0].id, lost[0].status()) == (known, "SUCCESS")
    with pytest.raises(JobGroupError, match="not unconfirmed"):
        lost[0].confirm("another")
    lost.run_parallel()
    assert len(scripted.ids()) == 3


def test_confirm_refuses_an_id_that_the_group_has(lost, scripted):
    """Two jobs of a group never share one job on the cloud."""
    lost.run_parallel()
    with pytest.raises(JobGroupError, match="job 1"):
        lost[0].confirm(lost[1].id)
    with pytest.raises(JobGroupError, match="must be the job's id"):
        lost[0].confirm("  ")
    with pytest.raises(TypeError, match="got list"):
        lost[0].confirm([lost[1].id])
    assert lost[0].state == "unconfirmed"


def test_resend_sends_an_unconfirmed_job_again(lost, scripted):
    """After the user's decision, the cloud gets one more create, and the history has both
    attempts.
    """
    lost[0].resend()
    assert (lost[0].id, lost[0].state) == (scripted.ids()[0], "waiting")
    assert [a.state for a in lost[0].attempts][1:] == ["waiting"]
    assert len(lost[0].attempts) == 2
    with pytest.raises(RuntimeError, match="neither unconfirmed nor lost"):
        lost[0].resend()


def test_resend_sends_a_job_that_the_cloud_forgot(ended, scripted, until):
    """The user may resend a job that its cloud no longer knows, and the page offers to."""
    jg = ended("running")
    forgotten = jg[0].id
    scripted.faults["status"] = lambda _, asked: (
        (404, {"error": f"Not found job: {asked.id}"}) if asked.id == forgotten else None
    )

    def is_given_up() -> bool:
        jg.refresh()
        return jg[0].state == "unknown"

    assert not job_detail(jg, jg[0])["is_lost"]
    until(is_given_up)
    assert job_detail(jg, jg[0])["is_lost"]
    jg.rerun_failed_parallel()
    assert scripted.count("create", "rerun") == 0
    jg[0].resend()
    assert not job_detail(jg, jg[0])["is_lost"]
    assert jg[0].id not in (forgotten, None)
    assert [a.remote_id for a in jg[0].attempts] == [forgotten, jg[0].id]
    assert [a.state for a in jg[0].attempts] == ["unknown", "waiting"]
    scripted.tell(jg[0].id, "completed")
    jg.wait(120)
    assert jg[0].state == "success"


def test_rejected_resend_leaves_the_job_unsent(lost, scripted):
    """The job was certainly not sent, so the next run can send it."""
    scripted.faults["create"] = lambda *_: (400, {"error": "Cannot create more than 1 jobs"})
    with pytest.raises(QuotaExceededError):
        lost[0].resend()
    assert lost[0].state == "unsent"
    assert [j.position for j in lost.list_unsent_jobs()] == [0, 1, 2]
    scripted.faults.clear()
    lost.run_parallel()
    assert sorted(j.id for j in lost) == sorted(scripted.ids())


def test_sequential_run_stops_at_an_unconfirmed_job(group, scripted):
    """The run sends no job after it."""
    jg = group(scripted, 3)
    scripted.first_word = "completed"
    scripted.faults["create"] = lambda nth, _: DROP if nth == 1 else None
    with pytest.raises(UnconfirmedJobError):
        jg.run_sequential(0)
    assert [j.state for j in jg] == ["success", "unconfirmed", "unsent"]


@pytest.mark.parametrize("how", ["parallel", "queue"])
def test_repeated_id_leaves_jobs_unconfirmed(how, group, scripted):
    """The cloud returns the same id for every create. One job has the id, and all others are
    unconfirmed, even if several are in flight at once.
    """
    jg = group(scripted, 5)
    scripted.faults["create"] = lambda *_: (200, {"job_id": "the-one"})
    with pytest.raises(UnconfirmedJobError, match="which is already the id of job"):
        jg.run_parallel(queue=how == "queue")
    assert len([j for j in jg if j.id == "the-one"]) == 1
    unconfirmed = jg.list_unconfirmed_jobs()
    assert unconfirmed
    assert all("the-one" in j.attempts[-1].diagnostics["reason"] for j in unconfirmed)
    assert len(unconfirmed) + 1 == scripted.count("create")
    with pytest.raises(DuplicateJobError, match="the-one is already job"):
        unconfirmed[0].confirm("the-one")


def test_rerun_with_an_old_id_is_unconfirmed(ended, scripted):
    """The cloud may have created a job, so jobgroup does not create it again."""
    jg = ended("error", "completed")
    scripted.faults["rerun"] = lambda *_: (200, {"job_id": jg[1].id})
    with pytest.raises(UnconfirmedJobError, match="which is already the id of job 1"):
        jg[0].rerun()
    assert [j.state for j in jg] == ["unconfirmed", "success"]
    assert jg[1].id != jg[0].id


def test_key_is_not_reused_after_a_long_time(group, scripted, spawn, data_dir):
    """A request is repeated with its key only soon after it was sent. Days later, or after the
    clock was set back, the job stays unconfirmed.
    """
    scripted.knows_keys = True
    jg = group(scripted, 1)
    scripted.faults["create"] = lambda *_: DROP
    scripted.faults["availability"] = lambda *_: (503, {})
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    scripted.faults.clear()
    made = scripted.count("create")
    path = data_dir / "groups" / "experiment.jobgroup"
    for days in (-1, 1):
        with closing(sqlite3.connect(path, timeout=120)) as file, file:
            file.execute("UPDATE attempts SET intent_at = ?", (time.time() + 86400 * days,))
        child = spawn(_RUN.format("parallel()"), scripted)
        _, err = child.communicate(timeout=120)
        assert child.returncode == 0, err
        assert scripted.count("create") == made
        assert jg[0].state == "unconfirmed"
    jg.run_parallel()  # the age of the request is known here
    assert jg[0].id == scripted.ids()[0]


def test_new_job_may_be_unknown_to_its_cloud_for_a_minute(group, scripted, until):
    """A 404 for a job that was just sent is ignored. The job is active, and a sequential run
    waits.
    """
    jg = group(scripted, 2)
    scripted.first_word = "running"
    scripted.faults["status"] = lambda *_: (404, {"error": "not found"})
    run = jg.start(delay=0)
    until(lambda: scripted.count("status") >= 8)
    jg.refresh()
    assert [j.state for j in jg] == ["waiting", "unsent"]
    assert jg.progress(refresh=False)["Unfinished"] == [2, {"sent": 1, "not sent": 1}]
    scripted.faults.clear()
    for position in (0, 1):
        until(lambda position=position: jg[position].was_sent)
        scripted.tell(jg[position].id, "completed")
    run.result(120)
    assert [j.state for j in jg] == ["success", "success"]


def test_job_that_its_cloud_no_longer_knows_is_lost(ended, scripted, until):
    """The job is lost at once, without a wait."""
    jg = ended("running")
    scripted.faults["status"] = lambda *_: (404, {"error": "not found"})
    until(lambda: jg.refresh() or jg[0].state == "unknown")


@pytest.mark.parametrize("state", ["error", "completed"])
def test_appended_rerun_found_later_is_not_sent_twice(state, ended, scripted):
    """When the run ends, the lost response is found, and the old entry is not rerun again."""
    jg = ended(state)
    scripted.knows_keys = True
    lost = MAX_KEY_LOOKUPS + 1
    for call in ("rerun", "create"):
        scripted.faults[call] = lambda nth, _: DROP if nth < lost else None
    jg.rerun([0], replace=False)
    assert [job.state for job in jg] == [jg[0].state, "waiting"]
    assert len(scripted.ids()) == 2
    assert jg[1].id == scripted.ids()[1]
