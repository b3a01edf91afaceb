"""Lists of groups work despite odd files in the directories, and the trash despite wrong clocks."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from jobgroup import JobGroup, JobGroupError, RemoteJob, StorageError
from jobgroup.store.paths import group_path

DAY_S = 24 * 3600

pytestmark = pytest.mark.filterwarnings("ignore:The group .* (was not deleted|cannot be read)")


def _make(name, jobs=2):
    jg = JobGroup(name)
    jg.add_many(
        RemoteJob({"command": "timer"}, platform="test:timer", url="http://127.0.0.1:9")
        for _ in range(jobs)
    )
    return jg


def _names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def _fill(directory: Path) -> dict[str, str]:
    """Create one of each kind of odd file; return the names and the expected messages."""

    def place(name):
        return directory / f"{name}.jobgroup"

    os.mkfifo(place("pipe"))
    place("directory").mkdir()
    place("to a device").symlink_to("/dev/zero")
    place("to nothing").symlink_to("/nowhere/at/all")
    place("to itself").symlink_to(place("to itself"))
    place("empty").touch()
    place("text").write_text("this is no database " * 100)
    os.mkfifo(f"{place('with a pipe beside it')}-journal")
    place("with a pipe beside it").write_text("this is no database " * 100)
    with closing(sqlite3.connect(place("foreign"))) as file:
        file.execute("CREATE TABLE precious (x)")
    with socket.socket(socket.AF_UNIX) as listening:
        old = Path.cwd()
        os.chdir(directory)  # names of sockets have to be short
        try:
            listening.bind("socket.jobgroup")
        finally:
            os.chdir(old)
    for odd in (b"no utf-8 \xff\xfe.jobgroup", b"%zz.jobgroup", b".jobgroup", b"%2e%2e.jobgroup"):
        Path(os.fsdecode(os.fsencode(directory) + b"/" + odd)).write_bytes(b"odd")
    return {
        "pipe": "named pipe",
        "directory": "directory",
        "to a device": "device",
        "to nothing": "link to nothing",
        "to itself": "",
        "empty": "",
        "text": "not a database",
        "with a pipe beside it": "named pipe",
        "foreign": "not the file of a job group",
        "socket": "socket",
    }


@pytest.fixture
def littered(data_dir):
    """Two groups among all other kinds of files."""
    _make("a", 1)
    _make("z", 3)
    return _fill(data_dir / "groups")


def test_the_list_shows_each_odd_file_as_its_own_problem(littered):
    """The list counts all groups and describes each odd file; no odd file blocks it."""
    found = {each.name: each for each in JobGroup.summaries()}
    assert (found["a"].counts, found["z"].counts) == ({"unsent": 1}, {"unsent": 3})
    assert found["a"].problem is found["z"].problem is None
    assert found.keys() == {"a", "z"} | littered.keys() == set(JobGroup.list_existing())
    for name, said in littered.items():
        assert found[name].problem, name
        assert said in found[name].problem


def test_the_command_lists_groups_beside_odd_files(littered, data_dir, forked_command):
    """`ls` prints them as text and as JSON, with exit code 0. `import` skips a pipe."""
    code, out, err = forked_command("ls")
    assert (code, err) == (0, "")
    assert "pipe.jobgroup is a named pipe, not a file" in out
    code, out, _ = forked_command("ls", "--json")
    found = {each["name"]: each for each in json.loads(out)}
    assert code == 0
    assert found["z"]["total"] == 3
    assert found.keys() == {"a", "z"} | littered.keys()
    os.mkfifo(pipe := data_dir / "pipe.jgrp")
    code, out, _ = forked_command("import", str(pipe))
    assert (code, "not a regular file" in out) == (1, True), out


def test_deleting_all_groups_leaves_odd_files(littered, data_dir):
    """With and without a date, groups go to the trash. Odd files stay or are set aside
    unchanged.
    """
    before = {name for name in _names(data_dir / "groups") if "pipe" in name or "to" in name}
    JobGroup.delete_job_groups_date(datetime.now() + timedelta(days=1))
    assert JobGroup.list_trash() == ["a", "z"]
    JobGroup.delete_all_job_groups()
    assert before <= (_names(data_dir / "groups"))


@pytest.mark.parametrize("name", ["pipe", "directory", "to a device", "to nothing", "socket"])
def test_using_an_odd_file_as_a_group_is_refused(name, littered, data_dir):
    """Opening, creating or deleting the group raises an error that describes the file, which
    stays.
    """
    for use in (JobGroup, JobGroup.delete_job_group):
        with pytest.raises(StorageError, match=littered[name]):
            use(name)
    assert os.path.lexists(data_dir / "groups" / f"{name}.jobgroup")
    with pytest.raises(JobGroupError):
        JobGroup.open(name)


def test_a_link_to_a_group_is_neither_deleted_nor_renamed(data_dir):
    """The group that it leads to stays as it is."""
    _make("a")
    (data_dir / "groups" / "link.jobgroup").symlink_to(group_path("a"))
    for act in (JobGroup.delete_job_group, lambda name: JobGroup(name).rename("b")):
        with pytest.raises(StorageError, match="link to the file of the group 'a'"):
            act("link")
    assert JobGroup.list_existing() == ["a", "link"]
    assert len(JobGroup.open("a")) == 2


DATES = ["'abc'", "NULL", "x'00'", "9e999"]


@pytest.mark.parametrize("value", DATES)
def test_a_malformed_date_affects_only_its_group(value, forked_command):
    """A list by date, like every other list, still shows the other groups."""
    _make("a", 1)
    _make("odd")
    with closing(sqlite3.connect(group_path("odd"))) as file, file:
        file.execute("PRAGMA ignore_check_constraints = ON")
        file.execute(f"UPDATE meta SET value = {value} WHERE key = 'created_at'")
    with pytest.warns(UserWarning, match=r"'odd' cannot be read \(.* date"):
        JobGroup.delete_job_groups_date(datetime.now() + timedelta(days=1))
    assert JobGroup.list_existing() == ["odd"]
    (listed,) = json.loads(forked_command("ls", "--json")[1])
    assert "date" in listed["problem"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE jobs SET state = x'ff00'",
        "UPDATE jobs SET state = 7",
        "INSERT INTO meta VALUES ('description', x'ff')",
        "INSERT INTO meta VALUES ('description', CAST(x'ff1b5d' AS TEXT))",
        "INSERT INTO meta VALUES ('description', 1e300)",
    ],
)
def test_odd_values_in_a_group_do_not_break_lists(statement, forked_command):
    """Counts stay whole numbers of known states, and descriptions stay text."""
    _make("odd")
    with closing(sqlite3.connect(group_path("odd"))) as file, file:
        file.execute("PRAGMA ignore_check_constraints = ON")
        file.execute(statement)
    code, out, _ = forked_command("ls", "--json")
    assert code == 0
    (listed,) = json.loads(out)
    assert listed["problem"] or listed["total"] == 2
    assert forked_command("ls")[0] == 0


# -- the trash -------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch):
    """Set the offset of this machine's clock."""
    real = time.time

    def set_ahead(seconds):
        monkeypatch.setattr(time, "time", lambda: real() + seconds)

    return set_ahead


def _deleted(*names):
    for name in names:
        _make(name)
        JobGroup.delete_job_group(name)


def test_one_listing_under_a_wrong_clock_empties_no_trash(clock):
    """If the clock is ahead for a while, nothing is lost, even if the trash is listed often."""
    _deleted("a")
    clock(8 * DAY_S)
    for _ in range(3):
        assert JobGroup.list_trash() == ["a"]
    clock(0)
    assert JobGroup.list_trash() == ["a"]
    clock(6.9 * DAY_S)
    JobGroup.list_trash()
    clock(8 * DAY_S)  # a later listing contradicts the first one under this clock
    JobGroup.list_trash()
    assert JobGroup.list_trash() == ["a"]
    JobGroup.restore("a")
    assert len(JobGroup.open("a")) == 2


def test_two_listings_a_day_apart_empty_the_trash(clock, data_dir):
    """Groups that were deleted more than a week ago are removed for good; later ones stay."""
    _deleted("old")
    clock(2 * DAY_S)
    for path in (data_dir / "trash").glob("old~*"):
        os.utime(path, (0, 0))
    clock(7.5 * DAY_S)
    assert JobGroup.list_trash() == ["old"]
    clock(8.4 * DAY_S)
    assert JobGroup.list_trash() == ["old"]
    _deleted("young")
    clock(8.6 * DAY_S)
    assert JobGroup.list_trash() == ["young"]


def test_a_clock_that_was_behind_at_the_deletion_empties_no_trash(clock, data_dir):
    """On a machine whose clock begins in 1970, for example, the copy's own date counts too."""
    _deleted("a")
    (path,) = (data_dir / "trash").glob("a~*")
    path.rename(path.with_name("a~1000.jobgroup"))
    assert JobGroup.list_trash() == ["a"]
    clock(2 * DAY_S)
    assert JobGroup.list_trash() == ["a"]


def test_the_trash_keeps_files_that_are_not_groups(clock, data_dir):
    """These files stay, whatever their names and ages, even if two checks find them old."""
    trash = data_dir / "trash"
    _deleted("a")
    _fill(trash)
    JobGroup("kept").export(trash / "my copy.jobgroup")
    theirs = ["x~\u00b2.jobgroup", "x~.jobgroup", "~1.jobgroup", "notes~1.jobgroup", "a~1.txt"]
    for name in theirs:
        (trash / name).write_text("mine")
        os.utime(trash / name, (0, 0))
    os.mkfifo(trash / "b~1.jobgroup")
    (trash / "c~1.jobgroup").mkdir()
    (trash / ".expired.json").unlink(missing_ok=True)
    os.mkfifo(trash / ".expired.json")
    before = _names(trash)
    clock(20 * DAY_S)
    assert "a" in JobGroup.list_trash()
    (trash / ".expired.json").unlink(missing_ok=True)
    JobGroup.list_trash()
    clock(30 * DAY_S)
    assert "a" not in JobGroup.list_trash()
    gone = before - _names(trash)
    assert {name for name in gone if not name.startswith("a~")} <= {".expired.json"}


def test_the_trash_removes_unfinished_files_of_killed_processes(clock, data_dir):
    """Two listings remove such files after a week. A file that another process may be writing
    stays.
    """
    JobGroup("a").export(data_dir / "copy")
    left = []
    for folder in ("trash", "groups"):
        (data_dir / folder).mkdir(exist_ok=True)
        for suffix in ("", "-wal"):
            left.append(data_dir / folder / f".{'0123456789abcdef' * 2}.new{suffix}")
            shutil.copy(data_dir / "copy", left[-1])
    clock(8 * DAY_S)
    JobGroup.list_trash()
    young = data_dir / "trash" / f".{'f' * 32}.new"
    young.touch()
    os.utime(young, (time.time(), time.time()))
    assert all(path.exists() for path in left)
    clock(9.1 * DAY_S)
    JobGroup.list_trash()
    assert not any(path.exists() for path in left)
    assert young.exists()
    assert JobGroup.list_existing() == ["a"]


@pytest.mark.parametrize("record", ["", "{", '{"a": "b"}', "[" * 50_000])
def test_a_damaged_record_of_listings_empties_no_trash(record, clock, data_dir):
    """The record of listings starts again."""
    _deleted("a")
    (data_dir / "trash" / ".expired.json").write_text(record, "latin-1")
    clock(8 * DAY_S)
    assert JobGroup.list_trash() == ["a"]
    clock(9.1 * DAY_S)
    assert JobGroup.list_trash() == []


def test_a_group_can_be_deleted_beside_odd_files_in_the_trash(data_dir, forked_command):
    """The group can also be restored. An odd name in the trash prevents neither."""
    _make("b")
    (data_dir / "trash").mkdir()
    _fill(data_dir / "trash")
    JobGroup.delete_job_group("b")
    assert forked_command("ls", "--trash")[:2] == (0, "b\n")
    JobGroup.restore("b")
    assert len(JobGroup.open("b")) == 2


# -- shared disks ----------------------------------------------------------------------------------

_WRITES_UNTIL_THE_END = """
import os, sys, threading
from jobgroup import JobGroup, RemoteJob
jg = JobGroup("shared")
def write():
    while True:
        jg.add(RemoteJob({"command": "timer"}, platform="p", url="http://127.0.0.1:9"))
threading.Thread(target=write, daemon=True).start()
while not os.path.exists(sys.argv[1]):
    pass
"""


def test_a_process_that_ends_leaves_no_lock_on_a_shared_disk(path_of_lock, monkeypatch):
    """If a process ends while one of its threads is writing, the next process gets the turn."""
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "1")
    for _ in range(3):
        subprocess.run(
            [sys.executable, "-c", _WRITES_UNTIL_THE_END, str(path_of_lock)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=300,
        )
        assert not path_of_lock.exists()


def test_a_pipe_in_place_of_the_lock_blocks_no_process(path_of_lock, monkeypatch):
    """Such a file is not a sign of life, and jobgroup removes it after a while."""
    from jobgroup.store import network_lock

    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "1")
    monkeypatch.setattr(network_lock, "UNCLAIMED_LOCK_TTL_S", 0.5)
    jg = _make("shared", 1)
    os.mkfifo(path_of_lock)
    jg.add(RemoteJob({"command": "timer"}, platform="p", url="http://127.0.0.1:9"))
    assert len(jg) == 2


@pytest.fixture
def path_of_lock(data_dir):
    """Path of the lock file, which belongs to the process that may write."""
    return data_dir / "groups" / "shared.jobgroup.lock"
