"""Run the HTTP server: uvicorn on one port, with pauses."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol


def bind(host: str, port: int) -> socket.socket:
    """Bind a socket that refuses connections until it listens; OSError if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without a named protocol, asyncio does not set TCP_NODELAY, and a response takes 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


class Listener:
    """Serves an ASGI application on one address; refuses connections while it is paused."""

    def __init__(self, bound: socket.socket) -> None:
        self._bound = bound
        self._transports: dict[Any, asyncio.Transport] = {}
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._paused = False
        self._turn = asyncio.Lock()  # one pause or resume at a time

    async def open(self, app: ASGIApp) -> None:
        self._server = _Server(
            uvicorn.Config(
                app,
                http=_protocol(self._transports),
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._bound]))
        ready = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait({ready, self._serving}, return_when=asyncio.FIRST_COMPLETED)
        if self._serving.done():
            ready.cancel()
            self._serving.result()

    async def close(self) -> None:
        """Stop listening, finish current requests (for at most 1 s), and close connections."""
        if self._server and self._serving:
            async with self._turn:
                await self._stop_accepting()
                self._server.should_exit = True
            await self._serving
        self._bound.close()
        for transport in list(self._transports.values()):  # the client has stopped reading
            _reset(transport)
        await asyncio.sleep(0)  # the loop's next iteration closes connections

    def drop(self, scope: Scope) -> None:
        _reset(self._transports.get(scope["client"]))

    async def pause(self) -> None:
        """Refuse connections and reset open ones, but keep the port."""
        async with self._turn:
            if self._server is None or self._paused or self._server.should_exit:
                return
            self._paused = True
            host, port = self._bound.getsockname()[:2]
            await self._stop_accepting()
            for server in self._servers:
                server.close()
            for transport in list(self._transports.values()):
                _reset(transport)
            self._bound = bind(host, port)

    async def resume(self) -> None:
        async with self._turn:
            if self._server is not None and self._paused and not self._server.should_exit:
                self._paused = False
                await self._server.startup([self._bound])

    async def _stop_accepting(self) -> None:
        """Accept no more connections, and prepare the accepted ones for a reset.

        Before Python 3.12.1, a connection that is being made while its server closes would stay
        open.
        """
        loop = asyncio.get_running_loop()
        for server in self._servers:
            for listening in server.sockets:
                loop.remove_reader(listening.fileno())
        await asyncio.sleep(0)  # create the transports
        await asyncio.sleep(0)  # connect the protocols

    @property
    def _servers(self) -> list[asyncio.Server]:
        return self._server.servers if self._server else []


def _reset(transport: asyncio.Transport | None) -> None:
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    # Without lingering, closing the socket resets the connection.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _protocol(transports: dict[Any, asyncio.Transport]) -> type[H11Protocol]:
    class Protocol(H11Protocol):
        """A protocol that registers its connection for faults to reset."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._peer = transport.get_extra_info("peername")[:2]
            transports[self._peer] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            transports.pop(self._peer, None)
            super().connection_lost(exc)

    return Protocol


class _Server(uvicorn.Server):
    """A server that signals when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()
