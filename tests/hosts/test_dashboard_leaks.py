"""A cell that is run again and again leaves nothing behind in a real kernel."""

import pytest
from playwright.sync_api import Browser, expect

from harness.groups import cloud, group
from harness.jupyter import JupyterServer

pytestmark = pytest.mark.hosts

OPEN = """
import threading
from comm import get_comm_manager

def held():
    names = [t.name for t in threading.enumerate() if t.name.startswith("jobgroup")]
    return [len(get_comm_manager().comms), sorted(names)]
"""


def test_a_cell_run_200_times_leaves_one_dashboard(browser: Browser, jupyter: JupyterServer):
    """The kernel holds as many comms and threads after 200 displays as after the first."""
    cells = [cloud() + OPEN, group("often", "job()", "job()") + "\njg", "jg"]
    with jupyter.open(browser, cells) as notebook:
        notebook.run_all()
        expect(notebook.page.get_by_test_id("row-0").first).to_be_visible()
        before = notebook.evaluate("held()")
        for _ in range(4):
            notebook.evaluate("[jg._repr_mimebundle_() for _ in range(49)] and None")
            notebook.run(2)
        expect(notebook.page.get_by_test_id("row-0").last).to_be_visible()
        notebook.wait_until(f"held() == {before!r}")
        notebook.assert_quiet()
