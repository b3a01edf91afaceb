"""The HTTP server on the loop that runs: uvicorn, on one port for the whole life of a cloud."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from starlette.types import ASGIApp


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to a loopback address, on which connections are refused until it listens.

    Raises:
        OSError: the port is taken.
    """
    # asyncio sets TCP_NODELAY only where the protocol is named; else an answer takes 40 ms
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


class Listener:
    """Serves an ASGI application on a bound socket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def open(self, bound: socket.socket) -> None:
        """Begin to listen."""
        self._server = _Server(
            uvicorn.Config(
                self._app,
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._serving = asyncio.create_task(self._server.serve(sockets=[bound]))
        await self._server.ready.wait()

    async def close(self) -> None:
        """Stop listening, finish the requests under way (1 s at most) and close connections."""
        if self._server and self._serving:
            self._server.should_exit = True
            await self._serving


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()
