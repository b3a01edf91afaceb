"""Promises 8 and 9: attempts are kept, and a deletion can be undone."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import time
import warnings
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from jobgroup import (
    GroupBusyError,
    GroupNotFoundError,
    JobGroup,
    JobGroupError,
    JobGroupWarning,
    StorageError,
)
from jobgroup.store.paths import group_path


def test_a_rerun_keeps_the_entry_and_its_attempts(group, cloud, ledger):
    """A rerun in place keeps position, name and note. Old ids and messages stay readable."""
    jg = group(3)
    for nth in range(3):
        cloud.faults.add("fail_job", times=3, message=f"failure {nth}")
        jg.rerun_failed_parallel() if nth else jg.run_parallel()
        jg.wait(120)
        jg[1].note = "kept"
    jg.rerun_failed_parallel(replace_failed_jobs=True)
    jg.wait(120)
    assert [j.name for j in jg] == ["0", "1", "2"]
    for job in jg:
        assert job.state == "success"
        assert [a.number for a in job.attempts] == [1, 2, 3, 4]
        assert [a.message for a in job.attempts[:3]] == [f"failure {n}" for n in range(3)]
        assert [a.state for a in job.attempts] == ["error"] * 3 + ["success"]
        assert len({a.remote_id for a in job.attempts}) == 4
        assert job.id == job.attempts[-1].remote_id
    assert jg[1].note == "kept"
    ledger(jg).check()


def test_a_rerun_that_appends_leaves_the_old_entry(group, cloud, ledger):
    """The new entry refers to the old one, which keeps its id and message."""
    jg = group(2)
    cloud.faults.add("fail_job", times=2, message="too hot")
    jg.run_parallel()
    jg.wait(120)
    old = [j.id for j in jg]
    jg.rerun_failed_parallel(replace_failed_jobs=False)
    jg.wait(120)
    assert [j.state for j in jg] == ["error", "error", "success", "success"]
    assert [j.id for j in jg][:2] == old
    assert [j.message for j in jg][:2] == ["too hot"] * 2
    assert [len(j.attempts) for j in jg] == [1] * 4
    ledger(jg).check().each_once("0", "0", "1", "1")


def test_a_deleted_group_can_be_restored(group, cloud, ledger):
    """All jobs, attempts, dates and notes are restored. The group can be run and deleted again."""
    jg = group(3)
    jg[0].note = "mine"
    jg[0].execute_async()
    jg.wait(120)
    before = [(j.id, j.state) for j in jg], jg.created_at
    JobGroup.delete_job_group("experiment")
    assert "experiment" not in JobGroup.list_existing()
    assert JobGroup.list_trash() == ["experiment"]
    with pytest.raises(JobGroupError):
        len(jg)
    with pytest.warns(JobGroupWarning, match="no job group named 'experiment'"):
        JobGroup.delete_job_group("experiment")
    JobGroup.restore("experiment")
    assert JobGroup.list_trash() == []
    assert ([(j.id, j.state) for j in jg], jg.created_at) == before
    assert (jg[0].note, jg[0].state) == ("mine", "success")
    JobGroup.open("experiment").run_parallel()
    jg.wait(120)
    ledger(jg).check().each_once("0", "1", "2")
    with pytest.raises(GroupNotFoundError):
        JobGroup.restore("experiment")
    JobGroup.delete_job_group("experiment", permanently=True)
    assert JobGroup.list_trash() == []


def test_a_running_group_is_not_deleted(group, child, cloud, until):
    """The group cannot be deleted by name, by date or with all groups. The error names the sending
    process, and its jobs continue. A dead process does not count.
    """
    jg = group(2, duration_s=600)
    script = child("JobGroup.open('experiment').run_sequential(0)")
    until(lambda: jg[0].state in ("waiting", "running"))
    with pytest.raises(GroupBusyError) as busy:
        JobGroup.delete_job_group("experiment")
    assert busy.value.pid == script.pid
    with pytest.warns(UserWarning, match="not deleted"):
        JobGroup.delete_all_job_groups()
    assert JobGroup.list_existing() == ["experiment"]
    script.kill()
    with pytest.warns(UserWarning, match=jg[0].id):
        JobGroup.delete_job_group("experiment")
    assert JobGroup.list_trash() == ["experiment"]


def test_a_deletion_names_the_active_jobs(group):
    """A warning names these jobs. A group whose jobs have ended is deleted without a warning."""
    jg = group(2, duration_s=600)
    jg.run_parallel()
    with pytest.warns(UserWarning, match=jg[1].id):
        JobGroup.delete_job_group("experiment")
    group(1, "unsent")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        JobGroup.delete_job_group("unsent")


def test_a_damaged_group_does_not_stop_the_deletion_of_others(group, data_dir):
    """Deleting by date deletes the old groups, damaged or not, and no others."""
    for name in ("a", "b", "c"):
        group(1, name)
    group_path("b").write_bytes(b"no database" * 1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        JobGroup.delete_job_groups_date(datetime.now() + timedelta(days=1))
    assert not {"a", "c"} & set(JobGroup.list_existing())
    assert {"a", "c"} <= set(JobGroup.list_trash())
    kept = [
        p for p in Path(data_dir).rglob("*") if p.is_file() and b"no database" in p.read_bytes()
    ]
    assert kept, "the damaged one's bytes are gone"
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        JobGroup.delete_job_groups_date(datetime(1999, 1, 1))
    assert any("before" in str(w.message) for w in warned)


def test_a_group_survives_a_killed_deletion(group, child):
    """Whenever a deletion is killed, the group still exists or can be restored."""
    group(3, "doomed")
    for nth in range(12):
        doomed = child("JobGroup.open('doomed'); say(); JobGroup.delete_job_group('doomed')")
        doomed.hear()
        time.sleep(nth * 0.0015)
        doomed.kill()
        try:
            found = JobGroup.open("doomed")
        except GroupNotFoundError:
            JobGroup.restore("doomed")
            found = JobGroup.open("doomed")
        assert len(found) == 3


def test_an_unfinished_deletion_is_completed(group):
    """A group marked as deleted, with its copy in the trash, can be restored or recreated."""
    for name in ("restored", "made anew", "deleted"):
        jg = group(2, name)
        path = group_path(name)
        kept = path.with_name("kept")
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(kept)) as copy:
            source.backup(copy)
        JobGroup.delete_job_group(name)
        del jg
        kept.rename(path)
        with closing(sqlite3.connect(path)) as file, file:
            file.execute("INSERT INTO meta VALUES ('deleted_at', 1)")
    JobGroup.restore("restored")
    assert len(JobGroup.open("restored")) == 2
    assert len(JobGroup("made anew")) == 0
    with pytest.warns(JobGroupWarning, match="no job group named 'deleted'"):
        JobGroup.delete_job_group("deleted")


def test_an_open_group_can_be_deleted_and_restored_elsewhere(group, child, ledger):
    """The other process gets an error, and then works on the restored group. Its new jobs are
    kept.
    """
    jg = group(1)
    other = child("""
jg = JobGroup.open("experiment")
say(len(jg))
hear()
try:
    jg.add(job("to nowhere"))
    say("added")
except JobGroupError as error:
    say(type(error).__name__)
hear()
jg.add(job("to the restored"))
say(len(jg))
""")
    assert other.hear() == 1
    JobGroup.delete_job_group("experiment")
    other.tell()
    assert other.hear() == "GroupDeletedError"
    JobGroup.restore("experiment")
    other.tell()
    assert other.hear() == 2
    other.kill()
    assert [j.name for j in jg] == ["0", "to the restored"]
    ledger(jg).check()


def test_a_group_whose_file_cannot_be_removed_is_kept(group):
    """The file is a mount point, which cannot be removed, like another user's file."""
    jg = group(2)
    path = group_path(jg.name)
    command = ["mount", "--bind", str(path), str(path)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only a user who may mount disks can make a mount point")
    try:
        for act in (jg.delete, lambda: jg.rename("new")):
            with pytest.raises(StorageError, match="cannot be removed"):
                act()
            assert JobGroup.list_existing() == [jg.name]
            assert JobGroup.list_trash() == []
            assert len(JobGroup.open(jg.name)) == 2
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
    jg.delete()
    assert JobGroup.list_trash() == [jg.name]
