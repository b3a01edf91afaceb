"""The provider against the embedded cloud: a job's whole life over a real server."""

from __future__ import annotations

import asyncio

import pytest

from jobgroup import errors
from jobgroup.cloud import EmbeddedCloud
from jobgroup.providers.base import Account
from jobgroup.providers.quandela import QuandelaCloud

pytestmark = pytest.mark.anyio


def _body(**parameters):
    return {
        "job_name": "a",
        "job_group_name": "g",
        "platform_name": "test:timer",
        "payload": {"command": "timer", "parameters": parameters},
    }


@pytest.fixture
def cloud():
    """Run a cloud with a plan of four jobs that needs no workers."""
    with EmbeddedCloud(prewarm=False, max_queue=4, max_concurrent=1) as running:
        yield running


async def _ended(provider, remote_id):
    while True:
        status = (await provider.status([remote_id]))[remote_id]
        if status.state in ("success", "error", "canceled"):
            return status
        await asyncio.sleep(0.02)


async def test_life_of_a_job(cloud):
    """Jobs are created, polled, canceled and rerun, and the plan's limit is reported."""
    provider = QuandelaCloud(Account(cloud.url, "", lambda: cloud.token))
    try:
        done = await provider.submit(_body(), key="k1")
        assert (await _ended(provider, done)).state == "success"
        assert "results" in await provider.result(done)
        failed = await provider.submit(_body(fail="no photons"), key="k2")
        status = await _ended(provider, failed)
        assert (status.state, status.message) == ("error", "no photons")
        again = await provider.rerun(failed, key="k3")
        assert again not in (None, failed)
        assert (await _ended(provider, again)).state == "error"
        for i in range(4):
            last = await provider.submit(_body(duration_s=600), key=f"long {i}")
        assert (await provider.availability()).queue_free == 0
        with pytest.raises(errors.QuotaExceededError, match="Cannot create more than 4 jobs"):
            await provider.submit(_body(), key="too many")
        await provider.cancel(last)
        assert (await _ended(provider, last)).state == "canceled"
        answers = await provider.status(["no-such-job"])
        assert isinstance(answers["no-such-job"], errors.RemoteNotFoundError)
    finally:
        await provider.aclose()


async def test_create_with_the_same_key_returns_the_same_job(cloud):
    """A create that is sent twice with one key creates one job."""
    provider = QuandelaCloud(Account(cloud.url, "", lambda: cloud.token))
    try:
        first = await provider.submit(_body(), key="one")
        assert await provider.submit(_body(), key="one") == first
    finally:
        await provider.aclose()


async def test_a_wrong_token_is_refused(cloud):
    """InvalidTokenError shows the cloud's text about the token."""
    provider = QuandelaCloud(Account(cloud.url, "", lambda: "wrong"))
    try:
        with pytest.raises(errors.InvalidTokenError, match="Invalid or expired job token"):
            await provider.submit(_body(), key="k")
        assert cloud.jobs() == []
    finally:
        await provider.aclose()
