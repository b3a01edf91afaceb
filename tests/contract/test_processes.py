"""Tests of several processes with one group: one sends, all read, nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import threading

import pytest
from scripted_cloud import DROP

from jobgroup import JobGroup, UnconfirmedJobError
from jobgroup.engine.commands import execute
from jobgroup.engine.engine import engine
from jobgroup.engine.lease import is_gone
from jobgroup.group import request
from jobgroup.store import CommandResult, GroupStore
from jobgroup.store.paths import group_path
from jobgroup.system import this_process

_RUN = "from jobgroup import JobGroup; JobGroup('experiment').run_{}"


@pytest.fixture
def holder(group, scripted, spawn, until):
    """A process that runs a group of two jobs sequentially. Its first job does not end."""
    jg = group(scripted, 2)
    child = spawn(_RUN.format("sequential(0)"), scripted)
    until(lambda: jg[0].was_sent)
    return jg, child


def test_another_process_can_read_and_cancel_during_a_run(holder, scripted):
    """Neither call needs the lease. The first process sees the cancellation and continues."""
    jg, child = holder
    assert jg.progress()["Unfinished"] == [2, {"sent": 1, "not sent": 1}]
    scripted.first_word = "completed"  # for the next job, which may be sent at once
    jg[0].cancel()
    _, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    assert [j.state for j in jg] == ["canceled", "success"]


def test_running_process_carries_out_requests_of_others(holder, scripted, timer):
    """The process that runs the script executes another process's rerun once."""
    jg, child = holder
    jg.add(timer(scripted, "urgent"))
    outcome = jg.start([2]).result(120)
    assert outcome.done == [2]
    assert jg[2].id == scripted.ids()[1]
    assert child.poll() is None
    scripted.first_word = "completed"
    for job_id in scripted.ids():
        scripted.tell(job_id, "completed")
    child.communicate(timeout=120)
    assert scripted.count("create") == 3


def test_abandoned_request_is_not_carried_out_later(holder, scripted, timer, until, stop):
    """A process that stops waiting withdraws its request."""
    jg, child = holder
    jg.add(timer(scripted, "not wanted"))
    stop(child.pid, jg)
    try:
        queue = engine().open_session(group_path(jg.name)).store.commands
        future = request(jg, "run", positions=[2])
        until(queue.has_pending)
        future.cancel()
        until(lambda: not queue.has_pending())
    finally:
        os.kill(child.pid, signal.SIGCONT)
    scripted.first_word = "completed"
    scripted.tell(jg[0].id, "completed")
    child.communicate(timeout=120)
    assert [job.was_sent for job in jg] == [True, True, False]


def test_wait_includes_jobs_that_another_process_is_sending(group, scripted, spawn):
    """A job whose request is in flight elsewhere counts as pending."""
    jg = group(scripted, 1)
    gate = scripted.gate("create")
    scripted.first_word = "completed"
    child = spawn(_RUN.format("parallel()"), scripted)
    gate.wait_for_one()
    with pytest.raises(TimeoutError, match="1 job"):
        jg.wait(0.1)
    gate.open()
    _, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    jg.wait(120)
    assert jg[0].state == "success"


def test_observer_sees_changes_of_another_process(group, scripted, in_child):
    """The callback is called even for writes by a process that this one does not know."""
    jg = group(scripted, 1)
    noticed = threading.Event()

    def look(_):
        if len(jg) == 2:
            noticed.set()

    jg.state.observe(look, "version")
    in_child(
        "from jobgroup import JobGroup, RemoteJob\n"
        "JobGroup('experiment').add(RemoteJob({'command': 'x'}, platform='p')); print(0)"
    )
    assert noticed.wait(120)
    jg.state.unobserve_all()


def test_state_can_be_observed_without_a_widget(cloud, group, until):
    """`state` follows the file while an observer is attached."""
    jg = group(cloud, 2, duration_s=0.05)
    seen = []
    jg.state.observe(lambda change: seen.append(change["new"]), "counts")
    jg.run_parallel()
    until(lambda: seen and seen[-1] == {"success": 2})
    assert jg.state.progress == 1.0
    jg.state.unobserve_all()
    assert json.dumps(jg.state.counts)


def test_delete_prints_nothing_for_a_watched_group(group, scripted, until, caplog):
    """The user wanted the deletion, even if a dashboard shows the group."""
    jg = group(scripted, 1)
    state = jg.state
    state.observe(lambda change: None, "counts")
    with caplog.at_level("INFO", "jobgroup"):
        JobGroup.delete_job_group(jg.name)
        until(lambda: any("was deleted" in record.getMessage() for record in caplog.records))
        state.unobserve_all()
    assert [record for record in caplog.records if record.levelname != "INFO"] == []


def test_observer_prints_nothing_if_its_group_is_deleted_between_polls(
    group, scripted, timer, until, caplog
):
    """The observer may be reading at that moment, and still prints nothing."""
    jg = group(scripted, 1)

    def look(change):
        JobGroup.delete_job_group(jg.name)
        jg.progress(refresh=False)

    state = jg.state
    state.observe(look, "counts")
    with caplog.at_level("INFO", "jobgroup"):
        jg.add(timer(scripted))
        until(lambda: any("was deleted" in record.getMessage() for record in caplog.records))
        state.unobserve_all()
    assert [record for record in caplog.records if record.levelname != "INFO"] == []


# -- what is asked of another process, step by step ------------------------------------------------


@pytest.fixture
def neighbour(group, scripted):
    """Another process's view of a group of one job. The test acts as the process that runs it."""
    jg = group(scripted, 1)
    store = GroupStore(group_path(jg.name))
    _take_lease(store)
    yield jg, store
    store.close()


def _take_lease(store):
    store.lease.acquire("me", this_process(), judge=lambda *_: "alive", on_acquired=lambda *_: None)


def _taken(store, until):
    fencing_token = store.lease.fencing_token()
    return until(lambda: store.commands.claim(fencing_token, is_gone))[0].id


def test_request_reports_work_done_just_before_the_other_process_ended(
    neighbour, until, monkeypatch
):
    """The other process finishes and ends between two polls; the caller gets the result."""
    jg, store = neighbour
    theirs = engine().open_session(group_path(jg.name)).store.commands
    look = theirs.get

    def look_then_end(command_id):
        found = look(command_id)
        if found.state == "claimed" and store.lease.current():
            store.commands.complete(command_id, "done", {"text": "1 rerun", "done": [1]})
            store.lease.release(store.lease.fencing_token())
        return found

    monkeypatch.setattr(theirs, "get", look_then_end)
    asked = jg.start(rerun=True)
    _taken(store, until)
    assert asked.result(120).done == [0]


def test_dropped_request_is_repeated(neighbour, until):
    """The caller's machine may sleep. After that, the caller must not wait forever."""
    jg, store = neighbour
    asked = jg.start(rerun=True)
    until(store.commands.has_pending)
    assert store.commands.cancel(1)
    again = _taken(store, until)
    store.commands.complete(again, "done", {"text": "1 rerun", "done": [1]})
    assert asked.result(120).done == [0]


def test_resend_goes_to_the_process_that_took_the_lease(group, scripted, until, monkeypatch):
    """This process does not release a lease that it does not hold."""
    jg = group(scripted, 1)
    scripted.faults["create"] = lambda *_: DROP
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    store = GroupStore(group_path(jg.name))
    theirs = engine().open_session(group_path(jg.name)).store.lease
    current, looks = theirs.current, []

    def nobody_at_first():
        looks.append(1)
        return current() if looks[1:] else None

    monkeypatch.setattr(theirs, "current", nobody_at_first)
    _take_lease(store)
    asked = request(jg, "resend", positions=[0])
    number = _taken(store, until)
    assert jg[0].state == "unconfirmed"
    store.commands.complete(number, "done", {"text": "1 sent again", "done": [1]})
    assert asked.result(120).done == [0]
    store.close()


def test_result_from_another_process_equals_a_local_one(neighbour, until):
    """The result names jobs by position, which JSON writes as text."""
    jg, store = neighbour
    session = engine().open_session(group_path(jg.name))
    asked = session.start(execute, session, "rerun", {})
    outcome = {"text": "1 rerun, 1 not", "done": [0], "failed": {1: "refused"}}
    store.commands.complete(_taken(store, until), "done", outcome)
    assert asked.result(120) == CommandResult("1 rerun, 1 not", [0], {1: "refused"})


def test_failure_is_reported_before_the_lease_is_released(
    ended, scripted, timer, until, monkeypatch
):
    """Otherwise the caller could conclude that this process ended during the request."""
    jg = ended("error")
    jg.add(timer(scripted, "unsent"))
    session = engine().open_session(group_path(jg.name))
    complete, reported = session.store.commands.complete, []

    def note(command_id, state, outcome):
        reported.append((state, session.lease.is_held))
        complete(command_id, state, outcome)

    monkeypatch.setattr(session.store.commands, "complete", note)
    jg.pause()
    run = jg.start()
    until(lambda: session.lease.is_held)
    asking = GroupStore(group_path(jg.name))
    asked = asking.commands.enqueue(
        "rerun", {"mode": "sequential", "stop_after_failures": 1}, this_process()
    )
    until(lambda: asking.commands.get(asked).state == "claimed")
    jg.resume()
    run.result(120)
    until(lambda: jg[0].state == "waiting")
    scripted.tell(jg[0].id, "error")
    until(lambda: asking.commands.get(asked).state == "failed")
    assert reported == [("failed", True)]
    asking.close()
