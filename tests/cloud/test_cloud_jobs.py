"""A job's life on the embedded cloud: limits, cancelation, reruns, keys, timers."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest


def status_of(client, job):
    """Return a job's status document."""
    return client.get(f"/api/jobs/{job}/status").json()


def test_plan_limits_are_those_of_the_vendor(start, create, timer_body):
    """A create beyond the limit is refused with the vendor's message, and there is no job."""
    cloud, client = start(max_queue=3, max_concurrent=2)
    for _ in range(3):
        create(client, timer_body(duration_s=600))
    refused = client.post("/api/jobs", json=timer_body())
    assert refused.status_code == 400
    assert refused.json()["error"] == "Cannot create more than 3 jobs"
    assert [job.status for job in cloud.jobs()] == ["running", "running", "waiting"]
    assert client.get("/api/jobs/availability").json() == {
        "max_jobs_in_queue": 3,
        "num_jobs_in_queue": 3,
        "max_concurrent_jobs": 2,
        "num_concurrent_jobs": 2,
        "max_running_qt_jobs": 0,
        "num_running_qt_jobs": 0,
    }


def test_ended_jobs_make_room_and_waiting_ones_start_in_order(start, create, wait, timer_body):
    """With one slot, each job starts when the previous one has ended."""
    cloud, client = start(max_concurrent=1)
    jobs = [create(client, timer_body(duration_s=0.02)) for _ in range(5)]
    for job in jobs:
        assert wait(client, job)["status"] == "completed"
    lives = [(job.started, job.ended) for job in cloud.jobs()]
    assert lives == sorted(lives)
    assert all(ended <= started for (_, ended), (started, _) in pairwise(lives))


def test_same_key_gives_the_same_job(start, create, wait, timer_body):
    """A repeated create or rerun returns the first one's id, even if the queue is full."""
    cloud, client = start(max_queue=1)
    first = create(client, timer_body(), **{"Idempotency-Key": "one"})
    assert create(client, timer_body(), **{"Idempotency-Key": "one"}) == first
    wait(client, first)
    answers = [
        client.post(f"/api/jobs/{first}/rerun", headers={"Idempotency-Key": "two"}).json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    wait(client, answers[0]["job_id"])
    blocker = create(client, timer_body(duration_s=600), **{"Idempotency-Key": "three"})
    assert create(client, timer_body(duration_s=600), **{"Idempotency-Key": "three"}) == blocker
    assert [job.key for job in cloud.jobs()] == ["one", "two", "three"]


@pytest.mark.parametrize("path", ["/api/jobs/{}/cancel", "/api/job/cancel/{}"])
def test_cancel_ends_waiting_and_running_jobs(start, create, wait, timer_body, path):
    """Canceling works on both paths, and reports an error for a job that has ended."""
    _, client = start(max_concurrent=1)
    running = create(client, timer_body(duration_s=600))
    waiting = create(client, timer_body(duration_s=600))
    for job in (waiting, running):
        assert client.post(path.format(job)).status_code == 200
        assert wait(client, job)["status"] == "canceled"
    refused = client.post(path.format(running))
    assert (refused.status_code, refused.json()["error"]) == (
        400,
        "Can not cancel job: it is canceled",
    )


def test_cancel_ends_a_simulation(http, create, waits, long_body, short_body):
    """A running execution ends, and the next worker continues."""
    wait, until = waits
    job = create(http, long_body)
    until(lambda: status_of(http, job)["progress"] > 0)
    assert status_of(http, job)["status"] == "running"
    assert http.post(f"/api/jobs/{job}/cancel").status_code == 200
    assert wait(http, job)["status"] == "canceled"
    assert wait(http, create(http, short_body))["status"] == "completed"


@pytest.mark.parametrize("path", ["/api/jobs/{}/rerun", "/api/job/rerun/{}"])
def test_rerun_makes_a_new_job_of_the_same_payload(start, create, wait, timer_body, path):
    """The request may have no body, and the record names the original job."""
    _, client = start()
    failed = create(client, timer_body(fail="The laser is off"))
    assert wait(client, failed)["status_message"] == "The laser is off"
    job = client.post(path.format(failed)).json()["job_id"]
    assert job != failed
    assert wait(client, job)["status"] == "error"
    data = client.get(f"/api/jobs/{job}/data").json()
    assert data["rerun_from"] == failed
    assert data["payload"] == timer_body(fail="The laser is off")["payload"]


def test_rerun_takes_changes(start, create, wait, timer_body):
    """Name, payload and platform of the new job may differ."""
    cloud, client = start()
    failed = create(client, timer_body(fail="The laser is off"))
    wait(client, failed)
    changes = {"job_name": "again", "payload": timer_body(results={"|0>": 2})["payload"]}
    job = client.post(f"/api/jobs/{failed}/rerun", json=changes).json()["job_id"]
    assert wait(client, job)["status"] == "completed"
    assert cloud.jobs()[-1].name == "again"
    results = json.loads(client.get(f"/api/jobs/{job}/result").json()["results"])
    assert results["results"] == {"|0>": 2}


def test_rerun_of_a_job_that_runs_is_refused(start, create, timer_body):
    """Only a job that has ended can be rerun."""
    cloud, client = start()
    job = create(client, timer_body(duration_s=600))
    refused = client.post(f"/api/jobs/{job}/rerun")
    assert (refused.status_code, refused.json()["error"]) == (
        400,
        "Can not rerun job: it is running",
    )
    assert len(cloud.jobs()) == 1


def test_a_job_past_its_max_duration_fails(start, create, wait, timer_body):
    """The message names the limit."""
    _, client = start()
    status = wait(client, create(client, timer_body(duration_s=600) | {"max_duration": 1}))
    assert status["status"] == "error"
    assert status["status_message"] == "The job took longer than its max_duration of 1 s"
    assert status["failure_code"] == status["status_message"]  # the field that 0.12 reads


def test_an_error_of_perceval_is_the_jobs_error(http, create, wait, short_body):
    """A payload that unpacks but does not run ends in an error with Perceval's message."""
    payload = {**short_body["payload"], "experiment": ":PCVL:Experiment:"}
    status = wait(http, create(http, short_body | {"payload": payload}))
    assert status["status"] == "error"
    assert status["status_message"]


def test_results_of_a_failed_job_are_null(http, create, wait, timer_body):
    """Perceval's client then raises the job's message."""
    job = create(http, timer_body(fail="no"))
    wait(http, job)
    assert http.get(f"/api/job/result/{job}").json()["results"] is None


def test_a_timers_result_is_decoded_by_perceval(http, create, wait, timer_body):
    """A job that runs nothing returns a document that the client library understands."""
    from perceval.runtime.legacy import RemoteJob

    class Handler:
        name, url, token, proxies, headers = "test:timer", "", "", {}, {}

        def get_job_status(self, job):
            return http.get(f"/api/job/status/{job}").json()

        def get_job_results(self, job):
            return http.get(f"/api/job/result/{job}").json()

    job = create(http, timer_body(results={"|1,0>": 3}))
    wait(http, job)
    results = RemoteJob.from_id(job, Handler()).get_results()
    assert results["results"] == {"|1,0>": 3}
    assert results["physical_perf"] * results["logical_perf"] == 1


def test_thousands_of_timed_jobs_run_at_once(start, create, until, timer_body):
    """A thousand timed jobs run at once without workers, and succeed."""
    cloud, client = start(max_queue=1000, max_concurrent=1000)
    for _ in range(1000):
        create(client, timer_body(duration_s=0.1))
    until(lambda: client.get("/api/jobs/availability").json()["num_jobs_in_queue"] == 0)
    assert {job.status for job in cloud.jobs()} == {"completed"}
    assert len(cloud.jobs()) == 1000
