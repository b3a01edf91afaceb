"""The dashboard on the older of the common kernels; other tests use the newest."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from harness.groups import busy_until, cloud, group
from harness.jupyter import OLD_KERNEL, JupyterServer

pytestmark = pytest.mark.hosts


def test_ipykernel_6_runs_reruns_and_answers_a_click_after_the_cell(
    browser: Browser, jupyter: JupyterServer, tmp_path: Path
):
    """A click during a cell is acknowledged at once and carried out after it."""
    assert OLD_KERNEL.exists(), f"`make {OLD_KERNEL}` installs the kernel that this test needs"
    cells = [
        cloud(),
        group("six", "job()", "job()") + "\ncloud.faults.add('fail_job', times=1)\njg",
        busy_until(tmp_path / "gate"),
    ]
    with jupyter.open(browser, cells, kernel="ipykernel6") as notebook:
        assert notebook.evaluate("__import__('ipykernel').__version__").startswith("6.")
        notebook.run(0)
        notebook.run(1)
        page = notebook.page
        page.get_by_test_id("primary").click()
        expect(page.get_by_test_id("progress")).to_have_attribute("aria-valuenow", "100")
        expect(page.get_by_test_id("chip-error")).to_contain_text("1")

        notebook.start(2)
        page.get_by_test_id("primary").click()
        expect(page.get_by_test_id("live")).to_contain_text("Rerun requested")
        (tmp_path / "gate").touch()
        expect(page.get_by_test_id("chip-success")).to_contain_text("2")
        assert notebook.evaluate("sorted(len(j.attempts) for j in jg)") == [1, 2]
        notebook.assert_quiet()
