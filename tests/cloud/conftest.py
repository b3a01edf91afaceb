"""Clouds and clients. Tests share the cloud that executes payloads: its worker takes 3 s to
start.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import httpx
import pytest
from simulations import body_of

from jobgroup.cloud import EmbeddedCloud

Wait = Callable[[httpx.Client, str], dict[str, Any]]


def client_of(cloud: EmbeddedCloud) -> httpx.Client:
    """Return a client with the cloud's URL and token."""
    return httpx.Client(
        base_url=cloud.url, headers={"Authorization": f"Bearer {cloud.token}"}, timeout=120
    )


@pytest.fixture(scope="session")
def cloud(worker: Executor) -> Iterator[EmbeddedCloud]:
    """Run a cloud with one worker, for every test that leaves it unchanged."""
    plan = {"max_queue": 10_000, "max_concurrent": 50}
    with EmbeddedCloud(executor=worker, workers=1, **plan) as running:
        yield running


@pytest.fixture(scope="session")
def http(cloud: EmbeddedCloud) -> Iterator[httpx.Client]:
    """Return a client of the shared cloud."""
    with client_of(cloud) as client:
        yield client


@pytest.fixture
def start() -> Iterator[Callable[..., tuple[EmbeddedCloud, httpx.Client]]]:
    """Start clouds for one test, each with a client, and stop them."""
    started: list[tuple[EmbeddedCloud, httpx.Client]] = []

    def begin(**options: Any) -> tuple[EmbeddedCloud, httpx.Client]:
        cloud = EmbeddedCloud(**{"prewarm": False, **options}).start()
        started.append((cloud, client_of(cloud)))
        return started[-1]

    yield begin
    for cloud, client in started:
        client.close()
        cloud.__exit__(None, None, None)


@pytest.fixture(scope="session")
def timer_body() -> Callable[..., dict[str, Any]]:
    """Make create bodies for `test:timer`."""

    def body(**parameters: Any) -> dict[str, Any]:
        return {
            "job_name": "timed",
            "platform_name": "test:timer",
            "payload": {"command": "timer", "parameters": parameters},
        }

    return body


@pytest.fixture(scope="session")
def create() -> Callable[..., str]:
    """Create a job and return its id."""

    def post(client: httpx.Client, body: dict[str, Any], **headers: str) -> str:
        answer = client.post("/api/jobs", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["job_id"])

    return post


@pytest.fixture(scope="session")
def wait() -> Wait:
    """Wait for a job's end, and return its last status."""

    def until_ended(client: httpx.Client, job_id: str) -> dict[str, Any]:
        give_up = time.monotonic() + 180
        pause_s = 0.01  # longer from time to time: the cloud answers in this process
        while time.monotonic() < give_up:
            status = dict(client.get(f"/api/jobs/{job_id}/status").json())
            if status["status"] in ("completed", "error", "canceled"):
                return status
            time.sleep(pause_s)
            pause_s = min(1.2 * pause_s, 0.1)
        raise AssertionError(f"{job_id} did not end: {status}")

    return until_ended


@pytest.fixture(scope="session")
def long_body() -> dict[str, Any]:
    """Return a create body that keeps a worker busy for half a minute, with progress."""
    return body_of(12, 8)


@pytest.fixture(scope="session")
def short_body() -> dict[str, Any]:
    """Return a create body of Perceval 1.3.1 that takes a worker some milliseconds."""
    recordings = json.loads((Path(__file__).parent / "recorded-requests.json").read_text())
    return next(dict(call["body"]) for call in recordings["1.3.1"] if call["body"])


@pytest.fixture(scope="session")
def waits(wait: Wait, until: Callable[..., Any]) -> tuple[Wait, Callable[..., Any]]:
    """Return both ways to wait."""
    return wait, until
