"""Tests of arguments at their limits: positions, counts, foreign jobs, jobs without a body."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import perceval as pcvl
import pytest
from perceval.providers.quandela.rpc_handler import RPCHandler
from scripted_cloud import DROP

from jobgroup import (
    InvalidTokenError,
    JobGroup,
    JobGroupError,
    MissingTokenError,
    RemoteJob,
    UnconfirmedJobError,
    set_token,
)
from jobgroup.store.paths import group_path


@pytest.fixture
def two(ended, group, scripted):
    """Make two groups on one cloud. The second job of one runs; that of the other has failed."""
    first = ended("running", "error")
    second = group(scripted, 2, "second")
    second.run_parallel()
    scripted.tell(second[0].id, "running")
    scripted.tell(second[1].id, "error")
    second.refresh()
    scripted.asked.clear()
    return first, second


def test_job_of_another_group_is_refused(two, scripted, snapshot):
    """This group's job at the same position is never used instead."""
    first, second = two
    before = snapshot(first), snapshot(second)
    with pytest.raises(ValueError, match="second"):
        first.cancel([second[0]])
    with pytest.raises(ValueError, match="second"):
        first.rerun([second[1]])
    assert scripted.count("cancel", "rerun") == 0
    assert (snapshot(first), snapshot(second)) == before


def test_job_in_no_group_is_refused(two, timer, scripted):
    """A group can neither cancel nor rerun a job that is in no group."""
    first, _ = two
    for use in (first.cancel, first.rerun):
        with pytest.raises((ValueError, RuntimeError)):
            use([timer(scripted)])
    assert scripted.count("cancel", "rerun") == 0


@pytest.mark.parametrize("place", [2, 99, -3])
def test_missing_position_raises(place, two, scripted):
    """IndexError is raised, as for jg[99], and no other job is affected."""
    first, _ = two
    with pytest.raises(IndexError):
        first.cancel([0, place])
    with pytest.raises(IndexError):
        first.rerun([1, place])
    assert scripted.count("cancel", "rerun") == 0


def test_negative_positions_count_from_the_end(two, scripted):
    """Negative positions work as in jg[-1]."""
    first, _ = two
    failed, running = first[1].id, first[0].id
    first.rerun([-1])
    assert first.cancel([-2]) == [0]
    assert [(a.what, a.id) for a in scripted.asked if a.what in ("rerun", "cancel")] == [
        ("rerun", failed),
        ("cancel", running),
    ]


def test_single_job_needs_no_list(two, scripted):
    """A job or a position alone is accepted."""
    first, _ = two
    first.rerun(first[1])
    assert first.cancel(0) == [0]
    assert scripted.count("cancel", "rerun") == 2


@pytest.mark.parametrize("count", [0, -1])
def test_counts_must_be_at_least_one(count, two, timer, scripted):
    """A concurrent job count or a failure limit below one is rejected."""
    first, _ = two
    first.add(timer(scripted))
    for use in (
        lambda: first.run_parallel(queue=True, concurrent_job_count=count),
        lambda: first.run_parallel(queue=True, stop_after_failures=count),
        lambda: first.run_sequential(0, stop_after_failures=count),
        lambda: first.rerun_failed_sequential(0, stop_after_failures=count),
    ):
        with pytest.raises(ValueError, match="at least 1"):
            use()
    assert scripted.count("create", "rerun") == 0


@pytest.mark.parametrize("count", [0, -1])
def test_launch_without_a_positive_count_has_no_limit(count, group, scripted):
    """As with Perceval's groups, only the plan limits the number of jobs."""
    scripted.availability = {"max_jobs_in_queue": 2}
    jg = group(scripted, 3)
    jg.launch_async_jobs(count)
    assert [job.state for job in jg] == ["waiting", "waiting", "unsent"]


def test_empty_group_returns_at_once(scripted):
    """Every call returns and sends no request."""
    jg = JobGroup("empty")
    jg.run_parallel()
    jg.run_sequential(5)
    jg.run_parallel(queue=True)
    jg.rerun_failed_parallel()
    jg.rerun_failed_sequential(5)
    jg.cancel_all()
    jg.wait()
    jg.track_progress()
    assert jg.start().result(120).done == []
    assert jg.get_results() == jg.remote_jobs == list(jg) == jg[:] == []
    assert scripted.asked == []


@pytest.fixture
def without_body(scripted):
    """Make a group with a failed, adopted job: only the cloud has its payload."""
    handler = RPCHandler("sim:altair", scripted.url, scripted.token)
    jg = JobGroup("taken over")
    jg.add(pcvl.RemoteJob.from_id(scripted.make("error"), handler))
    scripted.asked.clear()
    return jg


def test_job_without_a_body_is_rerun_by_the_cloud(without_body, scripted):
    """The cloud reruns it by its id."""
    old = without_body[0].id
    without_body.rerun_failed_parallel()
    assert [a.id for a in scripted.asked if a.what == "rerun"] == [old]
    assert without_body[0].id == scripted.ids()[1]


def test_resend_repeats_a_lost_rerun(without_body, scripted):
    """The lost request is repeated, and not replaced by a request without a payload."""
    old = without_body[0].id
    scripted.faults["rerun"] = lambda nth, _: DROP if nth == 0 else None
    with pytest.raises(UnconfirmedJobError):
        without_body.rerun_failed_parallel()
    without_body[0].resend()
    assert [a.id for a in scripted.asked if a.what == "rerun"] == [old, old]
    assert scripted.count("create") == 0
    assert without_body[0].state == "waiting"


def test_impossible_rerun_raises(without_body, scripted, snapshot):
    """Without the cloud's rerun and a stored body, the job stays as it was."""
    scripted.faults["rerun"] = lambda *_: (404, {"error": "Not Found"})
    before = snapshot(without_body)
    with pytest.raises(JobGroupError, match=r"[Jj]ob 0"):
        without_body.rerun_failed_parallel()
    assert scripted.count("create") == 0
    assert snapshot(without_body) == before


@pytest.fixture
def account_job(scripted):
    """Make jobs for an account of the scripted cloud."""

    def make(account):
        body = {"command": "timer"}
        return RemoteJob(body, platform="test:timer", url=scripted.url, account=account)

    return make


def test_accounts_of_one_cloud_are_independent(scripted, account_job):
    """Each account's jobs use the account's own token. Tokens are independent."""
    jg = JobGroup("two accounts")
    jg.add_many([account_job("work"), account_job("")])
    with pytest.raises(MissingTokenError, match="work"):
        jg.run_parallel()
    assert scripted.count("create") == 0
    set_token("of-work", url=scripted.url, account="work")
    with pytest.raises(InvalidTokenError):
        jg.run_parallel()
    jg[1].execute_async()
    assert [a.token for a in scripted.asked if a.what == "create"] == ["of-work", scripted.token]


def test_each_account_has_its_own_slots(scripted, account_job):
    """launch_async_jobs fills every account's slots, in the group's order."""
    scripted.tokens.add("of-work")
    set_token("of-work", url=scripted.url, account="work")
    scripted.availability = {"max_jobs_in_queue": 2}
    jg = JobGroup("two accounts")
    jg.add_many(account_job(account) for account in ("work", "work", "work", "", "", ""))
    jg.launch_async_jobs()
    assert [j.was_sent for j in jg] == [True, True, False, True, True, False]
    jg.launch_async_jobs(concurrent_job_count=1)
    assert [j.was_sent for j in jg] == [True] * 6


def _not_found(job_id):
    """Make the cloud respond that it does not know this job."""
    return lambda _, asked: (404, {"error": "Not found job"}) if asked.id == job_id else None


def test_job_that_its_cloud_forgets_becomes_unknown(group, scripted, until):
    """The lost job has the cloud's message, and a run sends the next job."""
    jg = group(scripted, 2)
    scripted.first_word = "running"
    run = jg.start(delay=0)
    until(lambda: jg[0].state == "running")
    scripted.first_word = "completed"
    scripted.faults["status"] = _not_found(jg[0].id)
    run.result(120)
    assert [j.state for j in jg] == ["unknown", "success"]
    assert "Not found job" in jg[0].message
    scripted.faults.clear()
    scripted.tell(jg[0].id, "completed")
    jg.refresh()
    assert jg[0].state == "success", "it may turn up again"


def test_job_that_its_cloud_never_reported_becomes_unknown_a_minute_later(
    group, scripted, in_child, until
):
    """Until then, the cloud may still be registering the job."""
    jg = group(scripted, 1)
    in_child(
        "from jobgroup import JobGroup; JobGroup('experiment').run_parallel(); print(0)", scripted
    )
    scripted.faults["status"] = _not_found(scripted.ids()[0])
    with closing(sqlite3.connect(group_path("experiment"), timeout=120)) as file, file:
        file.execute("UPDATE attempts SET sent_at = sent_at - 60")
    until(lambda: jg.refresh() or jg[0].state == "unknown")
    assert "Not found job" in jg[0].message


def test_expired_token_ends_a_run(group, scripted, until):
    """The run gives the reason; the running job is recorded, and the next run continues."""
    jg = group(scripted, 2)
    scripted.faults["status"] = lambda *_: (401, {"error": "Invalid or expired job token"})
    with pytest.raises(InvalidTokenError, match="set_token"):
        jg.run_sequential(0)
    assert [j.state for j in jg] == ["waiting", "unsent"]
    scripted.faults.clear()
    scripted.first_word = "completed"
    scripted.tell(jg[0].id, "completed")
    set_token(scripted.token, url=scripted.url)
    jg.run_sequential(0)
    until(lambda: len(jg.list_successful_jobs()) == 2)
