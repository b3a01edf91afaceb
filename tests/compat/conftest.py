"""The cloud of `make compat`, or an embedded one, for the installed release of Perceval.

An old Perceval cannot execute payloads, so `make compat` runs the cloud in another environment and
passes its URL and token in JOBGROUP_COMPAT_CLOUD.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from which_release import RELEASE

from jobgroup import JobGroup, set_compatibility

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # old releases warn about newer libraries
    import perceval as pcvl
    from perceval.algorithm import Sampler

# hostile texts, and a cloud that returns them
sys.path.append(str(Path(__file__).parents[1] / "promises"))


@dataclass(frozen=True)
class Cloud:
    """A cloud's URL and token, and requests to it without a client."""

    url: str
    token: str

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Return the decoded response to a request."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, self.url + path, headers=headers, timeout=120, **options)
        answer.raise_for_status()
        return answer.json()

    def payload(self, job_id: str) -> Any:
        """Return a job's payload."""
        return self.ask("GET", f"/api/jobs/{job_id}/data")["payload"]


@pytest.fixture(scope="session")
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """Return a cloud that is ready to execute."""
    where = os.environ.get("JOBGROUP_COMPAT_CLOUD")
    if where:
        yield Cloud(*where.split())
        return
    from jobgroup.cloud import EmbeddedCloud

    with EmbeddedCloud(executor=request.getfixturevalue("worker"), workers=1) as running:
        cloud = Cloud(running.url, running.token)
        # Perceval's client waits only 10 s for the platform's details, which need a worker
        cloud.ask("GET", "/api/platforms/sim:altair/processor")
        yield cloud


@pytest.fixture(scope="session")
def two_beside_heralds() -> int:
    """Return the filter for two photons of a gate with two heralds, which 0.12 also counts."""
    return 2 if RELEASE >= (0, 13) else 4


@pytest.fixture
def processor(cloud: Cloud) -> Callable[..., Any]:
    """Make a remote processor of two photons in an interferometer with one free phase."""

    def make(platform: str = "sim:slos", phase: Any = 0.3) -> Any:
        made = pcvl.RemoteProcessor(platform, token=cloud.token, url=cloud.url)
        made.add(0, pcvl.Circuit(2) // pcvl.BS() // pcvl.PS(phase) // pcvl.BS())
        made.min_detected_photons_filter(2)
        made.with_input(pcvl.BasicState([1, 1]))
        return made

    return make


@pytest.fixture
def sampler(processor: Callable[..., Any]) -> Callable[..., Any]:
    """Make a sampler for such a processor."""

    def make(*iterations: Any, **options: Any) -> Any:
        made = Sampler(processor(**options), max_shots_per_call=100_000)
        for iteration in iterations:
            made.add_iteration(**iteration)
        return made

    return make


@pytest.fixture
def ended() -> Callable[[Any], Any]:
    """Wait until one of Perceval's own jobs has ended, and return it."""

    def wait(job: Any) -> Any:
        give_up = time.monotonic() + 180
        while not job.is_complete:
            assert time.monotonic() < give_up, "the job does not end"
            time.sleep(0.1)
        return job

    return wait


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Any]]:
    """Make groups of Perceval's own class, which poll without their usual delay."""
    delays = [(sys.modules[pcvl.JobGroup.__module__], 0.1), (pcvl.RemoteJob, 0.0)]
    for place, delay in delays:
        monkeypatch.setattr(place, "STATUS_REFRESH_DELAY", delay, raising=False)
    # 0.13 makes no folder
    Path(pcvl.JobGroup._DIR_PATH).mkdir(parents=True, exist_ok=True)  # noqa: SLF001
    names: list[str] = []

    def make() -> Any:
        names.append(f"theirs {uuid.uuid4()}")  # Perceval's folder is that of the whole process
        return pcvl.JobGroup(names[-1])

    yield make
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            pcvl.JobGroup.delete_job_group(name)


@pytest.fixture
def both(theirs: Callable[[], Any]) -> tuple[Any, JobGroup]:
    """Make a group of each class: Perceval's, then jobgroup's."""
    return theirs(), JobGroup("ours")


@pytest.fixture
def timer(processor: Callable[..., Any]) -> Callable[..., Any]:
    """Make Perceval's own unsent timer jobs."""

    def make(seconds: float = 0.0) -> Any:
        handler = processor()._rpc_handler  # noqa: SLF001  # no release has another way
        handler.name = "test:timer"
        payload = {"command": "timer", "parameters": {"duration_s": seconds}}
        body = {"platform_name": "test:timer", "pcvl_version": pcvl.__version__}
        return pcvl.RemoteJob({**body, "payload": payload}, handler, "timed")

    return make


@pytest.fixture
def fault(cloud: Cloud) -> Iterator[Callable[..., None]]:
    """Inject a fault into the cloud, by default once."""

    def add(**given: Any) -> None:
        cloud.ask("POST", "/faults", json={"times": 1, **given})

    yield add
    cloud.ask("DELETE", "/faults")


@pytest.fixture
def plan(cloud: Cloud) -> Iterator[Callable[..., Any]]:
    """Change the plan of the cloud for one test, when all earlier jobs have ended."""
    give_up = time.monotonic() + 120
    while cloud.ask("GET", "/api/jobs/availability")["num_jobs_in_queue"]:
        assert time.monotonic() < give_up, "the earlier jobs do not end"
        time.sleep(0.1)
    before = cloud.ask("GET", "/faults")["plan"]
    yield lambda **limits: cloud.ask("PUT", "/faults/plan", json=limits)
    cloud.ask("PUT", "/faults/plan", json=before)


@pytest.fixture(autouse=True)
def _contract() -> Iterator[None]:
    yield
    set_compatibility(None)
