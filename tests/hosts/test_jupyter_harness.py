"""The harness finds hidden errors in JupyterLab."""

import pytest
from playwright.sync_api import Browser

from harness.jupyter import JupyterServer
from harness.widget import COUNTER

pytestmark = pytest.mark.hosts

BROKEN_HANDLER = """
def broken(widget, content, buffers):
    print('printed')
    raise ValueError('planted')

counter.on_msg(broken)
"""


def test_hidden_errors_are_found(browser: Browser, jupyter: JupyterServer):
    """A cell that raises, what a handler prints and raises, and a request to a CDN fail a test."""
    cells = [COUNTER, BROKEN_HANDLER, "1 / 0"]
    with jupyter.open(browser, cells) as notebook:
        with pytest.raises(AssertionError, match="ZeroDivisionError"):
            notebook.run_all()
        notebook.page.get_by_test_id("counter").click()
        # a kernel may send a printed line and its end in two messages
        notebook.page.wait_for_function("window.unseenOutput.join('').includes('planted')")
        assert "".join(notebook.unseen_output()).startswith("printed\n")
        with pytest.raises(AssertionError, match="planted"):
            notebook.assert_quiet()
        outcome = notebook.page.evaluate(
            "fetch('https://cdn.invalid.example.com/x.js').then(() => 'reached', () => 'failed')"
        )
        assert outcome == "failed"
        with pytest.raises(AssertionError, match=r"asked cdn\.invalid\.example\.com"):
            notebook.record.assert_clean()
