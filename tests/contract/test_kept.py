"""Tests of data that a group stores on request: results, notes, descriptions and copies."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import socket
import sqlite3
import stat
import warnings
from contextlib import closing

import pytest

from jobgroup import (
    CloudUnreachableError,
    CorruptGroupError,
    CredentialsError,
    InvalidNameError,
    JobGroup,
    JobGroupError,
    JobGroupWarning,
    StorageError,
    UnsupportedVersionError,
    forget_tokens,
)


@pytest.fixture
def finished(ended, scripted):
    """Make a group of three jobs: two with results and one that failed."""
    jg = ended("completed", "error", "completed")
    for job in (jg[0], jg[2]):
        scripted.results[job.id] = {"results": json.dumps({"results": f"of {job.position}"})}
    scripted.results[jg[1].id] = {"results": None}
    return jg


EXPECTED = [{"results": "of 0"}, None, {"results": "of 2"}]


def _file(jg, data_dir):
    return data_dir / "groups" / f"{jg.name}.jobgroup"


def _in_file(path, statement, *values):
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute(statement, values).fetchall()
        file.commit()
    return rows


# -- results ---------------------------------------------------------------------------------------


def test_results_are_cached_when_first_read(finished, scripted):
    """Each result is fetched once, by any reader. The setting is permanent."""
    assert not finished.cache.enabled
    jg = JobGroup(finished.name, cache_results=True)
    assert jg.cache.size_bytes == 0
    assert jg.get_results() == EXPECTED
    asked = scripted.count("result")
    for job in (jg[0], jg[2]):
        scripted.results[job.id] = {"results": '"another"'}
    assert JobGroup.open(jg.name).cache.enabled
    assert jg.get_results() == EXPECTED
    assert jg[2].get_results() == EXPECTED[2]
    assert {job.position: result for job, result in jg.as_completed()} == dict(enumerate(EXPECTED))
    assert scripted.count("result") == asked + 2  # the failed job has no result
    assert jg.cache.size_bytes > 0


def test_cached_results_need_no_cloud(finished, scripted, in_child):
    """Another process reads the results without a token while the cloud is unavailable."""
    finished.cache.enabled = True
    finished.get_results()
    scripted.go_away()
    out = in_child(
        "import json; from jobgroup import JobGroup\n"
        "table = JobGroup.open('experiment').results_table(refresh=False)\n"
        "print(json.dumps([table['status'], JobGroup.open('experiment')[0].get_results()]))"
    )
    assert out == [["success", "error", "success"], EXPECTED[0]]


def test_caching_can_be_switched_off_and_on(finished, scripted):
    """False fetches results again, True uses cached ones, and cache.clear() deletes them."""
    jg = JobGroup(finished.name, cache_results=True)
    jg.get_results()
    scripted.results[jg[0].id] = {"results": '{"results": "newer"}'}
    jg = JobGroup(finished.name, cache_results=False)
    assert jg.get_results()[0]["results"] == "newer"
    jg.cache.enabled = True
    assert jg.get_results() == EXPECTED
    jg.cache.clear()
    assert jg.cache.size_bytes == 0
    assert jg.get_results()[0]["results"] == "newer"


def test_clearing_the_cache_frees_its_space(finished, scripted, data_dir):
    """The list of groups shows the size of results, and its absence after cache.clear()."""
    jg = JobGroup(finished.name, cache_results=True)
    noise = os.urandom(1_500_000).hex()
    scripted.results[jg[0].id] = {"results": json.dumps({"results": noise})}
    before = _size()
    assert jg.get_results()[0]["results"] == noise
    assert jg.cache.size_bytes > 1_000_000
    assert _size() > before + 1_000_000
    jg.cache.clear()
    assert _size() < before + 200_000
    assert [job.state for job in jg] == ["success", "error", "success"]


def _size():
    return JobGroup.summaries()[0].size_bytes


def test_damaged_cached_result_is_fetched_again(finished, scripted, data_dir):
    """The damaged result is cached again. The others are not fetched."""
    jg = JobGroup(finished.name, cache_results=True)
    jg.get_results()
    damage = "UPDATE results SET document = x'00' || substr(document, 2) WHERE attempt_id ="
    damage += " (SELECT attempt_id FROM subjobs WHERE remote_id = ?)"
    _in_file(_file(jg, data_dir), damage, jg[0].id)
    scripted.asked.clear()
    assert jg.get_results() == EXPECTED
    assert {a.id for a in scripted.asked if a.what == "result"} == {jg[0].id, jg[1].id}
    scripted.results[jg[0].id] = {"results": '"another"'}
    assert jg.get_results() == EXPECTED


@pytest.mark.parametrize("text", ['{"results": "of', "", "null", "[]", "5", '"expired"'])
def test_incomplete_result_is_not_cached(text, finished, scripted):
    """A text that is not a JSON object has no results, and may have some the next time."""
    jg = JobGroup(finished.name, cache_results=True)
    whole = scripted.results[jg[0].id]
    scripted.results[jg[0].id] = {"results": text}
    with pytest.warns(UserWarning, match="job 0"):
        assert jg.get_results()[0] is None
    scripted.results[jg[0].id] = whole
    assert jg.get_results() == EXPECTED


def test_results_that_cannot_be_cached_are_returned(finished, data_dir, caplog):
    """If the file cannot be written to, no result is affected, and the log reports it."""
    jg = JobGroup(finished.name, cache_results=True)
    _in_file(
        _file(jg, data_dir),
        "CREATE TRIGGER full BEFORE INSERT ON results BEGIN INSERT INTO nowhere VALUES (1); END",
    )
    with caplog.at_level(logging.WARNING, "jobgroup"):
        assert jg.get_results() == EXPECTED
    assert "were not cached" in caplog.text


def _delete_results(directory):
    """Delete results, as a cloud does after a while. The cloud must be stopped."""
    _in_file(directory / "jobs.sqlite", "UPDATE jobs SET results = NULL")


def test_kept_results_outlive_the_clouds(start, group, tmp_path, until):
    """Before a cloud deletes results, keep_results fetches those that the group lacks."""
    cloud = start(directory=tmp_path / "cloud")
    jg = group(cloud, 3)
    jg.run_parallel()
    jg.wait()
    results = jg.get_results()
    assert None not in results
    assert jg.cache.size_bytes == 0
    assert jg.state.results_on_cloud_only == 3
    seen = []
    jg.state.observe(lambda change: seen.append(change.new), "results_on_cloud_only")
    report = jg.keep_results()
    assert (report.text, report.done, report.failed) == ("3 results fetched", [0, 1, 2], {})
    assert jg.keep_results().done == []
    until(lambda: seen and seen[-1] == 0)
    jg.state.unobserve_all()
    cloud.stop()
    _delete_results(tmp_path / "cloud")
    cloud.start()
    assert JobGroup.open(jg.name).get_results() == results
    assert jg.state.results_on_cloud_only == 0
    jg.cache.clear()
    assert jg.state.results_on_cloud_only == 3
    report = asyncio.run(jg.keep_results_async())
    assert report.done == []
    assert report.failed == dict.fromkeys(
        range(3), "The cloud has no complete result of this job, so none was stored."
    )


def test_export_holds_all_results(start, group, tmp_path, monkeypatch):
    """Another computer reads the results when the cloud no longer exists and no token is known."""
    cloud = start()
    jg = group(cloud, 3)
    jg.run_parallel()
    jg.wait()
    results = jg.get_results()
    jg.export(tmp_path / "without")
    jg.export(tmp_path / "with", results=True)
    cloud.stop()
    forget_tokens()
    monkeypatch.setenv("JOBGROUP_DATA_DIR", str(tmp_path / "elsewhere"))
    assert JobGroup.load(tmp_path / "with", name="with").get_results() == results
    with pytest.raises(CredentialsError):
        JobGroup.load(tmp_path / "without", name="without").get_results()


def test_one_missing_result_stops_no_other(finished, scripted, tmp_path):
    """The report gives the reason, and does not count the failed job. A second call fetches the
    rest.
    """
    whole = scripted.results.pop(finished[0].id)
    scripted.results[finished[0].id] = {"results": whole["results"][:-3]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = finished.keep_results()
    assert (report.done, list(report.failed)) == ([2], [0])
    path = tmp_path / "out"
    with pytest.warns(JobGroupWarning, match="1 result could not .* job 0: The cloud has no"):
        finished.export(path, results=True)
    assert len(JobGroup.load(path, name="copy")) == 3
    scripted.results[finished[0].id] = whole
    assert finished.keep_results().done == [0]
    assert finished.keep_results().text == "0 results fetched"
    scripted.go_away()
    assert finished.get_results() == EXPECTED


def test_damaged_results_are_kept_again(finished, scripted, data_dir):
    """keep_results finds the damage."""
    finished.keep_results()
    _in_file(_file(finished, data_dir), "UPDATE results SET document = x'00'")
    assert finished.keep_results().done == [0, 2]
    scripted.go_away()
    assert finished.get_results() == EXPECTED


def test_results_of_an_unreachable_cloud_are_reported(finished, scripted):
    """Each missing result has a reason. No error is raised."""
    scripted.go_away()
    report = finished.keep_results()
    assert report.done == []
    assert list(report.failed) == [0, 2]
    assert all(report.failed.values())


def test_results_are_not_kept_without_a_token(finished, scripted, tmp_path):
    """If the group has no result, the call raises an error and exports nothing."""
    forget_tokens()
    with pytest.raises(CredentialsError):
        finished.keep_results()
    with pytest.raises(CredentialsError):
        finished.export(tmp_path / "out", results=True)
    assert not (tmp_path / "out").exists()


def test_full_group_reports_results_that_were_not_kept(finished, data_dir):
    """The report names them all."""
    _in_file(
        _file(finished, data_dir),
        "CREATE TRIGGER full BEFORE INSERT ON results BEGIN INSERT INTO nowhere VALUES (1); END",
    )
    report = finished.keep_results()
    assert report.done == []
    assert list(report.failed) == [0, 2]
    assert "could not be written" in report.failed[0]


# -- words -----------------------------------------------------------------------------------------


def test_description_and_notes_are_stored(finished):
    """The group shows them; they can be changed and removed."""
    finished.description = "HOM dip, chip 7"
    finished[1].note = "laser was warm"
    again = JobGroup.open("experiment")
    assert again.description == "HOM dip, chip 7"
    assert "HOM dip, chip 7" in repr(again)
    assert JobGroup.summaries()[0].description == "HOM dip, chip 7"
    assert again.results_table()["note"] == ["", "laser was warm", ""]
    again.description = ""
    assert finished.description == ""
    assert len(repr(finished).splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "places"),
    [
        ("LASER warm", [1]),
        ("JOB", [0, 1, 2]),
        ("it is error", [1]),
        ("experiment", []),
        ("", [0, 1, 2]),
    ],
)
def test_search_finds_jobs_by_words(finished, words, places):
    """The search finds text in names, notes, messages and ids, in any case. A job must match every
    word.
    """
    finished[1].note = "The laser was warm"
    assert [job.position for job in finished.find(words)] == places
    assert finished.find(finished[2].id) == [finished[2]]


# -- copies ----------------------------------------------------------------------------------------


def test_colleague_opens_an_exported_group(finished, scripted, tmp_path, monkeypatch):
    """A loaded group has jobs, attempts, labels, notes and cached results, under its name or
    another.
    """
    finished.cache.enabled = True
    finished.get_results()
    finished.rerun_failed_parallel()
    finished[0].note = "mine"
    finished.description = "what it is"
    path = tmp_path / "for you.jobgroup"
    finished.export(path)
    assert finished.state.incident == ""
    scripted.go_away()
    monkeypatch.setenv("JOBGROUP_DATA_DIR", str(tmp_path / "elsewhere"))
    content = path.read_bytes()
    theirs = JobGroup.load(path)
    assert theirs.name == "experiment"
    assert theirs.description == "what it is"
    assert [job.state for job in theirs] == ["success", "waiting", "success"]
    for ours, its in zip(finished, theirs, strict=True):
        assert (its.id, its.attempts, its.labels, its.note) == (
            *(ours.id, ours.attempts),
            *(ours.labels, ours.note),
        )
    assert theirs[0].get_results() == EXPECTED[0]
    assert JobGroup.load(path, name="twin").name == "twin"
    assert JobGroup.list_existing() == ["experiment", "twin"]
    with pytest.raises(JobGroupError, match="name="):
        JobGroup.load(path)
    with pytest.raises(InvalidNameError):
        JobGroup.load(path, name="")
    assert path.read_bytes() == content
    directory = tmp_path / "elsewhere" / "groups"
    assert {stat.S_IMODE(p.stat().st_mode) for p in directory.iterdir()} == {0o600}


def test_export_has_no_data_about_its_maker(finished, scripted, tmp_path, data_dir, monkeypatch):
    """The file has no token, host name, process or incident."""
    monkeypatch.setattr(socket, "gethostname", lambda: "maker.example.com")
    finished.pause()
    finished.resume()
    scripted.go_away()
    finished.add(finished_job := _unsent(scripted))
    with pytest.raises(CloudUnreachableError):
        finished.run_parallel()
    assert finished_job.id is None
    path = tmp_path / "out"
    finished.export(path)
    content = path.read_bytes()
    assert scripted.token.encode() not in content
    assert b"maker.example.com" not in content
    assert _in_file(_file(finished, data_dir), "SELECT host FROM lease") == [("maker.example.com",)]
    assert _in_file(path, "SELECT count(*) FROM incidents") == [(0,)]
    assert _in_file(path, "SELECT owner, host, pid FROM lease") == [("", "", 0)]


def _unsent(cloud):
    from jobgroup import RemoteJob

    return RemoteJob({"command": "x"}, platform="p", url=cloud.url)


def test_job_in_flight_is_unconfirmed_in_a_copy(group, scripted, tmp_path, until):
    """The copy cannot know the outcome of the request, so the job is not resent automatically."""
    jg = group(scripted, 2)
    gate = scripted.gate("create")
    future = jg.start()
    gate.wait_for_one()
    jg.export(tmp_path / "out")
    gate.open()
    future.result(120)
    copy = JobGroup.load(tmp_path / "out", name="copy")
    assert [job.state for job in copy] == ["unconfirmed", "unsent"]


def test_foreign_file_is_refused(finished, tmp_path, data_dir):
    """A text, another database, a group with code, or an empty file creates no group."""
    (tmp_path / "text").write_text(
        "no database at all, but long enough to have a header of its own"
    )
    (tmp_path / "empty").write_bytes(b"")
    _in_file(tmp_path / "other", "CREATE TABLE meta (key, value)")
    for name, statement in (
        ("trigger", "CREATE TRIGGER t AFTER INSERT ON jobs BEGIN DELETE FROM jobs; END"),
        ("view", "CREATE VIEW v AS SELECT * FROM jobs"),
        ("nameless", "DELETE FROM meta WHERE key = 'name'"),
        ("bare", "DROP TABLE jobs"),
        ("future", "PRAGMA user_version = 99"),
    ):
        finished.export(tmp_path / name)
        _in_file(tmp_path / name, statement)
    before = sorted(p.name for p in (data_dir / "groups").iterdir())
    for name in ("text", "empty", "other", "trigger", "view", "nameless", "bare", "missing"):
        with pytest.raises(StorageError, match=f"file .*{name}|{name} is (not the file|damaged)"):
            JobGroup.load(tmp_path / name, name="loaded")
    with pytest.raises(UnsupportedVersionError, match="Upgrade"):
        JobGroup.load(tmp_path / "future", name="loaded")
    assert sorted(p.name for p in (data_dir / "groups").iterdir()) == before


def test_damaged_file_is_refused(finished, tmp_path, group, scripted):
    """If any byte is flipped, the whole file is refused or the whole group is loaded."""
    finished.export(tmp_path / "whole")
    content = (tmp_path / "whole").read_bytes()
    for nth, at in enumerate(range(100, len(content), len(content) // 12)):
        broken = bytearray(content)
        broken[at : at + 40] = os.urandom(40)
        (tmp_path / "broken").write_bytes(broken)
        try:
            copy = JobGroup.load(tmp_path / "broken", name=f"copy {nth}")
        except JobGroupError as error:
            assert "broken" in str(error)  # noqa: PT017
        else:
            assert len(copy) == 3
    (tmp_path / "half").write_bytes(content[: len(content) // 2])
    with pytest.raises(CorruptGroupError, match="half is damaged"):
        JobGroup.load(tmp_path / "half", name="half")


def test_damaged_name_that_is_not_utf8_is_reported_as_damage(finished, data_dir, tmp_path):
    """SQLite quotes the name in its message, which Python then cannot decode."""
    finished.export(tmp_path / "broken")
    content = (tmp_path / "broken").read_bytes()
    for whole, damaged in (
        (b"jobs_by_statejobs", b"jobs_by_\xa8tatejobs"),
        (b"ON jobs (state,", b"ON jobs [state,"),
    ):
        assert content.count(whole) == 1
        content = content.replace(whole, damaged)
    (tmp_path / "broken").write_bytes(content)
    with pytest.raises(CorruptGroupError, match="broken is damaged"):
        JobGroup.load(tmp_path / "broken", name="copy")
    shutil.copy(tmp_path / "broken", data_dir / "groups" / "broken.jobgroup")
    with pytest.raises(CorruptGroupError, match="is damaged"):
        JobGroup.open("broken")
