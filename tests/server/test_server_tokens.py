"""Tokens and runs from a page: what a started process gets and what stays hidden."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import anyio
import psutil
import pytest
from ui_server import wait

from jobgroup import GroupBusyError, RemoteJob

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("mode", "before"), [("sequential", ""), ("queue", "expired")])
async def test_token_from_a_page_is_used_by_the_runs_it_starts(
    make_group, start_ui, cloud, data_dir, tmp_path, mode, before
):
    """A server without a valid token asks for one, and the waiting run continues.

    The token stays in memory: no command line, environment, log, file or answer contains it.
    """
    group = make_group("study", {"duration_s": 2})
    ui = start_ui(JOBGROUP_TOKEN=before)
    async with ui.connected("study") as client, ui.connected("study") as other:
        for each in (client, other):
            await each.send(t="open", client=None)
        answer = await client.do("run", mode=mode, delay=0)
        # the second text if the run notices the missing token more than 2 s after its start
        expected = ("Waiting for a token: process", "Sending: process")
        assert answer["value"]["text"].startswith(expected)
        needed = await client.until(lambda: client.traits["token_needed"])
        assert needed == {"url": cloud.url, "account": ""}
        await client.send(t="token", id="t", **needed, token=cloud.token)
        assert "also in 1 run" in (await client.answer("t"))["value"]["text"]
        running = psutil.Process(ui.process.pid).children(recursive=True)
        shown = []
        for process in running:
            with suppress(psutil.NoSuchProcess):  # it has sent all jobs
                shown.append((process.cmdline(), process.environ()))
        await other.until(lambda: not other.traits.get("token_needed"))
        await client.until(lambda: client.states == {0: "success"})
        rerun = await client.do("rerun", positions=[0], replace=False)
        assert rerun["t"] == "result", rerun
        await client.until(lambda: client.states.get(1) == "success")
        seen = repr((shown, client.messages, client.traits, other.messages, other.traits))
    assert cloud.token not in seen
    assert group.state.counts == {"success": 2}
    files = [*tmp_path.rglob("*"), *data_dir.rglob("*")]
    assert not any(cloud.token.encode() in f.read_bytes() for f in files if f.is_file())


async def test_last_token_from_a_page_counts(make_group, ui, cloud):
    """A started run gets the last token, however the cloud's URL was written."""
    make_group("study", {"duration_s": 0.1})
    async with ui.connected("study") as client:
        await client.send(t="open", client=None)
        given = [("/", "expired-1"), ("", "expired-2"), ("/", cloud.token)]
        for n, (end, token) in enumerate(given):
            await client.send(t="token", id=f"t{n}", url=cloud.url + end, account="", token=token)
            assert (await client.answer(f"t{n}"))["t"] == "result"
        await client.do("run", mode="queue")
        await client.until(lambda: client.states == {0: "success"})


async def test_read_only_user_cannot_give_a_token(make_group, start_ui, tmp_path):
    """The server accepts a token only from users who may send."""
    (tmp_path / "reader.py").write_text(
        "from jupyter_server.auth import Authorizer\n"
        "class Reader(Authorizer):\n"
        "    def is_authorized(self, handler, user, action, resource):\n"
        "        return action in ('read', 'write')\n"
    )
    (tmp_path / "jupyter_server_config.py").write_text(
        f"import sys; sys.path.append({str(tmp_path)!r})\n"
        "c.ServerApp.authorizer_class = 'reader.Reader'\n"
    )
    group = make_group("study", {})
    ui = start_ui(JUPYTER_CONFIG_DIR=str(tmp_path))
    async with ui.connected("study") as client:
        await client.send(t="token", id="t", url="https://cloud.example", account="", token="x")
        assert (await client.answer("t"))["code"] == "Forbidden"
        assert (await client.do("describe", text="mine"))["t"] == "result"
        assert (await client.do("run"))["code"] == "Forbidden"
    assert group.state.counts == {"unsent": 1}


async def test_thousands_of_scattered_positions_are_sent(make_group, ui, cloud):
    """Thousands of positions may exceed the length of a command line."""
    group = make_group("study", {})
    group.add_many(_job(cloud.url) for _ in range(12_000))
    chosen = list(range(0, 12_000, 2))
    async with ui.connected("study") as client:
        answer = await client.do("run", positions=chosen, mode="queue")
        assert answer["t"] == "result", answer
        assert (await client.do("stop"))["t"] == "result"
    assert all(job.position % 2 == 0 for job in group if job.attempts)


async def test_old_logs_of_runs_are_removed(make_group, ui):
    """A log that is unchanged for a month is removed when the next run starts."""
    make_group("study", {})
    logs = Path(ui.data_dir) / "logs"
    await anyio.Path(logs).mkdir(exist_ok=True)
    old, recent = logs / "old.log", logs / "recent.log"
    for log, days in ((old, 31), (recent, 29)):
        await anyio.Path(log).write_text("done\n")
        os.utime(log, (time.time() - days * 86400,) * 2)
    async with ui.connected("study") as client:
        assert (await client.do("run", mode="parallel"))["t"] == "result"
    assert not old.exists()
    assert recent.exists()


async def test_a_started_run_keeps_the_server_from_being_culled(make_group, ui):
    """The server counts as active during a run from a page, even if no page is open."""
    make_group("study", {"duration_s": 3600})
    async with ui.connected("study") as client:
        assert (await client.do("run", mode="sequential", delay=0))["t"] == "result"
    left = datetime.now(UTC)

    def is_used() -> bool:
        return datetime.fromisoformat(ui.get("api/status").json()["last_activity"]) > left

    await anyio.to_thread.run_sync(wait, is_used)
    async with ui.connected("study") as client:
        assert (await client.do("stop", cancel=True))["t"] == "result"


async def test_another_data_directory_is_named(make_group, start_ui, tmp_path):
    """A server with another data directory names the missing group and its own directory."""
    make_group("study", {})
    ui = start_ui(JOBGROUP_DATA_DIR=str(tmp_path / "elsewhere"))
    async with ui.connected("study") as client:
        refused = await client.until(
            lambda: next((m for m in client.messages if m["t"] == "refused"), None)
        )
    assert "study" in refused["message"]
    assert str(tmp_path / "elsewhere") in refused["message"]


async def test_group_of_a_newer_layout_is_refused(make_group, ui):
    """The page says that a newer jobgroup wrote it, and the list shows the same problem."""
    make_group("newer", {})
    [file] = Path(ui.data_dir).rglob("newer*.jobgroup")  # noqa: ASYNC240  # no other task waits
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 99")
    async with ui.connected("newer") as client:
        refused = await client.until(
            lambda: next((m for m in client.messages if m["t"] == "refused"), None)
        )
        assert "newer jobgroup" in refused["message"]
    async with ui.connected() as client:
        [listed] = (await client.ask("groups"))["value"]["groups"]
        assert "newer" in listed["error"]
    file.unlink()


def _job(url: str) -> RemoteJob:
    body = {"command": "probs", "parameters": {"duration_s": 0.1}}
    return RemoteJob(body, platform="test:timer", url=url)


async def test_a_run_from_a_page_is_named_as_such(make_group, ui):
    """The error for a second run has the start time of the page's run."""
    group = make_group("study", {"duration_s": 600}, {})
    async with ui.connected("study") as client:
        await client.send(t="open", client=None)
        assert (await client.do("run", mode="sequential", delay=0))["t"] == "result"
        sender = await client.until(lambda: client.traits["sender"])
        assert sender["is_from_page"]
        begun = f"{datetime.fromtimestamp(sender['since']).astimezone():%H:%M}"
        with pytest.raises(
            GroupBusyError, match=f"the run that was started from the page at {begun}"
        ):
            await group.run_parallel_async()
        assert (await client.do("stop", cancel=True))["t"] == "result"


async def test_a_damaged_file_is_left_as_it_is(make_group, ui):
    """The page reports the damage and changes nothing. Only Python sets a damaged file aside."""
    make_group("damaged", {})
    [file] = Path(ui.data_dir).rglob("damaged*.jobgroup")  # noqa: ASYNC240  # no other task waits
    damaged = b"no database" * 1000
    file.write_bytes(damaged)
    async with ui.connected("damaged") as client:
        refused = await client.until(
            lambda: next((m for m in client.messages if m["t"] == "refused"), None)
        )
        assert "is damaged" in refused["message"]
        assert str(file) in refused["message"]
    async with ui.connected() as client:
        assert (await client.ask("groups"))["value"]["groups"][0]["error"]
        await client.send(t="command", id="open", name="open", args={"name": "damaged"})
        assert (await client.answer("open"))["code"] == "CorruptGroupError"
    assert file.read_bytes() == damaged
    file.unlink()
