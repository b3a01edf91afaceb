"""File systems that differ from a local disk, mounted for real with FUSE."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobgroup import InvalidNameError, JobGroup, JobGroupError, RemoteJob
from jobgroup.store.filesystem import file_system_type, is_network

fuse_mount = pytest.importorskip(
    "fuse_mount", reason="no libfuse here: apt-get install fuse3", exc_type=(ImportError, OSError)
)

pytestmark = pytest.mark.skipif(bool(fuse_mount.why_not()), reason=fuse_mount.why_not())

_ADDS = """
import json, sys
from jobgroup import JobGroup, JobGroupError, RemoteJob
jg, added, refused = JobGroup("sweep"), [], []
for n in range(int(sys.argv[2])):
    job = RemoteJob({"command": "timer"}, platform="p", url="http://127.0.0.1:9")
    try:
        jg.add(job, labels={"who": sys.argv[1], "n": n})
        added.append(n)
    except JobGroupError as error:
        refused.append(str(error))
print(json.dumps([added, refused]))
"""

_READS = """
import json
from jobgroup import JobGroup
print(json.dumps(sorted([job.labels["who"], job.labels["n"]] for job in JobGroup.open("sweep"))))
"""


def _on(directory, source, *words):
    """Start Python on a source text, with one machine's mount as its data directory."""
    return subprocess.Popen(
        [sys.executable, "-c", source, *words],
        env={
            **os.environ,
            "JOBGROUP_DATA_DIR": str(directory),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
        stdout=subprocess.PIPE,
        text=True,
    )


def _said(process):
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 0
    return json.loads(out.splitlines()[-1])


@pytest.fixture
def mount(tmp_path):
    """Mount one directory several times, each with its own cache, like a separate machine."""
    shared = tmp_path / "shared"
    shared.mkdir()
    return lambda name, **options: fuse_mount.mounted(shared, tmp_path / name, **options)


def test_two_machines_that_add_at_once_lose_nothing(mount):
    """Each has its own mount and cache, and locks that end there: every job is there."""
    with mount("a") as first, mount("b") as second:
        assert file_system_type(first) == "fuse"
        assert is_network(first)
        both = [_on(first, _ADDS, "a", "15"), _on(second, _ADDS, "b", "15")]
        wanted = []
        for who, process in zip("ab", both, strict=True):
            added, refused = _said(process)
            assert refused == []
            wanted += [[who, n] for n in added]
        assert len(wanted) == 30
        for machine in (first, second):
            assert _said(_on(machine, _READS)) == sorted(wanted)
        assert not list((first / "groups").glob("*.lock*"))
        assert not list((first / "groups").glob("*-wal"))


@pytest.fixture
def without_case(mount, monkeypatch):
    """The data directory is on a file system that ignores case, as on macOS and Windows."""
    with mount("m", ignore_case=True) as directory:
        monkeypatch.setenv("JOBGROUP_DATA_DIR", str(directory))
        yield directory


def test_names_that_differ_in_case_are_not_confused_if_case_is_ignored(without_case):
    """The error names the other group, which is not opened, deleted or replaced."""
    JobGroup("Scan").add(RemoteJob({"command": "timer"}, platform="p", url="http://127.0.0.1:9"))
    for use in (JobGroup, JobGroup.open, JobGroup.delete_job_group, JobGroup.restore):
        with pytest.raises(InvalidNameError, match=r"'scan' from .* 'Scan'.*Nothing was changed"):
            use("scan")
    assert JobGroup.list_existing() == ["Scan"]
    JobGroup("Scan").export(without_case / "copy")
    for use in (
        lambda: JobGroup.load(without_case / "copy", name="SCAN"),
        lambda: JobGroup.load(without_case / "copy"),
    ):
        with pytest.raises(JobGroupError):
            use()
    assert len(JobGroup.open("Scan")) == 1


def test_a_deleted_group_is_restored_by_its_own_name_if_case_is_ignored(without_case):
    """A group of another spelling is a different group, and restoring does not overwrite it."""
    JobGroup("Scan").add(RemoteJob({"command": "timer"}, platform="p", url="http://127.0.0.1:9"))
    JobGroup.delete_job_group("Scan")
    JobGroup("scan")
    with pytest.raises(JobGroupError, match=r"'Scan' from .* 'scan'"):
        JobGroup.restore("Scan")
    assert JobGroup.list_trash() == ["Scan"]
    JobGroup.delete_job_group("scan", permanently=True)
    JobGroup.restore("Scan")
    assert [len(JobGroup.open(name)) for name in JobGroup.list_existing()] == [1]
    assert Path(without_case / "groups/Scan.jobgroup").exists()
