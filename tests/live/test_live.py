"""`make live` works on the embedded cloud, and sends what it announces."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

import pytest
from differences import differences

from jobgroup import JobGroup, RemoteJob, set_token
from jobgroup.cloud import EmbeddedCloud
from jobgroup.demo import environment_for

FOLDER = Path(__file__).parent
SCHEMA = {
    "properties": {
        "status": {"type": "string", "nullable": True},
        "duration": {"type": "integer", "nullable": True},
    }
}


@pytest.fixture(scope="module")
def cloud(worker: Executor) -> Iterator[EmbeddedCloud]:
    """Run an embedded cloud in place of the real one."""
    with EmbeddedCloud(executor=worker, workers=1) as running:
        yield running


@pytest.fixture
def run(cloud, tmp_path):
    """Run the script as `make live` does, with typed answers and extra variables."""

    def run(typed="", **more):
        environment = {
            **environment_for(cloud.url, cloud.token, tmp_path),
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "LIVE_PLATFORM": "sim:slos",
            **more,
        }
        return subprocess.run(
            [sys.executable, FOLDER],
            input=typed,
            env=environment,
            capture_output=True,
            text=True,
            timeout=1200,
        )

    return run


def test_nothing_is_sent_without_a_yes(run, cloud):
    """The script shows what it would send and what it may cost. An empty answer means no."""
    done = run(typed="")
    assert done.returncode == 2
    assert "two jobs to sim:slos" in done.stdout
    assert "Run 2 jobs: at most 2,000 shots" in done.stdout
    assert "may cost" in done.stdout
    assert "Nothing was sent" in done.stdout
    assert cloud.jobs() == []


def test_nothing_is_asked_without_a_token(run, cloud):
    """The message says how to set one."""
    done = run(JOBGROUP_TOKEN="", PCVL_CLOUD_TOKEN="")
    assert done.returncode == 2
    assert "set_token" in done.stdout
    assert cloud.jobs() == []


@pytest.fixture
def occupied(cloud):
    """Take the cloud's only slot until the second of the script's jobs was canceled."""
    cloud.set_plan(max_concurrent=1)
    set_token(cloud.token, url=cloud.url)
    body = {"command": "timer", "parameters": {"duration_s": 600}}
    jg = JobGroup("before")
    jg.add(RemoteJob(body, platform="test:timer", url=cloud.url))
    jg.run_parallel()

    def leave():
        while not any(job.status == "canceled" for job in cloud.jobs()):
            if given_up.wait(0.05):
                return
        jg[0].cancel()

    given_up = threading.Event()
    leaving = threading.Thread(target=leave)
    leaving.start()
    yield
    given_up.set()
    leaving.join()


def test_two_jobs_go_through_their_life(occupied, run, cloud):
    """One job runs and has results, the other is canceled, and the report shows no token.

    On the embedded cloud, the responses differ from the documentation by a field and a header.
    """
    done = run("no\n", LIVE_YES="1")
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = cloud.jobs()[-2:]
    assert (first.status, second.status) == ("completed", "canceled")
    assert "Rerun 1 job: at most 1,000 shots" in done.stdout
    for said in (first.id, second.id, "Results:", "'idempotency-key-support': 'true'"):
        assert said in done.stdout
    compared = [line for line in done.stdout.splitlines() if line.startswith("  GET ")]
    assert len(compared) == 6
    assert {line.partition(", ")[2] for line in compared} == {"as documented", "also with name"}
    assert cloud.token not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("document", "notices"),
    [
        ({"status": "completed", "duration": None}, []),
        ({"status": "completed"}, ["without duration"]),
        ({"status": 1, "duration": True}, ["status is int", "duration is bool"]),
        ({"status": None, "duration": 1, "queue": 3}, ["also with queue"]),
        ([], ["no JSON object"]),
    ],
)
def test_differences_are_reported(document, notices):
    """Extra fields, missing fields and other types are reported, but permitted nulls are not."""
    found = list(differences(document, SCHEMA))
    assert len(found) == len(notices)
    assert all(said.startswith(words) for said, words in zip(found, notices, strict=True))


def test_undocumented_status_is_reported():
    """A status that the documentation lacks is reported."""
    assert list(differences({}, None)) == ["a status that is not documented"]
