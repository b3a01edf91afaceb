"""Each row of docs/coming-from-perceval.md: a script with Perceval's class and with jobgroup's.

Perceval's own tests of its groups replace private methods and the HTTP client of its class, so they
cannot run on another class. The scenarios at the end repeat these tests with both classes.
"""

from __future__ import annotations

import copy
import pickle
import sys
import time
import uuid
import warnings
from pathlib import Path

import perceval as pcvl
import pytest
from perceval.runtime import RunningStatus
from requests import HTTPError
from which_release import RELEASE

import jobgroup
from jobgroup import (
    GroupDeletedError,
    JobGroup,
    JobGroupWarning,
    MissingTokenError,
    QuotaExceededError,
    forget_tokens,
    set_compatibility,
)

IS_1 = RELEASE >= (1, 0)
HAS_ITEMS = RELEASE >= (0, 13)


@pytest.fixture
def theirs(monkeypatch):
    """Make groups of Perceval's own class, which poll without their usual delay."""
    delays = [(sys.modules[pcvl.JobGroup.__module__], 0.1), (pcvl.RemoteJob, 0.0)]
    for place, delay in delays:
        monkeypatch.setattr(place, "STATUS_REFRESH_DELAY", delay, raising=False)
    # 0.13 makes no folder
    Path(pcvl.JobGroup._DIR_PATH).mkdir(parents=True, exist_ok=True)  # noqa: SLF001
    names = []

    def make():
        names.append(f"theirs {uuid.uuid4()}")  # Perceval's folder is that of the whole process
        return pcvl.JobGroup(names[-1])

    yield make
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            pcvl.JobGroup.delete_job_group(name)


@pytest.fixture
def both(theirs):
    """Make a group of each class: Perceval's, then jobgroup's."""
    return theirs(), JobGroup("ours")


@pytest.fixture
def timer(processor):
    """Make Perceval's own unsent timer jobs."""

    def make(seconds=0.0):
        handler = processor()._rpc_handler  # noqa: SLF001  # no release has another way
        handler.name = "test:timer"
        payload = {"command": "timer", "parameters": {"duration_s": seconds}}
        body = {"platform_name": "test:timer", "pcvl_version": pcvl.__version__}
        return pcvl.RemoteJob({**body, "payload": payload}, handler, "timed")

    return make


@pytest.fixture
def fault(cloud):
    """Inject a fault into the cloud, by default once."""

    def add(**given):
        cloud.ask("POST", "/faults", json={"times": 1, **given})

    yield add
    cloud.ask("DELETE", "/faults")


@pytest.fixture
def plan(cloud):
    """Change the plan of the cloud for one test, when all earlier jobs have ended."""
    give_up = time.monotonic() + 120
    while cloud.ask("GET", "/api/jobs/availability")["num_jobs_in_queue"]:
        assert time.monotonic() < give_up, "the earlier jobs do not end"
        time.sleep(0.1)
    before = cloud.ask("GET", "/faults")["plan"]
    yield lambda **limits: cloud.ask("PUT", "/faults/plan", json=limits)
    cloud.ask("PUT", "/faults/plan", json=before)


@pytest.fixture(autouse=True)
def _contract():
    yield
    set_compatibility(None)


def jobs_of(group):
    """Return the jobs of a group of any class and release."""
    return group.remote_jobs if hasattr(group, "remote_jobs") else group.list_remote_jobs


def is_sent(job):
    """Return whether a job was sent, even in 0.12, which has no such property."""
    return job is not None and job.id is not None


def wait_for(group):
    """Wait until all jobs of a group of any class have ended."""
    give_up = time.monotonic() + 120
    while group.progress()["Unfinished"][1]["sent"]:
        assert time.monotonic() < give_up, "the jobs do not end"
        time.sleep(0.1)


def test_1_run_parallel_with_jobs_that_take_long(both, timer):
    """By default, it returns when all jobs are sent, as in 0.12, and warns how to wait."""
    own, jg = both
    running = timer(600)
    running.execute_async()
    own.add(running)
    assert own.get_results() == [None]
    running.cancel()
    for group in both[IS_1:]:
        group.add(timer(600))
        group.run_parallel()
    if not IS_1:
        assert own.get_results() == [None, None]
        jobs_of(own)[1].cancel()
    with pytest.warns(JobGroupWarning, match=r"get_results\(wait=True\)"):
        assert jg.get_results() == [None]
    jg.cancel_all()


@pytest.mark.parametrize("how", ["argument", "setting", "environment", "get_results"])
def test_1_run_parallel_with_wait(how, both, timer, monkeypatch):
    """The call returns when all jobs have ended, as in 1.0 to 1.3."""
    own, jg = both
    for group in both:
        for _ in range(3):
            group.add(timer(0.3))
    if how == "setting":
        set_compatibility("1.x")
    if how == "environment":
        monkeypatch.setenv("JOBGROUP_COMPATIBILITY", "1.x")
    if IS_1:
        own.run_parallel()
        assert own.progress()["Finished"][1]["successful"] == 3
    jg.run_parallel(**{"wait": True} if how == "argument" else {})
    if how == "get_results":
        assert None not in jg.get_results(wait=True)
    assert jg.progress(refresh=False)["Finished"][1]["successful"] == 3


def test_2_kept_objects(both, sampler):
    """An added object has the id and status of its entry, but is never sent in 0.12."""
    for group, follows in zip(both, (HAS_ITEMS, True), strict=True):
        job = sampler().sample_count
        group.add(job, max_samples=100)
        group.run_sequential(0)
        assert is_sent(job) is follows
        if follows:
            assert job.status() == "SUCCESS"
        else:
            with pytest.raises(HTTPError):
                job.status()


def test_2b_objects_executed_by_their_user(both, sampler):
    """The run of the group sends nothing more, while 0.12 pays twice."""
    for group, is_one in zip(both, (HAS_ITEMS, True), strict=True):
        job = sampler().sample_count
        group.add(job, max_samples=100)
        job.execute_async()
        group.run_parallel()
        assert (jobs_of(group)[0].id == job.id) is is_one
        wait_for(group)


def test_2c_objects_executed_twice(both, timer):
    """Perceval sends an object again that it still shows as waiting. jobgroup raises."""
    own, _ = both
    for group in both:
        job = timer()
        group.add(job)
        first = job.execute_async().id
        if group is own:
            assert job.execute_async().id != first
        else:
            with pytest.raises(RuntimeError, match="already been executed"):
                job.execute_async()


def test_3_tokens(both, timer, cloud, data_dir):
    """Perceval's file has the token. jobgroup's does not, so a later script must set it."""
    own, jg = both
    for group in both:
        group.add(timer())
    path = Path(pcvl.JobGroup._DIR_PATH) / f"{own.name}.jgrp"  # noqa: SLF001
    assert cloud.token in path.read_text()
    files = [path for path in data_dir.rglob("*") if path.is_file()]
    assert files
    assert not any(cloud.token.encode() in path.read_bytes() for path in files)
    forget_tokens()
    with pytest.raises(MissingTokenError, match="set_token"):
        jg.run_parallel()


def test_4_perceval_group_of_the_same_name(theirs, timer, tmp_path):
    """Perceval opens it. A new empty group points to it, and the import fills that group."""
    own = theirs()
    own.add(timer())
    assert len(jobs_of(pcvl.JobGroup(own.name))) == 1
    path = Path(pcvl.JobGroup._DIR_PATH) / f"{own.name}.jgrp"  # noqa: SLF001
    folder = tmp_path / "perceval" / "job_group"
    folder.mkdir(parents=True)
    (folder / path.name).write_bytes(path.read_bytes())
    with pytest.warns(JobGroupWarning, match="import_perceval"):
        jg = JobGroup(own.name)
    assert len(JobGroup.import_perceval().imported) == len(jg) == len(jobs_of(own)) == 1


def test_5_full_plan(both, timer, fault):
    """Perceval raises HTTPError, jobgroup raises QuotaExceededError, and the job stays unsent."""
    for group, error in zip(both, (HTTPError, QuotaExceededError), strict=True):
        group.add(timer())
        message = "Cannot create more than 1 jobs"
        fault(kind="http_error", calls=["create"], status=400, message=message)
        with pytest.raises(error, match=r"more than 1 jobs|status code 400"):
            group.run_parallel()
        assert not is_sent(jobs_of(group)[0])
    assert not issubclass(QuotaExceededError, HTTPError)


def test_5b_plan_that_frees_its_slot(both, timer, plan):
    """From 1.0 on, Perceval waits for the slot, in 1.0 with its own setting; `queue` does, too."""
    plan(max_queue=1)
    if RELEASE == (1, 0):
        pcvl.RemoteConfig.set_cloud_maximal_job_count(1)
    try:
        for group in both[not IS_1 :]:
            for _ in range(2):
                group.add(timer())
            group.run_parallel(**{} if group is both[0] else {"queue": True})
            assert all(map(is_sent, jobs_of(group)))
            wait_for(group)
    finally:
        if RELEASE == (1, 0):
            pcvl.RemoteConfig.set_cloud_maximal_job_count(None)


def test_6_deleting_a_missing_group(both):
    """Both only warn, and jobgroup also suggests groups with similar names."""
    with pytest.warns(UserWarning, match="Cannot delete"):
        pcvl.JobGroup.delete_job_group("our")
    with pytest.warns(JobGroupWarning, match="Did you mean 'ours'"):
        JobGroup.delete_job_group("our")


def test_7_pdisplay(both, timer, capsys):
    """Both print the same table."""
    printed = []
    for group in both:
        group.add(timer())
        capsys.readouterr()
        pcvl.pdisplay(group)
        printed.append(capsys.readouterr().out)
    assert "Total" in printed[0]
    assert printed[0] == printed[1]


def test_8_rerun_of_a_job(both, sampler, fault):
    """Perceval returns a new object; jobgroup's entry gets the new id and keeps both attempts."""
    for group in both:
        group.add(sampler().sample_count, max_samples=40)
        fault(kind="fail_job", message="no light")
        group.run_sequential(0)
        old = jobs_of(group)[0]
        first = old.id
        assert old.is_failed
        new = old.rerun()
        give_up = time.monotonic() + 120
        while not new.is_complete and time.monotonic() < give_up:
            time.sleep(0.1)
        assert sum(new.get_results()["results"].values()) == 40
        assert (new.id != first, old.id == first) == (True, group is both[0])
    assert [attempt.remote_id for attempt in new.attempts] == [first, new.id]
    assert (new, new.id) == (old, old.id)


def test_9_response_without_results(both, timer, fault):
    """Both raise the same RuntimeError, but 0.12 raises a TypeError."""
    for group in both:
        is_old = group is both[0] and not HAS_ITEMS
        error = TypeError if is_old else RuntimeError
        message = "JSON" if is_old else "Results are not available"
        group.add(timer())
        group.run_sequential(0)
        job = jobs_of(group)[0]
        fault(kind="malformed_response", calls=["result"], body='{"results": null}')
        with pytest.raises(error, match=message):
            job.get_results()


def test_10_calling_a_job_of_a_group(both, sampler):
    """The job runs with the parameters, which in jobgroup can replace those of `add`."""
    own, jg = both
    if RELEASE < (1, 1):  # earlier releases refuse it in `add` without parameters
        with pytest.raises(TypeError):
            own.add(sampler().sample_count)
    else:
        own.add(sampler().sample_count)
        assert sum(own[0](max_samples=50)["results"].values()) == 50
    jg.add(sampler().sample_count, max_samples=100)
    assert sum(jg[0](max_samples=50)["results"].values()) == 50
    with pytest.raises(TypeError) as caught:
        jg.add(sampler().sample_count)
    assert "max_samples" in caught.value.__notes__[0]


def test_10b_parameters_for_a_sent_job(both, sampler):
    """Perceval raises RuntimeError, but 0.12 ignores the parameters. jobgroup raises TypeError."""
    for group, error in zip(both, (RuntimeError, TypeError), strict=True):
        job = sampler().sample_count
        job.execute_async(max_samples=40)
        if not HAS_ITEMS and group is both[0]:
            group.add(job, max_samples=50)
            continue
        with pytest.raises(error, match=r"Unused parameters|already sent"):
            group.add(job, max_samples=50)
        assert group.progress()["Total"] == 0


def test_11_kinds_of_objects(both, timer):
    """Jobs and statuses are jobgroup's, and statuses work with ==, with `in` and as keys."""
    for group in both:
        added = timer()
        group.add(added)
        group.run_sequential(0)
        job = jobs_of(group)[0]
        assert job.id == added.id or not HAS_ITEMS
        assert (added in jobs_of(group)) is (group is both[0] and HAS_ITEMS)
        assert isinstance(job, pcvl.RemoteJob) is (group is both[0])
        status = job.status.status
        assert (status is RunningStatus.SUCCESS) is (group is both[0])
        assert status == RunningStatus.SUCCESS
        assert status in (RunningStatus.SUCCESS, RunningStatus.ERROR)
        assert {jobgroup.RunningStatus.SUCCESS: 1}[jobgroup.RunningStatus[status.name]] == 1
    assert {status} == {jobgroup.RunningStatus.SUCCESS}


def test_12_job_of_another_group(theirs, timer):
    """An unsent job is added as a new entry, and a sent one by its id."""
    for first, second in ((theirs(), theirs()), (JobGroup("first"), JobGroup("second"))):
        first.add(timer())
        first.run_sequential(0)
        first.add(timer())
        if not HAS_ITEMS and isinstance(first, pcvl.JobGroup):
            with pytest.raises(TypeError):
                first[0]
            continue
        second.add(first[0])
        second.add(first[1])
        sent, unsent = second.remote_jobs
        assert sent.id == first[0].id
        assert not is_sent(unsent)
        second.run_sequential(0)
        assert second.progress()["Finished"][1]["successful"] == 2


def test_13_names(both, timer):
    """Every public name of this release's group exists, and two of 0.12 in every release."""
    own, jg = both
    assert {name for name in dir(own) if not name.startswith("_")} <= set(dir(jg))
    assert [bool(group) for group in both] == [not HAS_ITEMS, True]
    for group, has_names in zip(both, (not HAS_ITEMS, True), strict=True):
        group.add(timer())
        assert hasattr(group, "list_remote_jobs") is has_names
        assert hasattr(group, "count_never_sent_jobs") is has_names
    assert (len(jg.list_remote_jobs), jg.count_never_sent_jobs()) == (1, 1)
    if not HAS_ITEMS:
        assert own.list_remote_jobs == [None]
    assert not jg.list_remote_jobs[0].was_sent


def test_14_copies(both, timer):
    """Lists of jobs can be pickled and groups copied. jobgroup's copies are the same group."""
    for group in both:
        group.add(timer())
        assert len(pickle.loads(pickle.dumps(jobs_of(group)))) == 1
        assert len(jobs_of(copy.deepcopy(group))) == 1
    again = copy.deepcopy(both[1])
    again.add(timer())
    assert len(both[1]) == 2


def test_15_object_of_a_deleted_group(both, timer):
    """Perceval's object still works. jobgroup's raises, and its group can be restored."""
    own, jg = both
    for group in both:
        group.add(timer())
        type(group).delete_job_group(group.name)
    assert own.progress()["Total"] == 1
    with pytest.raises(GroupDeletedError):
        jg.progress()
    JobGroup.restore("ours")
    assert JobGroup("ours").progress()["Total"] == 1


def test_16_launch_without_a_limit(both, timer):
    """A count of 0 sets no limit, as in 1.1 to 1.3."""
    for group in both if RELEASE >= (1, 1) else both[1:]:
        for _ in range(2):
            group.add(timer())
        group.launch_async_jobs(0)
        assert all(map(is_sent, group.remote_jobs))
        wait_for(group)


def test_16_launch_with_a_negative_count(both, timer):
    """Perceval sends nothing. In jobgroup, the count sets no limit."""
    for group in both if RELEASE >= (1, 1) else both[1:]:
        group.add(timer())
        group.launch_async_jobs(-1)
        assert is_sent(group[0]) is (group is both[1])
        wait_for(group)


def test_16_object_that_is_not_a_job(both):
    """Both raise TypeError, and jobgroup's message names the kind of object."""
    for group in both:
        with pytest.raises(TypeError, match=r"(Only|Cannot|cannot|expected).*object"):
            group.add(object())


def test_17_object_added_twice(both, timer):
    """It is sent twice, and jobgroup keeps both ids. 0.13 sends it once."""
    for group in both:
        job = timer()
        group.add(job)
        group.add(job)
        assert group.progress()["Total"] == 2
        if IS_1 and group is both[0]:
            continue  # it sends the object twice, or raises AssertionError, depending on speed
        group.run_parallel()
        wait_for(group)
        ids = {each.id for each in jobs_of(group)}
        assert len(ids) == (1 if HAS_ITEMS and group is both[0] else 2)


def test_18_order_of_sending(both, timer):
    """Jobs are sent in the order of adding, but 1.0 begins with the last one."""
    for group in both:
        for _ in range(3):
            group.add(timer())
        group.run_sequential(0)
        times = [job.status.creation_timestamp for job in jobs_of(group)]
        is_reversed = RELEASE == (1, 0) and group is both[0]
        assert times == sorted(times, reverse=is_reversed)


# -- the scenarios of Perceval's own tests ---------------------------------------------------------


def test_scenario_of_a_classic_run(both, timer):
    """Progress is correct before and after the run and with added jobs, even in a loaded group."""
    seen = []
    for group in both:
        progresses = []
        for _ in range(2):
            for _ in range(2):
                group.add(timer())
            progresses.append(group.progress())
            group.run_parallel()
            wait_for(group)
            progresses.append(group.progress())
        again = type(group)(group.name)
        assert again.progress() == progresses[-1]
        seen.append(progresses)
    assert seen[0] == seen[1]


@pytest.mark.parametrize("how", ["parallel", "sequential"])
def test_scenario_of_a_failed_create(how, both, timer, fault):
    """The first job stays sent and the other unsent, even if the group is loaded again."""
    for group in both:
        group.add(timer())
        getattr(group, f"run_{how}")(*[0.0] * (how == "sequential"))
        wait_for(group)
        group.add(timer())
        fault(kind="http_error", calls=["create"], status=400, message="no")
        with pytest.raises((HTTPError, jobgroup.CloudError)):
            getattr(group, f"run_{how}")(*[0.0] * (how == "sequential"))
        again = type(group)(group.name)
        assert [is_sent(job) for job in jobs_of(again)] == [True, False]


def test_scenario_of_reruns(both, timer, fault):
    """Reruns are appended, then done in place, next to an unsent job (0.13 to 1.3)."""
    seen = []
    for group in both if HAS_ITEMS else both[1:]:
        progresses = []
        for _ in range(3):
            group.add(timer())
        fault(kind="fail_job", times=2, message="no light")
        group.run_parallel()
        wait_for(group)
        group.add(timer())
        progresses.append(group.progress())
        for replace in (False, True):
            group.rerun_failed_parallel(replace_failed_jobs=replace)
            wait_for(group)
            progresses.append(group.progress())
        seen.append(progresses)
    assert seen[0] == seen[-1]
    assert seen[0][-1]["Total"] == 6


def test_scenario_of_launch_and_cancel(both, timer):
    """Jobs are launched up to a count, canceled, relaunched, and all canceled (1.1 to 1.3)."""
    seen = []
    for group in both if RELEASE >= (1, 1) else both[1:]:
        progresses = []
        for _ in range(3):
            group.add(timer(600))
        group.launch_async_jobs(2)
        progresses.append(group.progress())
        group.cancel_all()
        wait_for(group)
        progresses.append(group.progress())
        group.relaunch_async_failed_jobs(replace_failed_jobs=False, concurrent_job_count=1)
        progresses.append(group.progress())
        group.cancel_all()
        wait_for(group)
        progresses.append(group.progress())
        seen.append(progresses)
    assert seen[0] == seen[-1]
