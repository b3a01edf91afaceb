"""``jobgroup import`` and ``jobgroup adopt``: groups and jobs from elsewhere."""

import json

import httpx
import pytest

from jobgroup import JobGroup


@pytest.fixture
def sent(cloud):
    """Send jobs outside jobgroup, and return their ids."""

    def sent(count=2):
        headers = {"Authorization": f"Bearer {cloud.token}"}
        payload = {"command": "timer", "parameters": {"duration_s": 0.01}}
        body = {"job_name": "by hand", "platform_name": "test:timer", "payload": payload}
        answers = [
            httpx.post(f"{cloud.url}/api/jobs", headers=headers, json=body, timeout=120)
            for _ in range(count)
        ]
        return [answer.raise_for_status().json()["job_id"] for answer in answers]

    return sent


@pytest.fixture
def perceval_group(tmp_path):
    """Write a group as Perceval's own JobGroup does."""

    def write(name="scan"):
        path = tmp_path / "perceval" / "job_group" / f"{name}.jgrp"
        path.parent.mkdir(parents=True, exist_ok=True)
        metadata = {"platform": "sim:altair", "url": "https://cloud.example", "headers": {}}
        payload = {"command": "probs"}
        jobs = [
            {"id": "3f1c", "status": "SUCCESS", "metadata": metadata},
            {"id": None, "status": None, "body": {"payload": payload}, "metadata": metadata},
        ]
        dates = {"created_date": "20241120_101112", "modified_date": "20241121_101112"}
        path.write_text(json.dumps({**dates, "job_group_data": jobs}))
        return path

    return write


def test_import_reads_percevals_own_directory_by_default(call, read, perceval_group):
    """A dry run changes nothing, and a second import is no failure."""
    path = perceval_group()
    dry = read("import", "--dry-run")
    assert (dry["dry_run"], JobGroup.list_existing()) == (True, [])
    done = call("import")
    assert done.returncode == 0
    assert "'scan'  2 jobs (1 unsent, 1 success), made 2024-11-20" in done.stdout
    again = read("import", str(path.parent))
    assert again["imported"] == []
    assert again["skipped"] == [
        {"path": str(path), "reason": "It was imported before.", "already_exists": True}
    ]
    assert dry["imported"][0]["counts"] == {"success": 1, "unsent": 1}


def test_import_fails_for_a_file_that_is_no_group(call, read, perceval_group):
    """The exit code is 1, valid files are imported, and a missing path is reported."""
    path = perceval_group()
    path.with_name("broken.jgrp").write_text("{")
    notices = read("import", str(path.parent), code=1)
    assert [g["name"] for g in notices["imported"]] == ["scan"]
    assert notices["skipped"][0]["reason"].startswith("It is damaged or not such a file")
    missing = call("import", str(path.with_name("nowhere")))
    assert missing.returncode == 1
    assert missing.stderr.startswith("There is no file or directory ")
    assert call("import", str(path), "--name", "other").returncode == 2


def test_import_renames_an_exported_group(call, read, prepared, tmp_path):
    """`import` reads the file that `export` wrote."""
    prepared("sweep")
    assert call("export", "sweep", str(tmp_path / "sweep.file")).returncode == 0
    notices = read("import", str(tmp_path / "sweep.file"), "--name", "copy")
    assert (notices["group"]["name"], notices["group"]["total"]) == ("copy", 3)
    assert call("import", str(tmp_path / "sweep.file")).returncode == 1  # that name is taken
    assert call("import", str(tmp_path / "sweep.file"), "--dry-run").returncode == 2


def test_jobs_are_adopted(run, sent):
    """A new or an existing group adopts them, with labels."""
    first, second = sent()
    done = run("adopt", "by hand", first, "--label", "phi=0.3", "--json")
    assert done.returncode == 0, done.stderr
    notices = json.loads(done.stdout)
    assert [(j["id"], j["name"], j["labels"]) for j in notices["adopted"]] == [
        (first, "by hand", {"phi": 0.3})
    ]
    assert run("adopt", "by hand", second).stdout.startswith("1 adopted\n")
    assert [job.id for job in JobGroup.open("by hand")] == [first, second]


def test_a_failed_adoption_changes_nothing(run, sent):
    """An unknown id, an id that is in the group, or an invalid URL adopts nothing."""
    (known,) = sent(1)
    unknown = run("adopt", "new", known, "not-an-id")
    assert unknown.returncode == 4
    assert "knows no job 'not-an-id'" in unknown.stderr
    assert run("adopt", "new", known, "--url", "ftp://cloud").returncode == 2
    assert JobGroup.list_existing() == []
    assert run("adopt", "old", known).returncode == 0
    again = run("adopt", "old", known)
    assert (again.returncode, "already in the group" in again.stderr) == (1, True)
    assert len(JobGroup.open("old")) == 1
