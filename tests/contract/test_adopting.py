"""Tests of adopting jobs that were submitted outside jobgroup."""

import json
import math
import uuid
from datetime import date

import httpx
import numpy as np
import pytest

from jobgroup import JobGroup
from jobgroup.errors import (
    DuplicateJobError,
    InvalidResponseError,
    InvalidTokenError,
    MissingTokenError,
    RemoteNotFoundError,
)


@pytest.fixture
def send():
    """Send a job outside jobgroup, as any script may, and return its id."""

    def send(cloud, name="by hand", **parameters):
        body = {
            "job_name": name,
            "platform_name": "test:timer",
            "pcvl_version": "1.2.4",
            "payload": {"command": "timer", "max_shots": 500, "parameters": parameters},
        }
        headers = {"Authorization": f"Bearer {cloud.token}"}
        answer = httpx.post(f"{cloud.url}/api/job", headers=headers, json=body, timeout=120)
        return answer.raise_for_status().json()["job_id"]

    return send


def test_adopted_job_has_the_details_that_the_cloud_reports(start, send, until):
    """An adopted job has its name, platform, times, parameters and state. jobgroup then polls it
    like any job.
    """
    cloud = start()
    slow = send(cloud, "slow", duration_s=0.2)
    done = send(cloud, "done", duration_s=0)
    until(lambda: cloud.jobs()[1].ended)
    jg = JobGroup("adopted")
    jobs = jg.adopt([done, slow], url=cloud.url)
    assert jobs == jg.remote_jobs
    assert [(j.id, j.name, j.platform) for j in jobs] == [
        (done, "done", "test:timer"),
        (slow, "slow", "test:timer"),
    ]
    ended = cloud.jobs()[1]
    status = jobs[0].status
    assert status() == "SUCCESS"
    assert (status.creation_timestamp, status.start_timestamp) == (ended.created, ended.started)
    assert jobs[0].params["max_shots"] == 500
    assert [a.kind for a in jobs[0].attempts] == ["adopted"]
    jg.wait(300)
    assert jg.progress()["Finished"] == [2, {"successful": 2, "unsuccessful": 0}]
    assert len(jg.get_results()) == 2
    assert [e.call for e in cloud.log if e.call == "create"] == [
        "create"
    ] * 2  # those sent outside jobgroup


def test_adopted_job_can_be_rerun_with_other_parameters(start, send, until):
    """The payload came from the cloud, so jobgroup can change and resend it."""
    cloud = start()
    failed = send(cloud, "fails", duration_s=0, fail="The laser lost its lock")
    until(lambda: cloud.jobs()[0].ended)
    jg = JobGroup("adopted")
    (job,) = jg.adopt(
        failed, url=cloud.url, labels={"phi": np.float64(0.3), "day": date(2026, 1, 2)}
    )
    assert (job.status(), job.message, job.labels) == (
        "ERROR",
        "The laser lost its lock",
        {"phi": 0.3, "day": "2026-01-02"},
    )
    jg.rerun(0, params={"max_shots": 50})
    sent = cloud.jobs()[1]
    assert sent.payload == {**cloud.jobs()[0].payload, "max_shots": 50}
    assert (sent.name, sent.body["pcvl_version"]) == ("fails", "1.2.4")
    assert [a.remote_id for a in job.attempts] == [failed, sent.id]
    jg.wait(300)
    jg.rerun(0)
    assert cloud.jobs()[2].rerun_from == sent.id  # the cloud reruns an unchanged job


def test_adopted_job_can_be_rerun_without_its_payload(scripted):
    """The caller gives the platform, and only the job's name is known."""
    scripted.first_word = "error"
    remote_id = scripted.make()
    jg = JobGroup("adopted")
    with pytest.raises(ValueError, match=r"does not report the platform of .* Nothing was adopted"):
        jg.adopt(remote_id, url=scripted.url)
    assert len(jg) == 0
    (job,) = jg.adopt(remote_id, platform="qpu:ascella", url=scripted.url)
    assert (job.platform, job.name, job.state) == ("qpu:ascella", "unnamed", "error")
    jg.rerun_failed_parallel()
    assert scripted.count("rerun") == 1
    assert scripted.count("create") == 0


def test_adopt_refuses_ids_that_the_group_has(start, send, snapshot):
    """One known id excludes the others too, and jobgroup sends no request."""
    cloud = start()
    ids = [send(cloud, duration_s=0) for _ in range(3)]
    jg = JobGroup("adopted")
    jg.adopt(ids[:1], url=cloud.url)
    before, asked = snapshot(jg), len(cloud.log)
    with pytest.raises(DuplicateJobError, match=r"position 0\. Nothing was adopted"):
        jg.adopt(ids, url=cloud.url)
    with pytest.raises(DuplicateJobError, match="given 2 times"):
        jg.adopt([ids[1], ids[2], f" {ids[1]} "], url=cloud.url)
    assert (snapshot(jg), len(cloud.log)) == (before, asked)


def test_adopt_refuses_unknown_ids_in_one_sentence(start, send):
    """The call adopts no job, not even those that the cloud knows."""
    cloud = start()
    known, unknown = send(cloud, duration_s=0), str(uuid.uuid4())
    jg = JobGroup("adopted")
    with pytest.raises(RemoteNotFoundError) as caught:
        jg.adopt([known, unknown], url=cloud.url, platform="test:timer")
    assert str(caught.value).startswith(f"{cloud.url} knows no job '{unknown}' of this account.")
    assert "\n" not in str(caught.value)
    with pytest.raises(RemoteNotFoundError, match=r"'no-id/\.\.' and 1 more"):
        jg.adopt(["no-id/..", unknown], url=cloud.url)
    assert len(jg) == 0


@pytest.mark.parametrize("ids", [[7], ["  "], ["a\nb"], ["a + b"], ["a\x1b"], [None], 7])
def test_adopt_refuses_values_that_are_not_ids(start, ids):
    """The call raises an error before it sends a request."""
    jg = JobGroup("adopted")
    with pytest.raises((TypeError, ValueError)):
        jg.adopt(ids, url="https://cloud.example", token="t")
    assert len(jg) == 0


def test_adopt_takes_ids_from_any_iterable(start, send):
    """`adopt` takes a generator, uuids, or no id at all."""
    cloud = start()
    ids = [send(cloud, duration_s=0) for _ in range(3)]
    jg = JobGroup("adopted")
    assert jg.adopt([], url=cloud.url) == []
    jg.adopt((i for i in ids[:2]), url=cloud.url)
    jg.adopt(uuid.UUID(ids[2]), url=cloud.url)
    assert [j.id for j in jg] == ids


def test_adopt_takes_a_token(scripted):
    """The token applies to that cloud from then on. Without a token, nothing is sent; a wrong one
    raises an error.
    """
    remote_id = scripted.make()
    url = scripted.url.replace("127.0.0.1", "localhost")  # an origin without a token so far
    jg = JobGroup("adopted")
    with pytest.raises(MissingTokenError):
        jg.adopt(remote_id, platform="p", url=url)
    assert scripted.asked == []
    with pytest.raises(InvalidTokenError):
        jg.adopt(remote_id, platform="p", url=url, token="wrong")
    jg.adopt(remote_id, platform="p", url=url, token=scripted.token)
    assert jg.progress()["Total"] == 1


def test_adopt_adds_nothing_after_a_malformed_status(scripted):
    """The call raises the usual error, and a later call succeeds."""
    remote_id = scripted.make()
    scripted.faults["status"] = lambda *_: (200, ["garbage"])
    jg = JobGroup("adopted")
    with pytest.raises(InvalidResponseError, match="not JSON"):
        jg.adopt(remote_id, platform="p", url=scripted.url)
    assert len(jg) == 0


@pytest.mark.anyio
async def test_adopt_can_be_awaited(start, send):
    """Notebooks use the awaitable version."""
    cloud = start()
    remote_id = send(cloud, duration_s=0)
    jg = JobGroup("adopted")
    (job,) = await jg.adopt_async(remote_id, url=cloud.url)
    assert job.id == remote_id


def test_adopt_reads_payloads_that_are_texts(scripted):
    """Some clouds store the payload as they received it, as JSON in a string."""
    reported = {
        "job_name": "as text",
        "platform_name": "p",
        "payload": json.dumps({"command": "x"}),
    }
    scripted.faults["data"] = lambda *_: (200, reported)
    (job,) = JobGroup("adopted").adopt(scripted.make(), url=scripted.url)
    assert (job.name, job.platform, job.params) == ("as text", "p", {"command": "x"})


def test_adopt_prefers_what_the_cloud_reports(scripted):
    """A given platform or name applies only to jobs without one on the cloud."""
    reported = {"job_name": "its own", "platform_name": "qpu:its", "payload": {"command": "x"}}
    scripted.faults["data"] = lambda nth, _: (200, reported if nth == 0 else {"payload": {"n": 1}})
    ids = [scripted.make(), scripted.make()]
    for remote_id in ids:
        scripted.tell(remote_id, "running", name="by its status")
    jg = JobGroup("adopted")
    for remote_id in ids:
        jg.adopt(remote_id, platform="qpu:given", url=scripted.url)
    assert [(job.name, job.platform) for job in jg] == [
        ("its own", "qpu:its"),
        ("by its status", "qpu:given"),
    ]


def test_changed_rerun_of_an_adopted_job_keeps_its_other_fields(scripted):
    """The rerun sends the original process and release, and the given platform."""
    reported = {"pcvl_version": "1.2.4", "process_id": "of mine", "payload": {"max_shots": 7}}
    scripted.faults["data"] = lambda *_: (200, reported)
    scripted.first_word = "error"
    jg = JobGroup("adopted")
    jg.adopt(scripted.make(), platform="qpu:given", url=scripted.url)
    jg.rerun(0, params={"max_shots": 5})
    (body,) = scripted.bodies()
    assert {name: body[name] for name in ("pcvl_version", "process_id", "platform_name")} == {
        "pcvl_version": "1.2.4",
        "process_id": "of mine",
        "platform_name": "qpu:given",
    }
    assert body["payload"] == {"max_shots": 5}


@pytest.mark.parametrize(
    "payload",
    [
        {"command": "x", "max_shots": math.inf},
        {"command": "x", "parameters": {"n": math.nan}},
        {"command": "\ud800"},
        {"command": "x", "parameters": {"a": ["\udfff"]}},
        {"deep": json.loads("[" * 300 + "]" * 300)},
        {"command": "x" * 5_000_000},
        {"many": [[] for _ in range(300_000)]},
    ],
    ids=["infinity", "nan", "half a character", "within", "deep", "long", "many"],
)
def test_unstorable_payload_affects_only_its_job(scripted, payload, from_file):
    """The job is adopted without its payload, and the others are adopted with theirs."""
    ids = [scripted.make("running") for _ in range(3)]
    reported = {ids[n]: {"payload": {"command": f"of {n}"}, "job_name": f"{n}"} for n in range(3)}
    reported[ids[1]]["payload"] = payload
    scripted.faults["data"] = lambda _, asked: (200, reported[asked.id])
    jg = JobGroup("adopted")
    jg.adopt(ids, platform="p", url=scripted.url)
    assert [(job.id, job.state) for job in jg] == [(i, "running") for i in ids]
    assert (jg[0].params, jg[2].params) == ({"command": "of 0"}, {"command": "of 2"})
    assert [job["id"] for job in from_file("adopted")] == ids


@pytest.mark.parametrize("status", [400, 403])
def test_adopt_refuses_jobs_of_other_users(scripted, status):
    """Clouds may report an unknown job without a 404, and may not report the payload."""
    remote_id = scripted.make()
    scripted.faults["data"] = lambda *_: (status, {"error": "Not yours"})
    jg = JobGroup("adopted")
    jg.adopt(remote_id, platform="p", url=scripted.url)
    scripted.faults["status"] = lambda *_: (status, {"error": "Not yours"})
    with pytest.raises(RemoteNotFoundError, match="whether the token is"):
        jg.adopt(scripted.make(), platform="p", url=scripted.url)
    assert len(jg) == 1


def test_adopt_takes_jobs_of_another_account(scripted):
    """The jobs have the account's label, and the given token applies only to that account."""
    remote_id = scripted.make()
    url = scripted.url.replace("127.0.0.1", "localhost")
    jg = JobGroup("adopted")
    jg.adopt(remote_id, platform="p", url=url, account="lab", token=scripted.token)
    assert [record.account for record in jg.snapshot()] == ["lab"]
    assert jg.progress()["Total"] == 1
    with pytest.raises(MissingTokenError):
        jg.adopt(scripted.make(), platform="p", url=url)
