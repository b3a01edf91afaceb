"""The quickstart in JupyterLab, with the dashboard's buttons."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from harness.jupyter import JupyterServer

pytestmark = pytest.mark.hosts

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"
CLOUD, PREPARE, DASHBOARD, FAULT, RUN = 1, 3, 5, 7, 8


def test_the_quickstart_by_its_buttons(browser: Browser, jupyter: JupyterServer):
    """The dashboard follows the run, reruns the failed job, and deletes the group.

    The page and the kernel agree after each step.
    """
    with jupyter.open(browser, QUICKSTART) as notebook:
        page = notebook.page
        for cell in (CLOUD, PREPARE, DASHBOARD):
            notebook.run(cell)
        bar = page.get_by_test_id("progress")
        expect(bar).to_have_attribute("aria-valuenow", "0")
        expect(page.get_by_test_id("chip-unsent")).to_contain_text("9")

        notebook.run(FAULT)
        notebook.run(RUN)
        expect(bar).to_have_attribute("aria-valuenow", "100")
        expect(page.get_by_test_id("chip-error")).to_contain_text("1")
        failed = page.locator("[data-testid^=row-][data-status=error]")
        expect(failed).to_contain_text("The laser lost its lock")

        page.get_by_test_id("primary").click()
        expect(page.get_by_test_id("chip-success")).to_contain_text("9")
        assert notebook.evaluate("jg.progress()['Finished'][1]") == {
            "successful": 9,
            "unsuccessful": 0,
        }
        assert notebook.evaluate("sorted(len(job.attempts) for job in jg)") == [1] * 8 + [2]

        page.get_by_test_id("more").click()
        page.get_by_test_id("delete").click()
        page.get_by_test_id("delete-confirm").click()
        expect(page.get_by_test_id("undo")).to_be_visible()
        assert "quickstart" not in notebook.evaluate("JobGroup.list_existing()")
        assert notebook.evaluate("cloud.stop()") is None
        notebook.assert_quiet()
