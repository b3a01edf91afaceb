"""Running, rerunning, waiting, pausing, canceling: what is sent, and what happens meanwhile."""

from __future__ import annotations

import asyncio
import json
import signal
import threading

import pytest
from scripted_cloud import DROP

from jobgroup import (
    CloudUnreachableError,
    GroupBusyError,
    JobGroup,
    JobGroupError,
    JobLimitError,
    TokenRefusedError,
    UnconfirmedJobError,
    set_token,
)

# -- parallel and sequential -----------------------------------------------------------------------


def test_parallel_returns_when_all_is_sent(group, scripted):
    """run_parallel sends in the group's order and does not wait for an end."""
    jg = group(scripted, 5)
    jg.run_parallel()
    assert [j.id for j in jg] == scripted.ids()
    assert {j.state for j in jg} == {"waiting"}


def test_sequential_returns_when_all_has_ended(cloud, group):
    """run_sequential waits for the last job too."""
    jg = group(cloud, 2, duration_s=0.02)
    jg.run_sequential(0)
    assert [j.state for j in jg] == ["success"] * 2


def test_sequential_goes_on_after_a_failure(cloud, timer):
    """A failed job does not keep the next one from being sent; its sentence is kept."""
    jg = JobGroup("one fails")
    jg.add(timer(cloud))
    jg.add(timer(cloud, fail="no photons today"))
    jg.add(timer(cloud))
    jg.run_sequential(0)
    assert [j.state for j in jg] == ["success", "error", "success"]
    assert jg[1].message == "no photons today"
    assert jg[1].status.stop_message == "no photons today"


@pytest.mark.parametrize("delay", [-1, float("nan"), "soon", None])
def test_a_delay_that_is_none_is_refused(delay, group, scripted):
    """A wrong delay is refused before anything is sent."""
    jg = group(scripted, 1)
    with pytest.raises((ValueError, TypeError)):
        jg.run_sequential(delay)
    with pytest.raises((ValueError, TypeError)):
        jg.rerun_failed_sequential(delay)
    assert scripted.asked == []


def test_the_plans_limit_ends_a_parallel_run(start, group, from_file):
    """JobLimitError; what was sent stays sent, the rest stays unsent, in the file too."""
    cloud = start(max_queue=2)
    jg = group(cloud, 4, duration_s=60)
    with pytest.raises(JobLimitError, match="Cannot create more than 2 jobs") as caught:
        jg.run_parallel()
    assert caught.value.status_code == 400
    assert "stays sent" in str(caught.value)
    assert [j["id"] for j in from_file()] == [j.id for j in cloud.jobs()] + [None, None]
    assert [j["state"] for j in from_file()][2:] == ["unsent"] * 2


def test_the_plans_limit_ends_a_parallel_rerun(ended, scripted):
    """JobLimitError from a rerun: the job that was refused is as it was, failed, with its id."""
    jg = ended("error", "error", "error")
    before = [j.id for j in jg]
    scripted.faults["rerun"] = lambda nth, _: (
        (400, {"error": "Cannot create more than 1 jobs"}) if nth else None
    )
    with pytest.raises(JobLimitError):
        jg.rerun_failed_parallel()
    assert [j.id for j in jg] == [scripted.ids()[3], *before[1:]]
    assert [j.state for j in jg] == ["waiting", "error", "error"]
    assert jg[1].message == "it is error" or "more than 1" in jg[1].message
    assert [len(j.attempts) for j in jg] == [2, 1, 1]


def test_an_appending_rerun_that_is_refused_appends_nothing(ended, scripted):
    """A refused rerun leaves no entry behind."""
    jg = ended("error", "error")
    scripted.faults["rerun"] = lambda *_: (400, {"error": "Cannot create more than 1 jobs"})
    with pytest.raises(JobLimitError):
        jg.rerun_failed_parallel(replace_failed_jobs=False)
    assert len(jg) == 2
    assert [len(j.attempts) for j in jg] == [1, 1]


def test_a_second_run_in_one_process_joins_the_first(group, scripted):
    """Two threads that run one group send every job once, and both return when all is sent."""
    jg = group(scripted, 4)
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
        thread.join(30)
    assert errors == []
    assert scripted.count("create") == 4
    assert [j.id for j in jg] == scripted.ids()


def test_jobs_added_during_a_run_are_for_the_next_one(group, scripted, timer):
    """A run is of the jobs that were unsent when it began; adding meanwhile is never refused."""
    jg = group(scripted, 2)
    gate = scripted.gate("create")
    future = jg.start()
    gate.wait_for_one()
    jg.add(timer(scripted, "late"))
    gate.open()
    future.result(30)
    jg.run_parallel()
    assert [j.id for j in jg] == scripted.ids()
    assert scripted.count("create") == 3


# -- a queue ---------------------------------------------------------------------------------------


def test_a_queue_sends_all_over_a_small_plan(start, group):
    """queue=True: more jobs than the plan takes, no error, everything is sent once."""
    cloud = start(max_queue=2, max_concurrent=2)
    jg = group(cloud, 7, duration_s=0.02)
    jg.run_parallel(queue=True)
    assert [j.id for j in jg] == [j.id for j in cloud.jobs()]
    jg.wait(30)
    assert len(jg.list_successful_jobs()) == 7


def test_a_queue_never_exceeds_the_count(group, scripted, until):
    """concurrent_job_count=2: never more than two of the run's jobs at once on the cloud."""
    jg = group(scripted, 5)
    future = jg.start(queue=True, concurrent_job_count=2)
    for ended in range(5):
        sent = min(ended + 2, 5)
        until(lambda sent=sent: len(scripted.ids()) == sent)
        until(lambda sent=sent: [j.was_sent for j in jg].count(True) == sent)
        assert len(scripted.ids()) == sent
        scripted.tell(scripted.ids()[ended], "completed")
    assert len(future.result(30)["done"]) == 5


def test_a_queue_of_reruns(start, group):
    """Failed jobs are rerun over a small plan, appended where that is asked for."""
    cloud = start(max_queue=2)
    jg = group(cloud, 3, fail="again")
    jg.run_parallel(queue=True)
    jg.wait(30)
    jg.rerun_failed_parallel(False, queue=True)
    assert len(jg) == 6
    jg.wait(30)
    assert len(jg.list_unsuccessful_jobs()) == 6


def test_one_refused_job_does_not_stop_a_queue(group, scripted):
    """One job never harms another: the others are sent, and the refusal reaches the caller."""
    jg = group(scripted, 4)
    scripted.faults["create"] = lambda _, asked: (
        (400, {"error": "Invalid iterator: empty"}) if asked.body["job_name"] == "job 1" else None
    )
    with pytest.raises(JobGroupError, match="Invalid iterator: empty"):
        jg.run_parallel(queue=True)
    assert [j.state for j in jg] == ["waiting", "unsent", "waiting", "waiting"]
    assert scripted.count("create") == 4


def test_a_queue_stops_after_failures(start, group):
    """stop_after_failures ends the run with a JobGroupError that says how many were not sent."""
    cloud = start(max_queue=2)
    jg = group(cloud, 12, fail="misaligned", duration_s=0.01)
    with pytest.raises(JobGroupError, match="stopped after") as caught:
        jg.run_parallel(queue=True, stop_after_failures=3)
    unsent = len(jg.list_unsent_jobs())
    assert 0 < unsent <= 9
    assert f"{unsent} jobs were not sent" in str(caught.value)


def test_a_sequential_run_stops_after_failures(cloud, timer):
    """stop_after_failures=2: the third job after two failures is not sent."""
    jg = JobGroup("stops")
    for fail in (None, "a", None, "b", None, None):
        jg.add(timer(cloud, **({"fail": fail} if fail else {})))
    with pytest.raises(JobGroupError, match=r"2 failed jobs.*2 jobs were not sent"):
        jg.run_sequential(0, stop_after_failures=2)
    assert [j.state for j in jg] == [*["success", "error"] * 2, "unsent", "unsent"]


def test_reruns_stop_after_failures(ended, scripted):
    """stop_after_failures is for reruns as well, whose jobs failed before: only new ones count."""
    jg = ended("error", "error", "error")
    scripted.first_word = "error"
    with pytest.raises(JobGroupError, match="1 failed jobs"):
        jg.rerun_failed_sequential(0, stop_after_failures=1)
    assert scripted.count("rerun") == 1


def test_options_of_a_queue_need_a_queue(group, scripted):
    """concurrent_job_count without queue=True would be ignored, so it is refused."""
    jg = group(scripted, 1)
    with pytest.raises(TypeError, match="queue=True"):
        jg.run_parallel(concurrent_job_count=2)
    with pytest.raises(TypeError, match="queue=True"):
        jg.rerun_failed_parallel(stop_after_failures=2)
    with pytest.raises(ValueError, match="at least 1"):
        jg.run_parallel(queue=True, concurrent_job_count=0)
    assert scripted.asked == []


def test_a_queue_on_an_unreachable_cloud_raises_our_error(group, scripted):
    """Nobody there: CloudUnreachableError, as without a queue, and the jobs stay unsent."""
    jg = group(scripted, 2)
    scripted.go_away()
    with pytest.raises(CloudUnreachableError, match=r"127\.0\.0\.1"):
        jg.run_parallel(queue=True)
    assert {j.state for j in jg} == {"unsent"}


def test_a_queue_with_a_refused_token_raises_our_error(group, scripted):
    """A refused token: TokenRefusedError, as without a queue, and the jobs stay unsent."""
    jg = group(scripted, 2)
    set_token("wrong", url=scripted.url)
    with pytest.raises(TokenRefusedError, match="set_token"):
        jg.run_parallel(queue=True)
    assert {j.state for j in jg} == {"unsent"}


# -- in the background -----------------------------------------------------------------------------


def test_start_returns_at_once(group, scripted):
    """start() gives a future while the first create is still under way."""
    jg = group(scripted, 2)
    gate = scripted.gate("create")
    future = jg.start()
    gate.wait_for_one()
    assert not future.done()
    assert jg.state.busy == "run"
    gate.open()
    outcome = future.result(30)
    assert (outcome["done"], outcome["failed"]) == ([0, 1], {})
    assert jg.state.busy == ""


def test_start_waits_out_a_refused_token(group, scripted, until):
    """A token that is refused in the background is told by the state; a new one makes it go on."""
    jg = group(scripted, 2)
    good = scripted.token
    set_token("expired", url=scripted.url)
    future = jg.start()
    until(lambda: jg.state.trouble == "token")
    assert "token" in jg.state.last_error
    assert not future.done()
    set_token(good, url=scripted.url)
    assert future.result(30)["done"] == [0, 1]
    assert jg.state.trouble == ""


def test_pause_holds_back_the_rest(group, scripted):
    """Nothing is sent after pause() until resume(); what is on the cloud goes on."""
    jg = group(scripted, 3)
    gate = scripted.gate("create")
    future = jg.start()
    gate.wait_for_one()
    jg.pause()
    gate.open()
    assert jg.state.paused
    with pytest.raises(TimeoutError):
        future.result(1.0)
    assert scripted.count("create") == 1
    jg.resume()
    assert len(future.result(30)["done"]) == 3
    assert not jg.state.paused


def test_a_pause_of_another_process_counts(group, scripted, in_child, until):
    """The pause is in the file: a process that never saw this one pauses and resumes it."""
    jg = group(scripted, 2)
    in_child("from jobgroup import JobGroup; JobGroup('experiment').pause(); print(0)", scripted)
    future = jg.start()
    until(lambda: jg.state.busy == "run")
    in_child("from jobgroup import JobGroup; JobGroup('experiment').resume(); print(0)", scripted)
    assert len(future.result(30)["done"]) == 2


def test_unknown_commands_are_refused(group, scripted):
    """ask() names the commands that there are."""
    with pytest.raises(ValueError, match="rerun"):
        group(scripted, 1).ask("launch").result(30)


# -- waiting ---------------------------------------------------------------------------------------


def test_wait_ends_when_nothing_is_pending(cloud, group):
    """wait() returns when the cloud has ended every job."""
    jg = group(cloud, 5, duration_s=0.05)
    jg.run_parallel()
    jg.wait(30)
    assert jg.progress(refresh=False)["Finished"] == [5, {"successful": 5, "unsuccessful": 0}]


def test_wait_gives_up_in_time(group, scripted):
    """TimeoutError says how many are left, and nothing is stopped."""
    jg = group(scripted, 2)
    jg.run_parallel()
    with pytest.raises(TimeoutError, match="2 jobs"):
        jg.wait(0.05)
    assert [j.state for j in jg] == ["waiting"] * 2
    assert scripted.count("cancel") == 0


def test_wait_does_not_wait_for_what_may_never_end(ended):
    """Suspended and unknown jobs count as finished in progress(); nobody waits for them."""
    ended("suspended", "unknown", "completed").wait(20)


def test_track_progress_draws_three_bars(cloud, group, capfd):
    """track_progress() ends with the bars at the counts of the group."""
    jg = group(cloud, 3, duration_s=0.05)
    jg.run_parallel()
    capfd.readouterr()
    jg.track_progress()
    last = capfd.readouterr().err.replace("\r", "\n")
    assert "Successful Jobs: 100%" in last
    assert "3/3" in last
    assert "Running/Waiting Jobs" in last
    assert "Inactive/Unsuccessful Jobs" in last


def test_a_run_draws_a_bar(cloud, group, capfd):
    """run_sequential() tells successes and failures in Perceval's words."""
    jg = group(cloud, 2, fail="no")
    jg.run_sequential(0)
    assert "Successful: 0, Failed: 2" in capfd.readouterr().err


# -- awaited ---------------------------------------------------------------------------------------


async def _beats_during(awaitable, gate):
    """Await something while a gate is shut; the beats that the loop made before it was opened."""
    beats = 0
    task = asyncio.ensure_future(awaitable)
    while not gate.arrived.acquire(blocking=False):
        assert not task.done(), task.exception()
        await asyncio.sleep(0.005)
    for _ in range(20):
        await asyncio.sleep(0.005)
        beats += 1
    assert not task.done()
    gate.open()
    await asyncio.wait_for(task, 30)
    return beats


_AWAITED = {
    "run_parallel_async": ("create", lambda jg: jg.run_parallel_async()),
    "run_sequential_async": ("create", lambda jg: jg.run_sequential_async(0)),
    "run_parallel_async, queue": ("create", lambda jg: jg.run_parallel_async(queue=True)),
    "refresh_async": ("status", lambda jg: jg.refresh_async()),
    "progress_async": ("status", lambda jg: jg.progress_async()),
    "rerun_failed_parallel_async": ("status", lambda jg: jg.rerun_failed_parallel_async()),
    "rerun_failed_sequential_async": ("status", lambda jg: jg.rerun_failed_sequential_async(0)),
    "wait_async": ("status", lambda jg: jg.wait_async(30)),
    "track_progress_async": ("status", lambda jg: jg.track_progress_async()),
    "get_results_async": ("result", lambda jg: jg.get_results_async()),
    "cancel_all_async": ("cancel", lambda jg: jg.cancel_all_async()),
}


@pytest.mark.parametrize("name", _AWAITED)
def test_the_loop_lives_while_a_twin_is_awaited(name, group, timer, scripted):
    """Each awaitable twin leaves the caller's event loop free while a request is held up."""
    kind, call = _AWAITED[name]
    jg = group(scripted, 2)
    jg.run_parallel()
    if name == "cancel_all_async":
        scripted.first_word = "canceled"
    else:
        scripted.tell(jg[0].id, "error")
        scripted.tell(jg[1].id, "completed")
        scripted.first_word = "completed"
    if kind == "create":
        jg.add(timer(scripted))
    gate = scripted.gate(kind)

    async def main():
        guard = threading.Timer(10, gate.open)  # a loop that stands still cannot open it
        guard.start()
        try:
            return await _beats_during(call(jg), gate)
        finally:
            guard.cancel()

    assert asyncio.run(main()) == 20


def test_every_blocking_call_has_a_twin():
    """What blocks can be awaited, under the same name and `_async`."""
    blocking = (
        *("run_sequential", "run_parallel", "rerun_failed_sequential", "rerun_failed_parallel"),
        *("wait", "track_progress", "progress", "refresh", "get_results", "cancel_all"),
    )
    for name in blocking:
        assert asyncio.iscoroutinefunction(getattr(JobGroup, f"{name}_async")), name


def test_canceling_an_awaited_run_stops_it(group, scripted, until):
    """Canceling the awaiting task sends nothing more; what was in flight is recorded."""
    jg = group(scripted, 4)
    gate = scripted.gate("create")

    async def main():
        task = asyncio.ensure_future(jg.run_parallel_async())
        await asyncio.to_thread(gate.wait_for_one)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gate.open()

    asyncio.run(main())
    until(lambda: jg[0].state == "waiting")
    until(lambda: jg.state.busy == "")
    assert [j.id for j in jg] == [*scripted.ids(), None, None, None]
    assert scripted.count("create") == 1


# -- interrupted, killed, lost ---------------------------------------------------------------------

_RUN = "from jobgroup import JobGroup; JobGroup('experiment').run_{}"


def test_ctrl_c_records_what_is_in_flight(group, scripted, spawn, from_file):
    """SIGINT in a blocking run: the request under way gets its id, the rest stays unsent."""
    jg = group(scripted, 3)
    gate = scripted.gate("create")
    child = spawn(_RUN.format("parallel()"), scripted)
    gate.wait_for_one()
    child.send_signal(signal.SIGINT)
    gate.open()
    _, err = child.communicate(timeout=30)
    assert "KeyboardInterrupt" in err
    assert [j["state"] for j in from_file()] == ["waiting", "unsent", "unsent"]
    assert [j["id"] for j in from_file()] == [*scripted.ids(), None, None]
    jg.run_parallel()  # the lease was given back
    assert scripted.count("create") == 3


def test_a_killed_run_leaves_one_unconfirmed_job(group, scripted, spawn, from_file):
    """SIGKILL between request and answer: that job alone is unconfirmed, and never sent again."""
    jg = group(scripted, 3)
    gate = scripted.gate("create")
    child = spawn(_RUN.format("parallel()"), scripted)
    gate.wait_for_one()
    child.kill()
    child.communicate()
    gate.open()
    assert [j["state"] for j in from_file()] == ["unconfirmed", "unsent", "unsent"]
    jg.run_parallel()
    assert [b["job_name"] for b in scripted.bodies()] == ["job 0", "job 1", "job 2"]
    assert [j.position for j in jg.list_unconfirmed_jobs()] == [0]
    assert jg.progress()["Unfinished"] == [3, {"sent": 3, "not sent": 0}]
    jg[0].confirm(scripted.ids()[0])
    assert [j.id for j in jg] == scripted.ids()


def _lose_first(before, _asked):
    return DROP if before == 0 else None


@pytest.fixture
def lost(group, scripted):
    """A group of three whose first create was answered by silence."""
    jg = group(scripted, 3)
    scripted.faults["create"] = _lose_first
    with pytest.raises(UnconfirmedJobError, match=r"Job 0 .*may or may not") as caught:
        jg.run_parallel()
    assert "confirm" in str(caught.value)
    assert "resend" in str(caught.value)
    return jg


def test_a_lost_answer_is_never_paid_for_twice(lost, scripted):
    """The run ends, the job is unconfirmed; later runs send the rest and leave it alone."""
    assert [j.state for j in lost] == ["unconfirmed", "unsent", "unsent"]
    lost.run_parallel()
    assert [b["job_name"] for b in scripted.bodies()] == ["job 0", "job 1", "job 2"]
    lost.run_parallel()
    lost.rerun_failed_parallel()
    assert scripted.count("create", "rerun") == 3


def test_confirming_an_unconfirmed_job(lost, scripted):
    """The user found it on the cloud: it is watched under that id from then on."""
    known = scripted.make("completed")
    lost[0].confirm(known)
    assert (lost[0].id, lost[0].status()) == (known, "SUCCESS")
    with pytest.raises(JobGroupError, match="not unconfirmed"):
        lost[0].confirm("another")
    lost.run_parallel()
    assert len(scripted.ids()) == 3


def test_an_id_that_the_group_has_confirms_nothing(lost, scripted):
    """Two jobs of a group are never one job of the cloud."""
    lost.run_parallel()
    with pytest.raises(JobGroupError, match="job 1"):
        lost[0].confirm(lost[1].id)
    with pytest.raises(JobGroupError, match="Give one"):
        lost[0].confirm("  ")
    assert lost[0].state == "unconfirmed"


def test_resending_an_unconfirmed_job(lost, scripted):
    """The user decided: one more create, and both attempts are in the history."""
    lost[0].resend()
    assert (lost[0].id, lost[0].state) == (scripted.ids()[0], "waiting")
    assert [a.state for a in lost[0].attempts][1:] == ["waiting"]
    assert len(lost[0].attempts) == 2
    with pytest.raises(RuntimeError, match="not unconfirmed"):
        lost[0].resend()


def test_a_resend_that_is_refused_leaves_the_job_unsent(lost, scripted):
    """What certainly was not sent can be sent by the next run."""
    scripted.faults["create"] = lambda *_: (400, {"error": "Cannot create more than 1 jobs"})
    with pytest.raises(JobLimitError):
        lost[0].resend()
    assert lost[0].state == "unsent"
    assert [j.position for j in lost.list_unsent_jobs()] == [0, 1, 2]
    scripted.faults.clear()
    lost.run_parallel()
    assert [j.id for j in lost] == scripted.ids()


def test_a_lost_rerun_is_unconfirmed(ended, scripted):
    """Reruns cost money too: their lost answers are not asked for again by themselves."""
    jg = ended("error", "error")
    scripted.faults["rerun"] = _lose_first
    with pytest.raises(UnconfirmedJobError):
        jg.rerun_failed_parallel()
    assert [j.state for j in jg] == ["unconfirmed", "error"]
    jg.rerun_failed_parallel()
    assert scripted.count("rerun") == 2
    assert [j.state for j in jg] == ["unconfirmed", "waiting"]


def test_a_lost_appending_rerun_gets_its_entry(ended, scripted):
    """The new entry is the unconfirmed one; the failed job stays as it is, and can be looked at."""
    jg = ended("error")
    scripted.faults["rerun"] = _lose_first
    with pytest.raises(UnconfirmedJobError, match="Job 1"):
        jg.rerun_failed_parallel(replace_failed_jobs=False)
    assert [j.state for j in jg] == ["error", "unconfirmed"]


def test_a_sequential_run_stops_at_an_unconfirmed_job(group, scripted):
    """What follows an unconfirmed job is not sent."""
    jg = group(scripted, 3)
    scripted.first_word = "completed"
    scripted.faults["create"] = lambda nth, _: DROP if nth == 1 else None
    with pytest.raises(UnconfirmedJobError):
        jg.run_sequential(0)
    assert [j.state for j in jg] == ["success", "unconfirmed", "unsent"]


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_server_in_trouble(status, group, scripted):
    """5xx may have created the job, 429 certainly has not: the one is never repeated by itself."""
    jg = group(scripted, 1)
    scripted.faults["create"] = lambda nth, _: (status, {"error": "busy"}) if nth == 0 else None
    if status == 429:
        jg.run_parallel()
        assert jg[0].id == scripted.ids()[0]
    else:
        with pytest.raises(UnconfirmedJobError):
            jg.run_parallel()
        assert scripted.count("create") == 1
        assert jg[0].state == "unconfirmed"


# -- two processes ---------------------------------------------------------------------------------


@pytest.fixture
def holder(group, scripted, spawn, until):
    """A process that runs the group of two sequentially; its first job does not end."""
    jg = group(scripted, 2)
    child = spawn(_RUN.format("sequential(0)"), scripted)
    until(lambda: jg[0].was_sent)
    return jg, child


def test_one_launcher_per_group(holder, scripted):
    """A blocking run in a second process is refused, and the error names the first."""
    jg, child = holder
    for call in (jg.run_parallel, lambda: jg.run_sequential(0)):
        with pytest.raises(GroupBusyError, match=str(child.pid)) as caught:
            call()
        assert caught.value.pid == child.pid
        assert caught.value.since.tzinfo is not None
    assert scripted.count("create") == 1


def test_looking_and_canceling_beside_a_run(holder, scripted):
    """Reads and cancel need no lease; the first process learns of it and goes on."""
    jg, child = holder
    assert jg.progress()["Unfinished"] == [2, {"sent": 1, "not sent": 1}]
    scripted.first_word = "completed"  # of the next job: it may be sent at once
    jg[0].cancel()
    _, err = child.communicate(timeout=30)
    assert child.returncode == 0, err
    assert [j.state for j in jg] == ["canceled", "success"]


def test_what_another_process_asks_is_done_by_the_holder(holder, scripted, timer):
    """A rerun asked for beside a running script is done by that script's process, once."""
    jg, child = holder
    jg.add(timer(scripted, "urgent"))
    outcome = jg.ask("run", positions=[2]).result(30)
    assert outcome["done"] == [2]
    assert jg[2].id == scripted.ids()[1]
    assert child.poll() is None
    scripted.first_word = "completed"
    for job_id in scripted.ids():
        scripted.tell(job_id, "completed")
    child.communicate(timeout=30)
    assert scripted.count("create") == 3


def test_a_dead_holder_is_found_out_at_once(holder, scripted):
    """A killed process' lease does not keep the next one waiting."""
    jg, child = holder
    child.kill()
    child.communicate()
    scripted.first_word = "completed"
    jg.run_parallel()
    assert scripted.count("create") == 2


def test_two_processes_adding_lose_nothing(scripted, spawn, from_file):
    """Sixty jobs from two processes at once are sixty jobs, each process' in its order."""
    source = (
        "import sys; from jobgroup import JobGroup, RemoteJob\n"
        "jg = JobGroup('experiment')\n"
        "sys.stdin.readline()\n"
        "for i in range(30):\n"
        "    jg.add(RemoteJob({'command': 'x'}, platform='p', name=f'{sys.argv[1]} {i}'))\n"
    )
    children = [spawn(source, scripted, name) for name in "ab"]
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        _, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
    names = [j["name"] for j in from_file()]
    assert len(names) == 60
    for name in "ab":
        assert [n for n in names if n[0] == name] == [f"{name} {i}" for i in range(30)]


def test_two_processes_launching_send_every_job_once(group, scripted, spawn):
    """Two sessions that run one group at the same time never send a job twice."""
    jg = group(scripted, 12)
    source = (
        "import sys; from jobgroup import GroupBusyError, JobGroup\n"
        "jg = JobGroup('experiment')\n"
        "sys.stdin.readline()\n"
        "try: jg.run_parallel()\n"
        "except GroupBusyError: print('busy')\n"
    )
    children = [spawn(source, scripted) for _ in range(2)]
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        _, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
    names = sorted(b["job_name"] for b in scripted.bodies())
    assert names == sorted(j.name for j in jg)
    assert sorted(j.id for j in jg) == sorted(scripted.ids())


def test_a_change_of_another_process_reaches_a_subscriber(group, scripted, in_child):
    """subscribe() calls back for what a process that this one does not know wrote."""
    jg = group(scripted, 1)
    version = jg.changes_since(0).version
    noticed = threading.Event()

    def look():
        if len(jg) == 2:
            noticed.set()

    end = jg.subscribe(look)
    in_child(
        "from jobgroup import JobGroup, RemoteJob\n"
        "JobGroup('experiment').add(RemoteJob({'command': 'x'}, platform='p')); print(0)"
    )
    assert noticed.wait(20)
    end()
    assert jg.changes_since(version).positions == [1]
    assert jg.changes_since(jg.changes_since(0).version).records == []


def test_the_state_can_be_observed(cloud, group, until):
    """`state` follows the file for who observes it, without a widget."""
    jg = group(cloud, 2, duration_s=0.05)
    seen = []
    jg.state.observe(lambda change: seen.append(change["new"]), "counts")
    jg.run_parallel()
    until(lambda: seen and seen[-1] == {"success": 2})
    assert jg.state.progress == 1.0
    jg.state.unobserve_all()
    assert json.dumps(jg.state.counts)
