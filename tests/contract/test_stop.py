"""Tests of stopping a run from any process, and of the sender's identity."""

from __future__ import annotations

import os
import threading

import pytest

from jobgroup import JobGroup, RunStoppedError

_RUN = "from jobgroup import JobGroup; JobGroup('experiment').run_{}"


@pytest.fixture
def in_thread():
    """Run a call in a thread; return the list that will contain its exception, and the thread."""

    def begin(call):
        errors = []

        def run():
            try:
                call()
            except BaseException as error:  # noqa: BLE001  # shown by the assertions
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread, errors

    return begin


def test_stop_ends_the_run_of_another_process(group, scripted, spawn, until):
    """The other process's call raises an error. Its unsent jobs stay unsent until the next run."""
    jg = group(scripted, 3)
    child = spawn(_RUN.format("sequential(0)"), scripted)
    until(lambda: jg[0].was_sent)
    jg.stop()
    _, err = child.communicate(timeout=120)
    assert child.returncode == 1
    assert "RunStoppedError" in err
    assert f"process {os.getpid()} on " in err
    assert "2 jobs were not sent" in err
    assert [job.state for job in jg] == ["waiting", "unsent", "unsent"]
    jg.run_parallel()
    assert scripted.count("create") == 3


def test_stop_ends_every_run_of_this_process(group, scripted, until, in_thread):
    """A blocking call and a background run end. Both errors name the process that stopped them."""
    jg = group(scripted, 4)
    thread, errors = in_thread(lambda: jg.run_sequential(0))
    until(lambda: jg[0].was_sent)
    background = jg.start([3], delay=0)
    until(lambda: jg[3].was_sent)
    jg.stop()
    thread.join(120)
    assert [type(error) for error in errors] == [RunStoppedError]
    with pytest.raises(RunStoppedError, match="was stopped by process"):
        background.result(120)
    assert [job.state for job in jg] == ["waiting", "unsent", "unsent", "waiting"]


def test_stop_records_requests_in_flight(group, scripted, in_thread):
    """The request completes, and its job has its id."""
    jg = group(scripted, 2)
    gate = scripted.gate("create")
    thread, errors = in_thread(jg.run_parallel)
    gate.wait_for_one()
    stopping, _ = in_thread(jg.stop)
    gate.open()
    stopping.join(120)
    thread.join(120)
    assert [type(error) for error in errors] in ([RunStoppedError], [])
    assert [job.id for job in jg if job.was_sent] == scripted.ids()


def test_stop_with_cancel_cancels_active_jobs(group, scripted, spawn, until):
    """The cloud is asked to cancel the jobs that run there."""
    jg = group(scripted, 3)
    child = spawn(_RUN.format("sequential(0)"), scripted)
    until(lambda: jg[0].was_sent)
    jg.stop(cancel=True)
    child.communicate(timeout=120)
    assert [job.state for job in jg.snapshot()][1:] == ["unsent", "unsent"]
    assert scripted.count("cancel") == 1


def test_stop_ends_a_paused_run(group, scripted, until, in_thread):
    """The run does not wait for resume()."""
    jg = group(scripted, 2)
    thread, errors = in_thread(lambda: jg.run_sequential(0))
    until(lambda: jg[0].was_sent)
    jg.pause()
    scripted.tell(jg[0].id, "completed")
    until(lambda: jg[0].state == "success")
    jg.stop()
    thread.join(120)
    assert [type(error) for error in errors] == [RunStoppedError]
    assert jg.state.paused


def test_stop_ends_the_wait_for_retries(group, scripted, until, in_thread):
    """A run that only waits for its jobs to end can be stopped too."""
    jg = group(scripted, 1)
    thread, errors = in_thread(lambda: jg.run_parallel(queue=True, retries=1))
    until(lambda: jg[0].was_sent)
    jg.stop()
    thread.join(120)
    assert [type(error) for error in errors] == [RunStoppedError]
    scripted.tell(jg[0].id, "error")
    jg.refresh()
    assert scripted.count("create", "rerun") == 1


def test_stop_without_a_run_does_nothing(group, scripted):
    """The call raises no error and does not pause the group, so the next run sends jobs."""
    jg = group(scripted, 1)
    jg.stop()
    jg.run_parallel()
    assert jg[0].was_sent


def test_sender_is_known_to_every_process(group, scripted, spawn, until):
    """`sender` has host, process and start time. It is None before and after the run."""
    jg = group(scripted, 2)
    assert jg.state.sender is None
    child = spawn(_RUN.format("sequential(0)"), scripted)
    until(lambda: jg[0].was_sent)
    sender = jg.state.sender
    assert (sender.pid, sender.is_this_process) == (child.pid, False)
    assert sender.host
    assert jg.created_at.timestamp() <= sender.since
    child.kill()
    child.communicate()
    assert jg.state.sender is None


def test_sender_may_be_this_process(group, scripted, until):
    """While this process sends, the pid is its own."""
    jg = group(scripted, 2)
    run = jg.start(delay=0)
    until(lambda: jg[0].was_sent)
    assert (jg.state.sender.pid, jg.state.sender.is_this_process) == (os.getpid(), True)
    jg.stop()
    run.wait(120)
    until(lambda: jg.state.sender is None)


def test_time_left_counts_jobs_that_another_process_sends(group, scripted, spawn, until):
    """An observer estimates from finished jobs, and counts unsent ones."""
    jg = group(scripted, 90)
    scripted.first_word = "completed"
    child = spawn(_RUN.format("sequential(0.2)"), scripted)
    until(lambda: jg.state.counts.get("success", 0) >= 5)
    low, high = until(lambda: jg.state.eta_s)
    assert 0 < low < high
    jg.stop()
    child.communicate(timeout=120)

    def has_ended() -> bool:  # the last job may have been sent a moment ago
        jg.refresh()
        return not jg.state.counts.get("waiting")

    until(has_ended)
    assert JobGroup("experiment").state.eta_s is None, "nobody sends the others"
