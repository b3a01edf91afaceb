"""Clouds that misbehave, processes that are killed, and the comparison of both sides."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from ledger import Ledger
from nursery import Child, Nursery

from jobgroup import JobGroup, RemoteJob, set_token
from jobgroup.cloud import EmbeddedCloud


@pytest.fixture
def begin() -> Iterator[Callable[..., EmbeddedCloud]]:
    """Start clouds for `test:timer`. Like the real one, they support no idempotency keys."""
    started: list[EmbeddedCloud] = []

    def start(**options: Any) -> EmbeddedCloud:
        defaults = {"prewarm": False, "supports_idempotency_keys": False, "max_concurrent": 1000}
        running = EmbeddedCloud(**{**defaults, **options}).start()
        started.append(running)
        set_token(running.token, url=running.url)
        return running

    yield start
    for running in started:
        running.__exit__(None, None, None)


@pytest.fixture
def cloud(begin: Callable[..., EmbeddedCloud], monkeypatch: pytest.MonkeyPatch) -> EmbeddedCloud:
    """A cloud, which is also the default for jobs without a URL."""
    running = begin()
    monkeypatch.setenv("JOBGROUP_URL", running.url)
    monkeypatch.setenv("JOBGROUP_TOKEN", running.token)
    return running


@pytest.fixture
def child(nursery: Nursery, cloud: EmbeddedCloud) -> Iterator[Callable[..., Child]]:
    """Start a process that runs a source text on the test's cloud."""
    yield nursery.start
    nursery.clear()


@pytest.fixture
def job() -> Callable[..., RemoteJob]:
    """Make jobs that run and fail as their parameters specify."""

    def make(name: str = "timed", *, url: str | None = None, **parameters: Any) -> RemoteJob:
        body = {"command": "timer", "parameters": parameters}
        return RemoteJob(body, platform="test:timer", url=url, name=name)

    return make


@pytest.fixture
def group(job: Callable[..., RemoteJob], cloud: EmbeddedCloud) -> Callable[..., JobGroup]:
    """Make a group with the given number of jobs, named by their numbers."""

    def make(jobs: int = 3, name: str = "experiment", **parameters: Any) -> JobGroup:
        jg = JobGroup(name)
        jg.add_many([job(str(i), url=cloud.url, **parameters) for i in range(jobs)])
        return jg

    return make


@pytest.fixture
def ledger(cloud: EmbeddedCloud) -> Callable[[JobGroup], Ledger]:
    """Compare a group with its cloud."""
    return lambda jg: Ledger(jg, cloud)


@pytest.fixture
def still() -> Callable[[Callable[[], Any]], Any]:
    """Wait until a value has stopped changing, and return it.

    A value that changes more often than that never settles.
    """

    def wait(look: Callable[[], Any], for_s: float = 2.0) -> Any:
        give_up = time.monotonic() + 120
        value, since = look(), time.monotonic()
        while time.monotonic() - since < for_s:
            assert time.monotonic() < give_up, "the value does not settle"
            time.sleep(0.02)
            if (now := look()) != value:
                value, since = now, time.monotonic()
        return value

    return wait


@pytest.fixture
def tiny_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TinyDisk]:
    """The data directory on a small file system."""
    place = tmp_path / "tiny"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=12m,mode=700", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only a user who may mount disks can make a full one")
    monkeypatch.setenv("JOBGROUP_DATA_DIR", str(place / "data"))
    yield TinyDisk(place)
    subprocess.run(["umount", "--lazy", str(place)], check=True)


class TinyDisk:
    """A file system that a test can fill."""

    def __init__(self, place: Path) -> None:
        self._filler = place / "filler"
        self._place = place

    def fill(self, but: int = 0) -> None:
        """Leave the given number of bytes free."""
        self.clear()
        free = os.statvfs(self._place)
        with suppress(OSError):  # the processes of the test need room too
            self._filler.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - but)))

    def clear(self) -> None:
        """Make room again."""
        self._filler.unlink(missing_ok=True)

    def protect(self) -> None:
        """Make the file system read-only."""
        command = ["mount", "-o", "remount,ro", str(self._place)]
        subprocess.run(command, check=True, capture_output=True)
