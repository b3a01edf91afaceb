"""Check the Host header, token and size of each request, and inject faults."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence
from typing import Final

from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobgroup.cloud.api import error_response
from jobgroup.cloud.api_errors import ApiError
from jobgroup.cloud.faults import Fault
from jobgroup.cloud.settings import Settings

MAX_REQUEST_BODY_BYTES: Final = 32 * 2**20

_KEYS_ARE_HONOURED: Final = (b"idempotency-key-support", b"true")
_LOOPBACK: Final = re.compile(rb"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?", re.IGNORECASE)


class FaultMiddleware:
    """An ASGI application that wraps the REST API's application.

    The Host header is checked because a web page can make its own name resolve to loopback.

    Args:
        app: application that serves accepted requests.
        settings: settings of the cloud.
        calls: routes whose names faults and the log use.
        drop: function that resets the connection of a request.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        calls: Sequence[Route],
        *,
        drop: Callable[[Scope], None],
    ) -> None:
        self._app = app
        self._expected = f"Bearer {settings.token}".encode()
        self._settings = settings
        self._calls = calls
        self._drop = drop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        key = headers.get(b"idempotency-key")
        call = self._call_of(scope)
        entry = self._settings.log.begin(
            scope["method"], scope["path"], call, None if key is None else key.decode("latin-1")
        )

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
                if self._settings.plan.supports_idempotency_keys:
                    message["headers"] = [*message["headers"], _KEYS_ARE_HONOURED]
            await send(message)

        try:
            self._check(headers)
            body = await _read(receive, headers)
            clearances = self._settings.faults.clearances
            faults = self._settings.faults.draw(call) if call else []
            entry.faults = tuple(fault.kind for fault in faults)
            await self._serve(scope, _Replay(body, receive), send_noted, faults, clearances)
        except ApiError as error:
            await error_response(error)(scope, receive, send_noted)
        except ConnectionResetError:
            return

    async def _serve(
        self,
        scope: Scope,
        receive: _Replay,
        send: Send,
        faults: Sequence[Fault],
        clearances: int,
    ) -> None:
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        late_s = 0.0
        drops_response = False
        for fault in faults:
            match fault.kind:
                case "delay":
                    await self._settings.faults.delay(fault.delay_s, clearances)
                case "delay_response":
                    late_s += fault.delay_s
                case "drop_response":
                    drops_response = True
                case "drop_request":
                    return await self._drop_connection(scope, receive)
                case "malformed_response":
                    media_type = "text/html" if fault.body.startswith("<") else "application/json"
                    return await Response(fault.body, media_type=media_type)(scope, receive, send)
                case _:
                    raise _refusal(fault)
        await self._app(scope, receive, hold if late_s or drops_response else send)
        await self._settings.faults.delay(late_s, clearances)
        if drops_response:
            return await self._drop_connection(scope, receive)
        for message in held:
            await send(message)
        return None

    async def _drop_connection(self, scope: Scope, receive: _Replay) -> None:
        self._drop(scope)
        await receive.disconnected()  # the server would send 500 for the missing response

    def _call_of(self, scope: Scope) -> str | None:
        matching = (route.name for route in self._calls if route.matches(scope)[0] is Match.FULL)
        return next(matching, None)

    def _check(self, headers: dict[bytes, bytes]) -> None:
        if not _LOOPBACK.fullmatch(headers.get(b"host", b"")):
            raise ApiError(400, "Invalid Host header: use the loopback address of this cloud")
        if not hmac.compare_digest(headers.get(b"authorization", b""), self._expected):
            raise ApiError(401, "Invalid or expired job token")


class _Replay:
    """Returns a body that was already read, and then the connection's messages."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._message: Message | None = {"type": "http.request", "body": body, "more_body": False}
        self._receive = receive

    async def __call__(self) -> Message:
        message, self._message = self._message, None
        return message or await self._receive()

    async def disconnected(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def _read(receive: Receive, headers: dict[bytes, bytes]) -> bytes:
    length = headers.get(b"content-length", b"0")
    declared = int(length) if length.isdigit() else 0
    body = bytearray()
    more = True
    while more and max(declared, len(body)) <= MAX_REQUEST_BODY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client has gone with the rest of its request")
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if max(declared, len(body)) > MAX_REQUEST_BODY_BYTES:
        raise ApiError(413, f"The body is larger than {MAX_REQUEST_BODY_BYTES // 2**20} MB")
    return bytes(body)


def _refusal(fault: Fault) -> ApiError:
    if fault.kind == "refuse_token":
        return ApiError(401, "Invalid or expired job token")
    if fault.kind == "no_credits":
        return ApiError(401, "Not enough credits")
    headers = {} if fault.retry_after_s is None else {"Retry-After": f"{fault.retry_after_s:g}"}
    return ApiError(fault.status, fault.message, headers=headers)
