"""Storing the cloud's statuses, and adding jobs."""

from __future__ import annotations

import pytest
from journalled import BODY, TARGET, failed, pollable, says, send, states

from jobgroup.errors import DuplicateJobError
from jobgroup.store import GroupStore, NewJob, Target

# -- reports of the cloud --------------------------------------------------------------------------


def test_answers_are_recorded_together(store, fencing_token):
    """Many statuses make one version, and a repeated status is no change."""
    attempts = [send(store, fencing_token, i, f"r{i}") for i in range(3)]
    version = store.version
    reported = [(a, says("running", progress=0.5, message="half")) for a in attempts]
    assert store.statuses.apply_updates(reported) == [1, 2, 3]
    assert store.version == version + 1
    assert store.statuses.apply_updates(reported) == []
    assert store.version == version + 1
    assert [r.position for r in store.changes_since(version).records] == [0, 1, 2]


def test_a_job_that_ended_never_changes_again(store, fencing_token, path):
    """The first recorded end counts, and a later status changes nothing."""
    attempt_id = send(store, fencing_token, 0, "r0")
    other = GroupStore(path)
    other.statuses.apply_updates([(attempt_id, says("success", duration_s=3.0, started_at=10.0))])
    other.close()
    assert store.statuses.apply_updates([(attempt_id, says("running"))]) == []
    store.statuses.record_error(attempt_id, "404")
    store.statuses.record_cancel_request(attempt_id)
    record = store.record(1)
    assert (record.state, record.message, record.progress) == ("success", None, 1.0)
    assert pollable(store) == []
    assert store.statuses.durations() == [3.0]


def test_a_suspended_job_can_continue(store, fencing_token):
    """Suspended and unknown are not terminal states."""
    attempt_id = send(store, fencing_token, 0, "r0")
    for state in ("suspended", "unknown", "running", "waiting", "canceled"):
        assert store.statuses.apply_updates([(attempt_id, says(state))]) == [1]
        assert states(store)[0] == state


def test_an_answer_about_an_old_attempt_is_ignored(store, fencing_token):
    """A report about the previous attempt does not change the rerun's job."""
    old = failed(store, fencing_token)
    (intent,) = store.journal.record_intent([1], fencing_token=fencing_token, rerun=True)
    store.journal.mark_sent(intent.attempt_id, {0: "r0b"})
    assert store.statuses.apply_updates([(old, says("success"))]) == []
    assert states(store)[0] == "waiting"


def test_a_requested_cancellation_is_recorded(store, fencing_token):
    """The state shows the request until the cloud reports more."""
    attempt_id = send(store, fencing_token, 0, "r0")
    store.statuses.record_cancel_request(attempt_id)
    assert states(store)[0] == "cancel_requested"
    assert [row.entry_id for row in pollable(store)] == [1]
    store.statuses.apply_updates([(attempt_id, says("canceled"))])
    assert states(store)[0] == "canceled"


def test_changes_since_a_version_are_returned(store, fencing_token):
    """The store returns every job that changed, and whether it may change again."""
    first, second, _ = (send(store, fencing_token, i, f"r{i}") for i in range(3))
    version = store.version
    assert [row.entry_id for row in pollable(store)] == [1, 2, 3]
    store.statuses.apply_updates([(first, says("success")), (second, says("running"))])
    changed = [(row.remote_ids, row.may_change) for row in store.statuses.list_changed(version)]
    assert changed == [(["r0"], False), (["r1"], True)]
    assert store.statuses.list_changed(store.version) == []


def test_a_repeated_problem_is_one_change(store, fencing_token):
    """The same incident changes the file once."""
    attempt_id = send(store, fencing_token, 0, "r0")
    store.statuses.record_error(attempt_id, "garbage")
    version = store.version
    store.statuses.record_error(attempt_id, "garbage")
    assert (store.version, store.record(1).message) == (version, "garbage")


# -- adding ----------------------------------------------------------------------------------------


def test_an_id_is_in_a_group_once(store, fencing_token):
    """The ids of all attempts count, and a call with two equal ids adds nothing."""
    failed(store, fencing_token)
    known = NewJob("known", TARGET, None, remote_ids=["r0"], state="waiting")
    with pytest.raises(DuplicateJobError, match="position 0"):
        store.add([known])
    new = NewJob("new", TARGET, None, remote_ids=["r9"], state="waiting")
    with pytest.raises(DuplicateJobError, match="r9"):
        store.add([new, new])
    assert len(store) == 3
    assert store.add([new]) == [4]
    assert (store.record(4).state, store.journal.attempts(4)[0].kind) == ("waiting", "adopted")


def test_an_exception_while_adding_adds_nothing(store):
    """Neither the earlier jobs nor their platforms are added; the store still works."""

    def jobs():
        yield NewJob("first", Target("quandela", "https://other", "", "p"), BODY)
        raise KeyError("mine")

    version = store.version
    with pytest.raises(KeyError, match="mine"):
        store.add(jobs())
    assert (len(store), store.version) == (3, version)
    assert store.add([NewJob("ok", Target("quandela", "https://other", "", "p"), BODY)]) == [4]
    assert store.record(4).origin == "https://other"


def test_bodies_are_returned_unchanged(store):
    """Unicode, nesting, numbers and order stay; the same content is stored once."""
    body = {"payload": {"z": 1, "a": [1.5, None, True, {"é": "\u2028 ħ"}], "big": "x" * 200_000}}
    first = store.add(NewJob(f"n{i}", TARGET, body) for i in range(50))
    assert store.body(first[0]) == store.body(first[-1]) == body
    assert list(store.body(first[0])["payload"]) == ["z", "a", "big"]
    assert store.path.stat().st_size < 500_000
    assert store.body(100) is None
