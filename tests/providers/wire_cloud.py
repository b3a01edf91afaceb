"""A loopback server whose responses and connection faults a test specifies."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

TOKEN = "canary-3f6a1c"
RESET_AT_ONCE = "reset before the request is read"
RESET = "reset after the request was read"
CLOSE = "close after the request was read"
HANG = "read the request and never answer"


def answer(document: Any = None, status: int = 200, text: str | None = None, **headers: str):
    """Return the bytes of an HTTP response: a JSON document, or any text."""
    body = (json.dumps(document) if text is None else text).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


NOT_FOUND = answer({"error": "Not Found", "detail": {}}, 404)
WRONG_METHOD = answer({"error": "Method Not Allowed"}, 405)


@dataclass(frozen=True)
class Request:
    """A received request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WireCloud:
    """Routes map ``"GET /path"`` to bytes, to one of the words above, or to a function of both.

    By default it has the current paths: GET of ``/api/jobs`` returns 405.
    """

    url: str = ""
    routes: dict[str, Any] = field(default_factory=lambda: {"GET /api/jobs": WRONG_METHOD})
    requests: list[Request] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    stop: Callable[[], None] = lambda: None

    def asked(self, method: str) -> list[str]:
        """Return the paths that were requested with a method, in order."""
        return [r.path for r in self.requests if r.method == method]


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        cloud: WireCloud = self.server.cloud
        while line := self.rfile.readline().decode():
            method, path, _ = line.split(" ", 2)
            route = cloud.routes.get(f"{method} {path}", NOT_FOUND)
            if route == RESET_AT_ONCE:
                return self._reset()
            headers = {}
            while (header := self.rfile.readline().decode().strip()) != "":
                name, _, value = header.partition(":")
                headers[name.lower()] = value.strip()
            body = self.rfile.read(int(headers.get("content-length", 0)))
            request = Request(method, path, headers, body)
            cloud.requests.append(request)
            if callable(route):
                route = route(request)
            if route == HANG:
                cloud.released.wait()
            elif route == RESET:
                return self._reset()
            if not isinstance(route, bytes):
                return None
            self.wfile.write(route)
            if b"Content-Length" not in route:
                return None
        return None

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def finish(self) -> None:
        if self.connection.fileno() >= 0:
            super().finish()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect."""


@contextmanager
def serving() -> Iterator[WireCloud]:
    """Run a wire cloud during a block."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        cloud = WireCloud(f"http://127.0.0.1:{server.server_address[1]}")
        server.cloud = cloud
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def stop() -> None:
            cloud.released.set()
            server.shutdown()
            server.server_close()

        cloud.stop = stop
        try:
            yield cloud
        finally:
            stop()
            thread.join()
