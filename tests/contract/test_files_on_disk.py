"""Tests of group files: damage, permissions and read-only directories."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from jobgroup import (
    CorruptGroupError,
    JobGroup,
    RemoteJob,
    StorageError,
)


def _damage(data_dir, name="broken", content=b"this is no database " * 500):
    path = data_dir / "groups" / f"{name}.jobgroup"
    path.write_bytes(content)
    return path


def test_damaged_file_does_not_affect_other_groups(data_dir):
    """delete_job_groups_date and summaries skip a damaged file and report it."""
    JobGroup("a")
    JobGroup("z")
    path = _damage(data_dir)
    with pytest.warns(UserWarning, match="broken"):
        JobGroup.delete_job_groups_date(datetime.now(UTC) + timedelta(days=1))
    assert JobGroup.list_existing() == ["broken"]
    assert path.exists()
    assert [s.name for s in JobGroup.summaries() if s.problem] == ["broken"]


# -- damage ----------------------------------------------------------------------------------------


def test_truncated_group_is_set_aside(data_dir, in_child):
    """A truncated file is damage, not an empty group."""
    in_child(
        "from jobgroup import JobGroup, RemoteJob\n"
        "JobGroup('cut').add_many([RemoteJob({'command': 'x' * 9000 + str(i)}, platform='p')"
        " for i in range(40)]); print(0)"
    )
    path = data_dir / "groups" / "cut.jobgroup"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 - 7])
    with pytest.raises(CorruptGroupError):
        _use_every_part("cut")


def _use_every_part(name):
    jg = JobGroup(name)
    assert len(jg.remote_jobs) == 40
    assert {j.state for j in jg} == {"unsent"}
    jg.add(RemoteJob({"command": "x"}, platform="p"))


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_shared", ["0", "1"])
def test_open_files_become_readable_only_by_their_owner(
    is_shared, data_dir, group, scripted, monkeypatch
):
    """The data directory was open to all, and the user put a file among the groups."""
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", is_shared)
    data_dir.mkdir(exist_ok=True)
    data_dir.chmod(0o755)
    old = os.umask(0o022)
    try:
        group(scripted, 1).run_parallel()
        JobGroup("gone")
        JobGroup.delete_job_group("gone")
        JobGroup.open("experiment").export(data_dir / "out")
        JobGroup.load(data_dir / "out", name="loaded")
        shutil.copy(data_dir / "out", placed := data_dir / "groups" / "placed.jobgroup")
        placed.chmod(0o644)
        jg = JobGroup.open("placed")
        jg.description = "mine"
    finally:
        os.umask(old)
    ours = [p for part in ("groups", "trash") for p in (data_dir / part).iterdir()]
    assert {stat.S_IMODE(p.stat().st_mode) for p in ours if p.is_file()} == {0o600}
    assert {stat.S_IMODE(p.parent.stat().st_mode) for p in ours} == {0o700}
    assert stat.S_IMODE((data_dir / "out").stat().st_mode) == 0o644  # by the umask: for colleagues


_READ_ONLY = """
import ctypes, json, os, sys
if os.getuid() == 0 and not sys.argv[1:]:  # one who may everything is no test of permissions
    assert ctypes.CDLL(None).prctl(24, 1, 0, 0, 0) == 0  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE
    os.execv(sys.executable, [*sys.orig_argv, "as an ordinary user"])
from jobgroup import JobGroup, RemoteJob, StorageError
answers = {}
def note(name, call):
    try:
        answers[name] = repr(call())
    except StorageError as error:
        answers[name] = f"StorageError: {error}"
job = RemoteJob({"command": "x"}, platform="p", url="http://127.0.0.1:9")
note("list", JobGroup.list_existing)
note("names", lambda: [j.name for j in JobGroup("kept")])
note("progress", lambda: JobGroup.open("kept").progress())
note("add", lambda: JobGroup("kept").add(job))
note("run", lambda: JobGroup("kept").run_parallel())
note("note", lambda: setattr(JobGroup("kept")[0], "note", "x"))
note("new", lambda: JobGroup("new"))
note("delete", lambda: JobGroup.delete_job_group("kept"))
print(json.dumps(answers))
"""


def test_processes_that_disagree_about_a_local_directory_raise(spawn, data_dir, monkeypatch):
    """The error gives the cause and the remedy, and does not blame another writer."""
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "0")
    holder = spawn(
        "import sys; from jobgroup import JobGroup, RemoteJob\n"
        "jg = JobGroup('held'); jg.add(RemoteJob({'command': 'x'}, platform='p'))\n"
        "print('ready', flush=True); sys.stdin.readline()"
    )
    assert holder.stdout.readline().strip() == "ready"
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "1")
    with pytest.raises(StorageError, match="set JOBGROUP_NETWORK_FS in both"):
        JobGroup("held")
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "0")
    assert len(JobGroup("held")) == 1


@pytest.fixture(params=["ended", "was killed"])
def read_only(request, in_child, in_interpreter, data_dir):
    """The output of a process that may read the data directory but not write to it.

    Another process has written there before. If it was killed, SQLite's log is left.
    """
    in_child(
        "import os; from jobgroup import JobGroup, RemoteJob\n"
        "JobGroup('kept').add(RemoteJob({'command': 'x'}, platform='p', name='here'))\n"
        "print(0, flush=True)\n" + ("" if request.param == "ended" else "os._exit(0)")
    )
    for file in (data_dir / "groups").iterdir():
        file.chmod(0o400)
    for directory in (data_dir / "groups", data_dir):
        directory.chmod(0o500)
    yield in_interpreter(_READ_ONLY)
    for directory in (data_dir, data_dir / "groups"):
        directory.chmod(0o700)


def test_read_only_directory_can_be_read(read_only, data_dir):
    """Each write raises an error, and nothing is changed."""
    answers = read_only
    assert answers["list"] == "['kept']"
    assert answers["names"] == "['here']"
    assert "'not sent': 1" in answers["progress"]
    for name in ("add", "run", "note", "new", "delete"):
        assert answers[name].startswith("StorageError"), (name, answers[name])
    assert "JOBGROUP_DATA_DIR" in answers["new"]
    assert sorted(p.name for p in (data_dir / "groups").glob("*.jobgroup")) == ["kept.jobgroup"]


def test_impossible_data_directory_raises(monkeypatch, tmp_path):
    """StorageError names the directory and the variable that chooses another."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("JOBGROUP_DATA_DIR", str(blocked))
    with pytest.raises(StorageError, match="JOBGROUP_DATA_DIR"):
        JobGroup("a")
    assert blocked.read_text() == "in the way"


def test_existing_directory_keeps_its_permissions(monkeypatch, tmp_path):
    """In the user's own JOBGROUP_DATA_DIR, only new directories are private."""
    own = tmp_path / "project"
    own.mkdir()
    own.chmod(0o755)
    monkeypatch.setenv("JOBGROUP_DATA_DIR", str(own))
    JobGroup("a")
    assert stat.S_IMODE(own.stat().st_mode) == 0o755
    assert stat.S_IMODE((own / "groups").stat().st_mode) == 0o700
