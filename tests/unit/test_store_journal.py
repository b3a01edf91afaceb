"""The journal of sending: each way in which a request can end, and what the file says then."""

from __future__ import annotations

import pytest
from journalled import TARGET, failed, lease, send, states

from jobgroup.errors import GroupBusyError
from jobgroup.store import GroupStore

# -- the first send --------------------------------------------------------------------------------


def test_an_intent_is_on_disk_before_the_request(store, generation, path):
    """Another connection sees the job as sending, with the key that goes along."""
    (intent,) = store.journal.intend([1], generation=generation)
    other = GroupStore(path)
    assert states(other) == ["unsent", "sending", "unsent"]
    (attempt,) = other.journal.attempts(1)
    assert (attempt.key, attempt.kind, attempt.number) == (intent.key, "create", 1)
    assert (intent.name, intent.target, intent.previous_remote_id) == ("job 1", TARGET, None)
    assert other.journal.has_in_flight()
    other.close()


def test_an_intent_is_given_once(store, generation):
    """A job under way is not intended again; nor is one that is not there, or not failed."""
    store.journal.intend([0], generation=generation)
    assert store.journal.intend([0, 7, -1], generation=generation) == []
    assert store.journal.intend([0, 1], generation=generation, rerun=True) == []
    assert [i.position for i in store.journal.intend([2, 0, 1], generation=generation)] == [2, 1]


def test_keys_are_never_used_twice(store, generation):
    """Each attempt has its own, also of the same job."""
    keys = set()
    for _ in range(5):
        (intent,) = store.journal.intend([0], generation=generation)
        keys.add(intent.key)
        store.journal.mark_not_sent(intent.attempt_id, "refused")
    assert len(keys) == 5


def test_sent(store, generation):
    """The id is with the job, the job can be polled, and found by its id."""
    attempt_id = send(store, generation, 1, "r1")
    record = store.record(1)
    assert (record.state, record.remote_id, record.attempts) == ("waiting", "r1", 1)
    assert record.sent_at >= record.intent_at
    assert [row[:3] for row in store.reports.list_pollable()] == [(attempt_id, 1, "r1")]
    assert store.position_of("r1", TARGET) == 1
    assert not store.journal.has_in_flight()


def test_certainly_not_sent(store, generation):
    """The job is as it was, the sentence stays with it and in its events."""
    (intent,) = store.journal.intend([0], generation=generation)
    store.journal.mark_not_sent(intent.attempt_id, "The plan allows no more.")
    record = store.record(0)
    assert (record.state, record.attempts, record.remote_id) == ("unsent", 0, None)
    assert record.message == "The plan allows no more."
    assert store.journal.attempts(0) == []
    assert [e.text for e in store.events(0)] == ["The plan allows no more."]
    send(store, generation, 0, "r0")
    assert store.record(0).message is None


def test_unclear(store, generation):
    """The job is unconfirmed with its evidence; it is neither polled nor intended."""
    (intent,) = store.journal.intend([0], generation=generation)
    evidence = {"reason": "no answer", "status_code": None, "asked_at": 1.5}
    assert store.journal.mark_unconfirmed(intent.attempt_id, evidence) == 0
    assert states(store)[0] == "unconfirmed"
    assert store.journal.attempts(0)[0].evidence == evidence
    assert store.record(0).message == "no answer"
    assert store.reports.list_pollable() == []
    assert store.journal.intend([0], generation=generation) == []
    assert store.journal.intend([0], generation=generation, rerun=True) == []


def test_a_late_answer_is_taken(store, generation):
    """An id that comes after the attempt was given up settles it."""
    (intent,) = store.journal.intend([0], generation=generation)
    store.journal.mark_unconfirmed(intent.attempt_id, {"reason": "slept"})
    assert store.journal.mark_sent(intent.attempt_id, "late") == 0
    assert (store.record(0).state, store.record(0).remote_id) == ("waiting", "late")
    assert store.record(0).message is None


def test_a_late_refusal_is_taken(store, generation):
    """So does the certainty that nothing was sent."""
    (intent,) = store.journal.intend([0], generation=generation)
    store.journal.mark_unconfirmed(intent.attempt_id, {"reason": "slept"})
    store.journal.mark_not_sent(intent.attempt_id, "refused")
    assert states(store)[0] == "unsent"


# -- what the user decides -------------------------------------------------------------------------


@pytest.fixture
def doubtful(store, generation):
    """The attempt of job 0, whose fate is unknown."""
    (intent,) = store.journal.intend([0], generation=generation)
    store.journal.mark_unconfirmed(intent.attempt_id, {"reason": "no answer"})
    return intent.attempt_id


def test_confirm(store, doubtful):
    """The job is polled under the id that the user gave, and the event says so."""
    assert store.journal.confirm(0, "found")
    assert (store.record(0).state, store.record(0).remote_id) == ("waiting", "found")
    assert store.record(0).message is None
    assert [row[:3] for row in store.reports.list_pollable()] == [(doubtful, 0, "found")]
    assert "found" in store.events(0)[-1].text
    assert not store.journal.confirm(0, "again")
    assert not store.journal.confirm(1, "unsent")


def test_what_the_user_confirmed_is_not_undone(store, doubtful):
    """A late "it was not sent" does not take the confirmed job away."""
    store.journal.confirm(0, "found")
    store.journal.mark_not_sent(doubtful, "refused after all")
    assert (store.record(0).state, store.record(0).remote_id) == ("waiting", "found")


def test_a_late_answer_after_confirm(store, doubtful):
    """A different id is told as an event, since that job is paid for too; the same one is not."""
    store.journal.confirm(0, "found")
    before = len(store.events(0))
    store.journal.mark_sent(doubtful, "found")
    assert len(store.events(0)) == before
    store.journal.mark_sent(doubtful, "another")
    assert "another" in store.events(0)[-1].text
    assert store.record(0).remote_id == "found"


def test_give_back(store, doubtful, generation):
    """The job can be sent again; both attempts stay readable, with their numbers."""
    assert store.journal.give_back(0)
    assert not store.journal.give_back(0)
    assert states(store)[0] == "unsent"
    send(store, generation, 0, "second")
    attempts = store.journal.attempts(0)
    assert [a.number for a in attempts] == [1, 2]
    assert [a.remote_id for a in attempts] == [None, "second"]
    assert store.record(0).attempts == 2


def test_a_resend_that_is_refused_is_unsent(store, doubtful, generation):
    """Not the state of an attempt that was closed by the user."""
    store.journal.give_back(0)
    (intent,) = store.journal.intend([0], generation=generation)
    store.journal.mark_not_sent(intent.attempt_id, "refused")
    assert states(store)[0] == "unsent"
    assert store.journal.intend([0], generation=generation)


def test_a_late_answer_after_give_back(store, doubtful, generation):
    """The job was sent twice then: the first id is kept and told, the second one is the job's."""
    store.journal.give_back(0)
    send(store, generation, 0, "second")
    assert store.journal.mark_sent(doubtful, "first") is None
    assert store.record(0).remote_id == "second"
    assert store.position_of("first", TARGET) == 0
    assert "first" in store.events(0)[-1].text


# -- crashes and leases ----------------------------------------------------------------------------


def test_what_a_dead_launcher_left_is_unconfirmed(store, generation):
    """Taking the lease over settles its attempts, appending ones too, and nothing else."""
    failed(store, generation)
    store.journal.intend([1], generation=generation)
    store.journal.intend([0], generation=generation, rerun=True, appends=True)
    lease(store)
    assert states(store) == ["error", "unconfirmed", "unsent", "unconfirmed"]
    assert not store.journal.has_in_flight()


def test_the_living_holder_keeps_its_attempts(store, generation):
    """recover_if_abandoned leaves them unless their sender is certainly gone; that costs the dead
    its lease, so that it could not go on if it were not.
    """
    store.journal.intend([0], generation=generation)
    store.journal.recover_if_abandoned(lambda _: False)
    assert states(store)[0] == "sending"
    assert store.lease.beat(generation)
    store.journal.recover_if_abandoned(lambda _: True)
    assert states(store)[0] == "unconfirmed"
    assert store.lease.current() is None
    assert not store.lease.beat(generation)


def test_a_launcher_that_slept_sends_nothing_more(store, generation):
    """An intent under a generation that has changed hands is refused, and nothing is written."""
    lease(store)
    version = store.version
    with pytest.raises(GroupBusyError):
        store.journal.intend([0], generation=generation)
    assert (store.version, states(store)[0]) == (version, "unsent")
    with pytest.raises(GroupBusyError):
        store.journal.intend([0], generation=0)
