"""Tests of jobs with a missing or malformed status: they do not affect other jobs."""

from __future__ import annotations

import json
import math
import threading

import pytest

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
