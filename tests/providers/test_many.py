"""Asking about many jobs one by one: how many at a time, and what ends a round of questions."""

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
    """The engine's."""
    return "asyncio"


async def _asked(count, fault):
    """Poll a number of jobs, some of which raise; return the answers and the ids asked about."""
    asked = []

    async def ask(remote_id):
        asked.append(remote_id)
        await asyncio.sleep(0)
        if (error := fault(int(remote_id))) is not None:
            raise error
        return FINE

    return await poll_each([str(n) for n in range(count)], ask), asked


async def test_questions_grow_in_number_up_to_a_bound():
    """Each good answer adds one, and never are there more than a hundred under way."""
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


async def test_what_nobody_reckoned_with_is_about_one_job_alone():
    """An exception that is none of ours becomes that job's error; the others are asked about."""
    answers, asked = await _asked(30, lambda n: KeyError("surprise") if n == 3 else None)
    assert len(asked) == 30
    wrong = answers.pop("3")
    assert isinstance(wrong, InvalidResponseError)
    assert "KeyError: 'surprise'" in str(wrong)
    assert set(answers.values()) == {FINE}


@pytest.mark.parametrize("kind", [NoResponseError, CloudUnavailableError])
async def test_a_few_failures_end_nothing(kind):
    """Nine in a row are some jobs' bad luck, as long as a good answer comes between."""
    answers, asked = await _asked(200, lambda n: kind("no") if n % 10 else None)
    assert len(asked) == 200
    assert sum(answer is FINE for answer in answers.values()) == 20


@pytest.mark.parametrize("kind", [RemoteNotFoundError, RequestRejectedError])
async def test_what_concerns_one_job_ends_nothing(kind):
    """However many of them there are."""
    answers, asked = await _asked(200, lambda n: kind("no") if n < 199 else None)
    assert len(asked) == 200
    assert answers["199"] is FINE


@pytest.mark.parametrize(
    "error", [CloudUnreachableError("away"), CloudUnavailableError("slowly", status_code=429)]
)
async def test_what_concerns_the_account_ends_the_round(error):
    """One is enough; the jobs that were not asked about get the same answer."""
    answers, asked = await _asked(200, lambda n: error if n == 3 else None)
    assert len(asked) < 100
    assert answers["199"] is error
    assert len(answers) == 200


async def test_each_job_is_asked_about_once():
    """Also one that is named twice."""
    asked = []

    async def ask(remote_id):
        asked.append(remote_id)
        return FINE

    assert await poll_each(["a", "b", "a"], ask) == {"a": FINE, "b": FINE}
    assert sorted(asked) == ["a", "b"]
