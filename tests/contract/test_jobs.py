"""A group's jobs can be used where Perceval's were: the same names, meanings and equalities."""

from __future__ import annotations

import inspect
import itertools

import perceval as pcvl
import pytest
from perceval.providers.quandela.rpc_handler import RPCHandler
from perceval.runtime import JobStatus as PercevalStatus
from perceval.runtime import RunningStatus as PercevalWord

from jobgroup import JobGroup, JobGroupError, JobStatus, RemoteJob, RunningStatus
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


def test_our_jobs_have_what_percevals_have():
    """What a script uses of a list of Perceval's jobs is a property or a method of ours too."""
    for name in SURFACE:
        ours = inspect.getattr_static(RemoteJob, name)
        theirs = inspect.getattr_static(pcvl.RemoteJob, name)
        assert isinstance(ours, property) == isinstance(theirs, property), name


def test_our_status_has_what_percevals_has():
    """Every public property of Perceval's status is one of ours; both can be called and printed."""
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
def test_the_properties_of_a_status_mean_what_percevals_mean(word):
    """For each status word every yes-or-no property and message has Perceval's value."""
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
    """Equal in both directions, unequal where names differ, one element in a set or dictionary."""
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
def test_words_are_read_as_perceval_reads_them(word):
    """from_server_response gives the same status for every word of the cloud."""
    assert RunningStatus.from_server_response(word) == PercevalWord.from_server_response(word)


def test_an_unsent_job(group, scripted):
    """No id, WAITING as in Perceval, and nothing is asked to know it."""
    job = group(scripted, 1)[0]
    assert (job.id, job.was_sent, job.status(), job.is_waiting) == (None, False, "WAITING", True)
    assert (job.is_complete, job.is_success, job.is_failed, job.is_running) == (False,) * 4
    assert repr(job) == str(job) == "RemoteJob 'job 0', id:None, status:not sent"
    assert scripted.asked == []


_WORDS = ("waiting", "running", "cancel_requested", "suspended", "odd", "completed", "error")


@pytest.mark.parametrize("word", [*_WORDS, "canceled"])
def test_a_job_in_each_status(word, group, scripted):
    """Job and status say what Perceval's own client says of the same answer of the cloud."""
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


def test_a_job_fetches_its_own_results(cloud, group):
    """get_results of one job, and execute_sync, give what the group gives."""
    jg = group(cloud, 2, results={"|1,0>": 3})
    first = jg[0].execute_sync()
    jg[1].execute_async()
    jg.wait(120)
    assert [first, jg[1].get_results()] == jg.get_results()
    assert first["results"] == {"|1,0>": 3}


def test_results_that_are_not_there(ended, timer, scripted):
    """RuntimeError, as in Perceval: still running, never sent, or failed with its sentence."""
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
    """Only that job, with its id known on return; a second time is refused."""
    jg = group(scripted, 3)
    assert jg[1].execute_async() == jg[1]
    assert [j.id for j in jg] == [None, scripted.ids()[0], None]
    with pytest.raises(RuntimeError, match="sent already"):
        jg[1].execute_async()
    assert scripted.count("create") == 1


def test_cancel_of_one_job(ended, timer, scripted):
    """Asked of the cloud for what has not ended; RuntimeError in Perceval's words for the rest."""
    jg = ended("running", "completed", "error", "suspended", "waiting")
    jg.add(timer(scripted))
    for position in (0, 3, 4):
        jg[position].cancel()
    for position in (1, 2, 5):
        with pytest.raises(RuntimeError, match="not waiting or running, cannot cancel"):
            jg[position].cancel()
    assert scripted.count("cancel") == 3


def test_a_refused_cancel_is_told(ended, scripted):
    """The cloud's sentence reaches the caller, and the job is as it was."""
    jg = ended("running")
    scripted.faults["cancel"] = lambda *_: (400, {"error": "Can not cancel job: too late"})
    with pytest.raises(JobGroupError, match="Can not cancel job: too late"):
        jg[0].cancel()
    assert jg[0].state == "running"


def test_names_can_be_set(group, scripted, from_file):
    """As in Perceval: a string, "unnamed" for none; what is sent carries it."""
    jg = group(scripted, 2)
    jg[0].name = "renamed"
    jg[1].name = ""
    with pytest.raises(TypeError):
        jg[0].name = 3
    assert [j["name"] for j in from_file()] == ["renamed", "unnamed"]
    jg.run_parallel()
    assert [b["job_name"] for b in scripted.bodies()] == ["renamed", "unnamed"]


def test_notes_and_labels_stay_with_the_job(scripted, timer, in_child):
    """What the user says of a job is on disk, and an appended rerun inherits it."""
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
def test_labels_are_a_dictionary(labels, scripted, timer):
    """Anything else is refused with an example, and nothing is added."""
    jg = JobGroup("labels")
    with pytest.raises(TypeError, match="labels must be a dict"):
        jg.add(timer(scripted), labels=labels)
    assert len(jg) == 0


def test_indexing_and_iteration(group, scripted):
    """len, index, negative index, slice, iteration and equality, as for a list of jobs."""
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


def test_lists_are_of_the_states_that_they_name(ended, timer, scripted):
    """Active is waiting or running; unsuccessful is error or canceled; no job is in two lists."""
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


def test_a_taken_over_job_is_known_as_it_was(cloud, sampler):
    """A Perceval job that was sent and ended comes with id, status and results; nothing is sent."""
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


def test_a_job_of_a_group_is_not_added_twice(group, scripted):
    """A job that is in a group already is refused with advice."""
    jg = group(scripted, 1)
    with pytest.raises(TypeError, match="rerun"):
        JobGroup("second").add(jg[0])
    assert len(JobGroup("second")) == 0


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
def test_a_body_by_hand_that_cannot_be_one(args, kwargs, kind):
    """Refused where it is made, not when it is sent."""
    with pytest.raises(kind):
        RemoteJob(*args, **kwargs)


def test_a_body_by_hand_that_is_not_json(scripted):
    """A body that no request can carry is refused by add, with nothing added."""
    jg = JobGroup("not json")
    for value in ({1, 2}, float("nan"), object()):
        job = RemoteJob({"command": "x", "v": value}, platform="test:timer", url=scripted.url)
        with pytest.raises((TypeError, ValueError)):
            jg.add(job)
    assert len(jg) == 0


def test_a_body_by_hand_takes_parameters(scripted, timer):
    """Kwargs of add go into the payload, and the job object stays as it was."""
    jg = JobGroup("by hand")
    job = timer(scripted)
    jg.add(job, max_samples=10)
    jg.add(job, max_samples=20)
    jg.add(job)
    jg.run_parallel()
    assert [b["payload"].get("max_samples") for b in scripted.bodies()] == [10, 20, None]
    assert [j.params.get("max_samples") for j in jg] == [10, 20, None]


def test_the_sets_of_states_agree_with_the_status():
    """What the engine polls, ends and reruns is what the status' properties say."""
    for word in RunningStatus:
        status = JobStatus(word)
        assert status.completed == (word.value in TERMINAL)
        assert status.failed == (word.value in FAILED)
        if status.waiting or status.running or status.unknown:
            assert word.value in ON_CLOUD
