"""Groups as files: deleting and restoring."""

from __future__ import annotations

import stat
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from jobgroup import (
    GroupBusyError,
    GroupDeletedError,
    GroupNotFoundError,
    JobGroup,
    JobGroupError,
    RemoteJob,
)

# -- deleting --------------------------------------------------------------------------------------


def test_delete_takes_one_group():
    """The others stay; the name is free for a new, empty group."""
    for name in ("a", "b"):
        JobGroup(name).add(RemoteJob({"command": "x"}, platform="p"))
    JobGroup.delete_job_group("a")
    assert JobGroup.list_existing() == ["b"]
    assert len(JobGroup("a")) == 0
    assert len(JobGroup("b")) == 1


def test_delete_leaves_no_file_behind(data_dir):
    """Neither the file nor what SQLite keeps beside it; the trash has one plain file."""
    jg = JobGroup("a")
    jg.add(RemoteJob({"command": "x"}, platform="p"))
    JobGroup.delete_job_group("a")
    assert list((data_dir / "groups").iterdir()) == []
    (kept,) = (data_dir / "trash").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_delete_permanently(data_dir):
    """Nothing is left of it anywhere."""
    JobGroup("a")
    JobGroup.delete_job_group("a", permanently=True)
    assert [p for p in data_dir.rglob("*") if p.is_file()] == []
    with pytest.raises(GroupNotFoundError):
        JobGroup.restore("a")


def test_an_object_of_a_deleted_group_says_so():
    """Whoever has it open learns how to get it back, and writes nothing."""
    jg = JobGroup("a")
    jg.add(RemoteJob({"command": "x"}, platform="p"))
    JobGroup.delete_job_group("a")
    for use in (
        jg.progress,
        jg.run_parallel,
        jg.get_results,
        lambda: len(jg),
        lambda: jg.add(RemoteJob({"command": "x"}, platform="p")),
    ):
        with pytest.raises(GroupDeletedError, match="restore"):
            use()
    assert JobGroup.list_existing() == []


def test_a_group_that_another_process_deleted(in_child):
    """The same, when the deletion happened elsewhere."""
    jg = JobGroup("a")
    in_child("from jobgroup import JobGroup; JobGroup.delete_job_group('a'); print(0)")
    with pytest.raises(GroupDeletedError, match="restore"):
        len(jg)
    with pytest.raises(GroupDeletedError, match="restore"):
        jg.add(RemoteJob({"command": "x"}, platform="p"))
    assert JobGroup.list_existing() == []


def test_restore_brings_everything_back(ended):
    """Jobs, ids, states, dates; and an object that was open before works again."""
    jg = ended("completed", "error")
    before = [(j.id, j.state) for j in jg], jg.created_date
    JobGroup.delete_job_group("experiment")
    JobGroup.restore("experiment")
    again = JobGroup("experiment")
    assert ([(j.id, j.state) for j in again], again.created_date) == before
    assert [(j.id, j.state) for j in jg] == before[0]
    assert JobGroup.list_trash() == []
    again.rerun_failed_parallel()
    assert [len(j.attempts) for j in jg] == [1, 2]


def test_restore_never_overwrites():
    """With a new group of that name, nothing is changed; the newest deleted one comes back."""
    for platform in ("first", "second", "third"):
        JobGroup("a").add(RemoteJob({"command": "x"}, platform=platform))
        if platform != "third":
            JobGroup.delete_job_group("a")
            time.sleep(0.002)  # the trash tells them apart by milliseconds
    with pytest.raises(JobGroupError, match="exists"):
        JobGroup.restore("a")
    assert JobGroup("a")[0].platform == "third"
    JobGroup.delete_job_group("a", permanently=True)
    JobGroup.restore("a")
    assert JobGroup("a")[0].platform == "second"


def test_summaries(ended, group, scripted):
    """Every group in a few numbers, without being opened: counts, dates, size."""
    jg = ended("completed", "error", "running")
    group(scripted, 2, "another")
    first, second = JobGroup.summaries()
    assert (first.name, first.counts, first.problem) == ("another", {"unsent": 2}, None)
    assert (second.name, second.counts) == (
        "experiment",
        {"success": 1, "error": 1, "running": 1},
    )
    assert second.created_at == pytest.approx(jg.created_date.timestamp(), abs=1e-5)
    assert second.modified_at == pytest.approx(jg.modified_date.timestamp(), abs=1e-5)
    assert second.size_bytes > 10_000


def test_restore_of_what_was_never_deleted():
    """GroupNotFoundError says where to look."""
    with pytest.raises(GroupNotFoundError, match="list_trash"):
        JobGroup.restore("never")


def test_a_group_that_runs_is_not_deleted(group, scripted, spawn, until):
    """GroupBusyError names the process; nothing is changed."""
    jg = group(scripted, 2)
    child = spawn(
        "from jobgroup import JobGroup; JobGroup('experiment').run_sequential(0)", scripted
    )
    until(lambda: jg[0].was_sent)
    with pytest.raises(GroupBusyError, match=str(child.pid)):
        JobGroup.delete_job_group("experiment")
    with pytest.warns(UserWarning, match="not deleted"):
        JobGroup.delete_all_job_groups()
    assert JobGroup.list_existing() == ["experiment"]
    assert len(jg) == 2


def test_jobs_that_go_on_are_named(ended):
    """Deleting a group with running jobs warns with their ids: they cost money without a group."""
    jg = ended("running", "completed")
    running = jg[0].id
    with pytest.warns(UserWarning, match=running):
        JobGroup.delete_job_group("experiment")


def test_delete_all():
    """Every group, and each can be restored."""
    for name in ("a", "b", "c"):
        JobGroup(name)
    JobGroup.delete_all_job_groups()
    assert JobGroup.list_existing() == []
    assert sorted(JobGroup.list_trash()) == ["a", "b", "c"]
    JobGroup.delete_all_job_groups()


@pytest.mark.parametrize("zone", [None, UTC, timezone(timedelta(hours=9))])
def test_delete_by_date(zone):
    """Groups made before the date go, later ones stay; a naive date is local time."""
    JobGroup("old")
    moment = datetime.now(zone)
    JobGroup("new")
    JobGroup.delete_job_groups_date(moment)
    assert JobGroup.list_existing() == ["new"]
    assert JobGroup.list_trash() == ["old"]


def test_delete_by_date_goes_by_creation():
    """A group that was changed later is still as old as it is."""
    jg = JobGroup("old")
    moment = datetime.now()
    jg.add(RemoteJob({"command": "x"}, platform="p"))
    assert jg.created_date < moment < jg.modified_date
    JobGroup.delete_job_groups_date(moment)
    assert JobGroup.list_existing() == []


def test_delete_by_date_keeps_the_oldest_to_keep():
    """The date is that of the oldest group to keep, so a group's own date never deletes it."""
    names = [f"group {n}" for n in range(9)]
    dates = [JobGroup(name).created_date for name in names]
    with pytest.warns(UserWarning, match="No groups"):
        JobGroup.delete_job_groups_date(dates[0])
    for gone, date in enumerate(dates[1:], start=1):
        JobGroup.delete_job_groups_date(date)
        assert JobGroup.list_existing() == names[gone:]


def test_delete_by_the_first_and_the_last_date_there_are(monkeypatch):
    """In every time zone the first date deletes nothing, and the last one everything."""
    JobGroup("a")
    for zone in ("UTC", "Asia/Tokyo", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        with pytest.warns(UserWarning, match="No groups"):
            JobGroup.delete_job_groups_date(datetime.min)
        assert JobGroup.list_existing() == ["a"]
        JobGroup.delete_job_groups_date(datetime.max)
        assert JobGroup.list_existing() == []
        JobGroup.restore("a")
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("date", ["2024-01-01", None, 5])
def test_delete_by_something_else(date):
    """What is no date deletes nothing."""
    JobGroup("a")
    with pytest.raises(TypeError, match="datetime"):
        JobGroup.delete_job_groups_date(date)
    assert JobGroup.list_existing() == ["a"]
