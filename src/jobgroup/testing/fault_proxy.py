"""Run a loopback proxy that holds a provider's requests, and drops or forges responses."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

import httpx

from jobgroup.origin import is_loopback

DROP_RESPONSE: Final = "drop_response"
"""The service handles the request, but the proxy drops the response."""

HOLD: Final = "hold"
"""The request waits in the proxy until a call of `FaultProxy.release`."""

_HOLD_TIMEOUT_S: Final = 4.0
"""Maximum number of seconds for which a request is held. A client's timeout is longer, so that the
test reports what blocked the event loop instead of a timeout.
"""

_HOP_BY_HOP: Final = frozenset(
    {"connection", "content-encoding", "content-length", "host", "keep-alive", "transfer-encoding"}
)


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request to the proxy."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StubResponse:
    """A response that the proxy returns without sending the request to the service."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Fault = StubResponse | str | None
"""A response, `DROP_RESPONSE`, `HOLD`, or None to relay the request without a fault."""


class FaultProxy:
    """A proxy that runs during a ``with`` block.

    Attributes:
        url: URL of the proxy, which the provider uses instead of the service's URL.
        requests: all requests so far, in order.
        fault: function that returns the fault to inject for a request.
        was_stuck: whether a request was held until the proxy gave up waiting.
        connections: sockets of the provider's connections.

    Args:
        service_url: URL of the service.
    """

    def __init__(self, service_url: str) -> None:
        self.url = ""
        self.requests: list[RecordedRequest] = []
        self.fault: Callable[[RecordedRequest], Fault] = lambda _: None
        self.was_stuck = False
        self._arrived = threading.Event()
        self._released = threading.Event()
        self.connections: list[socket.socket] = []
        self._service = httpx.Client(
            base_url=service_url, timeout=60, trust_env=not is_loopback(service_url)
        )

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), partial(_Handler, self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        serve = partial(self._server.serve_forever, poll_interval=0.01)
        threading.Thread(target=serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._service.close()

    def cut(self) -> None:
        """Become unreachable."""
        self.release()
        self._server.shutdown()
        self._server.server_close()
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def is_holding(self) -> bool:
        """Whether a request is held."""
        return self._arrived.is_set()

    def release(self) -> None:
        """Let held requests continue."""
        self._released.set()

    def answer(self, request: RecordedRequest) -> StubResponse | None:
        """Return the response to a request; None to drop it."""
        self.requests.append(request)
        fault = self.fault(request)
        if isinstance(fault, StubResponse):
            return fault
        if fault == HOLD:
            self._arrived.set()
            self.was_stuck = not self._released.wait(_HOLD_TIMEOUT_S) or self.was_stuck
        response = self._ask_service(request)
        return None if fault == DROP_RESPONSE else response

    def _ask_service(self, request: RecordedRequest) -> StubResponse:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP}
        try:
            answer = self._service.request(
                request.method,
                request.path,
                content=request.body,
                headers={**headers, "Accept-Encoding": "identity"},
            )
        except httpx.HTTPError as error:
            return StubResponse(502, {"error": f"the service did not answer the proxy: {error}"})
        kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP}
        return StubResponse(answer.status_code, answer.content, kept)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, proxy: FaultProxy, *args: Any) -> None:
        self._proxy = proxy
        super().__init__(*args)

    def setup(self) -> None:
        super().setup()
        self._proxy.connections.append(self.connection)

    def _relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        response = self._proxy.answer(
            RecordedRequest(self.command, self.path, dict(self.headers), body)
        )
        if response is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        content = response.body if isinstance(response.body, bytes) else _encoded(response.body)
        self.send_response(response.status)
        for name, value in response.headers.items():
            if name.lower() not in {"date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    # http.server requires these names
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _relay  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # with the default of 5, many requests wait seconds to connect

    def handle_error(self, *_: object) -> None:
        """Ignore errors from clients that have disconnected."""


def _encoded(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()
