"""Tests of streaming results as jobs end, and of estimating a run."""

from __future__ import annotations

import asyncio
import json
import threading
import traceback
import warnings

import pytest

from jobgroup import InvalidTokenError, JobGroup, RemoteJob, ResultsError, set_token


def _give(scripted, job, value=None):
    value = job.position if value is None else value
    scripted.results[job.id] = {"results": json.dumps({"results": value})}


def _by_place(found):
    return {job.position: result and result["results"] for job, result in found}


def _gather(stream):
    async def gather():
        return [item async for item in stream]

    return asyncio.run(gather())


# -- one by one ------------------------------------------------------------------------------------


@pytest.mark.parametrize("gather", [list, _gather])
def test_stream_yields_each_ended_job_once(gather, ended, scripted):
    """A failed job has None, or its partial results."""
    jg = ended("completed", "error", "canceled", "completed")
    jg.add(RemoteJob({"command": "x"}, platform="p", url=scripted.url))
    for position in (0, 2, 3):
        _give(scripted, jg[position], f"of {position}")
    scripted.results[jg[1].id] = {"results": None}
    found = gather(jg.as_completed())
    values = ["of 0", None, "of 2", "of 3"]
    assert _by_place(found) == dict(enumerate(values))
    assert len(found) == 4
    assert jg[4].state == "unsent"


def test_stream_yields_jobs_as_they_end(group, scripted):
    """Jobs come in the order in which they end, and the loop ends after the last one."""
    jg = group(scripted, 4)
    jg.run_parallel()
    for job in jg:
        _give(scripted, job)
    order = [2, 0, 3, 1]
    scripted.tell(jg[order[0]].id, "completed")
    came = []
    for job, result in jg.as_completed():
        came.append((job.position, result["results"]))
        if len(came) < 4:
            scripted.tell(jg[order[len(came)]].id, "completed")
    assert came == [(position, position) for position in order]


def test_awaitable_stream_does_not_block_the_loop(group, scripted):
    """Other coroutines run between two results."""
    jg = group(scripted, 2)
    jg.run_parallel()
    for job in jg:
        _give(scripted, job)

    async def main():
        came = []

        async def collect():
            async for job, _ in jg.as_completed():
                came.append(job.position)

        task = asyncio.create_task(collect())
        for position in (1, 0):
            scripted.tell(jg[position].id, "completed")
            while position not in came:  # noqa: ASYNC110 # so that the other task can run
                await asyncio.sleep(0.01)
        await task
        return came

    assert asyncio.run(asyncio.wait_for(main(), 60)) == [1, 0]


def test_stream_waits_for_a_background_run(group, scripted):
    """The stream ends only after this process's background run."""
    scripted.first_word = "completed"
    jg = group(scripted, 5)
    future = jg.start(queue=True)
    assert sorted(job.position for job, _ in jg.as_completed()) == [0, 1, 2, 3, 4]
    future.result(120)


def test_stream_yields_a_rerun_during_iteration(group, scripted):
    """If the loop reruns a failed job, the job comes again when its rerun ends."""
    jg = group(scripted, 1)
    jg.run_parallel()
    scripted.tell(jg[0].id, "error")
    scripted.first_word = "completed"
    came = []
    for job, _ in jg.as_completed():
        came.append(job.state)
        if job.state == "error":
            job.rerun()
    assert came == ["error", "success"]


@pytest.mark.parametrize("gather", [list, _gather])
def test_stream_continues_after_a_missing_result(gather, ended, scripted):
    """The result is None. At the end, there is one warning, or an error that gives the reasons."""
    jg = ended("completed", "completed", "completed")
    for job in jg:
        _give(scripted, job)
    bad = jg[1].id
    scripted.faults["result"] = lambda _, asked: (
        (404, {"error": "gone"}) if asked.id == bad else None
    )
    with pytest.warns(UserWarning, match=r"1 of 3 .*job 1.*gone") as notices:
        found = gather(jg.as_completed())
    assert len(notices) == 1
    assert _by_place(found) == {0: 0, 1: None, 2: 2}
    came = []
    with pytest.raises(ResultsError, match="job 1") as caught:
        came.extend(job.position for job, _ in jg.as_completed(errors="raise"))
    assert list(caught.value.failures) == [1]


def test_stream_refuses_an_unknown_errors_option(group, scripted):
    """The call raises an error before it sends a request."""
    with pytest.raises(ValueError, match='"collect" or "raise"'):
        group(scripted, 1).as_completed(errors="ignore")


def test_rejected_token_ends_the_stream(group, scripted):
    """No further result can arrive."""
    jg = group(scripted, 2)
    jg.run_parallel()
    set_token("wrong", url=scripted.url)
    with pytest.raises(InvalidTokenError) as raised:
        list(jg.as_completed())
    assert "downloads.py" not in "".join(traceback.format_exception(raised.value))

    async def read() -> None:
        async for _ in jg.as_completed():
            pass

    with pytest.raises(InvalidTokenError) as raised:
        asyncio.run(read())
    assert "downloads.py" not in "".join(traceback.format_exception(raised.value))


def test_break_ends_the_downloads(ended, scripted):
    """Results that the loop did not take are not fetched."""
    jg = ended(*["completed"] * 60)
    for job in jg:
        _give(scripted, job)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in jg.as_completed():
            break
        jg.refresh()
    assert scripted.count("result") < 60
    assert len(list(jg.as_completed())) == 60


def test_slow_consumer_delays_the_downloads(ended, scripted):
    """Results are fetched when they are consumed, not all into memory."""
    jg = ended(*["completed"] * 60)
    seen = threading.Event()
    scripted.faults["result"] = lambda nth, _: seen.set() if nth >= 15 else None
    stream = iter(jg.as_completed())
    next(stream)
    assert seen.wait(120)
    assert scripted.count("result") <= 25
    assert len([*stream]) == 59


def test_stream_of_an_empty_group_ends_at_once():
    """The stream yields no job."""
    assert list(JobGroup("empty").as_completed()) == []


# -- estimates -------------------------------------------------------------------------------------


def _jobs(scripted, *shots):
    for each in shots:
        body = {"command": "x"} if each is None else {"command": "x", "max_shots": each}
        yield RemoteJob(body, platform="p", url=scripted.url)


def test_estimate_describes_a_run(scripted):
    """The estimate has jobs, shots, free slots, and the time expected from the group's history."""
    scripted.availability = {
        "max_jobs_in_queue": 10,
        "num_jobs_in_queue": 3,
        "max_concurrent_jobs": 2,
    }
    jg = JobGroup("previewed")
    jg.add_many(_jobs(scripted, 1000, 2000, 3000, 4000))
    scripted.first_word = "completed"
    jg.run_parallel()
    for job, duration in zip(jg, (10, 20, 20, 40), strict=True):
        scripted.tell(job.id, "completed", duration=duration)
    jg.refresh()
    jg.add_many(_jobs(scripted, 500, 500, 500))
    seen = jg.estimate()
    assert (seen.jobs, seen.shots, seen.free_slots) == (3, 1500, 7)
    assert seen.duration_s == (20.0, 82.0)
    assert str(seen) == (
        "Run 3 jobs: at most 1,500 shots, 7 free slots, 20 s to 82 s,"
        " credits not reported by the cloud"
    )
    assert asyncio.run(jg.estimate_async()) == seen
    assert str(jg.estimate(rerun=True)) == "Rerun 0 jobs"


def test_estimate_leaves_unknown_values_out(scripted):
    """Values that neither the jobs nor the cloud provide are None and shown as unknown."""
    scripted.availability = None
    jg = JobGroup("unknown")
    jg.add_many(_jobs(scripted, 1000, None))
    seen = jg.estimate()
    assert (seen.jobs, seen.shots, seen.free_slots, seen.duration_s) == (2, None, None, None)
    assert str(seen) == (
        "Run 2 jobs: shots unknown, free slots unknown, duration unknown,"
        " credits not reported by the cloud"
    )
    scripted.go_away()
    assert jg.estimate() == seen
    assert JobGroup("empty").estimate().jobs == 0
    assert scripted.count("create") == 0


def test_estimate_of_a_rerun_covers_failed_jobs(ended, scripted):
    """The estimate of a rerun counts only the failed jobs."""
    jg = ended("error", "completed", "canceled")
    seen = jg.estimate(rerun=True)
    assert (seen.jobs, seen.is_rerun, seen.free_slots) == (2, True, 100)
    assert str(seen).startswith("Rerun 2 jobs: ")


def test_estimate_counts_each_account_once(scripted):
    """Platforms share their account's slots, and sent jobs are not counted again."""
    jg = JobGroup("platforms")
    for platform in ("p", "q", "q"):
        jg.add(RemoteJob({"command": "x", "max_shots": 5}, platform=platform, url=scripted.url))
    jg[2].execute_async()
    seen = jg.estimate()
    assert (seen.jobs, seen.shots, seen.free_slots) == (2, 10, 100)


@pytest.mark.parametrize(
    "read", ["jg.get_results()", "jg[0].get_results()", "next(iter(jg.as_completed()))"]
)
def test_ctrl_c_interrupts_a_script_whose_results_imported_perceval(
    read, ended, scripted, in_interpreter
):
    """Perceval's compiled part replaces the handler of SIGINT during its import."""
    (job,) = ended("completed")
    scripted.results[job.id] = {"results": '{"results": ":PCVL:BSCount:{|1,0>=3;|0,1>=4}"}'}
    assert in_interpreter(READ.format(read=read), scripted) == [True, "interrupted"]


READ = """
import json, os, signal, sys, time
from jobgroup import JobGroup
jg = JobGroup.open("experiment")
{read}
ending = "nothing"
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(20)
except KeyboardInterrupt:
    ending = "interrupted"
print(json.dumps(["perceval" in sys.modules, ending]))
"""
