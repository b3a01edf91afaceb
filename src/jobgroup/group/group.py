"""Define `JobGroup`, which turns the user's calls into commands and queries."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast, overload

from jobgroup import catalog
from jobgroup.adapters import let_perceval_display
from jobgroup.compatibility import waits_by_default
from jobgroup.engine.activity import wait_until_done
from jobgroup.engine.downloads import Document, fetch, keep
from jobgroup.engine.engine import engine
from jobgroup.engine.estimate import RunEstimate, estimate
from jobgroup.engine.pause import is_paused
from jobgroup.engine.run import Run as EngineRun
from jobgroup.engine.run import RunRequest
from jobgroup.engine.runner import execute_run, report_of_rerun
from jobgroup.errors import (
    CorruptGroupError,
    CredentialsError,
    GroupDeletedError,
    GroupMovedError,
    JobGroupError,
    warn,
)
from jobgroup.group import perceval_names
from jobgroup.group.add import add_jobs
from jobgroup.group.adopt import Adoption
from jobgroup.group.cache import ResultCacheSettings
from jobgroup.group.events import GroupEvent, Subscription
from jobgroup.group.pending import Computation, Pending, twins
from jobgroup.group.perceval_import import ImportReport, import_perceval, perceval_file
from jobgroup.group.progress_bars import GroupBars, RunBar, SlowBar
from jobgroup.group.query import found_by, matching
from jobgroup.group.run import Run, by_position, execute_for_user
from jobgroup.group.stream import ResultStream
from jobgroup.group.sweep_report import OnChange, SweepReport
from jobgroup.group.validation import run_request, validate_delay, validate_timeout
from jobgroup.job import RemoteJob, job_of, naming_its_job
from jobgroup.providers.base import refuses_job
from jobgroup.references import GroupReference, session_of
from jobgroup.results import (
    Distributions,
    Errors,
    Result,
    ResultsTable,
    check_errors,
    collect,
    decode_all,
    distributions_of,
    measure_all,
    rows_of,
    table_of,
    with_results,
)
from jobgroup.results.definitions import define, definitions_of
from jobgroup.results.results_table import ResultRow
from jobgroup.secret import Secret
from jobgroup.status import ON_CLOUD, Progress, progress_of
from jobgroup.store import CommandResult, GroupSummary, JobRecord
from jobgroup.store.names import normalised
from jobgroup.store.output import user_path
from jobgroup.store.paths import group_path
from jobgroup.store.sweeps import Sweep
from jobgroup.store.transfer import export_group, import_group
from jobgroup.system import this_process
from jobgroup.words import format_count, format_jobs, format_states, on_one_line, shown, text_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame
    from xarray import Dataset

    from jobgroup.results.distance import Comparison
    from jobgroup.results.study import Study
    from jobgroup.state import GroupState

# The methods for sweeps, datasets and figures import some modules when they are called. Imported
# here, these modules would make `import jobgroup` 10 % slower.

T = TypeVar("T")

Jobs = Iterable[RemoteJob | int] | RemoteJob | int
"""Jobs of a group, or their positions, counted from 0 (from the end if negative)."""


class JobGroup:
    """A named collection of remote jobs on disk.

    If you use the same name again, you get the same group. You can prepare, run, watch and rerun
    its jobs, and fetch their results, in any number of Python sessions. Each change is on disk when
    the call returns. Results are fetched from the cloud each time, unless the group caches them.

    ``with JobGroup(name) as jg`` closes the group at the end. Two objects for the same group are
    equal. Blocking methods such as `wait` have awaitable versions such as `wait_async`.

    Args:
        name: name that identifies the group and its file.
        cache_results: True stores results in the group's file when they are first fetched; some
            clouds return results only once. False stores no more results. None leaves the group's
            setting unchanged, which is False in a new group.

    Raises:
        InvalidNameError: the name is empty, too long, or has control characters.
        CorruptGroupError: the group's file is damaged; it was moved to another directory unchanged.
        UnsupportedVersionError: a newer jobgroup wrote the file; it was not touched.
        StorageError: the group's file cannot be created or read.
    """

    _kind: type[RemoteJob] = RemoteJob

    def __init__(self, name: str, *, cache_results: bool | None = None) -> None:
        self._open(name, create=True)
        if cache_results is not None:
            self.cache.enabled = cache_results

    # -- opening and closing -----------------------------------------------------------------------

    @classmethod
    def open(cls, name: str) -> Self:
        """Open an existing group by its name.

        Raises:
            GroupNotFoundError: no group has that name; the message suggests similar names.
            InvalidNameError, CorruptGroupError, UnsupportedVersionError, StorageError: as for
                `JobGroup`.
        """
        if not cls.exists(name):
            raise catalog.not_found(name)
        group = cls.__new__(cls)
        group._open(name, create=False)  # noqa: SLF001  # it is this class's own
        return group

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, name: str | None = None) -> Self:
        """Create a group from a file that `export` wrote. The file is not changed.

        Jobs that are unsent in the original group are also unsent in the new one. Agree with the
        owner of the original on who sends them.

        Args:
            path: exported file.
            name: name for the group; None for its original name.

        Raises:
            JobGroupError: a group of that name exists; nothing was changed.
            InvalidNameError: no group can have the name.
            UnsupportedVersionError: a newer jobgroup wrote the file.
            CorruptGroupError: the file is damaged.
            StorageError: the file is not a group's file or cannot be read, or the new group's file
                cannot be written.
        """
        return cls(import_group(user_path(path), name))

    def _open(self, name: str, *, create: bool) -> None:
        path = group_path(name)
        self._name = name = normalised(name)
        self._state: GroupState | None = None
        self._subscriptions: list[Subscription] = []
        is_new = False
        if create:
            catalog.complete_deletion(name)
            is_new = not path.exists()
        try:
            self._session = engine().session(name, path, create=create)
        except CorruptGroupError as error:
            catalog.set_aside(name, path, error)
            raise
        if create:
            group_path(name)  # another process may have created another spelling
        self._uuid = str(self._session.store.meta()["uuid"])
        let_perceval_display(type(self))
        if is_new and (file := perceval_file(name)):
            warn(
                f"The new group {name!r} is empty, and Perceval has a group of that name in {file}."
                " JobGroup.import_perceval() copies its jobs into this group."
            )

    def close(self) -> None:
        """End this object's subscriptions (`on_done`, `state`), and close the group's file.

        Jobs and a run in progress continue. The next use of the group opens its file again.
        """
        for subscription in self._subscriptions:
            subscription.cancel()
        if self._state is not None:
            self._state.unobserve_all()
        self._session.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle or copy the group as its name and uuid, so that the copy opens the same file."""
        return _same_group, (type(self), self._name, GroupReference(self._session).uuid)

    # -- the group ---------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name of the group."""
        return self._name

    @property
    def description(self) -> str:
        """Your description of the group. You can set it at any time."""
        return str(self._session.store.meta().get("description") or "")

    @description.setter
    def description(self, text: str) -> None:
        self._session.store.set_meta(description=text_of("description", text) or None)

    @property
    def created_at(self) -> datetime:
        """Time at which the group was created (aware, UTC)."""
        return datetime.fromtimestamp(self._session.store.meta()["created_at"], UTC)

    @property
    def modified_at(self) -> datetime:
        """Time of the group's last change (aware, UTC)."""
        return datetime.fromtimestamp(self._session.store.meta()["modified_at"], UTC)

    @property
    def cache(self) -> ResultCacheSettings:
        """Setting and size of the results cached in the group's file."""
        return ResultCacheSettings(self._session.store.results)

    @property
    def state(self) -> GroupState:
        """Observable traits of the group: counts, progress, ETA, incidents."""
        from jobgroup.state import GroupState

        if self._state is None:
            self._state = GroupState(self._session)
        else:
            self._state._update()  # noqa: SLF001 # users only read and observe it
        return self._state

    async def _export(
        self, path: str | os.PathLike[str], *, overwrite: bool = False, results: bool = False
    ) -> None:
        """Write the group to one file, for a colleague or an archive. `load` reads this file.

        The file contains the jobs with their attempts, labels and notes, and any cached results. It
        never contains a token.

        Args:
            path: file to write.
            overwrite: whether to replace an existing file.
            results: whether to call `keep_results` first, so that the file has all results. A
                warning reports results that could not be fetched.

        Raises:
            CredentialsError: `results` is True, the token is missing or rejected, and the group has
                no results; nothing was written.
            OutputExistsError: the file exists, and `overwrite` is not True.
            CorruptGroupError: the group's file is damaged; nothing was written.
            StorageError: the file could not be written; nothing was changed.
        """
        missing = (await self._keep_results()).failed if results else {}
        database = self._session.store.database
        await Computation(export_group, database, user_path(path), overwrite=overwrite)
        self._session.store.mark_exported()
        if missing:
            first = min(missing)
            warn(
                f"{format_count(len(missing), 'result')} could not be exported to {path}. The first"
                f" failure was job {first}: {missing[first]}"
            )

    export, export_async = twins(_export)

    def delete(self, *, permanently: bool = False) -> None:
        """Move the group to the trash. `restore` restores it. Results on the cloud remain.

        Args:
            permanently: whether to delete the group without keeping it in the trash.

        Raises:
            GroupNotFoundError: the group was already deleted.
            GroupBusyError: a process is running the group.
            StorageError: the group could not be moved; nothing was changed.
        """
        catalog.delete(self._name, permanently=permanently)

    def rename(self, name: str) -> None:
        """Rename the group and its file. The trash is not changed.

        This object ends its subscriptions, as `close` does, and continues under the new name. Other
        objects that have the group open, in any process, treat it as deleted.

        Args:
            name: new name.

        Raises:
            InvalidNameError: no group can have the name.
            JobGroupError: a group of that name exists; nothing was changed.
            GroupBusyError: a process is running the group; nothing was changed.
            StorageError: the group's file could not be copied; nothing was changed.
        """
        self.close()
        catalog.rename(self._name, name)
        self._open(name, create=False)

    def __eq__(self, other: object) -> bool:
        return self._uuid == other._uuid if isinstance(other, JobGroup) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._uuid)

    def __bool__(self) -> bool:
        return True  # an empty group is true too

    def __repr__(self) -> str:
        try:
            return self._summary_text()
        except GroupMovedError as error:
            return f"JobGroup({self._name!r}): {error}"
        except GroupDeletedError:
            return f"JobGroup({self._name!r}): deleted. JobGroup.restore(name) restores it."

    def _summary_text(self) -> str:
        counts = self._session.store.counts()
        lines = [f"JobGroup({self._name!r}, {format_count(sum(counts.values()), 'job')})"]
        if counts:
            lines += [format_states(counts), on_one_line(self.description)]
        else:
            near = ", ".join(map(repr, catalog.similar_names(self._name)))
            hint = f" Existing groups with a similar name: {near}." if near else ""
            lines.append(f"Empty; jg.add(job, **params) appends a job.{hint}")
        for incident in self._session.store.incidents.list():
            since = f"{datetime.fromtimestamp(incident.opened_at):%Y-%m-%d %H:%M:%S}"  # noqa: DTZ006
            lines.append(f"Since {since}: {on_one_line(incident.message)}")
        if is_paused(self._session):
            lines.append("Paused: nothing more is sent until jg.resume().")
        return "\n".join(filter(None, lines))

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        from jobgroup.dashboard import mimebundle

        return mimebundle(self, **kwargs)

    # -- its jobs ----------------------------------------------------------------------------------

    def add(
        self,
        job_to_add: Any,
        *,
        params: Mapping[str, Any] | None = None,
        labels: Mapping[str, Any] | None = None,
        account: str | None = None,
        once: bool = False,
        **kwargs: Any,
    ) -> None:
        """Append a job. It is on disk when the call returns.

        A Perceval object that you add follows its entry: it has the entry's id, status and results,
        and its `execute_async` sends the entry once. If you add the object several times, it
        follows the first entry that was sent.

        Args:
            job_to_add: a `jobgroup.RemoteJob`; a Perceval ``RemoteJob``, unsent or sent, such as
                ``Sampler(remote_processor).sample_count``; or an ``Execution`` of Perceval 1.3,
                such as ``ExecutionFactory(remote_computer, experiment, 1000).probs``. An Execution
                whose error mitigations run on this machine is one entry with several jobs on the
                cloud.
            params: parameters for the job's execution, such as ``{"max_samples": 10_000}``.
            labels: named values of the job, such as ``{"phi": 0.3}`` for a value hidden in its
                circuit. You can search for labels, and they are columns of the results table.
            account: label of the account whose token the job brings, if the group has jobs of
                several accounts of one cloud; None for the job's own label or the default account.
                In later sessions, give the token to ``jobgroup.set_token(token, account=label)``.
            once: whether to append nothing if the group already has a job with the same body,
                parameters, labels and cloud, even if another Python process built its body.
            kwargs: additional parameters, as in Perceval's groups.

        Raises:
            TypeError: the job is local, the object is not a job, or a parameter is given twice;
                nothing was added.
            Exception: raised by Perceval for wrong or missing parameters, with a note that names
                them; nothing was added.
            DuplicateJobError: the group already has a job with the same id on the cloud; nothing
                was added.
            MissingDependencyError: the installed Perceval is older than 0.12; nothing was added.
            StorageError: the job could not be written; nothing was added.
        """
        if twice := set(params or {}) & set(kwargs):
            raise TypeError(f"Given twice: {', '.join(sorted(twice))}. Nothing was added.")
        self.add_many(
            [(job_to_add, {**(params or {}), **kwargs}, labels)], account=account, once=once
        )

    def add_many(
        self,
        jobs: Iterable[Any],
        *,
        labels: Mapping[str, Any] | None = None,
        account: str | None = None,
        once: bool = False,
    ) -> None:
        """Append many jobs at once, all or none.

        Args:
            jobs: jobs, or tuples of a job, its parameters and, optionally, its labels.
            labels: labels for jobs without their own labels.
            account: label of the jobs' account; see `add`.
            once: whether to leave out jobs that the group already has; see `add`.

        Raises:
            TypeError, JobGroupError: as for `add`; nothing was added.
            Exception: raised by Perceval, as for `add`; nothing was added.
        """
        add_jobs(self._session, jobs, labels, account=account, once=once)
        let_perceval_display(type(self))

    def sweep(
        self,
        build: Callable[..., Any],
        over: Any,
        *,
        repeats: int = 1,
        name: str | None = None,
        labels: Mapping[str, Any] | None = None,
        units: Mapping[str, str] | None = None,
        long_names: Mapping[str, str] | None = None,
        on_change: OnChange = "report",
        check: bool = True,
        **params: Any,
    ) -> SweepReport:
        """Add a job for each point of a sweep that the group does not have yet.

        A repeated call adds nothing, even in another Python process. A call with a finer grid adds
        jobs only for the new points. Each point's values become labels of its jobs. If numbers
        differ only by rounding, they count as one value, and the group's value is used. Jobs are
        written in batches during the sweep. Each batch is compared with the group and written in
        one transaction.

        Args:
            build: function that is called with the values of each point, as ``build(phi=0.1,
                eta=0.9)``, even if the group already has the point. It returns a job that `add`
                accepts, or a tuple of a job and a dict of parameters, or None to leave out the
                point.
            over: mapping of names to values, for all combinations; or points, as mappings or as the
                rows of a DataFrame. Values are numbers, strings, booleans, datetimes, Enums, paths,
                and Perceval's states, NoiseModels and PostSelects. Other objects need names:
                ``over={"circuit": {"mzi": c1, "bs": c2}}``.
            repeats: number of jobs per point, including those that the group already has.
            name: name of the sweep; None for the name of `build`.
            labels: labels for all jobs of the sweep.
            units: unit of each swept name, such as ``{"phi": "rad"}``. Names that are missing here
                keep the units of earlier calls.
            long_names: long form of each swept name, for the axes of figures. Missing names keep
                theirs, as for `units`.
            on_change: treatment of points whose jobs in the group have a different body: "report"
                adds nothing, "add" adds more jobs, and "replace_unsent" replaces the bodies of
                unsent jobs.
            check: whether to also call `build` for points that the group already has.
            params: parameters for all jobs of the sweep, such as ``max_samples=500``.

        Returns:
            A `SweepReport` with the numbers of new, known, changed and skipped jobs. It prints as
            text.

        Raises:
            TypeError, ValueError: an argument, a name or a value is invalid; nothing was added.
            Exception: raised by `build` or Perceval, with a note that names the point. Jobs that
                were already added stay in the group.
            StorageError: the group's file cannot be written.

        >>> def experiment(phi):
        ...     return RemoteJob({"command": "probs", "phi": phi}, "sim:altair")
        >>> jg = JobGroup("scan")
        >>> jg.sweep(experiment, over={"phi": [0.1, 0.2]}, repeats=3, max_samples=500)
        2 points x 3 repeats: 6 new, 0 in the group already
        >>> jg.sweep(experiment, over={"phi": [0.1, 0.2, 0.3]}, repeats=3, max_samples=500)
        3 points x 3 repeats: 3 new, 6 in the group already
        """
        from jobgroup.group.sweep import sweep

        return sweep(
            self._session,
            build,
            over,
            repeats=repeats,
            name=name,
            labels=labels,
            units=units,
            long_names=long_names,
            on_change=on_change,
            check=check,
            params=params,
        )

    def repeat(
        self, jobs: Jobs | None = None, *, to: int | None = None, times: int | None = None
    ) -> SweepReport:
        """Add unsent copies of jobs. The results of a job and of its copies are pooled.

        Args:
            jobs: jobs, or their positions; None for all.
            to: number of equal jobs to reach, including those that the group already has. A
                repeated call adds nothing.
            times: number of copies to add for each given job.

        Returns:
            A report with the numbers of new jobs and of jobs that the group already had.

        Raises:
            TypeError: neither `to` nor `times` is given, or both are.
            ValueError: a number is less than 1, more than 100,000 jobs would be added, or the group
                does not have a job or its body; nothing was added.
            IndexError: a position does not exist; nothing was added.

        >>> jg.repeat(jg.jobs(labels={"phi": 0.1}), to=5)  # doctest: +SKIP
        5 jobs: 2 new, 3 in the group already
        """
        from jobgroup.group.repeat import repeat

        entry_ids = self._resolve(range(len(self)) if jobs is None else jobs)
        return repeat(self._session, entry_ids or [], to=to, times=times)

    @property
    def sweeps(self) -> tuple[Sweep, ...]:
        """The group's sweeps, oldest first: their names, swept names, units and long names."""
        return self._session.store.sweeps.all()

    async def _adopt(
        self,
        ids: str | Iterable[str],
        platform: str | None = None,
        *,
        provider: str = "quandela",
        url: str | None = None,
        account: str = "",
        token: str | None = None,
        labels: Mapping[str, Any] | None = None,
    ) -> list[RemoteJob]:
        """Add jobs that were submitted outside jobgroup, and track them from now on.

        jobgroup fetches each job's status and times from the cloud and, if the cloud reports them,
        its name, platform and payload. It appends all jobs, in the order of `ids`, or none.

        Args:
            ids: id of a job on the cloud, or several ids.
            platform: platform of the jobs, if the cloud does not report it.
            provider: name of the provider for that cloud.
            url: the cloud's base URL; by default `JOBGROUP_URL` or the provider's only cloud.
            account: label of the account, if there are several on one cloud.
            token: token of the account that sent the jobs, as for `set_token`; None for the token
                that jobgroup already has.
            labels: labels for all these jobs, as for `add`.

        Returns:
            The new jobs of the group.

        Raises:
            DuplicateJobError: the group already has one of the jobs, or an id is given twice.
            RemoteNotFoundError: the cloud does not know one of the jobs.
            TypeError, ValueError: an id is not valid, or the platform is neither reported nor
                given.
            CredentialsError: the token is missing or rejected.
            CloudError: a request to the cloud failed. After any of these errors, nothing was added.

        >>> jg.adopt("3f1c4a52-...", "qpu:belenos")  # doctest: +SKIP
        """
        secret = None if token is None else Secret(token)
        place = Secret(url) if isinstance(url, str) else url
        del token, url  # some tools show this frame's local variables if an error is raised below
        adoption = Adoption(
            self._session,
            ids,
            platform,
            provider=provider,
            url=place,
            account=account,
            token=secret,
            labels=labels,
        )
        return adoption.append(await Pending(adoption.find()))

    adopt, adopt_async = twins(_adopt)

    def __len__(self) -> int:
        return len(self._session.store)

    @overload
    def __getitem__(self, index: int) -> RemoteJob: ...
    @overload
    def __getitem__(self, index: slice) -> list[RemoteJob]: ...
    def __getitem__(self, index: int | slice) -> RemoteJob | list[RemoteJob]:
        found = self._jobs_of(
            self._session.store.entries.at(self._positions(index, range(len(self))))
        )
        return found if isinstance(index, slice) else found[0]

    def _positions(self, index: Any, positions: range) -> Sequence[int]:
        try:
            return positions[index] if isinstance(index, slice) else [positions[index]]
        except IndexError:
            raise IndexError(
                f"The group {self._name!r} has {format_count(len(positions), 'job')}, counted from"
                f" 0, and none at {shown(index)}."
            ) from None
        except TypeError:
            raise TypeError(
                f"A job's index must be its position, counted from 0, got {shown(index)}. "
                "jg.find(query) finds jobs by id, name or label."
            ) from None

    def __iter__(self) -> Iterator[RemoteJob]:
        return iter(self[:])

    def __contains__(self, job: object) -> bool:
        if not isinstance(job, RemoteJob) or not job._is_of(self._session):  # noqa: SLF001
            return False
        entry_id = job._entry_id  # noqa: SLF001
        return bool(self._session.store.entries.positions([entry_id]))

    def remove(self, jobs: Jobs) -> list[JobRecord]:
        """Remove jobs that were never sent, all or none, and return their records.

        Later jobs get new positions, but your job objects still refer to the same jobs. A job that
        was sent, or that a process is sending, is never removed.

        Args:
            jobs: jobs, or their positions.

        Raises:
            ValueError: a job is in another group; nothing was removed.
            IndexError: a position does not exist; nothing was removed.
            JobRemovedError: a job was already removed; nothing was removed.
            JobGroupError: a job was sent or may have been sent; nothing was removed.
            StorageError: the group could not be written; nothing was removed.

        >>> jg.remove(jg.jobs(state="unsent", labels={"phi": 0.3}))  # doctest: +SKIP
        """
        store, entry_ids = self._session.store, self._resolve(jobs) or []
        records = store.records(entry_ids=entry_ids)
        store.entries.remove(entry_ids)
        self._session.notify()
        return records

    def jobs(
        self,
        where: Callable[[JobRecord], object] | None = None,
        *,
        state: str | Iterable[str] | None = None,
        labels: Mapping[str, Any] | None = None,
    ) -> list[RemoteJob]:
        """Return the jobs that match, in the group's order, without polling the cloud.

        ``jg.jobs(state="failed", labels={"phi": 0.3})``; ``jg.jobs(lambda j: j.attempts > 1)``

        Args:
            where: function that gets each `JobRecord` and returns whether to include the job.
            state: one or several of `jobgroup.status.STATES`, or "failed" for error and canceled.
            labels: labels and values that a job must have.

        Raises:
            TypeError: an argument has the wrong type.
            ValueError: a state does not exist.
        """
        return self._jobs_of(matching(self._session.store, where, state, labels))

    def find(self, query: str) -> list[RemoteJob]:
        """Return the jobs that match all terms of a query, as the dashboard's search does.

        ``jg.find('phi>1.4 is:done')``

        ========================  =============================================================
        Term                      Jobs
        ========================  =============================================================
        ``phi>3``                 a comparison of a label, parameter or column: ``>``, ``>=``,
                                  ``<``, ``<=``, ``=`` or ``!=``; ``=`` compares the whole value
        ``is:failed``             in this state, by its name in Python or in the dashboard
        ``#3``, ``#120-140``      at this position, or in this range
        ``"dark counts"``         with this phrase in a text field
        ``laser``                 with this text in the name, note, message, id, platform,
                                  account or in ``name=value``; or in a state whose name
                                  begins with this text
        ========================  =============================================================

        Searches ignore case, and numbers are compared as numbers. Put quotes around values and
        names with spaces. Nested values have names such as ``noise.g2``; ``duration`` is in
        seconds. Only the dashboard searches measured columns, such as ``samples``; in Python, use
        `results_table`.

        Raises:
            TypeError: the query is not a string.
            ValueError: a state or column does not exist, or a comparison lacks a number.
        """
        return self._jobs_of(found_by(self._session.store, query))

    def snapshot(self) -> list[JobRecord]:
        """Return all jobs as immutable records, read from the file in one query.

        ``[job.duration_s for job in jg.snapshot()]`` is much faster than the same loop over ``jg``,
        which reads each property separately.
        """
        return self._session.store.records()

    def list_unconfirmed_jobs(self) -> list[RemoteJob]:
        """Return the unconfirmed jobs, which you can confirm or resend."""
        self._session.lease.mark_abandoned_unconfirmed()
        return self.jobs(state="unconfirmed")

    def list_refused_jobs(self) -> list[RemoteJob]:
        """Return the jobs that the cloud rejected when they were sent.

        `job.message` has the cloud's reason. Refused jobs count as unsent, and `run_parallel()` and
        `run_sequential(delay)` send them again. A run with ``queue=True`` skips them unless you
        name, prioritize or change them.
        """
        return self.jobs(state="refused")

    def _jobs_of(self, entry_ids: Iterable[int]) -> list[RemoteJob]:
        return [job_of(self._session, entry_id, self._kind) for entry_id in entry_ids]

    def _resolve(self, jobs: Jobs | None) -> list[int] | None:
        """Return the entry ids of the given jobs or positions; None for all."""
        if jobs is None:
            return None
        given = list(jobs) if isinstance(jobs, Iterable) and not isinstance(jobs, str) else [jobs]
        for job in given:
            if isinstance(job, RemoteJob) and not job._is_of(self._session):  # noqa: SLF001
                raise ValueError(
                    f"{job!r} is a job of {job.group_name!r}, not of the group {self._name!r}."
                    " Nothing was changed."
                )
        entries = self._session.store.entries
        indices = [job for job in given if not isinstance(job, RemoteJob)]
        whole = range(len(self)) if indices else range(0)
        at = iter(entries.at([p for index in indices for p in self._positions(index, whole)]))
        found = [job._entry_id if isinstance(job, RemoteJob) else next(at) for job in given]  # noqa: SLF001
        for missing in set(found).difference(entries.positions(found)):
            entries.position(missing)  # raises an error
        return found

    # -- sending -----------------------------------------------------------------------------------

    async def _run_sequential(
        self,
        delay: float,
        *,
        stop_after_failures: int | None = None,
        retries: int = 0,
        budget_shots: int | None = None,
    ) -> None:
        """Send the unsent jobs one after the other. Each is sent when the previous one has ended.

        If an earlier sequential run was interrupted, the first job is sent when the last job of
        that run has ended.

        Args:
            delay: seconds between the end of one job and the start of the next.
            stop_after_failures: number of failed jobs after which the run ends.
            retries: as for `run_parallel`.
            budget_shots: as for `run_parallel`.

        Raises:
            TypeError, ValueError: an argument is invalid; nothing was sent.
            BudgetExceededError, RunStoppedError: as for `run_parallel`.
            GroupBusyError: another process is running the group.
            UnconfirmedJobError: a job may have been sent; the rest stays unsent.
            CloudError, CredentialsError: a job could not be sent; it and the rest stay unsent.
        """
        delay = validate_delay(delay)
        await self._run(
            run_request(
                delay=delay,
                stop_after_failures=stop_after_failures,
                retries=retries,
                budget_shots=budget_shots,
            )
        )

    run_sequential, run_sequential_async = twins(_run_sequential)

    async def _run_parallel(
        self,
        *,
        jobs: Jobs | None = None,
        queue: bool = False,
        wait: bool | None = None,
        concurrent_job_count: int | None = None,
        stop_after_failures: int | None = None,
        retries: int = 0,
        budget_shots: int | None = None,
    ) -> None:
        """Send all unsent jobs to run in parallel, and return when they are sent.

        With `wait` or `retries`, return when the jobs have ended.

        Args:
            jobs: jobs to send, or their positions; jobs that were already sent are skipped. None
                for all.
            queue: whether to keep the plan's slots full until all jobs are sent; otherwise a job
                over the plan's limit ends the run.
            wait: like `queue`, but return when the jobs have ended, as in Perceval 1.1 to 1.3.
                Without `jobs`, these include jobs that were sent earlier. None for the setting of
                `set_compatibility`, which is False by default.
            concurrent_job_count: with `queue` or `wait`, maximum number of each account's jobs on
                the cloud at once.
            stop_after_failures: with `queue` or `wait`, number of failed jobs after which the run
                ends. A failed job counts until one of its retries succeeds.
            retries: maximum number of automatic retries of each job that ends in error. All jobs
                are sent once before any job is retried. The group's file keeps the number of
                retries left, so you can safely repeat an interrupted run.
            budget_shots: maximum number of shots for all attempts of the group together, including
                earlier ones. An attempt counts with the shots that the cloud reports or, without a
                report, with its ``max_shots``.

        Raises:
            TypeError, ValueError: an argument is invalid; nothing was sent.
            IndexError: a position in `jobs` does not exist; nothing was sent.
            BudgetExceededError: the next job may use more shots than `budget_shots` has left, or
                has no ``max_shots``; the rest stays unsent.
            RunStoppedError: `stop` has ended the run; the rest stays unsent.
            QuotaExceededError: the plan allows no more jobs; the rest stays unsent.
            GroupBusyError: another process is running the group.
            UnconfirmedJobError: a job may have been sent; the rest stays unsent.
            CloudError, CredentialsError: a job could not be sent; it and the rest stay unsent.
        """
        await self._run(
            run_request(
                entry_ids=self._resolve(jobs),
                queue=queue,
                wait=self._waits(wait),
                concurrent_job_count=concurrent_job_count,
                stop_after_failures=stop_after_failures,
                retries=retries,
                budget_shots=budget_shots,
            )
        )

    run_parallel, run_parallel_async = twins(_run_parallel)

    async def _rerun(
        self,
        jobs: Jobs | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        replace: bool = True,
        delay: float | None = None,
        concurrent_job_count: int | None = None,
        stop_after_failures: int | None = None,
        retries: int = 0,
        budget_shots: int | None = None,
    ) -> CommandResult:
        """Rerun jobs, as many at once as the plan allows, and return when they are sent.

        ``jg.rerun([3, 7], params={"max_shots": 1_000})`` reruns two jobs with fewer shots. Each new
        attempt records the change: ``job.attempts[-1].overrides == {"max_shots": [10_000,
        1_000]}``.

        Args:
            jobs: jobs, or their positions; None for all jobs that ended in error or were canceled.
                Failed and refused jobs are rerun in place. The rerun of a successful job is
                appended as a new entry.
            params: new values for numbers and strings of the payload, such as ``max_shots`` and
                ``max_samples``.
            replace: whether to rerun failed jobs in place; otherwise their reruns are also appended
                as new entries.
            delay: seconds between the end of one job and the start of the next, for a sequential
                rerun; None for a parallel one.
            concurrent_job_count: as for `run_parallel`.
            stop_after_failures: as for `run_parallel`; also allowed with `delay`.
            retries: as for `run_parallel`.
            budget_shots: as for `run_parallel`.

        Returns:
            A result with ``.done``, the positions of the jobs that were sent, and ``.failed``, the
            reason for each job that was not sent, by position.

        Raises:
            TypeError, ValueError: an argument is invalid; nothing was sent.
            IndexError: a position in `jobs` does not exist; nothing was sent.
            InvalidOverrideError: a job has no such parameter, or only Perceval can change it;
                nothing was sent.
            JobGroupError: as for `run_parallel` and `run_sequential`; but jobs that the cloud
                rejects are in ``.failed``.
        """
        request = run_request(
            rerun=True,
            entry_ids=self._resolve(jobs),
            params=params,
            replace=replace,
            queue=delay is None,
            delay=delay,
            concurrent_job_count=concurrent_job_count,
            stop_after_failures=stop_after_failures,
            retries=retries,
            budget_shots=budget_shots,
        )
        run = EngineRun(request)
        try:
            await self._carry_out(run)
        except JobGroupError as error:
            if not refuses_job(error) or error not in run.refusals.values():
                raise
        report: CommandResult = await Computation(report_of_rerun, self._session, run)
        return by_position(self._session, report)

    rerun, rerun_async = twins(_rerun)

    def start(
        self,
        jobs: Jobs | None = None,
        *,
        rerun: bool = False,
        params: Mapping[str, Any] | None = None,
        replace: bool = True,
        queue: bool = False,
        delay: float | None = None,
        concurrent_job_count: int | None = None,
        stop_after_failures: int | None = None,
        retries: int = 0,
        budget_shots: int | None = None,
    ) -> Run:
        """Start a run of the unsent jobs in the background, and return immediately.

        The run waits out outages and rejected tokens, and then continues. Keep this process alive:
        if it ends, the remaining jobs stay unsent. If another process is running the group, that
        process sends the jobs.

        Args:
            jobs: jobs to send, or their positions; None for all.
            rerun: whether to rerun failed jobs instead of sending unsent ones.
            params: with `rerun`, as for the method `rerun`.
            replace: with `rerun`, as for the method `rerun`.
            queue: whether to keep the plan's slots full until all jobs are sent.
            delay: seconds between jobs of a sequential run; None for a parallel run.
            concurrent_job_count: as for `run_parallel`.
            stop_after_failures: as for `run_parallel`.
            retries: as for `run_parallel`; with retries, the run is over when all its jobs have
                ended.
            budget_shots: as for `run_parallel`.

        Returns:
            The run. You can wait for it or stop it.

        Raises:
            TypeError, ValueError: an argument is invalid; nothing was started.
            IndexError: a position in `jobs` does not exist; nothing was started.
        """
        request = run_request(
            rerun=rerun,
            entry_ids=self._resolve(jobs),
            params=params,
            replace=replace,
            queue=queue,
            delay=delay,
            concurrent_job_count=concurrent_job_count,
            stop_after_failures=stop_after_failures,
            retries=retries,
            budget_shots=budget_shots,
            is_background=True,
        )
        return Run(self._session, request)

    @staticmethod
    def _waits(wait: bool | None) -> bool:
        return waits_by_default() if wait is None else wait

    async def _run(self, request: RunRequest) -> None:
        await self._carry_out(EngineRun(request))

    async def _carry_out(self, run: EngineRun) -> None:
        if not len(self):
            self._warn_if_name_looks_wrong()
        bar = RunBar(self._session, run)
        with naming_its_job(self._session):
            await Pending(
                self._session.start(execute_run, self._session, run),
                on_tick=bar.tick,
                on_end=bar.close,
                on_interrupt=run.cancel,
            )

    def _warn_if_name_looks_wrong(self) -> None:
        if near := " or ".join(map(repr, catalog.similar_names(self._name))):
            warn(f"The group {self._name!r} has no jobs, so nothing was sent. Did you mean {near}?")

    async def _cancel(self, jobs: Jobs | None = None) -> list[int]:
        """Ask the cloud to cancel active jobs.

        Args:
            jobs: jobs, or their positions; None for all.

        Returns:
            The positions of the jobs whose cancellation was requested. A warning reports failures.

        Raises:
            ValueError: a job is in another group; nothing was canceled.
            IndexError: a position does not exist; nothing was canceled.
        """
        result = await self._command("cancel", entry_ids=self._resolve(jobs))
        failed: dict[str, list[int]] = {}
        for position, sentence in result.failed.items():
            failed.setdefault(sentence, []).append(position)
        for sentence, positions in failed.items():
            warn(f"{format_jobs(positions)} could not be canceled: {sentence}")
        return [*result.done]

    cancel, cancel_async = twins(_cancel)

    async def _stop(self, cancel: bool = False) -> None:
        """Stop sending jobs in every process. The remaining jobs stay unsent.

        Requests in flight are finished and recorded. The call that was sending the jobs raises
        `RunStoppedError`. The next run sends the rest.

        Args:
            cancel: whether to also ask the cloud to cancel active jobs. A warning reports failures.
        """
        await self._command("stop", by=str(this_process()))
        if cancel:
            await self._cancel()

    stop, stop_async = twins(_stop)

    async def _pause(self) -> None:
        """Stop sending in every process until `resume`. Jobs on the cloud continue."""
        await self._command("pause")

    pause, pause_async = twins(_pause)

    async def _resume(self) -> None:
        """Continue sending after `pause`."""
        await self._command("resume")

    resume, resume_async = twins(_resume)

    async def _prioritize(self, jobs: Jobs) -> list[int]:
        """Put jobs first, in the given order, for the current run or the next one.

        This call sends nothing. A run of the whole group, in any process, sends these jobs next,
        even if they were added after the run began. A rerun does the same with failed jobs. The
        group's file keeps the priority until the jobs are sent. Jobs of a later call come first.

        Args:
            jobs: jobs, or their positions; jobs that were already sent are skipped.

        Returns:
            The positions of the prioritized jobs.

        Raises:
            ValueError: a job is in another group; nothing was changed.
            IndexError: a position does not exist; nothing was changed.
        """
        result = await self._command("prioritize", entry_ids=self._resolve(jobs))
        return [*result.done]

    prioritize, prioritize_async = twins(_prioritize)

    async def _estimate(
        self, jobs: Jobs | None = None, *, rerun: bool = False, retries: int = 0
    ) -> RunEstimate:
        """Estimate a run's jobs, shots, free slots and time. Unknown values are None.

        Args:
            jobs: jobs to send, or their positions; None for all.
            rerun: whether to estimate a rerun of failed jobs instead of a run of unsent jobs.
            retries: number of times that each job may be retried; the shots include all retries.

        Raises:
            ValueError: a job is in another group.
            IndexError: a position does not exist.
        """
        entry_ids = self._resolve(jobs)
        pending: Pending[RunEstimate] = Pending(
            self._session.start(estimate, self._session, entry_ids, rerun=rerun, retries=retries)
        )
        return await pending

    estimate, estimate_async = twins(_estimate)

    def _command(self, name: str, **args: Any) -> Pending[CommandResult]:
        return Pending(self._session.start(execute_for_user, self._session, name, args))

    # -- watching ----------------------------------------------------------------------------------

    async def _progress(self, refresh: bool = True) -> Progress:
        """Count the jobs by state.

        Args:
            refresh: whether to poll jobs that may have changed first; otherwise the counts come
                from the group's file.

        Returns:
            ``{'Total': n, 'Finished': [k, {'successful': a, 'unsuccessful': b}],
            'Unfinished': [m, {'sent': c, 'not sent': d}]}``

        Raises:
            CredentialsError: the token is missing or rejected; jobs keep their last known state.
        """
        if refresh:
            await self._poll_active(in_loop=True)
        return progress_of(self._session.store.counts())

    progress, progress_async = twins(_progress)

    async def _refresh(self) -> None:
        """Poll all jobs that may have changed.

        If a cloud does not respond, its jobs keep their states, and `state.last_error` has the
        reason.

        Raises:
            CredentialsError: the token is missing or rejected; jobs keep their last known state.
        """
        await self._poll_active()

    refresh, refresh_async = twins(_refresh)

    async def _poll_active(self, *, in_loop: bool = False) -> None:
        if any(state in ON_CLOUD for state in self._session.store.counts()):
            await Pending(self._session.start(self._session.poller.refresh, in_loop=in_loop))

    async def _track_progress(self) -> None:
        """Show live progress bars until no job is running or waiting on the cloud.

        Raises:
            CredentialsError: the token is missing or rejected; set a valid one and repeat the call.
        """
        bars = GroupBars(self._session.store.counts)
        future = self._session.start(wait_until_done, self._session, None)
        await Pending(future, on_tick=bars.tick, on_end=bars.close, on_interrupt=future.cancel)

    track_progress, track_progress_async = twins(_track_progress)

    async def _wait(self, timeout: float | None = None) -> None:
        """Block until no job is running or waiting on the cloud and this process sends nothing.

        The call does not wait for unconfirmed jobs. It returns with a warning if the group is
        paused and a run is waiting for `resume`.

        Args:
            timeout: maximum wait in seconds; None for no limit.

        Raises:
            TimeoutError: the timeout has passed; jobs and runs continue.
            CredentialsError: the token is missing or rejected; set a valid one and repeat the call.
        """
        future = self._session.start(wait_until_done, self._session, validate_timeout(timeout))
        await Pending(future, on_interrupt=future.cancel)
        if self._session.runs and is_paused(self._session):
            warn(f"{self._name}: sending is paused, so unsent jobs wait for jg.resume().")

    wait, wait_async = twins(_wait)

    def on_done(self, callback: Callable[[GroupEvent], object]) -> Subscription:
        """Call a function once at the first failure of a job, and once when the group finishes.

        A group has finished when no job is running or waiting and no process is sending its jobs,
        even if some jobs are unsent. A group with nothing left to do has already finished. A group
        that was never run, and that adopted no job, has not finished. jobgroup polls the cloud
        until the group has finished. Failures before this call do not count.

        Args:
            callback: function that is called with a `GroupEvent`, in a separate thread, so it may
                take a long time. Its exceptions are logged.

        Returns:
            A subscription, which ends with its context manager or ``cancel()``. Calling the
            subscription calls the callback, so you can still call a function decorated with
            ``@jg.on_done``.

        Raises:
            TypeError: the callback is not callable or is a coroutine function.
        """
        subscription = Subscription(self, self._session, callback)
        self._subscriptions.append(subscription)
        return subscription

    # -- results -----------------------------------------------------------------------------------

    async def _get_results(
        self, *, wait: bool = False, errors: Errors = "collect"
    ) -> list[Result | None]:
        """Return the results of all jobs, in the group's order; None for a job without a result.

        Jobs that are running or waiting have no result yet, and a warning reports them.

        Args:
            wait: whether to wait first until these jobs have ended.
            errors: treatment of missing results of successful jobs: "collect" returns None for each
                and issues one warning; "raise" raises a `ResultsError` with the other results.

        Raises:
            CredentialsError: the token is missing or rejected, and no other account has results.
            ResultsError: results are missing and `errors` is "raise".
            ValueError: `errors` is neither "collect" nor "raise".
        """
        check_errors(errors)
        if wait:
            await self._wait()
        records = await self._records_with_results()
        documents = await self._download(records)
        # decoding may import Perceval, which takes seconds
        decoded = await Computation(decode_all, records, documents)
        return collect(self._session, records, decoded, errors)

    get_results, get_results_async = twins(_get_results)

    async def _keep_results(self) -> CommandResult:
        """Fetch all results that are not in the group's file yet, and store them there.

        Some clouds delete results after a while. This call also turns ``cache_results`` on: from
        now on, the group stores every result that it fetches, and reads stored results from its
        file. Stored results are not fetched again, so you can repeat the call until no result is
        missing.

        Returns:
            A result with ``.done``, the positions of the jobs whose results were fetched, and
            ``.failed``, the reason for each missing result of a successful job, by position.

        Raises:
            CredentialsError: the token is missing or rejected, and the group has no results.
            StorageError: the group's file cannot be read or written; results that were already
                stored remain.
        """
        await Computation(setattr, self.cache, "enabled", True)
        report = await self._with_bar(keep, await self._records_with_results())
        return by_position(self._session, report)

    keep_results, keep_results_async = twins(_keep_results)

    def as_completed(self, *, errors: Errors = "collect") -> ResultStream:
        """Yield each job with its result: first finished jobs, and then the others when they end.

        ``for job, result in jg.as_completed()`` blocks until the next job ends; ``async for`` does
        not block. Iteration ends when no job is running or waiting on the cloud and this process is
        sending nothing. The result of a failed job is None or the cloud's partial results.

        Args:
            errors: treatment of missing results of successful jobs. Each is None. At the end,
                "collect" issues a warning, and "raise" raises a `ResultsError`.

        Raises:
            ValueError: `errors` is neither "collect" nor "raise".
            CredentialsError: raised by the iteration if a token is missing or rejected, and no
                other account has a pending job.
            ResultsError: raised at the end of the iteration if results are missing and `errors` is
                "raise".
        """
        return ResultStream(self._session, errors)

    async def _map(
        self, function: Callable[[Result], T], *, errors: Errors = "collect"
    ) -> list[T | None]:
        """Call a function with each result, and return its values in the group's order.

        For a job without a result, the value is None. The call waits as `as_completed` does. The
        function is called when a result arrives, so only a few results are in memory at a time.

        Args:
            function: function of one result, in the form that `get_results` returns.
            errors: as for `as_completed`.

        Raises:
            Exception: raised by the function.
            ResultsError, CredentialsError: as for `as_completed`.
        """
        return await ResultStream(self._session, errors)._map(function)  # noqa: SLF001

    map, map_async = twins(_map)

    async def _results_table(
        self,
        columns: Sequence[str] | str | None = None,
        *,
        interval: bool | float = False,
        refresh: bool = True,
    ) -> ResultsTable:
        """Return the jobs as a table, with their parameters and measured numbers.

        The table has one row for each job, or for each iteration of a job with iterations. The row
        of a job without a result has empty cells. Shares have standard errors. Derived quantities
        (see `define`) are columns too.

        Args:
            columns: names of the columns, or one name; None for the results and the values that
                differ between the jobs. Each output state that a job returned has columns such as
                ``p(|1,1>)``, ``p_err(|1,1>)`` and ``count(|1,1>)``.
            interval: whether to add columns with Wilson's interval at 68.27 %; a number sets its
                level.
            refresh: whether to request states and results from the cloud; otherwise only the
                file and the results cached in it are read.

        Raises:
            UnknownColumnError: a column does not exist, or no job returned its state.
            CredentialsError: the token is missing or rejected, and no other account has results.
        """
        rows = await self._rows(refresh)
        defined = definitions_of(self._session.store)
        return table_of(rows, columns, definitions=defined, interval=interval)

    results_table, results_table_async = twins(_results_table)

    async def _distributions(
        self, *, interval: bool | float = False, refresh: bool = True
    ) -> Distributions:
        """Return the results in long form: one row for each successful job and state.

        Args:
            interval: whether to add columns with Wilson's interval at 68.27 %; a number sets its
                level.
            refresh: whether to request states and results from the cloud; otherwise only the
                file and the results cached in it are read.

        Raises:
            CredentialsError: the token is missing or rejected, and no other account has results.
        """
        rows = await self._rows(refresh)
        self._warn_of_omitted(rows)
        return distributions_of(rows, interval=interval)

    distributions, distributions_async = twins(_distributions)

    def define(self, name: str, expression: str | None) -> None:
        """Store a derived quantity with the group. Tables, datasets and figures show it.

        >>> jg.define("visibility", "(|2,0> - |1,1>) / (|2,0> + |1,1>)")  # doctest: +SKIP

        Args:
            name: identifier that is not a label, column or performance.
            expression: expression of states, performances such as `global_perf`, numbers, ``+ - *
                /`` and parentheses; None removes the definition.

        Raises:
            TypeError: the name or the expression is not a string.
            ValueError: the name is taken or is not an identifier, or the expression cannot be
                parsed or uses another definition, or another definition uses the name.
        """
        define(self._session.store, name, expression)

    @property
    def definitions(self) -> dict[str, str]:
        """Expressions of derived quantities, by name."""
        return {n: each.text for n, each in definitions_of(self._session.store).items()}

    async def _to_xarray(
        self,
        sweep: str | None = None,
        *,
        states: int | Iterable[str] | None = None,
        repeats: Literal["pool", "keep"] = "pool",
        errors: Literal["counts", "scatter"] = "counts",
        interval: bool | float = False,
        grid: bool | None = None,
        refresh: bool = True,
    ) -> Dataset:
        """Return the results as an xarray dataset, with a dimension for each swept name.

        Coordinates come from all jobs of the group, in any state. Repeats (jobs with the same point
        and equal settings) are pooled if they ended in success.

        Args:
            sweep: name of the sweep; None for the only one. In a group without sweeps, the
                dimensions are the labels that all jobs have.
            states: number of states, or the states; None for all (in a very large dataset, for the
                1,000 most frequent ones).
            repeats: "pool" pools repeats; "keep" gives each repeat its own index along a dimension
                `repeat`.
            errors: "scatter" computes errors from the spread of repeats.
            interval: whether to add Wilson's interval at 68.27 %; a number sets its level.
            grid: whether the swept names are dimensions; otherwise there is one dimension `point`.
                None chooses a grid if at least half of its cells are points.
            refresh: whether to request states and results from the cloud; otherwise only the
                file and the results cached in it are read.

        Raises:
            MissingDependencyError: xarray is not installed (``jobgroup[xarray]``).
            UnknownColumnError: no job returned a state that you request or a definition uses.
            ValueError: the group has several sweeps and `sweep` is None, or an argument is unknown.
            CredentialsError: the token is missing or rejected, and no other account has results.
        """
        from jobgroup.results.arrays import dataset_of

        study = await self._study(sweep, refresh)
        dataset: Dataset = await Computation(
            dataset_of,
            study,
            definitions=definitions_of(self._session.store),
            attributes={"group": self.name, "description": self.description},
            states=states,
            repeats=repeats,
            errors=errors,
            interval=interval,
            grid=grid,
        )
        return dataset

    to_xarray, to_xarray_async = twins(_to_xarray)

    async def _plot(
        self,
        y: str | None = None,
        x: str | None = None,
        *,
        curves: str | None = None,
        where: Mapping[str, Any] | None = None,
        kind: Literal["auto", "line", "map", "bars"] = "auto",
        errors: bool | float | Literal["scatter"] = True,
        log: Literal["x", "y", "xy"] | None = None,
        from_zero: bool | None = None,
        sweep: str | None = None,
        ax: Axes | None = None,
        refresh: bool = True,
    ) -> Axes:
        """Draw a measured quantity against the swept values, with error bars. Repeats are pooled.

        >>> jg.plot("|1,1>", x="phi", curves="indist")  # doctest: +SKIP

        Args:
            y: state, performance, `samples`, defined name, or expression; None for the most
                frequent state.
            x: swept name of the horizontal axis; None for the numeric name with the most values.
            curves: swept name with a curve for each value; None for the next name with several
                values (with more than 8 values, a map is drawn).
            where: values of other swept names, such as ``{"eta": 0.3}``.
            kind: "line", "map" or "bars"; "auto" for an automatic choice.
            errors: False for no error bars; a number for the level of the interval (True for 68.27
                %); "scatter" for the spread of repeats.
            log: logarithmic axes, which omit values of 0 or below; None for linear ones.
            from_zero: whether a linear y axis of curves begins at 0, if nothing is negative; None
                for shares only.
            sweep: name of the sweep; None for the only one.
            ax: matplotlib axes to draw on; None for new ones.
            refresh: whether to request states and results from the cloud; otherwise only the
                file and the results cached in it are read.

        Returns:
            The axes.

        Raises:
            MissingDependencyError: matplotlib is not installed (``jobgroup[plot]``).
            UnknownColumnError: a quantity, swept name or value does not exist.
            TypeError: `where` is not a mapping.
            ValueError: another swept name has several values, there is nothing to draw, or an axis
                cannot be logarithmic.
            CredentialsError: the token is missing or rejected, and no other account has results.
        """
        from jobgroup.results.drawing import draw
        from jobgroup.results.figure import check_results, figure_of

        study = await self._study(sweep, refresh)
        figure = figure_of(
            study,
            y,
            x,
            definitions=definitions_of(self._session.store),
            curves=curves,
            where=where,
            kind=kind,
            errors=errors,
        )
        check_results(study)
        return draw(figure, ax, log=log, from_zero=from_zero)

    plot, plot_async = twins(_plot)

    async def _compare(
        self,
        a: Jobs | Mapping[Any, float],
        b: Jobs | Mapping[Any, float],
        *,
        iteration: int | None = None,
        seed: int = 0,
        refresh: bool = True,
    ) -> Comparison:
        """Compare the total variation distance between two results with the distance due to chance.

        Jobs without a complete result are skipped; the comparison's `skipped` has their positions.

        Args:
            a: jobs, whose counts are added, or an exact distribution by state.
            b: jobs or a distribution, as for `a`. A warning reports jobs that both sides contain.
            iteration: index of the iteration, for jobs with several.
            seed: seed of the random relabeling for the spread and the p-value.
            refresh: whether to request states and results from the cloud; otherwise only the
                file and the results cached in it are read.

        Raises:
            MissingDependencyError: numpy is not installed.
            ValueError: a side has no results, or the sides have different numbers of modes.
            IndexError: a position does not exist.
            CredentialsError: the token is missing or rejected, and no other account has results.
        """
        from jobgroup.results.analysis import Side, compare_sides

        rows = await self._rows(refresh)

        def side(given: Jobs | Mapping[Any, float]) -> Side:
            if hasattr(given, "items"):  # Perceval's distributions are not `Mapping`s
                return Side.of_ideal(cast(Mapping[Any, float], given))
            chosen = set(self._resolve(cast(Jobs, given)) or ())
            mine = [row for row in rows if row.record.entry_id in chosen]
            compared.append(mine)
            return Side.of_jobs(mine, iteration)

        compared: list[list[ResultRow]] = []
        comparison: Comparison = await Computation(compare_sides, side(a), side(b), seed)
        on_each = [{row.record.position for row in mine} for mine in compared]
        shared = set.intersection(*on_each) if len(on_each) == 2 else set()
        shared -= {*comparison.skipped, *comparison.left_out}
        if shared and comparison.p_value is not None:
            are = "is" if len(shared) == 1 else "are"
            warn(
                f"{format_jobs(sorted(shared))} {are} on both sides of the comparison, so the sides"
                " are not independent, and the p-value is not valid."
            )
        self._warn_of_omitted([row for mine in compared for row in mine])
        return comparison

    compare, compare_async = twins(_compare)

    def to_pandas(self) -> DataFrame:
        """Return `results_table` as a pandas DataFrame.

        Raises:
            MissingDependencyError: pandas is not installed.
            CredentialsError: the token is missing or rejected, and no other account has results.
        """
        return self.results_table().to_pandas()

    async def _rows(self, refresh: bool) -> list[ResultRow]:
        records = await self._records_with_results(refresh=refresh)
        documents = await self._download(records, ask=refresh)
        measured = await Computation(measure_all, records, documents)
        return [*rows_of(self._session.store.records(), *measured)]

    async def _records_with_results(self, *, refresh: bool = True) -> list[JobRecord]:
        """Return the jobs that may have results, by default after a poll."""
        if refresh:
            with suppress(CredentialsError):  # the download raises it if no account has results
                await self._refresh()
        return with_results(self._session)

    def _warn_of_omitted(self, rows: Iterable[ResultRow]) -> None:
        from jobgroup.results.analysis import left_out_notes

        if notes := left_out_notes(self.name, rows):
            warn(" ".join(notes))

    async def _study(self, sweep: str | None, refresh: bool) -> Study:
        from jobgroup.results.analysis import study_of_group

        rows = await self._rows(refresh)
        study: Study = await Computation(study_of_group, self._session, rows, sweep)
        return study

    def _download(
        self, records: Sequence[JobRecord], *, ask: bool = True
    ) -> Pending[dict[int, Document | Exception]]:
        return self._with_bar(partial(fetch, ask=ask), records)

    def _with_bar(
        self, download: Callable[..., Coroutine[Any, Any, T]], records: Sequence[JobRecord]
    ) -> Pending[T]:
        bar = SlowBar(len(records), "Results")

        def count(done: int) -> None:
            bar.done = done

        future = self._session.start(download, self._session, records, count)
        return Pending(future, on_tick=bar.tick, on_end=bar.close)

    # -- all groups --------------------------------------------------------------------------------

    @staticmethod
    def exists(name: str) -> bool:
        """Return whether a group of that name exists.

        Raises:
            InvalidNameError: no group can have the name.
        """
        return catalog.exists(name)

    @staticmethod
    def list_trash() -> list[str]:
        """Return the names of deleted groups that can be restored."""
        return [*catalog.trash()]

    @staticmethod
    def restore(name: str) -> None:
        """Restore a deleted group.

        Raises:
            GroupNotFoundError: the trash has no group of that name.
            JobGroupError: a new group has that name; nothing was changed.
        """
        catalog.restore(name)

    @staticmethod
    def import_perceval(
        path: str | os.PathLike[str] | None = None, dry_run: bool = False
    ) -> ImportReport:
        """Import groups of Perceval's own `JobGroup`, from any release.

        jobgroup imports the jobs' ids, statuses and bodies, and the groups' names and dates, but no
        tokens. It contacts no cloud, and does not change the files. After you set a token, you can
        watch and rerun sent jobs, and run the others.

        Args:
            path: directory, or one ``.jgrp`` or ``.egrp`` file; None for Perceval's own directory.
            dry_run: whether to report only what would be done.

        Returns:
            A report of imported and skipped files, which prints as text. A file is skipped if it is
            damaged, is not a group's file, or has the name of an existing group. An existing empty
            group gets the jobs instead.

        Raises:
            StorageError: the file or directory does not exist, or a group could not be written.
                Groups before it were imported; the next import continues with the rest.

        >>> JobGroup.import_perceval("old_groups", dry_run=True)  # doctest: +SKIP
        2 groups would be imported from old_groups
          'hom dip'     30 jobs (28 success, 2 error), made 2024-11-20
          'phase scan'  12 jobs (12 unsent), made 2025-03-04
        """
        return import_perceval(path, dry_run=dry_run)

    # -- the names of Perceval's groups ------------------------------------------------------------

    @property
    def remote_jobs(self) -> list[RemoteJob]:
        """All jobs of the group, in the order of adding."""
        return self[:]

    @property
    def list_remote_jobs(self) -> list[RemoteJob]:
        """All jobs of the group, under the name that Perceval 0.12 uses."""
        return self[:]

    @property
    def created_date(self) -> datetime:
        """Time at which the group was created (naive, local time)."""
        return self.created_at.astimezone().replace(tzinfo=None)

    @property
    def modified_date(self) -> datetime:
        """Time of the group's last change (naive, local time)."""
        return self.modified_at.astimezone().replace(tzinfo=None)

    list_active_jobs = perceval_names.list_active_jobs
    list_successful_jobs = perceval_names.list_successful_jobs
    list_unsuccessful_jobs = perceval_names.list_unsuccessful_jobs
    list_unsent_jobs = perceval_names.list_unsent_jobs
    count_never_sent_jobs = perceval_names.count_never_sent_jobs
    rerun_failed_sequential = perceval_names.rerun_failed_sequential
    rerun_failed_sequential_async = perceval_names.rerun_failed_sequential_async
    rerun_failed_parallel = perceval_names.rerun_failed_parallel
    rerun_failed_parallel_async = perceval_names.rerun_failed_parallel_async
    launch_async_jobs = perceval_names.launch_async_jobs
    relaunch_async_failed_jobs = perceval_names.relaunch_async_failed_jobs
    cancel_all = perceval_names.cancel_all
    cancel_all_async = perceval_names.cancel_all_async
    list_existing = staticmethod(perceval_names.list_existing)
    list_locally_saved = staticmethod(perceval_names.list_locally_saved)
    delete_job_group = staticmethod(perceval_names.delete_job_group)
    delete_job_groups_date = staticmethod(perceval_names.delete_job_groups_date)
    delete_all_job_groups = staticmethod(perceval_names.delete_all_job_groups)

    @staticmethod
    def summaries() -> list[GroupSummary]:
        """Return the counts, dates and sizes of all groups, sorted by name, without opening them.

        If a group cannot be read, the `problem` of its summary has the reason.

        Raises:
            StorageError: the directory of groups cannot be read.
        """
        return catalog.summaries()


def _same_group(kind: type[JobGroup], name: str, uuid: str) -> JobGroup:
    session_of(name, uuid)  # raises an error if another group has the name now
    return kind.open(name)
