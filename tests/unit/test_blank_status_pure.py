"""Responses without a status, by a clock that the test controls."""

from __future__ import annotations

from jobgroup.engine.blank_status import BLANK_S, unless_blank
from jobgroup.engine.poll_schedule import PolledJob
from jobgroup.errors import InvalidResponseError, NoResponseError
from jobgroup.providers.base import RemoteStatus
from jobgroup.store import Target

BLANK = RemoteStatus(provider_status="", state="unknown")
RUNNING = RemoteStatus(provider_status="running", state="running")


def _job() -> PolledJob:
    target = Target("quandela", "https://cloud.example", "", "sim:altair")
    return PolledJob(1, 1, ["r1"], target, sent_at=0.0, was_seen=True)


def test_job_without_a_status_becomes_unknown_after_a_minute():
    """Until then, the response counts as an error, and the job keeps its state."""
    job = _job()
    for now in (100.0, 130.0, 100.0 + BLANK_S - 0.1):
        assert isinstance(unless_blank(job, BLANK, now), InvalidResponseError)
    assert unless_blank(job, BLANK, 100.0 + BLANK_S) is BLANK


def test_minute_begins_anew_after_a_status():
    """A status in between is a response about the job; an error is not."""
    job = _job()
    lost = NoResponseError("no response")
    unless_blank(job, BLANK, 100.0)
    assert unless_blank(job, lost, 130.0) is lost
    assert unless_blank(job, BLANK, 100.0 + BLANK_S) is BLANK
    assert unless_blank(job, RUNNING, 161.0) is RUNNING
    assert isinstance(unless_blank(job, BLANK, 170.0), InvalidResponseError)


def test_unknown_state_with_a_word_is_a_status():
    """A word that jobgroup does not know is shown at once, as an unknown state."""
    named = RemoteStatus(provider_status="defrosting", state="unknown")
    assert unless_blank(_job(), named, 100.0) is named
