"""Run jobs in two ways: Perceval executes them in a worker, or they only take time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, Final, TypeVar

from jobgroup.cloud.execution import Outcome, describe, execute
from jobgroup.cloud.job_store import Job
from jobgroup.cloud.worker_pool import WorkerPool

T = TypeVar("T")

SUBMISSIONS: Final = 4
"""Number of times that a job is submitted if the executor drops it. Dask drops jobs if its
scheduler dies.
"""


class DroppedError(RuntimeError):
    """The executor canceled a call without a request."""


class PercevalEngine:
    """Executes payloads on a `concurrent.futures.Executor`.

    Progress and requests to stop are files in `control_directory`. Workers that do not see that
    directory neither report progress nor stop.
    """

    def __init__(self, executor: Executor, capacity: int | None, control_directory: Path) -> None:
        self.capacity = capacity
        self._executor = executor
        self._control_directory = control_directory
        self._control_file_of: dict[str, Path] = {}
        self._notes: dict[str, str] = {}
        self._crash_retry_lock = asyncio.Lock()
        self._descriptions: dict[str, Future[dict[str, str]]] = {}

    async def description(self, platform: str) -> dict[str, str]:
        """Return the parts of a platform's details that Perceval writes, computed once.

        If the workers belong to another executor, which may be busy or offline, this process
        computes them.
        """
        if not isinstance(self._executor, WorkerPool):
            return await asyncio.to_thread(describe, platform)
        future = self._descriptions.get(platform)
        if future is None or (future.done() and future.exception() is not None):
            future = self._executor.submit(describe, platform)
            self._descriptions[platform] = future
        return await asyncio.shield(asyncio.wrap_future(future))

    async def run(self, job: Job) -> Outcome:
        try:
            return await self._run_with_resubmit(job)
        except Exception as error:
            if not _is_worker_crash(error):
                raise
            self._notes[job.id] = "The worker died; the job runs again"
        # If a worker dies, Dask reports every job on it as failed. So this job is run again alone,
        # and only the job that kills workers fails.
        try:
            async with self._crash_retry_lock:
                return await self._run_with_resubmit(job)
        except Exception as error:
            if not _is_worker_crash(error):
                raise
            raise RuntimeError(f"Each worker that ran this job died: {error}") from error
        finally:
            del self._notes[job.id]

    async def _run_with_resubmit(self, job: Job) -> Outcome:
        """Submit a job, and submit it again if the executor drops it."""
        for _ in range(SUBMISSIONS):
            with self._control_file(job) as control_file, contextlib.suppress(DroppedError):
                return await self._submit(job, control_file)
        raise DroppedError(f"The executor dropped this job {SUBMISSIONS} times. Rerun it.")

    async def _submit(self, job: Job, control_file: Path) -> Outcome:
        version = job.body.get("pcvl_version")
        arguments = (job.payload, job.platform, version, job.seed, str(control_file))
        try:
            future = self._executor.submit(execute, *arguments)
        except Exception as error:
            sentence = f"The executor accepts no jobs ({error}). Rerun this job later."
            raise RuntimeError(sentence) from error
        ended = asyncio.wrap_future(future)
        try:
            return await asyncio.shield(ended)
        except asyncio.CancelledError:
            if ended.cancelled() and not _is_canceled():
                raise DroppedError from None
            if not future.cancel():
                self._ask_to_end(future, control_file)
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await ended
            raise

    @contextlib.contextmanager
    def _control_file(self, job: Job) -> Iterator[Path]:
        """Yield a path for each submission. It is new because Dask treats equal calls as one."""
        control_file = self._control_directory / f"{job.id}-{time.monotonic_ns()}"
        self._control_file_of[job.id] = control_file
        try:
            yield control_file
        finally:
            del self._control_file_of[job.id]
            for file in (control_file, control_file.with_suffix(".stop")):
                file.unlink(missing_ok=True)

    def _ask_to_end(self, future: Future[Outcome], control_file: Path) -> None:
        if isinstance(self._executor, WorkerPool):
            self._executor.kill(future)
        else:
            control_file.with_suffix(".stop").touch()

    def progress(self, job: Job) -> tuple[float, str | None]:
        try:
            report = json.loads(self._control_file_of[job.id].read_text())
            return float(report["progress"]), report["message"]
        except (KeyError, OSError, ValueError):  # the file is missing or incomplete
            return 0.0, self._notes.get(job.id)


class TimerEngine:
    """Waits, and then succeeds or fails as the payload says, without a worker.

    The payload's ``parameters`` are ``duration_s`` (seconds, default 0), ``fail`` (message of a
    failure) and ``results`` (returned unchanged; by default one state with count 1).
    """

    capacity: int | None = None

    async def run(self, job: Job) -> Outcome:
        parameters = _parameters(job)
        await asyncio.sleep(_duration_s(parameters))
        if fail := parameters.get("fail"):
            return {"error": str(fail)}
        results = parameters.get("results", {"|1>": 1})
        return {
            "results": json.dumps({"results": results, "physical_perf": 1.0, "logical_perf": 1.0})
        }

    def progress(self, job: Job) -> tuple[float, str | None]:
        duration_s = _duration_s(_parameters(job))
        passed_s = time.time() - (job.started or time.time())
        done = min(1.0, max(0.0, passed_s / duration_s)) if duration_s else 1.0
        return done, "Waiting for the timer"


def _is_worker_crash(error: Exception) -> bool:
    """Return whether a job killed its workers, by the error's name: Dask may not be installed."""
    return type(error).__name__ == "KilledWorker"


def _is_canceled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _parameters(job: Job) -> dict[str, Any]:
    parameters = job.payload.get("parameters")
    return parameters if isinstance(parameters, dict) else {}


def _duration_s(parameters: dict[str, Any]) -> float:
    duration_s = parameters.get("duration_s", 0)
    return max(0.0, float(duration_s)) if isinstance(duration_s, int | float) else 0.0
