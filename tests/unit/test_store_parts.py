"""The journal of entries that are several jobs on their cloud, none of which is sent twice."""

from __future__ import annotations

import pytest
from journalled import TARGET, says, states

from jobgroup.errors import DuplicateJobError
from jobgroup.store import GroupStore, NewJob

BODY = {"parts": [{"payload": {"n": n}} for n in range(3)]}


def _entry(**options):
    return NewJob("several", TARGET, BODY, composition={"shape": [3]}, **options)


@pytest.fixture
def store(path):
    """Make a group with one entry of three jobs."""
    store = GroupStore(path, create="g")
    store.add([_entry()])
    yield store
    store.close()


def _intend(store, fencing_token, **options):
    (intent,) = store.journal.record_intent([1], fencing_token=fencing_token, **options)
    return intent


def test_an_interrupted_sending_continues_after_its_sent_parts(store, fencing_token):
    """The interrupted sending leaves the entry unsent; the next one keeps the parts
    that were sent.
    """
    first = _intend(store, fencing_token)
    store.journal.mark_sent(first.attempt_id, {0: "a"}, is_whole=False)
    store.journal.mark_sent(first.attempt_id, {1: "b"}, is_whole=False)
    store.journal.mark_not_sent(first.attempt_id, "The plan is full.")
    record = store.record(1)
    assert (record.state, record.remote_id, record.message) == ("unsent", None, "The plan is full.")
    assert store.holder_of("b", TARGET) == 1
    second = _intend(store, fencing_token)
    assert second.sent == {0: "a", 1: "b"}
    store.journal.mark_sent(second.attempt_id, {2: "c"})
    assert [(a.number, a.state) for a in store.journal.attempts(1)] == [(1, "waiting")]
    assert (store.record(1).attempts, store.record(1).remote_id) == (1, "a + b + c")


def test_a_refused_entry_is_no_longer_refused_once_a_part_is_sent(store, fencing_token):
    """A run of the whole group then sends the rest, and the entry shows the newest reason."""
    refused = _intend(store, fencing_token)
    store.journal.mark_not_sent(refused.attempt_id, "No such circuit.", is_refused=True)
    assert states(store) == ["refused"]
    begun = _intend(store, fencing_token)
    store.journal.mark_sent(begun.attempt_id, {0: "a"}, is_whole=False)
    store.journal.mark_not_sent(begun.attempt_id, "The plan is full.")
    assert (store.record(1).state, store.record(1).message) == ("unsent", "The plan is full.")


def test_an_interrupted_rerun_continues_after_its_sent_parts(store, fencing_token):
    """The entry is still failed, and its next rerun continues, even one that appends."""
    attempt = _intend(store, fencing_token)
    store.journal.mark_sent(attempt.attempt_id, {0: "a", 1: "b", 2: "c"})
    store.statuses.apply_updates([(attempt.attempt_id, says("error"))])
    begun = _intend(store, fencing_token, rerun=True)
    store.subjobs.keep(begun.attempt_id, {0: "a"})
    store.journal.mark_sent(begun.attempt_id, {1: "d"}, is_whole=False)
    store.journal.mark_not_sent(begun.attempt_id, "refused")
    assert states(store) == ["error"]
    assert store.record(1).remote_id == "a + b + c"
    goes_on = _intend(store, fencing_token, rerun=True, creates_entry=True)
    assert goes_on.sent == {0: "a", 1: "d"}
    assert store.journal.mark_sent(goes_on.attempt_id, {2: "e"}) == 2
    assert states(store) == ["error", "waiting"]
    assert [r.attempts for r in store.records()] == [1, 1]
    again = _intend(store, fencing_token, rerun=True, creates_entry=True)
    assert again.sent == {}, "what was used is not used twice"


def test_an_unconfirmed_part_can_be_confirmed(store, fencing_token):
    """The first part without an id gets it; the entry is sent when all parts have theirs."""
    attempt = _intend(store, fencing_token)
    store.journal.mark_sent(attempt.attempt_id, {0: "a"}, is_whole=False)
    store.journal.mark_unconfirmed(attempt.attempt_id, {"reason": "no answer"})
    assert store.unconfirmed.confirm(1, "b", 3)
    assert states(store) == ["unsent"]
    attempt = _intend(store, fencing_token)
    assert attempt.sent == {0: "a", 1: "b"}
    store.journal.mark_unconfirmed(attempt.attempt_id, {"reason": "no answer"})
    assert store.unconfirmed.confirm(1, "c", 3)
    record = store.record(1)
    assert (record.state, record.remote_id) == ("waiting", "a + b + c")
    assert not store.unconfirmed.confirm(1, "d", 3)


def test_a_late_answer_for_a_part_is_kept(store, fencing_token):
    """A part that arrives after the user has closed the attempt is found by its id."""
    attempt = _intend(store, fencing_token)
    store.journal.mark_unconfirmed(attempt.attempt_id, {"reason": "no answer"})
    assert store.unconfirmed.requeue(1)
    store.journal.mark_sent(attempt.attempt_id, {0: "late"}, is_whole=False)
    assert store.holder_of("late", TARGET) == 1
    assert "late" in store.events(1)[-1].text


def test_parts_that_all_arrive_late_are_not_sent_again(store, fencing_token):
    """The next sending keeps the parts that have not failed."""
    attempt = _intend(store, fencing_token)
    store.journal.mark_sent(attempt.attempt_id, {0: "a"}, is_whole=False)
    store.journal.mark_unconfirmed(attempt.attempt_id, {"reason": "no answer"})
    assert store.unconfirmed.requeue(1)
    assert store.journal.mark_sent(attempt.attempt_id, {1: "b", 2: "c"}) is None
    assert _intend(store, fencing_token).previous == {0: "a", 1: "b", 2: "c"}


def test_ids_of_parts_belong_to_the_group(store):
    """An entry or a job with one of these ids is rejected, and nothing is added."""
    store.add([_entry(remote_ids=["a", "b", "c"], state="waiting")])
    for remote_ids in (["b"], ["x", "c", "y"], ["a", "b", "c"]):
        with pytest.raises(DuplicateJobError):
            store.add([_entry(remote_ids=remote_ids, state="waiting")])
    assert len(store) == 2
