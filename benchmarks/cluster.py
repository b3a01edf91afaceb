"""Simulations on a Dask cluster, sent as jobs of a group, and by Dask alone on the same workers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from report import Line, Result, Variant

WORKERS = 2
MODES, PHOTONS = 10, 5
PLATFORM = "sim:slos"


def lines(*, quick: bool) -> Iterator[Line]:
    """Yield every size of this measure, or none if Dask is not installed."""
    if find_spec("distributed") is None:
        print("cluster: Dask is not installed, nothing is measured", file=sys.stderr)
        return
    count = 40 if quick else 200
    yield Line(
        f"{count:,} simulations of {PHOTONS} photons on {WORKERS} Dask workers",
        Variant(as_jobs, (count,), once=True),
        {"Dask alone": Variant(by_dask_alone, (count,), once=True)},
        jobs=count,
        reach=1.25,
    )


def as_jobs(count: int) -> Result:
    """Run a group on `jobgroup cloud --dask`, until the last result is in the cloud's file."""
    from jobgroup import JobGroup, RemoteJob, set_token

    payload = _payload()
    with _cluster() as address, _cloud(address) as (url, token):
        set_token(token, url=url)
        jg = JobGroup("sweep")
        jg.add_many(RemoteJob(payload, platform=PLATFORM, url=url) for _ in range(count))
        began = time.perf_counter()
        jg.run_parallel(queue=True)
        jg.wait()
        seconds = time.perf_counter() - began
        succeeded = len(jg.list_successful_jobs(refresh=False))
    assert succeeded == count
    return Result(seconds, {"ms each": 1000 * seconds / count})


def by_dask_alone(count: int) -> Result:
    """Run the same payloads with `Client.map`, until the last result is in this process."""
    from distributed import Client

    from jobgroup.cloud.execution import execute

    payload = _payload()
    with _cluster() as address, Client(address, set_as_default=False) as client:
        began = time.perf_counter()
        calls = [
            client.submit(execute, payload, PLATFORM, None, s, pure=False) for s in range(count)
        ]
        outcomes = client.gather(calls)
        seconds = time.perf_counter() - began
        del calls
    assert sum("results" in outcome for outcome in outcomes) == count
    return Result(seconds)


def _payload() -> dict[str, Any]:
    """Return a simulation with noise that takes a worker about a tenth of a second."""
    import perceval as pcvl
    from perceval.runtime.payload_generator import PayloadGenerator
    from perceval.serialization import serialize

    pcvl.random_seed(1)
    experiment = pcvl.Experiment(pcvl.Unitary(pcvl.Matrix.random_unitary(MODES)))
    experiment.with_input(pcvl.BasicState([1] * PHOTONS + [0] * (MODES - PHOTONS)))
    experiment.min_detected_photons_filter(1)
    experiment.noise = pcvl.NoiseModel(transmittance=0.5, indistinguishability=0.8)
    body = serialize(PayloadGenerator.generate_payload("probs", experiment, platform_name=PLATFORM))
    payload: dict[str, Any] = json.loads(json.dumps(body["payload"]))
    return payload


@contextmanager
def _cluster() -> Iterator[str]:
    """Run a scheduler and workers of one thread, which import Perceval; yield the address."""
    from distributed import Client

    from jobgroup.cloud.execution import import_perceval

    file = Path("scheduler.json").absolute()
    options = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
    processes = [_dask("scheduler", *options)]
    try:
        while not file.exists() or not file.read_text():
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        processes += [_dask("worker", address, "--nthreads", "1") for _ in range(WORKERS)]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(WORKERS)
            client.run(import_perceval)
        yield address
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def _dask(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "dask", *arguments, "--no-dashboard"])


@contextmanager
def _cloud(address: str) -> Iterator[tuple[str, str]]:
    """Run `jobgroup cloud` on a cluster, in a separate process; yield its URL and token."""
    command = [sys.executable, "-m", "jobgroup", "cloud", "--dask", address]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url, token = (process.stdout.readline().split()[1] for _ in range(2))
        yield url, token
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
