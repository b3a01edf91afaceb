"""The pages inside JupyterLab, with token and XSRF checks, below a base URL with a blank."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import anyio
import httpx
import pytest
from tornado.httpclient import HTTPClientError
from ui_server import TIMEOUT_S

from jobgroup import JobGroup, RemoteJob, __version__
from jobgroup.doctor import Finding, examine

pytestmark = pytest.mark.anyio


def open_terminal(lab) -> None:
    """Open a terminal as JupyterLab does, which forks the server."""
    headers = {"Authorization": f"token {lab.token}"}
    with httpx.Client(headers=headers, trust_env=False, timeout=TIMEOUT_S) as http:
        answer = http.post(f"{lab.url}api/terminals")
        answer.raise_for_status()
        http.delete(f"{lab.url}api/terminals/{answer.json()['name']}")


async def ask_for_status(lab) -> None:
    """Open a terminal and get the server's status."""
    await anyio.to_thread.run_sync(open_terminal, lab)
    status = await anyio.to_thread.run_sync(lab.get, "api/status")
    assert status.status_code == 200


async def test_credentials_are_those_of_the_server(make_group, lab):
    """Without the server's login, there is no page and no socket, and only GET works."""
    make_group("study", {})
    page = lab.get("jobgroup/", token="")
    assert "/login" in page.headers["location"]
    for token in ("", "wrong"):
        with pytest.raises(HTTPClientError) as refused:
            async with lab.connected("study", token=token):
                pass
        assert refused.value.code == 403
    headers = {"Authorization": f"token {lab.token}"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=TIMEOUT_S) as http:
        for path in ("jobgroup/", "jobgroup/version", "jobgroup/socket"):
            assert (await http.post(f"{lab.url}{path}")).status_code == 405


async def test_status_and_terminals_do_not_wait_for_a_locked_file(make_group, lab):
    """While another program writes to a group, the server responds and forks."""
    make_group("locked", {})
    [file] = Path(lab.data_dir).rglob("locked*.jobgroup")  # noqa: ASYNC240  # no other task waits
    async with lab.connected("locked") as client:
        await client.send(t="open", client=None)
        await client.until(lambda: client.states)
        with closing(sqlite3.connect(file, isolation_level=None, timeout=60)) as other:
            other.execute("BEGIN IMMEDIATE")
            await client.send(t="command", id="note", name="describe", args={"text": "x"})
            await anyio.sleep(1)
            await ask_for_status(lab)
            assert not any(m["t"] in ("result", "error") for m in client.messages)
            other.execute("ROLLBACK")
        assert (await client.answer("note"))["t"] == "result"


async def test_status_and_terminals_do_not_wait_for_a_large_group(lab):
    """Status and terminals work while the rows of 30,000 jobs are sent repeatedly."""
    body = {"command": "probs", "parameters": {}}
    job = RemoteJob(body, platform="test:timer", url="http://127.0.0.1:9")
    JobGroup("large").add_many((job, {}, {"phi": i}) for i in range(30_000))
    rounds = snapshots = 0

    async def ask() -> None:
        nonlocal rounds
        while rounds < 5:
            await ask_for_status(lab)
            rounds += 1

    async with lab.connected("large") as client, anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        while rounds < 5:
            client.states.clear()
            await client.send(t="open", client=None)
            await client.until(lambda: len(client.states) == 30_000)
            snapshots += 1
    assert snapshots < 50  # each of the five requests waited for fewer than ten


async def test_status_and_terminals_do_not_wait_for_a_long_list(make_group, lab):
    """Status and terminals work while 1,500 groups are listed."""
    make_group("one", {})
    [file] = Path(lab.data_dir).rglob("one*.jobgroup")  # noqa: ASYNC240  # no other task waits
    for i in range(1_500):
        os.link(file, file.with_name(f"g{i}.jobgroup"))
    answered = 0
    async with lab.connected() as client, anyio.create_task_group() as tasks:

        async def ask() -> None:
            nonlocal answered
            while True:
                await ask_for_status(lab)
                answered += 1
                await anyio.sleep(1)

        tasks.start_soon(ask)
        client.timeout_s = 600  # on a busy machine
        listed = await client.ask("groups")
        tasks.cancel_scope.cancel()
    assert len(listed["value"]["groups"]) >= 1_500
    assert answered


def test_doctor_compares_both_sides(lab, monkeypatch, tmp_path):
    """The doctor shows a server's version, environment and folder, and any differences."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(lab.log.with_name("JUPYTER_RUNTIME_DIR")))

    def server() -> Finding:
        own, found = [each for each in examine() if each.check.startswith("Jupyter")]
        assert own.text.startswith(f"jobgroup {__version__} in {sys.prefix}, groups in ")
        assert own.text.endswith(os.environ["JOBGROUP_DATA_DIR"])
        return found

    same = server()
    assert same.verdict == "ok"
    assert f"jobgroup {__version__} in {sys.prefix}, groups in {lab.data_dir}" in same.text
    assert lab.token not in same.text
    monkeypatch.setenv("JOBGROUP_DATA_DIR", str(tmp_path / "other"))
    assert server().verdict == "warning"
