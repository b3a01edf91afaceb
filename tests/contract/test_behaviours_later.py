"""Tests of behaviors 8 to 14 of Perceval's JobGroup that its users rely on."""

from __future__ import annotations

import json
import logging
import warnings
from itertools import pairwise

import pytest
from scripted_cloud import DROP

from jobgroup import (
    CloudError,
    JobGroup,
    JobGroupWarning,
    RemoteJob,
    ResultsError,
)

# -- 8 ---------------------------------------------------------------------------------------------


@pytest.fixture
def mixed(ended, timer, scripted):
    """Make a group with one job in each state that matters to a rerun, and an unsent one."""
    jg = ended("error", "completed", "canceled", "waiting", "suspended", "unknown")
    jg.add(timer(scripted, "unsent"))
    return jg


@pytest.mark.parametrize("how", ["parallel", "sequential", "relaunch", "some"])
def test_8_rerun_replaces_failed_jobs(how, mixed, scripted, from_file):
    """Behavior 8: only error and canceled jobs are rerun, in place, with new ids and the same
    total.
    """
    scripted.first_word = "completed"
    before = [(j.id, j.state) for j in mixed]
    {
        "parallel": mixed.rerun_failed_parallel,
        "sequential": lambda: mixed.rerun_failed_sequential(0),
        "relaunch": mixed.relaunch_async_failed_jobs,
        "some": lambda: mixed.rerun([0, 2, 3, 4, 5, 6]),
    }[how]()
    mixed.refresh()
    after = [(j.id, j.state) for j in mixed]
    assert len(after) == len(before)
    assert [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new] == [
        *(0, 2)
    ]
    assert {after[0][0], after[2][0]} == set(scripted.ids()[6:])
    assert scripted.count("create") == 0
    asked = [a.id for a in scripted.asked if a.what == "rerun"]
    assert sorted(asked) == sorted([before[0][0], before[2][0]])  # "some" sends both at once
    assert [a.remote_id for a in mixed[0].attempts] == [before[0][0], after[0][0]]
    assert mixed[0].attempts[0].message == "it is error", "the old attempt stays readable"
    assert [j["id"] for j in from_file()] == [pair[0] for pair in after]


@pytest.mark.parametrize("how", ["parallel", "sequential", "relaunch", "some"])
def test_8_rerun_appends_new_entries(how, mixed, scripted, from_file):
    """Behavior 8: the total grows, failed entries stay as they are, and names are copied."""
    scripted.first_word = "completed"
    before = [(j.id, j.state) for j in mixed]
    {
        "parallel": lambda: mixed.rerun_failed_parallel(replace_failed_jobs=False),
        "sequential": lambda: mixed.rerun_failed_sequential(0, False),
        "relaunch": lambda: mixed.relaunch_async_failed_jobs(False),
        "some": lambda: mixed.rerun([0, 2, 3, 4, 5, 6], replace=False),
    }[how]()
    mixed.refresh()
    assert [(j.id, j.state) for j in mixed][:7] == before
    new = [j.id for j in mixed][7:]
    assert {(j.id, j.state) for j in mixed[7:]} == {(i, "success") for i in scripted.ids()[6:]}
    assert how == "some" or new == scripted.ids()[6:]  # "some" sends both at once
    assert sorted(j.name for j in mixed[7:]) == ["job 0", "job 2"]
    assert [len(j.attempts) for j in mixed] == [1, 1, 1, 1, 1, 1, 0, 1, 1]
    assert scripted.count("create") == 0
    assert len(from_file()) == 9


def test_8_rerun_replaces_by_default(mixed, scripted, until):
    """Behavior 8: `replace_failed_jobs` is True by default."""
    mixed.rerun_failed_parallel()
    mixed.cancel([0, 2])
    scripted.first_word = "error"
    until(lambda: len(mixed.list_unsuccessful_jobs()) == 2)
    mixed.rerun_failed_sequential(0)
    mixed.relaunch_async_failed_jobs()
    assert [len(j.attempts) for j in mixed] == [4, 1, 4, 1, 1, 1, 0]


def test_8_job_rerun_needs_a_failed_job(mixed, scripted):
    """Behavior 8: a failed job gets a new id. A job that has not failed raises an error."""
    for i in (1, 3, 4, 5, 6):
        with pytest.raises(RuntimeError, match=r"should be either\s+CANCELED or ERROR"):
            mixed[i].rerun()
    assert scripted.count("rerun", "create") == 0
    old = mixed[0].id
    again = mixed[0].rerun()
    assert again == mixed[0]
    assert again.id not in (old, None)
    appended = mixed[2].rerun(replace=False)
    assert (appended.position, len(mixed)) == (7, 8)
    assert mixed[2].state == "canceled"


def test_8_rerun_refreshes_states_first(group, scripted):
    """Behavior 8: as in Perceval, a job that has failed since the last refresh is rerun too."""
    jg = group(scripted, 2)
    jg.run_parallel()
    scripted.tell(jg[1].id, "error")
    jg.rerun_failed_parallel()
    assert [len(j.attempts) for j in jg] == [1, 2]


# -- 9 ---------------------------------------------------------------------------------------------


def test_9_every_create_has_the_groups_name(group, scripted):
    """Behavior 9: the name replaces any other name in the body, for each way of sending."""
    jg = group(scripted, 1, "my experiment / 3")
    jg.run_parallel()
    jg.add(
        RemoteJob(
            {"payload": {"command": "x"}, "job_group_name": "another's", "job_name": "another's"},
            platform="test:timer",
            url=scripted.url,
            name="mine",
        )
    )
    jg[1].execute_async()
    assert [b["job_group_name"] for b in scripted.bodies()] == ["my experiment / 3"] * 2
    assert [b["job_name"] for b in scripted.bodies()] == ["job 0", "mine"]
    assert [b["platform_name"] for b in scripted.bodies()] == ["test:timer"] * 2


def test_9_rerun_sends_the_stored_body_to_a_cloud_without_rerun(ended, scripted):
    """Behavior 9: the cloud gets the stored body once, with the group's name."""
    jg = ended("error")
    scripted.faults["rerun"] = lambda *_: (404, {"error": "Not Found"})
    jg.rerun_failed_parallel()
    (body,) = scripted.bodies()
    assert body["job_group_name"] == "experiment"
    assert body["payload"]["command"] == "timer"


def test_9_body_equals_the_one_that_perceval_sends(cloud, sampler):
    """Behavior 9: the cloud gets exactly Perceval's body, plus the group's name."""
    own = sampler(cloud).sample_count
    jg = JobGroup("verbatim")
    jg.add(sampler(cloud).sample_count, max_samples=100)
    jg.run_parallel()
    own.execute_async(max_samples=100)
    bodies = {j.id: j.body for j in cloud.jobs()}
    ours, theirs = bodies[jg[0].id], bodies[own.id]
    assert ours.pop("job_group_name") == "verbatim"
    theirs.pop("job_group_name", None)
    assert ours == theirs


# -- 10 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slots", "count", "sent"),
    [((5, 3), None, 2), ((5, 0), 3, 3), ((2, 0), 3, 2), ((9, 0), None, 6)],
)
def test_10_launch_fills_the_free_slots(slots, count, sent, group, scripted):
    """Behavior 10: it sends at most max_jobs_in_queue - num_jobs_in_queue jobs, and at most
    `count`.
    """
    scripted.availability = {"max_jobs_in_queue": slots[0], "num_jobs_in_queue": slots[1]}
    jg = group(scripted, 6)
    jg.launch_async_jobs(count)
    assert scripted.count("create") == sent
    assert [j.was_sent for j in jg] == [True] * sent + [False] * (6 - sent)
    assert scripted.count("status") == 0, "it does not wait"


def test_10_relaunch_fills_the_free_slots(ended, scripted):
    """Behavior 10: failed jobs fill free slots too, in place or appended."""
    jg = ended(*["error"] * 5)
    scripted.availability = {"max_jobs_in_queue": 9, "num_jobs_in_queue": 7}
    jg.relaunch_async_failed_jobs()
    assert [len(j.attempts) for j in jg] == [2, 2, 1, 1, 1]
    jg.relaunch_async_failed_jobs(replace_failed_jobs=False, concurrent_job_count=1)
    assert len(jg) == 6
    assert scripted.count("rerun") == 3


@pytest.mark.parametrize("rerun", [False, True])
def test_10_launch_warns_without_free_slots(rerun, ended, timer, scripted):
    """Behavior 10: nothing is sent, and jobgroup warns the caller."""
    jg = ended("error")
    jg.add(timer(scripted))
    scripted.availability = {"max_jobs_in_queue": 3, "num_jobs_in_queue": 3}
    with pytest.warns(UserWarning, match="no slot available"):
        (jg.relaunch_async_failed_jobs if rerun else jg.launch_async_jobs)()
    assert scripted.count("create", "rerun") == 0


def test_10_launch_needs_a_count_if_the_cloud_reports_no_limit(group, scripted):
    """Behavior 10: ValueError without a count, as in Perceval; with one, that many are sent."""
    scripted.availability = None
    jg = group(scripted, 4)
    with pytest.raises(ValueError, match=r"Pass concurrent_job_count"):
        jg.launch_async_jobs()
    assert scripted.count("create") == 0
    jg.launch_async_jobs(concurrent_job_count=3)
    assert scripted.count("create") == 3


def test_10_launch_does_not_warn_without_jobs_to_send(ended, scripted):
    """Behavior 10: if slots are free and no job is unsent, no warning mentions slots."""
    jg = ended("completed")
    with warnings.catch_warnings(record=True) as reported:
        warnings.simplefilter("always")
        jg.launch_async_jobs()
        jg.relaunch_async_failed_jobs()
    assert not [w for w in reported if "slot" in str(w.message)]


# -- 11 --------------------------------------------------------------------------------------------


def test_11_cancel_all_cancels_every_sent_unfinished_job(ended, timer, scripted, until):
    """Behavior 11: running, waiting and suspended jobs are canceled; finished and unsent ones are
    not.
    """
    jg = ended("running", "completed", "waiting", "error", "suspended", "canceled")
    jg.add(timer(scripted))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jg.cancel_all()
    assert {a.id for a in scripted.asked if a.what == "cancel"} == {jg[i].id for i in (0, 2, 4)}
    assert scripted.count("cancel") == 3
    assert [jg[i].state for i in (0, 2, 4)] == ["cancel_requested"] * 3
    until(lambda: [j.position for j in jg.list_unsuccessful_jobs()] == [0, 2, 3, 4, 5])


def test_11_canceled_job_can_be_rerun_at_once(ended):
    """A status from just before the cancellation does not count as one from after it."""
    jg = ended("running", "running")
    assert jg.progress()["Unfinished"] == [2, {"sent": 2, "not sent": 0}]
    first = [job.id for job in jg]
    jg.cancel_all()
    jg.rerun_failed_parallel()
    assert not {job.id for job in jg} & set(first)


def test_11_cancel_all_reports_each_failure(ended, scripted):
    """Behavior 11: each rejection is reported with the cloud's text. The other jobs are still
    canceled.
    """
    jg = ended("running", "running", "running")
    refused = jg[1].id
    scripted.faults["cancel"] = lambda _, asked: (
        (400, {"error": "Can not cancel job: too late"}) if asked.id == refused else None
    )
    with pytest.warns(UserWarning, match="Job 1 .*Can not cancel job: too late") as reported:
        jg.cancel_all()
    assert len(reported) == 1
    assert scripted.count("cancel") == 3
    assert [j.state for j in jg] == ["cancel_requested", "running", "cancel_requested"]


# -- 12 --------------------------------------------------------------------------------------------


def _result(value):
    return {"results": json.dumps({"results": value, "physical_perf": 1.0})}


@pytest.fixture
def with_results(ended, timer, scripted):
    """Make success, error, unsent, success and running jobs, with results if possible."""
    jg = ended("completed", "error", "completed", "running", "completed")
    jg.add(timer(scripted))
    for position in (0, 2, 4):
        scripted.results[jg[position].id] = _result(f"of {position}")
    scripted.results[jg[1].id] = {"results": None}
    return jg


def test_12_results_are_aligned_with_jobs(with_results):
    """Behavior 12: item i belongs to job i; only a running job's None comes with a warning."""
    with pytest.warns(JobGroupWarning, match=r"^1 job .* had not ended.* get_results\(wait=True\)"):
        values = [r and r["results"] for r in with_results.get_results()]
    assert values == ["of 0", None, "of 2", None, "of 4", None]


def test_12_failed_downloads_are_none_with_one_warning(with_results, scripted):
    """Behavior 12: two failed downloads keep the third, and one warning names them."""
    bad = {with_results[0].id, with_results[4].id}
    scripted.faults["result"] = lambda _, asked: (
        (403, {"error": "Not yours"}) if asked.id in bad else None
    )
    with pytest.warns(UserWarning, match="2 of 3") as reported:
        values = with_results.get_results()
    assert len(reported) == 1
    assert "Not yours" in str(reported[0].message)
    assert [v and v["results"] for v in values] == [None, None, "of 2", None, None, None]


def test_12_raised_error_has_the_other_results(with_results, scripted):
    """Behavior 12: errors="raise" raises an error with every result that arrived."""
    bad = with_results[2].id
    scripted.faults["result"] = lambda _, asked: (
        (403, {"error": "Not yours"}) if asked.id == bad else None
    )
    with pytest.raises(ResultsError) as caught:
        with_results.get_results(errors="raise")
    assert [v and v["results"] for v in caught.value.results] == [
        *("of 0", None, None, None, "of 4", None)
    ]
    assert list(caught.value.failures) == [2]
    assert isinstance(caught.value.failures[2], CloudError)


# -- 13 --------------------------------------------------------------------------------------------


def test_13_next_job_starts_one_delay_after_the_last_one_ended(cloud, group):
    """Behavior 13: runs do not overlap on a plan with many slots, by the cloud's own clock."""
    jg = group(cloud, 3, duration_s=0.05)
    jg.run_sequential(0.2)
    made = {j.id: j for j in cloud.jobs()}
    jobs = [made[j.id] for j in jg]
    for job, following in pairwise(jobs):
        assert following.created - (job.started + 0.05) >= 0.2


def test_13_sequential_run_sends_one_job_at_a_time(group, scripted, until):
    """Behavior 13: while a job runs, the next one is not sent, whatever the plan allows."""
    jg = group(scripted, 3)
    future = jg.start(delay=0)
    for nth in range(3):
        until(lambda nth=nth: len(scripted.ids()) == nth + 1)
        asked = scripted.count("status")
        until(lambda asked=asked: scripted.count("status") >= asked + 2)
        assert len(scripted.ids()) == nth + 1
        scripted.tell(scripted.ids()[nth], "error" if nth == 1 else "completed")
    future.result(120)
    assert [j.state for j in jg] == ["success", "error", "success"]


# -- 14 --------------------------------------------------------------------------------------------

_ODD = [
    {},
    {"status": None},
    {"status": 7},
    {"status": "running", "progress": "half", "progress_message": 5},
    {"status": "running", "progress": None, "start_time": "yesterday", "creation_datetime": []},
    {"status": "running", "duration": {"s": 3}, "status_message": ["a"], "last": 1},
    {"status": "completed", "duration": "12", "start_time": None},
    {"status": "error"},
    {"status": "error", "status_message": None, "duration": "long"},
]


@pytest.mark.parametrize("document", _ODD, ids=[json.dumps(d) for d in _ODD])
def test_14_malformed_status_is_tolerated_and_logged(document, group, scripted, caplog):
    """Behavior 14: counts stay complete, other jobs are unaffected, and the log mentions it.
    Without a status, the job keeps its state.
    """
    jg = group(scripted, 2)
    jg.run_parallel()
    scripted.documents[jg[0].id] = document
    scripted.tell(jg[1].id, "completed")
    with caplog.at_level(logging.DEBUG, "jobgroup"):
        progress = jg.progress()
    assert progress["Total"] == 2
    assert progress["Finished"][1]["successful"] >= 1
    word = document.get("status")
    expected = {"completed": "success", "running": "running", "error": "error"}.get(word, "waiting")
    assert jg[0].state == expected
    status = jg[0].status
    assert isinstance(status.progress, float)
    assert isinstance(status.running_time, float)
    mistyped = {k: v for k, v in document.items() if k != "last" and v is not None}
    if document in _ODD[:6] or document == _ODD[8]:
        assert caplog.records, f"nothing was logged of {mistyped}"


def test_14_missing_field_is_logged(group, scripted, caplog):
    """Behavior 14: the log mentions a response without the required field."""
    jg = group(scripted, 1)
    jg.run_parallel()
    scripted.documents[jg[0].id] = {"progress": 0.5}
    with caplog.at_level(logging.DEBUG, "jobgroup"):
        jg.progress()
    assert any("status" in r.getMessage() for r in caplog.records)


@pytest.mark.parametrize(
    "fault",
    [(404, {"error": "Not found job"}), (500, {"error": "oops"}), (200, {}), DROP],
    ids=["404", "500", "empty", "dropped"],
)
def test_14_unreachable_job_does_not_affect_others(fault, group, scripted):
    """Behavior 14 and below: `progress` returns, and the other jobs are up to date."""
    jg = group(scripted, 3)
    jg.run_parallel()
    odd = jg[1].id
    scripted.tell(jg[0].id, "completed")
    scripted.tell(jg[2].id, "error")
    scripted.faults["status"] = lambda _, asked: fault if asked.id == odd else None
    progress = jg.progress()
    assert progress["Total"] == 3
    assert [jg[0].state, jg[2].state] == ["success", "error"]
    assert jg[1].id == odd
