"""Tests of deleting and restoring groups."""

from __future__ import annotations

import stat
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from jobgroup import (
    GroupDeletedError,
    GroupNotFoundError,
    JobGroup,
    JobGroupError,
    RemoteJob,
)

# -- deleting --------------------------------------------------------------------------------------


def test_delete_removes_one_group():
    """The other groups stay, and the name is free for a new, empty group."""
    for name in ("a", "b"):
        JobGroup(name).add(RemoteJob({"command": "x"}, platform="p"))
    JobGroup.delete_job_group("a")
    assert JobGroup.list_existing() == ["b"]
    assert len(JobGroup("a")) == 0
    assert len(JobGroup("b")) == 1


def test_delete_leaves_no_file_behind(data_dir):
    """The file and SQLite's companions are removed, and the trash has one plain file."""
    jg = JobGroup("a")
    jg.add(RemoteJob({"command": "x"}, platform="p"))
    JobGroup.delete_job_group("a")
    assert list((data_dir / "groups").iterdir()) == []
    (kept,) = (data_dir / "trash").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_permanent_delete_leaves_nothing(data_dir):
    """No directory has a copy."""
    JobGroup("a")
    JobGroup.delete_job_group("a", permanently=True)
    assert [p for p in data_dir.rglob("*") if p.is_file()] == []
    with pytest.raises(GroupNotFoundError):
        JobGroup.restore("a")


def test_object_of_a_deleted_group_raises():
    """The error says how to restore the group, and the object writes nothing."""
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


def test_restore_never_overwrites_a_group():
    """If a group has the name, an error is raised. Otherwise the newest deleted group is
    restored.
    """
    for platform in ("first", "second", "third"):
        JobGroup("a").add(RemoteJob({"command": "x"}, platform=platform))
        if platform != "third":
            JobGroup.delete_job_group("a")
            time.sleep(0.002)  # the trash distinguishes them by milliseconds
    with pytest.raises(JobGroupError, match="exists"):
        JobGroup.restore("a")
    assert JobGroup("a")[0].platform == "third"
    JobGroup.delete_job_group("a", permanently=True)
    JobGroup.restore("a")
    assert JobGroup("a")[0].platform == "second"


def test_summaries_describe_every_group(ended, group, scripted):
    """Summaries have counts, dates and sizes, without opening the groups."""
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


def test_restore_of_an_unknown_group_raises():
    """GroupNotFoundError says where to look."""
    with pytest.raises(GroupNotFoundError, match="list_trash"):
        JobGroup.restore("never")


def test_delete_all_deletes_every_group():
    """Each group can be restored."""
    for name in ("a", "b", "c"):
        JobGroup(name)
    JobGroup.delete_all_job_groups()
    assert JobGroup.list_existing() == []
    assert sorted(JobGroup.list_trash()) == ["a", "b", "c"]
    JobGroup.delete_all_job_groups()


@pytest.mark.parametrize("zone", [None, UTC, timezone(timedelta(hours=9))])
def test_delete_by_date_deletes_older_groups(zone):
    """Later groups stay; a naive date is local time."""
    JobGroup("old")
    moment = datetime.now(zone)
    JobGroup("new")
    JobGroup.delete_job_groups_date(moment)
    assert JobGroup.list_existing() == ["new"]
    assert JobGroup.list_trash() == ["old"]


def test_delete_by_date_uses_the_creation_date():
    """Later changes do not make a group newer."""
    jg = JobGroup("old")
    moment = datetime.now()
    jg.add(RemoteJob({"command": "x"}, platform="p"))
    assert jg.created_date < moment < jg.modified_date
    JobGroup.delete_job_groups_date(moment)
    assert JobGroup.list_existing() == []


def test_delete_by_date_keeps_a_group_of_that_date():
    """The date is the one of the oldest group to keep."""
    names = [f"group {n}" for n in range(9)]
    dates = [JobGroup(name).created_date for name in names]
    with pytest.warns(UserWarning, match="No groups"):
        JobGroup.delete_job_groups_date(dates[0])
    for gone, date in enumerate(dates[1:], start=1):
        JobGroup.delete_job_groups_date(date)
        assert JobGroup.list_existing() == names[gone:]


def test_delete_by_date_takes_the_first_and_last_possible_dates(monkeypatch):
    """In every time zone, the first deletes nothing and the last deletes everything."""
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
def test_delete_by_date_refuses_other_values(date):
    """The call deletes nothing."""
    JobGroup("a")
    with pytest.raises(TypeError, match="datetime"):
        JobGroup.delete_job_groups_date(date)
    assert JobGroup.list_existing() == ["a"]
