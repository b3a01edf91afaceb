"""Tests of a dashboard without a widget: a session with a transport that only keeps messages."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

from jobgroup.dashboard.kernel import CellMonitor
from jobgroup.dashboard.session import DashboardSession


class InMemorySession(DashboardSession):
    """A browser's end in the same process."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        super().__init__(*args, **options)

    def send(self, content: Any, buffers: Any = None) -> None:
        """Keep a message."""
        self.sent.append(content | {"buffers": buffers})

    def wait_for(self, tag: str, **fields: Any) -> dict[str, Any]:
        """The first message with these fields."""
        give_up = time.monotonic() + 180
        while time.monotonic() < give_up:
            for message in list(self.sent):
                if message["t"] == tag and fields.items() <= message.items():
                    return message
            time.sleep(0.01)
        raise TimeoutError(f"no {tag} came")


def test_a_session_shows_and_runs_a_group_over_any_transport(make_group):
    """Rows, a command, a query, a setting and the traits work without a widget or a comm."""
    group = make_group("g", {}, {})
    session = InMemorySession(group, filter="unsent")
    session.receive({"t": "open", "client": None})
    assert session.wait_for("snapshot")["rows"]["n"] == 2
    assert (session.group, session.filter, session.counts) == ("g", "unsent", {"unsent": 2})
    session.receive({"t": "command", "id": "1", "name": "run", "args": {"mode": "parallel"}})
    assert session.wait_for("ack", id="1")["python"] == "jg.run_parallel()"
    assert session.wait_for("result", id="1")["value"]["text"] == "2 sent"
    session.receive({"t": "query", "id": "2", "name": "job", "args": {"position": 1}})
    assert session.wait_for("result", id="2")["value"]["position"] == 1
    session.receive({"t": "set_trait", "id": "3", "name": "search", "value": "lens"})
    session.wait_for("result", id="3")
    assert session.search == "lens"
    give_up = time.monotonic() + 180
    while session.counts != {"success": 2}:
        assert time.monotonic() < give_up, session.counts
        time.sleep(0.01)
    session.wait_for("patch")
    session.end()


def test_a_session_needs_no_widget():
    """A server that carries sessions imports neither anywidget nor ipywidgets."""
    code = (
        "import jobgroup.dashboard.session, sys;"
        "print([n for n in ('anywidget', 'ipywidgets', 'IPython') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_browser_that_is_silent_for_long_counts_as_gone():
    """While a cell runs, the session does not rest, because the kernel then reads no messages."""
    monitor = CellMonitor()
    assert not monitor.is_lost(500.0)
    assert monitor.is_lost(700.0)
    code = (
        "from IPython.core.interactiveshell import InteractiveShell;"
        "shell = InteractiveShell.instance();"
        "shell.run_cell('from jobgroup.dashboard.kernel import CellMonitor; m = CellMonitor()');"
        "shell.run_cell('print(m.is_lost(1e9))')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
