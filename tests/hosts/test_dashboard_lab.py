"""The dashboard in a real JupyterLab, on a real kernel and an embedded cloud."""

import pytest
from playwright.sync_api import Browser, expect

from harness.groups import cloud, group
from harness.jupyter import JupyterServer

pytestmark = pytest.mark.hosts


def test_group_runs_reruns_and_is_deleted_from_the_page(browser: Browser, jupyter: JupyterServer):
    """A group as a cell's last line: run it, see the bar move, rerun what failed, delete, undo.

    The kernel agrees at each step, and nothing is printed or raised where no user would see it.
    """
    cells = [
        cloud(),
        group("whole", "job()", "job()", "job()") + "\ncloud.faults.add('fail_job', times=1)\njg",
    ]
    with jupyter.open(browser, cells) as notebook:
        notebook.run_all()
        page = notebook.page
        bar = page.get_by_test_id("progress")
        expect(page.get_by_test_id("row-2")).to_have_attribute("data-status", "unsent")
        expect(bar).to_have_attribute("aria-valuenow", "0")

        page.get_by_test_id("run").click()
        expect(bar).to_have_attribute("aria-valuenow", "100")
        expect(page.get_by_test_id("counts-success")).to_contain_text("2")
        expect(page.get_by_test_id("counts-error")).to_contain_text("1")
        assert notebook.evaluate("jg.progress()['Finished']") == [
            3,
            {"successful": 2, "unsuccessful": 1},
        ]

        page.get_by_test_id("rerun-failed").click()
        expect(page.get_by_test_id("counts-success")).to_contain_text("3")
        assert notebook.evaluate("[j.state for j in jg]") == ["success"] * 3
        assert notebook.evaluate("sorted(len(j.attempts) for j in jg)") == [1, 1, 2]

        page.get_by_test_id("delete").click()
        page.get_by_test_id("delete-confirm").click()
        undo = page.get_by_test_id("undo")
        expect(undo).to_be_visible()
        assert notebook.evaluate("JobGroup.list_existing()") == []
        undo.click()
        expect(page.get_by_test_id("row-0")).to_have_attribute("data-status", "success")
        assert notebook.evaluate("JobGroup.list_existing()") == ["whole"]
        assert notebook.evaluate("[j.state for j in jg]") == ["success"] * 3
        notebook.assert_quiet()
