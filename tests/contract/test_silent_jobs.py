"""Tests of jobs with a missing or malformed status: they do not affect other jobs."""

from __future__ import annotations

import json
import logging
import math
import threading

import pytest
from scripted_cloud import DROP

from jobgroup import JobGroup


class _Silence(set):
    """The ids of jobs for which the cloud does not respond until the silence ends."""

    def __init__(self):
        self.over = threading.Event()


@pytest.fixture
def silence(scripted):
    """Make the cloud withhold its responses for some jobs until the end of the test."""
    silent = _Silence()

    def fault(_before, asked):
        if asked.id in silent:
            silent.over.wait()

    scripted.faults["status"] = fault
    yield silent
    silent.over.set()


def test_silent_job_does_not_delay_other_jobs(group, scripted, silence, until):
    """Each response is recorded as it arrives, before the missing ones."""
    jg = group(scripted, 6)
    jg.run_parallel()
    silence.add(jg[2].id)
    for job_id in scripted.ids():
        scripted.tell(job_id, "completed")
    waiting = threading.Thread(target=jg.wait, args=(300,), daemon=True)
    waiting.start()
    until(lambda: jg.state.counts.get("success") == 5, 120)
    assert waiting.is_alive()
    assert jg[2].state == "waiting"
    jg.cancel_all()
    silence.over.set()
    waiting.join(120)
    assert not waiting.is_alive()


def test_progress_returns_although_one_job_is_silent(group, scripted, silence, until):
    """The call waits briefly for the response, not for the whole timeout of a request."""
    jg = group(scripted, 3)
    jg.run_parallel()
    silence.add(jg[0].id)
    for job_id in scripted.ids():
        scripted.tell(job_id, "completed")
    until(lambda: jg.progress()["Finished"][0] == 2)  # a busy machine may need a second call
    assert jg.progress()["Finished"][0] == 2


ODD = [
    {"shots": 2**63},
    {"shots": 10**400},
    {"shots": math.inf, "progress": math.nan},
    {"shots": -5, "duration": "9" * 400},
    {"creation_datetime": 1e300, "start_time": 1.7e12, "duration": 1e18},
    {"status_message": "\ud800 \x00 \x1b[31m", "name": "\udfff"},
    {"status_message": "x" * 1_000_000, "name": "y" * 100_000},
    {"progress": [1], "shots": {"a": 1}, "name": 5, "status_message": True},
    {"last_intermediate_results": json.loads("[" * 150 + "]" * 150)},
]


@pytest.mark.parametrize("fields", ODD)
def test_malformed_fields_affect_only_their_job(group, scripted, fields):
    """All jobs have ended, including the one with malformed fields, which are None."""
    jg = group(scripted, 4)
    jg.run_parallel()
    for job_id in scripted.ids():
        scripted.tell(job_id, "completed", shots=5)
    scripted.tell(jg[2].id, "completed", **fields)
    assert jg.progress()["Finished"] == [4, {"successful": 4, "unsuccessful": 0}]
    jg.wait(300)
    assert [job.attempts[-1].shots for job in jg if job.position != 2] == [5, 5, 5]
    assert len(jg[2].message or "") <= 2000
    repr(jg)


@pytest.mark.parametrize("fields", ODD)
def test_jobs_with_malformed_fields_are_adopted(scripted, fields):
    """The group keeps their valid fields."""
    ids = [scripted.make("completed") for _ in range(3)]
    scripted.tell(ids[1], "completed", **fields)
    jg = JobGroup("adopted")
    jg.adopt(ids, platform="p", url=scripted.url)
    assert [job.state for job in jg] == ["success"] * 3


_ODD = [
    {},
    {"status": None},
    {"status": 7},
    {"status": "running", "progress": "half", "progress_message": 5},
    {"status": "running", "progress": None, "start_time": "yesterday", "creation_datetime": []},
    {"status": "running", "duration": {"s": 3}, "status_message": ["a"], "last": 1},
    {"status": "completed", "duration": "12", "start_time": None},
    {"status": "error"},
    {"status": "error", "status_message": None, "duration": "long"},
]


@pytest.mark.parametrize("document", _ODD, ids=[json.dumps(d) for d in _ODD])
def test_14_malformed_status_is_tolerated_and_logged(document, group, scripted, caplog):
    """Behavior 14: counts stay complete, other jobs are unaffected, and the log mentions it.
    Without a status, the job keeps its state.
    """
    jg = group(scripted, 2)
    jg.run_parallel()
    scripted.documents[jg[0].id] = document
    scripted.tell(jg[1].id, "completed")
    with caplog.at_level(logging.DEBUG, "jobgroup"):
        progress = jg.progress()
    assert progress["Total"] == 2
    assert progress["Finished"][1]["successful"] >= 1
    word = document.get("status")
    expected = {"completed": "success", "running": "running", "error": "error"}.get(word, "waiting")
    assert jg[0].state == expected
    status = jg[0].status
    assert isinstance(status.progress, float)
    assert isinstance(status.running_time, float)
    mistyped = {k: v for k, v in document.items() if k != "last" and v is not None}
    if document in _ODD[:6] or document == _ODD[8]:
        assert caplog.records, f"nothing was logged of {mistyped}"


def test_14_missing_field_is_logged(group, scripted, caplog):
    """Behavior 14: the log mentions a response without the required field."""
    jg = group(scripted, 1)
    jg.run_parallel()
    scripted.documents[jg[0].id] = {"progress": 0.5}
    with caplog.at_level(logging.DEBUG, "jobgroup"):
        jg.progress()
    assert any("status" in r.getMessage() for r in caplog.records)


@pytest.mark.parametrize(
    "fault",
    [(404, {"error": "Not found job"}), (500, {"error": "oops"}), (200, {}), DROP],
    ids=["404", "500", "empty", "dropped"],
)
def test_14_unreachable_job_does_not_affect_others(fault, group, scripted):
    """Behavior 14 and below: `progress` returns, and the other jobs are up to date."""
    jg = group(scripted, 3)
    jg.run_parallel()
    odd = jg[1].id
    scripted.tell(jg[0].id, "completed")
    scripted.tell(jg[2].id, "error")
    scripted.faults["status"] = lambda _, asked: fault if asked.id == odd else None
    progress = jg.progress()
    assert progress["Total"] == 3
    assert [jg[0].state, jg[2].state] == ["success", "error"]
    assert jg[1].id == odd
