"""Manage an account's connections, and reuse none that may contain another response.

HTTP/1.1 does not number requests: the next response on a connection counts as the response to the
last request. If a server or gateway responded twice, one job would get another job's id. Therefore,
each request that creates a job has its own connection. A shared connection is closed as soon as
unexpected bytes arrive on it.
"""

from __future__ import annotations

import select
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

import aiohttp

if TYPE_CHECKING:
    from aiohttp.connector import Connection


@dataclass(slots=True)
class RequestTrace:
    """The progress of one request."""

    has_connection: bool = False
    """Whether the request has a connection. Before that, no byte of it can have been sent."""


request_trace: Final[ContextVar[RequestTrace]] = ContextVar("request_trace")
"""Trace of the current task's request."""


class CheckedConnector(aiohttp.TCPConnector):
    """A connector that never reuses a connection with unexpected bytes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._seen: WeakSet[object] = WeakSet()

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Connection:
        """Connect as aiohttp does, and record that the request has a connection."""
        connection = await super().connect(req, traces, timeout)
        while connection.protocol in self._seen and _has_unread_bytes(connection):
            connection.close()
            connection = await super().connect(req, traces, timeout)
        self._seen.add(connection.protocol)
        request_trace.get().has_connection = True
        return connection


def _has_unread_bytes(connection: Connection) -> bool:
    """Return whether unread bytes, or the end of the connection, have arrived."""
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None or protocol.should_close:
        return True
    sock = transport.get_extra_info("socket")
    if sock is None or sock.fileno() < 0:
        return True
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])
