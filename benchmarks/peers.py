"""The same work by Perceval's own JobGroup and ExecutionGroup on the same server."""

# ruff: noqa: SLF001  # what a benchmark does not measure is set up without its cost

from __future__ import annotations

import time
from functools import cache
from typing import Any

from measure import written_bytes
from report import Result
from server import STILL, Running, running, seen

TOKEN = "benchmark"


def add(count: int) -> Result:
    """Measure `JobGroup.add`, one job after another, to a new group."""
    from perceval import JobGroup

    with running() as server:
        jobs = job_list(server, count)
    return _added(JobGroup("experiment"), jobs)


def add_executions(count: int) -> Result:
    """Measure `ExecutionGroup.add`, one job after another, to a new group."""
    from perceval import ExecutionGroup

    with running() as server:
        executions = execution_list(server, count)
    return _added(ExecutionGroup("experiment"), executions)


def _added(group: Any, items: list[Any]) -> Result:
    wrote, began = written_bytes(), time.perf_counter()
    for item in items:
        group.add(item, max_samples=10_000)
    seconds = time.perf_counter() - began
    return Result(seconds, {"MB written": (written_bytes() - wrote) / 1e6})


def progress(count: int, latency_s: float) -> Result:
    """Measure `JobGroup.progress` of active jobs."""
    from perceval import JobGroup

    with running() as server:
        jobs = job_list(server, count)
        group = JobGroup("experiment")
        for i, job in enumerate(jobs):
            job._id = f"{STILL}{i}"
        group._jobs.extend(jobs)  # adding them one by one is measured elsewhere
        server.set(latency_s=latency_s)
        began = time.perf_counter()
        group.progress()
        return Result(time.perf_counter() - began)


def run(how: str, count: int, settings: dict[str, Any]) -> Result:
    """Measure a run of a new JobGroup, "parallel" or "sequential", to the end of all jobs."""
    from perceval import JobGroup

    with running() as server:
        jobs = job_list(server, count)
        return _ran(server, JobGroup("experiment"), jobs, how, settings)


def run_executions(how: str, count: int, settings: dict[str, Any]) -> Result:
    """Measure the same for a new ExecutionGroup."""
    from perceval import ExecutionGroup

    with running() as server:
        executions = execution_list(server, count)
        return _ran(server, ExecutionGroup("experiment"), executions, how, settings)


def _ran(
    server: Running, group: Any, items: list[Any], how: str, settings: dict[str, Any]
) -> Result:
    for item in items:
        group.add(item, max_samples=10_000)
    server.set(**settings, asked={})
    began = time.perf_counter()
    if how == "sequential":
        group.run_sequential(0)
    else:
        group.run_parallel()
    seconds = time.perf_counter() - began
    return Result(seconds, seen(server.observed()))


def requests(count: int, settings: dict[str, Any]) -> Result:
    """Count the requests of a whole run."""
    ran = run("parallel", count, settings)
    return Result(ran.seen["requests"], ran.seen)


def results(count: int, latency_s: float) -> Result:
    """Measure `JobGroup.get_results` of successful jobs."""
    from perceval import JobGroup
    from perceval.runtime import RunningStatus

    with running(word="completed") as server:
        jobs = job_list(server, count)
        group = JobGroup("experiment")
        for i, job in enumerate(jobs):
            job._id = f"{STILL}{i}"
            job._job_status.status = RunningStatus.SUCCESS
        group._jobs.extend(jobs)
        server.set(latency_s=latency_s)
        began = time.perf_counter()
        group.get_results()
        return Result(time.perf_counter() - began)


def open_group(count: int) -> Result:
    """Measure opening a JobGroup of unsent jobs, and `progress`."""
    from perceval import JobGroup

    with running() as server:
        group = JobGroup("experiment")
        group._jobs.extend(job_list(server, count))
        group._write_to_file()
    began = time.perf_counter()
    JobGroup("experiment").progress()
    return Result(time.perf_counter() - began)


def job_list(server: Running, count: int) -> list[Any]:
    """Return the given number of RemoteJobs of one small circuit."""
    import perceval as pcvl
    from perceval.algorithm import Sampler

    server.set(details=_details())
    processor = pcvl.RemoteProcessor("sim:altair", url=server.url, token=TOKEN)
    processor.add(0, pcvl.catalog["postprocessed cnot"].build_experiment())
    processor.min_detected_photons_filter(2)
    processor.with_input(pcvl.BasicState([0, 1, 0, 1]))
    sampler = Sampler(processor, max_shots_per_call=1_000_000)
    return [sampler.sample_count for _ in range(count)]


def execution_list(server: Running, count: int) -> list[Any]:
    """Return the given number of Executions of the same circuit."""
    import perceval as pcvl
    from perceval.providers.quandela import QuandelaCommunicationLayer

    server.set(details=_details())
    pcvl.RemoteConfig().set_url(server.url)
    pcvl.RemoteConfig().set_token(TOKEN)
    experiment = pcvl.catalog["postprocessed cnot"].build_experiment()
    experiment.min_detected_photons_filter(2)
    experiment.with_input(pcvl.BasicState([0, 1, 0, 1]))
    computer = pcvl.RemoteComputer(QuandelaCommunicationLayer("sim:altair"))
    factory = pcvl.ExecutionFactory(computer, experiment, max_shots_per_call=1_000_000)
    return [factory.sample_count for _ in range(count)]


@cache
def _details() -> dict[str, Any]:
    from jobgroup.cloud.execution import describe
    from jobgroup.cloud.platforms import ALTAIR

    details = ALTAIR.details(jobs=0, waiting_jobs=0)
    return {**details, "specs": {**details["specs"], **describe("sim:altair")}}
