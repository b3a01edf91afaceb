"""Lists of many groups come from an index and agree with the files, whatever happens to the
index.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from jobgroup import JobGroup, RemoteJob
from jobgroup.store.paths import group_path

MANY = 80
TESTS = 14
"""Number of directories, which is at least the number of tests here."""


def _job():
    return RemoteJob({"command": "timer"}, platform="test:timer", url="http://127.0.0.1:9")


@pytest.fixture
def listed(nursery):
    """Return the lists of this process and of a new one, which are equal."""

    def both():
        found = [(each.name, dict(each.counts)) for each in JobGroup.summaries()]
        source = "say(repr([(each.name, each.counts) for each in JobGroup.summaries()]))"
        assert nursery.start(source).all() == [repr(found)]
        nursery.clear()
        return dict(found)

    return both


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Data directories for the tests of this file, whose groups of one job have settled."""
    places = [tmp_path_factory.mktemp("settled") / "data" for _ in range(TESTS)]
    with pytest.MonkeyPatch.context() as patch:
        for place in places:
            patch.setenv("JOBGROUP_DATA_DIR", str(place))
            with JobGroup("group 0") as jg:
                jg.add(_job())
            for i in range(1, MANY):
                shutil.copyfile(group_path("group 0"), group_path(f"group {i}"))
    # A file counts as settled 3 s after it was written. One call must read all files.
    time.sleep(4)
    return places


@pytest.fixture
def index(settled: list[Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Many groups of one job that were last written a while ago, and their index."""
    place = settled.pop()
    monkeypatch.setenv("JOBGROUP_DATA_DIR", str(place))
    JobGroup.summaries()
    made = place / "summaries.json"
    assert made.exists()
    yield made
    shutil.rmtree(place, ignore_errors=True)  # 10 MB


def test_an_index_is_used_and_agrees_with_the_files(index):
    """The index has every group, only the user can read it, and returned lists are immutable."""
    assert index.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(index.read_text())["groups"]) == MANY
    found = JobGroup.summaries()
    assert {each.problem for each in found} == {None}
    assert [each.counts for each in found] == [{"unsent": 1}] * MANY
    assert all(each.size_bytes >= group_path(each.name).stat().st_size for each in found)
    with pytest.raises(AttributeError):
        found[0].name = "other"


def test_each_change_of_a_group_is_listed_at_once(index, listed):
    """These are an open group, whose log is not in its file yet, and a deleted, a new and a renamed
    group.
    """
    jg = JobGroup("group 3")
    jg.add(_job())
    JobGroup("group 5").delete()
    JobGroup("group 7").rename("seven")
    JobGroup("new").add_many([_job(), _job()])
    found = listed()
    assert found["group 3"] == {"unsent": 2}
    assert found["seven"] == {"unsent": 1}
    assert found["new"] == {"unsent": 2}
    assert not {"group 5", "group 7"} & found.keys()
    jg.add(_job())
    assert listed()["group 3"] == {"unsent": 3}
    jg.description = "HOM dip"
    assert [g.description for g in JobGroup.summaries() if g.name == "group 3"] == ["HOM dip"]


def test_changes_by_other_programs_are_listed_at_once(index, listed):
    """Files are removed, overwritten, edited with the old date and size, and replaced."""
    group_path("group 1").unlink()
    JobGroup("two").add_many([_job(), _job()])
    JobGroup("two").close()
    old = group_path("group 2").stat()
    shutil.copyfile(group_path("two"), group_path("group 2"))
    os.utime(group_path("group 2"), ns=(old.st_atime_ns, old.st_mtime_ns))
    with closing(sqlite3.connect(group_path("group 4"))) as file, file:
        file.execute("UPDATE jobs SET state = 'canceled'")
    group_path("group 6").write_text("this is no database " * 100)
    group_path("group 8").unlink()
    group_path("group 8").mkdir()
    found = listed()
    assert "group 1" not in found
    assert found["group 2"] == {"unsent": 2}
    assert found["group 4"] == {"canceled": 1}
    problems = {each.name for each in JobGroup.summaries() if each.problem}
    assert problems == {"group 6", "group 8"}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("{", id="cut"),
        pytest.param('{"format": 1, "groups": {"group 1.jobgroup": [7]}}', id="other rows"),
        pytest.param('{"format": 99, "groups": {}}', id="of another version"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param('{"format": 2, "groups": {"a": [[1e999]]}}', id="infinite"),
        pytest.param(None, id="removed"),
    ],
)
def test_a_damaged_index_is_rebuilt(content, index, listed):
    """An index of another version of jobgroup is rebuilt too. Without an index, the list is the
    same.
    """
    if content is None:
        index.unlink()
    else:
        index.write_text(content)
    assert len(listed()) == MANY
    assert len(json.loads(index.read_text())["groups"]) == MANY


def test_a_pipe_in_place_of_the_index_blocks_no_list(index, listed):
    """A directory in place of the index does not block lists either."""
    index.unlink()
    os.mkfifo(index)
    assert len(listed()) == MANY
    index.unlink()
    index.mkdir()
    assert len(listed()) == MANY


def test_an_index_of_another_directory_is_ignored(index, monkeypatch, tmp_path, listed):
    """A copy of the whole data directory has other files, whatever their names and dates."""
    copy = tmp_path / "copy"
    shutil.copytree(index.parent, copy)
    monkeypatch.setenv("JOBGROUP_DATA_DIR", str(copy))
    with closing(sqlite3.connect(copy / "groups" / "group 1.jobgroup")) as file, file:
        file.execute("UPDATE jobs SET state = 'canceled'")
    found = listed()
    assert found.pop("group 1") == {"canceled": 1}
    assert set(map(str, found.values())) == {"{'unsent': 1}"}


def test_groups_on_a_network_disk_are_read_from_their_files(index, monkeypatch, listed):
    """On a network file system, only an opened file shows another machine's changes."""
    made = index.read_text()
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "1")
    index.write_text(made.replace('"unsent":1', '"success":1'))
    assert set(map(str, listed().values())) == {"{'unsent': 1}"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_directory_is_listed_correctly(index, listed):
    """The index stays unchanged, and the list is correct."""
    index.unlink()
    index.parent.chmod(0o500)
    try:
        assert len(listed()) == MANY
        assert not index.exists()
    finally:
        index.parent.chmod(0o700)


def test_processes_that_list_and_write_at_once_agree(index):
    """Each list has every job that was added before it began."""
    source = (
        "import sys\nfrom jobgroup import JobGroup, RemoteJob\n"
        "jg = JobGroup('group 0')\n"
        "for _ in range(30):\n"
        "    jg.add(RemoteJob({'command': 'timer'}, platform='p', url='http://127.0.0.1:9'))\n"
        "    print(len(jg), flush=True)\n"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", source], env=environ, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            found = next(each for each in JobGroup.summaries() if each.name == "group 0")
            assert found.counts["unsent"] >= int(line)
    assert writer.returncode == 0
