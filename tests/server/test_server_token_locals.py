"""No local variable of a server or a run contains a token, which a debugger would print."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from ui_server import TIMEOUT_S, wait

from jobgroup import RemoteJob

pytestmark = pytest.mark.anyio

_WATCH = """
import sys, threading
from pathlib import Path

FOLDER = Path(__file__).parent
TOKEN = (FOLDER / "token").read_text()
FILES = ("token_pipe.py", "commands/run.py")
DOORS = ("decode", "on_message")  # through which the text of a message comes in

def watch(frame, event, argument):
    name = frame.f_code.co_filename
    is_watched = "jobgroup_server" in name or name.endswith(FILES)
    return look if is_watched and frame.f_code.co_name not in DOORS else None

def look(frame, event, argument):
    for name, value in frame.f_locals.items():
        try:
            is_shown = TOKEN in repr(value)
        except Exception:  # it is not complete yet
            continue
        if is_shown:
            with (FOLDER / "shown").open("a") as file:
                print(frame.f_code.co_filename, frame.f_code.co_name, name, file=file)
    (FOLDER / "looked").touch()
    return look

threading.settrace(watch)
sys.settrace(watch)
"""


@pytest.fixture
def watched(cloud, tmp_path) -> Path:
    """Return a folder whose code records the variables that contain the token."""
    folder = tmp_path / "watch"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_WATCH)
    (folder / "token").write_text(cloud.token)
    return folder


def on_path(folder: Path) -> str:
    """Return Python's path with another folder in front."""
    return os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])


async def test_no_variable_of_server_run_and_decoder_shows_a_token(
    make_group, start_ui, cloud, watched
):
    """A token that is entered in a page is hidden in all processes that get it."""
    make_group("study", {"duration_s": 2})
    ui = start_ui(JOBGROUP_TOKEN="", PYTHONPATH=on_path(watched))
    async with ui.connected("study") as client:
        await client.send(t="open", client=None)
        answer = await client.do("run", mode="sequential", delay=0)
        assert answer["t"] == "result", answer
        needed = await client.until(lambda: client.traits["token_needed"])
        await client.send(t="token", id="t", **needed, token=cloud.token)
        assert "also in 1 run" in (await client.answer("t"))["value"]["text"]
        await client.until(lambda: client.states == {0: "success"})
        assert (await client.do("rerun", positions=[0], replace=False))["t"] == "result"
        assert (await client.ask("results", positions=[0]))["t"] == "result"
    assert (watched / "looked").exists()
    assert not (watched / "shown").exists(), (watched / "shown").read_text()


def test_no_variable_shows_a_token_of_standard_input(make_group, cloud, watched):
    """`jobgroup run --token-stdin` hides what it reads."""
    group = make_group("study", {})
    path = {"PYTHONPATH": on_path(watched)}
    subprocess.run(
        [sys.executable, "-m", "jobgroup", "run", "study", "--wait", "--token-stdin"],
        input=f"{cloud.url} {cloud.token}\n",
        env=os.environ | path,
        text=True,
        check=True,
        timeout=TIMEOUT_S,
    )
    assert group.state.counts == {"success": 1}
    assert (watched / "looked").exists()
    assert not (watched / "shown").exists(), (watched / "shown").read_text()


async def test_token_typed_while_a_run_starts_reaches_it(make_group, start_ui, cloud):
    """A process that has not yet read its long request still gets the token."""
    group = make_group("study", {})
    body = {"command": "probs", "parameters": {"duration_s": 600}}
    group.add_many(RemoteJob(body, platform="test:timer", url=cloud.url) for _ in range(24_000))
    ui = start_ui(JOBGROUP_TOKEN="")
    async with ui.connected("study") as client:
        args = {"positions": [*range(0, 24_000, 2)], "mode": "queue", "concurrent_job_count": 1}
        await client.send(t="command", id="run", name="run", args=args)
        wait(lambda: psutil.Process(ui.process.pid).children())
        await client.send(t="token", id="t", url=cloud.url, account="", token=cloud.token)
        assert (await client.answer("t"))["t"] == "result"
        assert (await client.answer("run"))["t"] == "result"
        wait(lambda: group.state.counts.get("unsent", 0) < 24_001)
        assert (await client.do("stop", cancel=True))["t"] == "result"
