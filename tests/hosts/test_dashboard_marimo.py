"""The dashboard in a real marimo, as an editor and as an app."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from harness.groups import cloud, group
from harness.marimo import Mode, open_marimo

pytestmark = pytest.mark.hosts


@pytest.mark.parametrize("mode", ["edit", "run"])
def test_click_runs_the_group_and_the_bar_moves(browser: Browser, tmp_path: Path, mode: Mode):
    """A click on the button reaches the kernel, and the kernel pushes the effects to the page."""
    cells = [f"{cloud()}\n{group('sweep', 'job()', 'job(0.2)')}\njg"]
    with open_marimo(browser, tmp_path, cells, mode=mode) as notebook:
        page = notebook.page
        expect(page.get_by_test_id("row-1")).to_have_attribute("data-status", "unsent")
        page.get_by_test_id("primary").click()
        expect(page.get_by_test_id("progress")).to_have_attribute("aria-valuenow", "100")
        assert notebook.wait_until("[job.state for job in jg] == ['success', 'success']")
        notebook.assert_quiet()
