"""Start and cancel jobs on the server's event loop. A running job is an asyncio task."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any, Final, Protocol

from jobgroup.cloud import job_store
from jobgroup.cloud.api_errors import ApiError, invalid
from jobgroup.cloud.execution import Outcome
from jobgroup.cloud.faults import Faults
from jobgroup.cloud.job_store import Job, JobStore
from jobgroup.cloud.platforms import PLATFORMS
from jobgroup.cloud.settings import Plan

STOP_TIMEOUT_S: Final = 5.0
"""Seconds within which jobs of another executor must notice that the cloud stops."""


class Engine(Protocol):
    """Something that runs jobs."""

    @property
    def capacity(self) -> int | None:
        """Number of jobs that the engine can run at once; None for no limit."""

    async def run(self, job: Job) -> Outcome:
        """Run one job. If canceled, end the job, and then raise `asyncio.CancelledError`."""

    def progress(self, job: Job) -> tuple[float, str | None]:
        """Return the progress of a running job, from 0 to 1, and its current phase."""


class Scheduler:
    """Starts waiting jobs as soon as the plan and the engines allow, in order for each engine."""

    def __init__(
        self, store: JobStore, plan: Plan, engines: Mapping[bool, Engine], faults: Faults
    ) -> None:
        """Create a scheduler; `engines` are for simulated platforms (True) and others (False)."""
        self.plan = plan
        self._faults = faults
        self._store = store
        self._engines = engines
        self._waiting: dict[bool, deque[str]] = {kind: deque() for kind in engines}
        self._queued: set[str] = set()
        self._running: dict[str, tuple[bool, asyncio.Task[None]]] = {}
        self._stopping = False

    @property
    def waiting_count(self) -> int:
        return len(self._queued)

    @property
    def running_count(self) -> int:
        return len(self._running)

    def set_plan(self, **changes: int | bool | None) -> None:
        self.plan.change(**changes)
        self._start_jobs()

    def resume(self) -> None:
        """Queue the jobs of the cloud's previous run."""
        for job_id, platform in self._store.resume():
            self._enqueue(job_id, platform)
        self._start_jobs()

    def add(
        self, body: dict[str, Any], platform: str, *, key: str | None, rerun_from: str | None = None
    ) -> str:
        """Add a job and return its id, or return the id of the first job with the same key.

        Raises:
            ApiError: the plan allows no more jobs (400).
        """
        honoured = key if self.plan.supports_idempotency_keys else None
        if honoured is not None and (known := self._store.id_of(honoured)) is not None:
            return known
        if self.waiting_count + self.running_count >= self.plan.max_queue:
            raise invalid(f"Cannot create more than {self.plan.max_queue} jobs")
        job_id = self._store.add(body, platform, key=key, rerun_from=rerun_from)
        self._enqueue(job_id, platform)
        self._start_jobs()
        return job_id

    def cancel(self, job: Job) -> None:
        """Cancel a job, immediately if it is waiting; raise ApiError (400) if it has ended."""
        if job.status in job_store.ENDED:
            raise ApiError(400, f"Can not cancel job: it is {job.status}")
        if job.id in self._queued:
            self._queued.discard(job.id)
            self._store.end(job.id, job_store.CANCELED, message="Canceled by the user")
        elif job.status == job_store.RUNNING:
            self._store.request_cancel(job.id)
            self._running[job.id][1].cancel()

    def progress(self, job: Job) -> tuple[float, str | None]:
        if job.id in self._running:
            return self._engines[PLATFORMS[job.platform].simulated].progress(job)
        return (1.0, None) if job.status == job_store.COMPLETED else (0.0, None)

    async def stop(self) -> None:
        """End running jobs without a record, so that they run again after a restart."""
        self._stopping = True
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_TIMEOUT_S)

    def _enqueue(self, job_id: str, platform: str) -> None:
        self._queued.add(job_id)
        self._waiting[PLATFORMS[platform].simulated].append(job_id)

    def _start_jobs(self) -> None:
        for kind, waiting in self._waiting.items():
            capacity = self._engines[kind].capacity
            while waiting and not self._stopping and self._has_room(kind, capacity):
                job_id = waiting.popleft()
                if job_id in self._queued:  # otherwise the waiting job was canceled
                    self._queued.discard(job_id)
                    self._store.start(job_id)
                    task = asyncio.get_running_loop().create_task(self._run(kind, job_id))
                    self._running[job_id] = (kind, task)

    def _has_room(self, kind: bool, capacity: int | None) -> bool:
        if len(self._running) >= self.plan.max_concurrent:
            return False
        return capacity is None or sum(k is kind for k, _ in self._running.values()) < capacity

    async def _run(self, kind: bool, job_id: str) -> None:
        job = self._store[job_id]
        limit_s = job.body.get("max_duration")
        outcome: Outcome
        try:
            if failures := self._faults.draw("run"):
                raise RuntimeError(failures[0].message)  # noqa: TRY301, as an engine would
            async with asyncio.timeout(limit_s):
                outcome = await self._engines[kind].run(job)
        except TimeoutError:
            outcome = {"error": f"The job took longer than its max_duration of {limit_s} s"}
        except asyncio.CancelledError:
            outcome = {"canceled": True}
        except Exception as error:  # noqa: BLE001, an engine that fails fails this job alone
            outcome = {"error": str(error) or type(error).__name__}
        if self._stopping:
            return
        self._record(job_id, outcome)
        del self._running[job_id]
        self._start_jobs()

    def _record(self, job_id: str, outcome: Outcome) -> None:
        if "error" in outcome:
            self._store.end(job_id, job_store.ERROR, message=outcome["error"])
        elif "results" in outcome:
            self._store.end(job_id, job_store.COMPLETED, results=outcome["results"])
        else:
            self._store.end(job_id, job_store.CANCELED, message="Canceled by the user")
