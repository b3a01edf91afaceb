"""Retries: the errors that are retried, how often, and the waits between attempts."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys

import pytest

from jobgroup.errors import CloudUnavailableError
from jobgroup.retry import MAX_RETRY_AFTER_S, retry

pytestmark = pytest.mark.anyio


class _Cloud:
    """A cloud that fails several times before it responds, and records the waits."""

    def __init__(self, failures, retry_after_s=None):
        self.failures = failures
        self.retry_after_s = retry_after_s
        self.asked = 0
        self.waits = []
        self.retried = []

    async def answer(self):
        self.asked += 1
        if self.asked <= self.failures:
            raise CloudUnavailableError(
                f"busy {self.asked}",
                origin="https://cloud.example",
                status_code=503,
                retry_after_s=self.retry_after_s,
            )
        return "answer"

    async def sleep(self, seconds):
        self.waits.append(seconds)

    async def on_retry(self, error, wait_s):
        self.retried.append((str(error), wait_s))

    async def ask(self, **options):
        knobs = {"on": _is_busy, "wait_initial": 1.0, "wait_max": 8.0, "on_retry": self.on_retry}
        knobs |= {"attempts": lambda: 10, "sleep": self.sleep, **options}
        return await retry(self.answer, **knobs)


def _is_busy(error):
    return isinstance(error, CloudUnavailableError)


async def test_waits_double_up_to_a_limit_and_half_of_each_is_random():
    """Clients that were rejected together do not retry together."""
    cloud = _Cloud(failures=6)
    assert await cloud.ask() == "answer"
    for wait_s, ceiling_s in zip(cloud.waits, [1, 2, 4, 8, 8, 8], strict=True):
        assert ceiling_s / 2 <= wait_s <= ceiling_s
    assert [wait_s for _, wait_s in cloud.retried] == cloud.waits
    waits = set()
    for _ in range(50):
        cloud = _Cloud(failures=1)
        await cloud.ask()
        waits.update(cloud.waits)
    assert len(waits) > 25


@pytest.mark.parametrize(("asked_s", "at_least_s"), [(20.0, 20.0), (1e9, MAX_RETRY_AFTER_S)])
async def test_retry_after_is_honoured_up_to_an_hour(asked_s, at_least_s):
    """No retry is earlier than Retry-After says, and equal waits do not end together."""
    clouds = [_Cloud(failures=1, retry_after_s=asked_s) for _ in range(20)]
    for cloud in clouds:
        await cloud.ask()
    waits = [cloud.waits[0] for cloud in clouds]
    assert all(at_least_s <= wait_s <= at_least_s + 0.5 for wait_s in waits)
    assert len(set(waits)) > 10


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({"attempts": lambda: 1}, 1),
        ({"attempts": lambda: 3}, 3),
        ({"on": lambda error: "busy 2" not in str(error)}, 2),
        ({"timeout": -1.0}, 1),
    ],
)
async def test_the_last_error_is_raised_unchanged(options, asked):
    """It is raised after the last attempt, after the time limit, or if it must not be retried."""
    cloud = _Cloud(failures=9)
    with pytest.raises(CloudUnavailableError, match=f"busy {asked}"):
        await cloud.ask(**options)
    assert (cloud.asked, len(cloud.waits)) == (asked, asked - 1)


async def test_the_number_of_attempts_can_change_during_retries():
    """If the caller gives up during a wait, at most one more attempt follows."""
    cloud = _Cloud(failures=9)
    limit = 9

    async def give_up(_seconds):
        nonlocal limit
        limit = 0

    with pytest.raises(CloudUnavailableError, match="busy 2"):
        await cloud.ask(attempts=lambda: limit, sleep=give_up)


async def test_a_canceled_task_ends_its_wait_at_once():
    """A wait of minutes ends at once, and no further request is made."""
    cloud = _Cloud(failures=9, retry_after_s=600.0)
    failed = asyncio.Event()

    async def on_retry(_error, _wait_s):
        failed.set()

    task = asyncio.ensure_future(cloud.ask(sleep=None, on_retry=on_retry))
    await failed.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cloud.asked == 1


def test_a_success_imports_no_tenacity_and_keeps_the_random_seed():
    """Importing jobgroup does not import tenacity, and `random.seed` keeps its effect."""
    source = (
        "import asyncio, random, sys, jobgroup; from jobgroup.retry import retry\n"
        "random.seed(5)\n"
        "async def fine(): return 1\n"
        "async def fails(): calls.append(1); raise OSError if len(calls) < 3 else ValueError\n"
        "calls, knobs = [], dict(attempts=lambda: 5, wait_initial=0.0, wait_max=0.0)\n"
        "asyncio.run(retry(fine, on=bool, **knobs))\n"
        "print('tenacity' in sys.modules)\n"
        "try: asyncio.run(retry(fails, on=lambda e: isinstance(e, OSError), **knobs))\n"
        "except ValueError: print(len(calls), random.random())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "3", str(random.Random(5).random())]
