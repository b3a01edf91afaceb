"""`jobgroup ui` in a separate process, and clients of its web socket."""

from __future__ import annotations

import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
from tornado.httpclient import HTTPRequest
from tornado.httputil import url_concat
from tornado.websocket import WebSocketClientConnection, websocket_connect

TIMEOUT_S = 120.0


def wait(condition: Callable[[], Any]) -> Any:
    """Return the first true value of a condition."""
    give_up = time.monotonic() + TIMEOUT_S
    pause_s = 0.03
    while not (value := condition()):
        assert time.monotonic() < give_up, "it did not come true"
        time.sleep(pause_s)
        pause_s = min(1.2 * pause_s, 0.2)
    return value


class Client:
    """The browser's end of a web socket."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection
        self.is_closed = False
        self.timeout_s = TIMEOUT_S
        self.messages: list[dict[str, Any]] = []
        self.traits: dict[str, Any] = {}
        self.states: dict[int, str] = {}

    async def send(self, **content: Any) -> None:
        """Send a message."""
        await self.connection.write_message(json.dumps(content))

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Read messages until a condition is true, and return its value."""
        with anyio.fail_after(self.timeout_s):
            while not (value := condition()):
                frame = await self.read()
                assert frame is not None, f"closed with {self.connection.close_code}"
                self._take(frame)
        return value

    async def read(self) -> str | bytes | None:
        """Return the next frame, or None once the connection is closed."""
        frame = None if self.is_closed else await self.connection.read_message()
        self.is_closed = frame is None
        return frame

    async def answer(self, request: str) -> dict[str, Any]:
        """Return the answer to a request."""
        found: dict[str, Any] = await self.until(
            lambda: next(
                (m for m in self.messages if m.get("id") == request and m["t"] != "ack"), None
            )
        )
        return found

    async def do(self, name: str, request: str = "", **args: Any) -> dict[str, Any]:
        """Send a command and return its answer."""
        request = request or f"{name}-{len(self.messages)}"
        await self.send(t="command", id=request, name=name, args=args)
        return await self.answer(request)

    async def ask(self, name: str, **args: Any) -> dict[str, Any]:
        """Send a query and return its answer."""
        request = f"ask-{name}-{len(self.messages)}"
        await self.send(t="query", id=request, name=name, args=args)
        return await self.answer(request)

    def _take(self, frame: str | bytes) -> None:
        message, buffers = decoded(frame)
        self.messages.append(message)
        if message["t"] == "traits":
            self.traits |= message["values"]
        if message.get("rows", {}).get("n"):
            columns = message["rows"]["columns"]
            positions, states = (_values(columns[name], buffers) for name in ("position", "state"))
            self.states |= dict(zip(positions, states, strict=True))


def _values(column: dict[str, Any], buffers: list[bytes]) -> list[Any]:
    return [column["zero"] if v == 0 else v for v in json.loads(buffers[column["at"]])]


def decoded(frame: str | bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Return the message and the buffers of a frame."""
    if isinstance(frame, str):
        return json.loads(frame), []
    (count,) = struct.unpack_from(">I", frame)
    parts, at = [], 4 * (count + 1)
    for size in struct.unpack_from(f">{count}I", frame, 4):
        parts.append(frame[at : at + size])
        at += size
    return json.loads(parts[0]), parts[1:]


class Ui:
    """`jobgroup ui` in a separate process."""

    def __init__(self, folder: Path, port: int, *options: str, **environment: str) -> None:
        self.log = folder / "ui.log"
        self._command = [sys.executable, "-m", *self.words(port), "--no-browser", *options]
        homes = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
        self._environment = {**os.environ, **{n: str(folder / n) for n in homes}, **environment}
        self.data_dir = self._environment["JOBGROUP_DATA_DIR"]
        self.start()

    @staticmethod
    def words(port: int) -> list[str]:
        """Return the arguments after `python -m`."""
        return ["jobgroup", "ui", f"--port={port}"]

    def start(self, stdin: int = subprocess.DEVNULL) -> None:
        """Start the server, and read its address and token."""
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=stdin,
                stdout=output,
                stderr=output,
            )
        line = wait(lambda: self._address() or self.process.poll() is not None)
        assert line is not True, self.log.read_text()
        self.url, self.token = line.group("url"), line.group("token")
        wait(self._answers)

    def _address(self) -> re.Match[str] | None:
        pattern = r"(?P<url>http://\S+?)jobgroup/\S*token=(?P<token>\w+)"
        return re.search(pattern, self.log.read_text())

    def _answers(self) -> bool:
        try:
            return self.get("api/status").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str, *, token: str | None = None, **headers: str) -> httpx.Response:
        """Get a path, by default with the correct token."""
        token = self.token if token is None else token
        if token:
            headers["Authorization"] = f"token {token}"
        return httpx.get(f"{self.url}{path}", headers=headers, trust_env=False, timeout=TIMEOUT_S)

    def cookies(self) -> str:
        """Log in as a browser does, and return its cookies."""
        page = f"{self.url}jobgroup/?token={self.token}"
        with httpx.Client(trust_env=False, timeout=TIMEOUT_S, follow_redirects=True) as browser:
            browser.get(page).raise_for_status()
            return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

    def stop(self, request: int = signal.SIGTERM) -> None:
        """End the server."""
        if self.process.poll() is None:
            self.process.send_signal(request)
        self.process.wait(TIMEOUT_S)

    @asynccontextmanager
    async def connected(
        self, group: str = "", *, token: str | None = None, uuid: str = "", **headers: str
    ) -> AsyncIterator[Client]:
        """Connect as a page does."""
        token = self.token if token is None else token
        if token:
            headers["Authorization"] = f"token {token}"
        socket = f"{self.url.replace('http', 'ws', 1)}jobgroup/socket"
        url = url_concat(socket, {"group": group, "uuid": uuid})
        connection = await websocket_connect(HTTPRequest(url, headers=headers))
        client = Client(connection)
        try:
            yield client
        finally:
            connection.close()
            while await client.read() is not None:
                pass  # until the server has closed its end too


class Lab(Ui):
    """JupyterLab as a hub starts it: with a token, XSRF checks, and a blank in its base URL."""

    @staticmethod
    def words(port: int) -> list[str]:
        """Return the arguments after `python -m`."""
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": port,
            "ServerApp.port_retries": 0,
            "ServerApp.base_url": "/user/ada%20lovelace/",
            "ServerApp.allow_root": True,
            "LabApp.news_url": None,
            "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        }
        return ["jupyterlab", *(f"--{name}={value}" for name, value in options.items())]

    def _address(self) -> re.Match[str] | None:
        pattern = r"(?P<url>http://127\S+?/user/ada%20lovelace/)lab\?token=(?P<token>\w+)"
        return re.search(pattern, self.log.read_text())
