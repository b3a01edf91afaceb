"""Groups that each release of Perceval made are imported and continue to work."""

import json
import os
import time
from datetime import datetime
from pathlib import Path

import pytest
from record import RECORDED, RELEASES, TOKEN

from jobgroup import JobGroup, JobGroupWarning, RemoteJob
from jobgroup.errors import MissingTokenError, StorageError

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01"
GROUPS = [f"{release}.jgrp" for release in RELEASES]


def entries(recorded):
    """Return the jobs of a recorded group."""
    return json.loads((RECORDED / recorded).read_text())["job_group_data"]


@pytest.mark.parametrize("recorded", GROUPS)
def test_old_group_opens_and_continues(recorded, old, cloud):
    """Jobs, ids and dates are kept. The group is polled, run and rerun, and has results."""
    path = old(recorded, "scan", url=cloud.url)
    asked = len(cloud.log)
    report = JobGroup.import_perceval(path)
    assert len(cloud.log) == asked
    assert [(g.name, g.path, len(g)) for g in report.imported] == [("scan", path, 6)]
    assert report.skipped == []

    jg = JobGroup.open("scan")
    were = entries(recorded)
    assert [job.id for job in jg] == [entry["id"] for entry in were]
    assert [job.state for job in jg] == [(entry["status"] or "unsent").lower() for entry in were]
    made = datetime.strptime(json.loads(path.read_text())["created_date"], "%Y%m%d_%H%M%S")
    assert jg.created_date == made
    assert {job.platform for job in jg} == {"sim:slos"}

    assert jg.progress()["Finished"] == [3, {"successful": 2, "unsuccessful": 1}]
    jg.run_parallel()
    jg.rerun_failed_parallel()
    jg.wait(120)
    assert jg.progress()["Finished"] == [6, {"successful": 6, "unsuccessful": 0}]
    first, rerun, waited, plain, converted, iterated = jg.get_results()
    for result, samples in ((first, 100), (rerun, 200), (waited, 300), (plain, 400)):
        assert sum(result["results"].values()) == pytest.approx(samples, abs=samples // 5)
    assert sum(converted["results"].values()) == pytest.approx(1)  # counts, made probabilities
    assert len(iterated["results_list"]) == 2
    assert jg[1].attempts[0].remote_id == were[1]["id"]


@pytest.mark.parametrize("recorded", GROUPS)
def test_body_of_a_sent_job_is_kept(recorded, old, cloud):
    """For a job that Perceval sent, the file has the body that the cloud received."""
    JobGroup.import_perceval(old(recorded, url=cloud.url))
    failed = JobGroup.open("old")[1]
    failed.rerun(params={"max_shots": 77})  # sends the body again
    sent = {job.id: job for job in cloud.jobs()}
    before, now = sent[entries(recorded)[1]["id"]], sent[failed.id]
    assert now.payload == {**before.payload, "max_shots": 77}
    assert (now.name, now.platform) == (before.name, before.platform)
    assert now.body["pcvl_version"] == before.body["pcvl_version"]


@pytest.mark.parametrize("recorded", GROUPS)
def test_token_is_not_imported_and_no_cloud_is_asked(recorded, old, data_dir):
    """No file of jobgroup has the token, and no request is sent without one."""
    path = old(recorded)
    assert TOKEN in path.read_text()
    before = path.read_bytes(), path.stat().st_mtime_ns
    report = JobGroup.import_perceval(path)
    assert TOKEN not in repr(report)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    for file in data_dir.rglob("*"):
        assert file.is_dir() or TOKEN.encode() not in file.read_bytes()
    with pytest.raises(MissingTokenError):
        JobGroup.open("old").run_parallel()
    assert len(JobGroup.open("old").list_unsent_jobs()) == 3


def test_group_of_executions_continues(old, cloud):
    """Sent Executions of an `.egrp` file keep their ids, and unsent ones are sent."""
    report = JobGroup.import_perceval(old("1.3.1.egrp", "executions", url=cloud.url))
    assert [(g.name, g.counts) for g in report.imported] == [
        ("executions", {"success": 1, "error": 1, "waiting": 1, "unsent": 2})
    ]
    jg = JobGroup.open("executions")
    assert jg[0].status.creation_timestamp == pytest.approx(jg.created_date.timestamp(), abs=60)
    assert jg[3].metadata["input_state"] == "|0,1,0,1,0,0>"
    jg.run_parallel()
    jg.rerun_failed_parallel()
    jg.wait(120)
    *counted, iterated = jg.get_results()
    assert [sum(r["results"].values()) for r in counted] == pytest.approx(
        [100, 200, 300, 400], rel=0.2
    )
    assert len(iterated["results_list"]) == 2


def test_dry_run_reports_the_same_and_writes_nothing(old):
    """The report of a dry run differs in one word, and no group is created."""
    old("0.13.2.jgrp", "first")
    old("1.3.1.jgrp", "second")
    folder = old("1.3.1.egrp", "third").parent
    dry = JobGroup.import_perceval(folder, dry_run=True)
    assert JobGroup.list_existing() == []
    done = JobGroup.import_perceval(str(folder))
    assert (dry.imported, dry.skipped) == (done.imported, done.skipped)
    assert JobGroup.list_existing() == ["first", "second", "third"]
    assert repr(dry).splitlines()[0] == f"3 groups would be imported from {folder}"
    made = f"{done.imported[0].created_date:%Y-%m-%d}"
    assert repr(done).splitlines()[:2] == [
        f"3 groups imported from {folder}",
        f"  'first'   6 jobs (3 unsent, 1 waiting, 1 success, 1 error), made {made}",
    ]


def damaged(path):
    """Make every kind of invalid file, each with a part of the reason."""
    whole = path.read_text()
    document = json.loads(whole)
    jobs = document["job_group_data"]

    def changed(**changes):
        return json.dumps({**document, "job_group_data": [jobs[0], {**jobs[3], **changes}]})

    path.with_name("cut.jgrp").write_text(whole[: len(whole) // 2])
    path.with_name("empty.jgrp").write_text("")
    path.with_name("picture.jgrp").write_bytes(PNG)
    path.with_name("foreign.jgrp").write_text('{"cells": [], "nbformat": 4}')
    path.with_name("list.jgrp").write_text("[1, 2]")
    path.with_name("deep.jgrp").write_text("[" * 100_000)
    path.with_name("dateless.jgrp").write_text(whole.replace("created_date", "made"))
    path.with_name("bodiless.jgrp").write_text(changed(request_data=None))
    path.with_name("placeless.jgrp").write_text(changed(metadata={"platform": "sim:slos"}))
    path.with_name("password.jgrp").write_text(
        changed(metadata={"platform": "p", "url": "https://me:secret@cloud.example"})
    )
    path.with_name("number.jgrp").write_text(
        changed(delta_parameters={"command": {"x": "NaN"}}).replace('"NaN"', "NaN")
    )
    path.with_name("infinite.jgrp").write_text(
        changed(delta_parameters={"command": {"x": "1e999"}}).replace('"1e999"', "1e999")
    )
    path.with_name("half.jgrp").write_text(changed(delta_parameters={"command": {"x": "\ud800"}}))
    path.with_name("words.jgrp").write_text(json.dumps({**document, "job_group_data": ["a", "b"]}))
    path.with_name("cut.egrp").write_text((RECORDED / "1.3.1.egrp").read_text()[:5000])
    path.with_name("foreign.egrp").write_text("not an archive at all")
    path.with_name("picture.egrp").write_bytes(PNG)


def test_a_damaged_file_is_named_and_skipped(old, snapshot_of):
    """Each damaged file has a reason, and the valid file next to them is imported."""
    path = old("1.3.1.jgrp", "sound")
    damaged(path)
    before = snapshot_of(path.parent)
    report = JobGroup.import_perceval(path.parent)
    assert [g.name for g in report.imported] == ["sound"] == JobGroup.list_existing()
    assert len(report.skipped) == len(before) - 1
    assert snapshot_of(path.parent) == before
    reasons = {skipped.path.name: skipped.reason for skipped in report.skipped}
    assert "secret" not in repr(report)
    assert "at job 1 (it was never sent, and its body is missing)" in reasons["bodiless.jgrp"]
    assert "created_date is not a date" in reasons["dateless.jgrp"]
    assert reasons["empty.jgrp"] == "It is empty."
    assert reasons["foreign.jgrp"] == "It is not one of Perceval's groups."
    for name, reason in reasons.items():
        assert reason.endswith("."), name
        assert "\n" not in reason
        assert name in repr(report)


def test_special_and_large_files_are_skipped(tmp_path):
    """The import does not wait for a pipe without a writer, and does not fill the memory."""
    os.mkfifo(tmp_path / "pipe.jgrp")
    (tmp_path / "folder.jgrp").mkdir()
    with (tmp_path / "huge.jgrp").open("wb") as file:
        file.truncate(2**30 + 1)
    report = JobGroup.import_perceval(tmp_path)
    assert {s.path.name: s.reason for s in report.skipped} == {
        "folder.jgrp": "It is not a regular file.",
        "huge.jgrp": "It is larger than 1 GiB.",
        "pipe.jgrp": "It is not a regular file.",
    }
    assert report.imported == []


@pytest.mark.parametrize("content", [PNG, b'{"a": 1}', b"", b"pcvlar 0 3 0 1 2 float 1.0"])
def test_single_file_that_is_not_a_group_is_reported(tmp_path, content):
    """An invalid file with any name raises no exception and creates no group."""
    for name in ("it.jgrp", "it.egrp", "it.png"):
        (tmp_path / name).write_bytes(content)
        report = JobGroup.import_perceval(tmp_path / name)
        assert [s.path.name for s in report.skipped] == [name]
        assert report.imported == []
    assert JobGroup.list_existing() == []


def test_importing_again_changes_nothing(old):
    """A file that was imported before is skipped with a reason, even if it has changed."""
    path = old("1.1.0.jgrp")
    JobGroup.import_perceval(path)
    JobGroup.open("old").description = "mine"
    for text in (path.read_text(), path.read_text().replace('"WAITING"', '"SUCCESS"')):
        path.write_text(text)
        report = JobGroup.import_perceval(path.parent)
        assert [s.path for s in report.skipped] == [path]
        assert report.skipped[0].reason.startswith("It was imported before")
    assert "changed since" in report.skipped[0].reason
    jg = JobGroup.open("old")
    assert (len(jg), jg.description, jg[2].state) == (6, "mine", "waiting")
    with pytest.warns(UserWarning, match="1 job of 'old' has not ended"):
        JobGroup.delete_job_group("old")
    assert len(JobGroup.import_perceval(path).imported) == 1
    assert JobGroup.open("old")[2].state == "success"


def test_existing_group_of_that_name_is_kept(old):
    """An existing group with jobs is unchanged, and the report says so."""
    JobGroup("old").add(RemoteJob({"command": "x"}, platform="p", url="http://127.0.0.1:9"))
    report = JobGroup.import_perceval(old("1.3.1.jgrp"))
    assert report.imported == []
    assert (
        "a group named 'old' already exists and was not changed" in report.skipped[0].reason.lower()
    )
    assert len(JobGroup.open("old")) == 1


def test_import_fills_an_empty_group(old, tmp_path, monkeypatch):
    """An empty group mentions Perceval's of the same name, and the import adds the jobs to it."""
    path = old("1.3.1.jgrp")
    (tmp_path / "perceval" / "job_group").mkdir(parents=True)
    path.rename(tmp_path / "perceval" / "job_group" / "old.jgrp")
    monkeypatch.setenv("PCVL_PERSISTENT_PATH", str(tmp_path / "perceval"))
    with pytest.warns(JobGroupWarning, match=r"'old' is empty.*old\.jgrp.*import_perceval"):
        jg = JobGroup("old")
    jg.description = "mine"
    assert len(JobGroup.import_perceval(dry_run=True).imported) == 1
    assert len(jg) == 0
    (imported,) = JobGroup.import_perceval().imported
    assert len(jg) == len(imported) > 0
    assert jg.description == "mine"
    assert jg.created_date == imported.created_date
    assert "imported before" in JobGroup.import_perceval().skipped[0].reason


def test_two_files_of_one_name_are_one_group(old):
    """The second file is skipped, in a dry run too."""
    old("1.3.1.egrp", "same")
    folder = old("1.3.1.jgrp", "same").parent
    for dry_run in (True, False):
        report = JobGroup.import_perceval(folder, dry_run=dry_run)
        assert (len(report.imported), len(report.skipped)) == (1, 1)


def test_repeated_job_is_imported_once(old):
    """Perceval allows adding an object twice, which is one job on its cloud."""
    path = old("1.3.1.jgrp")
    document = json.loads(path.read_text())
    document["job_group_data"].append(document["job_group_data"][0])
    path.write_text(json.dumps(document))
    report = JobGroup.import_perceval(path)
    assert len(JobGroup.open("old")) == len(report.imported[0]) == 6
    assert "1 entry of jobs that were listed twice" in repr(report)


def test_default_folders_are_those_of_perceval(old, tmp_path, monkeypatch):
    """The default folders are Perceval's persistent one and 1.3's for executions."""
    monkeypatch.chdir(tmp_path)
    assert "There are no .jgrp or .egrp files." in repr(JobGroup.import_perceval())
    old("0.13.2.jgrp", "jobs", "perceval")
    (tmp_path / "perceval").rename(tmp_path / "job_group")
    (tmp_path / "perceval").mkdir()
    (tmp_path / "job_group").rename(tmp_path / "perceval" / "job_group")
    old("1.3.1.egrp", "executions", "execution_groups")
    assert [g.name for g in JobGroup.import_perceval().imported] == ["jobs", "executions"]
    assert JobGroup.import_perceval(tmp_path / "perceval").skipped[0].path.name == "jobs.jgrp"


def test_missing_path_is_an_error(tmp_path):
    """A missing path is an error, and nothing is created."""
    with pytest.raises(StorageError, match=r"no file or directory .*nowhere. Nothing was imported"):
        JobGroup.import_perceval(tmp_path / "nowhere")
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "notes.txt").write_text("hello")
    report = JobGroup.import_perceval(tmp_path / "bare")
    assert repr(report).splitlines() == [
        f"0 groups imported from {tmp_path / 'bare'}",
        "There are no .jgrp or .egrp files.",
    ]


def test_impossible_group_name_is_reported(old):
    """A name that is too long for a file is skipped, and the others are imported."""
    old("1.3.1.jgrp", "!" * 100)
    report = JobGroup.import_perceval(old("1.3.1.jgrp", "short").parent)
    assert [g.name for g in report.imported] == ["short"]
    assert "too long" in report.skipped[0].reason


def test_large_group_is_imported_completely(old, data_dir):
    """A group of 2,000 jobs has its jobs and dates before it gets its name."""
    path = old("1.2.4.jgrp", "large")
    document = json.loads(path.read_text())
    unsent = document["job_group_data"][3]
    document["job_group_data"] = [{**unsent, "name": f"job {i}"} for i in range(2000)]
    path.write_text(json.dumps(document))
    began = time.time()
    JobGroup.import_perceval(path)
    jg = JobGroup.open("large")
    assert (len(jg), jg[1999].name) == (2000, "job 1999")
    assert jg.modified_date < datetime.fromtimestamp(began)
    assert [f.name for f in (data_dir / "groups").iterdir() if f.name.startswith(".")] == []
    if os.name == "posix":
        assert Path(data_dir / "groups" / "large.jobgroup").stat().st_mode & 0o077 == 0
