"""Arguments at their limits: places, counts, jobs of other groups, jobs without a body."""

from __future__ import annotations

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


@pytest.fixture
def two(ended, group, scripted):
    """Two groups on one cloud whose second jobs run and have failed."""
    first = ended("running", "error")
    second = group(scripted, 2, "second")
    second.run_parallel()
    scripted.tell(second[0].id, "running")
    scripted.tell(second[1].id, "error")
    second.refresh()
    scripted.asked.clear()
    return first, second


def test_a_job_of_another_group_is_refused(two, scripted, snapshot):
    """Never is this group's job taken because it has the same place."""
    first, second = two
    before = snapshot(first), snapshot(second)
    with pytest.raises(ValueError, match="second"):
        first.cancel([second[0]])
    with pytest.raises(ValueError, match="second"):
        first.rerun([second[1]])
    assert scripted.count("cancel", "rerun") == 0
    assert (snapshot(first), snapshot(second)) == before


def test_a_job_in_no_group_is_refused(two, timer, scripted):
    """There is nothing to cancel or to rerun."""
    first, _ = two
    for use in (first.cancel, first.rerun):
        with pytest.raises((ValueError, RuntimeError)):
            use([timer(scripted)])
    assert scripted.count("cancel", "rerun") == 0


@pytest.mark.parametrize("place", [2, 99, -3])
def test_a_place_that_is_not_there(place, two, scripted):
    """IndexError, as for jg[99], and none of the others is done."""
    first, _ = two
    with pytest.raises(IndexError):
        first.cancel([0, place])
    with pytest.raises(IndexError):
        first.rerun([1, place])
    assert scripted.count("cancel", "rerun") == 0


def test_negative_places_count_from_the_end(two, scripted):
    """As for jg[-1]."""
    first, _ = two
    failed, running = first[1].id, first[0].id
    first.rerun([-1])
    assert first.cancel([-2]) == [0]
    assert [(a.what, a.id) for a in scripted.asked if a.what in ("rerun", "cancel")] == [
        ("rerun", failed),
        ("cancel", running),
    ]


def test_one_job_need_not_be_a_list(two, scripted):
    """A job or a place alone will do."""
    first, _ = two
    first.rerun(first[1])
    assert first.cancel(0) == [0]
    assert scripted.count("cancel", "rerun") == 2


@pytest.mark.parametrize("count", [0, -1])
def test_counts_are_at_least_one(count, two, timer, scripted):
    """Fewer than one job at once, or stopping before the first failure, is refused."""
    first, _ = two
    first.add(timer(scripted))
    for use in (
        lambda: first.launch_async_jobs(count),
        lambda: first.relaunch_async_failed_jobs(concurrent_job_count=count),
        lambda: first.run_parallel(queue=True, concurrent_job_count=count),
        lambda: first.run_parallel(queue=True, stop_after_failures=count),
        lambda: first.run_sequential(0, stop_after_failures=count),
        lambda: first.rerun_failed_sequential(0, stop_after_failures=count),
    ):
        with pytest.raises(ValueError, match="at least 1"):
            use()
    assert scripted.count("create", "rerun") == 0


def test_an_empty_group_does_nothing_at_once(scripted):
    """Every call on it returns, and asks nothing."""
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
    """A group with a failed job that was taken over by its id: only the cloud knows its payload."""
    handler = RPCHandler("sim:altair", scripted.url, scripted.token)
    jg = JobGroup("taken over")
    jg.add(pcvl.RemoteJob.from_id(scripted.make("error"), handler))
    scripted.asked.clear()
    return jg


def test_a_job_without_body_is_rerun_by_the_cloud(without_body, scripted):
    """The cloud reruns it by its id."""
    old = without_body[0].id
    without_body.rerun_failed_parallel()
    assert [a.id for a in scripted.asked if a.what == "rerun"] == [old]
    assert without_body[0].id == scripted.ids()[1]


def test_resending_a_lost_rerun_asks_for_the_rerun(without_body, scripted):
    """The request that was lost is made again, not another one without a payload."""
    old = without_body[0].id
    scripted.faults["rerun"] = lambda nth, _: DROP if nth == 0 else None
    with pytest.raises(UnconfirmedJobError):
        without_body.rerun_failed_parallel()
    without_body[0].resend()
    assert [a.id for a in scripted.asked if a.what == "rerun"] == [old, old]
    assert scripted.count("create") == 0
    assert without_body[0].state == "waiting"


def test_a_rerun_that_nobody_can_do(without_body, scripted, snapshot):
    """Neither the cloud nor a stored body: a sentence, and the job is as it was."""
    scripted.faults["rerun"] = lambda *_: (404, {"error": "Not Found"})
    before = snapshot(without_body)
    with pytest.raises(JobGroupError, match=r"[Jj]ob 0"):
        without_body.rerun_failed_parallel()
    assert scripted.count("create") == 0
    assert snapshot(without_body) == before


@pytest.fixture
def account_job(scripted):
    """Makes jobs for an account of the scripted cloud."""

    def make(account):
        body = {"command": "timer"}
        return RemoteJob(body, platform="test:timer", url=scripted.url, account=account)

    return make


def test_accounts_of_one_cloud_are_kept_apart(scripted, account_job):
    """Each account's jobs go with its own token; a token of one says nothing of the other."""
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


def test_a_job_that_its_cloud_does_not_know(group, scripted):
    """Asked about in vain it becomes unknown with the cloud's words, and the next job is sent."""
    jg = group(scripted, 2)
    scripted.first_word = "completed"
    scripted.faults["status"] = lambda _, asked: (
        (404, {"error": "Not found job"}) if asked.id == scripted.ids()[0] else None
    )
    jg.run_sequential(0)
    assert [j.state for j in jg] == ["unknown", "success"]
    assert "Not found job" in jg[0].message
    scripted.faults.clear()
    jg.refresh()
    assert jg[0].state == "success", "it may turn up again"


def test_a_token_that_expires_during_a_run(group, scripted, until):
    """The run ends with the reason; the job that runs is known, and the next run goes on."""
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
