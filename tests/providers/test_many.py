"""The concurrency of polling jobs one by one, and the errors that end a round."""

from __future__ import annotations

import asyncio

import pytest

from jobgroup.errors import (
    CloudUnavailableError,
    CloudUnreachableError,
    InvalidResponseError,
    NoResponseError,
    RemoteNotFoundError,
    RequestRejectedError,
)
from jobgroup.providers.base import RemoteStatus
from jobgroup.providers.polling import poll_each

pytestmark = pytest.mark.anyio
FINE = RemoteStatus("running", "running")


@pytest.fixture
def anyio_backend():
    """Return the engine's backend."""
    return "asyncio"


async def _asked(count, fault):
    """Poll jobs, some of which raise, and return the statuses and the polled ids."""
    asked = []

    async def ask(remote_id):
        asked.append(remote_id)
        await asyncio.sleep(0)
        if (error := fault(int(remote_id))) is not None:
            raise error
        return FINE

    return await poll_each([str(n) for n in range(count)], ask), asked


async def test_concurrent_questions_grow_to_a_limit():
    """Each successful response allows one more concurrent request, up to a hundred."""
    under_way, most = 0, 0

    async def ask(_):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return FINE

    assert len(await poll_each([str(n) for n in range(500)], ask)) == 500
    assert most == 100


async def test_unexpected_exception_affects_only_its_job():
    """An unexpected exception becomes that job's error, and the others are polled."""
    answers, asked = await _asked(30, lambda n: KeyError("surprise") if n == 3 else None)
    assert len(asked) == 30
    wrong = answers.pop("3")
    assert isinstance(wrong, InvalidResponseError)
    assert "KeyError: 'surprise'" in str(wrong)
    assert set(answers.values()) == {FINE}


@pytest.mark.parametrize("kind", [NoResponseError, CloudUnavailableError])
async def test_few_failures_do_not_end_a_round(kind):
    """Nine failures in a row do not end a round if a success follows."""
    answers, asked = await _asked(200, lambda n: kind("no") if n % 10 else None)
    assert len(asked) == 200
    assert sum(answer is FINE for answer in answers.values()) == 20


@pytest.mark.parametrize("kind", [RemoteNotFoundError, RequestRejectedError])
async def test_errors_of_single_jobs_do_not_end_a_round(kind):
    """Any number of such errors leaves the round running."""
    answers, asked = await _asked(200, lambda n: kind("no") if n < 199 else None)
    assert len(asked) == 200
    assert answers["199"] is FINE


@pytest.mark.parametrize(
    "error", [CloudUnreachableError("away"), CloudUnavailableError("slowly", status_code=429)]
)
async def test_error_of_the_account_ends_a_round(error):
    """One such error ends the round, and the remaining jobs get the same error."""
    answers, asked = await _asked(200, lambda n: error if n == 3 else None)
    assert len(asked) < 100
    assert answers["199"] is error
    assert len(answers) == 200


async def test_each_job_is_polled_once():
    """A job that is listed twice is also polled once."""
    asked = []

    async def ask(remote_id):
        asked.append(remote_id)
        return FINE

    assert await poll_each(["a", "b", "a"], ask) == {"a": FINE, "b": FINE}
    assert sorted(asked) == ["a", "b"]
