"""Every Python block of the documentation runs, page by page, from top to bottom."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

import pytest
from pages import MADE_FOR_THE_SITE, PAGES, ROOT, blocks

from jobgroup.cloud import EmbeddedCloud
from jobgroup.demo import environment_for

SESSIONS = [page for page in PAGES if blocks(page, "python", "pycon")]
SESSION = Path(__file__).with_name("session.py")


@pytest.fixture(scope="module")
def cloud(worker: Executor) -> Iterator[EmbeddedCloud]:
    """Run the cloud that replaces the real one on pages that name none."""
    with EmbeddedCloud(executor=worker, workers=1) as running:
        yield running


@pytest.mark.parametrize("page", SESSIONS, ids=lambda page: page.name)
def test_a_page_runs_from_top_to_bottom(page, cloud, tmp_path):
    """The page runs in a new process with a token, no groups and an empty folder."""
    environment = {
        **environment_for(cloud.url, cloud.token, tmp_path),
        "MPLBACKEND": "agg",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }
    done = subprocess.run(
        [sys.executable, SESSION, page],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, f"{page.relative_to(ROOT)}\n{done.stdout}\n{done.stderr}"


def test_blocks_that_do_not_run_are_marked_as_text():
    """A block is Python that the tests run, or console lines, settings or plain text.

    No other block may look like Python. Only the site's own pages have directives.
    """
    known = {"python", "pycon", "console", "text", "toml", "json"}
    wrong = [
        f"{page.relative_to(ROOT)}:{block.line} {block.language!r}"
        for page in PAGES
        for block in blocks(page)
        if block.language not in known
        and not (block.language.startswith("{") and page in MADE_FOR_THE_SITE)
    ]
    assert wrong == []
