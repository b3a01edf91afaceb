"""The recorded groups of each release, and a cloud that has their jobs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import closing
from pathlib import Path

import pytest
from record import RECORDED, URL

from jobgroup import set_token
from jobgroup.cloud import EmbeddedCloud
from jobgroup.cloud.job_store import JobStore


@pytest.fixture(scope="session")
def recorded_cloud(
    worker: Executor, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedCloud]:
    """Run a cloud with every recorded job, in its recorded state."""
    directory = tmp_path_factory.mktemp("cloud")
    JobStore(directory / "jobs.sqlite").close()
    with closing(sqlite3.connect(directory / "jobs.sqlite")) as jobs:
        for row in json.loads((RECORDED / "cloud.json").read_text()):
            places = ", ".join("?" * len(row))
            jobs.execute(f"INSERT INTO jobs ({', '.join(row)}) VALUES ({places})", [*row.values()])
        jobs.commit()
    options = {"directory": directory, "max_concurrent": 50}
    with EmbeddedCloud(executor=worker, workers=1, **options) as running:
        yield running


@pytest.fixture
def cloud(recorded_cloud: EmbeddedCloud) -> EmbeddedCloud:
    """Return that cloud, and set its token in this process."""
    set_token(recorded_cloud.token, url=recorded_cloud.url)
    return recorded_cloud


@pytest.fixture
def old(tmp_path: Path) -> Callable[..., Path]:
    """Copy a recorded group into a folder under a name, and change its cloud's URL."""

    def put(
        recorded: str, name: str = "old", folder: str = "old groups", *, url: str = URL
    ) -> Path:
        kind = recorded.rpartition(".")[2]
        path = tmp_path / folder / f"{name}.{kind}"
        path.parent.mkdir(exist_ok=True)
        assert len(url) == len(URL)  # an archive contains lengths
        path.write_text((RECORDED / recorded).read_text("utf-8").replace(URL, url), "utf-8")
        return path

    return put


@pytest.fixture
def snapshot_of() -> Callable[[Path], dict[str, bytes]]:
    """Return every file of a folder with its bytes, to compare before and after."""
    return lambda folder: {file.name: file.read_bytes() for file in folder.iterdir()}
