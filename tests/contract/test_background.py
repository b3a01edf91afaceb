"""Tests of background runs, pauses, waiting, progress bars and awaitable versions."""

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
    """start() returns a future while the first create is still in flight."""
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


def test_background_run_waits_out_a_rejected_token(group, scripted, until):
    """The state reports the rejected token; a new token lets the run continue."""
    jg = group(scripted, 2)
    good = scripted.token
    set_token("expired", url=scripted.url)
    future = jg.start()
    until(lambda: jg.state.incident == "token")
    assert "token" in jg.state.last_error
    assert not future.done()
    set_token(good, url=scripted.url)
    assert future.result(120).done == [0, 1]
    assert jg.state.incident == ""


def test_blocking_run_raises_while_a_background_run_waits(group, scripted, until):
    """The blocking run raises an error instead of waiting for so long. The background run continues
    later.
    """
    jg = group(scripted, 2)
    good = scripted.token
    set_token("expired", url=scripted.url)
    future = jg.start()
    until(lambda: jg.state.incident == "token")
    with pytest.raises(InvalidTokenError):
        jg.run_parallel()
    assert not future.done()
    set_token(good, url=scripted.url)
    assert sorted(future.result(120).done) == [0, 1]
    assert len(scripted.ids()) == 2


def test_run_without_jobs_warns(group, scripted):
    """The run sends nothing. The warning names a similar group."""
    group(scripted, 1, name="calibration")
    with pytest.warns(UserWarning, match="'calibratoin' has no jobs.* Did you mean 'calibration'"):
        JobGroup("calibratoin").run_parallel()
    assert scripted.count("create") == 0


def test_pause_keeps_unsent_jobs_until_resume(group, scripted):
    """No job is sent between pause() and resume(). Jobs on the cloud continue."""
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


def test_wait_ends_while_the_group_is_paused(group, scripted, until):
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


def test_pause_applies_to_every_process(group, scripted, in_child, until):
    """The file stores the pause, so another process can pause and resume the group."""
    jg = group(scripted, 2)
    in_child("from jobgroup import JobGroup; JobGroup('experiment').pause(); print(0)", scripted)
    future = jg.start()
    until(lambda: jg.state.busy == "run")
    in_child("from jobgroup import JobGroup; JobGroup('experiment').resume(); print(0)", scripted)
    assert len(future.result(120).done) == 2


def test_unknown_commands_are_refused(group, scripted):
    """The error lists the valid commands."""
    with pytest.raises(ValueError, match="rerun"):
        request(group(scripted, 1), "launch").result(120)


# -- waiting ---------------------------------------------------------------------------------------


def test_wait_ends_when_nothing_is_pending(cloud, group):
    """wait() returns once every job on the cloud has ended."""
    jg = group(cloud, 5, duration_s=0.05)
    jg.run_parallel()
    jg.wait(120)
    assert jg.progress(refresh=False)["Finished"] == [5, {"successful": 5, "unsuccessful": 0}]


def test_refresh_ignores_responses_to_earlier_polls(group, scripted):
    """A poll from before the refresh gets a slow response with an outdated status."""
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


def test_wait_raises_after_its_timeout(group, scripted):
    """TimeoutError says how many jobs are left, and does not stop them."""
    jg = group(scripted, 2)
    jg.run_parallel()
    with pytest.raises(TimeoutError, match="2 jobs"):
        jg.wait(0.05)
    assert [j.state for j in jg] == ["waiting"] * 2
    assert scripted.count("cancel") == 0


def test_wait_ignores_jobs_that_may_never_end(ended):
    """progress() counts suspended and unknown jobs as finished, so wait() does too."""
    ended("suspended", "unknown", "completed").wait(120)


def test_track_progress_draws_three_bars(cloud, group, capfd):
    """The final bars show the group's counts."""
    jg = group(cloud, 3, duration_s=0.05)
    jg.run_parallel()
    capfd.readouterr()
    jg.track_progress()
    last = capfd.readouterr().err.replace("\r", "\n")
    assert "Successful Jobs: 100%" in last
    assert "3/3" in last
    assert "Running/Waiting Jobs" in last
    assert "Inactive/Unsuccessful Jobs" in last


def test_run_draws_a_bar(cloud, group, capfd):
    """run_sequential() counts successes and failures in Perceval's terms."""
    jg = group(cloud, 2, fail="no")
    jg.run_sequential(0)
    assert "Successful: 0, Failed: 2" in capfd.readouterr().err


# -- awaited ---------------------------------------------------------------------------------------


async def _beats_during(awaitable, gate):
    """Await a call while a gate is closed; return the loop's beats until the gate opens."""
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
    await asyncio.wait_for(task, 120)
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
    "keep_results_async": ("result", lambda jg: jg.keep_results_async()),
    "cancel_all_async": ("cancel", lambda jg: jg.cancel_all_async()),
}


@pytest.mark.parametrize("name", _AWAITED)
def test_awaitable_calls_do_not_block_the_loop(name, group, timer, scripted):
    """The caller's event loop stays free while a request is held up."""
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
        guard = threading.Timer(60, gate.open)  # a blocked loop cannot open it
        guard.start()
        try:
            return await _beats_during(call(jg), gate)
        finally:
            guard.cancel()

    assert asyncio.run(main()) == 20


def test_every_blocking_call_has_an_awaitable_version():
    """The awaitable version has the same name with the suffix `_async`."""
    blocking = (
        *("run_sequential", "run_parallel", "rerun_failed_sequential", "rerun_failed_parallel"),
        *("wait", "track_progress", "progress", "refresh", "get_results", "cancel_all"),
    )
    for name in blocking:
        assert asyncio.iscoroutinefunction(getattr(JobGroup, f"{name}_async")), name


def test_canceling_the_task_stops_an_awaited_run(group, scripted, until):
    """The run sends nothing more and records its request in flight."""
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


def test_run_logs_its_steps(group, scripted, caplog):
    """At INFO, the log has the start and the end, each job's id, each wait for a busy cloud, and
    each pause.
    """
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
