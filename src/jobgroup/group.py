"""`JobGroup`, a named, persistent group of remote jobs: turns calls into commands and queries."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import TYPE_CHECKING, Any, overload

from jobgroup import catalog
from jobgroup.adapters import JobDraft, read_job
from jobgroup.bars import GroupBars, RunBar
from jobgroup.calls import Call
from jobgroup.credentials import remember
from jobgroup.engine.commands import perform
from jobgroup.engine.downloads import fetch
from jobgroup.engine.engine import engine
from jobgroup.engine.queueing import launchable
from jobgroup.engine.runs import Plan, Run
from jobgroup.engine.waiting import until_done
from jobgroup.errors import DamagedGroupError
from jobgroup.job import RemoteJob
from jobgroup.results import Errors, collect, with_results
from jobgroup.status import ACTIVE, FAILED, ON_CLOUD, UNSENT, progress_of
from jobgroup.store import Changes, GroupSummary, NewJob, Target
from jobgroup.store.paths import group_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobgroup.state import GroupState


class JobGroup:
    """A collection of remote jobs, kept on disk under a name.

    If the same name is used more than once, jobs are appended to the same group. Jobs are prepared,
    run, watched, rerun and their results fetched in as many Python sessions as it takes; everything
    that a call returned from is on disk. Results are never stored: they are fetched from the cloud.

    Args:
        name: a name that identifies the group; also the name of its file.

    Raises:
        InvalidNameError: the name is empty, too long, or has control characters.
        DamagedGroupError: the group's file is damaged; it was set aside with its bytes kept.
        NewerGroupError: the file was written by a newer jobgroup; it was not touched.
        StorageError: the file cannot be made or read.
    """

    def __init__(self, name: str) -> None:
        self._open(name, create=True)

    @classmethod
    def open(cls, name: str) -> JobGroup:
        """The group of that name, which has to exist.

        Raises:
            GroupNotFoundError: there is none; the sentence names near ones.
        """
        if not group_path(name).exists():
            raise catalog.not_found(name)
        group = cls.__new__(cls)
        group._open(name, create=False)
        return group

    def _open(self, name: str, *, create: bool) -> None:
        path = group_path(name)
        self._name = name
        self._state: GroupState | None = None
        try:
            self._session = engine().session(name, path, create=create)
        except DamagedGroupError as error:
            aside = catalog.set_aside(path)
            raise DamagedGroupError(
                f"The file of the group {name!r} is damaged ({error.__cause__}). It was set aside,"
                f" every byte kept, as {aside}. JobGroup({name!r}) now begins a new group; other"
                " groups are not affected."
            ) from error

    # -- the group ---------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name of the job group."""
        return self._name

    @property
    def created_date(self) -> datetime:
        """When the group was made, in local time."""
        return datetime.fromtimestamp(self._session.store.meta()["created_at"])

    @property
    def modified_date(self) -> datetime:
        """When the group last changed, in local time."""
        return datetime.fromtimestamp(self._session.store.meta()["modified_at"])

    @property
    def remote_jobs(self) -> list[RemoteJob]:
        """All jobs of the group, in the order in which they were added."""
        return [RemoteJob._of(self._session, p) for p in range(len(self))]

    def __len__(self) -> int:
        return len(self._session.store)

    @overload
    def __getitem__(self, index: int) -> RemoteJob: ...
    @overload
    def __getitem__(self, index: slice) -> list[RemoteJob]: ...
    def __getitem__(self, index: int | slice) -> RemoteJob | list[RemoteJob]:
        places = range(len(self))
        try:
            chosen = places[index]
        except IndexError:
            raise IndexError(
                f"The group {self._name!r} has {len(places)} jobs; there is none at {index}."
            ) from None
        if isinstance(chosen, range):
            return [RemoteJob._of(self._session, p) for p in chosen]
        return RemoteJob._of(self._session, chosen)

    def __iter__(self) -> Iterator[RemoteJob]:
        return iter(self.remote_jobs)

    def job(self, position: int) -> RemoteJob:
        """The job at a place, counted from 0.

        Raises:
            IndexError: there is none.
        """
        return self[position]

    @property
    def state(self) -> GroupState:
        """What can be observed of the group: counts, progress, ETA, standing problems."""
        from jobgroup.state import GroupState

        if self._state is None:
            self._state = GroupState(self._session)
        else:
            self._state.update()
        return self._state

    # -- adding ------------------------------------------------------------------------------------

    def add(
        self, job_to_add: Any, *, labels: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        """Append a job; it is on disk when this returns. The job itself is left as it was.

        Args:
            job_to_add: a Perceval ``RemoteJob`` (unsent, or sent already), such as
                ``Sampler(remote_processor).sample_count``, or a `jobgroup.RemoteJob`.
            labels: names for what a circuit hides, such as ``{"phi": 0.3}``: shown, searched, and
                columns of the results.
            kwargs: parameters to pass to the job at execution, such as ``max_samples=10_000``.

        Raises:
            TypeError: it is not a remote job (a local one, say); nothing was added.
            DuplicateJobError: the group has a job with that id; nothing was added.
            StorageError: it could not be written; nothing was added.
        """
        self.add_many([(job_to_add, kwargs, labels)])

    def add_many(
        self,
        jobs: Iterable[Any],
        *,
        labels: Mapping[str, Any] | None = None,
    ) -> None:
        """Append many jobs in one go: all of them, or none.

        Args:
            jobs: each a job, or a tuple of a job, its kwargs, and (if wanted) its labels.
            labels: for those that have none of their own.

        Raises:
            The errors of `add`; nothing was added then.
        """
        self._session.store.add(
            new
            for item in jobs
            for new in _new_jobs(*(item if isinstance(item, tuple) else (item,)), default=labels)
        )

    # -- watching ----------------------------------------------------------------------------------

    def progress(self, refresh: bool = True) -> dict[str, Any]:
        """How many jobs are where.

        Args:
            refresh: ask the cloud first about the jobs that may have changed; else answer from the
                file.

        Returns:
            ``{'Total': n, 'Finished': [k, {'successful': a, 'unsuccessful': b}],
            'Unfinished': [m, {'sent': c, 'not sent': d}]}``

        Raises:
            CredentialsError: the token is missing or refused; jobs keep their last known state.
        """
        if refresh:
            self.refresh()
        return progress_of(self._session.store.counts())

    async def progress_async(self, refresh: bool = True) -> dict[str, Any]:
        """`progress`, awaited."""
        if refresh:
            await self.refresh_async()
        return progress_of(self._session.store.counts())

    def refresh(self) -> None:
        """Ask the cloud about every job that may have changed.

        A cloud that does not answer changes nothing; `state.last_error` tells since when.

        Raises:
            CredentialsError: the token is missing or refused; jobs keep their last known state.
        """
        if self._may_change():
            self._refreshing().block()

    async def refresh_async(self) -> None:
        """`refresh`, awaited."""
        if self._may_change():
            await self._refreshing().wait()

    def _may_change(self) -> bool:
        return any(s in ON_CLOUD for s in self._session.store.counts())

    def _refreshing(self) -> Call[None]:
        return Call(self._session.start(self._session.watcher.refresh))

    def track_progress(self) -> None:
        """Show progress bars, kept up to date, until no job is running or waiting on the cloud.

        Raises:
            CredentialsError: the token is missing or refused; call it again with a good one.
        """
        self._tracking().block()

    async def track_progress_async(self) -> None:
        """`track_progress`, awaited."""
        await self._tracking().wait()

    def _tracking(self) -> Call[None]:
        bars = GroupBars(self._session.store.counts)
        future = self._session.start(until_done, self._session, None)
        return Call(future, on_tick=bars.tick, on_end=bars.close, on_interrupt=future.cancel)

    def wait(self, timeout: float | None = None) -> None:
        """Block until no job is running or waiting on the cloud, and nothing is being sent here.

        Unconfirmed jobs are not waited for.

        Args:
            timeout: in seconds; None waits for ever.

        Raises:
            TimeoutError: the time is up; everything goes on.
            CredentialsError: the token is missing or refused; call it again with a good one.
        """
        self._waiting(timeout).block()

    async def wait_async(self, timeout: float | None = None) -> None:
        """`wait`, awaited."""
        await self._waiting(timeout).wait()

    def _waiting(self, timeout: float | None) -> Call[None]:
        future = self._session.start(until_done, self._session, timeout)
        return Call(future, on_interrupt=future.cancel)

    def changes_since(self, version: int) -> Changes:
        """The jobs that changed after a version of the group (0: all), whoever changed them."""
        return self._session.store.changes_since(version)

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Be called back, from a thread of the engine, after each change; returns what ends it.

        While anybody is subscribed, the cloud is polled and other processes' changes are seen.
        """
        return self._session.subscribe(callback)

    # -- running -----------------------------------------------------------------------------------

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
            JobLimitError: the plan allows no more jobs; what was sent stays sent, the rest unsent.
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
            The errors of `run_sequential`.
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
            queue, concurrent_job_count, stop_after_failures: as for `run_parallel`.

        Raises:
            The errors of `run_parallel`.
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
            The errors of `run_parallel`.
        """
        self._launch(Plan(), concurrent_job_count)

    def relaunch_async_failed_jobs(
        self, replace_failed_jobs: bool = True, concurrent_job_count: int | None = None
    ) -> None:
        """Run as many failed jobs again as the plan has free slots for, and return.

        Args:
            replace_failed_jobs: as for `rerun_failed_parallel`.
            concurrent_job_count: at most so many of each account.

        Raises:
            The errors of `launch_async_jobs`.
        """
        self._launch(Plan(rerun=True, replace=replace_failed_jobs), concurrent_job_count)

    def start(
        self,
        *,
        queue: bool = False,
        delay: float | None = None,
        concurrent_job_count: int | None = None,
        stop_after_failures: int | None = None,
    ) -> Future[dict[str, Any]]:
        """Begin to run the unsent jobs in the background and return at once.

        It waits out whatever may pass: a cloud that is away, a refused token. The process has to
        stay alive meanwhile; what it has not sent when it ends stays unsent.

        Args:
            queue: keep the plan's slots full until all are sent.
            delay: run sequentially, with so many seconds between jobs.
            concurrent_job_count, stop_after_failures: as for `run_parallel`.

        Returns:
            A future of what became of it.
        """
        mode = "queue" if queue else "parallel" if delay is None else "sequential"
        return self.ask(
            "run",
            mode=mode,
            delay_s=float(delay or 0.0),
            concurrent_job_count=concurrent_job_count,
            stop_after_failures=stop_after_failures,
        )

    def pause(self) -> None:
        """Send nothing more until `resume`, in whichever process; what runs goes on."""
        self.ask("pause").result()

    def resume(self) -> None:
        """Go on sending after `pause`."""
        self.ask("resume").result()

    def cancel_all(self) -> None:
        """Ask the cloud to cancel every sent job that has not ended; each failure is a warning."""
        self.cancel(None)

    async def cancel_all_async(self) -> None:
        """`cancel_all`, awaited."""
        _warn_of_failures(await Call(self.ask("cancel", positions=None)).wait())

    def cancel(self, jobs: Iterable[RemoteJob | int] | None) -> list[int]:
        """Ask the cloud to cancel jobs; None for all that have not ended.

        Returns:
            The places of those that it was asked for; a failure of one is a warning.
        """
        outcome = Call(self.ask("cancel", positions=_places(jobs))).block()
        _warn_of_failures(outcome)
        return list(outcome["done"])

    def rerun(self, jobs: Iterable[RemoteJob | int] | None = None, *, replace: bool = True) -> None:
        """Run certain failed jobs again, in parallel; None for all.

        Args:
            jobs: jobs, or their places in the group; those that have not failed are left alone.
            replace: as `replace_failed_jobs` of `rerun_failed_parallel`.

        Raises:
            The errors of `run_parallel`.
        """
        places = _places(jobs)
        plan = Plan(
            rerun=True, replace=replace, positions=None if places is None else tuple(places)
        )
        self._run(plan).block()

    def ask(self, command: str, **args: Any) -> Future[dict[str, Any]]:
        """Have something done without waiting, by whichever process runs the group.

        Commands are "run", "rerun", "resend", "confirm", "cancel", "pause", "resume", "refresh".

        Returns:
            A future of ``{"text": what happened, "done": places, "failed": sentence by place}``.
        """
        if command in ("run", "rerun"):
            args.setdefault("is_background", True)
        return self._session.start(perform, self._session, command, args)

    def _sequential(
        self,
        delay: float,
        *,
        rerun: bool = False,
        replace: bool = True,
        stop_after_failures: int | None,
    ) -> Call[Any]:
        if not delay >= 0:
            raise ValueError(f"The delay between jobs is at least 0 seconds, not {delay!r}.")
        return self._run(
            Plan(
                rerun=rerun,
                replace=replace,
                mode="sequential",
                delay_s=float(delay),
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
        if concurrent_job_count is not None and concurrent_job_count < 1:
            raise ValueError("concurrent_job_count is at least 1.")
        return self._run(
            Plan(
                rerun=rerun,
                replace=replace,
                mode="queue" if queue else "parallel",
                concurrent_job_count=concurrent_job_count,
                stop_after_failures=stop_after_failures,
            )
        )

    def _run(self, plan: Plan) -> Call[Any]:
        if plan.rerun:
            self.refresh()
        run = Run(self._session, plan)
        bar = RunBar(run, self._trouble)
        return Call(
            self._session.start(run.execute),
            on_tick=bar.tick,
            on_end=bar.close,
            on_interrupt=run.stop,
        )

    def _launch(self, plan: Plan, concurrent_job_count: int | None) -> None:
        if plan.rerun:
            self.refresh()
        chosen = self._session.start(
            launchable, self._session, plan.states, concurrent_job_count
        ).result()
        if not chosen:
            warnings.warn(
                f"{self._name}: no job will be run as there is no slot available", stacklevel=3
            )
            return
        from dataclasses import replace

        self._run(replace(plan, positions=tuple(chosen))).block()

    def _trouble(self) -> str:
        troubles = self._session.store.troubles.all()
        return troubles[0].kind if troubles else ""

    # -- lists and results -------------------------------------------------------------------------

    def list_active_jobs(self, refresh: bool = True) -> list[RemoteJob]:
        """The jobs that are running or waiting on the cloud."""
        return self._in_states(ACTIVE, refresh)

    def list_successful_jobs(self, refresh: bool = True) -> list[RemoteJob]:
        """The jobs that have run successfully."""
        return self._in_states({"success"}, refresh)

    def list_unsuccessful_jobs(self, refresh: bool = True) -> list[RemoteJob]:
        """The jobs that ended without success: errored or canceled."""
        return self._in_states(FAILED, refresh)

    def list_unsent_jobs(self) -> list[RemoteJob]:
        """The jobs that have not been sent."""
        return self._in_states({UNSENT}, False)

    def list_unconfirmed_jobs(self) -> list[RemoteJob]:
        """The jobs of which it is unknown whether the cloud has them; `confirm` or `resend` them."""
        return self._in_states({"unconfirmed"}, False)

    def _in_states(self, states: Iterable[str], refresh: bool) -> list[RemoteJob]:
        if refresh:
            self.refresh()
        return [RemoteJob._of(self._session, p) for p in self._session.store.positions(states)]

    def get_results(self, *, errors: Errors = "collect") -> list[Any]:
        """The results of all jobs, in the group's order, None where a job has none.

        Args:
            errors: what becomes of a result that should be there and cannot be had: "collect" gives
                None and one warning, "raise" a `ResultsError` that carries the others.

        Raises:
            CredentialsError: the token is missing or refused.
            ResultsError: see `errors`.
            ValueError: `errors` is neither.
        """
        _check_errors(errors)
        self.refresh()
        records = with_results(self._session)
        documents = Call(self._session.start(fetch, self._session, records)).block()
        return collect(self._session, records, documents, errors)

    async def get_results_async(self, *, errors: Errors = "collect") -> list[Any]:
        """`get_results`, awaited."""
        _check_errors(errors)
        await self.refresh_async()
        records = with_results(self._session)
        documents = await Call(self._session.start(fetch, self._session, records)).wait()
        return collect(self._session, records, documents, errors)

    # -- all groups --------------------------------------------------------------------------------

    @staticmethod
    def list_existing() -> list[str]:
        """The names of all groups on disk."""
        return catalog.names()

    @staticmethod
    def list_locally_saved() -> list[str]:
        """The names of all groups on disk; the name that later Perceval releases use."""
        return catalog.names()

    @staticmethod
    def summaries() -> list[GroupSummary]:
        """Every group with its counts, dates and size on disk."""
        return catalog.summaries()

    @staticmethod
    def delete_job_group(name: str, *, permanently: bool = False) -> None:
        """Delete a group. It can be restored for 7 days; results on the cloud are not touched.

        Args:
            name: of the group.
            permanently: do not keep it in the trash.

        Raises:
            GroupNotFoundError: there is none of that name; the sentence names near ones.
            GroupBusyError: it is being run.
        """
        catalog.delete(name, permanently=permanently)

    @staticmethod
    def delete_job_groups_date(del_before_date: datetime) -> None:
        """Delete all groups that were made before a date.

        Args:
            del_before_date: oldest date to keep; local time where it has no zone.
        """
        if not isinstance(del_before_date, datetime):
            raise TypeError(f"The date is a datetime, not {type(del_before_date).__name__}.")
        if not catalog.delete_before(del_before_date):
            warnings.warn(f"No groups found to delete before {del_before_date}", stacklevel=2)

    @staticmethod
    def delete_all_job_groups() -> None:
        """Delete all groups. They can be restored for 7 days."""
        catalog.delete_all()

    @staticmethod
    def list_trash() -> list[str]:
        """The names of the deleted groups that can be restored."""
        return list(catalog.trash())

    @staticmethod
    def restore(name: str) -> None:
        """Bring a deleted group back.

        Raises:
            GroupNotFoundError: the trash has none of that name.
            JobGroupError: a group of that name exists by now; nothing was changed.
        """
        catalog.restore(name)

    # -- showing -----------------------------------------------------------------------------------

    def __repr__(self) -> str:
        counts = self._session.store.counts()
        total = sum(counts.values())
        if total:
            parts = ", ".join(f"{n} {state}" for state, n in counts.items())
            return f"JobGroup({self._name!r}): {total} job{'s' * (total != 1)} ({parts})"
        near = catalog.near_names(self._name)
        hint = f" Existing groups with a near name: {', '.join(map(repr, near))}." if near else ""
        return f"JobGroup({self._name!r}): empty; jg.add(job, **params) appends a job.{hint}"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from jobgroup.dashboard import mimebundle

        return mimebundle(self, **kwargs)


def _new_jobs(
    job: Any,
    kwargs: Mapping[str, Any] | None = None,
    labels: Mapping[str, Any] | None = None,
    *,
    default: Mapping[str, Any] | None,
) -> Iterator[NewJob]:
    labels = default if labels is None else labels
    if labels is not None and not isinstance(labels, Mapping):
        raise TypeError(f"labels is a dictionary, such as {{'phi': 0.3}}, not {labels!r}.")
    drafts = [job._draft(kwargs or {})] if isinstance(job, RemoteJob) else read_job(job, kwargs)
    for draft in drafts:
        remember(draft.origin, draft.account_label, draft.token)
        yield _new_job(draft, labels or {})


def _new_job(draft: JobDraft, labels: Mapping[str, Any]) -> NewJob:
    return NewJob(
        name=draft.name,
        target=Target(draft.provider, draft.origin, draft.account_label, draft.platform),
        body=draft.body or None,
        params=draft.params,
        labels=labels,
        facts=draft.facts,
        remote_id=draft.remote_id,
        state=draft.status.status.value if draft.status else UNSENT,
        message=draft.status.message if draft.status else None,
    )


def _places(jobs: Iterable[RemoteJob | int] | None) -> Sequence[int] | None:
    if jobs is None:
        return None
    if isinstance(jobs, RemoteJob | int):
        jobs = [jobs]
    return [j.position if isinstance(j, RemoteJob) else int(j) for j in jobs]  # type: ignore[misc]


def _warn_of_failures(outcome: Mapping[str, Any]) -> None:
    for place, sentence in outcome["failed"].items():
        warnings.warn(f"Job {place} could not be canceled: {sentence}", stacklevel=3)


def _check_errors(errors: str) -> None:
    if errors not in ("raise", "collect"):
        raise ValueError(f'errors is "collect" or "raise", not {errors!r}.')
