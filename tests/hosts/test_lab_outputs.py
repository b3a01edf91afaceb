"""A dashboard in a notebook's output without the kernel that made it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from harness.environment import environment_without_jobgroup
from harness.groups import cloud, group
from harness.jupyter import Application, JupyterServer, Notebook
from harness.oracle import wait_until

pytestmark = pytest.mark.hosts

CONTEXT = "jupyterapp.shell.currentWidget.sessionContext"
DIE = "{ code: 'import os; os.kill(os.getpid(), 9)' }"
ENDS = {
    "killed": f"void {CONTEXT}.session.kernel.requestExecute({DIE}).done.catch(() => 0)",
    "exchanged": f"{CONTEXT}.changeKernel({{ name: 'without jobgroup' }}).then(() => 0)",
}
SHUT_DOWN = f"{CONTEXT}.shutdown().then(() => 0)"
CELLS = [cloud(), group("kept", "job()", "job()") + "\njg.run_parallel()\njg"]
OUTPUT = ".jobgroup-output"
COMMANDS = "jupyterapp.commands.execute"
WIDGETS = "@jupyter-widgets/jupyterlab-manager:plugin"
ELSEWHERE = 'import os, tempfile; os.environ["JOBGROUP_DATA_DIR"] = tempfile.mkdtemp()'


def _run(notebook: Notebook) -> None:
    notebook.run_all()
    expect(notebook.page.get_by_test_id("progress")).to_have_attribute("aria-valuenow", "100")
    expect(notebook.page.locator(OUTPUT)).to_have_attribute("data-shown", "live")


def _expect_server_shows_it(notebook: Notebook) -> None:
    page = notebook.page
    expect(page.locator(OUTPUT)).to_have_attribute("data-shown", "server")
    expect(page.get_by_test_id("row-1")).to_have_attribute("data-status", "success")
    for text in ("model not found", "Loading widget"):  # of the cell's progress bar neither
        expect(page.get_by_text(text)).to_have_count(0)
    expect(page.get_by_text("2/2|Sent: 2").first).to_be_visible()


def _expect_a_table_if_not_trusted(
    browser: Browser, jupyter: JupyterServer, path: str, application: Application = "lab"
) -> None:
    """A copy of a notebook from elsewhere shows a table, and how to see the group live."""
    contents = json.loads((jupyter.notebooks / path).read_text())
    contents["cells"].append(
        {"cell_type": "code", "id": "more", "source": "evil", "metadata": {}}
        | {"outputs": [], "execution_count": None}
    )
    foreign = jupyter.root / "foreign.ipynb"
    foreign.write_text(json.dumps(contents))
    with jupyter.open(browser, foreign, application=application) as notebook:
        expect(notebook.page.get_by_text("To see it live, run")).to_be_visible()
        expect(notebook.page.locator(OUTPUT)).to_have_count(0)


@pytest.mark.parametrize("end", ENDS)
def test_dashboard_lives_on_when_its_kernel_ends(
    browser: Browser, jupyter: JupyterServer, tmp_path: Path, end: str
):
    """The output shows the kernel's session; after the kernel's end, the same group on the server.

    The kernel that is exchanged for another one may lack jobgroup.
    """
    if end == "exchanged":
        without = environment_without_jobgroup(tmp_path / "environment")
        jupyter.offer_kernel("without jobgroup", without.python)
    # Lab's dialog about a kernel that died would stay on a shared page
    with jupyter.open(browser, CELLS, fresh=end == "killed") as notebook:
        _run(notebook)
        notebook.page.evaluate(ENDS[end])
        _expect_server_shows_it(notebook)
        if end == "exchanged":
            with pytest.raises(AssertionError, match="No module named 'jobgroup'"):
                notebook.run(0)
            _expect_server_shows_it(notebook)


def test_second_view_and_notebook_without_kernel_show_the_group(
    browser: Browser, jupyter: JupyterServer
):
    """A view of an output in a tab of its own changes with the notebook's.

    A notebook that is opened without a kernel has its group too, if it is trusted.
    """
    with jupyter.open(browser, CELLS) as notebook:
        _run(notebook)
        page = notebook.page
        page.evaluate(f"{COMMANDS}('docmanager:save')")
        path = page.evaluate("jupyterapp.shell.currentWidget.context.path")
        page.evaluate(f"{COMMANDS}('notebook:create-output-view').then(() => 0)")
        outputs = page.locator(OUTPUT)
        expect(outputs).to_have_count(2)
        expect(page.get_by_test_id("row-1")).to_have_count(2)
        page.evaluate("jupyterapp.serviceManager.sessions.shutdownAll()")
        for each in outputs.all():
            expect(each).to_have_attribute("data-shown", "server")
            each.scroll_into_view_if_needed()
            expect(each.get_by_test_id("row-1")).to_have_attribute("data-status", "success")
        page.evaluate("for (const each of [...jupyterapp.shell.widgets('main')]) each.dispose()")
        expect(outputs).to_have_count(0)
        args = f"{{ path: {path!r}, kernelPreference: {{ shouldStart: false }} }}"
        page.evaluate(f"{COMMANDS}('docmanager:open', {args}).then(() => 0)")
        _expect_server_shows_it(notebook)
        assert page.evaluate(f"{CONTEXT}.session?.kernel ?? null") is None
    _expect_a_table_if_not_trusted(browser, jupyter, path)


def test_saved_notebook_has_the_newest_state_where_the_server_has_other_groups(
    browser: Browser, jupyter: JupyterServer
):
    """After a run, saving writes the table again; a setting turns that off, a command asks for it.

    Once the kernel is gone, the table is shown with the reason, although the notebook also has the
    state of its widgets.
    """
    cells = [ELSEWHERE, cloud(), group("kept", "job()", "job()") + "\njg", "jg.run_parallel()"]
    turned_off = ExitStack()
    turned_off.enter_context(jupyter.configured("jobgroup:outputs", {"saveStates": False}))
    with (
        jupyter.configured(WIDGETS, {"saveState": True}),
        jupyter.open(browser, [*cells, "jg.add(job()); jg.run_parallel()"], fresh=True) as notebook,
    ):
        page = notebook.page
        path = jupyter.notebooks / page.evaluate("jupyterapp.shell.currentWidget.context.path")

        def saved(command: str) -> str:
            page.evaluate(f"{COMMANDS}('{command}').then(() => 0)")
            document = json.loads(path.read_text())
            return "".join(document["cells"][2]["outputs"][0]["data"]["text/html"])

        for cell in range(4):
            notebook.run(cell)
        expect(page.get_by_test_id("row-1")).to_have_attribute("data-status", "success")
        page.wait_for_timeout(2000)  # what must not be saved has had its time
        assert "2 to send" in saved("docmanager:save")
        assert "2 done" in saved("jobgroup:save-states")
        notebook.run(4)
        expect(page.get_by_test_id("row-2")).to_have_attribute("data-status", "success")

        turned_off.close()
        page.reload()
        expect(page.locator(OUTPUT)).to_have_attribute("data-shown", "live")
        wait_until(lambda command: "3 done" in saved(command), "docmanager:save")
        assert page.evaluate("jupyterapp.shell.currentWidget.context.model.dirty") is False
        page.evaluate(SHUT_DOWN)
        expect(page.locator(OUTPUT)).to_have_attribute("data-shown", "saved")
        expect(page.get_by_test_id("output-note")).to_contain_text(str(jupyter.data_dir))
        expect(page.locator(OUTPUT)).to_contain_text("kept: 3 done")
        page.reload()
        expect(page.get_by_test_id("output-note")).to_contain_text(str(jupyter.data_dir))
        expect(page.locator(OUTPUT)).to_contain_text("kept: 3 done")


def test_notebook_7_shows_the_group_of_yesterday(browser: Browser, jupyter: JupyterServer):
    """A saved notebook without a kernel shows its group live; one that is not trusted, a table."""
    with jupyter.open(browser, CELLS, application="notebook") as notebook:
        _run(notebook)
        page = notebook.page
        page.evaluate(f"{COMMANDS}('docmanager:save')")
        page.evaluate(SHUT_DOWN)
        page.reload()
        _expect_server_shows_it(notebook)
        path = page.evaluate("jupyterapp.shell.currentWidget.context.path")
    _expect_a_table_if_not_trusted(browser, jupyter, path, "notebook")
