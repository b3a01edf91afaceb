"""The marimo editor and app: open a notebook, which runs at once, and query its kernel."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page

from harness import oracle
from harness.browser import Record, fresh_page
from harness.process import free_port, serving

Mode = Literal["edit", "run"]

COMMAND = (sys.executable, "-m", "marimo", "--quiet", "--yes")
OPTIONS = ("--headless", "--no-token", "--host=127.0.0.1")
DIRECTORIES = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
SETTINGS = "[tool.marimo.runtime]\nauto_instantiate = true\n"  # the editor runs cells on opening
UNSEEN = "__import__('harness.inside').inside.unseen"
HARNESS = Path(__file__).parent.parent


@dataclass
class MarimoNotebook:
    """An open notebook whose cells have run."""

    page: Page
    record: Record
    evaluate: oracle.Evaluate
    log: Path

    def wait_until(self, expression: str) -> Any:
        """Return the first true value of a Python expression in the kernel."""
        return oracle.wait_until(self.evaluate, expression)

    def unseen_output(self) -> list[str]:
        """Return errors of message handlers, which marimo does not show."""
        unseen: list[str] = self.evaluate(UNSEEN)
        return unseen

    def assert_quiet(self) -> None:
        """Assert that no cell or handler raised, and that no other host was contacted."""
        texts = (*self.unseen_output(), *self._console(), self.log.read_text(errors="replace"))
        raised = [text for text in texts if "Traceback" in text]
        assert not raised, "\n".join(raised)
        self.record.assert_clean()

    def _console(self) -> list[str]:
        """Return the output and errors of cells in the editor. An app's output is in the log."""
        return self.page.get_by_test_id("console-output-area").all_inner_texts()


@contextmanager
def open_marimo(
    browser: Browser, root: Path, cells: Sequence[str], *, mode: Mode, dark: bool = False
) -> Iterator[MarimoNotebook]:
    """Run a server with one notebook of these cells, in folders below `root`."""
    folders = {name: root / name.lower() for name in (*DIRECTORIES, "JOBGROUP_DATA_DIR")}
    notebooks = root / "notebooks"
    for folder in (*folders.values(), notebooks):
        folder.mkdir()
    port, oracle_port = free_port(), free_port()
    (notebooks / "pyproject.toml").write_text(SETTINGS)
    window = f"from harness.inside import answer\nanswer(globals(), {oracle_port})"
    (notebooks / "notebook.py").write_text(_source([*cells, window]))
    log = root / "marimo.log"
    with (
        serving(
            [*COMMAND, mode, "notebook.py", *OPTIONS, f"--port={port}"],
            env={**{name: str(f) for name, f in folders.items()}, "PYTHONPATH": _python_path()},
            cwd=notebooks,
            ready_url=f"http://127.0.0.1:{port}/health",
            log=log,
        ),
        fresh_page(browser, dark=dark) as (page, record),
    ):
        page.goto(f"http://127.0.0.1:{port}/")
        with oracle.asking(oracle_port) as evaluate:
            yield MarimoNotebook(page, record, evaluate, log)


def _python_path() -> str:
    return os.pathsep.join(filter(None, (str(HARNESS), os.environ.get("PYTHONPATH"))))


def _source(cells: Sequence[str]) -> str:
    functions = (
        f"@app.cell\ndef _():\n{textwrap.indent(cell.strip(), '    ')}\n    return\n"
        for cell in cells
    )
    return "\n\n".join(["import marimo\n\napp = marimo.App()", *functions])
