"""Running in the background, pausing, waiting, bars, and the awaitable twins."""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobgroup import InvalidTokenError, JobGroup, JobGroupWarning, set_token
from jobgroup.engine.poller import FRESH_S
from jobgroup.group import request

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
    outcome = future.result(120)
    assert (outcome.done, outcome.failed) == ([0, 1], {})
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
    assert future.result(120).done == [0, 1]
    assert jg.state.trouble == ""


def test_who_waits_is_told_what_a_run_in_the_background_waits_out(group, scripted, until):
    """A blocking run beside it raises, instead of waiting as long; then the first one goes on."""
    jg = group(scripted, 2)
    good = scripted.token
    set_token("expired", url=scripted.url)
    future = jg.start()
    until(lambda: jg.state.trouble == "token")
    with pytest.raises(InvalidTokenError):
        jg.run_parallel()
    assert not future.done()
    set_token(good, url=scripted.url)
    assert sorted(future.result(120).done) == [0, 1]
    assert len(scripted.ids()) == 2


def test_a_run_without_jobs_is_a_mistake(group, scripted):
    """Nothing is sent; a warning says so, and which group may have been meant."""
    group(scripted, 1, name="calibration")
    with pytest.warns(UserWarning, match="'calibratoin' has no jobs.* Did you mean 'calibration'"):
        JobGroup("calibratoin").run_parallel()
    assert scripted.count("create") == 0


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
    assert len(future.result(120).done) == 3
    assert not jg.state.paused


def test_nothing_is_waited_for_while_the_group_is_paused(group, scripted, until):
    """A paused run sends nothing, so `wait` and `as_completed` end, and `wait` says why."""
    jg = group(scripted, 2)
    scripted.first_word = "completed"
    gate = scripted.gate("create")
    run = jg.start(delay=0)
    gate.wait_for_one()
    jg.pause()
    gate.open()
    until(lambda: jg[0].state == "success")
    with pytest.warns(JobGroupWarning, match=r"paused.*jg\.resume"):
        jg.wait(120)
    with warnings.catch_warnings(action="ignore"):  # this cloud has no results
        assert [job.position for job, _ in jg.as_completed()] == [0]
    assert not run.done()
    jg.resume()
    jg.wait(120)
    assert run.result(120).done == [0, 1]


def test_a_pause_of_another_process_counts(group, scripted, in_child, until):
    """The pause is in the file: a process that never saw this one pauses and resumes it."""
    jg = group(scripted, 2)
    in_child("from jobgroup import JobGroup; JobGroup('experiment').pause(); print(0)", scripted)
    future = jg.start()
    until(lambda: jg.state.busy == "run")
    in_child("from jobgroup import JobGroup; JobGroup('experiment').resume(); print(0)", scripted)
    assert len(future.result(120).done) == 2


def test_unknown_commands_are_refused(group, scripted):
    """The sentence names the commands that there are."""
    with pytest.raises(ValueError, match="rerun"):
        request(group(scripted, 1), "launch").result(120)


# -- waiting ---------------------------------------------------------------------------------------


def test_wait_ends_when_nothing_is_pending(cloud, group):
    """wait() returns when the cloud has ended every job."""
    jg = group(cloud, 5, duration_s=0.05)
    jg.run_parallel()
    jg.wait(120)
    assert jg.progress(refresh=False)["Finished"] == [5, {"successful": 5, "unsuccessful": 0}]


def test_a_refresh_takes_no_answer_from_before_it(group, scripted):
    """The poller's question was answered, slowly, by a cloud that knew less than it does now."""
    jg = group(scripted, 1)
    jg.run_parallel()
    asked, may_answer = threading.Event(), threading.Event()

    def slowly(_, request):
        known = dict(scripted.documents[request.id])
        asked.set()
        may_answer.wait(120)
        return 200, known

    scripted.faults["status"] = slowly
    stop = jg.on_done(lambda _: None)
    assert asked.wait(120)
    time.sleep(2 * FRESH_S)
    scripted.tell(jg[0].id, "completed")
    with ThreadPoolExecutor() as threads:
        refreshed = threads.submit(jg.refresh)
        may_answer.set()
        refreshed.result(120)
    assert jg[0].state == "success"
    stop.cancel()


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
    ended("suspended", "unknown", "completed").wait(120)


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
    "wait_async": ("status", lambda jg: jg.wait_async(120)),
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
        guard = threading.Timer(60, gate.open)  # a loop that stands still cannot open it
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


def test_what_a_run_does_is_logged(group, scripted, caplog):
    """At INFO: its start and end, each job's id, each wait for a busy cloud, each pause."""
    jg = group(scripted, 2)
    scripted.faults["create"] = lambda nth, _: None if nth else (429, {"error": "later"})
    with caplog.at_level("INFO", "jobgroup"):
        jg.pause()
        jg.resume()
        jg.run_parallel()
    modules = ("runner", "job_sender", "submission", "pause", "lease")
    of = {f"jobgroup.engine.{module}" for module in modules}
    logged = [record.getMessage() for record in caplog.records if record.name in of]
    assert logged[:4] == [
        "experiment was paused.",
        "experiment was resumed.",
        "This process now runs experiment.",
        "A parallel run of experiment begins: 2 jobs.",
    ]
    assert logged[4].startswith("running experiment: ")
    assert logged[5:] == [
        f"The cloud took job 0 (job 0) of 'experiment' as {jg[0].id}.",
        f"The cloud took job 1 (job 1) of 'experiment' as {jg[1].id}.",
        "This process no longer runs experiment.",
        "The run of experiment is over: 2 jobs sent, 0 not.",
    ]
