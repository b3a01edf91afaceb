"""Tests of calls that only newer clouds have, on clouds that may lack them."""

from __future__ import annotations

from contextlib import aclosing

import pytest
from wire_cloud import CLOSE, WRONG_METHOD, answer

from jobgroup import errors
from jobgroup.providers.base import Account, Availability
from jobgroup.providers.quandela import QuandelaCloud

pytestmark = pytest.mark.anyio
BODY = {"job_name": "a", "platform_name": "sim:altair", "payload": {"command": "probs"}}


def _opened(account):
    return aclosing(QuandelaCloud(account))


async def test_lost_response_is_no_missing_call(cloud, account):
    """A job is not adopted without its body because a connection broke."""
    cloud.routes = {
        "GET /api/job": WRONG_METHOD,
        "GET /api/job/status/1": answer({"job_id": "1", "status": "running"}),
        "GET /api/jobs/1/data": CLOSE,
    }
    async with _opened(account) as provider:
        await provider.status(["1"])
        with pytest.raises(errors.NoResponseError):
            await provider.submission("1")


async def test_response_about_another_job_shows_nothing_of_the_token(cloud, account):
    """A rejected token is no missing call if the cloud has only sent another job's document."""
    cloud.routes = {
        "GET /api/job": WRONG_METHOD,
        "GET /api/job/status/1": answer({"job_id": "2", "status": "running"}),
        "GET /api/jobs/availability": answer({}, 401),
    }
    async with _opened(account) as provider:
        await provider.status(["1"])
        with pytest.raises(errors.InvalidTokenError):
            await provider.availability()


@pytest.mark.parametrize("call", ["cancel", "status"])
async def test_response_about_another_job_is_no_rejection(cloud, account, call):
    """A canceled job is not taken for an ended one because a gateway rejects the other paths."""
    cloud.routes = {
        "GET /api/job/status/1": answer({"job_id": "2", "status": "running"}),
        "GET /api/jobs/1/status": answer({"detail": "forbidden"}, 403),
    }
    async with _opened(account) as provider:
        with pytest.raises(errors.InvalidResponseError, match="another job"):
            if call == "cancel":
                await provider.cancel("1")
            else:
                raise (await provider.status(["1"]))["1"]
    assert not cloud.asked("POST")


@pytest.mark.parametrize("call", ["submission", "availability"])
async def test_expired_token_is_no_missing_call(cloud, account, call):
    """A job is not adopted without its body because the token expired after its status."""
    refused = answer({"error": "Invalid or expired job token"}, 401)
    cloud.routes = {
        "GET /api/job": WRONG_METHOD,
        "GET /api/job/status/1": answer({"job_id": "1", "status": "running"}),
        "GET /api/jobs/1/data": refused,
        "GET /api/jobs/availability": refused,
    }
    async with _opened(account) as provider:
        await provider.status(["1"])
        cloud.routes["GET /api/job/status/1"] = refused
        with pytest.raises(errors.InvalidTokenError):
            await getattr(provider, call)(*(["1"] if call == "submission" else []))


async def test_missing_call_is_known_after_the_job_was_deleted(cloud, account):
    """The cloud knows no limits, although the last job that it created is gone."""
    cloud.routes = {
        "GET /api/job": WRONG_METHOD,
        "POST /api/job": answer({"job_id": "1"}),
        "GET /api/jobs/availability": answer({}, 401),
    }
    async with _opened(account) as provider:
        await provider.submit(BODY, key="k")
        assert await provider.availability() == Availability()


async def test_rejected_token_is_reported_before_a_job_is_known(cloud, account):
    """Without a job, nothing shows that the cloud accepts the token."""
    cloud.routes = {
        "GET /api/job": WRONG_METHOD,
        "GET /api/jobs/availability": answer({}, 401),
    }
    async with _opened(account) as provider:
        await provider.status(["gone"])
        with pytest.raises(errors.InvalidTokenError):
            await provider.availability()


async def test_replaced_token_gets_the_body(cloud):
    """Another process may set a valid token just after the old one was rejected."""
    found = {
        "/api/job/status/1": {"job_id": "1", "status": "running"},
        "/api/jobs/1/data": {"job_name": "a", "payload": {"command": "probs"}},
    }

    def respond(request):
        is_valid = request.headers["authorization"] == "Bearer new"
        return answer(found[request.path]) if is_valid else answer({}, 401)

    cloud.routes = {"GET /api/job": WRONG_METHOD, **{f"GET {path}": respond for path in found}}
    tokens = ["new"]
    async with _opened(
        Account(cloud.url, "", lambda: tokens.pop() if tokens[1:] else tokens[0])
    ) as provider:
        await provider.status(["1"])
        tokens.append("old")
        assert (await provider.submission("1")).name == "a"
