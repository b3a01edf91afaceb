"""The installed extension's sidebar, status bar, notifications and palette in JupyterLab."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.groups import busy_until, group
from harness.groups import cloud as cell_of_cloud
from harness.jupyter import JupyterServer
from jobgroup import JobGroup, RemoteJob, set_token
from jobgroup.cloud import EmbeddedCloud

pytestmark = pytest.mark.hosts

NOTIFICATIONS = "@jupyterlab/apputils-extension:notification"
QUIET: dict[str, Any] = {"fetchNews": "false", "checkForUpdates": False}
TERMINAL_TIMEOUT_S = 120


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    """Run a cloud for timer jobs."""
    with EmbeddedCloud(prewarm=False) as running:
        yield running


@pytest.fixture
def groups(
    jupyter: JupyterServer, cloud: EmbeddedCloud, monkeypatch: pytest.MonkeyPatch
) -> JupyterServer:
    """Return the server, whose groups this process creates."""
    monkeypatch.setenv("JOBGROUP_DATA_DIR", str(jupyter.data_dir))
    set_token(cloud.token, url=cloud.url)
    return jupyter


def _make(name: str, cloud: EmbeddedCloud, *seconds: float) -> None:
    group = JobGroup(name)
    for duration_s in seconds:
        body = {"command": "probs", "parameters": {"duration_s": duration_s}}
        group.add(RemoteJob(body, platform="test:timer", url=cloud.url))


def _run_in_terminal(name: str, cloud: EmbeddedCloud) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "JOBGROUP_URL": cloud.url, "JOBGROUP_TOKEN": cloud.token}
    command = [sys.executable, "-m", "jobgroup", "run", "--delay=0", name]
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, stdout=nowhere, stderr=nowhere)


def _row(page: Page, name: str) -> Any:
    return page.get_by_test_id(f"panel-group-{name}")


def test_side_bar_and_tab_follow_a_run_in_a_terminal_beside_a_busy_kernel(
    browser: Browser, groups: JupyterServer, cloud: EmbeddedCloud, tmp_path: Path
):
    """The list, a tab, the status bar and one notification in two windows show a run.

    None of them needs the kernel, which is always busy.
    """
    for number in range(100):
        JobGroup(f"old {number}")
    _make("sweep", cloud, 0.1, 0.1, 3600)
    groups.configure(NOTIFICATIONS, {**QUIET, "doNotDisturbMode": False})
    with groups.open(browser, [busy_until(tmp_path / "gate")], fresh=True) as notebook:
        page = notebook.page
        notebook.start(0)
        page.locator(".lm-TabBar-tab[data-id=jobgroup-panel]").click()
        expect(_row(page, "old 99")).to_be_visible()
        page.get_by_label("Search groups").fill("swe")
        expect(_row(page, "old 99")).to_have_count(0)
        _row(page, "sweep").click()
        tab = page.locator(".jobgroup-tab")
        expect(tab.get_by_test_id("row-2")).to_have_attribute("data-status", "unsent")

        window = page.context.new_page()
        window.goto(f"{groups.url}/lab/workspaces/window")
        window.wait_for_function("window.jupyterapp?.started")
        window.locator("#jupyterlab-splash").wait_for(state="detached")

        def shown() -> int:
            said = "sweep: 3 jobs finished"
            return sum(each.get_by_text(said).count() for each in (page, window))

        terminal = _run_in_terminal("sweep", cloud)
        try:
            expect(_row(page, "sweep")).to_contain_text("2 of 3 ended · 1 on the cloud")
            expect(page.get_by_test_id("status-item")).to_have_text(
                "sweep running: 2 of 3 jobs ended"
            )
            expect(window.get_by_test_id("status-item")).to_have_text(
                "sweep running: 2 of 3 jobs ended"
            )
            expect(tab.get_by_test_id("row-2")).to_have_attribute("data-status", "running")
            expect(page.locator(".jp-CodeCell .jp-InputPrompt").first).to_have_text("[*]:")
            JobGroup("sweep").cancel_all()
            give_up = time.monotonic() + TERMINAL_TIMEOUT_S
            while not shown():  # it closes automatically after 10 s
                assert time.monotonic() < give_up, "no window shows the notification"
                page.wait_for_timeout(50)
            terminal.wait(TERMINAL_TIMEOUT_S)
        finally:
            terminal.terminate()
            terminal.wait(TERMINAL_TIMEOUT_S)
        expect(_row(page, "sweep")).to_contain_text("3 of 3 ended")
        expect(tab.get_by_test_id("row-2")).to_have_attribute("data-status", "canceled")
        for each in (page, window):
            expect(each.get_by_test_id("status-item")).to_be_hidden()
        page.wait_for_timeout(2000)  # what must not be there twice has had its time
        assert shown() <= 1
        (tmp_path / "gate").touch()
        notebook.assert_quiet()


def test_tab_cancels_and_reruns_while_the_kernel_is_busy(
    browser: Browser, jupyter: JupyterServer, tmp_path: Path
):
    """The server does both with a token from the page, because the kernel is busy."""
    jobs = group("busy", "job(3600)", "job(fail='the laser lost its lock')")
    cells = [cell_of_cloud(), f"{jobs}\njg.run_parallel()", busy_until(tmp_path / "gate")]
    with jupyter.open(browser, cells) as notebook:
        notebook.run(0)
        notebook.run(1)
        token = notebook.evaluate("cloud.token")
        notebook.wait_until("jg.refresh() or jg[1].state == 'error'")
        notebook.start(2)
        page = notebook.page
        page.evaluate("void jupyterapp.commands.execute('jobgroup:open', {name: 'busy'})")
        tab = page.locator(".jobgroup-tab")
        expect(tab.get_by_test_id("row-0")).to_have_attribute("data-status", "running")
        tab.get_by_test_id("cancel").click()
        tab.get_by_test_id("token-field").fill(token)
        tab.get_by_test_id("token-set").click()
        expect(tab.get_by_test_id("token-field")).to_have_count(0)
        tab.get_by_test_id("cancel").click()
        expect(tab.get_by_test_id("row-0")).to_have_attribute("data-status", "canceled")
        tab.get_by_test_id("rerun-cause-0").click()
        # the answer of a run that ends within seconds has its outcome
        expect(tab.get_by_test_id("live")).to_contain_text(re.compile("outlives this page|1 sent"))
        expect(page.locator(".jp-CodeCell .jp-InputPrompt").nth(2)).to_have_text("[*]:")
        (tmp_path / "gate").touch()
        notebook.wait_until("[len(job.attempts) for job in jg] == [1, 2]")
        notebook.assert_quiet()


def test_palette_opens_and_inserts_a_group(
    browser: Browser, groups: JupyterServer, cloud: EmbeddedCloud
):
    """The palette opens a group, lists all groups, and inserts a group's line."""
    _make("chosen", cloud, 0.1)
    with groups.open(browser, ["1"]) as notebook:
        page = notebook.page
        _choose(page, "jobgroup:insert", "chosen")
        cells = "jupyterapp.shell.currentWidget.content.model.sharedModel.cells"
        page.wait_for_function(f"{cells}.length === 2")
        expect(page.locator(".jp-CodeCell").nth(1)).to_contain_text('Dashboard("chosen")')
        page.evaluate("void jupyterapp.commands.execute('jobgroup:show-all')")
        expect(_row(page, "chosen")).to_be_visible()
        _choose(page, "jobgroup:open", "chosen")
        expect(page.locator(".jobgroup-tab").get_by_test_id("row-0")).to_be_visible()
        palette = "[...document.querySelectorAll('.lm-CommandPalette-itemLabel')].map(e => e.title)"
        page.evaluate("void jupyterapp.commands.execute('apputils:activate-command-palette')")
        page.wait_for_function(f"{palette}.length > 0")
        expect(page.get_by_text("Insert Job Group in a New Cell…")).to_be_visible()


def _choose(page: Page, command: str, name: str) -> None:
    page.evaluate(f"void jupyterapp.commands.execute('{command}')")
    dialog = page.locator(".jp-Dialog")
    dialog.locator("select").select_option(name)
    dialog.locator(".jp-mod-accept").click()


def test_notebook_7_opens_a_group_in_a_browser_tab_and_inserts_it(
    browser: Browser, groups: JupyterServer, cloud: EmbeddedCloud
):
    """A group opens as a page of the server, and its line is inserted into a cell."""
    _make("chosen", cloud, 0.1)
    with groups.open(browser, ["1"], application="notebook") as notebook:
        with notebook.page.context.expect_page() as opened:
            notebook.page.evaluate("jupyterapp.commands.execute('jobgroup:open', {name: 'chosen'})")
        expect(opened.value.get_by_test_id("row-0")).to_be_visible()
        assert notebook.page.locator("[data-id=jobgroup-panel]").count() == 0
        _choose(notebook.page, "jobgroup:insert", "chosen")
        expect(notebook.page.locator(".jp-CodeCell").nth(1)).to_contain_text('Dashboard("chosen")')
        notebook.assert_quiet()
