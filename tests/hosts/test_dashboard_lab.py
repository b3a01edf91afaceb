"""The dashboard in a real JupyterLab, on a real kernel and an embedded cloud."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from harness.groups import busy_until, cloud, group
from harness.jupyter import JupyterServer

pytestmark = pytest.mark.hosts


def test_group_runs_reruns_and_is_deleted_from_the_page(browser: Browser, jupyter: JupyterServer):
    """A group in a cell's last line is run, rerun, deleted and restored.

    The kernel agrees at each step, and nothing is printed or raised unseen.
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

        page.get_by_test_id("primary").click()
        expect(bar).to_have_attribute("aria-valuenow", "100")
        expect(page.get_by_test_id("chip-success")).to_contain_text("2")
        expect(page.get_by_test_id("chip-error")).to_contain_text("1")
        assert notebook.evaluate("jg.progress()['Finished']") == [
            3,
            {"successful": 2, "unsuccessful": 1},
        ]

        page.get_by_test_id("primary").click()
        expect(page.get_by_test_id("chip-success")).to_contain_text("3")
        assert notebook.evaluate("[j.state for j in jg]") == ["success"] * 3
        assert notebook.evaluate("sorted(len(j.attempts) for j in jg)") == [1, 1, 2]

        page.get_by_test_id("more").click()
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


def test_rows_appear_and_change_while_the_cell_runs(browser: Browser, jupyter: JupyterServer):
    """The cell that shows the group also runs it, so the kernel handles no messages until it ends.

    The rows still appear, and change before the cell ends.
    """
    cells = [
        cloud(),
        group("blocking", "job()", "job(3600)") + "\ndisplay(jg)\njg.run_sequential(0)",
    ]
    with jupyter.open(browser, cells) as notebook:
        notebook.run(0)
        notebook.start(1)
        page = notebook.page
        expect(page.get_by_test_id("row-0")).to_have_attribute("data-status", "success")
        expect(page.get_by_test_id("row-1")).to_have_attribute("data-status", "running")
        prompt = page.locator(".jp-CodeCell .jp-InputPrompt").nth(1)
        expect(prompt).to_have_text("[*]:")
        page.evaluate("jupyterapp.commands.execute('notebook:interrupt-kernel')")
        expect(prompt).to_have_text("[2]:")
        notebook.wait_until("jg.cancel_all() is None")
        expect(page.get_by_test_id("row-1")).to_have_attribute("data-status", "canceled")
        notebook.assert_quiet()


def test_click_on_a_busy_kernel_is_answered_at_once_and_done_later(
    browser: Browser, jupyter: JupyterServer, tmp_path: Path
):
    """A button says that the kernel is busy, and its click takes effect later."""
    cells = [cloud(), group("busy", "job()") + "\njg", busy_until(tmp_path / "gate")]
    with jupyter.open(browser, cells) as notebook:
        notebook.run(0)
        notebook.run(1)
        page = notebook.page
        expect(page.get_by_test_id("row-0")).to_be_visible()
        notebook.start(2)
        page.get_by_test_id("primary").click()
        # ipykernel 7 handles the click while the cell runs, and may already have finished
        expect(page.get_by_test_id("live")).to_contain_text(re.compile("Run requested|1 sent"))
        (tmp_path / "gate").touch()
        notebook.wait_until("jg[0].state == 'success'")
        expect(page.get_by_test_id("row-0")).to_have_attribute("data-status", "success")
        expect(page.get_by_test_id("busy-note")).to_have_count(0)
        notebook.assert_quiet()


def test_reloaded_page_shows_the_same(browser: Browser, jupyter: JupyterServer):
    """After a reload, the kernel's widget appears with its filter, its selection and its jobs."""
    cells = [cloud(), group("reload", "job()", "job(fail='no')") + "\njg.run_parallel()\njg"]
    with jupyter.open(browser, cells, fresh=True) as notebook:
        notebook.run_all()
        page = notebook.page
        expect(page.get_by_test_id("row-1")).to_have_attribute("data-status", "error")
        page.get_by_test_id("chip-error").click()
        expect(page.get_by_test_id("row-0")).to_have_count(0)
        page.get_by_test_id("row-1").locator(".select").click()
        notebook.wait_until("Dashboard(jg).selected == [[1, 1]]")
        page.evaluate("jupyterapp.commands.execute('docmanager:save')")
        page.reload()
        expect(page.locator(".jobgroup-output")).to_have_attribute("data-shown", "live")
        expect(page.get_by_test_id("chip-error")).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_test_id("row-1")).to_have_attribute("aria-selected", "true")
        assert notebook.evaluate("Dashboard(jg).filter") == "error"


def test_two_cells_show_one_dashboard(browser: Browser, jupyter: JupyterServer):
    """Two views of one group are one widget, so filtering one filters the other.

    The list of groups is as wide as the dashboards.
    """
    cells = [cloud(), group("twice", "job()", "job()") + "\njg", "jg", "Dashboard()"]
    with jupyter.open(browser, cells) as notebook:
        notebook.run_all()
        page = notebook.page
        expect(page.get_by_test_id("row-0")).to_have_count(2)
        page.get_by_test_id("chip-success").first.click()
        expect(page.get_by_test_id("row-0")).to_have_count(0)
        page.get_by_test_id("chip-all").nth(1).click()
        page.get_by_test_id("primary").first.click()
        for each in page.get_by_test_id("progress").all():
            expect(each).to_have_attribute("aria-valuenow", "100")
        expect(page.get_by_test_id("group-twice")).to_be_visible()
        widths = [each.bounding_box()["width"] for each in page.get_by_test_id("jobgroup").all()]
        assert widths[0] == widths[1] == widths[2] > 500
        notebook.assert_quiet()


def test_page_survives_a_restart_of_the_kernel(browser: Browser, jupyter: JupyterServer):
    """After a restart, the server shows the old group, and cells that run again show theirs."""
    cells = [cloud(), group("before", "job()") + "\njg", group("after", "job()") + "\njg"]
    with jupyter.open(browser, cells) as notebook:
        notebook.run(0)
        notebook.run(1)
        page = notebook.page
        expect(page.get_by_test_id("row-0")).to_have_attribute("data-status", "unsent")
        page.evaluate(
            "jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart().then(() => 0)"
        )
        expect(page.locator(".jobgroup-output")).to_have_attribute("data-shown", "server")
        expect(page.get_by_test_id("row-0")).to_have_attribute("data-status", "unsent")
        notebook.run(0)
        notebook.run(2)
        page.get_by_test_id("primary").last.click()
        expect(page.get_by_test_id("progress").last).to_have_attribute("aria-valuenow", "100")
        assert notebook.evaluate("[job.state for job in jg]") == ["success"]
        assert notebook.evaluate("JobGroup('before')[0].state") == "unsent"
