"""A cell that runs many times leaves nothing behind in a real kernel."""

import pytest
from playwright.sync_api import Browser, expect

from harness.groups import cloud, group
from harness.jupyter import JupyterServer

pytestmark = pytest.mark.hosts

OPEN = """
import contextlib, gc, os, threading
from comm import get_comm_manager
from jobgroup import Dashboard
from jobgroup.dashboard import view_timeout
view_timeout.VIEW_CHECK_INTERVAL_S = 0.2

def held():
    gc.collect()
    names = [t.name for t in threading.enumerate() if t.name.startswith("jobgroup")]
    files = []
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # another thread closed it meanwhile
            files.append(os.readlink(f"/proc/self/fd/{number}"))
    return [
        sum(isinstance(each, Dashboard) and each.comm is not None for each in gc.get_objects()),
        len(get_comm_manager().comms),
        len(names),
        sum("often" in file for file in files),
    ]
"""

ON_PAGE = """() => [
    globalThis[Symbol.for("jobgroup.sessions")].size,
    document.querySelectorAll(".jobgroup-view").length,
    document.adoptedStyleSheets.length,
]"""
"""Sessions, views and style sheets."""


@pytest.mark.parametrize("last_line", ["jg", "Dashboard(jg, filter='all')"])
def test_a_cell_run_50_times_leaves_nothing_behind(
    browser: Browser, jupyter: JupyterServer, last_line: str
):
    """Comms, threads, files, objects and parts of the page do not grow with each display.

    A dashboard with options is a new one each time; it is closed once its view is gone, here after
    a moment instead of ten minutes, which begins when all have been displayed.
    """
    cells = [cloud() + OPEN, group("often", "job()", "job()"), last_line]
    with jupyter.open(browser, cells) as notebook:
        notebook.run_all()
        expect(notebook.page.get_by_test_id("row-0").first).to_be_visible()
        before, on_page = notebook.evaluate("held()"), notebook.page.evaluate(ON_PAGE)
        for _ in range(2):
            notebook.evaluate(f"[({last_line})._repr_mimebundle_() for _ in range(24)] and None")
            notebook.run(2)
            expect(notebook.page.get_by_test_id("row-0").last).to_be_visible()
        notebook.evaluate("setattr(view_timeout, 'CLOSED_AFTER_S', 0.0)")
        few = "all(now < then + 10 for then, now in zip({}, held()))"  # some begin after the first
        notebook.wait_until(few.format(before))
        grown = f"before => ({ON_PAGE})().every((now, i) => now < before[i] + 10)"
        notebook.page.wait_for_function(grown, arg=on_page)
        # The page may still send to a dashboard that is closed so early.
        notebook.assert_quiet(allowed="No such comm")
