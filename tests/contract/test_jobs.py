"""Tests that a group's jobs replace Perceval's: the same names, meanings and equality."""

from __future__ import annotations

import inspect
import itertools

import perceval as pcvl
import pytest
from perceval.providers.quandela.rpc_handler import RPCHandler
from perceval.runtime import JobStatus as PercevalStatus
from perceval.runtime import RunningStatus as PercevalWord
from scripted_cloud import DROP

from jobgroup import (
    DuplicateJobError,
    InvalidOverrideError,
    JobGroup,
    JobGroupError,
    JobStatus,
    RemoteJob,
    RunningStatus,
    UnconfirmedJobError,
)
from jobgroup.status import FAILED, ON_CLOUD, TERMINAL

SURFACE = (
    *("id", "name", "status", "was_sent", "is_complete", "is_success", "is_failed"),
    *("is_running", "is_waiting", "execute_async", "execute_sync", "cancel", "rerun"),
    "get_results",
)
STATUS_SURFACE = (
    *("status", "waiting", "running", "completed", "canceled", "success", "failed"),
    *("maybe_completed", "unknown", "stop_message", "progress", "message", "running_time"),
    *("creation_timestamp", "start_timestamp", "duration"),
)


def test_job_has_the_members_of_percevals():
    """Scripts find each property and method that they use on a list of Perceval's jobs."""
    for name in SURFACE:
        ours = inspect.getattr_static(RemoteJob, name)
        theirs = inspect.getattr_static(pcvl.RemoteJob, name)
        assert isinstance(ours, property) == isinstance(theirs, property), name


def test_status_has_the_members_of_percevals():
    """A status has every public property of Perceval's. Both can be called and printed."""
    theirs = {n for n, v in vars(PercevalStatus).items() if isinstance(v, property)}
    assert theirs == set(STATUS_SURFACE)
    status = JobStatus()
    for name in STATUS_SURFACE:
        getattr(status, name)
    assert status() == str(status) == "WAITING"


def _theirs(word, message="why", *, progress=0.25):
    status = PercevalStatus()
    status.status = PercevalWord[word]
    status.update_times(100.0, 110.0, 5 if status.completed else 0)
    status._message = message  # noqa: SLF001
    status._running_progress = progress  # noqa: SLF001
    return status


@pytest.mark.parametrize("word", [w.name for w in RunningStatus])
def test_status_properties_equal_percevals(word):
    """Each boolean property and message has Perceval's value for each status word."""
    theirs = _theirs(word)
    ours = JobStatus(
        status=RunningStatus[word],
        message="why",
        progress=0.25,
        creation_timestamp=100.0,
        start_timestamp=110.0,
        duration=5 if theirs.completed else 0,
    )
    compared = [n for n in STATUS_SURFACE if n != "running_time"]
    assert {n: getattr(ours, n) for n in compared} == {n: getattr(theirs, n) for n in compared}
    assert ours() == theirs()
    assert str(ours) == str(theirs)
    if theirs.completed:
        assert ours.running_time == theirs.running_time == 5


def test_running_status_equals_percevals_by_name():
    """Equality works both ways, depends on the name, and makes one element in a set or dict."""
    assert [w.name for w in RunningStatus] == [w.name for w in PercevalWord]
    for ours, theirs in itertools.product(RunningStatus, PercevalWord):
        same = ours.name == theirs.name
        assert (ours == theirs, theirs == ours) == (same, same)
        assert (ours != theirs, theirs != ours) == (not same, not same)
        assert len({ours, theirs}) == (1 if same else 2)
        assert (theirs in {ours: 0}, ours in {theirs: 0}) == (same, same)
    assert RunningStatus.SUCCESS not in ("SUCCESS", "success", 0, None)


@pytest.mark.parametrize(
    "word",
    [
        *("completed", "waiting", "running", "error", "canceled", "suspended", "unknown"),
        *("cancel_requested", "gibberish"),
    ],
)
def test_status_words_are_read_as_in_perceval(word):
    """from_server_response returns the same status for every word of the cloud."""
    assert RunningStatus.from_server_response(word) == PercevalWord.from_server_response(word)


def test_unsent_job_is_waiting_without_id(group, scripted):
    """As in Perceval, an unsent job's status is WAITING, and no request is sent for it."""
    job = group(scripted, 1)[0]
    assert (job.id, job.was_sent, job.status(), job.is_waiting) == (None, False, "WAITING", True)
    assert (job.is_complete, job.is_success, job.is_failed, job.is_running) == (False,) * 4
    assert repr(job) == str(job) == "RemoteJob 'job 0', id:None, status:not sent"
    assert scripted.asked == []


_WORDS = ("waiting", "running", "cancel_requested", "suspended", "odd", "completed", "error")


@pytest.mark.parametrize("word", [*_WORDS, "canceled"])
def test_job_equals_percevals_in_each_status(word, group, scripted):
    """Job and status equal Perceval's own client after the same response."""
    jg = group(scripted, 1)
    jg.run_parallel()
    scripted.tell(
        jg[0].id,
        word,
        status_message="said",
        progress=0.5,
        progress_message="doing",
        creation_datetime=100.5,
        start_time=110.5,
        duration=5,
    )
    theirs = pcvl.RemoteJob.from_id(jg[0].id, RPCHandler("p", scripted.url, scripted.token))
    ours = jg[0]
    booleans = ("is_complete", "is_success", "is_failed", "is_running", "is_waiting", "was_sent")
    assert [getattr(ours, n) for n in booleans] == [getattr(theirs, n) for n in booleans]
    assert ours.status.status == theirs.status.status
    compared = ("stop_message", "creation_timestamp")
    if ours.is_running:
        compared += ("progress", "message", "start_timestamp")
    if ours.is_complete:
        compared += ("duration", "running_time", "start_timestamp")
    for name in compared:
        assert getattr(ours.status, name) == getattr(theirs.status, name), name
    assert str(ours)[len("RemoteJob 'job 0'") :] == str(theirs)[len("RemoteJob 'resumed'") :]


def test_job_fetches_its_own_results(cloud, group):
    """get_results of one job, and execute_sync, return the group's result."""
    jg = group(cloud, 2, results={"|1,0>": 3})
    first = jg[0].execute_sync()
    jg[1].execute_async()
    jg.wait(120)
    assert [first, jg[1].get_results()] == jg.get_results()
    assert first["results"] == {"|1,0>": 3}


def test_missing_results_raise(ended, timer, scripted):
    """As in Perceval, RuntimeError is raised for a running, unsent or failed job."""
    jg = ended("running", "error", "suspended", "completed")
    jg.add(timer(scripted))
    for position in (0, 2, 4):
        with pytest.raises(RuntimeError, match="not available"):
            jg[position].get_results()
    scripted.results[jg[1].id] = {"results": None}
    with pytest.raises(RuntimeError, match="The job failed: it is error"):
        jg[1].get_results()
    scripted.results[jg[3].id] = {"results": "not JSON"}
    with pytest.raises(JobGroupError):
        jg[3].get_results()


def test_execute_async_sends_one_job(group, scripted):
    """The call sends only that job, and returns when its id is known. A second call is rejected."""
    jg = group(scripted, 3)
    assert jg[1].execute_async() == jg[1]
    assert [j.id for j in jg] == [None, scripted.ids()[0], None]
    with pytest.raises(RuntimeError, match="already sent"):
        jg[1].execute_async()
    assert scripted.count("create") == 1


def test_cancel_cancels_one_job(ended, timer, scripted):
    """The cloud is asked to cancel unfinished jobs. Others raise RuntimeError with Perceval's
    text.
    """
    jg = ended("running", "completed", "error", "suspended", "waiting")
    jg.add(timer(scripted))
    for position in (0, 3, 4):
        jg[position].cancel()
    for position in (1, 2, 5):
        with pytest.raises(RuntimeError, match="not waiting or running, cannot cancel"):
            jg[position].cancel()
    assert scripted.count("cancel") == 3


def test_refused_cancel_raises(ended, scripted):
    """The error has the cloud's text, and the job stays as it was."""
    jg = ended("running")
    scripted.faults["cancel"] = lambda *_: (400, {"error": "Can not cancel job: too late"})
    with pytest.raises(JobGroupError, match="Can not cancel job: too late"):
        jg[0].cancel()
    assert jg[0].state == "running"


def test_repeated_cancel_of_an_ended_job_is_no_error(ended, scripted):
    """The job may have ended after the first request, without having been polled since."""
    jg = ended("running")
    jg[0].cancel()
    scripted.faults["cancel"] = lambda *_: (400, {"error": "Can not cancel job: it is canceled"})
    assert jg.cancel() == [0]
    assert scripted.count("cancel") == 2


def test_job_name_can_be_set(group, scripted, from_file):
    """As in Perceval, a name is a string, and "unnamed" by default. The cloud gets it."""
    jg = group(scripted, 2)
    jg[0].name = "renamed"
    jg[1].name = ""
    with pytest.raises(TypeError):
        jg[0].name = 3
    assert [j["name"] for j in from_file()] == ["renamed", "unnamed"]
    jg.run_parallel()
    assert [b["job_name"] for b in scripted.bodies()] == ["renamed", "unnamed"]


def test_none_removes_a_note_and_a_description(scripted, timer):
    """None is not stored as text."""
    jg = JobGroup("noted")
    jg.add(timer(scripted))
    for text, stored in (("why", "why"), (None, "")):
        jg.description = jg[0].note = text
        assert (jg.description, jg[0].note) == (stored, stored)


def test_notes_and_labels_stay_with_the_job(scripted, timer, in_child):
    """Notes and labels are on disk, and an appended rerun inherits them."""
    jg = JobGroup("noted")
    jg.add(timer(scripted), labels={"phi": 0.3, "source": "QD 7", "n": 2})
    jg[0].note = "realigned = before this one"
    jg.run_parallel()
    scripted.tell(jg[0].id, "error")
    jg.rerun_failed_parallel(replace_failed_jobs=False)
    said = in_child(
        "import json; from jobgroup import JobGroup\n"
        "print(json.dumps([[j.note, j.labels] for j in JobGroup.open('noted')]))"
    )
    assert said == [["realigned = before this one", {"phi": 0.3, "source": "QD 7", "n": 2}]] * 2


@pytest.mark.parametrize("labels", ["phi", 3, [("phi", 1)]])
def test_labels_must_be_a_dictionary(labels, scripted, timer):
    """Other types are rejected with an example, and nothing is added."""
    jg = JobGroup("labels")
    with pytest.raises(TypeError, match="labels must be a dict"):
        jg.add(timer(scripted), labels=labels)
    assert len(jg) == 0


def test_group_indexes_and_iterates_like_a_list(group, scripted):
    """A group has a length, indexes (also negative), slices, iteration and equality."""
    jg = group(scripted, 4)
    jobs = jg.remote_jobs
    assert (len(jg), len(jobs)) == (4, 4)
    assert [jg[0], jg[-1]] == [jobs[0], jobs[3]]
    assert jg[1:3] == jobs[1:3]
    assert jg[::-1] == jobs[::-1]
    assert list(jg) == jobs
    assert jobs[1] in jobs
    assert jobs.index(jg[2]) == 2
    assert len({*jobs, *jg.remote_jobs}) == 4
    for wrong in (4, -5):
        with pytest.raises(IndexError, match="4 jobs"):
            jg[wrong]


def test_job_lists_match_their_states(ended, timer, scripted):
    """Active means waiting or running, and unsuccessful means error or canceled. No job is in two
    lists.
    """
    words = ("completed", "waiting", "running", "error", "canceled", "suspended", "odd")
    jg = ended(*words, "cancel_requested")
    jg.add(timer(scripted))
    listed = [
        jg.list_successful_jobs(),
        jg.list_active_jobs(),
        jg.list_unsuccessful_jobs(),
        jg.list_unsent_jobs(),
        jg.list_unconfirmed_jobs(),
    ]
    assert [[j.position for j in jobs] for jobs in listed] == [[0], [1, 2], [3, 4], [8], []]
    assert all(isinstance(j, RemoteJob) for jobs in listed for j in jobs)


def test_added_sent_job_keeps_its_details(cloud, sampler):
    """An added finished Perceval job has its id, status and results. Nothing is sent."""
    job = sampler(cloud).probs
    job.execute_async()
    jg = JobGroup("taken over")
    jg.add(job)
    assert (jg[0].id, jg[0].was_sent, jg[0].name) == (job.id, True, job.name)
    jg.wait(120)
    assert jg[0].is_success
    jobs = len(cloud.jobs())
    jg.run_parallel()
    assert len(cloud.jobs()) == jobs
    assert jg[0].id == job.id
    assert jg[0].get_results()["results"] == job.get_results()["results"]


def test_job_of_one_group_is_added_to_another(group, scripted):
    """An unsent job becomes a new job of the other group. A sent one is the same job on the
    cloud.
    """
    jg, second = group(scripted, 2), JobGroup("second")
    jg[0].execute_async()
    for job in jg:
        second.add(job, labels={"phi": job.position})
    assert [job.id for job in second] == [jg[0].id, None]
    assert [job.name for job in second] == ["job 0", "job 1"]
    second.add(second[1])
    second.run_parallel()
    assert [job.state for job in second] == ["waiting"] * 3
    assert scripted.count("create") == 3
    assert jg[1].state == "unsent"
    with pytest.raises(DuplicateJobError):
        jg.add(second[0])
    with pytest.raises(TypeError, match="cannot take max_samples"):
        second.add(jg[0], max_samples=3)
    assert len(second) == 3


def test_job_that_may_be_on_the_cloud_is_not_added_elsewhere(group, scripted):
    """A copy could be paid for twice."""
    jg = group(scripted, 1)
    scripted.faults["create"] = lambda *_: DROP
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    with pytest.raises(TypeError, match="may be on the cloud"):
        JobGroup("second").add(jg[0])
    assert len(JobGroup("second")) == 0


def test_job_of_a_group_is_called_with_parameters(group, scripted):
    """The call's parameters replace those of `add`. Unknown ones are rejected, and nothing is
    sent.
    """
    jg = group(scripted, 1, duration_s=3)
    with pytest.raises(InvalidOverrideError, match="Nothing was sent"):
        jg[0].execute_async(max_sample=3)
    with pytest.raises(TypeError, match="without its name"):
        jg[0].execute_async(1, 2)
    assert scripted.count() == 0
    scripted.first_word = "completed"
    assert jg[0](duration_s=4) == {"results": {}}
    assert scripted.bodies()[0]["payload"]["parameters"] == {"duration_s": 4}
    assert jg[0].params["duration_s"] == 4
    with pytest.raises(RuntimeError, match="already sent"):
        jg[0]()


@pytest.mark.parametrize(
    ("args", "kwargs", "kind"),
    [
        (["text"], {"platform": "p"}, TypeError),
        ([{}], {"platform": "p"}, ValueError),
        ([{"payload": {}}], {"platform": "p"}, ValueError),
        ([{"payload": 3}], {"platform": "p"}, ValueError),
        ([{"command": "x"}], {"platform": "p", "url": "ftp://x"}, ValueError),
        ([{"command": "x"}], {}, TypeError),
    ],
)
def test_impossible_body_is_refused(args, kwargs, kind):
    """The constructor rejects the argument before any run."""
    with pytest.raises(kind):
        RemoteJob(*args, **kwargs)


def test_body_that_is_not_json_is_refused(scripted):
    """No request can carry the value. Nothing is added."""
    jg = JobGroup("not json")
    for value in ({1, 2}, float("nan"), object()):
        job = RemoteJob({"command": "x", "v": value}, platform="test:timer", url=scripted.url)
        with pytest.raises((TypeError, ValueError)):
            jg.add(job)
    assert len(jg) == 0


def test_add_puts_kwargs_into_the_payload(scripted, timer):
    """The job object stays as it was."""
    jg = JobGroup("by hand")
    job = timer(scripted)
    jg.add(job, max_samples=10)
    jg.add(job, max_samples=20)
    jg.add(job)
    jg.run_parallel()
    # the second and third job may be in flight together
    assert {b["payload"].get("max_samples") for b in scripted.bodies()} == {10, 20, None}
    assert [j.params.get("max_samples") for j in jg] == [10, 20, None]


def test_sets_of_states_agree_with_the_status():
    """The engine polls, finishes and reruns jobs according to the properties of their status."""
    for word in RunningStatus:
        status = JobStatus(word)
        assert status.completed == (word.value in TERMINAL)
        assert status.failed == (word.value in FAILED)
        if status.waiting or status.running or status.unknown:
            assert word.value in ON_CLOUD
