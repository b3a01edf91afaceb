"""Tests of runs and reruns: the jobs that they send, the order, and their end."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest

from jobgroup import (
    CloudUnreachableError,
    InvalidTokenError,
    JobGroup,
    JobGroupError,
    QuotaExceededError,
    RequestRejectedError,
    set_token,
)
from jobgroup.engine.engine import engine
from jobgroup.engine.run import Run, RunRequest
from jobgroup.engine.runner import execute_run
from jobgroup.store.paths import group_path

# -- parallel and sequential -----------------------------------------------------------------------


def test_run_parallel_returns_when_all_jobs_are_sent(group, scripted):
    """The run sends in the group's order, and does not wait for jobs to end."""
    jg = group(scripted, 5)
    scripted.availability = None  # one job at a time, in the group's order
    jg.run_parallel()
    assert [j.id for j in jg] == scripted.ids()
    assert {j.state for j in jg} == {"waiting"}


def test_run_sequential_returns_when_all_jobs_have_ended(cloud, group):
    """The run also waits for the last job."""
    jg = group(cloud, 2, duration_s=0.02)
    jg.run_sequential(0)
    assert [j.state for j in jg] == ["success"] * 2


def test_run_sequential_continues_after_a_failure(cloud, timer):
    """The run sends the next job after a failed one, and keeps the failed job's message."""
    jg = JobGroup("one fails")
    jg.add(timer(cloud))
    jg.add(timer(cloud, fail="no photons today"))
    jg.add(timer(cloud))
    jg.run_sequential(0)
    assert [j.state for j in jg] == ["success", "error", "success"]
    assert jg[1].message == "no photons today"
    assert jg[1].status.stop_message == "no photons today"


@pytest.mark.parametrize("delay", [-1, float("nan"), "soon", None])
def test_invalid_delay_is_refused(delay, group, scripted):
    """The call raises an error before it sends a request."""
    jg = group(scripted, 1)
    with pytest.raises((ValueError, TypeError)):
        jg.run_sequential(delay)
    with pytest.raises((ValueError, TypeError)):
        jg.rerun_failed_sequential(delay)
    assert scripted.asked == []


def test_full_plan_ends_a_parallel_rerun(ended, scripted):
    """After QuotaExceededError, the rejected job keeps its state and id."""
    jg = ended("error", "error", "error")
    scripted.availability = None  # one job at a time, in the group's order
    before = [j.id for j in jg]
    scripted.faults["rerun"] = lambda nth, _: (
        (400, {"error": "Cannot create more than 1 jobs"}) if nth else None
    )
    with pytest.raises(QuotaExceededError):
        jg.rerun_failed_parallel()
    assert [j.id for j in jg] == [scripted.ids()[3], *before[1:]]
    assert [j.state for j in jg] == ["waiting", "error", "error"]
    assert jg[1].message == "it is error" or "more than 1" in jg[1].message
    assert [len(j.attempts) for j in jg] == [2, 1, 1]


def test_rejected_appending_rerun_appends_nothing(ended, scripted):
    """The group has no entry for the rejected rerun."""
    jg = ended("error", "error")
    scripted.faults["rerun"] = lambda *_: (400, {"error": "Cannot create more than 1 jobs"})
    with pytest.raises(QuotaExceededError):
        jg.rerun_failed_parallel(replace_failed_jobs=False)
    assert len(jg) == 2
    assert [len(j.attempts) for j in jg] == [1, 1]


def test_second_run_in_one_process_joins_the_first(group, scripted):
    """Two threads send every job once, and both calls return when all jobs are sent."""
    jg = group(scripted, 4)
    scripted.availability = None  # one job at a time, in the group's order
    gate = scripted.gate("create")
    errors = []

    def run():
        try:
            JobGroup("experiment").run_parallel()
        except BaseException as error:  # noqa: BLE001  # shown by the assertion
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    gate.wait_for_one()
    gate.open()
    for thread in threads:
        thread.join(120)
    assert errors == []
    assert scripted.count("create") == 4
    assert sorted(j.id for j in jg) == sorted(scripted.ids())


def test_run_that_joined_another_can_be_stopped(group, scripted):
    """The waiting run ends at once, because Ctrl-C waits for it. The other run continues."""
    jg = group(scripted, 2)
    gate = scripted.gate("create")
    first = jg.start()
    gate.wait_for_one()
    session = engine().open_session(group_path(jg.name))
    second = Run(RunRequest())
    joined = session.start(execute_run, session, second)
    second.cancel()
    assert joined.result(120).sent == []
    assert not first.done()
    gate.open()
    first.result(120)
    assert sorted(j.id for j in jg) == sorted(scripted.ids())


def test_jobs_added_during_a_run_wait_for_the_next_one(group, scripted, timer):
    """A run sends the jobs that were unsent when it began. `add` always works during a run."""
    jg = group(scripted, 2)
    gate = scripted.gate("create")
    future = jg.start()
    gate.wait_for_one()
    jg.add(timer(scripted, "late"))
    gate.open()
    future.result(120)
    jg.run_parallel()
    assert [j.id for j in jg] == scripted.ids()
    assert scripted.count("create") == 3


# -- a queue ---------------------------------------------------------------------------------------


def test_queue_never_exceeds_its_count(group, scripted, until):
    """With concurrent_job_count=2, the run has at most two jobs on the cloud at once."""
    jg = group(scripted, 5)
    future = jg.start(queue=True, concurrent_job_count=2)
    for ended in range(5):
        sent = min(ended + 2, 5)
        until(lambda sent=sent: len(scripted.ids()) == sent)
        until(lambda sent=sent: [j.was_sent for j in jg].count(True) == sent)
        assert len(scripted.ids()) == sent
        scripted.tell(scripted.ids()[ended], "completed")
    assert len(future.result(120).done) == 5


def test_queue_with_free_slots_does_not_poll_sent_jobs(start, group, monkeypatch):
    """Otherwise, each of ten thousand jobs would require a poll of all earlier jobs."""
    jg = group(start(max_queue=1000), 50, duration_s=600)
    store = engine().open_session(group_path(jg.name)).store
    find, looked_at = store.records, []

    def note(states=None, entry_ids=None):
        looked_at.extend(entry_ids or ())
        return find(states, entry_ids)

    monkeypatch.setattr(store, "records", note)
    jg.run_parallel(queue=True)
    assert looked_at == store.entries.ids()


def test_queue_sends_reruns_on_a_small_plan(start, group):
    """Failed jobs are rerun as slots become free, appended or in place, each once."""
    cloud = start(max_queue=2)
    jg = group(cloud, 3, fail="again")
    jg.run_parallel(queue=True)
    jg.wait(120)
    jg.rerun_failed_parallel(False, queue=True)
    assert len(jg) == 6
    jg.wait(120)
    assert len(jg.list_unsuccessful_jobs()) == 6
    jg.rerun_failed_parallel(queue=True, concurrent_job_count=2)
    jg.wait(120)
    assert [len(j.attempts) for j in jg] == [2] * 6
    assert len(cloud.jobs()) == 12


def test_refused_job_does_not_stop_a_queue(group, scripted):
    """The run sends the other jobs, and the caller gets the rejection."""
    jg = group(scripted, 4)
    scripted.faults["create"] = lambda _, asked: (
        (400, {"error": "Invalid iterator: empty"}) if asked.body["job_name"] == "job 1" else None
    )
    with pytest.raises(JobGroupError, match="Invalid iterator: empty"):
        jg.run_parallel(queue=True)
    assert [j.state for j in jg] == ["waiting", "refused", "waiting", "waiting"]
    assert "Invalid iterator: empty" in jg[1].message
    assert scripted.count("create") == 4


def test_queue_stops_after_failures(start, group):
    """stop_after_failures ends the run with a JobGroupError that counts the unsent jobs."""
    jg = group(start(), 12, fail="misaligned", duration_s=0.01)
    with pytest.raises(JobGroupError, match="stopped after") as caught:
        jg.run_parallel(queue=True, concurrent_job_count=2, stop_after_failures=3)
    unsent = len(jg.list_unsent_jobs())
    assert 7 <= unsent <= 9
    assert f"{unsent} jobs were not sent" in str(caught.value)


def test_sequential_run_stops_after_failures(cloud, timer):
    """With stop_after_failures=2, the third job is not sent after two failures."""
    jg = JobGroup("stops")
    for fail in (None, "a", None, "b", None, None):
        jg.add(timer(cloud, **({"fail": fail} if fail else {})))
    with pytest.raises(JobGroupError, match=r"2 failed jobs.*2 jobs were not sent"):
        jg.run_sequential(0, stop_after_failures=2)
    assert [j.state for j in jg] == [*["success", "error"] * 2, "unsent", "unsent"]


def test_reruns_stop_after_failures(ended, scripted):
    """stop_after_failures counts only new failures of the rerun jobs."""
    jg = ended("error", "error", "error")
    scripted.first_word = "error"
    with pytest.raises(JobGroupError, match="1 failed job,"):
        jg.rerun_failed_sequential(0, stop_after_failures=1)
    assert scripted.count("rerun") == 1


def test_options_of_a_queue_need_a_queue(group, scripted):
    """Without queue=True, concurrent_job_count is rejected, because it would be ignored."""
    jg = group(scripted, 1)
    with pytest.raises(TypeError, match="queue=True"):
        jg.run_parallel(concurrent_job_count=2)
    with pytest.raises(TypeError, match="queue=True"):
        jg.rerun_failed_parallel(stop_after_failures=2)
    with pytest.raises(ValueError, match="at least 1"):
        jg.run_parallel(queue=True, concurrent_job_count=0)
    assert scripted.asked == []


def test_queue_on_an_unreachable_cloud_raises(group, scripted):
    """CloudUnreachableError is raised, as without a queue, and the jobs stay unsent."""
    jg = group(scripted, 2)
    scripted.go_away()
    with pytest.raises(CloudUnreachableError, match=r"127\.0\.0\.1"):
        jg.run_parallel(queue=True)
    assert {j.state for j in jg} == {"unsent"}


def test_queue_with_a_rejected_token_raises(group, scripted):
    """InvalidTokenError is raised, as without a queue, and the jobs stay unsent."""
    jg = group(scripted, 2)
    set_token("wrong", url=scripted.url)
    with pytest.raises(InvalidTokenError, match="set_token"):
        jg.run_parallel(queue=True)
    assert {j.state for j in jg} == {"unsent"}


def test_observer_sees_the_end_of_a_run(group, scripted, until):
    """The end of a run changes no job, but `busy` becomes empty."""
    scripted.first_word = "completed"
    jg = group(scripted)
    heard = []
    jg.state.observe(lambda change: heard.append(change.new), "busy")
    jg.run_sequential(0.5)
    until(lambda: heard[-1:] == [""])
    assert heard == ["run", ""]
    jg.state.unobserve_all()


def test_13_next_job_starts_one_delay_after_the_last_one_ended(cloud, group):
    """Behavior 13: runs do not overlap on a plan with many slots, by the cloud's own clock."""
    jg = group(cloud, 3, duration_s=0.05)
    jg.run_sequential(0.2)
    made = {j.id: j for j in cloud.jobs()}
    jobs = [made[j.id] for j in jg]
    for job, following in pairwise(jobs):
        assert following.created - (job.started + 0.05) >= 0.2


def test_13_sequential_run_sends_one_job_at_a_time(group, scripted, until):
    """Behavior 13: while a job runs, the next one is not sent, whatever the plan allows."""
    jg = group(scripted, 3)
    future = jg.start(delay=0)
    for nth in range(3):
        until(lambda nth=nth: len(scripted.ids()) == nth + 1)
        asked = scripted.count("status")
        until(lambda asked=asked: scripted.count("status") >= asked + 2)
        assert len(scripted.ids()) == nth + 1
        scripted.tell(scripted.ids()[nth], "error" if nth == 1 else "completed")
    future.result(120)
    assert [j.state for j in jg] == ["success", "error", "success"]


def test_6_run_sends_exactly_the_unsent_jobs(group, scripted, timer):
    """Behavior 6: there is one create per job, and a later run sends only jobs that were added
    since then.
    """
    jg = group(scripted, 3)
    scripted.availability = None  # one job at a time, in the group's order
    jg.run_parallel()
    assert [b["job_name"] for b in scripted.bodies()] == ["job 0", "job 1", "job 2"]
    assert [j.id for j in jg] == scripted.ids()
    jg.run_parallel()
    assert scripted.count("create") == 3
    jg.add(timer(scripted, "added since"))
    jg.run_parallel()
    assert [b["job_name"] for b in scripted.bodies()][3:] == ["added since"]
    assert scripted.count("rerun") == 0


def test_6_each_launch_is_durable_before_the_next(group, scripted, from_file):
    """Behavior 6: during the second create, a new process reads the first job's id."""
    jg = group(scripted, 3)
    scripted.availability = None  # one job at a time, in the group's order
    gate = None

    def hold_the_second(before, _asked):
        if before == 1:
            gate.pass_through()

    gate = scripted.gate("nothing")
    scripted.faults["create"] = hold_the_second
    future = jg.start()
    gate.wait_for_one()
    first, second, third = from_file()
    gate.open()
    future.result(120)
    assert (first["state"], first["id"]) == ("waiting", scripted.ids()[0])
    assert (second["state"], second["id"]) == ("sending", None)
    assert (third["state"], third["id"]) == ("unsent", None)
    assert [j["id"] for j in from_file()] == scripted.ids()


@pytest.mark.parametrize("mode", ["parallel", "sequential", "launch"])
def test_7_failed_create_ends_the_run(mode, group, scripted, from_file):
    """Behavior 7: an error is raised. Sent jobs keep their ids, and the others are not sent."""
    jg = group(scripted, 4)
    scripted.availability = None  # one job at a time, in the group's order
    scripted.first_word = "completed"
    scripted.faults["create"] = lambda before, _: (
        (400, {"error": "Max shots must less than or equal to 5"}) if before == 2 else None
    )
    runs = {
        "parallel": jg.run_parallel,
        "sequential": lambda: jg.run_sequential(0),
        "launch": lambda: jg.launch_async_jobs(4),
    }
    with pytest.raises(RequestRejectedError, match="Max shots must less than or equal to 5"):
        runs[mode]()
    found = from_file()
    assert [j["id"] for j in found] == [*scripted.ids(), None, None]
    assert len(scripted.ids()) == 2
    assert [j["state"] for j in found][2:] == ["refused", "unsent"]
    scripted.faults.clear()
    jg.run_parallel()
    assert [j.id for j in jg] == scripted.ids()
