"""Define the contract tests' shared fixtures: clouds, jobs for them, and child processes.

The number in the name of a test, such as 3 in `test_3_add_appends_in_order_and_is_durable`, is that
of a behavior of Perceval's JobGroup on which its users rely.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import httpx
import pytest
from measured_jobs import document_of
from nursery import Nursery
from scripted_cloud import ScriptedCloud

from jobgroup import JobGroup, RemoteJob, set_token
from jobgroup.cloud import EmbeddedCloud


@pytest.fixture(scope="session")
def executing_cloud(worker: Executor) -> Iterator[EmbeddedCloud]:
    """The embedded cloud, with a worker that executes Perceval's payloads."""
    plan = {"max_queue": 1000, "max_concurrent": 50}
    with EmbeddedCloud(executor=worker, workers=1, **plan) as running:
        # Perceval's client waits only 10 s for the description of a platform, which a started
        # worker writes.
        headers = {"Authorization": f"Bearer {running.token}"}
        details = f"{running.url}/api/platforms/sim:altair/processor"
        httpx.get(details, headers=headers, timeout=120).raise_for_status()
        yield running


@pytest.fixture
def cloud(executing_cloud: EmbeddedCloud) -> EmbeddedCloud:
    """The embedded cloud, with its token set in this process."""
    set_token(executing_cloud.token, url=executing_cloud.url)
    return executing_cloud


@pytest.fixture
def scripted() -> Iterator[ScriptedCloud]:
    """A cloud that only this test uses, and that behaves as scripted."""
    with ScriptedCloud() as running:
        set_token(running.token, url=running.url)
        yield running


@pytest.fixture
def start() -> Iterator[Callable[..., EmbeddedCloud]]:
    """Start embedded clouds that only this test uses, with only `test:timer`, and stop them."""
    started: list[EmbeddedCloud] = []

    def begin(**options: Any) -> EmbeddedCloud:
        running = EmbeddedCloud(**{"prewarm": False, **options}).start()
        started.append(running)
        set_token(running.token, url=running.url)
        return running

    yield begin
    for running in started:
        running.__exit__(None, None, None)


@pytest.fixture
def timer() -> Callable[..., RemoteJob]:
    """Make jobs for a cloud whose parameters set their duration and failure."""

    def make(cloud: Any, name: str = "timed", **parameters: Any) -> RemoteJob:
        body = {"command": "timer", "parameters": parameters}
        return RemoteJob(body, platform="test:timer", url=cloud.url, name=name)

    return make


@pytest.fixture
def sampler() -> Callable[[EmbeddedCloud], Any]:
    """Make Perceval's Sampler of the specification's first CNOT on an embedded cloud."""
    import perceval as pcvl
    from perceval.algorithm import Sampler

    def make(cloud: EmbeddedCloud) -> Any:
        processor = pcvl.RemoteProcessor("sim:altair", url=cloud.url, token=cloud.token)
        processor.add(0, pcvl.catalog["postprocessed cnot"].build_processor())
        processor.min_detected_photons_filter(2)
        processor.with_input(pcvl.BasicState([0, 1, 0, 1]))
        return Sampler(processor, max_shots_per_call=1_000_000)

    return make


@pytest.fixture
def factory(cloud: EmbeddedCloud) -> Callable[..., Any]:
    """Make factories of Executions of two photons in an interferometer with a free phase."""
    import perceval as pcvl
    from perceval.providers.quandela import QuandelaCommunicationLayer

    def make() -> Any:
        phase = pcvl.P("phi")
        experiment = pcvl.Experiment(2).add(0, pcvl.BS()).add(0, pcvl.PS(phase)).add(0, pcvl.BS())
        phase.set_value(0.3)
        experiment.with_input(pcvl.BasicState([1, 1]))
        experiment.min_detected_photons_filter(2)
        layer = QuandelaCommunicationLayer("sim:slos", token=cloud.token, url=cloud.url)
        return pcvl.ExecutionFactory(pcvl.RemoteComputer(layer), experiment, 100_000)

    return make


@pytest.fixture
def sampled(cloud: EmbeddedCloud) -> Callable[..., Any]:
    """Build the job of a phase with Perceval."""
    import perceval as pcvl
    from perceval.algorithm import Sampler

    def build(phi: float, given_state: Any = None) -> Any:
        processor = pcvl.RemoteProcessor("sim:slos", m=2, url=cloud.url, token=cloud.token)
        processor.add(0, pcvl.BS() // pcvl.PS(phi) // pcvl.BS())
        processor.min_detected_photons_filter(1)
        processor.with_input(given_state or pcvl.BasicState([1, 1]))
        return Sampler(processor, max_shots_per_call=1000).sample_count

    return build


@pytest.fixture
def group(timer: Callable[..., RemoteJob]) -> Callable[..., JobGroup]:
    """Make a group with the given number of jobs for a cloud."""

    def make(cloud: Any, jobs: int = 3, name: str = "experiment", **parameters: Any) -> JobGroup:
        jg = JobGroup(name)
        jg.add_many([timer(cloud, f"job {i}", **parameters) for i in range(jobs)])
        return jg

    return make


@pytest.fixture
def path(data_dir: Path) -> Path:
    """Return the path of the file of the group "experiment"."""
    return data_dir / "groups" / "experiment.jobgroup"


@pytest.fixture
def ended(group: Callable[..., JobGroup], scripted: ScriptedCloud) -> Callable[..., JobGroup]:
    """Make a group on the scripted cloud whose sent jobs have these status words."""

    def make(*words: str, name: str = "experiment") -> JobGroup:
        jg = group(scripted, len(words), name)
        jg.run_parallel()
        for job, word in zip(jg.remote_jobs, words, strict=True):
            scripted.tell(job.id, word, status_message=f"it is {word}")
        jg.refresh()
        scripted.asked.clear()
        return jg

    return make


@pytest.fixture
def measured(scripted: ScriptedCloud) -> Callable[..., JobGroup]:
    """Make a group of jobs with labels and results; a result of None is a job in error."""

    def make(*jobs: tuple[dict[str, Any], Any], name: str = "map", **payload: Any) -> JobGroup:
        jg = JobGroup(name)
        for labels, _ in jobs:
            body = {"command": "sample_count", "max_samples": 100, **payload}
            body |= labels.get("_payload", {})
            platform = labels.get("_platform", "sim:x")
            job = RemoteJob(body, platform=platform, url=scripted.url)
            jg.add(job, labels={k: v for k, v in labels.items() if not k.startswith("_")})
        jg.run_parallel()
        for job, (_, result) in zip(jg, jobs, strict=True):
            scripted.tell(job.id, "error" if result is None else "completed", shots=1000)
            if result is not None:
                document = result if isinstance(result, dict) else {"results": result}
                scripted.results[job.id] = {"results": json.dumps(document)}
        jg.refresh()
        return jg

    return make


@pytest.fixture
def sweep(scripted: ScriptedCloud) -> JobGroup:
    """Make five jobs over a phase: success, success, error, waiting, unsent."""
    jg = JobGroup("sweep")
    for nth, shots in enumerate((100, 200, 100, 100, 100)):
        body = {"command": "sample_count", "max_shots": shots, "max_samples": 10}
        job = RemoteJob(body, platform="sim:x", url=scripted.url, name=f"job {nth}")
        jg.add(job, labels={"phi": nth / 10, "chip": "A"})
        if nth < 4:
            jg[nth].execute_async()
    jg[0].note = "=a note"
    scripted.tell(jg[0].id, "completed", duration=3, shots=90)
    scripted.tell(jg[1].id, "completed", duration=4)
    scripted.tell(jg[2].id, "error", status_message="<b>The laser</b> lost its lock")
    scripted.results[jg[0].id] = document_of({"|2,0>": 4, "|1,1>": 6})
    scripted.results[jg[1].id] = document_of({"|2,0>": 7, "|0,2>": 3}, logical_perf=0.25)
    return jg


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python on a source text in a separate process; `cloud` is its cloud."""
    running: list[subprocess.Popen[str]] = []

    def begin(source: str, cloud: Any = None, *args: str, **options: Any) -> Any:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        if cloud is not None:
            env |= {"JOBGROUP_URL": cloud.url, "JOBGROUP_TOKEN": cloud.token}
        process = subprocess.Popen(
            [sys.executable, "-c", source, *args],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def in_interpreter(spawn: Callable[..., subprocess.Popen[str]]) -> Callable[..., Any]:
    """Run a source text in a new interpreter and return the JSON that it prints last."""

    def run(source: str, cloud: Any = None, *args: str) -> Any:
        process = spawn(source, cloud, *args)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        return json.loads(out.splitlines()[-1])

    return run


@pytest.fixture
def in_child(nursery: Nursery, tmp_path: Path) -> Callable[..., Any]:
    """Run a source text in a process that has imported jobgroup already, which saves a second.

    Return the JSON that it prints last.
    """

    def run(source: str, cloud: Any = None) -> Any:
        output = tmp_path / "output of a child"
        env = {"JOBGROUP_URL": cloud.url, "JOBGROUP_TOKEN": cloud.token} if cloud else {}
        first = f"import sys; sys.stdout = open({str(output)!r}, 'w')\n"
        nursery.start(first + source, env=env).all()
        nursery.clear()
        return json.loads(output.read_text().splitlines()[-1])

    return run


@pytest.fixture
def snapshot() -> Callable[[JobGroup], Any]:
    """Return everything that is known about a group's jobs, for a comparison."""

    def take(jg: JobGroup) -> Any:
        return [
            (j.position, j.name, j.state, j.id, j.platform, j.params, j.labels, j.attempts, j.note)
            for j in jg
        ]

    return take


@pytest.fixture
def from_file(in_child: Callable[..., Any]) -> Callable[..., list[dict[str, Any]]]:
    """Return the jobs of a group as a new process reads them from the file."""

    def read(name: str = "experiment") -> list[dict[str, Any]]:
        return in_child(
            "import json\n"
            "from jobgroup import JobGroup\n"
            f"jobs = JobGroup.open({name!r}).remote_jobs\n"
            "print(json.dumps([{'state': j.state, 'id': j.id, 'name': j.name} for j in jobs]))"
        )

    return read
