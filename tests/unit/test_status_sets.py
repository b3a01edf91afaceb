"""Every state is in exactly the right sets, which decide how it is counted, polled and listed."""

from __future__ import annotations

import dataclasses
import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobgroup import status
from jobgroup.status import JobStatus, RunningStatus, progress_of


def test_progress_counts_every_state_exactly_once():
    """Successful, unsuccessful, sent and unsent share no state and miss none."""
    parts = [{"success"}, status.UNSUCCESSFUL, status.SENT, status.NOT_SENT]
    assert set().union(*parts) == set(status.STATES)
    assert sum(map(len, parts)) == len(status.STATES) == len(set(status.STATES))


def test_a_state_is_unsent_unconfirmed_on_the_cloud_or_terminal():
    """Each state is in exactly one of the four sets, which decide whether it is polled."""
    parts = [
        status.NOT_SENT,
        {status.SENDING, status.UNCONFIRMED},
        status.ON_CLOUD,
        status.TERMINAL,
    ]
    assert set().union(*parts) == set(status.STATES)
    assert sum(map(len, parts)) == len(status.STATES)


def test_the_sets_include_each_other():
    """Awaited states are polled, active ones are awaited, and states to rerun are terminal."""
    assert status.ACTIVE < status.PENDING < status.ON_CLOUD
    assert status.FAILED < status.TERMINAL
    assert status.FAILED < status.UNSUCCESSFUL
    assert status.PENDING < status.SENT
    assert status.UNSUCCESSFUL - status.FAILED == status.ON_CLOUD - status.PENDING


def test_the_clouds_states_are_the_words_of_running_status():
    """Eight states have a RunningStatus; four belong to the group alone."""
    words = {w.value for w in RunningStatus} - {"none"}
    assert words == status.ON_CLOUD | status.TERMINAL
    assert set(status.STATES) - words == {"unsent", "refused", "sending", "unconfirmed"}


@given(st.dictionaries(st.sampled_from(status.STATES), st.integers(0, 20_000)))
def test_the_numbers_of_progress_add_up(counts):
    """For any counts, the total is their sum, and each half is the sum of its parts."""
    progress = progress_of(counts)
    (finished, of_finished), (unfinished, of_unfinished) = (
        progress["Finished"],
        progress["Unfinished"],
    )
    assert progress["Total"] == sum(counts.values()) == finished + unfinished
    assert finished == sum(of_finished.values())
    assert unfinished == sum(of_unfinished.values())


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("completed", "SUCCESS"),
        ("COMPLETED", "SUCCESS"),
        (" running ", "RUNNING"),
        ("cancelled", "CANCELED"),
        ("cancelling", "CANCEL_REQUESTED"),
        ("cancel_requested", "CANCEL_REQUESTED"),
        ("none", "UNKNOWN"),
        ("", "UNKNOWN"),
        ("Erreur", "UNKNOWN"),
    ],
)
def test_words_of_clouds_become_states(word, name):
    """Other spellings, and words of other clouds, are understood; everything else is UNKNOWN."""
    assert RunningStatus.from_server_response(word).name == name


def test_a_status_cannot_be_changed():
    """A status describes a job at one moment."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        JobStatus().message = "other"


def test_a_status_is_in_one_phase():
    """Waiting, running and completed exclude each other, and the booleans follow from the word."""
    for word in RunningStatus:
        s = JobStatus(word, "why")
        assert [s.waiting, s.running, s.completed].count(True) <= 1
        assert s.completed == (s.success or s.failed)
        assert s.maybe_completed == (s.completed or s.unknown)
        assert s.stop_message == ("why" if s.failed else None)
        assert s() == str(s) == word.name


@pytest.mark.parametrize(
    ("word", "start", "duration", "low", "high"),
    [
        ("WAITING", None, None, 0, 0),
        ("RUNNING", None, None, 0, 0),
        ("RUNNING", -5.0, None, 5, 60),
        ("RUNNING", 1000.0, None, 0, 0),
        ("SUCCESS", -5.0, 3.0, 3, 3),
        ("ERROR", None, None, 0, 0),
        ("SUCCESS", -5.0, None, 0, 0),
    ],
)
def test_the_running_time_is_in_seconds_and_never_negative(word, start, duration, low, high):
    """The time is the one so far or in total, and never None, even if a clock is ahead."""
    begun = None if start is None else time.time() + start
    s = JobStatus(RunningStatus[word], start_timestamp=begun, duration=duration)
    assert low <= s.running_time <= high
    assert isinstance(s.running_time, float)


def test_a_running_status_equals_only_enums_of_its_name():
    """It equals nothing else, and can be used as a key."""
    for a, b in itertools.product(RunningStatus, repeat=2):
        assert (a == b) == (a is b)
    assert RunningStatus.SUCCESS != "SUCCESS"
    assert len(dict.fromkeys(RunningStatus, 0) | {RunningStatus.ERROR: 1}) == len(RunningStatus)
