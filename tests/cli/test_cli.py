"""The command line, as a process of its own."""

import os
import subprocess
import sys

import pytest

from jobgroup import JobGroup, RemoteJob, set_token
from jobgroup.cloud import EmbeddedCloud


@pytest.fixture(scope="module")
def cloud():
    """A cloud whose plan holds two jobs."""
    with EmbeddedCloud(warm=False, max_queue=2) as cloud:
        yield cloud


@pytest.fixture
def run(cloud):
    """Runs the command in a process of its own."""

    def run(*arguments, timeout=60):
        return subprocess.run(
            [sys.executable, "-m", "jobgroup", *arguments],
            env={**os.environ, "JOBGROUP_URL": cloud.url, "JOBGROUP_TOKEN": cloud.token},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


def prepared(cloud, name, *, jobs=3, fail=False, duration_s=0.05):
    """A group of jobs that take a while, and fail if told so."""
    group = JobGroup(name)
    parameters = {"duration_s": duration_s} | ({"fail": "The laser lost its lock"} if fail else {})
    payload = {"command": "timer", "parameters": parameters}
    job = RemoteJob(payload, platform="test:timer", url=cloud.url)
    group.add_many(job for _ in range(jobs))
    return group


def test_run_queues_more_jobs_than_the_plan_allows(cloud, run):
    """`run --queue` sends all of them, `watch` waits for their end."""
    group = prepared(cloud, "sweep")
    assert run("run", "sweep", "--queue").returncode == 0
    assert group.list_unsent_jobs() == []
    watched = run("watch", "sweep")
    assert watched.returncode == 0
    assert "3 success" in watched.stdout


def test_run_beyond_the_plan_fails_with_the_clouds_sentence(cloud, run):
    """Without a queue the plan's limit is an error; exit code 1, and the rest is unsent."""
    group = prepared(cloud, "too many", duration_s=60)
    done = run("run", "too many")
    assert done.returncode == 1
    assert "Cannot create more than 2 jobs" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(group.list_unsent_jobs()) == 1
    set_token(cloud.token, url=cloud.url)
    group.cancel_all()


def test_failed_jobs_run_again_one_after_the_other(cloud, run):
    """`run --failed --delay` reruns what failed and waits for each."""
    group = prepared(cloud, "failing", jobs=2, fail=True)
    assert run("run", "failing", "--delay", "0").returncode == 0
    assert run("run", "failing", "--delay", "0", "--failed").returncode == 0
    assert [len(job.attempts) for job in group] == [2, 2]


def test_ls_lists_every_group_with_its_counts(cloud, run):
    """One line a group; no group at all says how to make one."""
    assert "No groups yet" in run("ls").stdout
    prepared(cloud, "one group", jobs=2)
    JobGroup("another")
    lines = run("ls").stdout.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["another  ".strip(), "one group"]
    assert lines[0].endswith("empty")
    assert lines[1].endswith("2 unsent")


def test_an_unknown_group_is_a_sentence_and_not_made(run):
    """A mistyped name makes no group, and near names are suggested."""
    JobGroup("sweep of phi")
    done = run("run", "sweep of ph")
    assert done.returncode == 1
    assert "Did you mean 'sweep of phi'?" in done.stderr
    assert JobGroup.list_existing() == ["sweep of phi"]


def test_the_demo_prints_the_ratio():
    """Three processes on an embedded cloud; what the user has is left alone."""
    JobGroup("mine")
    done = subprocess.run(
        [sys.executable, "-m", "jobgroup", "demo"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Ralph CNOT is 490." in done.stdout
    assert JobGroup.list_existing() == ["mine"]
