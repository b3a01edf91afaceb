"""The shared pause of an account's requests while a cloud limits their rate."""

from __future__ import annotations

import itertools

import anyio
import pytest

from jobgroup.engine import throttle
from jobgroup.errors import CloudUnavailableError, NoResponseError, RequestRejectedError

pytestmark = pytest.mark.anyio
ACCOUNT = ("quandela", "http://127.0.0.1:1", "")
LIMIT_S = 1.0


@pytest.fixture(autouse=True)
def limit(monkeypatch):
    """Let calls give up after a second instead of a minute."""
    monkeypatch.setattr(throttle, "MAX_THROTTLED_S", LIMIT_S)


def _responding(*responses):
    """Return a request that raises or returns each response in turn, the last one for ever."""
    left = list(responses)

    async def request():
        request.count += 1
        response = left.pop(0) if left[1:] else left[0]
        if isinstance(response, Exception):
            raise response
        return response

    request.count = 0
    return request


def _slow_down(retry_after_s=None):
    return CloudUnavailableError("slow", status_code=429, retry_after_s=retry_after_s)


async def test_request_is_repeated_however_long_ago_the_last_response_was():
    """A stream of results may be idle for hours between two requests."""
    throttled = throttle.Throttle()
    assert await throttled.send(ACCOUNT, _responding("first")) == "first"
    await anyio.sleep(LIMIT_S * 1.2)
    again = _responding(_slow_down(0.1), "second")
    assert await throttled.send(ACCOUNT, again) == "second"
    assert again.count == 2


async def test_rejection_of_a_job_is_a_response_too():
    """Only a time with nothing but 429 ends the repeats."""
    throttled = throttle.Throttle()
    rejected = _responding(_slow_down(), RequestRejectedError("ended", status_code=400))
    with pytest.raises(RequestRejectedError):
        await throttled.send(ACCOUNT, rejected)
    await anyio.sleep(LIMIT_S * 1.2)
    assert await throttled.send(ACCOUNT, _responding(_slow_down(), "done")) == "done"


async def test_call_gives_up_after_a_time_with_nothing_but_429():
    """So does one for which the cloud asks for a longer pause, at once."""
    with pytest.raises(CloudUnavailableError):
        await throttle.Throttle().send(ACCOUNT, _responding(_slow_down(0.1)))
    long_pause = _responding(_slow_down(LIMIT_S * 2))
    with pytest.raises(CloudUnavailableError):
        await throttle.Throttle().send(ACCOUNT, long_pause)
    assert long_pause.count == 1


async def test_silent_cloud_gets_no_more_requests_for_a_while(monkeypatch):
    """Two time-outs in a row end the other requests; those in flight together count as one."""
    monkeypatch.setattr(throttle, "GIVE_UP_S", LIMIT_S)
    throttled, silence = throttle.Throttle(), NoResponseError("timeout", is_timeout=True)

    async def times_out():
        times_out.count += 1
        await anyio.sleep(0.05)
        raise silence

    async def sent(request):
        with pytest.raises(NoResponseError):
            await throttled.send(ACCOUNT, request)

    times_out.count = 0
    for count in (10, 20, 20):
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(sent, times_out)
        assert times_out.count == count
    other = ("quandela", "http://127.0.0.1:2", "")
    assert await throttled.send(other, _responding("done")) == "done"
    await anyio.sleep(LIMIT_S * 1.2)
    assert await throttled.send(ACCOUNT, _responding("done")) == "done"
    await sent(times_out)
    assert await throttled.send(ACCOUNT, _responding("done")) == "done"


async def test_silence_ends_requests_that_always_overlap():
    """Each request begins while another one is in flight, which counts from its first time-out."""
    throttled, ends = throttle.Throttle(), [anyio.Event() for _ in range(3)]

    async def sent(end):
        async def times_out():
            await end.wait()
            raise NoResponseError("timeout", is_timeout=True)

        with pytest.raises(NoResponseError):
            await throttled.send(ACCOUNT, times_out)

    async with anyio.create_task_group() as group:
        group.start_soon(sent, ends[0])
        for end, next_end in itertools.pairwise(ends):
            group.start_soon(sent, next_end)
            await anyio.wait_all_tasks_blocked()
            end.set()
            await anyio.wait_all_tasks_blocked()
        ends[-1].set()
    unsent = _responding("done")
    with pytest.raises(NoResponseError):
        await throttled.send(ACCOUNT, unsent)
    assert unsent.count == 0


async def test_reset_connections_do_not_end_the_requests():
    """They fail at once, and the next request may succeed."""
    throttled = throttle.Throttle()
    reset = _responding(*[NoResponseError("reset")] * 30, "done")
    for _ in range(30):
        with pytest.raises(NoResponseError):
            await throttled.send(ACCOUNT, reset)
    assert await throttled.send(ACCOUNT, reset) == "done"
