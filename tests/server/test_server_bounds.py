"""The limits of a view: no slow or greedy browser delays the others."""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import anyio
import pytest
from raw_socket import PING, TEXT, RawSocket
from ui_server import Ui, wait

from jobgroup import RemoteJob

pytestmark = pytest.mark.anyio


@pytest.fixture
def raw() -> Iterator[Callable[..., RawSocket]]:
    """Open raw web sockets, and close them after the test."""
    opened: list[RawSocket] = []

    def connect(ui: Ui, group: str, **options: int) -> RawSocket:
        opened.append(RawSocket(ui, group, **options))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


@contextmanager
def locked(ui: Ui, name: str, *, alone: bool = False) -> Iterator[None]:
    """Lock a group's file as another program may, against writers or against all access."""
    [file] = Path(ui.data_dir).rglob(f"{name}*.jobgroup")
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        if alone:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()


def pings_of(folder: Path, interval_ms: int) -> dict[str, str]:
    """Return the environment of a server that pings its views at an interval."""
    config = f"c.ServerApp.tornado_settings = {{'ws_ping_interval': {interval_ms}}}\n"
    (folder / "jupyter_server_config.py").write_text(config)
    return {"JUPYTER_CONFIG_DIR": str(folder)}


def test_a_browser_that_vanished_is_no_view(make_group, start_ui, tmp_path, raw):
    """If a browser's network is cut, it answers no ping, and the server closes the connection."""
    make_group("study", {})
    ui = start_ui(**pings_of(tmp_path, 500))
    gone = raw(ui, "study")
    gone.send(t="open", client=None)
    pings = 0
    while (frame := gone.read()) is not None:
        pings += frame[0] == PING
    assert pings >= 3


def test_a_browser_whose_pongs_are_late_stays(make_group, start_ui, tmp_path, raw):
    """On a slow line, pings wait behind megabytes, but messages show that the browser is there."""
    make_group("study", {})
    slow = raw(start_ui(**pings_of(tmp_path, 2000)), "study")
    pings = 0
    while pings < 5:
        kind, _ = slow.read() or pytest.fail("closed")
        if kind == PING:
            pings += 1
            slow.send(t="sync", client=None, ack=0, pending=[], reply=False)
    slow.send(t="query", id="still there", name="groups", args={})
    while True:
        kind, payload = slow.read() or pytest.fail("closed")
        if kind == TEXT and json.loads(payload).get("id") == "still there":
            break


async def test_requests_that_wait_are_bounded(make_group, ui):
    """While a file is locked, the number of a view's waiting commands is limited."""
    make_group("study", {})
    async with ui.connected("study") as client:
        await client.until(lambda: client.traits)
        with locked(ui, "study"):
            for i in range(150):
                args = {"text": f"text {i}"}
                await client.send(t="command", id=f"{i}", name="describe", args=args)
            told = "Too many requests of this page are waiting"
            refused = await client.until(
                lambda: [m["id"] for m in client.messages if told in m.get("message", "")]
            )
            assert int(refused[0]) >= 100
        answers = [await client.answer(f"{i}") for i in range(150)]
        assert any(answer["t"] == "result" for answer in answers)
        assert (await client.do("describe", text="last"))["t"] == "result"


async def test_messages_that_wait_are_bounded(ui):
    """While a view opens, up to 10 MB of its messages wait, and more are dropped.

    The group cannot open at first, because another program locks its file.
    """
    command = [sys.executable, "-c", "from jobgroup import JobGroup as G; G('own')"]
    await anyio.run_process(command)
    for _ in range(20):  # on a busy machine, the view closes before all messages have arrived
        if await _drops_some(ui):
            return
    pytest.fail("No message was dropped in 20 attempts.")


async def test_long_commands_do_not_delay_the_end(make_group, start_ui, cloud):
    """Ctrl-C ends the server, even during a command for very many jobs."""
    group = make_group("study", {})
    job = RemoteJob({"command": "probs", "parameters": {}}, platform="test:timer", url=cloud.url)
    group.add_many(job for _ in range(60_000))
    ui = start_ui()
    async with ui.connected("study") as client:
        args = {"positions": [*range(60_000)], "text": "x"}
        await client.send(t="command", id="note", name="annotate", args=args)
        await anyio.to_thread.run_sync(wait, lambda: group[0].note == "x")
        await anyio.to_thread.run_sync(ui.stop, signal.SIGINT)
    assert any(not job.note for job in group)


async def _drops_some(ui: Ui) -> bool:
    """Send 14 MB to a view that cannot open its group, and check that the server survives."""
    async with AsyncExitStack() as views:
        with locked(ui, "own", alone=True):
            client = await views.enter_async_context(ui.connected("own"))
            for i in range(16):
                text = f"{i} {'x' * 900_000}"
                await client.send(t="set_trait", id=f"{i}", name="search", value=text)
            status = await anyio.to_thread.run_sync(ui.get, "api/status")
            assert status.status_code == 200
        await client.until(lambda: any(m["t"] in ("traits", "refused") for m in client.messages))
        if not client.traits:
            return False
        assert (await client.ask("groups"))["t"] == "result"
    answered = [m for m in client.messages if m["t"] == "result" and m["id"].isdigit()]
    assert answered
    return len(answered) < 16
