"""The journal of sending: each way in which a request can end, and what the file says then."""

from __future__ import annotations

import itertools

import pytest

from jobgroup.errors import DuplicateJobError, GroupBusyError
from jobgroup.providers.base import RemoteStatus
from jobgroup.store import GroupStore, NewJob, Target

TARGET = Target("quandela", "https://cloud.example", "", "sim:altair")
BODY = {"payload": {"command": "probs"}, "platform_name": "sim:altair"}


@pytest.fixture
def path(tmp_path):
    """Of the group's file."""
    return tmp_path / "g.jobgroup"


@pytest.fixture
def store(path):
    """A group of three unsent jobs."""
    store = GroupStore(path, create="g")
    store.add(NewJob(f"job {i}", TARGET, {**BODY, "n": i}, labels={"i": i}) for i in range(3))
    yield store
    store.close()


_owners = itertools.count()


def _lease(store, *, live=False):
    holder = {"owner": f"owner {next(_owners)}", "host": "here", "pid": 1, "started": ""}
    return store.lease.take(holder, is_live=lambda _: live, on_taken=store.journal.recover)


@pytest.fixture
def generation(store):
    """Of the lease that this test sends under."""
    return _lease(store).generation


def _states(store):
    return [r.state for r in store.records()]


def _send(store, generation, position, remote_id):
    (intent,) = store.journal.intend([position], generation=generation)
    store.journal.settle_sent(intent.attempt_id, remote_id)
    return intent.attempt_id


def _told(state, **fields):
    return RemoteStatus(word=state, state=state, **fields)


def _failed(store, generation, position=0, remote_id="r0"):
    attempt_id = _send(store, generation, position, remote_id)
    store.reports.apply([(attempt_id, _told("error", message="no photons"))])
    return attempt_id


# -- the first send --------------------------------------------------------------------------------


def test_an_intent_is_on_disk_before_the_request(store, generation, path):
    """Another connection sees the job as sending, with the key that goes along."""
    (intent,) = store.journal.intend([1], generation=generation)
    other = GroupStore(path)
    assert _states(other) == ["unsent", "sending", "unsent"]
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
        store.journal.settle_unsent(intent.attempt_id, "refused")
    assert len(keys) == 5


def test_sent(store, generation):
    """The id is with the job, the job can be polled, and found by its id."""
    attempt_id = _send(store, generation, 1, "r1")
    record = store.record(1)
    assert (record.state, record.remote_id, record.attempts) == ("waiting", "r1", 1)
    assert record.sent_at >= record.intent_at
    assert [row[:3] for row in store.reports.pollable()] == [(attempt_id, 1, "r1")]
    assert store.position_of("r1") == 1
    assert not store.journal.has_in_flight()


def test_certainly_not_sent(store, generation):
    """The job is as it was, the sentence stays with it and in its events."""
    (intent,) = store.journal.intend([0], generation=generation)
    store.journal.settle_unsent(intent.attempt_id, "The plan allows no more.")
    record = store.record(0)
    assert (record.state, record.attempts, record.remote_id) == ("unsent", 0, None)
    assert record.message == "The plan allows no more."
    assert store.journal.attempts(0) == []
    assert [e.text for e in store.events(0)] == ["The plan allows no more."]
    _send(store, generation, 0, "r0")
    assert store.record(0).message is None


def test_unclear(store, generation):
    """The job is unconfirmed with its evidence; it is neither polled nor intended."""
    (intent,) = store.journal.intend([0], generation=generation)
    evidence = {"reason": "no answer", "status_code": None, "asked_at": 1.5}
    assert store.journal.settle_unclear(intent.attempt_id, evidence) == 0
    assert _states(store)[0] == "unconfirmed"
    assert store.journal.attempts(0)[0].evidence == evidence
    assert store.record(0).message == "no answer"
    assert store.reports.pollable() == []
    assert store.journal.intend([0], generation=generation) == []
    assert store.journal.intend([0], generation=generation, rerun=True) == []


def test_a_late_answer_is_taken(store, generation):
    """An id that comes after the attempt was given up settles it."""
    (intent,) = store.journal.intend([0], generation=generation)
    store.journal.settle_unclear(intent.attempt_id, {"reason": "slept"})
    assert store.journal.settle_sent(intent.attempt_id, "late") == 0
    assert (store.record(0).state, store.record(0).remote_id) == ("waiting", "late")
    assert store.record(0).message is None


def test_a_late_refusal_is_taken(store, generation):
    """So does the certainty that nothing was sent."""
    (intent,) = store.journal.intend([0], generation=generation)
    store.journal.settle_unclear(intent.attempt_id, {"reason": "slept"})
    store.journal.settle_unsent(intent.attempt_id, "refused")
    assert _states(store)[0] == "unsent"


# -- what the user decides -------------------------------------------------------------------------


@pytest.fixture
def doubtful(store, generation):
    """The attempt of job 0, whose fate is unknown."""
    (intent,) = store.journal.intend([0], generation=generation)
    store.journal.settle_unclear(intent.attempt_id, {"reason": "no answer"})
    return intent.attempt_id


def test_confirm(store, doubtful):
    """The job is polled under the id that the user gave, and the event says so."""
    assert store.journal.confirm(0, "found")
    assert (store.record(0).state, store.record(0).remote_id) == ("waiting", "found")
    assert store.record(0).message is None
    assert [row[:3] for row in store.reports.pollable()] == [(doubtful, 0, "found")]
    assert "found" in store.events(0)[-1].text
    assert not store.journal.confirm(0, "again")
    assert not store.journal.confirm(1, "unsent")


def test_what_the_user_confirmed_is_not_undone(store, doubtful):
    """A late "it was not sent" does not take the confirmed job away."""
    store.journal.confirm(0, "found")
    store.journal.settle_unsent(doubtful, "refused after all")
    assert (store.record(0).state, store.record(0).remote_id) == ("waiting", "found")


def test_a_late_answer_after_confirm(store, doubtful):
    """A different id is told as an event, since that job is paid for too; the same one is not."""
    store.journal.confirm(0, "found")
    before = len(store.events(0))
    store.journal.settle_sent(doubtful, "found")
    assert len(store.events(0)) == before
    store.journal.settle_sent(doubtful, "another")
    assert "another" in store.events(0)[-1].text
    assert store.record(0).remote_id == "found"


def test_give_back(store, doubtful, generation):
    """The job can be sent again; both attempts stay readable, with their numbers."""
    assert store.journal.give_back(0)
    assert not store.journal.give_back(0)
    assert _states(store)[0] == "unsent"
    _send(store, generation, 0, "second")
    attempts = store.journal.attempts(0)
    assert [a.number for a in attempts] == [1, 2]
    assert [a.remote_id for a in attempts] == [None, "second"]
    assert store.record(0).attempts == 2


def test_a_resend_that_is_refused_is_unsent(store, doubtful, generation):
    """Not the state of an attempt that was closed by the user."""
    store.journal.give_back(0)
    (intent,) = store.journal.intend([0], generation=generation)
    store.journal.settle_unsent(intent.attempt_id, "refused")
    assert _states(store)[0] == "unsent"
    assert store.journal.intend([0], generation=generation)


def test_a_late_answer_after_give_back(store, doubtful, generation):
    """The job was sent twice then: the first id is kept and told, the second one is the job's."""
    store.journal.give_back(0)
    _send(store, generation, 0, "second")
    assert store.journal.settle_sent(doubtful, "first") is None
    assert store.record(0).remote_id == "second"
    assert store.position_of("first") == 0
    assert "first" in store.events(0)[-1].text


# -- reruns ----------------------------------------------------------------------------------------


def test_a_rerun_that_replaces(store, generation):
    """A new attempt of the same entry, which knows the id that it reruns."""
    _failed(store, generation)
    (intent,) = store.journal.intend([0], generation=generation, rerun=True)
    assert intent.previous_remote_id == "r0"
    assert _states(store)[0] == "sending"
    assert store.journal.settle_sent(intent.attempt_id, "r0b") == 0
    assert (len(store), store.record(0).remote_id, store.record(0).attempts) == (3, "r0b", 2)
    first, second = store.journal.attempts(0)
    assert (first.state, first.message, first.remote_id) == ("error", "no photons", "r0")
    assert (second.kind, second.number) == ("rerun", 2)


def test_a_rerun_that_is_refused(store, generation):
    """The job is as it was: failed, with its old id and a rerun to come."""
    _failed(store, generation)
    (intent,) = store.journal.intend([0], generation=generation, rerun=True)
    store.journal.settle_unsent(intent.attempt_id, "no credits")
    record = store.record(0)
    assert (record.state, record.remote_id, record.attempts) == ("error", "r0", 1)
    assert [a.remote_id for a in store.journal.attempts(0)] == ["r0"]
    assert store.journal.intend([0], generation=generation, rerun=True)


def test_a_rerun_that_appends(store, generation):
    """The old entry is untouched while the request is under way and after; the new one follows."""
    _failed(store, generation)
    before = store.record(0)[:-1]
    (intent,) = store.journal.intend([0], generation=generation, rerun=True, appends=True)
    assert (len(store), store.record(0)[:-1]) == (3, before)
    assert store.journal.intend([0], generation=generation, rerun=True, appends=True) == []
    assert store.journal.settle_sent(intent.attempt_id, "new") == 3
    new = store.record(3)
    assert (new.name, new.remote_id, new.rerun_of, new.labels) == ("job 0", "new", 0, {"i": 0})
    assert store.body(3) == store.body(0)
    assert store.record(0)[:-1] == before
    assert [a.number for a in store.journal.attempts(3)] == [1]
    assert [a.remote_id for a in store.journal.attempts(0)] == ["r0"]


def test_an_appending_rerun_that_is_refused(store, generation):
    """No entry, no attempt, and it can be tried again."""
    _failed(store, generation)
    (intent,) = store.journal.intend([0], generation=generation, rerun=True, appends=True)
    store.journal.settle_unsent(intent.attempt_id, "no credits")
    assert len(store) == 3
    assert len(store.journal.attempts(0)) == 1
    assert store.journal.intend([0], generation=generation, rerun=True, appends=True)


def test_an_appending_rerun_without_an_answer(store, generation):
    """The new entry is there, unconfirmed, for the user to decide about."""
    _failed(store, generation)
    (intent,) = store.journal.intend([0], generation=generation, rerun=True, appends=True)
    assert store.journal.settle_unclear(intent.attempt_id, {"reason": "lost"}) == 3
    assert _states(store) == ["error", "unsent", "unsent", "unconfirmed"]
    assert store.record(3).rerun_of == 0
    assert store.journal.confirm(3, "found")


def test_two_reruns_of_one_job_each_get_an_entry(store, generation):
    """One after the other the same failed job can be appended as often as is asked for."""
    _failed(store, generation)
    for nth in (3, 4):
        (intent,) = store.journal.intend([0], generation=generation, rerun=True, appends=True)
        assert store.journal.settle_sent(intent.attempt_id, f"new {nth}") == nth
    assert [r.rerun_of for r in store.records()] == [None, None, None, 0, 0]


# -- crashes and leases ----------------------------------------------------------------------------


def test_what_a_dead_launcher_left_is_unconfirmed(store, generation):
    """Taking the lease over settles its attempts, appending ones too, and nothing else."""
    _failed(store, generation)
    store.journal.intend([1], generation=generation)
    store.journal.intend([0], generation=generation, rerun=True, appends=True)
    _lease(store)
    assert _states(store) == ["error", "unconfirmed", "unsent", "unconfirmed"]
    assert not store.journal.has_in_flight()


def test_the_living_holder_keeps_its_attempts(store, generation):
    """recover_if_abandoned leaves them while somebody lives, and settles them after."""
    store.journal.intend([0], generation=generation)
    store.journal.recover_if_abandoned(lambda _: True)
    assert _states(store)[0] == "sending"
    store.journal.recover_if_abandoned(lambda _: False)
    assert _states(store)[0] == "unconfirmed"


def test_a_launcher_that_slept_sends_nothing_more(store, generation):
    """An intent under a generation that has changed hands is refused, and nothing is written."""
    _lease(store)
    version = store.version
    with pytest.raises(GroupBusyError):
        store.journal.intend([0], generation=generation)
    assert (store.version, _states(store)[0]) == (version, "unsent")
    with pytest.raises(GroupBusyError):
        store.journal.intend([0], generation=0)


# -- what the cloud says ---------------------------------------------------------------------------


def test_answers_are_recorded_together(store, generation):
    """One version for many answers; what is told already is no change."""
    attempts = [_send(store, generation, i, f"r{i}") for i in range(3)]
    version = store.version
    told = [(a, _told("running", progress=0.5, message="half")) for a in attempts]
    assert store.reports.apply(told) == [0, 1, 2]
    assert store.version == version + 1
    assert store.reports.apply(told) == []
    assert store.version == version + 1
    assert store.changes_since(version).positions == [0, 1, 2]


def test_what_has_ended_never_changes_again(store, generation, path):
    """Whichever process hears of it first; an answer that was under way comes too late."""
    attempt_id = _send(store, generation, 0, "r0")
    other = GroupStore(path)
    other.reports.apply([(attempt_id, _told("success", duration_s=3.0, started_at=10.0))])
    other.close()
    assert store.reports.apply([(attempt_id, _told("running"))]) == []
    store.reports.note_problem(attempt_id, "404")
    store.reports.note_cancel(attempt_id)
    record = store.record(0)
    assert (record.state, record.message, record.progress) == ("success", None, 1.0)
    assert store.reports.pollable() == []
    assert store.reports.durations() == [3.0]


def test_a_suspended_job_comes_back(store, generation):
    """Suspended and unknown are not the end."""
    attempt_id = _send(store, generation, 0, "r0")
    for state in ("suspended", "unknown", "running", "waiting", "canceled"):
        assert store.reports.apply([(attempt_id, _told(state))]) == [0]
        assert _states(store)[0] == state


def test_an_answer_about_an_old_attempt(store, generation):
    """A rerun's job is not changed by what is told of the attempt before."""
    old = _failed(store, generation)
    (intent,) = store.journal.intend([0], generation=generation, rerun=True)
    store.journal.settle_sent(intent.attempt_id, "r0b")
    assert store.reports.apply([(old, _told("success"))]) == []
    assert _states(store)[0] == "waiting"


def test_cancellation_is_noted(store, generation):
    """The state says that it was asked for, until the cloud says more."""
    attempt_id = _send(store, generation, 0, "r0")
    store.reports.note_cancel(attempt_id)
    assert _states(store)[0] == "cancel_requested"
    assert [row[1] for row in store.reports.pollable()] == [0]
    store.reports.apply([(attempt_id, _told("canceled"))])
    assert _states(store)[0] == "canceled"


def test_what_changed_since_a_version_is_told(store, generation):
    """Every job that changed, with whether it may change again: an ended one may not."""
    first, second, _ = (_send(store, generation, i, f"r{i}") for i in range(3))
    version = store.version
    assert [row.position for row in store.reports.pollable()] == [0, 1, 2]
    store.reports.apply([(first, _told("success")), (second, _told("running"))])
    changed = [(row.remote_id, row.may_change) for row in store.reports.pollable(version)]
    assert changed == [("r0", False), ("r1", True)]
    assert store.reports.pollable(store.version) == []


def test_a_problem_is_told_once(store, generation):
    """The same trouble twice is one change."""
    attempt_id = _send(store, generation, 0, "r0")
    store.reports.note_problem(attempt_id, "garbage")
    version = store.version
    store.reports.note_problem(attempt_id, "garbage")
    assert (store.version, store.record(0).message) == (version, "garbage")


# -- adding ----------------------------------------------------------------------------------------


def test_an_id_is_in_a_group_once(store, generation):
    """Of any attempt; two of the same in one call are refused as well, and none is added."""
    _failed(store, generation)
    known = NewJob("known", TARGET, None, remote_id="r0", state="waiting")
    with pytest.raises(DuplicateJobError, match="position 0"):
        store.add([known])
    new = NewJob("new", TARGET, None, remote_id="r9", state="waiting")
    with pytest.raises(DuplicateJobError, match="r9"):
        store.add([new, new])
    assert len(store) == 3
    assert store.add([new]) == [3]
    assert (store.record(3).state, store.journal.attempts(3)[0].kind) == ("waiting", "adopted")


def test_an_exception_while_adding_adds_nothing(store):
    """Neither the jobs before it, nor their platforms; the store goes on working."""

    def jobs():
        yield NewJob("first", Target("quandela", "https://other", "", "p"), BODY)
        raise KeyError("mine")

    version = store.version
    with pytest.raises(KeyError, match="mine"):
        store.add(jobs())
    assert (len(store), store.version) == (3, version)
    assert store.add([NewJob("ok", Target("quandela", "https://other", "", "p"), BODY)]) == [3]
    assert store.record(3).origin == "https://other"


def test_bodies_come_back_as_they_were(store):
    """Unicode, nesting, numbers and order; the same content is stored once."""
    body = {"payload": {"z": 1, "a": [1.5, None, True, {"é": "\u2028 ħ"}], "big": "x" * 200_000}}
    first = store.add(NewJob(f"n{i}", TARGET, body) for i in range(50))
    assert store.body(first[0]) == store.body(first[-1]) == body
    assert list(store.body(first[0])["payload"]) == ["z", "a", "big"]
    assert store.path.stat().st_size < 500_000
    assert store.body(99) is None
