"""The provider's requests, and its reading of well-formed responses."""

from __future__ import annotations

import json
from contextlib import aclosing
from urllib.parse import urlsplit

import pytest
from wire_cloud import NOT_FOUND, RESET, TOKEN, answer, serving

from jobgroup import errors
from jobgroup.providers import provider_for
from jobgroup.providers.base import Account, Availability, Provider
from jobgroup.providers.polling import MAX_CONSECUTIVE_FAILURES
from jobgroup.providers.quandela import QuandelaCloud

pytestmark = pytest.mark.anyio
BODY = {
    "job_name": "a",
    "platform_name": "sim:altair",
    "job_group_name": "g",
    "pcvl_version": "1.0.1",
    "payload": {"command": "probs", "é": [1.0, None]},
}


def _opened(account, **options):
    return aclosing(QuandelaCloud(account, **options))


async def test_create_sends_the_body_as_it_is_once_with_key_and_token(cloud, account):
    """The stored body arrives unchanged, under the attempt's key and the account's token."""
    cloud.routes["POST /api/jobs"] = answer({"job_id": "id-1"})
    async with _opened(account) as provider:
        assert isinstance(provider, Provider)
        assert await provider.submit(BODY, key="attempt-7") == "id-1"
    (request,) = [r for r in cloud.requests if r.method == "POST"]
    assert json.loads(request.body) == BODY
    assert request.headers["idempotency-key"] == "attempt-7"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("jobgroup/")


async def test_rerun_sends_no_body_and_its_own_key(cloud, account):
    """The cloud has the body of the job."""
    cloud.routes["POST /api/jobs/1/rerun"] = answer({"job_id": "2"})
    async with _opened(account) as provider:
        assert await provider.rerun("1", key="k1") == "2"
    (sent,) = [r for r in cloud.requests if r.method == "POST"]
    assert (sent.body, sent.headers["idempotency-key"]) == (b"", "k1")


@pytest.mark.parametrize("status", [403, 404, 405])
async def test_unavailable_rerun_returns_none(cloud, account, status):
    """The provider returns None if the cloud forbids or lacks reruns."""
    cloud.routes["POST /api/jobs/1/rerun"] = answer({"error": "no"}, status)
    async with _opened(account) as provider:
        assert await provider.rerun("1", key="k") is None


async def test_rerun_beyond_the_plan_is_an_error(cloud, account):
    """A full plan, or a job that has not failed, raises an error instead of returning None."""
    cloud.routes["POST /api/jobs/1/rerun"] = answer(
        {"error": "Cannot have more than 1 running Quantum Toolbox jobs"}, 403
    )
    cloud.routes["POST /api/jobs/2/rerun"] = answer({"error": "job is running"}, 400)
    async with _opened(account) as provider:
        with pytest.raises(errors.QuotaExceededError):
            await provider.rerun("1", key="k")
        with pytest.raises(errors.RequestRejectedError, match="job is running"):
            await provider.rerun("2", key="k")


async def test_result_that_is_an_object_becomes_text(cloud, account):
    """The result is decoded like any other, although the cloud should send it as text."""
    cloud.routes["GET /api/jobs/1/result"] = answer({"results": {"results": {"|1>": 2}}})
    async with _opened(account) as provider:
        assert await provider.result("1") == {"results": '{"results": {"|1>": 2}}'}


async def test_each_job_gets_its_own_answer_or_error(cloud, account):
    """A missing job, a malformed response and a late response affect no other status."""
    for i in range(100):
        cloud.routes[f"GET /api/jobs/{i}/status"] = answer({"status": "completed"})
    cloud.routes["GET /api/jobs/3/status"] = NOT_FOUND
    cloud.routes["GET /api/jobs/5/status"] = answer(text="<html>")
    cloud.routes["GET /api/jobs/7/status"] = answer({"status": "error", "job_id": "8"})
    cloud.routes["GET /api/jobs/9/status"] = answer({"status": "completed", "job_id": "9"})
    async with _opened(account) as provider:
        answers = await provider.status([str(i) for i in range(100)])
    assert len(answers) == 100
    assert isinstance(answers.pop("3"), errors.RemoteNotFoundError)
    assert isinstance(answers.pop("5"), errors.InvalidResponseError)
    assert "returned another job than 7" in str(answers.pop("7"))
    assert {a.state for a in answers.values()} == {"success"}


async def test_refused_token_ends_a_round(cloud, account):
    """If the token is rejected, the provider stops polling the other jobs."""
    ids = [str(i) for i in range(10_000)]
    refused = answer({"error": "Invalid or expired job token", "detail": {}}, 401)
    cloud.routes |= {f"GET /api/jobs/{i}/status": refused for i in ids}
    async with _opened(account) as provider:
        answers = await provider.status(ids)
    assert list(answers) != []
    assert set(map(type, answers.values())) == {errors.InvalidTokenError}
    assert set(answers) == set(ids)
    assert len(cloud.requests) < 200


async def test_failing_cloud_ends_a_round(cloud, account):
    """After several failures in a row, the provider stops polling until the next round."""
    ids = [str(i) for i in range(2_000)]
    cloud.routes |= {f"GET /api/jobs/{i}/status": answer({}, 503, Retry_After="9") for i in ids}
    async with _opened(account) as provider:
        answers = await provider.status(ids)
    assert set(map(type, answers.values())) == {errors.CloudUnavailableError}
    assert set(answers) == set(ids)
    assert len(cloud.requests) <= MAX_CONSECUTIVE_FAILURES + 50


async def test_unreachable_cloud_is_an_error_for_each_job(cloud, account):
    """Each job gets the error, and nothing is raised."""
    cloud.stop()
    async with _opened(account) as provider:
        answers = await provider.status(["1", "2"])
    assert set(map(type, answers.values())) == {errors.CloudUnreachableError}


async def test_reads_wait_as_long_as_the_cloud_asks(cloud, account):
    """If a busy cloud asks for a short wait, the read is repeated after it."""
    cloud.routes["GET /api/jobs/1/result"] = lambda _: (
        answer({}, 429, Retry_After="0.1")
        if cloud.asked("GET").count("/api/jobs/1/result") < 3
        else answer({"results": "{}"})
    )
    async with _opened(account) as provider:
        assert await provider.result("1") == {"results": "{}"}
    assert cloud.asked("GET").count("/api/jobs/1/result") == 3


async def test_creates_and_cancels_are_never_repeated(cloud, account):
    """The provider sends a create or a cancel once, and the caller decides about a retry."""
    cloud.routes |= {
        "POST /api/jobs": answer({}, 429, Retry_After="0"),
        "POST /api/jobs/1/cancel": RESET,
        "GET /api/jobs/1/status": answer({"job_id": "1", "status": "running"}),
    }
    async with _opened(account) as provider:
        with pytest.raises(errors.CloudUnavailableError) as caught:
            await provider.submit(BODY, key="k")
        with pytest.raises(errors.NoResponseError):
            await provider.cancel("1")
    assert caught.value.retry_after_s == 0
    assert cloud.asked("POST") == ["/api/jobs", "/api/jobs/1/cancel"]


async def test_availability_and_its_absence(cloud, account):
    """Free slots are counted; on a cloud without that call, they are unknown."""
    async with _opened(account) as provider:
        assert await provider.availability() == Availability()
        cloud.routes["GET /api/jobs/availability"] = answer(
            {"max_jobs_in_queue": 10, "num_jobs_in_queue": 3, "max_concurrent_jobs": 2}
        )
        assert await provider.availability() == Availability(7, 10, 2)
        cloud.routes["GET /api/jobs/availability"] = answer({"error": "no permission"}, 403)
        with pytest.raises(errors.RequestRejectedError):  # not a plan without a limit
            await provider.availability()


async def test_lookup_is_possible_once_the_cloud_announces_keys(cloud, account):
    """The provider may send a key twice only if the cloud announces idempotency keys."""
    async with _opened(account) as provider:
        assert provider.supports_idempotency_keys is False
        await provider.availability()
        assert provider.supports_idempotency_keys is False
        cloud.routes["GET /api/jobs/availability"] = answer({}, Idempotency_Key_Support="true")
        await provider.availability()
        assert provider.supports_idempotency_keys is True


async def test_ids_are_data_never_paths(cloud, account):
    """An id with a slash and dots requests only that id."""
    async with _opened(account) as provider:
        answers = await provider.status(["../../x?y=1"])
    assert isinstance(answers["../../x?y=1"], errors.RemoteNotFoundError)
    paths = {path for path in cloud.asked("GET") if path != "/api/jobs"}
    assert paths == {"/api/jobs/..%2F..%2Fx%3Fy=1/status"}


async def test_a_path_prefix_of_the_origin_is_kept(cloud):
    """Requests to a cloud behind a prefix use the prefix."""
    cloud.routes["GET /pre/fix/api/jobs/availability"] = answer({"max_jobs_in_queue": 1})
    async with _opened(Account(f"{cloud.url}/pre/fix", "", lambda: TOKEN)) as provider:
        assert (await provider.availability()).queue_max == 1


async def test_the_account_s_proxy_is_used(cloud):
    """Requests to another machine use the account's proxy."""
    address = urlsplit(cloud.url).netloc
    account = Account(
        "https://cloud.invalid", "", lambda: TOKEN, proxies={"https": f"http://{address}"}
    )
    async with _opened(account) as provider:
        with pytest.raises(errors.CloudUnreachableError):
            await provider.availability()
    assert cloud.asked("CONNECT")[0] == "cloud.invalid:443"
    assert TOKEN not in str(cloud.requests)


async def test_loopback_is_never_reached_through_a_proxy(cloud, monkeypatch):
    """The environment's proxy never sees requests to this machine."""
    with serving() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        cloud.routes["GET /api/jobs/availability"] = answer({"max_jobs_in_queue": 1})
        async with _opened(Account(cloud.url, "", lambda: TOKEN)) as provider:
            assert (await provider.availability()).queue_max == 1
        assert proxy.requests == []


async def test_a_new_token_is_used_by_the_next_request(cloud):
    """The provider looks up the token for each request, so a running one uses the new token."""
    tokens = iter(["old", "new"])
    async with _opened(Account(cloud.url, "", lambda: next(tokens))) as provider:
        await provider.availability()
        await provider.availability()
    assert [r.headers["authorization"] for r in cloud.requests] == ["Bearer old", "Bearer new"]


async def test_a_missing_token_sends_nothing(cloud):
    """Without a token, no request is sent, and each job's error says so."""

    def no_token():
        raise errors.MissingTokenError("none")

    async with _opened(Account(cloud.url, "", no_token)) as provider:
        answers = await provider.status(["1", "2"])
        with pytest.raises(errors.MissingTokenError):
            await provider.submit(BODY, key="k")
    assert set(map(type, answers.values())) == {errors.MissingTokenError}
    assert cloud.requests == []


async def test_providers_are_found_by_kind(account):
    """The built-in kind is known; for an unknown kind, the error says what to do."""
    provider = provider_for(account, "quandela")
    assert isinstance(provider, QuandelaCloud)
    await provider.aclose()
    with pytest.raises(errors.MissingDependencyError, match=r"jobgroup\.providers"):
        provider_for(account, "nowhere")
