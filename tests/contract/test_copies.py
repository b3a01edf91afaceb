"""Tests of exported groups: the content of the file, and what a loaded group keeps."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import pytest

from jobgroup import CorruptGroupError, GroupDeletedError, JobGroup

TWISTED = """
PRAGMA writable_schema = ON;
UPDATE sqlite_master
    SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = 'jobs_by_version')
    WHERE name = 'attempts_by_entry';
"""
"""Two indexes share a page. Only SQLite's check of the whole file finds this."""


def _copied(jg, data_dir, path, script=""):
    """Copy the group's own file, as a backup does, with the requests between its processes."""
    file = data_dir / "groups" / f"{jg.name}.jobgroup"
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
        copy.executescript(f"PRAGMA journal_mode = DELETE; {script}")
    return path


def _asked(jg, data_dir):
    """Leave a request in a group's file, as a dashboard does if the process that runs the group
    died.
    """
    file = data_dir / "groups" / f"{jg.name}.jobgroup"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "INSERT INTO commands (requested_at, fencing_token, requester, name, args, state)"
            " VALUES (0, 1, '[]', 'rerun', '{}', 'pending')"
        )


def test_export_is_one_file_without_removed_text(ended, tmp_path):
    """The export needs no companion files, and contains no text that its owner removed."""
    jg = ended("completed")
    jg[0].note = secret = os.urandom(300_000).hex()
    jg[0].note = ""
    path = tmp_path / "plain"
    jg.export(path)
    content = path.read_bytes()
    assert secret[-1000:].encode() not in content
    assert len(content) < 200_000
    assert content[18:20] == b"\1\1"  # SQLite's mark of a file without a write-ahead log
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["plain"]


def test_exports_and_copies_drop_pauses_and_requests(ended, tmp_path, data_dir):
    """Neither an export nor a copy of the file runs or pauses anything elsewhere."""
    jg = ended("error")
    jg.pause()
    _asked(jg, data_dir)
    jg.export(tmp_path / "exported")
    _copied(jg, data_dir, tmp_path / "copied")
    with closing(sqlite3.connect(tmp_path / "exported")) as file:
        assert file.execute("SELECT count(*) FROM commands").fetchone() == (0,)
        assert file.execute("SELECT count(*) FROM meta WHERE key = 'paused'").fetchone() == (0,)
    for name in ("exported", "copied"):
        copy = JobGroup.load(tmp_path / name, name=name)
        assert not copy.state.paused
        with closing(sqlite3.connect(data_dir / "groups" / f"{name}.jobgroup")) as file:
            assert file.execute("SELECT count(*) FROM commands").fetchone() == (0,)
    assert jg.state.paused


def test_export_and_load_find_unnoticed_damage(ended, tmp_path, data_dir):
    """Export and load check the whole file, and create nothing if it is damaged."""
    path = _copied(ended("completed"), data_dir, tmp_path / "twisted", TWISTED)
    with pytest.raises(CorruptGroupError, match="twisted is damaged"):
        JobGroup.load(path, name="loaded")
    path.rename(data_dir / "groups" / "twisted.jobgroup")
    with pytest.raises(CorruptGroupError, match="twisted"):
        JobGroup.open("twisted").export(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert "loaded" not in JobGroup.list_existing()


def test_loaded_group_is_a_different_group(ended, tmp_path, monkeypatch):
    """The group keeps the name from `load`. Objects of the first group do not get it."""
    jg = ended("completed")
    jg.export(tmp_path / "first")
    JobGroup.load(tmp_path / "first", name="twin").export(tmp_path / "second")
    JobGroup.delete_job_group("experiment")
    JobGroup.load(tmp_path / "first")
    with pytest.raises(GroupDeletedError):
        jg[0].note = "mine"
    monkeypatch.setenv("JOBGROUP_DATA_DIR", str(tmp_path / "elsewhere"))
    assert JobGroup.load(tmp_path / "second").name == "twin"
