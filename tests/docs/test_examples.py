"""Every Python block of the documentation runs, page by page, from top to bottom."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

import pytest
from nursery import Nursery
from pages import MADE_FOR_THE_SITE, PAGES, ROOT, blocks

from jobgroup.cloud import EmbeddedCloud
from jobgroup.demo import environment_for

SESSIONS = [page for page in PAGES if blocks(page, "python", "pycon")]
RUN = """
import sys
from pathlib import Path
from session import run

os.chdir(folder)
with open(log, "w") as output:
    os.dup2(output.fileno(), sys.stdout.fileno())
    os.dup2(output.fileno(), sys.stderr.fileno())
run(Path(page))
"""


@pytest.fixture(scope="module")
def cloud(worker: Executor) -> Iterator[EmbeddedCloud]:
    """Run the cloud that replaces the real one on pages that name none."""
    with EmbeddedCloud(executor=worker, workers=1) as running:
        yield running


@pytest.fixture(scope="module")
def perceval_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of Perceval, which reads its path only when it is imported."""
    return tmp_path_factory.mktemp("perceval")


@pytest.fixture(scope="module")
def nursery(cloud, perceval_folder: Path) -> Iterator[Nursery]:
    """Import once what most pages use, which takes seconds of processor time."""
    environment = {**environment_for(cloud.url, cloud.token, perceval_folder), "MPLBACKEND": "agg"}
    imports = ["matplotlib.pyplot", "pandas", "perceval", "xarray"]
    with Nursery(environment, imports) as running:
        yield running


@pytest.mark.parametrize("page", SESSIONS, ids=lambda page: page.name)
def test_a_page_runs_from_top_to_bottom(page, cloud, nursery, perceval_folder, data_dir, tmp_path):
    """The page runs in a new process with a token, no groups and an empty folder."""
    for each in perceval_folder.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    environment = {
        **environment_for(cloud.url, cloud.token, perceval_folder),
        "JOBGROUP_DATA_DIR": str(data_dir),
        "MPLBACKEND": "agg",
    }
    (tmp_path / "work").mkdir()
    names = {"page": str(page), "folder": str(tmp_path / "work"), "log": str(tmp_path / "log")}
    try:
        nursery.start(RUN, env=environment, **names).all(1200)
    except AssertionError as error:
        error.add_note((tmp_path / "log").read_text())
        raise


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
