"""Send an account's HTTP requests, and report whether a failed request may have arrived.

Only this module uses the HTTP library: httpx with aiohttp's transport. With httpx alone, 1,000
requests over loopback with a latency of 20 ms took 5.6 s with 20 connections and 5.9 s with 50. All
of this was processor time. With aiohttp's transport, they took 1.2 s and 0.7 s. With a latency of
100 ms and 100 connections, the times were 13 s and 1.3 s. This module calls the transport directly.
httpx's client would take 0.25 ms of a request's 0.65 ms for redirects, cookies and authentication,
which are not needed here.

A request may have arrived if it had a connection. No error of the libraries leaves this module:
tools that show local variables would print the headers in its frames.
"""

from __future__ import annotations

import asyncio
import os
import platform
import ssl
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from jobgroup.errors import (
    CloudError,
    CloudUnreachableError,
    CredentialsError,
    InvalidResponseError,
    NoResponseError,
)
from jobgroup.origin import PLAIN_HTTP, is_loopback, may_carry_token
from jobgroup.providers.base import Account
from jobgroup.providers.certificates import Certificates, CertificatesError, load_certificates
from jobgroup.providers.connections import CheckedConnector, RequestTrace, request_trace
from jobgroup.providers.content_encoding import ACCEPTED, Decompressor
from jobgroup.providers.proxy import Proxy, ProxyResolver
from jobgroup.secret import NOTHING, Secret
from jobgroup.words import on_one_line

MAX_CONNECTIONS: Final = 110
"""Number of requests in flight per account: 1,000 per second at 100 ms each. More requests would
only wait for the processor.
"""

MAX_RESPONSE_BYTES: Final = 4 * 2**20
MAX_RESULT_BYTES: Final = 64 * 2**20
"""Maximum decompressed size of a response and of a result. With `documents.MAX_JSON_VALUES`, this
limits the memory needed to read one.
"""

MAX_HEADER_BYTES: Final = 64 * 2**10
"""Maximum size of one header of a response. Sign-in services send cookies of more than aiohttp's
default of 8 KiB.
"""

LARGER_RESULTS: Final = "JOBGROUP_MAX_RESULT_MIB"
"""Environment variable that raises the limit for results."""

REQUEST_TIMEOUT_S: Final = 60.0
RESULT_TIMEOUT_S: Final = 300.0
"""Seconds for one request and for fetching one result, including connecting, sending and reading.
"""

READ_TIMEOUT_S: Final = 30.0
"""Seconds without any byte from the server after which a request counts as lost."""

HTTP_CONNECT_TIMEOUT_S: Final = 10.0
"""Seconds for connecting, including TLS and a proxy."""

_KEEP_ALIVE_S: Final = 2.0
"""Seconds for which an idle connection is kept. Servers keep it for longer (uvicorn 5 s, most
gateways 60 s). A request on a connection that the server is closing would be lost.
"""

_NO_HEADERS: Final[Mapping[str, str]] = {}

_Route = tuple[Proxy | None, Certificates | None, bool]
"""Key of a transport: its proxy, its certificates (None for plain http), and whether each request
has its own connection.
"""


class ResponseTooLargeError(InvalidResponseError):
    """The response exceeds the size limit. A retry would not help."""


@dataclass(frozen=True, slots=True)
class Response:
    """A server's response.

    Attributes:
        status: HTTP status.
        headers: headers, with names in lower case.
        body: decompressed body.
        secret: the token of the request. No message may show it.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | bytearray = field(repr=False)
    secret: Secret = field(default=NOTHING, repr=False)


def bearer(token: str) -> dict[str, str]:
    """Return the usual headers for a token."""
    return {"Authorization": f"Bearer {token}"}


class HttpClient:
    """Sends requests to an account's origin, at most `MAX_CONNECTIONS` at a time.

    A client never follows redirects, because a token must not be sent to another origin. After a
    request that could not connect, the client looks up proxies and certificates again.
    """

    def __init__(
        self,
        account: Account,
        *,
        auth: Callable[[str], Mapping[str, str]] = bearer,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        if not may_carry_token(account.origin):
            raise CredentialsError(f"{account.origin}{PLAIN_HTTP}")
        self._account = account
        self._auth = auth
        timeout = httpx.Timeout(read_timeout_s, connect=HTTP_CONNECT_TIMEOUT_S, pool=20.0)
        self._extensions = {"timeout": timeout.as_dict()}
        self._headers = {
            "User-Agent": f"jobgroup/{_version()} python/{platform.python_version()}",
            "Accept": "application/json",
            "Accept-Encoding": ACCEPTED,
        }
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self._proxy = ProxyResolver(account)
        self._certificates: Certificates | None = None
        self._transports: dict[_Route, AiohttpTransport] = {}

    async def request(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_RESPONSE_BYTES,
    ) -> Response:
        """Send a request once, and read at most `max_bytes` of the response.

        All requests except GET have their own connection. On a shared one, a late response to
        another request could be taken for the response to this one.

        Raises:
            CloudUnreachableError: the request was not sent.
            NoResponseError: the request may have arrived.
            InvalidResponseError: the response is too large or cannot be decompressed.
            CredentialsError: there is no usable token.
        """
        token = Secret(self._account.token())
        if not (token.reveal().isascii() and token.reveal().isprintable()):
            raise CredentialsError(
                "The token contains characters that an HTTP header cannot carry. Nothing was sent."
                " Set the token again with jobgroup.set_token."
            )
        url = self._account.origin + path
        return await self._send(
            method, url, token=token, content=content, headers=headers or {}, max_bytes=max_bytes
        )

    async def fetch(self, url: str, *, max_bytes: int = MAX_RESULT_BYTES) -> Response:
        """GET a URL from a response, without the token; raise the same errors as `request`.

        The URL must be https. Plain http is allowed if the URL and the account's origin are both on
        this machine.
        """
        origin = self._account.origin
        try:
            scheme, host = httpx.URL(url).scheme, httpx.URL(url).host
        except (httpx.InvalidURL, ValueError):
            scheme = host = ""
        is_near = is_loopback(origin) and is_loopback(url)
        if host and (scheme == "https" or (scheme == "http" and is_near)):
            return await self._send("GET", url, max_bytes=max_bytes)
        named = "an address that is not https" if host else "something that is not a URL"
        raise InvalidResponseError(
            f"{origin} named {named} for a result, so jobgroup did not fetch it. The result stays"
            " on the cloud.",
            origin=origin,
            status_code=200,
        )

    async def _send(
        self,
        method: str,
        url: str,
        *,
        token: Secret = NOTHING,
        content: bytes | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        max_bytes: int,
    ) -> Response:
        origin, trace = self._origin_of(url), RequestTrace()
        request_trace.set(trace)
        route: _Route = (None, None, False)
        outcome: Response | BaseException
        async with self._slots:
            try:
                route = self._route(url, has_own_connection=method != "GET")
                is_short = max_bytes <= MAX_RESPONSE_BYTES
                async with asyncio.timeout(REQUEST_TIMEOUT_S if is_short else RESULT_TIMEOUT_S):
                    outcome = await self._exchange(
                        self._transport(route),
                        method,
                        url,
                        token=token,
                        content=content,
                        headers=headers,
                        max_bytes=max_bytes,
                    )
            except CloudError as error:  # the proxy's certificate
                outcome = error
            except CertificatesError as error:
                outcome = CloudUnreachableError(
                    f"Cannot reach {origin}: {error}. Nothing was sent. Correct the variable, or"
                    " unset it to use the system's certificates.",
                    origin=origin,
                    is_misconfigured=True,
                )
            except Exception as error:  # noqa: BLE001  # whatever a library raises
                reason = _reason(error, token, route[0], trace)
                if trace.has_connection:
                    outcome = NoResponseError(
                        f"{origin} did not respond ({reason}).",
                        origin=origin,
                        is_timeout=_is_timeout(error),
                    )
                else:
                    outcome = CloudUnreachableError(
                        f"Cannot reach {origin} ({reason}). Nothing was sent. "
                        f"{_advice(error, route)}",
                        origin=origin,
                    )
            except BaseException as error:  # noqa: BLE001  # a cancellation
                outcome = error.with_traceback(None)
        if not trace.has_connection:
            # The configuration may be corrected before the next request.
            self._certificates = None
            self._proxy.refresh()
        if isinstance(outcome, BaseException):
            raise outcome  # outside the except clause, to drop frames with headers
        return outcome

    async def _exchange(
        self,
        transport: AiohttpTransport,
        method: str,
        url: str,
        *,
        token: Secret,
        content: bytes | None,
        headers: Mapping[str, str],
        max_bytes: int,
    ) -> Response | InvalidResponseError:
        sent = {**self._headers, **headers}
        if content is not None:
            sent["Content-Type"] = "application/json"
        if method != "GET":
            sent["Connection"] = "close"
        if token:
            sent.update(self._auth(token.reveal()))
        request = httpx.Request(
            method, url, content=content, headers=sent, extensions=self._extensions
        )
        body = bytearray()
        async with aclosing(await transport.handle_async_request(request)) as response:
            try:
                await _read_body(response, body, max_bytes)
            except Exception as error:
                # Any other status is an error, whose meaning does not depend on the body.
                if 200 <= response.status_code < 300:
                    if not isinstance(error, _UnreadableBodyError):
                        raise
                    origin = self._origin_of(url)
                    return error.kind(
                        f"{origin} returned {error}",
                        origin=origin,
                        status_code=response.status_code,
                    )
            # A server may repeat the token, but no document, message or name contains it.
            shown = {k: token.hide_in(v) for k, v in response.headers.items()}
            return Response(response.status_code, shown, token.hide_in_bytes(body), token)

    def _origin_of(self, url: str) -> str:
        """Return the account's origin, or that of another host, which keeps results."""
        own = self._account.origin
        if url.startswith(f"{own}/"):
            return own
        parts = httpx.URL(url)
        return f"{parts.scheme}://{parts.netloc.decode()}"  # without a user name and a password

    def _route(self, url: str, *, has_own_connection: bool) -> _Route:
        is_tls = url.startswith("https:")
        if is_tls and self._certificates is None:
            self._certificates = load_certificates()
        resolver, origin = self._proxy, self._origin_of(url)
        if origin != self._account.origin:
            resolver = ProxyResolver(replace(self._account, origin=origin))
        return resolver.proxy(), self._certificates if is_tls else None, has_own_connection

    def _transport(self, route: _Route) -> AiohttpTransport:
        if route in self._transports:
            return self._transports[route]
        proxy, certificates, has_own_connection = route
        # A transport without certificates is for plain http, so its context trusts nothing.
        context = certificates.context if certificates else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

        def session() -> aiohttp.ClientSession:
            connector = CheckedConnector(
                limit=MAX_CONNECTIONS,
                ssl=context,
                force_close=has_own_connection,
                **({} if has_own_connection else {"keepalive_timeout": _KEEP_ALIVE_S}),
            )
            return aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                max_line_size=MAX_HEADER_BYTES,
                max_field_size=MAX_HEADER_BYTES,
            )

        made = self._transports[route] = AiohttpTransport(
            verify=context,
            trust_env=False,
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
            proxy=_httpx_proxy(proxy) if proxy else None,
            client=session,
        )
        return made

    async def aclose(self) -> None:
        """Close the connections. A later request opens new ones."""
        while self._transports:
            await self._transports.popitem()[1].aclose()


def _version() -> str:
    try:
        return version("jobgroup")
    except PackageNotFoundError:  # jobgroup is not installed
        return "0"


class _UnreadableBodyError(ValueError):
    """A body is too large, or cannot be decompressed."""

    def __init__(self, text: str, kind: type[InvalidResponseError] = InvalidResponseError) -> None:
        super().__init__(text)
        self.kind = kind


async def _read_body(response: httpx.Response, body: bytearray, max_bytes: int) -> None:
    """Append the decompressed body of a response to `body`, up to a limit.

    Raises:
        _UnreadableBodyError: the body is too large, or cannot be decompressed.
        Exception: whatever the library raises if the connection is lost.
    """
    limit, received = _limit(max_bytes), 0
    try:
        decompressor = Decompressor(response.headers.get("content-encoding", ""))
        async for chunk in response.aiter_raw():
            received += len(chunk)
            body += decompressor.feed(chunk, limit - len(body))
            # Compressed data may unpack to nothing, without end.
            if max(len(body), received // 2) > limit:
                break
        else:
            decompressor.end()
    except ValueError as error:
        raise _UnreadableBodyError(
            f"HTTP {response.status_code} with a body that cannot be read: {error}."
        ) from None
    if max(len(body), received // 2) > limit:
        problem = f"more than {limit >> 20} MiB, so jobgroup stopped reading."
        if max_bytes >= MAX_RESULT_BYTES:
            problem += f" To allow larger results, set {LARGER_RESULTS}."
        raise _UnreadableBodyError(problem, ResponseTooLargeError)


def _limit(max_bytes: int) -> int:
    """Return the limit for a response. Users may have raised the limit for results."""
    if max_bytes < MAX_RESULT_BYTES:
        return max_bytes
    raised = os.environ.get(LARGER_RESULTS, "")
    mib = int(raised) if raised.isascii() and raised.isdigit() and len(raised) < 7 else 0
    return max(max_bytes, mib << 20)


def _httpx_proxy(proxy: Proxy) -> httpx.Proxy:
    # aiohttp deprecates the transport's way to send passwords. If warnings are errors, that warning
    # would end a request.
    headers = {"Proxy-Authorization": proxy.authorization.reveal()} if proxy.authorization else {}
    return httpx.Proxy(proxy.url, headers=headers)


def _is_timeout(error: Exception) -> bool:
    # httpx-aiohttp calls most failed connections timeouts, so aiohttp's own error decides
    return isinstance(error.__cause__ or error, (TimeoutError, httpx.TimeoutException))


def _reason(error: Exception, token: Secret, proxy: Proxy | None, trace: RequestTrace) -> str:
    """Describe an error, with the library's own text."""
    cause = error.__cause__ or error
    if _is_timeout(error):
        text = "timeout" if trace.has_connection else "timeout while connecting"
    elif isinstance(cause, aiohttp.ServerDisconnectedError):  # its text may be a whole response
        text = "Server disconnected"
    elif isinstance(cause, aiohttp.ClientResponseError):
        text = " ".join(token.hide_in(f"{cause.status} {cause.message}").split())
    else:
        text = getattr(cause, "strerror", None) or str(error) or type(error).__name__
        text = token.hide_in(text)
    if proxy is not None:
        text = proxy.authorization.hide_in(proxy.password.hide_in(text))
        text = f"by the proxy {proxy}: {text}"
    return on_one_line(text[:300])


def _advice(error: Exception, route: _Route) -> str:
    proxy, certificates, _ = route
    refused = getattr(error.__cause__ or error, "certificate_error", None)
    if isinstance(refused, ssl.SSLCertVerificationError):
        return _advice_on_certificate(refused, certificates)
    if proxy and getattr(error.__cause__ or error, "status", None) == 407:
        return f"Add the user name and password that the proxy requires ({proxy.named_by})."
    setting = f"proxy settings ({proxy.named_by if proxy else 'HTTPS_PROXY'})"
    return f"Check the URL, your network and your {setting}."


def _advice_on_certificate(
    refused: ssl.SSLCertVerificationError, certificates: Certificates | None
) -> str:
    # X509_V_ERR_ codes from OpenSSL's x509_vfy.h. Windows and macOS do not use these numbers.
    match getattr(refused, "verify_code", None):
        case 9 | 10:  # not yet valid, expired
            return (
                f"Check this machine's clock, which shows {datetime.now(UTC):%Y-%m-%d %H:%M} UTC:"
                " if it is right, the certificate's owner must renew it."
            )
        case 62 | 64:  # another host or address
            return (
                "The certificate belongs to another host: check the URL, and whether the network"
                " has a sign-in page."
            )
        case int(code) if code < 100 and code not in {2, 18, 19, 20, 21}:  # not an unknown issuer
            return (
                "The certificate is not valid: ask the administrator of the cloud, or of a network"
                " that replaces certificates, for a valid one."
            )
    return (
        f"Its certificate is not among {certificates}. If your network replaces certificates, set"
        " REQUESTS_CA_BUNDLE or SSL_CERT_FILE to the file with its own."
    )
