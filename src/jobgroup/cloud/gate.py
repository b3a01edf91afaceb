"""What every request passes before it is served: Host header, token and size."""

from __future__ import annotations

import hmac
import re
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobgroup.cloud.app import answer_of
from jobgroup.cloud.problems import ProblemError

_LOOPBACK: Final = re.compile(rb"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?", re.IGNORECASE)
MAX_BODY_BYTES: Final = 32 * 2**20


class Gate:
    """An ASGI application around another one.

    The Host header is checked since a web page can make a browser resolve its own name to loopback.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        try:
            headers: dict[bytes, bytes] = dict(scope["headers"])
            self._check(headers)
            await self._app(scope, _bounded(receive, headers), send)
        except ProblemError as problem:
            await answer_of(problem)(scope, receive, send)

    def _check(self, headers: dict[bytes, bytes]) -> None:
        if not _LOOPBACK.fullmatch(headers.get(b"host", b"")):
            raise ProblemError(
                400, "Invalid Host header: this cloud is reached by its loopback address"
            )
        if not hmac.compare_digest(headers.get(b"authorization", b""), self._expected):
            raise ProblemError(401, "Invalid or expired job token")


def _bounded(receive: Receive, headers: dict[bytes, bytes]) -> Receive:
    too_large = ProblemError(413, f"The body is larger than {MAX_BODY_BYTES // 2**20} MB")
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        raise too_large
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_BODY_BYTES:
            raise too_large
        return message

    return bounded
