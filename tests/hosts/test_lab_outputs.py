"""A dashboard in a notebook's output without the kernel that made it."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, expect

from harness.groups import cloud, group
from harness.jupyter import Application, JupyterServer, Notebook

pytestmark = pytest.mark.hosts

CONTEXT = "jupyterapp.shell.currentWidget.sessionContext"
DIE = "{ code: 'import os; os.kill(os.getpid(), 9)' }"
ENDS = {
    "restarted": f"{CONTEXT}.session.kernel.restart().then(() => 0)",
    "killed": f"void {CONTEXT}.session.kernel.requestExecute({DIE}).done.catch(() => 0)",
    "shut down": f"{CONTEXT}.shutdown().then(() => 0)",
    "exchanged": f"{CONTEXT}.changeKernel({{ name: 'ipykernel6' }}).then(() => 0)",
}
CELLS = [cloud(), group("kept", "job()", "job()") + "\njg.run_parallel()\njg"]


def _run(notebook: Notebook) -> None:
    notebook.run_all()
    expect(notebook.page.get_by_test_id("progress")).to_have_attribute("aria-valuenow", "100")
    expect(notebook.page.locator(".jobgroup-output")).to_have_attribute("data-shown", "live")


def _expect_server_shows_it(notebook: Notebook) -> None:
    page = notebook.page
    expect(page.locator(".jobgroup-output")).to_have_attribute("data-shown", "server")
    expect(page.get_by_test_id("row-1")).to_have_attribute("data-status", "success")
    expect(page.get_by_text("model not found")).to_have_count(0)


@pytest.mark.parametrize("end", ENDS)
def test_dashboard_lives_on_when_its_kernel_ends(
    browser: Browser, jupyter: JupyterServer, end: str
):
    """The output shows the kernel's session; after the kernel's end, the same group on the server.

    A cell that is run again shows the new kernel's session.
    """
    with jupyter.open(browser, CELLS) as notebook:
        _run(notebook)
        notebook.page.evaluate(ENDS[end])
        _expect_server_shows_it(notebook)


@pytest.mark.parametrize("application", ["lab", "notebook"])
def test_reopened_notebook_shows_the_group_of_yesterday(
    browser: Browser, jupyter: JupyterServer, application: Application
):
    """A saved notebook whose kernel is gone shows its group live; one that is not trusted, a table.

    While the kernel lives, a reloaded page shows the kernel's session.
    """
    with jupyter.open(browser, CELLS, application=application) as notebook:
        _run(notebook)
        page = notebook.page
        page.evaluate("jupyterapp.commands.execute('docmanager:save')")
        page.reload()
        expect(page.locator(".jobgroup-output")).to_have_attribute("data-shown", "live")
        page.wait_for_function(f"{CONTEXT}?.session?.kernel?.status === 'idle'")
        page.evaluate(ENDS["shut down"])
        page.reload()
        _expect_server_shows_it(notebook)
        path = page.evaluate("jupyterapp.shell.currentWidget.context.path")
        contents = json.loads((jupyter.notebooks / path).read_text())
    contents["cells"].append(
        {"cell_type": "code", "id": "more", "source": "evil", "metadata": {}}
        | {"outputs": [], "execution_count": None}
    )
    foreign = jupyter.root / "foreign.ipynb"
    foreign.write_text(json.dumps(contents))
    with jupyter.open(browser, foreign, application=application) as notebook:
        expect(notebook.page.get_by_text("To see it live, run")).to_be_visible()
        expect(notebook.page.locator(".jobgroup-output")).to_have_count(0)
