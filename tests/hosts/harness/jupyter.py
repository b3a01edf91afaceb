"""JupyterLab and Notebook 7 on one server: open a notebook, run its cells, query its kernel."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page

from harness import oracle
from harness.browser import TIMEOUT_MS, Record, fresh_page, new_page
from harness.process import free_port, serving

Application = Literal["lab", "notebook"]

OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    "--IdentityProvider.token=",
    "--ServerApp.password=",
    "--ServerApp.disable_check_xsrf=True",
    "--LabApp.expose_app_in_browser=True",
    "--JupyterNotebookApp.expose_app_in_browser=True",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)
DIRECTORIES = (
    "HOME",
    "IPYTHONDIR",
    "JOBGROUP_DATA_DIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
)
SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/notebook-extension:tracker": {
        "windowingMode": "none"
    },  # every cell is in the page
}
PAGE_CONFIG = {"buildCheck": False, "buildAvailable": False}
"""Do not let each page ask whether Lab must be rebuilt, which starts Node."""
OLD_KERNEL = Path(sys.prefix) / "ipykernel6"
"""The folder of ipykernel 6, which receives the browser's messages only between cells."""
# errors of Notebook 7 itself if Lab's extensions are installed
KNOWN_PAGE_ERRORS = ("reading 'schema'", "'filebrowser:open-path' not registered")

READY = """
() => {
  const context = window.jupyterapp?.shell?.currentWidget?.sessionContext;
  const kernel = context?.isReady ? context.session?.kernel : null;
  return kernel?.status === "idle" && kernel.connectionStatus === "connected";
}
"""
# Cells do not show the output and errors of handlers. Lab's log console does, if it is open. Before
# the first cell runs, a new kernel logs errors about the widget manager's requests.
LISTEN = """
() => {
  window.unseenOutput = [];
  let hasRun = false;
  const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
  kernel.anyMessage.connect((_, { direction, msg }) => {
    if (direction === "send") return;
    const isOutput = ["stream", "error"].includes(msg.header.msg_type);
    const isOfCell = msg.parent_header.msg_type === "execute_request";
    hasRun ||= isOfCell;
    if (hasRun && isOutput && !isOfCell) {
      window.unseenOutput.push(msg.content.text ?? msg.content.traceback.join("\\n"));
    }
  });
}
"""
KERNEL_ID = "jupyterapp.shell.currentWidget.sessionContext.session.kernel.id"
RUN = """
async ({ command, index, timeout }) => {
  const panel = jupyterapp.shell.currentWidget;
  if (index !== null) panel.content.activeCellIndex = index;
  const late = new Promise((_, reject) =>
    setTimeout(() => reject(new Error(`${command} still runs`)), timeout));
  await Promise.race([jupyterapp.commands.execute(command), late]);
}
"""
SHOW = """
async (path) => {
  const panel = await jupyterapp.commands.execute("docmanager:open", { path });
  jupyterapp.shell.activateById(panel.id);
}
"""
# back to what a new page shows
CLEAR = """
async () => {
  localStorage.clear();
  for (const each of [...jupyterapp.shell.widgets("main")]) each.dispose();
  await jupyterapp.commands.execute("filebrowser:activate");
}
"""
CELL_ERRORS = """
() => [...jupyterapp.shell.currentWidget.content.model.cells].flatMap((cell) =>
  (cell.toJSON().outputs ?? [])
    .filter((output) => output.output_type === "error")
    .map((output) => output.traceback.join("\\n")))
"""


@dataclass
class Notebook:
    """An open notebook: its page, its kernel, and output that neither of them shows."""

    page: Page
    record: Record
    evaluate: oracle.Evaluate

    def run_all(self, *, timeout_ms: int = TIMEOUT_MS) -> None:
        """Run every cell, and raise an AssertionError with a failing cell's error."""
        self._run("notebook:run-all-cells", None, timeout_ms)

    def run(self, index: int, *, timeout_ms: int = TIMEOUT_MS) -> None:
        """Run one cell, and raise an AssertionError with its error."""
        self._run("notebook:run-cell", index, timeout_ms)

    def start(self, index: int) -> None:
        """Run one cell without waiting for its end."""
        self.page.evaluate(f"(args) => {{ void ({RUN})(args); }}", _run_arguments(index))

    def wait_until(self, expression: str) -> Any:
        """Return the first true value of a Python expression in the kernel."""
        return oracle.wait_until(self.evaluate, expression)

    def unseen_output(self) -> list[str]:
        """Return output and errors outside every cell, mostly of message handlers."""
        unseen: list[str] = self.page.evaluate("window.unseenOutput")
        return unseen

    def assert_quiet(self, *, allowed: str | None = None) -> None:
        """Assert that there is no hidden error, and that no other host was contacted.

        Args:
            allowed: text of errors that are allowed.
        """
        unseen = [text for text in self.unseen_output() if not allowed or allowed not in text]
        assert not unseen, "\n".join(unseen)
        self.record.assert_clean(except_for=KNOWN_PAGE_ERRORS)

    def _run(self, command: str, index: int | None, timeout_ms: int) -> None:
        self.page.evaluate(RUN, _run_arguments(index, command, timeout_ms))
        errors = self.page.evaluate(CELL_ERRORS)
        assert not errors, "\n".join(errors)


def _run_arguments(
    index: int | None, command: str = "notebook:run-cell", timeout_ms: int = 10 * TIMEOUT_MS
) -> dict[str, Any]:
    return {"command": command, "index": index, "timeout": timeout_ms}


@dataclass
class JupyterServer:
    """One server for a test session. `data_dir` holds the groups of its kernels."""

    url: str
    root: Path
    restart: Callable[[], None] = lambda: None
    """Stop the server with its kernels, and start it again at the same address."""
    _numbers: Iterator[int] = field(default_factory=count)
    _pages: dict[bool, tuple[Page, Record]] = field(default_factory=dict)
    """The page that notebooks in Lab share, and the one that is loaded for each notebook."""

    @property
    def notebooks(self) -> Path:
        """The folder that the server serves."""
        return self.root / "notebooks"

    @property
    def data_dir(self) -> Path:
        """The kernels' JOBGROUP_DATA_DIR."""
        return self.root / "jobgroup_data_dir"

    @contextmanager
    def open(
        self,
        browser: Browser,
        notebook: Sequence[str] | Path,
        *,
        application: Application = "lab",
        dark: bool = False,
        kernel: str = "python3",
        fresh: bool = False,
    ) -> Iterator[Notebook]:
        """Open a notebook of these code cells, or a copy of this file, with a fresh kernel.

        Lab takes seconds to load, so its notebooks share one page, as a user's do. The others share
        a page too, because its process has compiled most of the code already.

        Args:
            browser: browser of the page.
            notebook: code cells, or a file to copy.
            application: application that shows the notebook.
            dark: whether the page is dark; it is a page of its own.
            kernel: name of the kernel.
            fresh: whether the page is loaded for the notebook, such as with other settings. A test
                that reloads the page needs this: Lab may open the tab again after the test's end,
                in front of the next test's notebook.
        """
        number = next(self._numbers)
        path = f"{number}.ipynb"
        (self.notebooks / path).write_text(_contents(notebook, kernel))
        is_shared = application == "lab" and not (dark or fresh)
        pages = fresh_page(browser, dark=True) if dark else self._page(browser, is_shared)
        with pages as (page, record):
            if is_shared and page.url != "about:blank":
                page.evaluate(SHOW, path)
            else:
                theme = "JupyterLab Dark" if dark else "JupyterLab Light"
                self.configure("@jupyterlab/apputils-extension:themes", {"theme": theme})
                # a new workspace, because Lab reopens the tabs of the last one
                folder = f"lab/workspaces/{number}/tree" if application == "lab" else "notebooks"
                page.goto(f"{self.url}/{folder}/{path}")
                page.wait_for_function("window.jupyterapp?.started")
                page.evaluate(
                    "async () => { await jupyterapp.started; await jupyterapp.restored; }"
                )
                page.locator("#jupyterlab-splash").wait_for(state="detached")
            page.wait_for_function(READY)
            page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook").wait_for()
            page.evaluate(LISTEN)
            running = page.evaluate(KERNEL_ID)
            connection_file = self.root / f"jupyter_runtime_dir/kernel-{running}.json"
            with oracle.listening_to(connection_file) as ask:
                try:
                    yield Notebook(page, record, ask)
                finally:
                    page.request.delete(f"{self.url}/api/kernels/{running}")

    @contextmanager
    def _page(self, browser: Browser, is_shared: bool) -> Iterator[tuple[Page, Record]]:
        """Yield one of the pages of all tests; a failed test's is not used again."""
        if is_shared not in self._pages:
            self._pages[is_shared] = new_page(browser)
        page, record = self._pages[is_shared]
        try:
            record.clear()
            yield page, record
            if is_shared:
                page.evaluate(CLEAR)
            else:
                page.evaluate("localStorage.clear()")
                for other in page.context.pages:
                    if other != page:
                        other.close()
                page.goto(f"{self.url}/api")  # of the same process
        except BaseException:
            del self._pages[is_shared]
            page.context.close()
            raise

    def offer_kernel(self, name: str, python: Path | str, *path: Path | str | None) -> None:
        """Add a kernel of an interpreter, with this PYTHONPATH."""
        spec = {
            "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": name,
            "language": "python",
            "env": {"PYTHONPATH": os.pathsep.join(str(each) for each in path if each)},
        }
        folder = self.root / "jupyter_data_dir/kernels" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kernel.json").write_text(json.dumps(spec))

    def configure(self, plugin: str, settings: dict[str, Any]) -> None:
        """Write settings of a plugin, which apply to pages that are opened later."""
        path = self._settings_of(plugin)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))

    @contextmanager
    def configured(self, plugin: str, settings: dict[str, Any]) -> Iterator[None]:
        """Apply settings of a plugin to the pages that are opened in the block."""
        self.configure(plugin, settings)
        yield
        self._settings_of(plugin).unlink()

    def _settings_of(self, plugin: str) -> Path:
        file = plugin.replace(":", "/")
        return self.root / f"jupyterlab_settings_dir/{file}.jupyterlab-settings"


def _contents(notebook: Sequence[str] | Path, kernel: str) -> str:
    if isinstance(notebook, Path):
        return notebook.read_text()
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{index}",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for index, source in enumerate(notebook)
    ]
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells})


@contextmanager
def serving_jupyter(
    root: Path, *, python: str | Path = sys.executable, env: Mapping[str, str] | None = None
) -> Iterator[JupyterServer]:
    """Run a server that is isolated from the user's own Jupyter, with its folders in `root`.

    Args:
        root: An empty folder.
        python: The interpreter of the server and of its kernels, except for "ipykernel6".
        env: Variables of the server.
    """
    folders = {name: root / name.lower() for name in DIRECTORIES}
    port = free_port()
    server = JupyterServer(f"http://127.0.0.1:{port}", root)
    for folder in (*folders.values(), server.notebooks):
        folder.mkdir()
    for plugin, settings in SETTINGS.items():
        server.configure(plugin, settings)
    page_config = folders["JUPYTER_CONFIG_DIR"] / "labconfig/page_config.json"
    page_config.parent.mkdir()
    page_config.write_text(json.dumps(PAGE_CONFIG))
    server.offer_kernel("ipykernel6", sys.executable, OLD_KERNEL, os.environ.get("PYTHONPATH"))
    with ExitStack() as running:

        def start() -> None:
            running.close()
            process = serving(
                [str(python), "-m", "jupyterlab", *OPTIONS, f"--ServerApp.port={port}"],
                env={**{name: str(folder) for name, folder in folders.items()}, **(env or {})},
                cwd=server.notebooks,
                ready_url=f"{server.url}/api/status",
                log=root / "jupyter.log",
            )
            running.enter_context(process)

        server.restart = start
        start()
        yield server
