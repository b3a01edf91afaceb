"""The journal of sending: the record of each way in which a request can end."""

from __future__ import annotations

import pytest
from journalled import TARGET, failed, lease, pollable, send, states

from jobgroup.errors import GroupBusyError
from jobgroup.store import GroupStore

# -- the first send --------------------------------------------------------------------------------


def test_an_intent_is_on_disk_before_the_request(store, fencing_token, path):
    """Another connection sees the job as sending, with the key of the request."""
    (intent,) = store.journal.record_intent([2], fencing_token=fencing_token)
    other = GroupStore(path)
    assert states(other) == ["unsent", "sending", "unsent"]
    (attempt,) = other.journal.attempts(2)
    assert (attempt.idempotency_key, attempt.kind, attempt.number) == (
        intent.idempotency_key,
        "create",
        1,
    )
    assert (intent.name, intent.target, intent.previous) == ("job 1", TARGET, {})
    assert other.journal.has_in_flight()
    other.close()


def test_an_intent_is_recorded_once(store, fencing_token):
    """A job that is being sent, is missing or has not failed gets no second intent."""
    store.journal.record_intent([1], fencing_token=fencing_token)
    assert store.journal.record_intent([0, 7, -1], fencing_token=fencing_token) == []
    assert store.journal.record_intent([1, 2], fencing_token=fencing_token, rerun=True) == []
    assert [
        i.position for i in store.journal.record_intent([3, 1, 2], fencing_token=fencing_token)
    ] == [2, 1]


def test_keys_are_never_used_twice(store, fencing_token):
    """Each attempt has its own key, even of the same job."""
    keys = set()
    for _ in range(5):
        (intent,) = store.journal.record_intent([1], fencing_token=fencing_token)
        keys.add(intent.idempotency_key)
        store.journal.mark_not_sent(intent.attempt_id, "refused")
    assert len(keys) == 5


def test_a_sent_job_has_its_id(store, fencing_token):
    """A sent job can be polled, and found by its id."""
    attempt_id = send(store, fencing_token, 1, "r1")
    record = store.record(2)
    assert (record.state, record.remote_id, record.attempts) == ("waiting", "r1", 1)
    assert record.sent_at >= record.intent_at
    assert [row[:3] for row in pollable(store)] == [(attempt_id, 2, ["r1"])]
    assert store.holder_of("r1", TARGET) == 2
    assert not store.journal.has_in_flight()


def test_a_rejected_request_leaves_the_job_unsent(store, fencing_token):
    """The job is unchanged, and the cloud's message is stored with it and in its events."""
    (intent,) = store.journal.record_intent([1], fencing_token=fencing_token)
    store.journal.mark_not_sent(intent.attempt_id, "The plan allows no more.")
    record = store.record(1)
    assert (record.state, record.attempts, record.remote_id) == ("unsent", 0, None)
    assert record.message == "The plan allows no more."
    assert store.journal.attempts(1) == []
    assert [e.text for e in store.events(1)] == ["The plan allows no more."]
    send(store, fencing_token, 0, "r0")
    assert store.record(1).message is None


def test_an_unanswered_request_leaves_the_job_unconfirmed(store, fencing_token):
    """The job keeps its diagnostics, and is neither polled nor sent again."""
    (intent,) = store.journal.record_intent([1], fencing_token=fencing_token)
    diagnostics = {"reason": "no answer", "status_code": None, "asked_at": 1.5}
    assert store.journal.mark_unconfirmed(intent.attempt_id, diagnostics) == 1
    assert states(store)[0] == "unconfirmed"
    assert store.journal.attempts(1)[0].diagnostics == diagnostics
    assert store.record(1).message == "no answer"
    assert pollable(store) == []
    assert store.journal.record_intent([1], fencing_token=fencing_token) == []
    assert store.journal.record_intent([1], fencing_token=fencing_token, rerun=True) == []


def test_a_late_answer_is_recorded(store, fencing_token):
    """An id that arrives late settles the attempt."""
    (intent,) = store.journal.record_intent([1], fencing_token=fencing_token)
    store.journal.mark_unconfirmed(intent.attempt_id, {"reason": "slept"})
    assert store.journal.mark_sent(intent.attempt_id, {0: "late"}) == 1
    assert (store.record(1).state, store.record(1).remote_id) == ("waiting", "late")
    assert store.record(1).message is None


def test_a_late_refusal_is_recorded(store, fencing_token):
    """A late error that proves that nothing was sent settles the attempt, too."""
    (intent,) = store.journal.record_intent([1], fencing_token=fencing_token)
    store.journal.mark_unconfirmed(intent.attempt_id, {"reason": "slept"})
    store.journal.mark_not_sent(intent.attempt_id, "refused")
    assert states(store)[0] == "unsent"


# -- decisions of the user -------------------------------------------------------------------------


@pytest.fixture
def unconfirmed(store, fencing_token):
    """Return the unconfirmed attempt of job 0."""
    (intent,) = store.journal.record_intent([1], fencing_token=fencing_token)
    store.journal.mark_unconfirmed(intent.attempt_id, {"reason": "no answer"})
    return intent.attempt_id


def test_a_confirmed_job_is_polled(store, unconfirmed):
    """A confirmed job is polled under the user's id, and its events say so."""
    assert store.unconfirmed.confirm(1, "found")
    assert (store.record(1).state, store.record(1).remote_id) == ("waiting", "found")
    assert store.record(1).message is None
    assert [row[:3] for row in pollable(store)] == [(unconfirmed, 1, ["found"])]
    assert "found" in store.events(1)[-1].text
    assert not store.unconfirmed.confirm(1, "again")
    assert not store.unconfirmed.confirm(2, "unsent")


def test_a_late_refusal_does_not_undo_a_confirmation(store, unconfirmed):
    """A late rejection leaves the confirmed job unchanged."""
    store.unconfirmed.confirm(1, "found")
    store.journal.mark_not_sent(unconfirmed, "refused after all")
    assert (store.record(1).state, store.record(1).remote_id) == ("waiting", "found")


def test_a_late_answer_with_another_id_after_confirm_is_an_event(store, unconfirmed):
    """A late response with another id is an event, because the user pays for that job, too."""
    store.unconfirmed.confirm(1, "found")
    before = len(store.events(1))
    store.journal.mark_sent(unconfirmed, {0: "found"})
    assert len(store.events(1)) == before
    store.journal.mark_sent(unconfirmed, {0: "another"})
    assert "another" in store.events(1)[-1].text
    assert store.record(1).remote_id == "found"


def test_a_resend_keeps_both_attempts(store, unconfirmed, fencing_token):
    """The job can be sent again, and both numbered attempts stay readable."""
    assert store.unconfirmed.requeue(1)
    assert not store.unconfirmed.requeue(1)
    assert states(store)[0] == "unsent"
    send(store, fencing_token, 0, "second")
    attempts = store.journal.attempts(1)
    assert [a.number for a in attempts] == [1, 2]
    assert [a.remote_id for a in attempts] == [None, "second"]
    assert store.record(1).attempts == 2


def test_a_refused_resend_leaves_the_job_unsent(store, unconfirmed, fencing_token):
    """The job does not get the state of the attempt that the user closed."""
    store.unconfirmed.requeue(1)
    (intent,) = store.journal.record_intent([1], fencing_token=fencing_token)
    store.journal.mark_not_sent(intent.attempt_id, "refused")
    assert states(store)[0] == "unsent"
    assert store.journal.record_intent([1], fencing_token=fencing_token)


def test_a_late_answer_after_a_resend_keeps_both_ids(store, unconfirmed, fencing_token):
    """The first id is kept and reported, and the job has the second one."""
    store.unconfirmed.requeue(1)
    send(store, fencing_token, 0, "second")
    assert store.journal.mark_sent(unconfirmed, {0: "first"}) is None
    assert store.record(1).remote_id == "second"
    assert store.holder_of("first", TARGET) == 1
    assert "first" in store.events(1)[-1].text


# -- crashes and leases ----------------------------------------------------------------------------


def test_attempts_of_a_dead_launcher_become_unconfirmed(store, fencing_token):
    """Taking over the lease settles only the dead launcher's attempts, including appending ones."""
    failed(store, fencing_token)
    store.journal.record_intent([2], fencing_token=fencing_token)
    store.journal.record_intent([1], fencing_token=fencing_token, rerun=True, creates_entry=True)
    lease(store)
    assert states(store) == ["error", "unconfirmed", "unsent", "unconfirmed"]
    assert not store.journal.has_in_flight()


def test_the_living_holder_keeps_its_attempts(store, fencing_token):
    """recover_from_the_dead settles attempts only if their sender is certainly gone. A dead holder
    also loses its lease.
    """
    store.journal.record_intent([1], fencing_token=fencing_token)
    store.journal.recover_from_the_dead(lambda _: False)
    assert states(store)[0] == "sending"
    assert store.lease.renew(fencing_token)
    store.journal.recover_from_the_dead(lambda _: True)
    assert states(store)[0] == "unconfirmed"
    assert store.lease.current() is None
    assert not store.lease.renew(fencing_token)


def test_a_launcher_that_slept_sends_nothing_more(store, fencing_token):
    """An intent under an outdated fencing token is rejected, and nothing is written."""
    lease(store)
    version = store.version
    with pytest.raises(GroupBusyError):
        store.journal.record_intent([1], fencing_token=fencing_token)
    assert (store.version, states(store)[0]) == (version, "unsent")
    with pytest.raises(GroupBusyError):
        store.journal.record_intent([1], fencing_token=0)


def test_an_answer_for_a_missing_attempt_is_kept_as_an_event(store, fencing_token):
    """If an earlier copy replaced the file, the id is not lost, and no job is changed."""
    before = states(store)
    assert store.journal.mark_sent(999, {0: "late-id"}) is None
    store.journal.mark_not_sent(998, "the cloud was away")
    assert store.journal.mark_unconfirmed(997, {"reason": "no answer"}) is None
    assert states(store) == before
    events = store.events()
    assert [event.entry_id for event in events] == [None, None]
    assert "late-id" in events[0].text
    assert "the cloud was away" in events[1].text
