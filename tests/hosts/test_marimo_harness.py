"""The harness itself, on marimo's editor and its apps, with another kind of widget."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from harness.marimo import UNSEEN, Mode, open_marimo
from harness.widget import COUNTER

pytestmark = pytest.mark.hosts


@pytest.mark.parametrize("mode", ["edit", "run"])
def test_click_reaches_kernel_and_push_reaches_page(browser: Browser, tmp_path: Path, mode: Mode):
    """A click changes the kernel's value, a thread changes the page, and no error is hidden."""
    with open_marimo(browser, tmp_path, [COUNTER], mode=mode) as notebook:
        button = notebook.page.get_by_test_id("counter")
        button.click()
        assert notebook.wait_until("counter.count") == 1
        notebook.evaluate("setattr(counter, 'count', 41)")
        expect(button).to_have_text("count 41")
        notebook.assert_quiet()


BROKEN_HANDLER = """
def broken(widget, content, buffers):
    raise ValueError('planted')

counter.on_msg(broken)
"""


@pytest.mark.parametrize("mode", ["edit", "run"])
def test_errors_are_found(browser: Browser, tmp_path: Path, mode: Mode):
    """`assert_quiet` reports what a cell and a handler raise."""
    cells = [COUNTER, BROKEN_HANDLER, "1 / 0"]
    with open_marimo(browser, tmp_path, cells, mode=mode) as notebook:
        notebook.page.get_by_test_id("counter").click()
        notebook.wait_until(UNSEEN)
        with pytest.raises(AssertionError, match=r"(?s)planted.*ZeroDivisionError"):
            notebook.assert_quiet()
