"""Fixtures of the host tests: one browser and one server for all of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from harness.browser import launched
from harness.jupyter import JupyterServer, serving_jupyter


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Launch Chromium without network.

    It does not live for the whole session: while Playwright's synchronous API is open, its event
    loop counts as running in this thread, and no test elsewhere could run one of its own.
    """
    with sync_playwright() as playwright, launched(playwright) as chromium:
        yield chromium


@pytest.fixture(scope="session")
def jupyter_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Run JupyterLab and Notebook 7."""
    with serving_jupyter(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture
def jupyter(jupyter_server: JupyterServer, until: Callable[..., Any]) -> JupyterServer:
    """Return the server, whose kernels find no group of an earlier test."""

    def is_removed() -> bool:  # a process of an earlier test may still write
        shutil.rmtree(jupyter_server.data_dir, ignore_errors=True)
        return not jupyter_server.data_dir.exists()

    until(is_removed)
    jupyter_server.data_dir.mkdir()
    return jupyter_server
