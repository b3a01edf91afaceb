"""Tests of reruns: which jobs they send, in place or as new entries."""

from __future__ import annotations

import pytest


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
