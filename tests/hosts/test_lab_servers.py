"""Servers that are started again, and servers without jobgroup."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from harness.environment import VARIABLES, environment_without_jobgroup
from harness.groups import cloud, group
from harness.jupyter import serving_jupyter
from jobgroup import JobGroup, RemoteJob

pytestmark = pytest.mark.hosts

CELLS = [cloud(), group("kept", "job()", "job()") + "\njg.run_parallel()\njg"]


def test_output_and_tab_live_on_after_a_restart_of_the_server(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The kernel ends with the server; the page stays open and shows the group from its file.

    A server with another version of jobgroup says that the page should be reloaded.
    """
    (tmp_path / "lab").mkdir()
    environment: dict[str, str] = {}
    with (
        serving_jupyter(tmp_path / "lab", env=environment) as server,
        server.open(browser, CELLS) as notebook,
    ):
        notebook.run_all()
        page = notebook.page
        output, tab = page.locator(".jobgroup-output"), page.locator(".jobgroup-tab")
        expect(output).to_have_attribute("data-shown", "live")
        server.restart()
        expect(output).to_have_attribute("data-shown", "server")
        expect(output.get_by_test_id("row-1")).to_have_attribute("data-status", "success")
        page.evaluate("void jupyterapp.commands.execute('jobgroup:open', {name: 'kept'})")
        expect(tab.get_by_test_id("row-1")).to_have_attribute("data-status", "success")
        environment["PYTHONPATH"] = _path_with_version("9.9", tmp_path / "newer")
        server.restart()
        monkeypatch.setenv("JOBGROUP_DATA_DIR", str(server.data_dir))
        JobGroup("kept").add(
            RemoteJob({"command": "probs"}, platform="x", url="http://127.0.0.1:9")
        )
        expect(tab.get_by_test_id("row-2")).to_have_attribute("data-status", "unsent")
        expect(tab).to_contain_text("jobgroup 9.9 runs on the server now. Reload this page.")


def _path_with_version(version: str, folder: Path) -> str:
    """Return a PYTHONPATH on which jobgroup's metadata have this version."""
    metadata = folder / f"jobgroup-{version}.dist-info/METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: jobgroup\nVersion: {version}\n")
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))


def test_dashboard_works_in_a_lab_without_jobgroup(browser: Browser, tmp_path: Path):
    """If only the kernel's environment has it, the dashboard is a widget of the kernel."""
    environment = environment_without_jobgroup(tmp_path / "environment")
    (tmp_path / "lab").mkdir()
    with (
        serving_jupyter(tmp_path / "lab", python=environment.python, env=VARIABLES) as server,
        server.open(browser, CELLS, kernel="ipykernel6") as notebook,
    ):
        notebook.run_all()
        page = notebook.page
        expect(page.get_by_test_id("row-1")).to_have_attribute("data-status", "success")
        page.get_by_test_id("chip-error").click()
        expect(page.get_by_test_id("row-1")).to_have_count(0)
        notebook.wait_until("Dashboard(jg).filter == 'error'")
        assert page.locator("[data-id=jobgroup-panel], .jobgroup-output").count() == 0
        notebook.assert_quiet()
