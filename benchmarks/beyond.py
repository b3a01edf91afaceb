"""The dashboard's server: its status while groups are busy, and the cost of open views."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import groups
import httpx
import psutil
from report import Line, Result, Variant
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

TOKEN = "of-the-benchmark"
QUICK, FULL = (1_000, 100), (100_000, 10_000)


def lines(*, quick: bool) -> Iterator[Line]:
    """Yield every measure of the server."""
    jobs, count = QUICK if quick else FULL
    for what, busy, size in (
        ("nothing else goes on", idle, 0),
        ("a group's file is locked", locked, 0),
        (f"{jobs:,} jobs are sent to a page", snapshots, jobs),
        (f"{count:,} groups are listed", listed, count),
    ):
        yield Line(
            f"server: /api/status while {what}",
            Variant(status, (busy, size), once=True),
            at_most=0.1,
        )
    for views in (0, 1, 20):
        yield Line(
            f"server: memory with {views} views of a group of 1,000 jobs",
            Variant(memory, (views,), once=True),
            unit="MB",
        )


def status(busy: Callable[..., Awaitable[None]], size: int) -> Result:
    """Measure the median of 20 responses, each after opening a terminal."""
    return asyncio.run(_status(busy, size))


async def _status(busy: Callable[..., Awaitable[None]], size: int) -> Result:
    took: list[float] = []
    names: list[str] = []
    async with running() as (url, _), httpx.AsyncClient(trust_env=False, timeout=60) as http:
        headers = {"Authorization": f"token {TOKEN}"}
        task = asyncio.ensure_future(busy(url, size))
        await asyncio.sleep(2)
        for _ in range(20):
            opened = asyncio.ensure_future(http.post(f"{url}api/terminals", headers=headers))
            began = time.perf_counter()
            (await http.get(f"{url}api/status", headers=headers)).raise_for_status()
            took.append(time.perf_counter() - began)
            names.append((await opened).json()["name"])
            await asyncio.sleep(0.1)
        task.cancel()
        for name in names:  # now, because Jupyter Server sleeps for 0.1 s when it closes one
            await http.delete(f"{url}api/terminals/{name}", headers=headers)
    return Result(statistics.median(took), {"longest s": max(took)})


def memory(views: int) -> Result:
    """Measure the server's processor time and its memory 10 s after the views were opened."""
    return asyncio.run(_memory(views))


async def _memory(views: int) -> Result:
    groups.fill("study", 1000)
    async with running() as (url, process):
        opened = [asyncio.ensure_future(view(url, "study")) for _ in range(views)]
        await asyncio.sleep(10)
        before = sum(process.cpu_times()[:2])
        await asyncio.sleep(10)
        used_s = sum(process.cpu_times()[:2]) - before
        seen = {"processor ms per s": used_s * 100, "threads": process.num_threads()}
        held = process.memory_full_info().uss / 1e6
        for each in opened:
            each.cancel()
    return Result(held, seen)


async def idle(_url: str, _size: int) -> None:
    """Do nothing."""


async def locked(url: str, _size: int) -> None:
    """Write to a group that another program keeps locked."""
    groups.fill("locked", 10)
    [file] = Path(os.environ["JOBGROUP_DATA_DIR"]).rglob("locked*.jobgroup")  # noqa: ASYNC240  # no other task waits
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        page = await connect(url, "locked")
        for i in range(1000):
            await send(page, t="command", id=str(i), name="describe", args={"text": "x"})
            await asyncio.sleep(1)
    finally:
        connection.close()


async def snapshots(url: str, size: int) -> None:
    """Request all rows repeatedly."""
    groups.fill("large", size)
    page = await connect(url, "large")
    while True:
        await send(page, t="open", client=None)
        while b'"snapshot"' not in _bytes(await page.read_message()):
            pass


async def listed(url: str, size: int) -> None:
    """Request the list of all groups repeatedly."""
    groups.fill("one", 1)
    [file] = Path(os.environ["JOBGROUP_DATA_DIR"]).rglob("one*.jobgroup")  # noqa: ASYNC240  # no other task waits
    for i in range(size):
        os.link(file, file.with_name(f"g{i}.jobgroup"))
    page = await connect(url, "")
    for i in range(1000):
        await send(page, t="query", id=str(i), name="groups", args={})
        while b'"result"' not in _bytes(await page.read_message()):
            pass


async def view(url: str, group: str) -> None:
    """Show a group like a page, and report every 5 s that the view is open."""
    page = await connect(url, group)
    await send(page, t="open", client=None)
    while True:
        await asyncio.sleep(5)
        await send(page, t="sync", client=None, ack=1, pending=[], reply=False)


async def connect(url: str, group: str) -> WebSocketClientConnection:
    """Open the web socket of a view."""
    address = f"{url.replace('http', 'ws')}jobgroup/socket?group={group}"
    headers = {"Authorization": f"token {TOKEN}"}
    return await websocket_connect(HTTPRequest(address, headers=headers))


async def send(page: WebSocketClientConnection, **content: Any) -> None:
    """Send a message."""
    await page.write_message(json.dumps(content))


def _bytes(frame: str | bytes | None) -> bytes:
    if frame is None:
        raise ConnectionError("The server closed the view.")
    return frame if isinstance(frame, bytes) else frame.encode()


@asynccontextmanager
async def running() -> Any:
    """Run Jupyter Server with the extension and terminals; yield its URL and its process."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = {
        "ServerApp.port": port,
        "ServerApp.allow_root": True,
        "ServerApp.open_browser": False,
        "ServerApp.jpserver_extensions": "jobgroup_server=True",
        "IdentityProvider.token": TOKEN,
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    process = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-m", "jupyter_server", *words]
    )
    url = f"http://127.0.0.1:{port}/"
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            while True:
                try:
                    await http.get(f"{url}api")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        yield url, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()
