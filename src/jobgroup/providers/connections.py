"""Connections of one account: none is used again that may hold an answer to something else.

HTTP/1.1 numbers nothing: the next answer on a connection is taken for the answer to the last
request. A server, or a gateway, that answers once too often would give one job's id to another.
So what creates a job has a connection of its own, which closes after it, and a connection that
other requests share is closed as soon as anything waits on it unasked.
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
    """How far one request has come."""

    has_connection: bool = False
    """Until then no byte of it can have left."""


request_trace: Final[ContextVar[RequestTrace]] = ContextVar("request_trace")
"""That of the request which the current task makes."""


class CheckedConnector(aiohttp.TCPConnector):
    """Gives no connection on which something was received that nobody asked for."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._seen: WeakSet[object] = WeakSet()

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Connection:
        """As aiohttp's, and notes that the request has a connection."""
        while True:
            connection = await super().connect(req, traces, timeout)
            if connection.protocol not in self._seen:
                self._seen.add(connection.protocol)
                break
            if not _has_unread_bytes(connection):
                break
            connection.close()
        request_trace.get().has_connection = True
        return connection


def _has_unread_bytes(connection: Connection) -> bool:
    """Whether bytes of an answer, or the server's end of the connection, wait to be read."""
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
