"""Jobs that are sent before the others, requested with the mouse in a real JupyterLab."""

import pytest
from playwright.sync_api import Browser, expect

from harness.groups import cloud, group
from harness.jupyter import JupyterServer

pytestmark = pytest.mark.hosts


def test_selected_jobs_are_sent_next_by_the_current_run(browser: Browser, jupyter: JupyterServer):
    """Two jobs get a priority in the selection bar, then one in its drawer, while a run is paused.

    The rows show their positions, the line of Python is correct, and the cloud gets the jobs in
    that order once the run continues.
    """
    cells = [
        cloud(),
        group("next", *["job()"] * 5) + "\njg.pause()\nrun = jg.start(delay=0.0)\njg",
    ]
    with jupyter.open(browser, cells) as notebook:
        notebook.run_all()
        page = notebook.page
        for position in (2, 4):
            page.get_by_test_id(f"row-{position}").locator(".select").click()
        expect(page.get_by_test_id("sender")).to_contain_text("Sending from this notebook")
        page.get_by_test_id("selected-run-next").click()
        expect(page.get_by_test_id("row-2")).to_contain_text("to send · next 1")
        expect(page.get_by_test_id("row-4")).to_contain_text("to send · next 2")
        expect(page.get_by_test_id("live")).to_contain_text("job 2 goes first, then 1 more")
        expect(page.locator(".python")).to_contain_text("jg.prioritize([2, 4])")
        notebook.wait_until("Dashboard(jg).next_up == [2, 4]")

        page.get_by_test_id("row-3").locator("[data-column=state]").click()
        page.get_by_test_id("run-next").click()
        expect(page.get_by_test_id("row-3")).to_contain_text("to send · next 1")
        expect(page.get_by_test_id("row-4")).to_contain_text("to send · next 3")
        notebook.wait_until("Dashboard(jg).next_up == [3, 2, 4]")

        page.get_by_test_id("strip-paused").get_by_role("button").click()
        expect(page.get_by_test_id("progress")).to_have_attribute("aria-valuenow", "100")
        sent = "sorted(range(5), key=lambda i: jg.snapshot()[i].sent_at)"
        assert notebook.evaluate(sent) == [3, 2, 4, 0, 1]
        expect(page.get_by_test_id("grid")).not_to_contain_text("next")
        notebook.assert_quiet()
