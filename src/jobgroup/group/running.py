"""The part of a `JobGroup` that sends: running and rerunning."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import replace as replaced
from typing import Any

from jobgroup import catalog
from jobgroup.engine.dispatcher import launchable
from jobgroup.engine.pause import is_paused
from jobgroup.engine.run import Run, RunRequest
from jobgroup.engine.runner import execute_run
from jobgroup.group.commanding import Commanding
from jobgroup.group.pending import Call
from jobgroup.group.progress_bars import RunBar
from jobgroup.group.validation import checked_counts, checked_delay
from jobgroup.job import RemoteJob
from jobgroup.store import CommandResult


class Running(Commanding):
    """Runs; each is done on the engine's loop, and by one process at a time."""

    def run_sequential(self, delay: float, *, stop_after_failures: int | None = None) -> None:
        """Send the unsent jobs one after the other, each when the one before it has ended.

        Args:
            delay: seconds between the end of one job and the start of the next.
            stop_after_failures: end the run when so many of its jobs have failed.

        Raises:
            GroupBusyError: another process runs the group.
            UnconfirmedJobError: it is unknown whether a job was sent; the rest stays unsent.
            CloudError, CredentialsError: a job could not be sent; it and the rest stay unsent.
        """
        self._sequential(delay, stop_after_failures=stop_after_failures).block()

    async def run_sequential_async(
        self, delay: float, *, stop_after_failures: int | None = None
    ) -> None:
        """`run_sequential`, awaited."""
        await self._sequential(delay, stop_after_failures=stop_after_failures).wait()

    def run_parallel(
        self,
        *,
        queue: bool = False,
        concurrent_job_count: int | None = None,
        stop_after_failures: int | None = None,
    ) -> None:
        """Send all unsent jobs, so that they run in parallel. Returns when they are sent.

        Args:
            queue: keep the plan's slots full until all are sent, however long that takes; else a
                job over the plan's limit ends the run.
            concurrent_job_count: with `queue`, at most so many jobs of an account at once.
            stop_after_failures: with `queue`, end the run when so many of its jobs have failed.

        Raises:
            QuotaExceededError: the plan allows no more jobs; the rest stays unsent.
            GroupBusyError: another process runs the group.
            UnconfirmedJobError: it is unknown whether a job was sent; the rest stays unsent.
            CloudError, CredentialsError: a job could not be sent; it and the rest stay unsent.
        """
        self._parallel(queue, concurrent_job_count, stop_after_failures).block()

    async def run_parallel_async(
        self,
        *,
        queue: bool = False,
        concurrent_job_count: int | None = None,
        stop_after_failures: int | None = None,
    ) -> None:
        """`run_parallel`, awaited."""
        await self._parallel(queue, concurrent_job_count, stop_after_failures).wait()

    def rerun_failed_sequential(
        self,
        delay: float,
        replace_failed_jobs: bool = True,
        *,
        stop_after_failures: int | None = None,
    ) -> None:
        """Run all failed jobs again, one after the other, each when the one before it has ended.

        Args:
            delay: seconds between the end of one job and the start of the next.
            replace_failed_jobs: the rerun takes the failed job's place, whose attempt stays
                readable; else it is appended to the group.
            stop_after_failures: end the run when so many of its jobs have failed.

        Raises:
            JobGroupError: as for `run_sequential`.
        """
        self._sequential(
            delay, rerun=True, replace=replace_failed_jobs, stop_after_failures=stop_after_failures
        ).block()

    async def rerun_failed_sequential_async(
        self,
        delay: float,
        replace_failed_jobs: bool = True,
        *,
        stop_after_failures: int | None = None,
    ) -> None:
        """`rerun_failed_sequential`, awaited."""
        await self._sequential(
            delay, rerun=True, replace=replace_failed_jobs, stop_after_failures=stop_after_failures
        ).wait()

    def rerun_failed_parallel(
        self,
        replace_failed_jobs: bool = True,
        *,
        queue: bool = False,
        concurrent_job_count: int | None = None,
        stop_after_failures: int | None = None,
    ) -> None:
        """Run all failed jobs again, in parallel. Returns when they are sent.

        Args:
            replace_failed_jobs: the rerun takes the failed job's place, whose attempt stays
                readable; else it is appended to the group.
            queue: as for `run_parallel`.
            concurrent_job_count: as for `run_parallel`.
            stop_after_failures: as for `run_parallel`.

        Raises:
            JobGroupError: as for `run_parallel`.
        """
        self._parallel(
            queue,
            concurrent_job_count,
            stop_after_failures,
            rerun=True,
            replace=replace_failed_jobs,
        ).block()

    async def rerun_failed_parallel_async(
        self,
        replace_failed_jobs: bool = True,
        *,
        queue: bool = False,
        concurrent_job_count: int | None = None,
        stop_after_failures: int | None = None,
    ) -> None:
        """`rerun_failed_parallel`, awaited."""
        await self._parallel(
            queue,
            concurrent_job_count,
            stop_after_failures,
            rerun=True,
            replace=replace_failed_jobs,
        ).wait()

    def launch_async_jobs(self, concurrent_job_count: int | None = None) -> None:
        """Send as many unsent jobs as the plan has free slots for, and return.

        Args:
            concurrent_job_count: at most so many of each account.

        Raises:
            ValueError: the cloud does not tell its free slots, and no count was given.
            JobGroupError: as for `run_parallel`.
        """
        self._launch(RunRequest(), concurrent_job_count)

    def relaunch_async_failed_jobs(
        self, replace_failed_jobs: bool = True, concurrent_job_count: int | None = None
    ) -> None:
        """Run as many failed jobs again as the plan has free slots for, and return.

        Args:
            replace_failed_jobs: as for `rerun_failed_parallel`.
            concurrent_job_count: at most so many of each account.

        Raises:
            JobGroupError: as for `launch_async_jobs`.
        """
        self._launch(RunRequest(rerun=True, replace=replace_failed_jobs), concurrent_job_count)

    def start(
        self,
        *,
        queue: bool = False,
        delay: float | None = None,
        concurrent_job_count: int | None = None,
        stop_after_failures: int | None = None,
    ) -> Future[CommandResult]:
        """Begin to run the unsent jobs in the background and return at once.

        It waits out whatever may pass: a cloud that is away, a refused token. The process has to
        stay alive meanwhile; what it has not sent when it ends stays unsent.

        Args:
            queue: keep the plan's slots full until all are sent.
            delay: run sequentially, with so many seconds between jobs.
            concurrent_job_count: as for `run_parallel`.
            stop_after_failures: as for `run_parallel`.

        Returns:
            A future of what became of it.

        Raises:
            TypeError, ValueError: an argument makes no sense; nothing was begun.
        """
        checked_counts(
            concurrent_job_count=concurrent_job_count, stop_after_failures=stop_after_failures
        )
        if queue and delay is not None:
            raise TypeError("queue=True sends as slots come free, so a delay does not go with it.")
        mode = "queue" if queue else "parallel" if delay is None else "sequential"
        return self.ask(
            "run",
            mode=mode,
            delay_s=0.0 if delay is None else checked_delay(delay),
            concurrent_job_count=concurrent_job_count,
            stop_after_failures=stop_after_failures,
        )

    def rerun(
        self,
        jobs: Iterable[RemoteJob | int] | RemoteJob | int | None = None,
        *,
        replace: bool = True,
        **changes: Any,
    ) -> None:
        """Run certain failed jobs again, in parallel; None for all.

        ``jg.rerun([3, 7], max_shots=1_000)`` reruns them with fewer shots. What was changed stands
        in the new attempt: ``job.attempts[-1].overrides == {"max_shots": [10_000, 1_000]}``.

        Args:
            jobs: jobs, or their places in the group; those that have not failed are left alone.
            replace: as `replace_failed_jobs` of `rerun_failed_parallel`.
            changes: other values for parameters of theirs that are numbers or words of the payload,
                such as ``max_shots`` and ``max_samples``.

        Raises:
            InvalidOverrideError: one of the jobs has no such parameter, or it is part of what only
                Perceval can write; nothing was sent.
            JobGroupError: as for `run_parallel`.
        """
        places = self._places(jobs)
        request = RunRequest(
            rerun=True,
            replace=replace,
            positions=None if places is None else tuple(places),
            overrides=changes,
        )
        self._run(request).block()

    def _sequential(
        self,
        delay: float,
        *,
        rerun: bool = False,
        replace: bool = True,
        stop_after_failures: int | None,
    ) -> Call[Any]:
        checked_counts(stop_after_failures=stop_after_failures)
        return self._run(
            RunRequest(
                rerun=rerun,
                replace=replace,
                mode="sequential",
                delay_s=checked_delay(delay),
                stop_after_failures=stop_after_failures,
            )
        )

    def _parallel(
        self,
        queue: bool,
        concurrent_job_count: int | None,
        stop_after_failures: int | None,
        *,
        rerun: bool = False,
        replace: bool = True,
    ) -> Call[Any]:
        if not queue and (concurrent_job_count, stop_after_failures) != (None, None):
            raise TypeError(
                "concurrent_job_count and stop_after_failures go with queue=True: without a queue"
                " all jobs are sent at once."
            )
        checked_counts(
            concurrent_job_count=concurrent_job_count, stop_after_failures=stop_after_failures
        )
        return self._run(
            RunRequest(
                rerun=rerun,
                replace=replace,
                mode="queue" if queue else "parallel",
                concurrent_job_count=concurrent_job_count,
                stop_after_failures=stop_after_failures,
            )
        )

    def _run(self, request: RunRequest) -> Call[Any]:
        if not len(self):
            self._warn_of_a_mistyped_name()
        run = Run(request)
        bar = RunBar(run, self._trouble)
        return Call(
            self._session.start(execute_run, self._session, run),
            on_tick=bar.tick,
            on_end=bar.close,
            on_interrupt=run.cancel,
        )

    def _launch(self, request: RunRequest, concurrent_job_count: int | None) -> None:
        checked_counts(concurrent_job_count=concurrent_job_count)
        if request.rerun:
            self.refresh()
        if not self._session.store.positions(request.states):
            return
        chosen = self._session.start(
            launchable, self._session, request.states, concurrent_job_count
        ).result()
        if not chosen:
            warnings.warn(
                f"{self._session.name}: no job will be run as there is no slot available",
                stacklevel=3,
            )
            return
        self._run(replaced(request, positions=tuple(chosen))).block()

    def _trouble(self) -> str:
        if self._session.settling.sentence:
            return "waiting for the disk"
        if is_paused(self._session):
            return "paused"
        incidents = self._session.store.incidents.list()
        return incidents[0].kind if incidents else ""

    def _warn_of_a_mistyped_name(self) -> None:
        name = self._session.name
        if near := " or ".join(map(repr, catalog.similar_names(name))):
            warnings.warn(
                f"The group {name!r} has no jobs, so nothing was sent. Did you mean {near}?",
                stacklevel=5,
            )
