"""The two ways in which a job runs: executed by Perceval in a worker, or merely timed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from jobgroup.cloud.execution import Outcome, describe, execute
from jobgroup.cloud.records import Job
from jobgroup.cloud.workers import WorkerProcesses


class PercevalEngine:
    """Executes payloads on a `concurrent.futures.Executor`.

    Progress and the wish to stop pass through files in `mailboxes`, so that any executor will do
    whose workers see that directory; the others run without.
    """

    def __init__(self, executor: Executor, capacity: int, mailboxes: Path) -> None:
        self.capacity: int | None = capacity
        self._executor = executor
        self._mailboxes = mailboxes
        self._descriptions: dict[str, Future[dict[str, str]]] = {}

    async def description(self, platform: str) -> dict[str, str]:
        """The parts of a platform's details that Perceval writes; made once."""
        future = self._descriptions.get(platform)
        if future is None or (future.done() and future.exception() is not None):
            future = self._executor.submit(describe, platform)
            self._descriptions[platform] = future
        return await asyncio.shield(asyncio.wrap_future(future))

    async def run(self, job: Job) -> Outcome:
        """Execute one job's payload."""
        mailbox = self._mailboxes / job.id
        version = job.body.get("pcvl_version")
        future = self._executor.submit(execute, job.payload, job.platform, version, str(mailbox))
        ended = asyncio.wrap_future(future)
        try:
            return await asyncio.shield(ended)
        except asyncio.CancelledError:
            if not future.cancel():
                self._ask_to_end(future, mailbox)
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await ended
            raise
        finally:
            for file in (mailbox, mailbox.with_suffix(".stop")):
                file.unlink(missing_ok=True)

    def _ask_to_end(self, future: Future[Outcome], mailbox: Path) -> None:
        if isinstance(self._executor, WorkerProcesses):
            self._executor.kill(future)
        else:
            mailbox.with_suffix(".stop").touch()

    def progress(self, job: Job) -> tuple[float, str | None]:
        """What the worker last wrote."""
        try:
            report = json.loads((self._mailboxes / job.id).read_text())
            return float(report["progress"]), report["message"]
        except (OSError, ValueError):
            return 0.0, None  # nothing yet, or read while it was being written


class TimerEngine:
    """Runs nothing: waits, then succeeds or fails as the payload says, without a worker.

    ``parameters`` of the payload: ``duration_s`` (seconds, default 0), ``fail`` (a sentence: the
    job fails with it) and ``results`` (given back as they are, default one state seen once).
    """

    capacity: int | None = None

    async def run(self, job: Job) -> Outcome:
        """Wait as long as the payload says."""
        parameters = _parameters(job)
        await asyncio.sleep(_duration_s(parameters))
        if fail := parameters.get("fail"):
            return {"error": str(fail)}
        results = parameters.get("results", {"|1>": 1})
        return {
            "results": json.dumps({"results": results, "physical_perf": 1.0, "logical_perf": 1.0})
        }

    def progress(self, job: Job) -> tuple[float, str | None]:
        """The part of its time that has passed."""
        duration_s = _duration_s(_parameters(job))
        passed_s = time.time() - (job.started or time.time())
        return (min(1.0, passed_s / duration_s) if duration_s else 1.0), "Waiting for the timer"


def _parameters(job: Job) -> dict[str, Any]:
    parameters = job.payload.get("parameters")
    return parameters if isinstance(parameters, dict) else {}


def _duration_s(parameters: dict[str, Any]) -> float:
    duration_s = parameters.get("duration_s", 0)
    return max(0.0, float(duration_s)) if isinstance(duration_s, int | float) else 0.0
