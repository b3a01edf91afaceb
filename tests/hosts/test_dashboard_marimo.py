"""The dashboard in a real marimo, as an editor and as an app, and the harness's own check."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from harness.groups import cloud, group
from harness.marimo import UNSEEN, Mode, open_marimo
from harness.widget import COUNTER

pytestmark = pytest.mark.hosts

BROKEN_HANDLER = """
def broken(widget, content, buffers):
    raise ValueError('planted')

counter.on_msg(broken)
"""


@pytest.mark.parametrize("mode", ["edit", "run"])
def test_click_runs_the_group_and_the_bar_moves(browser: Browser, tmp_path: Path, mode: Mode):
    """A click on the button reaches the kernel, and the kernel pushes the effects to the page.

    `assert_quiet` reports what another cell and a handler raise, and nothing else.
    """
    sweep = f"{cloud()}\n{group('sweep', 'job()', 'job(0.2)')}\njg"
    cells = [sweep, COUNTER, BROKEN_HANDLER, "1 / 0"]
    with open_marimo(browser, tmp_path, cells, mode=mode) as notebook:
        page = notebook.page
        expect(page.get_by_test_id("row-1")).to_have_attribute("data-status", "unsent")
        page.get_by_test_id("primary").click()
        expect(page.get_by_test_id("progress")).to_have_attribute("aria-valuenow", "100")
        assert notebook.wait_until("[job.state for job in jg] == ['success', 'success']")
        assert notebook.unseen_output() == []
        page.get_by_test_id("counter").click()
        notebook.wait_until(UNSEEN)
        with pytest.raises(AssertionError, match=r"(?s)planted.*ZeroDivisionError") as raised:
            notebook.assert_quiet()
        errors = set(re.findall(r"\w+Error", str(raised.value)))
        assert errors == {"ValueError", "ZeroDivisionError"}
        notebook.record.assert_clean()
