"""Tests of a group's file that a sync tool removes, moves or replaces while it is open."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from file_copies import RUNS, SUFFIXES, kept

from jobgroup import Dashboard, GroupDeletedError, GroupMovedError, JobGroup, StorageError


def test_run_sends_nothing_after_its_file_is_replaced(path, group, scripted, timer, in_child):
    """Even an identical copy counts: later writes to the old file would be lost."""
    jg = group(scripted, 4)
    kept(path)()
    for use in (jg.run_parallel, jg.progress, lambda: jg.add(timer(scripted))):
        with pytest.raises(GroupMovedError, match="was replaced while it was open"):
            use()
    assert scripted.count("create") == 0
    assert "was replaced" in repr(jg)
    assert in_child(RUNS, scripted) == [0, 4]
    assert scripted.count("create") == 4
    assert {job.state for job in JobGroup.open("experiment")} == {"waiting"}
    assert scripted.count("create") == 4


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_group_notices_a_replaced_log(path, suffix, group, scripted):
    """SQLite would keep using the old log while other processes use the new one."""
    jg = group(scripted, 2)
    kept(path)([suffix])
    with pytest.raises(GroupMovedError, match="replaced"):
        jg.run_parallel()
    assert scripted.count("create") == 0


def test_group_does_not_resend_jobs_after_an_earlier_file_returns(path, group, scripted):
    """The earlier file lacks the ids: the open group raises, and a reopened one shows its state."""
    jg = group(scripted, 4)
    earlier = kept(path)
    jg.run_parallel()
    earlier()
    with pytest.raises(GroupMovedError, match="check its jobs before you run it"):
        jg.run_parallel()
    assert scripted.count("create") == 4


def test_add_raises_when_the_file_is_missing(path, group, scripted, timer):
    """The error says so. The group works again when its file is back."""
    jg = group(scripted, 1)
    elsewhere = path.with_name("elsewhere")
    elsewhere.mkdir()
    for suffix in SUFFIXES:
        Path(f"{path}{suffix}").replace(elsewhere / f"{path.name}{suffix}")
    for use in (lambda: jg.add(timer(scripted)), jg.run_parallel):
        with pytest.raises(GroupDeletedError, match=r"removed or moved|was deleted"):
            use()
    assert scripted.count("create") == 0
    assert not path.exists()
    for suffix in SUFFIXES:
        moved = elsewhere / f"{path.name}{suffix}"
        if moved.exists():
            moved.replace(f"{path}{suffix}")
    jg.add(timer(scripted))
    assert len(jg) == 2


def test_old_object_does_not_write_to_a_new_group_of_its_name(path, group, scripted):
    """The new group is on disk with its job; the old object does not write to it."""
    jg = group(scripted, 1)
    for suffix in SUFFIXES:
        Path(f"{path}{suffix}").unlink()
    new = group(scripted, 1)
    assert path.exists()
    assert len(new) == 1
    with pytest.raises(GroupDeletedError):
        jg.run_parallel()
    assert scripted.count("create") == 0
    new.run_parallel()
    assert scripted.count("create") == 1


def test_observed_state_reports_a_replaced_file(path, group, scripted, until):
    """An observed state reports the replaced file in `last_error`."""
    jg = group(scripted, 2)
    heard = []
    state = jg.state
    state.observe(lambda change: heard.append(change.new), "last_error")
    kept(path)()
    assert "was replaced" in until(lambda: heard and heard[-1])
    state.unobserve_all()


def test_group_continues_after_another_process_deletes_and_restores_it(
    path, group, scripted, in_child
):
    """The file is new, but it contains the same group."""
    jg = group(scripted, 2)
    number = path.stat().st_ino
    in_child(
        "from jobgroup import JobGroup; JobGroup.delete_job_group('experiment');"
        " JobGroup.restore('experiment'); print(0)"
    )
    assert path.stat().st_ino != number
    jg.run_parallel()
    assert scripted.count("create") == 2
    assert {job.state for job in jg} == {"waiting"}


def test_dashboard_shows_that_the_file_was_replaced(path, group, scripted):
    """The last view stays, with the error; the dashboard does not call the group deleted."""
    jg = group(scripted, 2)
    dashboard = Dashboard(jg)
    dashboard.read_state()
    kept(path)()
    assert dashboard.read_state() == (0, 0)
    assert "was replaced" in dashboard.last_error
    assert not dashboard.deleted
    dashboard.close()


@pytest.mark.parametrize("is_earlier", [False, True])
def test_group_is_recognized_by_content_when_inode_numbers_change(
    is_earlier, path, group, scripted, monkeypatch
):
    """On network file systems, the same group continues and an earlier state does not."""
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "1")
    jg = group(scripted, 2)
    earlier = path.with_suffix(".kept")
    shutil.copy(path, earlier)
    if is_earlier:
        jg.run_parallel()
    earlier.replace(path)
    if is_earlier:
        with pytest.raises(GroupMovedError, match="an earlier state"):
            jg.run_parallel()
    else:
        jg.run_parallel()
    assert scripted.count("create") == 2


def test_group_is_not_confused_with_another_when_inode_numbers_change(
    path, group, scripted, monkeypatch
):
    """Another group in the same place is recognized even if inode numbers change."""
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "1")
    jg = group(scripted, 2)
    group(scripted, 2, "other")
    path.with_name("other.jobgroup").replace(path)
    with pytest.raises(StorageError):
        jg.run_parallel()
    assert scripted.count("create") == 0
