"""The harness finds hidden errors in JupyterLab and Notebook 7."""

import pytest
from playwright.sync_api import Browser

from harness.jupyter import Application, JupyterServer
from harness.widget import COUNTER

pytestmark = pytest.mark.hosts

BROKEN_HANDLER = """
def broken(widget, content, buffers):
    print('printed')
    raise ValueError('planted')

counter.on_msg(broken)
"""


@pytest.mark.parametrize("application", ["lab", "notebook"])
def test_output_of_handlers_is_found(
    browser: Browser, jupyter: JupyterServer, application: Application
):
    """`assert_quiet` reports what a handler prints and raises."""
    with jupyter.open(browser, [COUNTER, BROKEN_HANDLER], application=application) as notebook:
        notebook.run_all()
        notebook.page.get_by_test_id("counter").click()
        notebook.page.wait_for_function("window.unseenOutput.length >= 2")
        printed, raised = notebook.unseen_output()
        assert printed.strip() == "printed"
        assert "planted" in raised
        with pytest.raises(AssertionError, match="planted"):
            notebook.assert_quiet()


def test_error_in_cell_fails_the_run(browser: Browser, jupyter: JupyterServer):
    """A cell that raises is an AssertionError with its traceback, not a silent success."""
    with (
        jupyter.open(browser, ["1 / 0"]) as notebook,
        pytest.raises(AssertionError, match="ZeroDivisionError"),
    ):
        notebook.run_all()


def test_other_host_is_out_of_reach_and_recorded(browser: Browser, jupyter: JupyterServer):
    """A page's request to a CDN fails and is recorded."""
    with jupyter.open(browser, ["1"]) as notebook:
        outcome = notebook.page.evaluate(
            "fetch('https://cdn.invalid.example.com/x.js').then(() => 'reached', () => 'failed')"
        )
        assert outcome == "failed"
        assert notebook.record.foreign_hosts == {"cdn.invalid.example.com"}
