"""The journal of reruns: those that replace, and those that append."""

from __future__ import annotations

from journalled import failed, states


def test_a_rerun_that_replaces_adds_an_attempt(store, fencing_token):
    """The same entry gets a new attempt, which stores the id that it reruns."""
    failed(store, fencing_token)
    (intent,) = store.journal.record_intent([1], fencing_token=fencing_token, rerun=True)
    assert intent.previous == {0: "r0"}
    assert states(store)[0] == "sending"
    assert store.journal.mark_sent(intent.attempt_id, {0: "r0b"}) == 1
    assert (len(store), store.record(1).remote_id, store.record(1).attempts) == (3, "r0b", 2)
    first, second = store.journal.attempts(1)
    assert (first.state, first.message, first.remote_id) == ("error", "no photons", "r0")
    assert (second.kind, second.number) == ("rerun", 2)


def test_a_refused_rerun_leaves_the_job_failed(store, fencing_token):
    """The job is still failed, keeps its id, and can be rerun."""
    failed(store, fencing_token)
    (intent,) = store.journal.record_intent([1], fencing_token=fencing_token, rerun=True)
    store.journal.mark_not_sent(intent.attempt_id, "no credits")
    record = store.record(1)
    assert (record.state, record.remote_id, record.attempts) == ("error", "r0", 1)
    assert [a.remote_id for a in store.journal.attempts(1)] == ["r0"]
    assert store.journal.record_intent([1], fencing_token=fencing_token, rerun=True)


def test_a_rerun_that_appends_adds_an_entry(store, fencing_token):
    """The old entry is unchanged during and after the request, and the new one follows."""
    failed(store, fencing_token)
    before = store.record(1)[:-1]
    (intent,) = store.journal.record_intent(
        [1], fencing_token=fencing_token, rerun=True, creates_entry=True
    )
    assert (len(store), store.record(1)[:-1]) == (3, before)
    assert (
        store.journal.record_intent(
            [1], fencing_token=fencing_token, rerun=True, creates_entry=True
        )
        == []
    )
    assert store.journal.mark_sent(intent.attempt_id, {0: "new"}) == 4
    new = store.record(4)
    assert (new.name, new.remote_id, new.rerun_of, new.labels) == ("job 0", "new", 0, {"i": 0})
    assert store.body(4) == store.body(1)
    assert store.record(1)[:-1] == before
    assert [a.number for a in store.journal.attempts(4)] == [1]
    assert [a.remote_id for a in store.journal.attempts(1)] == ["r0"]


def test_a_refused_appending_rerun_adds_nothing(store, fencing_token):
    """A rejected rerun adds no entry or attempt, and can be repeated."""
    failed(store, fencing_token)
    (intent,) = store.journal.record_intent(
        [1], fencing_token=fencing_token, rerun=True, creates_entry=True
    )
    store.journal.mark_not_sent(intent.attempt_id, "no credits")
    assert len(store) == 3
    assert len(store.journal.attempts(1)) == 1
    assert store.journal.record_intent(
        [1], fencing_token=fencing_token, rerun=True, creates_entry=True
    )


def test_an_appending_rerun_without_an_answer_is_unconfirmed(store, fencing_token):
    """The new entry is unconfirmed, and the user decides about it."""
    failed(store, fencing_token)
    (intent,) = store.journal.record_intent(
        [1], fencing_token=fencing_token, rerun=True, creates_entry=True
    )
    assert store.journal.mark_unconfirmed(intent.attempt_id, {"reason": "lost"}) == 4
    assert states(store) == ["error", "unsent", "unsent", "unconfirmed"]
    assert store.record(4).rerun_of == 0
    assert store.unconfirmed.confirm(4, "found")


def test_two_reruns_of_one_job_each_get_an_entry(store, fencing_token):
    """One after the other, the same failed job can be appended as often as requested."""
    failed(store, fencing_token)
    for nth in (3, 4):
        (intent,) = store.journal.record_intent(
            [1], fencing_token=fencing_token, rerun=True, creates_entry=True
        )
        assert store.journal.mark_sent(intent.attempt_id, {0: f"new {nth}"}) == nth + 1
    assert [r.rerun_of for r in store.records()] == [None, None, None, 0, 0]
