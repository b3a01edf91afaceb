"""One account's HTTP: a request, its bounded answer, or an error that says whether it arrived.

The only module that knows which HTTP library is used. It is httpx, as the project has decided (a
successor with its API can take its place here), over aiohttp's transport:
1,000 requests at 20 ms over loopback took 5.6 s with 20 connections and 5.9 s with 50 in httpx
alone, all of it CPU, and 1.2 s and 0.7 s with the transport (at 100 ms and 100: 13 s and 1.3 s).
The transport is used as it is: httpx's client around it (redirects, cookies, authentication, none
of them wanted here) takes another 0.25 ms of the 0.65 ms of a request.
"""

from __future__ import annotations

import asyncio
import platform
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from jobgroup.errors import (
    BadAnswerError,
    CloudError,
    CloudUnreachableError,
    CredentialsError,
    RequestLostError,
)
from jobgroup.origin import is_loopback, may_carry_token
from jobgroup.providers.base import Account
from jobgroup.providers.proxying import ProxyChoice

CONNECTIONS: Final = 110
"""Requests in flight per account. At 100 ms that is 1,000 a second; more wait for the processor."""

MAX_ANSWER_BYTES: Final = 4 * 2**20
MAX_RESULT_BYTES: Final = 256 * 2**20
"""An answer, or a result, that is longer, once decompressed, is not read to its end."""

TOTAL_S: Final = 300.0
"""The longest that one request may take, a large result on a slow line included."""

SILENCE_S: Final = 30.0
"""How long a server may say nothing before the request counts as lost."""

_KEEP_ALIVE_S: Final = 2.0
"""Shorter than servers keep an idle connection (uvicorn 5 s, most gateways 60 s): a POST on a
connection that the server is just closing would be lost with its fate unknown."""

_NEVER_LEFT: Final = (
    httpx.ConnectError,
    httpx.InvalidURL,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
)


class AnswerTooLargeError(BadAnswerError):
    """An answer that was not read to its end; asking again would not help."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered. Header names are in lower case; `secret` is what no text may show."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    secret: str = field(default="", repr=False)


def bearer(token: str) -> dict[str, str]:
    """The headers that show a token where nothing else is agreed on."""
    return {"Authorization": f"Bearer {token}"}


class HttpClient:
    """Requests to one account's origin, at most `CONNECTIONS` at a time.

    Redirects are never followed: a token must not go to another origin. Proxies are used as
    `ProxyChoice` says.
    """

    def __init__(
        self,
        account: Account,
        *,
        sign: Callable[[str], Mapping[str, str]] = bearer,
        silence_s: float = SILENCE_S,
    ) -> None:
        if not may_carry_token(account.origin):
            raise CredentialsError(
                f"{account.origin} is plain http: a token would be readable on the way. "
                "Nothing was sent; use its https address."
            )
        self._account = account
        self._sign = sign
        timeout = httpx.Timeout(silence_s, connect=10.0, pool=20.0)
        self._extensions = {"timeout": timeout.as_dict()}
        self._headers = {
            "User-Agent": user_agent(),
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
        }
        self._gate = asyncio.Semaphore(CONNECTIONS)
        self._proxy = ProxyChoice(account)
        self._transports: dict[str | None, AiohttpTransport] = {}

    async def request(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> Answer:
        """Send one request, once, and read at most `max_bytes` of its answer.

        Raises CloudUnreachableError (it did not leave), RequestLostError (it may have arrived),
        BadAnswerError (the answer is too large) and CredentialsError (no usable token).
        """
        token = self._account.token()
        if not (token.isascii() and token.isprintable()):
            raise CredentialsError("The token holds characters that no header may carry.")
        sent = {**self._headers, **self._sign(token), **(headers or {})}
        if content is not None:
            sent["Content-Type"] = "application/json"
        url = self._account.origin + path
        return await self._send(method, url, content, sent, token, max_bytes=max_bytes)

    async def fetch(self, url: str, *, max_bytes: int = MAX_RESULT_BYTES) -> Answer:
        """GET what an answer of the origin pointed to, without the token; errors as for `request`.

        Only https is followed, or plain http on this very machine where the origin is on it too.
        """
        origin = self._account.origin
        if not url.startswith("https://") and not (is_loopback(origin) and is_loopback(url)):
            raise BadAnswerError(
                f"{origin} points to a place that is not https, which was not followed.",
                origin=origin,
                status_code=200,
            )
        return await self._send("GET", url, None, self._headers, "", max_bytes=max_bytes)

    async def _send(
        self,
        method: str,
        url: str,
        content: bytes | None,
        headers: dict[str, str],
        token: str,
        *,
        max_bytes: int,
    ) -> Answer:
        async with self._gate:
            answer = await self._attempt(method, url, content, headers, token, max_bytes=max_bytes)
        if isinstance(answer, CloudError):
            raise answer  # outside of the except clause: the library's errors can show headers
        return answer

    async def _attempt(
        self,
        method: str,
        url: str,
        content: bytes | None,
        headers: dict[str, str],
        token: str,
        *,
        max_bytes: int,
    ) -> Answer | CloudError:
        origin, transport = self._account.origin, self._opened()
        try:
            request = httpx.Request(
                method,
                url,
                content=content,
                headers=headers,
                extensions=self._extensions,
            )
            async with (
                asyncio.timeout(TOTAL_S),
                aclosing(await transport.handle_async_request(request)) as response,
            ):
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > max_bytes:
                        return AnswerTooLargeError(
                            f"{origin} answered with more than {max_bytes >> 20} MiB, "
                            "which was not read.",
                            origin=origin,
                            status_code=response.status_code,
                        )
                return Answer(response.status_code, dict(response.headers), bytes(body), token)
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError) as error:
            reason = _reason(error)
            if token:
                reason = reason.replace(token, "[token]")
            if _never_left(error):
                return CloudUnreachableError(
                    f"{origin} cannot be reached ({reason}). The request was not sent; "
                    "check the url, the network and the proxy.",
                    origin=origin,
                )
            return RequestLostError(
                f"{origin} did not answer ({reason}). The request may have arrived.",
                origin=origin,
            )

    def _opened(self) -> AiohttpTransport:
        proxy = self._proxy.url()
        if proxy not in self._transports:
            self._transports[proxy] = AiohttpTransport(
                limits=httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=_KEEP_ALIVE_S),
                proxy=_through(proxy) if proxy else None,
            )
        return self._transports[proxy]

    async def aclose(self) -> None:
        """Close the connections. A later request opens new ones."""
        while self._transports:
            await self._transports.popitem()[1].aclose()


def _through(url: str) -> httpx.Proxy:
    proxy = httpx.Proxy(url)
    if proxy.raw_auth is None:
        return proxy
    # the transport's own way of showing them is deprecated in aiohttp, whose warning ends a request
    # where warnings are errors
    shown = b64encode(b":".join(proxy.raw_auth)).decode()
    return httpx.Proxy(proxy.url, headers={"Proxy-Authorization": f"Basic {shown}"})


def user_agent() -> str:
    """How jobgroup presents itself: its version and Python's."""
    try:
        ours = version("jobgroup")
    except PackageNotFoundError:
        ours = "0"
    return f"jobgroup/{ours} python/{platform.python_version()}"


def _never_left(error: BaseException) -> bool:
    # The transport calls every aiohttp connection error "ConnectTimeout", a server's disconnect
    # after the request was read among them, so where there is a cause, only the cause counts.
    return isinstance(error.__cause__ or error, _NEVER_LEFT)


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError | httpx.TimeoutException) and not _never_left(error):
        cause = error.__cause__
        if cause is None or isinstance(cause, TimeoutError):
            return "it took too long"
    return (str(error) or type(error).__name__)[:200]
