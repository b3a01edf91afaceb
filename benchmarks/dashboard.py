"""The dashboard's load on the kernel, and the time that the page waits for it.

The page is a real JupyterLab in Chromium, and needs the packages of the browser tests. Name the
folder of an earlier version to measure both versions in turns:

    pip install --no-deps --target before jobgroup-0.1.0-py3-none-any.whl
    JOBGROUP_BENCH_BEFORE=before python benchmarks/run.py --rows dashboard
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from cProfile import Profile
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import groups
from report import Line, Result, Variant

CHANGED = 200
CHANGES = 40
REPEATS = 5
BEFORE = "JOBGROUP_BENCH_BEFORE"
HOSTS = Path(__file__).parents[1] / "tests" / "hosts"


def lines(*, quick: bool) -> Iterator[Line]:
    """Yield every size of these measures."""
    sizes = (1000, 10_000) if quick else (1000, 10_000, 100_000)
    for count in sizes:
        yield Line(
            f"dashboard: first snapshot of {count:,} jobs, Python's lock held",
            Variant(snapshot, (count,)),
            jobs=count,
            series="snapshot",
            at_most=0.1,
        )
    for count in sizes:
        yield Line(
            f"dashboard: patch of {CHANGED} rows of {count:,}",
            Variant(patch, (count,)),
            peers=_before(patch, count),
            jobs=count,
            series="patch",
            at_most=0.002,
        )
    yield Line(
        f"dashboard: state in a saved notebook, {sizes[-1]:,} jobs",
        Variant(state, (sizes[-1],)),
        unit="B",
        at_most=50_000,
    )
    yield Line(
        "dashboard: code of the page, compressed",
        Variant(bundle),
        peers=_before(bundle),
        unit="B",
        at_most=100_000,
    )
    if find_spec("playwright") and find_spec("jupyterlab"):
        for count in sizes[::2]:
            yield Line(
                f"dashboard: first paint of {count:,} jobs in JupyterLab, from running the cell",
                Variant(first_paint, (count, SHOWN)),
                {"an anywidget with one line": Variant(first_paint, (0, BARE))},
                _before(first_paint, count, SHOWN),
                jobs=count,
                series="paint",
                at_most=2.0,
            )
            yield Line(
                f"dashboard: from the store to the page, 95th percentile, {count:,} jobs",
                Variant(to_page, (count,), once=True),
                peers=_before(to_page, count, once=True),
                at_most=0.4,
            )
        yield Line(
            f"dashboard: longest frame while {sizes[-1]:,} jobs scroll",
            Variant(frames, (sizes[-1],), once=True),
            peers=_before(frames, sizes[-1], once=True),
            at_most=0.033,
        )


def _before(run: Callable[..., Result], *args: Any, once: bool = False) -> dict[str, Variant]:
    """Return the same measure for the version in the named folder, if there is one."""
    folder = os.environ.get(BEFORE)
    return {"before": Variant(_of_folder, (folder, run, *args), once)} if folder else {}


def _of_folder(folder: str, run: Callable[..., Result], *args: Any) -> Result:
    path = str(Path(folder).absolute())
    sys.path.insert(0, path)
    os.environ["PYTHONPATH"] = path  # of the kernel
    return run(*args)


def bundle() -> Result:
    """Measure the bytes that each widget sends to its page, with `whole B` before compression."""
    from importlib.resources import files

    code = (files("jobgroup.dashboard") / "static" / "widget.js").read_bytes()
    return Result(len(gzip.compress(code, 9)), {"whole B": len(code)})


def first_paint(count: int, cell: str) -> Result:
    """Measure the time from running a cell, after its imports, to the page's first row."""
    with _page(count, PREPARED, cell) as notebook:
        notebook.run(0)
        return Result(notebook.page.evaluate(RUN_AND_WATCH) / 1e3)


def snapshot(count: int) -> Result:
    """Measure the processor time with Python's lock held. `cpu ms` is the total."""
    dashboard, wire = _shown(count)
    taken, spent = [], []
    for _ in range(REPEATS):
        began = time.thread_time()
        _send_all(dashboard, count)
        spent.append(time.thread_time() - began)
        taken.append(_outside_sqlite(dashboard, count))
    kilobytes = wire.bytes_of_rows / (2 * REPEATS) / 1e3
    seen = {"cpu ms": statistics.median(spent) * 1e3, "kB": kilobytes}
    dashboard.close()
    return Result(statistics.median(taken), seen)


def _outside_sqlite(dashboard: Any, count: int) -> float:
    """Return the time without SQLite, which releases the lock.

    There are only a few calls, so the profiler's own time is negligible.
    """
    profile = Profile(time.thread_time)
    profile.runcall(_send_all, dashboard, count)
    calls = {str(each.code): each.inlinetime for each in profile.getstats()}
    return sum(s for code, s in calls.items() if "_Connection.execute" not in code)


def _send_all(dashboard: Any, count: int, since: int = -1, version: int = 1) -> None:
    """Do the work of the dashboard's thread when a page reports its rows."""
    from jobgroup.dashboard.protocol import Push

    push = Push(n=1, epoch="e", since=since, version=version, total=count)
    for message, buffers in dashboard.read_rows(push):
        dashboard.send(message, buffers)


def patch(count: int) -> Result:
    """Measure the processor time to read the rows and send the message."""
    dashboard, wire = _shown(count)
    group = dashboard.shown
    before = group.state.version
    for i in range(CHANGED):
        group[i].note = "changed"
    after = group.state.version
    wire.bytes_of_rows, took = 0, []
    for _ in range(10):
        began = time.thread_time()
        _send_all(dashboard, count, before, after)
        took.append(time.thread_time() - began)
    assert wire.rows == CHANGED
    return Result(statistics.median(took), {"kB": wire.bytes_of_rows / len(took) / 1e3})


def state(count: int) -> Result:
    """Measure the state that a host may save, with half of the jobs selected, and the code."""
    dashboard, _ = _shown(count)
    dashboard.selected = list(range(0, 1000, 2))
    held = dashboard.get_state()
    code = len(held.pop("_esm"))
    html = len(dashboard._repr_mimebundle_()[0]["text/html"])
    return Result(len(json.dumps(held, default=str)) + html, {"html B": html, "code B": code})


def _fill(count: int) -> None:
    """Fill a group whose jobs have all succeeded."""
    from jobgroup.store import GroupStore, NewJob, Target
    from jobgroup.store.paths import group_path

    target = Target("quandela", groups.URL, "", "sim:altair")
    store = GroupStore(group_path("shown"), create="shown")
    store.add(
        NewJob(
            name="sample_count",
            target=target,
            body={"platform_name": "sim:altair", "payload": {"command": "sample_count"}},
            params={"command": "sample_count", "max_samples": 10_000},
            labels={"phi": i / 100, "circuit": ("Ralph CNOT", "Knill CNOT")[i % 2]},
            remote_ids=[str(uuid.uuid4())],
            state="success",
        )
        for i in range(count)
    )
    store.close()


def _shown(count: int) -> tuple[Any, Any]:
    import comm
    from comm.base_comm import BaseComm

    from jobgroup import Dashboard, JobGroup

    class Wire(BaseComm):
        """The host's end of the comm, which counts the bytes of rows."""

        bytes_of_rows = 0
        rows = 0

        def publish_msg(
            self, msg_type: str, data: Any = None, buffers: Any = None, **_: Any
        ) -> None:
            """Receive a message."""
            content = data.get("content", {}) if msg_type == "comm_msg" else {}
            if "rows" in content:
                self.rows = content["rows"]["n"]
                self.bytes_of_rows += len(json.dumps(content)) + sum(
                    b.nbytes for b in buffers or ()
                )

    comm.create_comm = Wire
    _fill(count)
    dashboard = Dashboard(JobGroup("shown"))
    return dashboard, dashboard.comm


def to_page(count: int) -> Result:
    """Measure the time from writing a note to the file until a frame of the page shows it."""
    with _page(count, CELL) as notebook:
        _show(notebook)
        row = notebook.page.get_by_test_id("row-0").element_handle()
        waits = []
        for i in range(CHANGES):
            notebook.page.evaluate(WATCH, [row, f"change {i}."])
            began = notebook.evaluate(f"change('change {i}.')")
            notebook.page.wait_for_function("window.seenAt > 0")
            waits.append(notebook.page.evaluate("window.seenAt") / 1e3 - began)
            time.sleep(0.1 * (i % 7))
    seen = {"median ms": statistics.median(waits) * 1e3}
    return Result(statistics.quantiles(waits, n=20)[-1], seen)


def frames(count: int) -> Result:
    """Scroll by more than a screen per frame, from the first job to the last and back."""
    with _page(count, CELL) as notebook:
        _show(notebook)
        scroller = notebook.page.get_by_test_id("grid").element_handle()
        at = notebook.page.evaluate(SCROLL, scroller)
    gaps = sorted(b - a for a, b in pairwise(at))
    middle = {"median ms": statistics.median(gaps), "99 % ms": gaps[len(gaps) * 99 // 100]}
    return Result(gaps[-1] / 1e3, middle)


@contextmanager
def _page(count: int, *cells: str) -> Iterator[Any]:
    """Open a notebook whose last cell shows a group."""
    sys.path.insert(0, str(HOSTS))
    from playwright.sync_api import sync_playwright

    from harness.browser import launched
    from harness.jupyter import serving_jupyter

    root = Path.cwd() / "jupyter"
    root.mkdir()
    with (
        serving_jupyter(root) as server,
        sync_playwright() as playwright,
        launched(playwright) as browser,
    ):
        os.environ["JOBGROUP_DATA_DIR"] = str(server.data_dir)
        _fill(count)
        with server.open(browser, cells) as notebook:
            yield notebook


def _show(notebook: Any) -> None:
    notebook.run_all()
    notebook.page.get_by_test_id("row-0").wait_for()
    time.sleep(2)  # the last part of the snapshot


PREPARED = """
import anywidget
from jobgroup import Dashboard, JobGroup
jg = JobGroup("shown")

class Bare(anywidget.AnyWidget):
    _esm = "export default { render: ({ el }) => { el.innerHTML = '<p data-testid=row-0>1</p>' } }"
"""
SHOWN = "Dashboard(jg)"
BARE = "Bare()"
RUN_AND_WATCH = """
() => new Promise((resolve) => {
  jupyterapp.shell.currentWidget.content.activeCellIndex = 1;
  const began = performance.now();
  void jupyterapp.commands.execute("notebook:run-cell");
  const look = (now) => {
    const views = [...document.querySelectorAll(".jobgroup-view > *")];
    const places = [document, ...views.flatMap(({ shadowRoot }) => shadowRoot ?? [])];
    if (places.some((place) => place.querySelector("[data-testid=row-0]")))
      resolve(now - began);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})
"""
CELL = """
import time
from jobgroup import Dashboard, JobGroup
jg = JobGroup("shown")

def change(text):
    began = time.time()
    jg[0].note = text
    return began

Dashboard(jg, columns=["note"])
"""
WATCH = """
([row, text]) => {
  window.seenAt = 0;
  const look = () => {
    if (row.textContent.includes(text)) window.seenAt = Date.now();
    else requestAnimationFrame(look);
  };
  look();
}
"""
SCROLL = """
(grid) => new Promise((resolve) => {
  const at = [];
  const step = (grid.scrollHeight - grid.clientHeight) / 300;
  const frame = (now) => {
    at.push(now);
    const turns = at.length;
    if (turns > 600) return resolve(at.slice(1));
    grid.scrollTop = step * (turns <= 300 ? turns : 600 - turns);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})
"""
