"""One account's HTTP: a request, its bounded response, or an error that says whether it arrived.

The only module that knows which HTTP library is used. It is httpx, as the project has decided (a
successor with its API can take its place here), over aiohttp's transport:
1,000 requests at 20 ms over loopback took 5.6 s with 20 connections and 5.9 s with 50 in httpx
alone, all of it CPU, and 1.2 s and 0.7 s with the transport (at 100 ms and 100: 13 s and 1.3 s).
The transport is used as it is: httpx's client around it (redirects, cookies, authentication, none
of them wanted here) takes another 0.25 ms of the 0.65 ms of a request.

Whether a request may have arrived is decided by one fact: whether it had a connection. Errors of
the libraries stay here; their frames hold headers, which tools that show local variables print.
"""

from __future__ import annotations

import asyncio
import os
import platform
import ssl
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
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
from jobgroup.origin import is_loopback, may_carry_token
from jobgroup.providers.base import Account
from jobgroup.providers.certificates import Certificates, CertificatesError, load_certificates
from jobgroup.providers.connections import CheckedConnector, RequestTrace, request_trace
from jobgroup.providers.content_encoding import ACCEPTED, unpacker_for
from jobgroup.providers.proxy import Proxy, ProxyResolver
from jobgroup.secret import NOTHING, Secret
from jobgroup.words import on_one_line

MAX_CONNECTIONS: Final = 110
"""Requests in flight per account. At 100 ms that is 1,000 a second; more wait for the processor."""

MAX_RESPONSE_BYTES: Final = 4 * 2**20
MAX_RESULT_BYTES: Final = 64 * 2**20
"""An answer, or a result, that is longer, once decompressed, is not read to its end. What reading
and parsing one takes in memory is bounded by it and by `documents.MAX_VALUES`. Who has larger
results sets `LARGER_RESULTS`."""

LARGER_RESULTS: Final = "JOBGROUP_MAX_RESULT_MIB"
"""The variable that raises the limit of results."""

REQUEST_TIMEOUT_S: Final = 60.0
RESULT_TIMEOUT_S: Final = 300.0
"""The longest that one request may take, or one for a result, on a slow line: connecting, sending
and reading the answer together."""

READ_TIMEOUT_S: Final = 30.0
"""How long a server may say nothing before the request counts as lost."""

CONNECT_TIMEOUT_S: Final = 10.0
"""How long connecting may take, with TLS and a proxy."""

_KEEP_ALIVE_S: Final = 2.0
"""Shorter than servers keep an idle connection (uvicorn 5 s, most gateways 60 s): a request on a
connection that the server is just closing would be lost."""

_Route = tuple[Proxy | None, Certificates | None, bool]
"""What a transport is for: a proxy, certificates (none for plain http), and whether each of its
requests has a connection of its own."""


class ResponseTooLargeError(InvalidResponseError):
    """An answer that was not read to its end; asking again would not help."""


@dataclass(frozen=True, slots=True)
class Response:
    """A server's response. Header names are in lower case; `secret` is what no text may show."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | bytearray = field(repr=False)
    secret: Secret = field(default=NOTHING, repr=False)


@dataclass(frozen=True, slots=True)
class _Request:
    """One request, before any secret is in it."""

    method: str
    url: str
    content: bytes | None = field(repr=False)
    headers: Mapping[str, str]
    token: Secret
    max_bytes: int
    timeout_s: float
    is_alone: bool


def bearer(token: str) -> dict[str, str]:
    """The headers that show a token where nothing else is agreed on."""
    return {"Authorization": f"Bearer {token}"}


class HttpClient:
    """Requests to one account's origin, at most `MAX_CONNECTIONS` at a time.

    Redirects are never followed: a token must not go to another origin. Proxies are used as
    `ProxyResolver` says, certificates as `load_certificates` does; both are looked up again after a
    request that found no connection.
    """

    def __init__(
        self,
        account: Account,
        *,
        auth: Callable[[str], Mapping[str, str]] = bearer,
        read_timeout_s: float = READ_TIMEOUT_S,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        if not may_carry_token(account.origin):
            raise CredentialsError(
                f"{account.origin} is plain http: a token would be readable on the way. "
                "Nothing was sent; use its https address."
            )
        self._account = account
        self._auth = auth
        self._timeout_s = timeout_s
        timeout = httpx.Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S, pool=20.0)
        self._extensions = {"timeout": timeout.as_dict()}
        self._headers = {
            "User-Agent": user_agent(),
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
        """Send one request, once, and read at most `max_bytes` of its answer.

        What does more than read has a connection of its own, new and closed after it: on one that
        was used before, a late answer to something else would be taken for this one's.

        Raises CloudUnreachableError (it did not leave), NoResponseError (it may have arrived),
        InvalidResponseError (the answer is too large, or cannot be unpacked) and CredentialsError
        (no usable token).
        """
        token = Secret(self._account.token())
        if not (token.reveal().isascii() and token.reveal().isprintable()):
            raise CredentialsError("The token holds characters that no header may carry.")
        sent = {**self._headers, **(headers or {})}
        if content is not None:
            sent["Content-Type"] = "application/json"
        is_alone = method != "GET"
        if is_alone:
            sent["Connection"] = "close"
        timeout_s = self._timeout_s if max_bytes <= MAX_RESPONSE_BYTES else RESULT_TIMEOUT_S
        url = self._account.origin + path
        return await self._send(
            _Request(method, url, content, sent, token, _limit(max_bytes), timeout_s, is_alone)
        )

    async def fetch(self, url: str, *, max_bytes: int = MAX_RESULT_BYTES) -> Response:
        """GET what an answer of the origin pointed to, without the token; errors as for `request`.

        Only https is followed, or plain http on this very machine where the origin is on it too.
        """
        try:
            scheme, host = httpx.URL(url).scheme, httpx.URL(url).host
        except (httpx.InvalidURL, ValueError):
            scheme = host = ""
        if not host:
            raise self._not_followed("what is no url")
        is_near = is_loopback(self._account.origin) and is_loopback(url)
        if scheme != "https" and not (scheme == "http" and is_near):
            raise self._not_followed("a place that is not https")
        return await self._send(
            _Request(
                "GET",
                url,
                None,
                self._headers,
                NOTHING,
                _limit(max_bytes),
                RESULT_TIMEOUT_S,
                is_alone=False,
            )
        )

    def _not_followed(self, where: str) -> InvalidResponseError:
        origin = self._account.origin
        told = f"{origin} points to {where}, which was not followed."
        return InvalidResponseError(told, origin=origin, status_code=200)

    async def _send(self, request: _Request) -> Response:
        async with self._slots:
            response = await self._send_once(request)
        if isinstance(response, BaseException):
            raise response  # outside of the except clause, and without the frames that hold headers
        return response

    async def _send_once(self, request: _Request) -> Response | BaseException:
        origin, trace = self._account.origin, RequestTrace()
        request_trace.set(trace)
        route: _Route = (None, None, request.is_alone)
        try:
            route = self._route(request)
            async with asyncio.timeout(request.timeout_s):
                return await self._exchange(request, self._transport(route))
        except CloudError as error:
            self._refresh()
            return error
        except CertificatesError as error:
            self._refresh()
            return CloudUnreachableError(
                f"{origin} cannot be reached: {error}. The request was not sent; correct the"
                f" variable, or unset it to use the system's certificates.",
                origin=origin,
                is_misconfigured=True,
            )
        except Exception as error:  # noqa: BLE001  # what a library did not expect is no less lost
            reason = self._reason(error, request, route[0], trace)
            if not trace.has_connection:
                self._refresh()
                return CloudUnreachableError(
                    f"{origin} cannot be reached ({reason}). The request was not sent; "
                    f"{_advice(error, route)}",
                    origin=origin,
                )
            return NoResponseError(
                f"{origin} did not answer ({reason}). The request may have arrived.",
                origin=origin,
            )
        except BaseException as error:  # noqa: BLE001  # a cancellation goes on, by our caller
            return error.with_traceback(None)

    async def _exchange(
        self, request: _Request, transport: AiohttpTransport
    ) -> Response | InvalidResponseError:
        auth = self._auth(request.token.reveal()) if request.token else {}
        sent = httpx.Request(
            request.method,
            request.url,
            content=request.content,
            headers={**request.headers, **auth},
            extensions=self._extensions,
        )
        async with aclosing(await transport.handle_async_request(sent)) as response:
            body = bytearray()
            try:
                unpacker = unpacker_for(response.headers.get("content-encoding", ""))
                async for chunk in response.aiter_raw():
                    body += unpacker.feed(chunk, request.max_bytes - len(body))
                    if len(body) > request.max_bytes:
                        return self._invalid(
                            ResponseTooLargeError,
                            f"answered with more than {request.max_bytes >> 20} MiB, which was not"
                            f" read{_advice_on_size(request.max_bytes)}",
                            response.status_code,
                        )
                unpacker.end()
            except ValueError as error:
                return self._invalid(
                    InvalidResponseError,
                    f"answered HTTP {response.status_code} with something that cannot be"
                    f" unpacked: {error}",
                    response.status_code,
                )
            told = {k: request.token.hide_in(v) for k, v in response.headers.items()}
            # a server that repeats the token gets it into no document, message or name
            return Response(
                response.status_code, told, request.token.hide_in_bytes(body), request.token
            )

    def _invalid(
        self, kind: type[InvalidResponseError], what: str, status: int
    ) -> InvalidResponseError:
        origin = self._account.origin
        return kind(f"{origin} {what}.", origin=origin, status_code=status)

    def _route(self, request: _Request) -> _Route:
        if request.url.startswith("https:") and self._certificates is None:
            self._certificates = load_certificates()
        certificates = self._certificates if request.url.startswith("https:") else None
        return self._proxy.proxy(), certificates, request.is_alone

    def _refresh(self) -> None:
        """Have proxies and certificates looked up for the next request: they may be right then."""
        self._certificates = None
        self._proxy.refresh()

    def _transport(self, route: _Route) -> AiohttpTransport:
        proxy, certificates, is_alone = route
        if route not in self._transports:
            context = certificates.context if certificates else _without_tls()
            limits = httpx.Limits(max_connections=MAX_CONNECTIONS)
            self._transports[route] = AiohttpTransport(
                verify=context,
                trust_env=False,
                limits=limits,
                proxy=_httpx_proxy(proxy) if proxy else None,
                client=lambda: _session(context, is_alone=is_alone),
            )
        return self._transports[route]

    def _reason(
        self, error: BaseException, request: _Request, proxy: Proxy | None, trace: RequestTrace
    ) -> str:
        cause = error.__cause__ or error
        if trace.has_connection and isinstance(cause, TimeoutError | httpx.TimeoutException):
            return "it took too long"
        text = (
            (str(error) or type(error).__name__) if trace.has_connection else _connect_reason(error)
        )
        text = request.token.hide_in(text)
        if proxy is not None:
            text = proxy.authorization.hide_in(proxy.password.hide_in(text))
            text = f"by the proxy {proxy}: {text}"
        return on_one_line(text[:300])

    async def aclose(self) -> None:
        """Close the connections. A later request opens new ones."""
        while self._transports:
            await self._transports.popitem()[1].aclose()


def _limit(max_bytes: int) -> int:
    """The limit of an answer; that of results may have been raised."""
    if max_bytes < MAX_RESULT_BYTES:
        return max_bytes
    raised = os.environ.get(LARGER_RESULTS, "")
    mib = int(raised) if raised.isascii() and raised.isdigit() and len(raised) < 7 else 0
    return max(max_bytes, mib << 20)


def _advice_on_size(max_bytes: int) -> str:
    return "" if max_bytes < MAX_RESULT_BYTES else f"; for larger results set {LARGER_RESULTS}"


def _session(context: ssl.SSLContext, *, is_alone: bool) -> aiohttp.ClientSession:
    connector = CheckedConnector(
        limit=MAX_CONNECTIONS,
        ssl=context,
        force_close=is_alone,
        **({} if is_alone else {"keepalive_timeout": _KEEP_ALIVE_S}),
    )
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


def _without_tls() -> ssl.SSLContext:
    """For plain http, which no certificate concerns; nothing is trusted by it."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _httpx_proxy(proxy: Proxy) -> httpx.Proxy:
    # the transport's own way of showing passwords is deprecated in aiohttp, whose warning ends a
    # request where warnings are errors
    shown = {"Proxy-Authorization": proxy.authorization.reveal()} if proxy.authorization else {}
    return httpx.Proxy(proxy.url, headers=shown)


def user_agent() -> str:
    """How jobgroup presents itself: its version and Python's."""
    try:
        ours = version("jobgroup")
    except PackageNotFoundError:
        ours = "0"
    return f"jobgroup/{ours} python/{platform.python_version()}"


def _connect_reason(error: BaseException) -> str:
    """What went wrong before there was a connection, in the words of the library that knows."""
    cause = error.__cause__ or error
    if isinstance(error, TimeoutError) or isinstance(cause, TimeoutError | httpx.TimeoutException):
        return "connecting took too long"
    return str(error) or type(error).__name__


def _certificate_error(error: BaseException) -> ssl.SSLCertVerificationError | None:
    certificate = getattr(error.__cause__ or error, "certificate_error", None)
    return certificate if isinstance(certificate, ssl.SSLCertVerificationError) else None


# X509_V_ERR_ codes of OpenSSL's x509_vfy.h; Windows and macOS have others, none of these numbers
_OF_ANOTHER_TIME: Final = frozenset({9, 10})
"""CERT_NOT_YET_VALID and CERT_HAS_EXPIRED."""

_OF_ANOTHER_HOST: Final = frozenset({62, 64})
"""HOSTNAME_MISMATCH and IP_ADDRESS_MISMATCH."""

_OF_UNKNOWN_ISSUER: Final = frozenset({2, 18, 19, 20, 21})
"""UNABLE_TO_GET_ISSUER_CERT, of one or of its issuer, SELF_SIGNED_CERT, and the like."""

_FLAWED: Final = frozenset(range(100)) - _OF_ANOTHER_TIME - _OF_ANOTHER_HOST - _OF_UNKNOWN_ISSUER
"""All others, such as CA_KEY_TOO_SMALL: no variable helps."""


def _advice(error: BaseException, route: _Route) -> str:
    proxy, certificates, _ = route
    refused = _certificate_error(error)
    if refused is not None:
        return _advice_on_certificate(refused, certificates)
    if proxy is not None:
        return f"check the url, the network and the proxy that {proxy.named_by} names."
    return "check the url, the network and the proxy (HTTPS_PROXY)."


def _advice_on_certificate(
    refused: ssl.SSLCertVerificationError, certificates: Certificates | None
) -> str:
    code = getattr(refused, "verify_code", None)
    if code in _OF_ANOTHER_TIME:
        return (
            f"check this machine's clock, which says {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. If it"
            " is right, the certificate's owner has to renew it."
        )
    if code in _OF_ANOTHER_HOST:
        return (
            "the certificate is one of another host. Check the url; if it is right, the network"
            " may have a sign-in page."
        )
    if code in _FLAWED:
        return (
            "the certificate is not valid. Ask the administrator of the cloud, or of a network"
            " with a certificate of its own, for a valid one."
        )
    return (
        f"its certificate is not among {certificates}. In a network with a certificate of its"
        " own, name that one's file in REQUESTS_CA_BUNDLE or SSL_CERT_FILE."
    )
