"""The provider's errors for faults of the network and of the server."""

from __future__ import annotations

import socket
from contextlib import aclosing

import pytest
from wire_cloud import (
    CLOSE,
    HANG,
    RESET,
    RESET_AT_ONCE,
    TOKEN,
    answer,
    serving,
)

from jobgroup import errors
from jobgroup.providers.base import may_have_arrived
from jobgroup.providers.http import MAX_RESPONSE_BYTES
from jobgroup.providers.quandela import QuandelaCloud

pytestmark = pytest.mark.anyio
BODY = {"job_name": "a", "platform_name": "sim:altair", "payload": {"command": "probs"}}


def _opened(account, **options):
    return aclosing(QuandelaCloud(account, **options))


async def _failure_of_submit(account, **options):
    async with _opened(account, **options) as provider:
        with pytest.raises(errors.JobGroupError) as caught:
            await provider.submit(BODY, key="k")
    return caught.value


@pytest.mark.parametrize("misbehaviour", [RESET_AT_ONCE, RESET, CLOSE, b"garbage\r\n\r\n"])
async def test_create_that_is_cut_off_may_have_arrived(cloud, account, misbehaviour):
    """A create that is cut off after connecting, at any point, may have arrived."""
    cloud.routes["POST /api/jobs"] = misbehaviour
    error = await _failure_of_submit(account)
    assert type(error) is errors.NoResponseError
    assert may_have_arrived(error)


async def test_create_on_a_used_connection_may_have_arrived(cloud, account):
    """If a create fails on a kept-alive connection, its outcome is unknown and it is not resent."""
    cloud.routes["POST /api/jobs"] = lambda _: (
        answer({"job_id": "1"}) if len(cloud.asked("POST")) == 1 else CLOSE
    )
    async with _opened(account) as provider:
        assert await provider.submit(BODY, key="k1") == "1"
        with pytest.raises(errors.NoResponseError):
            await provider.submit(BODY, key="k2")
    assert len(cloud.asked("POST")) == 2


async def test_create_without_a_response_may_have_arrived(cloud, account):
    """Without a response, the outcome of a create is unknown."""
    cloud.routes["POST /api/jobs"] = HANG
    error = await _failure_of_submit(account, read_timeout_s=0.3)
    assert type(error) is errors.NoResponseError


async def test_create_with_a_truncated_response_may_have_arrived(cloud, account):
    """A truncated response contains no id, but the job may exist."""
    cloud.routes["POST /api/jobs"] = b'HTTP/1.1 200 OK\r\nContent-length: 99\r\n\r\n{"job_'
    assert may_have_arrived(await _failure_of_submit(account))


@pytest.mark.parametrize(
    "reply",
    [
        answer(text="<html>welcome</html>"),
        answer({}),
        answer([]),
        answer({"job_id": None}),
        answer({"job_id": True}),
        answer({"job_id": -7}),
        answer({"job_id": ""}),
        answer({"job_id": "x" * 201}),
    ],
)
async def test_create_answered_without_an_id_may_have_created_a_job(cloud, account, reply):
    """A 2xx response without an id is malformed, but the job may exist."""
    cloud.routes["POST /api/jobs"] = reply
    error = await _failure_of_submit(account)
    assert type(error) is errors.InvalidResponseError
    assert may_have_arrived(error)
    assert len(cloud.asked("POST")) == 1


async def test_number_is_an_id(cloud, account):
    """Some servers number their jobs. Perceval takes such an id too."""
    cloud.routes["POST /api/jobs"] = answer({"job_id": 7})
    cloud.routes["GET /api/jobs/7/status"] = answer({"status": "completed", "job_id": 7})
    cloud.routes["GET /api/jobs/8/status"] = answer({"status": "completed", "job_id": 7})
    cloud.routes["GET /api/jobs/0-aa/status"] = answer({"status": "completed", "job_id": 7})
    async with _opened(account) as provider:
        assert await provider.submit(BODY, key="k") == "7"
        answers = await provider.status(["7", "8", "0-aa"])
    assert answers["7"].state == "success"
    assert answers["0-aa"].state == "success", "7 is a number that only the server uses"
    assert "returned another job than 8" in str(answers["8"])


async def test_number_that_is_too_long_does_not_hide_the_id(cloud, account):
    """Python reads numbers of at most 4,300 digits; the other fields are still read."""
    digits = "9" * 5000
    cloud.routes["POST /api/jobs"] = answer(text=f'{{"job_id": "a1", "cost": {digits}}}')
    provider = QuandelaCloud(account)
    try:
        assert await provider.submit({"payload": {}}, key="k") == "a1"
    finally:
        await provider.aclose()


async def test_refused_connection_certainly_did_not_arrive(account_of):
    """If the connection is refused, the job stays unsent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        error = await _failure_of_submit(account_of(url))
    assert type(error) is errors.CloudUnreachableError
    assert not may_have_arrived(error)
    assert url in str(error)


async def test_unknown_host_certainly_did_not_arrive(account_of):
    """If DNS does not resolve the name, the job stays unsent."""
    error = await _failure_of_submit(account_of("https://no-such-host.invalid"))
    assert type(error) is errors.CloudUnreachableError


async def test_failed_tls_certainly_did_not_arrive(cloud, account_of):
    """A server without TLS gets no byte of the request."""
    error = await _failure_of_submit(account_of(cloud.url.replace("http:", "https:")))
    assert type(error) is errors.CloudUnreachableError
    assert not any("Bearer" in str(r.headers) for r in cloud.requests)


async def test_plain_http_beyond_loopback_is_refused_before_anything_is_sent(account_of):
    """No token is sent in plain text to another machine."""
    with pytest.raises(errors.CredentialsError, match="plain http"):
        QuandelaCloud(account_of("http://192.0.2.1"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(cloud, account, status):
    """A token is never sent to the target of a redirect."""
    with serving() as elsewhere:
        cloud.routes["POST /api/jobs"] = answer({}, status, Location=f"{elsewhere.url}/api/jobs")
        error = await _failure_of_submit(account)
        assert elsewhere.requests == []
    assert type(error) is errors.InvalidResponseError
    assert not may_have_arrived(error)
    assert "127.0.0.1" in str(error)
    assert "The request had no effect" in str(error)


async def test_redirect_of_the_first_question_leaves_the_job_unsent(cloud, account):
    """The provider notices a sign-in page that redirects everything before it sends a create."""
    cloud.routes["GET /api/jobs"] = answer({}, 302, Location="http://127.0.0.1:9/login")
    error = await _failure_of_submit(account)
    assert not may_have_arrived(error)
    assert cloud.asked("POST") == []


async def test_a_cloud_that_is_down_at_the_first_question_leaves_the_job_unsent(cloud, account):
    """If the probe of the paths returns 503, no create was sent."""
    cloud.routes["GET /api/jobs"] = answer({"error": "down"}, 503, Retry_After="60")
    error = await _failure_of_submit(account)
    assert not may_have_arrived(error)
    assert error.retry_after_s == 60
    assert cloud.asked("POST") == []


async def test_endless_response_is_not_read_to_its_end(cloud, account):
    """The provider limits the size of a response, and does not request it again."""
    cloud.routes["GET /api/jobs/1/status"] = answer(text="x" * (MAX_RESPONSE_BYTES + 1))
    async with _opened(account) as provider:
        reported = (await provider.status(["1"]))["1"]
    assert isinstance(reported, errors.InvalidResponseError)
    assert "more than" in str(reported)
    assert len([path for path in cloud.asked("GET") if "status" in str(path)]) == 1


async def test_a_reset_read_is_repeated(cloud, account):
    """The provider repeats a read that was cut off more often than the HTTP library does."""
    path = "/api/jobs/1/status"
    cloud.routes[f"GET {path}"] = lambda _: (
        RESET if cloud.asked("GET").count(path) < 3 else answer({"status": "running"})
    )
    async with _opened(account) as provider:
        assert (await provider.status(["1"]))["1"].state == "running"


@pytest.mark.parametrize("status", [400, 401, 500])
async def test_no_error_shows_the_token(cloud, account, status):
    """If a cloud repeats the token in its text, the exception does not show it."""
    cloud.routes["POST /api/jobs"] = answer({"error": f"bad {TOKEN} here"}, status)
    error = await _failure_of_submit(account)
    cause = error
    while cause is not None:
        assert TOKEN not in repr(cause) + str(cause) + str(vars(cause))
        cause = cause.__cause__ or cause.__context__
    assert TOKEN not in repr(account)


async def test_a_create_to_a_server_that_went_away_certainly_did_not_arrive(account_of):
    """If the create's own connection is refused, the job stays unsent."""
    with serving() as cloud:
        cloud.routes["GET /api/jobs"] = answer({}, 405, Connection="close")
        async with _opened(account_of(cloud.url)) as provider:
            cloud.routes["POST /api/jobs"] = answer({}, 404, Connection="close")
            with pytest.raises(errors.RemoteNotFoundError):
                await provider.submit(BODY, key="k")
            cloud.stop()
            with pytest.raises(errors.CloudUnreachableError) as caught:
                await provider.submit(BODY, key="k")
    assert type(caught.value) is errors.CloudUnreachableError
    assert not may_have_arrived(caught.value)
