"""The harness finds hidden errors in marimo's editor and apps."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from harness.marimo import UNSEEN, Mode, open_marimo
from harness.widget import COUNTER

pytestmark = pytest.mark.hosts


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
