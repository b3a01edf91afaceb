"""A cloud, `jobgroup ui`, and runs of `jobgroup` in separate processes."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from ui_server import TIMEOUT_S, Lab, Ui, wait

from harness.browser import Record, launched, new_page
from harness.process import free_port
from jobgroup import GroupBusyError, JobGroup, JobGroupWarning, RemoteJob, set_token
from jobgroup.cloud import EmbeddedCloud


@pytest.fixture(scope="module")
def cloud() -> Iterator[EmbeddedCloud]:
    """Run a cloud for timer jobs."""
    with EmbeddedCloud(prewarm=False) as running:
        yield running


@pytest.fixture
def make_group(cloud: EmbeddedCloud, data_dir: Path) -> Callable[..., JobGroup]:
    """Make a group of timer jobs, each given by its parameters."""
    set_token(cloud.token, url=cloud.url)

    def make(name: str, *jobs: dict[str, Any]) -> JobGroup:
        group = JobGroup(name)
        for i, parameters in enumerate(jobs):
            body = {"command": "probs", "parameters": parameters}
            job = RemoteJob(body, platform="test:timer", url=cloud.url)
            group.add(job, labels={"phi": i / 10})
        return group

    return make


@pytest.fixture
def start_ui(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Callable[..., Ui]]:
    """Start `jobgroup ui` on the test's groups, with the cloud's token in its environment."""
    started: list[Ui] = []

    def start(*options: str, **environment: str) -> Ui:
        started.append(_start(cloud, tmp_path, *options, **environment))
        return started[-1]

    yield start
    for ui in started:
        ui.stop()


@pytest.fixture(scope="module")
def shared_ui(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    """Run one server for the tests that neither end it nor change its environment."""
    folder = tmp_path_factory.mktemp("ui")
    ui = _start(cloud, folder, JOBGROUP_DATA_DIR=str(folder / "groups"))
    yield ui
    ui.stop()


@pytest.fixture
def ui(shared_ui: Ui, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ui]:
    """Return a running server that shows the groups of the test."""
    monkeypatch.setenv("JOBGROUP_DATA_DIR", shared_ui.data_dir)
    yield shared_ui
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", JobGroupWarning)  # jobs may still run
        for name in JobGroup.list_existing():
            wait(lambda name=name: _is_deleted(name))


def _is_deleted(name: str) -> bool:
    """Delete a group, unless a run that a page started has not ended yet."""
    try:
        JobGroup.delete_job_group(name)
    except GroupBusyError:
        return False
    return True


@pytest.fixture(scope="module")
def shared_lab(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    """Run one JupyterLab for the tests that need one."""
    folder = tmp_path_factory.mktemp("lab")
    lab = _start(cloud, folder, kind=Lab, JOBGROUP_DATA_DIR=str(folder / "groups"))
    yield lab
    lab.stop()


@pytest.fixture
def lab(shared_lab: Ui, monkeypatch: pytest.MonkeyPatch) -> Ui:
    """Return a running JupyterLab whose server shows the groups of the test."""
    monkeypatch.setenv("JOBGROUP_DATA_DIR", shared_lab.data_dir)
    return shared_lab


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Launch Chromium without network."""
    with sync_playwright() as playwright, launched(playwright) as chromium:
        yield chromium


@pytest.fixture
def open_page(browser):
    """Open a group's page, and fail if it contacts another host or raises an error."""
    opened: list[tuple[Page, Record]] = []

    def open_page(ui: Ui, group: str = "") -> Page:
        opened.append(new_page(browser))
        page, _ = opened[-1]
        page.goto(f"{ui.url}jobgroup/?group={quote(group)}&token={ui.token}")
        return page

    yield open_page
    for page, _ in opened:
        page.context.close()
    for _, record in opened:
        record.assert_clean()


def _start(
    cloud: EmbeddedCloud, folder: Path, *options: str, kind: type[Ui] = Ui, **environment: str
) -> Ui:
    known = {"JOBGROUP_URL": cloud.url, "JOBGROUP_TOKEN": cloud.token}
    return kind(folder, free_port(), *options, **{**known, **environment})


@pytest.fixture
def start_run(cloud: EmbeddedCloud) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start `jobgroup run` with these arguments, as a user does in a terminal."""
    environment = {**os.environ, "JOBGROUP_URL": cloud.url, "JOBGROUP_TOKEN": cloud.token}
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "jobgroup", "run", *arguments]
        nowhere = subprocess.DEVNULL
        started.append(subprocess.Popen(command, env=environment, stdout=nowhere, stderr=nowhere))
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.wait(TIMEOUT_S)
