"""The embedded cloud injects exactly the requested faults."""

from __future__ import annotations

import contextlib
import gc
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from jobgroup.cloud.faults import Faults


@pytest.fixture
def running(start):
    """Run a cloud for one test, and return it with a client."""
    return start()


def calls_of(cloud):
    """Return the requests to a cloud: call, answer and faults."""
    return [(entry.call, entry.status, entry.faults) for entry in cloud.log]


def test_a_lost_request_has_no_effect(running, timer_body):
    """The connection is reset and there is no job; the next request succeeds."""
    cloud, client = running
    cloud.faults.add("drop_request", calls=["create"], times=1)
    with pytest.raises(httpx.ReadError):
        client.post("/api/jobs", json=timer_body())
    assert cloud.jobs() == []
    assert client.post("/api/jobs", json=timer_body()).status_code == 200
    assert calls_of(cloud) == [("create", None, ("drop_request",)), ("create", 200, ())]


def test_dropped_response_has_its_effect(running, timer_body):
    """The connection is reset after the job was created, and its key finds it again."""
    cloud, client = running
    cloud.faults.add("drop_response", calls=["create"], times=1)
    key = {"Idempotency-Key": "a"}
    with pytest.raises(httpx.ReadError):
        client.post("/api/jobs", json=timer_body(), headers=key)
    (job,) = cloud.jobs()
    assert job.key == "a"
    assert client.post("/api/jobs", json=timer_body(), headers=key).json() == {"job_id": job.id}
    assert [entry.key for entry in cloud.log] == ["a", "a"]


@pytest.mark.parametrize("call", ["status", "result", "cancel", "rerun", "data"])
def test_faults_affect_only_the_calls_that_they_name(running, create, wait, timer_body, call):
    """The call fails on either path while the others work, and works again afterwards."""
    cloud, client = running
    job = create(client, timer_body(fail="no"))
    wait(client, job)
    paths = [f"/api/jobs/{job}/{call}", f"/api/job/{call}/{job}"][: 1 if call == "data" else 2]
    cloud.faults.add(
        "http_error", calls=[call], times=len(paths), status=500, message="Out of order"
    )
    method = "POST" if call in ("cancel", "rerun") else "GET"
    for path in paths:
        assert client.get("/api/jobs/availability").status_code == 200
        answer = client.request(method, path)
        assert (answer.status_code, answer.json()["error"]) == (500, "Out of order")
    assert client.request(method, paths[0]).status_code in (200, 400)


def test_busy_responses_have_retry_after(running):
    """A 429 with Retry-After can be the response to any call."""
    cloud, client = running
    cloud.faults.add("http_error", status=429, retry_after_s=7, message="Too many requests")
    for path in ("/api/jobs/availability", "/api/platform/test%3Atimer"):
        answer = client.get(path)
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "7"


def test_refused_tokens_and_missing_credits_are_both_401(running, timer_body):
    """Only their texts differ, as on the real cloud."""
    cloud, client = running
    cloud.faults.add("refuse_token", times=1)
    assert client.get("/api/jobs/availability").json()["error"] == "Invalid or expired job token"
    cloud.faults.add("no_credits", calls=["create"])
    answer = client.post("/api/jobs", json=timer_body())
    assert (answer.status_code, answer.json()["error"]) == (401, "Not enough credits")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [("<html>Sorry</html>", "text/html"), ('{"job_id": ', "application/json"), ("", "")],
)
def test_malformed_response_has_the_requested_content(running, body, content_type):
    """The status is 200, so only the content shows the fault."""
    cloud, client = running
    cloud.faults.add("malformed_response", calls=["availability"], body=body)
    answer = client.get("/api/jobs/availability")
    assert (answer.status_code, answer.text) == (200, body)
    assert answer.headers.get("content-type", "").startswith(content_type)


def test_fail_job_fails_jobs_with_its_message(running, create, wait, timer_body):
    """The requested number of jobs fail, and their reruns succeed."""
    cloud, client = running
    cloud.faults.add("fail_job", times=2, message="The chip is too warm")
    jobs = [create(client, timer_body()) for _ in range(3)]
    ends = [wait(client, job) for job in jobs]
    assert [end["status"] for end in ends] == ["error", "error", "completed"]
    assert ends[0]["status_message"] == "The chip is too warm"
    again = client.post(f"/api/jobs/{jobs[0]}/rerun").json()["job_id"]
    assert wait(client, again)["status"] == "completed"


@pytest.mark.parametrize("kind", ["delay", "delay_response"])
def test_delays_let_clients_time_out(running, until, timer_body, kind):
    """The job is created even if the client stops waiting for the response."""
    cloud, client = running
    cloud.faults.add(kind, calls=["create"], times=1, delay_s=3)
    with pytest.raises(httpx.ReadTimeout):
        client.post("/api/jobs", json=timer_body(), timeout=httpx.Timeout(60, read=0.5))
    until(lambda: len(cloud.jobs()) == 1)


@pytest.mark.parametrize("kind", ["delay", "delay_response"])
def test_clearing_faults_ends_delays(running, until, timer_body, kind):
    """A test can hold a request until something else has happened."""
    cloud, client = running
    cloud.faults.add(kind, calls=["create"], times=1, delay_s=3600)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(client.post, "/api/jobs", json=timer_body())
        until(lambda: calls_of(cloud) == [("create", None, (kind,))])
        assert not sent.done()
        cloud.faults.clear()
        assert sent.result(120).status_code == 200


def test_going_offline_refuses_connections_and_jobs_continue(running, create, until, timer_body):
    """The cloud returns on the same port, with the jobs that ended while it was offline."""
    cloud, client = running
    job = create(client, timer_body(duration_s=0.3))
    cloud.go_offline()
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            client.get("/api/jobs/availability")
    with pytest.raises(httpx.ConnectError):
        client.get("/api/jobs/availability")
    until(lambda: cloud.jobs()[0].status == "completed")
    cloud.go_online()
    until(lambda: _answers(client))
    assert client.get(f"/api/jobs/{job}/status").json()["status"] == "completed"


def test_cloud_returns_after_its_time_offline(running, until):
    """The cloud returns every time, and can be stopped while it is offline."""
    cloud, client = running
    for _ in range(2):
        with _connection_that_is_reset(cloud):
            cloud.go_offline(0.3)
        until(lambda: _answers(client))
    cloud.go_offline()
    cloud.stop()
    assert not cloud.running


def test_connections_made_while_it_goes_offline_are_reset(running, until):
    """No connection is left half open, and the cloud returns."""
    cloud, client = running
    address = ("127.0.0.1", int(cloud.url.rpartition(":")[2]))
    has_ended = threading.Event()

    def knock():
        while not has_ended.is_set():
            with contextlib.suppress(OSError), socket.create_connection(address, timeout=1):
                pass

    with ThreadPoolExecutor(2) as pool:
        knocking = [pool.submit(knock) for _ in range(2)]
        for _ in range(20):
            cloud.go_offline()
            cloud.go_online()
            time.sleep(0.005)
        has_ended.set()
    assert [one.result() for one in knocking] == [None, None]
    until(lambda: _answers(client))
    cloud.stop()
    gc.collect()  # an open connection would raise a ResourceWarning


@contextlib.contextmanager
def _connection_that_is_reset(cloud):
    """Hold a connection until it is reset, which shows that the cloud was offline for a moment."""
    address = ("127.0.0.1", int(cloud.url.rpartition(":")[2]))
    with socket.create_connection(address, timeout=120) as held:
        yield
        with contextlib.suppress(ConnectionResetError):
            assert held.recv(1) == b""


def _answers(client):
    try:
        return client.get("/api/jobs/availability").status_code == 200
    except httpx.TransportError:
        return False


def test_plans_shrink_and_grow(running, create, until, timer_body):
    """A smaller plan rejects more jobs, and a larger one starts waiting jobs."""
    cloud, client = running
    cloud.set_plan(max_queue=2, max_concurrent=0)
    for _ in range(2):
        create(client, timer_body())
    refused = client.post("/api/jobs", json=timer_body())
    assert refused.json()["error"] == "Cannot create more than 2 jobs"
    cloud.set_plan(max_concurrent=1)
    until(lambda: {job.status for job in cloud.jobs()} == {"completed"})


def test_keys_may_be_unknown_as_on_the_real_cloud(start, create, timer_body):
    """Each request then creates a job, and no response announces keys."""
    cloud, client = start(supports_idempotency_keys=False)
    jobs = {create(client, timer_body(), **{"Idempotency-Key": "a"}) for _ in range(2)}
    assert len(jobs) == 2
    assert [job.key for job in cloud.jobs()] == ["a", "a"]
    assert "Idempotency-Key-Support" not in client.get("/api/jobs/availability").headers
    cloud.set_plan(supports_idempotency_keys=True)
    assert client.get("/api/jobs/availability").headers["Idempotency-Key-Support"] == "true"
    assert create(client, timer_body(), **{"Idempotency-Key": "a"}) in jobs


def test_another_process_controls_faults_over_http(running, until):
    """A process with the token can add, list and clear faults, change the plan and go offline."""
    cloud, client = running
    cloud.faults.add("http_error", status=502)
    added = client.post("/faults", json={"kind": "delay", "calls": ["status"], "delay_s": 0.1})
    number = added.json()["number"]
    faults = client.get("/faults").json()["faults"]
    assert faults[str(number)]["calls"] == ["status"]
    assert client.get("/api/jobs/availability").status_code == 502
    assert client.delete("/faults").status_code == 200
    assert cloud.faults.active() == {}
    plan = client.put("/faults/plan", json={"max_queue": 5}).json()["plan"]
    assert plan == {"max_queue": 5, "max_concurrent": 8, "supports_idempotency_keys": True}
    with _connection_that_is_reset(cloud):
        assert client.post("/faults/offline", json={"duration_s": 0.2}).status_code == 200
    until(lambda: _answers(client))
    assert httpx.get(cloud.url + "/faults", timeout=120).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/faults", {"kind": "earthquake"}),
        ("POST", "/faults", {"kind": "delay", "calls": ["dance"]}),
        ("POST", "/faults", {"kind": "delay", "delay_s": -1}),
        ("POST", "/faults", {"kind": "delay", "delay_s": "long"}),
        ("POST", "/faults", {"kind": "delay", "mood": "bad"}),
        ("POST", "/faults", {}),
        ("POST", "/faults", []),
        ("PUT", "/faults/plan", {"max_queue": -1}),
        ("PUT", "/faults/plan", {"max_queue": "many"}),
        ("PUT", "/faults/plan", {"supports_idempotency_keys": 1}),
        ("POST", "/faults/offline", {}),
        ("POST", "/faults/offline", {"duration_s": -1}),
    ],
)
def test_impossible_faults_are_refused(running, method, path, body):
    """The response is 400 with a message, and nothing changes."""
    cloud, client = running
    answer = client.request(method, path, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert cloud.faults.active() == {}


def test_a_probability_with_a_seed_is_the_same_every_time():
    """A run with faults can be repeated."""

    def run(seed):
        faults = Faults()
        faults.add("drop_response", probability=0.5, seed=seed)
        return [bool(faults.draw("create")) for _ in range(100)]

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert 20 < sum(run(1)) < 80


def test_a_fault_can_be_removed():
    """The number that `add` returned removes it; the others stay."""
    faults = Faults()
    first, second = faults.add("delay"), faults.add("malformed_response")
    faults.remove(first)
    faults.remove(first)
    assert list(faults.active()) == [second]
    assert [fault.kind for fault in faults.draw("status")] == ["malformed_response"]


def test_the_log_notes_every_request_and_no_token(running):
    """The log also has rejected requests, each with its time, path and status."""
    cloud, client = running
    before = time.time()
    client.get("/api/jobs/availability")
    client.get("/nothing")
    httpx.get(cloud.url + "/api/jobs/x/status", timeout=120)
    assert calls_of(cloud) == [("availability", 200, ()), (None, 404, ()), ("status", 401, ())]
    assert all(before <= entry.time <= time.time() for entry in cloud.log)
    assert cloud.token not in repr(cloud.log)


@pytest.mark.parametrize("path", ["/faults", "/faults/plan", "/faults/offline"])
def test_a_fault_that_is_nested_without_end_is_refused(running, path):
    """The response is 400, as for every invalid fault."""
    _, client = running
    body = '{"a":' * 100_000 + "1" + "}" * 100_000
    answer = client.request("PUT" if path.endswith("plan") else "POST", path, content=body)
    assert answer.status_code == 400


@pytest.mark.parametrize("name", ["delay_s", "retry_after_s"])
def test_endless_delays_are_refused(running, name):
    """JSON's 1e999 is infinite in Python."""
    cloud, client = running
    answer = client.post("/faults", content=f'{{"kind": "delay", "{name}": 1e999}}')
    assert answer.status_code == 400
    assert "must be finite" in answer.json()["error"]
    assert cloud.faults.active() == {}
