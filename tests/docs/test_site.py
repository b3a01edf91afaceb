"""The site of `make docs` builds without warnings, has the whole public API, and uses no other
host.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from pages import ROOT

import jobgroup


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Build the pages. Warnings and broken references to jobgroup are errors."""
    folder = tmp_path_factory.mktemp("site")
    build("docs", str(folder), "-D", "nb_execution_mode=off")  # the notebooks have their own tests
    return folder


def build(*arguments: str) -> None:
    """Build pages with Sphinx, as `make docs` does."""
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def inventory(site) -> dict[str, str]:
    """Return every documented name with its page."""
    lines = zlib.decompress((site / "objects.inv").read_bytes().split(b"\n", 4)[4]).decode()
    entries = [line.split(" ", 4) for line in lines.splitlines() if " py:" in line]
    return {name: uri.partition("#")[0] for name, _kind, _priority, uri, _title in entries}


def test_api_page_has_exactly_the_public_names(inventory):
    """The page documents exactly the names of `jobgroup.__all__`."""
    listed = {name for name, page in inventory.items() if page == "api/index.html"}
    top = {name.removeprefix("jobgroup.") for name in listed if name.count(".") == 1}
    assert top == set(jobgroup.__all__)


def test_every_method_of_groups_and_jobs_is_documented(inventory):
    """Every public method is described."""
    for kind in (jobgroup.JobGroup, jobgroup.RemoteJob):
        public = {n for n in dir(kind) if not n.startswith("_")}
        assert {n for n in public if f"jobgroup.{kind.__name__}.{n}" not in inventory} == set()


def test_docstrings_are_rendered(site):
    """Parameters with their types, returned values and errors are rendered as such."""
    page = (site / "api/index.html").read_text("utf-8")
    text = html.unescape(re.sub(r"<[^>]+>", "", page))
    assert re.search(r"concurrent_job_count:\s*int\s*\|\s*None\s*=\s*None", text)
    assert re.search(r"list_unsent_jobs\(\)\s*→\s*list\[RemoteJob\]", text)
    assert re.search(r"Raises:.{0,40}TypeError", text, re.DOTALL)
    assert "Args:" not in text


def test_pages_need_no_other_host(site):
    """Scripts, styles, fonts and pictures are in the folder, so the site can be read offline."""
    loaded = re.compile(r"""<(?:script|link|img)\b[^>]*?\s(?:src|href)=["'](?:https?:)?//""")
    for page in site.rglob("*.html"):
        assert not loaded.search(page.read_text("utf-8")), page.name
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//", style.read_text("utf-8")), style.name


def test_pages_do_not_reveal_the_machine_that_built_them(site):
    """The pages contain no path of a home or of the repository."""
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        assert str(ROOT) not in text, page.name
        assert str(Path.home()) + "/" not in text or Path.home() == Path("/"), page.name


def test_page_of_an_executed_notebook_shows_its_group(tmp_path):
    """`make docs` runs notebooks. The type of a group's output for JupyterLab is no warning, and
    the page shows the table.
    """
    about = {"metadata": {}, "outputs": [], "execution_count": None}
    source = "from jobgroup import JobGroup\nJobGroup('shown on a page')"
    cells = [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# A notebook"},
        {"cell_type": "code", "id": "group", "source": source, **about},
    ]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "index.ipynb").write_text(json.dumps(notebook))
    build("-c", "docs", str(pages), str(tmp_path / "site"))
    page = (tmp_path / "site/index.html").read_text("utf-8")
    assert "<b>shown on a page</b>: no jobs yet" in page
