"""The status of an entry that is several jobs on its cloud, merged as in Perceval."""

from __future__ import annotations

import itertools

import pytest
from perceval.runtime import ExecutionStatus, RunningStatus

from jobgroup.engine.subjobs import RANKS, merge_statuses
from jobgroup.errors import InvalidResponseError
from jobgroup.providers.base import RemoteStatus
from jobgroup.status import ON_CLOUD, TERMINAL

STATES = ("success", "waiting", "running", "suspended", "canceled", "error", "unknown")


def _percevals(states):
    statuses = []
    for state in states:
        status = ExecutionStatus()
        status.status = RunningStatus[state.upper()]
        statuses.append(status)
    return ExecutionStatus.merge_status(statuses).status.name.lower()


@pytest.mark.parametrize("states", [*itertools.combinations_with_replacement(STATES, 3)])
def test_states_are_merged_as_perceval_does(states):
    """The exception is an entry with a failed part and a running part, which has not ended."""
    reported = merge_statuses([RemoteStatus(state, state) for state in states])
    if _percevals(states) in TERMINAL and not TERMINAL.issuperset(states):
        assert reported.state not in TERMINAL
        assert reported.state in {*states, "running"}
    else:
        assert reported.state == _percevals(states)


def test_every_state_of_a_cloud_has_a_rank():
    """A new state in status.py without a rank could not be merged."""
    assert set(RANKS) == ON_CLOUD | TERMINAL
    assert len(RANKS) == len(set(RANKS))


def test_times_progress_and_shots_combine_all_parts():
    """An entry has its parts' first start, last end, mean progress and sum of shots."""
    reported = merge_statuses(
        [
            RemoteStatus("completed", "success", None, 1.0, 10.0, 12.0, 5.0, 100),
            RemoteStatus("completed", "success", None, None, 11.0, 14.0, 9.0, 50),
        ]
    )
    assert (reported.created_at, reported.started_at, reported.duration_s) == (10.0, 12.0, 11.0)
    assert (reported.progress, reported.shots, reported.message) == (1.0, 150, None)


def test_a_missing_answer_of_a_part_is_the_entrys():
    """An error of one part is an error of the entry."""
    error = InvalidResponseError("garbage")
    good = RemoteStatus("running", "running")
    assert merge_statuses([good, error]) is error
    assert merge_statuses([good, None]) is None


def test_the_reason_names_its_part():
    """Parts are counted from one, as users count."""
    reported = merge_statuses(
        [
            RemoteStatus("completed", "success", "fine"),
            RemoteStatus("failed", "error", "too hot"),
            RemoteStatus("cancelled", "canceled"),
        ]
    )
    assert (reported.provider_status, reported.message) == ("failed", "2 of 3: too hot")


def test_an_active_entry_has_no_duration():
    """A part that succeeded counts as complete, and a part that waits counts as 0."""
    reported = merge_statuses(
        [
            RemoteStatus("completed", "success", None, None, 11.0, 14.0, 5.0, 100),
            RemoteStatus("running", "running", None, 0.5, 10.0, 12.0),
            RemoteStatus("waiting", "waiting"),
        ]
    )
    assert (reported.state, reported.progress, reported.duration_s) == ("running", 0.5, None)
    assert (reported.created_at, reported.started_at, reported.shots) == (10.0, 12.0, 100)
