"""Define fixtures: a group on an embedded cloud, and a browser's end of the comm. Only the page is
not real.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import comm
import pytest
from comm.base_comm import BaseComm

from jobgroup import Dashboard, JobGroup, RemoteJob, set_token
from jobgroup.cloud import EmbeddedCloud

TIMEOUT_S = 180.0


class RecordingComm(BaseComm):
    """Keeps the messages that the kernel sends, as a host gets them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.sent: list[tuple[dict[str, Any], list[Any]]] = []
        super().__init__(*args, **kwargs)

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Any = None,
        buffers: Any = None,
        **keys: Any,
    ) -> None:
        """Keep a sent message."""
        if msg_type == "comm_msg":
            self.sent.append((data, list(buffers or [])))


def decoded(content: dict[str, Any], buffers: list[Any]) -> dict[str, Any]:
    """A message with its rows as a page reads them: a column of values for each name."""
    if "rows" not in content:
        return content
    columns: dict[str, list[Any]] = {}
    for name, column in content["rows"]["columns"].items():
        values = json.loads(bytes(buffers[column["at"]]))
        if "since" in column:
            values = [None if v is None else column["since"] + v / 1e3 for v in values]
        else:
            values = [column["zero"] if v == 0 else v for v in values]
        if not name.endswith("."):
            columns[name] = values
            continue
        objects = [json.loads(text or "{}") for text in values]
        for key in dict.fromkeys(key for each in objects for key in each):
            columns[name + key] = [each.get(key) for each in objects]
    return content | {"rows": {"n": content["rows"]["n"], "columns": columns}}


class Page:
    """The browser's end of a dashboard, which opens views, acknowledges pushes and sends
    requests.
    """

    def __init__(self, dashboard: Dashboard) -> None:
        self.dashboard = dashboard
        self._comm: RecordingComm = dashboard.comm
        self._ids = itertools.count(1)

    def send(self, **content: Any) -> None:
        """Send a message to the kernel."""
        data = {"method": "custom", "content": content}
        self._comm.handle_msg({"content": {"data": data}, "buffers": []})

    def open(self, client: dict[str, Any] | None = None) -> None:
        """Open a view."""
        self.send(t="open", client=client)

    def sync(
        self, *, ack: int = 0, reply: bool = True, client: Any = None, pending: Any = ()
    ) -> None:
        """Report that a view is still open."""
        self.send(t="sync", client=client, ack=ack, pending=list(pending), reply=reply)

    def close(self, *, has_views: bool = True) -> None:
        """Report that no view is open, or that none is left."""
        self.send(t="close", has_views=has_views)

    def do(self, name: str, /, **args: Any) -> dict[str, Any]:
        """Request a command, and return the answer."""
        return self.answer(self.ask_for("command", name, args))

    def ask(self, name: str, /, **args: Any) -> Any:
        """Send a query, and return the content of the answer."""
        return self.answer(self.ask_for("query", name, args))["value"]

    def ask_for(self, tag: str, name: str, args: dict[str, Any], request: str = "") -> str:
        """Send a request, and return its id without waiting."""
        request = request or f"request-{next(self._ids)}"
        self.send(t=tag, id=request, name=name, args=args)
        return request

    def set(self, name: str, value: Any) -> dict[str, Any]:
        """Request a setting, and return the answer."""
        request = f"request-{next(self._ids)}"
        self.send(t="set_trait", id=request, name=name, value=value)
        return self.answer(request)

    def answer(self, request: str) -> dict[str, Any]:
        """The answer to a request."""
        return self.wait(
            lambda: next((m for m in self.messages("result", "error") if m["id"] == request), None)
        )

    def messages(self, *tags: str) -> list[dict[str, Any]]:
        """The messages with these tags, so far."""
        custom = [(d["content"], b) for d, b in list(self._comm.sent) if d["method"] == "custom"]
        return [decoded(content, buffers) for content, buffers in custom if content["t"] in tags]

    def updates(self) -> list[dict[str, Any]]:
        """The traits that were set, so far."""
        return [d["state"] for d, _ in list(self._comm.sent) if d["method"] == "update"]

    def wait_for(self, tag: str, n: int = 1) -> dict[str, Any]:
        """The n-th message with this tag."""
        return self.wait(lambda: self.messages(tag)[n - 1 : n])[0]

    def states(self) -> dict[int, str]:
        """The states of the jobs that a page of snapshots and patches shows."""
        shown: dict[int, str] = {}
        for message in self.messages("snapshot", "patch"):
            columns = message["rows"]["columns"]
            if message["t"] == "snapshot" and message["part"] == 0:
                shown = {}
            shown |= dict(zip(columns.get("position", ()), columns.get("state", ()), strict=True))
        return shown

    def wait(self, condition: Callable[[], Any]) -> Any:
        """Wait for the first true value of a condition, and return it."""
        deadline = time.monotonic() + TIMEOUT_S
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise TimeoutError("it did not come true")
            time.sleep(0.01)
        return value


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    """A cloud whose jobs only take time."""
    with EmbeddedCloud(prewarm=False) as running:
        yield running


@pytest.fixture
def make_group(cloud: EmbeddedCloud, data_dir: Any) -> Iterator[Callable[..., JobGroup]]:
    """Make a group of timer jobs with the given parameters."""
    set_token(cloud.token, url=cloud.url)

    def make(name: str, *jobs: dict[str, Any], command: str = "probs") -> JobGroup:
        group = JobGroup(name)
        group.add_many(
            (
                RemoteJob(
                    {"command": command, "parameters": parameters},
                    platform="test:timer",
                    url=cloud.url,
                ),
                {},
                {"phi": i / 10},
            )
            for i, parameters in enumerate(jobs)
        )
        return group

    yield make
    cloud.faults.clear()


@pytest.fixture
def new_threads() -> Callable[[], list[threading.Thread]]:
    """List the threads of dashboards that did not run before the test.

    Dashboards that earlier tests of the process displayed may keep theirs for ten minutes.
    """
    before = set(threading.enumerate())
    return lambda: [
        thread
        for thread in threading.enumerate()
        if thread.name.startswith("jobgroup-dashboard") and thread not in before
    ]


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Page]]:
    """Open a dashboard and the browser's end of it."""
    monkeypatch.setattr(comm, "create_comm", RecordingComm)
    opened: list[Dashboard] = []

    def open_one(*args: Any, **options: Any) -> Page:
        dashboard = Dashboard(*args, **options)
        opened.append(dashboard)
        return Page(dashboard)

    yield open_one
    for dashboard in opened:
        dashboard.close()
