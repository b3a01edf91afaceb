"""The web socket of `jobgroup ui`: it shows groups, forwards commands and starts runs."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from contextlib import AsyncExitStack
from functools import partial
from itertools import repeat
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import psutil
import pytest
from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketClosedError
from ui_server import TIMEOUT_S, wait

from jobgroup import JobGroup
from jobgroup.dashboard.arguments import COMMANDS

pytestmark = pytest.mark.anyio


async def send_much(client, megabytes) -> None:
    """Make the server send this much, and read nothing."""
    for i in range(megabytes):
        try:
            text = f"{i} {'x' * 900_000}"
            await client.send(t="set_trait", id=f"{i}", name="search", value=text)
        except WebSocketClosedError:
            break


async def test_a_view_shows_rows_and_follows_a_run_of_another_process(make_group, ui):
    """Rows arrive as binary frames, and show what this process runs."""
    group = make_group("study", {"duration_s": 0.2}, {"duration_s": 0.2})
    async with ui.connected("study") as client:
        await client.until(lambda: client.traits.get("group") == "study")
        await client.send(t="open", client=None)
        await client.until(lambda: client.states == {0: "unsent", 1: "unsent"})
        await anyio.to_thread.run_sync(group.run_parallel)
        await client.until(lambda: client.states == {0: "success", 1: "success"})
        await client.until(lambda: client.traits["counts"] == {"success": 2})


async def test_a_run_from_a_page_outlives_the_server(make_group, start_ui):
    """Another process sends the jobs, even after the server was killed."""
    group, ui = make_group("study", {"duration_s": 3600}, {}), start_ui()
    async with ui.connected("study") as client:
        answer = await client.do("run", mode="sequential", delay=0)
        assert answer["t"] == "result", answer
        await anyio.to_thread.run_sync(wait, lambda: group[0].id)
        ui.stop(signal.SIGKILL)
        assert group[1].state == "unsent"
    group.cancel([0])
    ended = {"canceled": 1, "success": 1}
    await anyio.to_thread.run_sync(wait, lambda: group.refresh() or group.state.counts == ended)


async def test_commands_go_to_the_process_that_runs_the_group(make_group, ui, start_run):
    """A run in a terminal is paused, resumed and canceled from a page."""
    group = make_group("study", {"duration_s": 0.3}, *[{"duration_s": 3600}] * 29)
    run = start_run("study", "--delay=0")
    wait(lambda: group.state.counts.get("success"))
    async with ui.connected("study") as client:
        assert (await client.do("pause"))["t"] == "result"
        wait(lambda: group.state.paused)
        assert (await client.do("resume"))["t"] == "result"
        assert (await client.do("annotate", position=29, text="last"))["t"] == "result"
    assert group[29].note == "last"
    assert run.poll() is None


async def test_a_run_that_cannot_start_says_why(make_group, ui):
    """The started process ends, and the page gets its message."""
    group = make_group("study", {})
    group.run_parallel()
    await group.wait_async(timeout=TIMEOUT_S)
    async with ui.connected("study") as client:
        answer = await client.do("rerun", positions=[0], overrides={"unknown": 1})
        assert answer["t"] == "error"
        assert "unknown" in answer["message"]


async def test_results_are_decoded_outside_of_the_server(make_group, ui):
    """The server shows results without Perceval in its process."""
    group = make_group("study", {})
    group.run_parallel()
    await group.wait_async(timeout=TIMEOUT_S)
    async with ui.connected("study") as client:
        answer = await client.ask("results", positions=[0])
        assert answer["t"] == "result", answer
        [found] = answer["value"]["results"]
        assert found["distributions"] or found["error"]
        measured = await client.ask("measured", positions=[0], columns=[])
        assert measured["t"] == "result", measured
        assert (await client.ask("drawing", position=0))["t"] in ("result", "error")
        group.cache.enabled = True
        saved = await client.ask("saved")
        assert "<b>study</b>: 1 done" in saved["value"]["data"]["text/html"], saved
    maps = "".join(m.path for m in psutil.Process(ui.process.pid).memory_maps())
    assert "exqalibur" not in maps


@pytest.mark.parametrize(
    "path", ["api/kernels", "api/contents", "api/terminals", "files/x", "tree"]
)
async def test_only_the_page_is_served(ui, path):
    """The server has no kernels, files or terminals."""
    assert ui.get(path).status_code == 404


async def test_locked_file_does_not_delay_the_server(make_group, ui):
    """While another program writes to a group's file, the server answers others."""
    make_group("locked", {})
    make_group("free", {})
    [file] = Path(ui.data_dir).rglob("locked*.jobgroup")  # noqa: ASYNC240  # no other task waits
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN EXCLUSIVE")
    unlock = threading.Timer(60, connection.rollback)
    unlock.start()
    try:
        async with ui.connected("locked") as waiting, ui.connected("free") as client:
            await waiting.send(t="open", client=None)
            await waiting.send(t="command", id="note", name="describe", args={"text": "x"})
            await client.send(t="open", client=None)
            await client.until(lambda: client.states == {0: "unsent"})
            status = await anyio.to_thread.run_sync(ui.get, "api/status")
            assert status.status_code == 200
            assert connection.in_transaction
    finally:
        unlock.cancel()
        connection.rollback()
        connection.close()


async def test_a_group_of_another_uuid_is_not_shown(make_group, ui):
    """The server shows a notebook's group only if its uuid is the same, not just its name."""
    make_group("study", {})
    async with ui.connected("study", uuid="0" * 32) as client:
        await client.until(lambda: any(m["t"] == "refused" for m in client.messages))
        assert not client.traits
    async with ui.connected("missing") as client:
        refused = await client.until(
            lambda: next((m for m in client.messages if m["t"] == "refused"), None)
        )
        assert "missing" in refused["message"]


async def test_credentials_and_origins_are_checked(make_group, ui):
    """Requests with a missing or wrong token, or from another site, are rejected."""
    make_group("study", {})
    logged_in = {"Cookie": ui.cookies()}
    foreign = {**logged_in, "Origin": "http://evil.example"}
    async with ui.connected("study", token="", **logged_in, Origin=ui.url.rstrip("/")) as client:
        await client.until(lambda: client.traits)
    for token, headers in (("", {}), ("wrong", {}), ("", foreign)):
        with pytest.raises(HTTPClientError) as refused:
            async with ui.connected("study", token=token, **headers):
                pass
        assert refused.value.code == 403
    assert ui.get("jobgroup/version", token="").status_code == 403
    page = ui.get("jobgroup/", token="")
    assert "/login" in page.headers.get("location", "") or page.status_code == 403
    assert ui.get("jobgroup/version", Host="evil.example").status_code == 403


async def test_floods_and_oversized_messages_close_the_view(make_group, ui):
    """A view that sends too much, too fast or invalid JSON is closed, and the others stay."""
    make_group("study", {})
    async with ui.connected("study") as good:
        flood = repeat("{}")  # endless, so the view always closes first
        for frames in ([b"\x00"], ["{"], ["[" * 100_000], ["x" * 2_000_000], flood):
            async with ui.connected("study") as bad:
                for frame in frames:
                    if bad.connection.close_code is not None:
                        break
                    try:
                        await bad.connection.write_message(frame, binary=isinstance(frame, bytes))
                    except Exception:  # noqa: BLE001  (closed in the middle of it)
                        break
                with anyio.fail_after(60):
                    while await bad.read() is not None:
                        pass
        await good.send(t="open", client=None)
        await good.until(lambda: good.states)


async def test_page_has_a_strict_policy_and_no_other_host(ui):
    """The page loads everything from the server."""
    page = ui.get("jobgroup/?group=%22%3E%3Cscript%3E")
    policies = page.headers.get_list("Content-Security-Policy")
    assert any("default-src 'none'" in policy for policy in policies)
    assert "<script>" not in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text


async def test_deleted_or_unknown_group_is_reported(make_group, ui):
    """The view of a deleted group says so."""
    make_group("study", {})
    async with ui.connected("study") as client:
        await client.send(t="open", client=None)
        await client.until(lambda: client.states)
        JobGroup.delete_job_group("study")
        await client.until(lambda: client.traits["deleted"])


async def test_restarted_server_keeps_its_address_and_logins(make_group, start_ui):
    """Ctrl-C ends the server without a prompt, and earlier cookies are valid on the next one."""
    make_group("study", {})
    ui = start_ui()
    cookies, url = ui.cookies(), ui.url
    ui.stop(signal.SIGINT)
    ui.start()
    assert ui.url == url
    async with ui.connected("study", token="", Cookie=cookies) as client:
        await client.until(lambda: client.traits.get("group") == "study")


def test_ctrl_c_in_a_terminal_ends_the_server(start_ui):
    """It asks no question, although standard input is a terminal without a user."""
    ui = start_ui()
    ui.stop()
    ours, terminal = os.openpty()
    try:
        ui.start(stdin=terminal)
        ui.stop(signal.SIGINT)
    finally:
        os.close(ours)
        os.close(terminal)


def test_the_printed_address_opens_the_group(make_group, start_ui):
    """It names the group and the token, each as a part of its query."""
    make_group("hom map", {})
    ui = start_ui("hom map")
    [address] = [line for line in ui.log.read_text().splitlines() if line.startswith("http")]
    assert parse_qs(urlsplit(address).query) == {"group": ["hom map"], "token": [ui.token]}


@pytest.mark.parametrize("command", ["run", "rerun"])
async def test_a_command_for_no_job_sends_none(make_group, ui, command):
    """An empty selection does not mean all jobs."""
    group = make_group("study", {}, {})
    async with ui.connected("study") as client:
        answer = await client.do(command, positions=[])
        assert answer["t"] == "error"
        assert "Nothing was sent" in answer["message"]
    assert group.state.counts == {"unsent": 2}


@pytest.mark.parametrize("command", ["run", "rerun"])
async def test_positions_of_outdated_rows_send_nothing(make_group, ui, command):
    """The started process rejects positions of rows that the page no longer has."""
    group = make_group("study", {})
    group.run_parallel()
    await group.wait_async(timeout=TIMEOUT_S)
    make_group("study", {})
    async with ui.connected("study") as client:
        args = {"positions": [0 if command == "rerun" else 1], "mode": "queue"}
        await client.send(t="command", id="x", name=command, args=args, epoch="of before")
        assert (await client.answer("x"))["t"] == "error"
    assert [len(job.attempts) for job in group] == [1, 0]


async def test_jobs_are_rerun_one_after_the_other_from_a_page(make_group, ui):
    """The page's form with a delay works for reruns too."""
    group = make_group("study", {})
    group.run_parallel()
    await group.wait_async(timeout=TIMEOUT_S)
    async with ui.connected("study") as client:
        answer = await client.do("rerun", positions=[0], mode="sequential", delay=0)
        assert answer["t"] == "result", answer
    await anyio.to_thread.run_sync(wait, lambda: group.state.counts == {"success": 2})


async def test_a_view_acts_on_its_group_and_not_on_another_of_the_same_name(make_group, ui):
    """After a group was replaced, its view does not show, send or delete the new one."""
    make_group("study", {})
    async with ui.connected("study") as client:
        await client.until(lambda: client.traits)
        JobGroup.delete_job_group("study")
        replacement = make_group("study", {}, {})
        answers = [await client.do("run"), await client.do("delete")]
        answers.append(await client.ask("results", positions=[0]))
        assert [answer["code"] for answer in answers] == ["GroupDeletedError"] * 3
    assert replacement.state.counts == {"unsent": 2}
    assert JobGroup.list_existing() == ["study"]


async def test_list_for_the_sidebar_needs_a_login_and_is_sent_once(make_group, ui):
    """Each group has its counts, and a browser that has the list gets no body."""
    make_group("study", {})
    answer = ui.get("jobgroup/groups")
    (study,) = answer.json()["groups"]
    assert (study["name"], study["counts"]) == ("study", {"unsent": 1})

    def known() -> httpx.Response | None:
        tag = ui.get("jobgroup/groups").headers["ETag"]
        again = ui.get("jobgroup/groups", **{"If-None-Match": tag})
        return again if again.status_code == 304 else None  # otherwise the file has grown

    assert wait(known).content == b""
    assert ui.get("jobgroup/groups", token="").status_code == 403


async def test_malformed_names_leave_the_view_open(make_group, ui):
    """A command whose name is not a string is rejected, and the next one is answered."""
    make_group("study", {})
    async with ui.connected("study") as client:
        for name in ([], {}, None, 1):
            await client.send(t="command", id="x", name=name, args={})
        assert (await client.ask("groups"))["t"] == "result"


async def test_a_name_with_blanks_around_it_is_opened(make_group, ui):
    """The server uses the name in the address unchanged."""
    make_group(" study ", {})
    async with ui.connected(" study ") as client:
        await client.until(lambda: client.traits.get("group") == " study ")


async def test_a_view_that_never_reads_is_closed(make_group, ui):
    """Unread answers do not fill the server's memory."""
    make_group("study", {})
    async with ui.connected("study") as client:
        await client.until(lambda: client.traits)
        await send_much(client, 190)
        await anyio.to_thread.run_sync(wait, lambda: "reads too slowly" in ui.log.read_text())
    assert ui.get("api/status").status_code == 200


async def test_views_that_never_read_share_a_bound(make_group, ui):
    """Many such views do not fill the server's memory, and a view that reads stays."""
    make_group("study", {})
    before = ui.log.read_text().count("reads too slowly")
    async with AsyncExitStack() as views, ui.connected("study") as good:
        for _ in range(8):  # 650 MB, because the system's buffers may take half of it
            await send_much(await views.enter_async_context(ui.connected("study")), 90)
        closed = partial(wait, lambda: ui.log.read_text().count("reads too slowly") > before)
        await anyio.to_thread.run_sync(closed)
        assert (await good.ask("groups"))["t"] == "result"


async def test_long_ids_are_refused(make_group, ui):
    """Long ids are rejected, because the view keeps its ids until it closes."""
    make_group("study", {})
    async with ui.connected("study") as client:
        await client.send(t="query", id="x" * 1000, name="groups", args={})
        assert (await client.ask("groups"))["t"] == "result"
    assert not any(len(message.get("id", "")) > 200 for message in client.messages)


async def test_an_answer_that_has_arrived_is_not_kept(make_group, ui):
    """Repeated requests for long lists of groups do not fill the server's memory."""
    make_group("study", {})
    async with ui.connected("study") as client:
        await client.send(t="open", client=None)
        sync = {"t": "sync", "client": None, "ack": 0, "reply": False}
        await client.send(t="query", id="q", name="groups", args={})
        await client.answer("q")
        await client.send(**sync, pending=["q"])
        await client.until(lambda: sum(m.get("id") == "q" for m in client.messages) == 3)
        await client.send(**sync, pending=[])
        await client.send(**sync, pending=["q"])
        await client.ask("groups")
    assert (
        sum(m.get("id") == "q" for m in client.messages) == 3
    )  # acknowledged, answered, and answered again


async def test_read_only_authorizer_is_respected(make_group, start_ui, tmp_path):
    """A user who may only read sees the rows and changes nothing."""
    (tmp_path / "reader.py").write_text(
        "from jupyter_server.auth import Authorizer\n"
        "class Reader(Authorizer):\n"
        "    def is_authorized(self, handler, user, action, resource):\n"
        "        return action == 'read'\n"
    )
    config = f"import sys; sys.path.append({str(tmp_path)!r})\n"
    config += "c.ServerApp.authorizer_class = 'reader.Reader'\n"
    config += "c.ServerApp.base_url = '/user/ada%20lovelace/'\n"
    (tmp_path / "jupyter_server_config.py").write_text(config)
    group = make_group("study", {})
    ui = start_ui(JUPYTER_CONFIG_DIR=str(tmp_path))
    assert ui.url.endswith("/user/ada%20lovelace/")
    assert ui.get("jobgroup/").status_code == 200
    async with ui.connected("study") as client:
        await client.send(t="open", client=None)
        await client.until(lambda: client.states == {0: "unsent"})
        for command in (*COMMANDS, "unknown"):
            if command != "open":
                assert (await client.do(command))["code"] == "Forbidden"
        await client.send(t="set_trait", id="s", name="search", value="x")
        assert (await client.answer("s"))["code"] == "Forbidden"
    assert group.state.counts == {"unsent": 1}


async def test_two_pages_that_rerun_a_job_at_once_get_their_own_outcome(make_group, ui):
    """If a page's run sent the job, the page does not get the other page's error."""
    group = make_group("study", {})
    group.run_parallel()
    await group.wait_async(timeout=TIMEOUT_S)
    async with ui.connected("study") as one, ui.connected("study") as two:
        for client in (one, two):
            await client.send(t="command", id="x", name="rerun", args={"positions": [0]})
        answers = [await client.answer("x") for client in (one, two)]
    over = partial(wait, lambda: len(group) >= 2 and group.state.sender is None)
    await anyio.to_thread.run_sync(over)
    sent = [answer for answer in answers if answer["t"] == "result"]
    # the second one may join the first, be rejected by it, or follow it
    assert 2 <= len(group) <= 3, answers
    assert not any("not sent" in answer["value"]["text"] for answer in sent)


async def test_a_view_that_answers_pings_stays_open(make_group, start_ui, tmp_path):
    """Several pings later, the first connection still answers."""
    config = "c.ServerApp.tornado_settings = {'ws_ping_interval': 3000}\n"
    (tmp_path / "jupyter_server_config.py").write_text(config)
    make_group("study", {})
    ui = start_ui(JUPYTER_CONFIG_DIR=str(tmp_path))

    async def stays_open() -> bool:
        async with ui.connected("study") as client:
            with anyio.move_on_after(10):  # more than three pings
                while await client.read() is not None:
                    pass
            return not client.is_closed and (await client.ask("groups"))["t"] == "result"

    # a busy machine may answer one ping too late
    assert await stays_open() or await stays_open() or await stays_open()


async def test_more_views_than_files_can_be_open_are_refused(make_group, ui):
    """Open views continue, and closing one makes room."""
    make_group("study", {})
    async with AsyncExitStack() as views, ui.connected("study") as first:
        refused = False
        while not refused:
            client = await views.enter_async_context(ui.connected("study"))
            refused = await client.read() is None
        assert client.connection.close_code == 1013
        assert (await first.ask("groups"))["t"] == "result"
    async with ui.connected("study") as client:
        await client.until(lambda: client.traits)
