"""Canceling from a server without a token, which the process that runs the group does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from ui_server import TIMEOUT_S, wait

pytestmark = pytest.mark.anyio

_HANGS = """
import ctypes, sys, time
from jobgroup import JobGroup
from jobgroup.group import engine_session

group = JobGroup.open("study")
group.start(delay=0)
while not group.state.counts.get("running"):
    time.sleep(0.05)
session = engine_session(group)

async def hang():
    # in the thread of all its transactions, so that none is open; and with the interpreter's lock
    await session.in_thread(lambda: print("hangs", flush=True) or ctypes.PyDLL(None).sleep(600))

session.start(hang).result()
"""


@pytest.fixture
def hanging_holder(cloud) -> Iterator[Callable[[], int]]:
    """Start a process that runs the group, wait until it hangs, and return its pid."""
    code = f"from jobgroup import set_token; set_token({cloud.token!r}, url={cloud.url!r}){_HANGS}"
    started: list[subprocess.Popen[bytes]] = []

    def start() -> int:
        started.append(subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE))
        assert started[-1].stdout is not None
        assert started[-1].stdout.readline() == b"hangs\n"
        return started[-1].pid

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=TIMEOUT_S)


async def test_the_process_that_runs_the_group_cancels(make_group, start_ui, start_run):
    """The server has no token, but the run in another process has one."""
    group = make_group("study", {"duration_s": 600}, {"duration_s": 600})
    start_run("study", "--delay=0")
    wait(lambda: group.state.counts.get("running"))
    ui = start_ui(JOBGROUP_TOKEN="")
    async with ui.connected("study") as client:
        answer = await client.do("cancel", positions=[0])
        assert answer["t"] == "result", answer
        assert answer["value"]["done"] == [0]
        assert not answer["value"]["failed"]
    wait(lambda: [job.state for job in group] == ["canceled", "running"])


async def test_without_such_a_process_the_page_asks_for_a_token(make_group, start_ui, cloud):
    """The answer says that no token is known, and the token's field appears."""
    group = make_group("study", {"duration_s": 600})
    group.run_parallel()
    ui = start_ui(JOBGROUP_TOKEN="")
    async with ui.connected("study") as client:
        await client.send(t="open", client=None)
        answer = await client.do("cancel", positions=[0])
        assert "No token is known" in answer["value"]["failed"]["0"]
        needed = await client.until(lambda: client.traits.get("token_needed"))
        await client.send(t="token", id="t", **needed, token=cloud.token)
        assert (await client.answer("t"))["t"] == "result"
        assert (await client.do("cancel", positions=[0]))["value"]["done"] == [0]
        await client.until(lambda: client.states == {0: "canceled"})
        await client.until(lambda: not client.traits["token_needed"])


async def test_a_process_that_hangs_does_not_block_cancel(make_group, start_ui, hanging_holder):
    """The answer says that the process that runs the group does not respond."""
    make_group("study", {"duration_s": 600}, {})
    pid = hanging_holder()
    ui = start_ui(JOBGROUP_TOKEN="")
    async with ui.connected("study") as client:
        answer = await client.do("cancel", positions=[0])
    assert answer["value"]["done"] == []
    why = answer["value"]["failed"]["0"]
    assert "No token is known" in why
    assert f"process {pid}" in why
    assert "has not responded" in why
