"""The cloud on a Dask cluster: scheduler and workers are processes that can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest
from simulations import body_of

from jobgroup import JobGroup, RemoteJob, set_token


class Processes:
    """A scheduler on its own port, and workers with one thread each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        self.scheduler = self.start_scheduler()

    def start_scheduler(self, port: str = "0") -> subprocess.Popen[bytes]:
        """Start the scheduler at `address`."""
        file = self._folder / "scheduler.json"
        file.unlink(missing_ok=True)
        process = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard",
            "--scheduler-file", str(file),
        )  # fmt: skip
        while not (text := file.read_text() if file.exists() else ""):
            assert process.poll() is None
            time.sleep(0.02)
        self.address = json.loads(text)["address"]
        return process

    def start_worker(self, *options: str) -> None:
        """Start a worker, which its nanny replaces if it dies."""
        self._start("worker", self.address, "--nthreads", "1", "--no-dashboard", *options)

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self._folder / f"{arguments[0]}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            stdout=log,
            stderr=log,
            cwd=self._folder,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
                "DASK_TEMPORARY_DIRECTORY": str(self._folder),
            },
        )
        log.close()
        self._started.append(process)
        return process

    def end(self) -> None:
        """End all processes, workers first, so that each nanny ends its own worker."""
        for process in reversed(self._started):
            process.terminate()
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Start a scheduler and two workers."""
    processes = Processes(tmp_path_factory.mktemp("dask"))
    processes.start_worker()
    processes.start_worker()
    yield processes
    processes.end()


@pytest.fixture(scope="module")
def dask(cluster):
    """Return a client of the cluster once all of its workers are there."""
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=300)
        yield client


@pytest.fixture
def kill_worker(dask, until):
    """Kill the worker that is executing a job's payload, once one does."""

    def busy():
        return [worker for worker, keys in dask.processing().items() if keys]

    def kill():
        workers = until(busy)
        (pid,) = dask.run(os.getpid, workers=workers[:1]).values()
        os.kill(pid, signal.SIGKILL)
        until(lambda: workers[0] not in dask.processing())

    return kill


def test_worker_killed_during_a_job_is_replaced(dask, start, short_body, kill_worker, until):
    """The job runs on another worker, and is not lost, sent twice or reported twice."""
    cloud, _ = start(executor=dask.get_executor(), max_concurrent=4)
    set_token(cloud.token, url=cloud.url)
    group = JobGroup("sweep")
    bodies = [body_of(10, 6), *[short_body] * 12]
    group.add_many(RemoteJob(body, platform="sim:slos", url=cloud.url) for body in bodies)
    group.run_parallel()
    kill_worker()
    group.wait(300)
    assert {job.state for job in group} == {"success"}
    assert [len(job.attempts) for job in group] == [1] * len(bodies)
    ended = Counter((job.id, job.status) for job in cloud.jobs())
    assert ended == {(job.id, "completed"): 1 for job in group}
    assert all(result["results"] for result in group.get_results())


def test_a_job_that_kills_its_workers_fails_alone(
    dask, start, create, wait, short_body, kill_worker
):
    """Dask gives up after one death here, and the cloud tries the job once more before it fails.

    Each death takes 6 s of processor time, for the worker that replaces the dead one.
    """

    def allow(deaths, dask_scheduler):
        dask_scheduler.allowed_failures = deaths

    _, client = start(executor=dask.get_executor(), max_concurrent=4)
    culprit = create(client, body_of(12, 8))
    dask.run_on_scheduler(allow, 0)
    for _ in range(2):
        kill_worker()
    status = wait(client, culprit)
    dask.run_on_scheduler(allow, 1)
    assert status["status"] == "error"
    assert status["status_message"].startswith("Each worker that ran this job died")
    assert wait(client, create(client, short_body))["status"] == "completed"


def test_canceled_jobs_leave_the_workers(dask, start, create, wait, short_body, until):
    """Canceled jobs may be running, or waiting in the cluster or in the cloud."""
    _, client = start(executor=dask.get_executor(), max_concurrent=3)
    hours = body_of(14, 9)
    jobs = [create(client, hours) for _ in range(4)]
    until(lambda: sum(map(bool, dask.processing().values())) == 2)
    for job in jobs:
        assert client.post(f"/api/jobs/{job}/cancel").status_code == 200
    assert {wait(client, job)["status"] for job in jobs} == {"canceled"}
    assert wait(client, create(client, short_body))["status"] == "completed"
    assert {wait(client, job)["status"] for job in jobs} == {"canceled"}


def test_jobs_wait_for_a_lost_scheduler(tmp_path, create, wait, short_body):
    """`jobgroup cloud --dask` stays up, and continues when the scheduler is back."""
    processes = Processes(tmp_path)
    served = subprocess.Popen(
        [sys.executable, "-m", "jobgroup", "cloud", "--dask", processes.address],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        url, token = (served.stdout.readline().split()[1] for _ in range(2))
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=headers, timeout=120) as client:
            before = create(client, short_body)
            processes.scheduler.kill()
            processes.scheduler.wait()
            after = create(client, short_body)
            assert client.get(f"/api/jobs/{before}/status").json()["status"] == "running"
            processes.start_scheduler(processes.address.rpartition(":")[2])
            processes.start_worker("--no-nanny")
            assert wait(client, before)["status"] == "completed"
            assert wait(client, after)["status"] == "completed"
        served.terminate()
        assert served.wait(120) == 0
    finally:
        served.kill()
        served.wait()
        served.stdout.close()
        processes.end()
