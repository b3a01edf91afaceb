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
OUTPUT = ".jobgroup-output"
ELSEWHERE = 'import os, tempfile; os.environ["JOBGROUP_DATA_DIR"] = tempfile.mkdtemp()'


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


def test_second_view_of_an_output_lives_on_too(browser: Browser, jupyter: JupyterServer):
    """A view of an output in a tab of its own shows what the notebook shows, and changes with it."""
    with jupyter.open(browser, CELLS) as notebook:
        _run(notebook)
        page = notebook.page
        page.evaluate("jupyterapp.commands.execute('notebook:create-output-view')")
        outputs = page.locator(OUTPUT)
        expect(outputs).to_have_count(2)
        expect(page.get_by_test_id("row-1")).to_have_count(2)
        page.evaluate(
            "jupyterapp.serviceManager.kernels.shutdown("
            "[...jupyterapp.serviceManager.kernels.running()][0].id)"
        )
        for i in range(2):
            expect(outputs.nth(i)).to_have_attribute("data-shown", "server")
            row = outputs.nth(i).get_by_test_id("row-1")
            expect(row).to_have_attribute("data-status", "success")


def test_saved_notebook_has_the_newest_state_for_a_server_without_the_group(
    browser: Browser, jupyter: JupyterServer
):
    """After a run, saving writes the table anew; a setting turns that off, a command asks for it.

    The server has other groups than the kernel, so that the table and the reason are all that is
    left once the kernel is gone.
    """
    cells = [ELSEWHERE, cloud(), group("kept", "job()", "job()") + "\njg", "jg.run_parallel()"]
    cells += ["jg.add(job()); jg.run_parallel()"]
    with jupyter.open(browser, cells) as notebook:
        page = notebook.page
        path = page.evaluate("jupyterapp.shell.currentWidget.context.path")

        def saved(command: str) -> str:
            page.evaluate(f"jupyterapp.commands.execute('{command}')")
            document = json.loads((jupyter.notebooks / path).read_text())
            return "".join(document["cells"][2]["outputs"][0]["data"]["text/html"])

        for cell in range(3):
            notebook.run(cell)
        assert "2 to send" in saved("docmanager:save")
        notebook.run(3)
        expect(page.get_by_test_id("row-1")).to_have_attribute("data-status", "success")
        page.wait_for_function("() => jobgroupStates() === 1")
        assert "2 done" in saved("docmanager:save")
        assert page.evaluate("jupyterapp.shell.currentWidget.context.model.dirty") is False


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
