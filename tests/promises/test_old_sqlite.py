"""Groups work with SQLite 3.31 or later. Earlier releases get a clear error."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import jobgroup
from jobgroup import JobGroup, RemoteJob, StorageError
from jobgroup.store.connection import OLDEST_SQLITE, require_sqlite

LIBRARIES = Path(__file__).parents[2] / ".venv/old-sqlite"

_LIFE_OF_A_GROUP = """
import json, sqlite3
from jobgroup import JobGroup, RemoteJob, set_token
from jobgroup.cloud import EmbeddedCloud

with EmbeddedCloud(prewarm=False) as cloud:
    set_token(cloud.token, url=cloud.url)
    jg = JobGroup("old")
    body = {"command": "timer", "parameters": {"duration_s": 0}}
    job = RemoteJob(body, platform="test:timer", url=cloud.url)
    jg.add_many([(job, {}, {"n": n}) for n in range(3)])
    cloud.faults.add("fail_job", times=1, message="too hot")
    jg.run_parallel()
    jg.wait(300)
    jg.rerun_failed_parallel()
    jg.wait(300)
    list(jg.results_table())
    jg.description, jg[0].note = "kept", "noted"
    jg.export("copy.jobgroup")
    JobGroup.delete_job_group("old")
    JobGroup.restore("old")
    states = [job.state for job in JobGroup.load("copy.jobgroup", name="loaded")]
    (old,) = (each for each in JobGroup.summaries() if each.name == "old")
    print(json.dumps([sqlite3.sqlite_version, states, old.counts, old.problem]))
"""


@pytest.mark.parametrize("version", ["3.31.1", "3.34.0"])
def test_a_group_works_with_an_old_sqlite(version, tmp_path):
    """A group is created, run, rerun, read, exported, deleted and restored."""
    library = LIBRARIES / version
    if not (library / "libsqlite3.so.0").exists():
        pytest.skip(f"no SQLite {version} here: scripts/old_sqlite.sh .venv/old-sqlite builds it")
    done = subprocess.run(
        [sys.executable, "-c", _LIFE_OF_A_GROUP],
        env={
            **os.environ,
            "LD_LIBRARY_PATH": str(library),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    if found[0] != version:
        pytest.skip("this Python has SQLite built in")
    assert found[1:] == [["success"] * 3, {"success": 3}, None]


NEWER = {
    "RETURNING": "3.35",
    "iif(": "3.32",
    "STRICT": "3.37",
    "->>": "3.38",
    "unixepoch(": "3.38",
    "DROP COLUMN": "3.35",
    "MATERIALIZED": "3.35",
    "NULLS LAST": "3.30",
    "IS DISTINCT": "3.39",
    "FULL JOIN": "3.39",
    "concat(": "3.44",
    "jsonb": "3.45",
}


def test_no_statement_needs_a_newer_sqlite():
    """Keywords that old libraries lack are not used. Few machines that run the tests have such a
    library.
    """
    for file in (Path(jobgroup.__file__).parent / "store").glob("*.py"):
        for literal in re.findall(r'"[^"\n]*"', file.read_text()):
            known = literal.replace("group_concat(", "")  # older than all of them
            assert not [word for word in NEWER if word in known], (file.name, literal)


@pytest.fixture
def unchecked():
    """Make jobgroup check the library again."""
    require_sqlite.cache_clear()
    yield
    require_sqlite.cache_clear()


def test_a_sqlite_that_is_too_old_is_named(unchecked, monkeypatch, data_dir):
    """The error has the found and the required version. Lists show it too, and no file is
    created.
    """
    JobGroup("kept").add(RemoteJob({"command": "x"}, platform="p"))
    require_sqlite.cache_clear()
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.30.1")
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 30, 1))
    with pytest.raises(StorageError, match=r"uses SQLite 3\.30\.1, and jobgroup needs 3\.31"):
        JobGroup("new")
    (listed,) = JobGroup.summaries()
    assert "3.30.1" in listed.problem
    assert OLDEST_SQLITE == (3, 31, 0)
    assert [path.name for path in (data_dir / "groups").glob("*.jobgroup")] == ["kept.jobgroup"]


def test_a_sqlite_without_json_is_named(unchecked, monkeypatch):
    """The version is new enough, but lacks a part that some builds leave out."""

    class WithoutJson(sqlite3.Connection):
        def execute(self, sql, *args):
            raise sqlite3.OperationalError("no such table: json_each")

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, factory=WithoutJson))
    with pytest.raises(StorageError, match="JSON functions"):
        require_sqlite()
