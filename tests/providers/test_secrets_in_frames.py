"""No frame of a raised error contains a token or a proxy's password."""

from __future__ import annotations

import json
import socket
import uuid

import pytest
from frames import chain, shown
from wire_cloud import CLOSE, HANG, RESET, answer

from jobgroup import JobGroup, RemoteJob, errors, set_token
from jobgroup.adapters import UnreadableGroupError, read_group
from jobgroup.providers.base import Account
from jobgroup.providers.quandela import QuandelaCloud
from jobgroup.providers.registry import provider_for
from jobgroup.providers.scaleway import ScalewayQaaS
from jobgroup.proxies import remember_proxies

TOKEN = "t0ken-" + "x" * 100 + "-canary"  # longer than the excerpts of such tools
PASSWORD = "pa#ss@w:rd/81?"
BODY = {"job_name": "a", "platform_name": "p", "payload": {"command": "probs"}}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Configure no token and no proxy."""
    for name in ("https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def _assert_hidden(error):
    text = shown(error, but=__file__)
    for secret in (TOKEN, TOKEN[:60], PASSWORD, "pa#ss", "w:rd"):
        assert secret not in text, f"{secret} is shown: {error!r}"


@pytest.fixture
def unused():
    """Return a port without a server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield free.getsockname()[1]


async def _failure(kind, origin, **proxies):
    account = Account(origin, "", lambda: TOKEN, proxies=proxies)
    provider = kind(account, read_timeout_s=0.3)
    try:
        with pytest.raises(errors.JobGroupError) as caught:
            await provider.submit(BODY, key="k")
    finally:
        await provider.aclose()
    return caught.value


GARBAGE = b"garbage\r\n\r\n"
GZIP_GZIP = answer({}, Content_Encoding="gzip, gzip")
LARGE_HEADER = b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000 + b"\r\n\r\n"
ECHO = answer({"error": f"Bearer {TOKEN}"}, 400)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [QuandelaCloud, ScalewayQaaS])
@pytest.mark.parametrize(
    "reply",
    [RESET, CLOSE, HANG, GARBAGE, GZIP_GZIP, LARGE_HEADER, ECHO, answer({}, 401), answer({}, 302)],
)
async def test_no_frame_shows_the_token_whatever_the_server_does(cloud, kind, reply):
    """Neither jobgroup's frames nor those of the HTTP libraries show the token."""
    path = "/api/jobs" if kind is QuandelaCloud else "/qaas/v1alpha1/jobs"
    cloud.routes[f"POST {path}"] = reply
    body = {**BODY, "session_id": "s"}
    account = Account(cloud.url, "", lambda: TOKEN)
    provider = kind(account, read_timeout_s=0.3)
    try:
        with pytest.raises(errors.JobGroupError) as caught:
            await provider.submit(body, key="k")
    finally:
        await provider.aclose()
    _assert_hidden(caught.value)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{}", "https://localhost:{}", "https://no.invalid"]
)
async def test_no_frame_shows_the_token_without_a_server(unused, url):
    """The connection is refused, or DNS does not resolve the name."""
    _assert_hidden(await _failure(QuandelaCloud, url.format(unused)))


@pytest.mark.anyio
@pytest.mark.parametrize(
    "proxy",
    [
        "http://me:{}@127.0.0.1:{}",
        "me:{}@127.0.0.1:{}",
        "socks5h://me:{}@127.0.0.1:{}",
        "http://me:{}@:{}",
        "http://me:{}@two@hosts:{}/x",
    ],
)
@pytest.mark.parametrize("source", ["environment", "account"])
async def test_no_frame_shows_the_password_of_a_proxy(unused, monkeypatch, proxy, source):
    """The password may have any characters, and the proxy may be usable or not."""
    url = proxy.format(PASSWORD, unused)
    if source == "environment":
        monkeypatch.setenv("ALL_PROXY", url)
        error = await _failure(QuandelaCloud, "https://cloud.invalid")
    else:
        error = await _failure(QuandelaCloud, "https://cloud.invalid", all=url)
    assert type(error) is errors.CloudUnreachableError
    _assert_hidden(error)


@pytest.mark.anyio
async def test_no_frame_shows_a_token_that_is_invalid_in_a_header():
    """The token is rejected before anything is sent."""
    account = Account("http://127.0.0.1:9", "", lambda: TOKEN + "\n")
    with pytest.raises(errors.CredentialsError) as caught:
        await QuandelaCloud(account).status(["1"])
        await QuandelaCloud(account).submit(BODY, key="k")
    _assert_hidden(caught.value)


@pytest.mark.parametrize("bad", [f" {TOKEN} {TOKEN}", TOKEN + "\x7f", TOKEN.encode(), [TOKEN]])
def test_no_frame_of_set_token_shows_a_refused_token(bad):
    """The rejected token is an invalid string, or a string inside another object."""
    with pytest.raises((TypeError, ValueError)) as caught:
        set_token(bad, url="http://127.0.0.1:9")
    _assert_hidden(caught.value)
    with pytest.raises(ValueError, match="plain http") as caught:
        set_token(TOKEN, url="http://cloud.example")
    _assert_hidden(caught.value)


@pytest.mark.parametrize(
    "url", ["https://me:{}@cloud.example", "me:{}@cloud.example", "ftp://{}@x"]
)
def test_no_frame_shows_the_password_of_a_refused_url(url):
    """The message does not show the password either."""
    url = url.format(PASSWORD)
    for use in (
        lambda: set_token("t", url=url),
        lambda: RemoteJob({"command": "probs"}, platform="p", url=url),
        lambda: JobGroup("adopting").adopt("a1", url=url),
    ):
        with pytest.raises(ValueError, match="URL") as caught:
            use()
        _assert_hidden(caught.value)


def test_no_frame_of_a_run_or_an_adoption_shows_the_token(unused):
    """The test reads all frames from the user's call to the refused connection."""
    url = f"http://127.0.0.1:{unused}"
    set_token(TOKEN, url=url)
    jg = JobGroup("sweep")
    jg.add(RemoteJob({"command": "timer"}, platform="test:timer", url=url))
    for call in (
        jg.run_parallel,
        lambda: jg.run_sequential(0),
        lambda: jg.adopt(str(uuid.uuid4()), platform="p", url=url, token=TOKEN),
    ):
        with pytest.raises(errors.CloudUnreachableError) as caught:
            call()
        _assert_hidden(caught.value)


def test_no_frame_shows_the_password_of_a_jobs_proxy(unused):
    """The proxy comes from a Perceval job."""
    origin = f"https://{uuid.uuid4().hex}.invalid"
    set_token(TOKEN, url=origin)
    remember_proxies(origin, "", {"https": f"http://me:{PASSWORD}@127.0.0.1:{unused}"})
    jg = JobGroup("behind a proxy")
    jg.add(RemoteJob({"command": "timer"}, platform="p", url=origin))
    with pytest.raises(errors.CloudUnreachableError, match=f"127.0.0.1:{unused}") as caught:
        jg.run_parallel()
    _assert_hidden(caught.value)
    assert "pa#ss" not in jg.state.last_error


@pytest.mark.parametrize(
    "entry", [{"id": 5}, {"id": None}, {"metadata": {"token": TOKEN}, "id": "1"}, {}]
)
def test_no_frame_shows_the_token_in_a_file_of_perceval(tmp_path, entry):
    """Perceval's file has a token in each job, and the error about a damaged file shows none."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    entry = {"metadata": {"headers": headers, "token": TOKEN, "url": "x", "platform": "p"}, **entry}
    path = tmp_path / "g.jgrp"
    path.write_text(json.dumps({"job_group_data": [entry], "created_date": "x"}))
    with pytest.raises(UnreadableGroupError) as caught:
        read_group(path)
    _assert_hidden(caught.value)


@pytest.mark.anyio
async def test_no_frame_shows_the_token_if_a_provider_fails(install):
    """The provider's frames are dropped, and the message names the provider."""
    install(
        "leaky",
        """
        from jobgroup.errors import RequestRejectedError

        class Leaky:
            supports_idempotency_keys = False
            def __init__(self, account): self.account = account
            async def submit(self, body, *, key):
                token = self.account.token()
                if key == "a":
                    raise KeyError(token)
                try:
                    raise KeyError(token)
                except KeyError as error:
                    raise RequestRejectedError(f"no: {token}", status_code=400) from error
            async def status(self, remote_ids): return {}
            result = cancel = rerun = availability = aclose = submit

        def create(account):
            token = account.token()
            if account.label:
                raise RuntimeError(token)
            return Leaky(account)
        """,
    )
    provider = provider_for(Account("http://127.0.0.1:9", "", lambda: TOKEN), "leaky")
    for key in "ab":
        with pytest.raises(errors.JobGroupError) as caught:
            await provider.submit(BODY, key=key)
        _assert_hidden(caught.value)
    with pytest.raises(errors.InvalidProviderError) as caught:
        provider_for(Account("http://127.0.0.1:9", "b", lambda: TOKEN), "leaky")
    _assert_hidden(caught.value)


def test_the_search_finds_a_secret():
    """The search finds secrets in frames and in errors with a suppressed context."""

    def inner(value):
        raise KeyError("k")

    def outer(secret):
        try:
            inner(secret)
        except KeyError:
            raise ValueError("v") from None

    with pytest.raises(ValueError, match="v") as caught:
        outer(TOKEN)
    assert len(list(chain(caught.value))) == 2
    assert TOKEN in shown(caught.value, but="")
