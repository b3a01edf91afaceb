"""Promise 10: groups' files are safe."""

from __future__ import annotations

import ast
import gc
import os
import random
import sqlite3
import stat
import subprocess
import unicodedata
import warnings
from contextlib import closing, suppress
from pathlib import Path

import pytest
from flips import Flips
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from kills import Campaign
from ledger import integrity

import jobgroup
from jobgroup import (
    CorruptGroupError,
    GroupNotFoundError,
    InvalidNameError,
    JobGroup,
    StorageError,
    UnsupportedVersionError,
)
from jobgroup.store.paths import group_path

SEED = 20_262


@pytest.mark.parametrize("umask", [0, 0o077])
def test_only_the_owner_can_read_the_files(umask, group, data_dir):
    """Files are 0600 and directories 0700, whatever the umask, including SQLite's additional files,
    the trash and files that were set aside.
    """
    before = os.umask(umask)
    try:
        for name in ("kept", "trashed"):
            group(2, name)
        JobGroup.delete_job_group("trashed")
        group_path("damaged").write_bytes(b"damaged" * 1000)
        group_path("damaged").chmod(0o600)
        with pytest.raises(CorruptGroupError):
            JobGroup.open("damaged")
        jg = JobGroup.open("kept")
        jg[0].note = "written to"
        modes = {p: stat.S_IMODE(p.stat().st_mode) for p in [data_dir, *data_dir.rglob("*")]}
    finally:
        os.umask(before)
    assert {p.name for p in modes} >= {"kept.jobgroup", "kept.jobgroup-wal", "groups", "trash"}
    assert {p: oct(m) for p, m in modes.items() if m != (0o700 if p.is_dir() else 0o600)} == {}


@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.text(min_size=1, max_size=30))
@example(name="../../../etc/passwd")
@example(name="..")
@example(name="/absolute/x")
@example(name="a\x00b")
@example(name="CON")
@example(name="nul.txt")
@example(name=" x ")
@example(name=".hidden")
@example(name="name.jobgroup")
@example(name="n" * 300)
@example(name="\u202egnp.exe")
@example(name="e\u0301")
@example(name="~123")
@example(name="%41")
@example(name="\ud800")
def test_no_name_leaves_the_directory(name, data_dir):
    """Any name is stored as typed and composed, in one file in the directory, or it is rejected."""
    existing = set(JobGroup.list_existing()) if data_dir.exists() else set()
    outside = set(data_dir.parent.iterdir())
    try:
        jg = JobGroup(name)
    except InvalidNameError:
        assert set(JobGroup.list_existing()) == existing
        return
    name = unicodedata.normalize("NFC", name)
    assert jg.name == name
    assert set(JobGroup.list_existing()) == existing | {name}
    path = group_path(name)
    assert path.parent == data_dir / "groups"
    assert path.is_file()
    assert set(data_dir.parent.iterdir()) - outside <= {data_dir}
    JobGroup.delete_job_group(name)
    assert name in JobGroup.list_trash()
    JobGroup.restore(name)
    JobGroup.delete_job_group(name, permanently=True)
    assert set(JobGroup.list_existing()) == existing


def test_no_two_names_share_a_file():
    """Names that look similar are separate groups."""
    alike = [
        "Scan",
        "scan",
        "scan ",
        "a/b",
        "a%2Fb",
        "a b",
        "a  b",
        "a.b",
        "a~1",
        "é",
        "e",
        "CON",
        "%43ON",
        "a",
        "a ",
    ]
    for name in alike:
        JobGroup(name)
    assert sorted(JobGroup.list_existing()) == sorted(alike)


def test_nothing_in_a_file_can_be_executed():
    """No module that stores or reads groups unpickles, evaluates or executes anything."""
    package = Path(jobgroup.__file__).parent
    suspicious = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml"}
    for path in package.rglob("*.py"):
        if path.parent.name == "cloud":
            continue  # communicates with its own workers through pipes, not files
        for node in ast.walk(ast.parse(path.read_text())):
            names: set[str] = set()
            if isinstance(node, ast.Import):
                names = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {(node.module or "").partition(".")[0]}
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile"}, path
            assert not names & suspicious, path


@pytest.mark.parametrize(
    ("content", "use"),
    [
        (b"not a database" * 500, JobGroup.open),
        (b"SQLite format 3\x00" + b"\xff" * 8000, JobGroup),
        (b"\x00" * 4096, JobGroup.open),
    ],
    ids=["text", "header", "zeros"],
)
def test_a_damaged_file_is_set_aside_whole(content, use, group, data_dir):
    """The error names the file's new place. Other groups are not affected, and the name is free."""
    group(2, "other")
    group_path("damaged").write_bytes(content)
    with pytest.raises(CorruptGroupError, match="moved intact") as error:
        use("damaged")
    (kept,) = [p for p in data_dir.rglob("*") if p.is_file() and p.parent.name == "damaged"]
    assert kept.read_bytes() == content
    assert str(kept) in str(error.value)
    assert len(JobGroup.open("other")) == 2
    assert JobGroup.list_existing() == ["other"]
    assert len(JobGroup("damaged")) == 0
    with pytest.raises(GroupNotFoundError):
        JobGroup.open("never made")


def test_an_empty_file_is_not_a_group(group):
    """Another program emptied the file, perhaps because it is writing to it. No group is created in
    it.

    Files of jobgroup get their content before their name, so no crash leaves an empty one. Lists
    still work, and a user who deletes the file can start again.
    """
    group(2, "full")
    group_path("empty").touch()
    for get in (JobGroup, JobGroup.open, lambda name: JobGroup.load(group_path(name))):
        with pytest.raises(StorageError, match=r"is empty: another program|is not the file"):
            get("empty")
    assert group_path("empty").stat().st_size == 0
    problems = {found.name: found.problem for found in JobGroup.summaries()}
    assert problems["full"] is None
    assert "is empty" in problems["empty"]
    JobGroup.delete_job_group("empty")
    assert len(JobGroup("empty")) == 0


def test_a_foreign_database_is_not_a_group():
    """An intact SQLite file of another program is also set aside unchanged."""
    JobGroup("any")
    with closing(sqlite3.connect(group_path("theirs"))) as file, file:
        file.execute("CREATE TABLE mine (x)")
    content = group_path("theirs").read_bytes()
    with pytest.raises(CorruptGroupError) as error:
        JobGroup.open("theirs")
    assert any(p.read_bytes() == content for p in group_path("x").parents[1].rglob("theirs*"))
    assert "theirs" in str(error.value)


def test_a_newer_layout_is_refused_unchanged(group):
    """A file of a later version is not changed, not listed as damaged, and not deleted by
    mistake.
    """
    group(2, "older")
    path = group_path("experiment")
    with closing(sqlite3.connect(group_path("older"))) as source:
        with closing(sqlite3.connect(path)) as file:
            source.backup(file)
            file.execute("PRAGMA journal_mode = DELETE")
            file.execute("PRAGMA user_version = 99")
    content = path.read_bytes()
    for use in (JobGroup, JobGroup.open):
        with pytest.raises(UnsupportedVersionError, match=r"[Uu]pgrade"):
            use("experiment")
    assert path.read_bytes() == content
    assert JobGroup.list_existing() == ["experiment", "older"]


def test_a_file_with_flipped_bytes_is_refused_or_works(cloud):
    """Bytes are flipped anywhere in the file. No other error is raised, no damaged body is sent,
    and the group next to it is not affected.
    """
    print(f"seed {SEED}")
    flips = Flips(random.Random(SEED), cloud)
    for page in range(0, flips.pages, 3):
        flips.flip(f"flipped {page}", page)
    flips.flip("flipped header", 0, byte=3)
    assert flips.refused
    assert flips.usable


def test_a_read_only_group_can_be_viewed(tiny_disk, group, cloud, until):
    """On a read-only disk, viewing works, and everything else raises StorageError."""
    jg = group(3)
    jg[0].execute_async()
    jg.wait(120)
    del jg

    def is_protected() -> bool:  # possible when the file is closed
        gc.collect()
        with suppress(subprocess.CalledProcessError):
            tiny_disk.protect()
            return True
        return False

    until(is_protected)
    jg = JobGroup.open("experiment")
    assert [j.state for j in jg] == ["success", "unsent", "unsent"]
    assert jg.progress()["Total"] == 3
    assert jg.get_results()[0] is not None
    asked = len(cloud.jobs())
    for change in (
        lambda: jg.add(jobgroup.RemoteJob({"c": 1}, platform="p", url=cloud.url)),
        jg.run_parallel,
        lambda: jg.run_parallel(queue=True),
        jg.pause,
        lambda: setattr(jg[0], "note", "x"),
        lambda: JobGroup.delete_job_group("experiment"),
        lambda: JobGroup("new"),
    ):
        with pytest.raises(StorageError):
            change()
    assert len(cloud.jobs()) == asked
    assert JobGroup.list_existing() == ["experiment"]
    assert [s.name for s in JobGroup.summaries()] == ["experiment"]


def test_a_network_file_system_uses_a_rollback_journal(
    monkeypatch, child, cloud, nursery, data_dir
):
    """Several processes write, some are killed, and no acknowledged job is lost."""
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "1")
    source = """
jg = JobGroup("shared")
for n in range(8):
    jg.add(job(f"{who}-{n}"))
say("done")
"""
    crowd = [child(source, who=who) for who in range(3)]
    assert [one.all() for one in crowd] == [["done"]] * 3
    assert len(JobGroup.open("shared")) == 24
    with closing(sqlite3.connect(group_path("shared"))) as file:
        assert file.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
    assert not list(data_dir.rglob("*-wal"))
    campaign = Campaign(random.Random(SEED), nursery, cloud, knows_keys=False)
    campaign.of_running("shared run", jobs=8, lives=2)
    assert integrity("shared") == "ok"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        JobGroup.delete_all_job_groups()
