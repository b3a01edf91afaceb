"""`JobGroup`, a named, persistent group of remote jobs: turns calls into commands and queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from jobgroup import catalog
from jobgroup.adapters import follow, read_job, validate_labels
from jobgroup.credentials import remember
from jobgroup.engine.engine import engine
from jobgroup.errors import CorruptGroupError, GroupDeletedError, GroupMovedError
from jobgroup.group.analysing import Analysing
from jobgroup.group.keeping import Keeping
from jobgroup.group.running import Running
from jobgroup.group.saved import Saved
from jobgroup.group.takeover import Takeover
from jobgroup.job import RemoteJob
from jobgroup.proxies import remember_proxies
from jobgroup.references import GroupReference, session_of
from jobgroup.store import NewJob
from jobgroup.store.connection import is_emptied
from jobgroup.store.names import normalised
from jobgroup.store.paths import group_path
from jobgroup.words import on_one_line


class JobGroup(Running, Analysing, Keeping, Saved, Takeover):
    """A collection of remote jobs, kept on disk under a name.

    If the same name is used more than once, jobs are appended to the same group. Jobs are prepared,
    run, watched, rerun and their results fetched in as many Python sessions as it takes; everything
    that a call returned from is on disk. Results are not stored, unless the group is told to keep
    them: they are fetched from the cloud.

    Args:
        name: a name that identifies the group; also the name of its file.
        cache_results: keep results in the group's file when they are first read (some clouds give
            them only once), or keep no more; None leaves it as it is, which is off at first.

    Raises:
        InvalidNameError: the name is empty, too long, or has control characters.
        CorruptGroupError: the group's file is damaged; it was set aside with its bytes kept.
        UnsupportedVersionError: the file was written by a newer jobgroup; it was not touched.
        StorageError: the file cannot be made or read.
    """

    def __init__(self, name: str, *, cache_results: bool | None = None) -> None:
        self._open(name, create=True)
        if cache_results is not None:
            self.cache_results = cache_results

    @classmethod
    def open(cls, name: str) -> JobGroup:
        """The group of that name, which has to exist.

        Raises:
            GroupNotFoundError: there is none; the sentence names near ones.
        """
        path = group_path(name)
        catalog.complete_deletion(name)
        if not path.exists():
            raise catalog.not_found(name)
        group = cls.__new__(cls)
        group._open(name, create=False)  # noqa: SLF001  # it is this class's own
        return group

    def _open(self, name: str, *, create: bool) -> None:
        path = group_path(name)
        self._name = name = normalised(name)
        self._state = None
        if create:
            catalog.complete_deletion(name)
        try:
            self._session = engine().session(name, path, create=create)
        except CorruptGroupError as error:
            if is_emptied(path):  # it may be written just now
                raise
            aside = catalog.quarantine(path)
            raise CorruptGroupError(
                f"The file of the group {name!r} is damaged ({error.__cause__}). It was set aside,"
                f" every byte kept, as {aside}. JobGroup({name!r}) now begins a new group; other"
                " groups are not affected."
            ) from error
        if create:
            group_path(name)  # another process may just have made it in another spelling

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied by name and uuid: the same group, wherever its file is."""
        return _same_group, (type(self), self._name, GroupReference(self._session).uuid)

    @property
    def name(self) -> str:
        """Name of the job group."""
        return self._name

    @property
    def created_date(self) -> datetime:
        """When the group was made, in local time."""
        return _local_time(self._session.store.meta()["created_at"])

    @property
    def modified_date(self) -> datetime:
        """When the group last changed, in local time."""
        return _local_time(self._session.store.meta()["modified_at"])

    def add(
        self, job_to_add: Any, *, labels: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        """Append a job; it is on disk when this returns.

        A Perceval object that was added follows its entry while it is alive: its id, status and
        results are the entry's, and `execute_async` by hand sends the entry, once. Added several
        times it follows the first entry that was sent.

        Args:
            job_to_add: a Perceval ``RemoteJob`` (unsent, or sent already), such as
                ``Sampler(remote_processor).sample_count``, an ``Execution`` of Perceval 1.3, such
                as ``ExecutionFactory(remote_computer, experiment, 1000).probs``, or a
                `jobgroup.RemoteJob`. An Execution with error mitigations that are done on this
                machine is one entry of several jobs on the cloud.
            labels: names for what a circuit hides, such as ``{"phi": 0.3}``: shown, searched, and
                columns of the results.
            kwargs: parameters to pass to the job at execution, such as ``max_samples=10_000``.

        Raises:
            TypeError: it is not a remote job (a local one, say); nothing was added.
            Exception: what Perceval says of parameters that are wrong or missing, with a note that
                names them; nothing was added.
            DuplicateJobError: the group has a job with that id; nothing was added.
            MissingDependencyError: the installed Perceval is older than 0.12; nothing was added.
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
            TypeError, JobGroupError: as for `add`; nothing was added then.
        """
        # read to the end first: making jobs may take long, and look at this very group
        added = [
            (item, new)
            for item in (each if isinstance(each, tuple) else (each,) for each in jobs)
            for new in _new_jobs(*item, default=labels)
        ]
        positions = self._session.store.add([new for _, new in added])
        group = GroupReference(self._session)
        for (item, new), position in zip(added, positions, strict=True):
            if isinstance(item[0], RemoteJob):
                continue
            entry = partial(_entry, group, position)
            follow(item[0], entry, new.name, item[1] if len(item) > 1 else None)

    def __repr__(self) -> str:
        try:
            return self._told()
        except GroupMovedError as error:
            return f"JobGroup({self._name!r}): {error}"
        except GroupDeletedError:
            return f"JobGroup({self._name!r}): deleted. JobGroup.restore(name) brings it back."

    def _told(self) -> str:
        counts = self._session.store.counts()
        total = sum(counts.values())
        if total:
            parts = ", ".join(f"{n} {state}" for state, n in counts.items())
            text = f"JobGroup({self._name!r}): {total} job{'s' * (total != 1)} ({parts})"
            words = on_one_line(self.description)
            text += f"\n{words}" if words else ""
        else:
            near = ", ".join(map(repr, catalog.similar_names(self._name)))
            hint = f" Existing groups with a near name: {near}." if near else ""
            text = f"JobGroup({self._name!r}): empty; jg.add(job, **params) appends a job.{hint}"
        for incident in self._session.store.incidents.list():
            since = f"{_local_time(incident.opened_at):%Y-%m-%d %H:%M:%S}"
            text += f"\nSince {since}: {on_one_line(incident.message)}"
        return text

    shown_by: ClassVar[Callable[..., Any] | None] = None
    """Makes what a notebook shows of a group; the dashboard, once jobgroup is imported."""

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        show = type(self).shown_by
        return {"text/plain": repr(self)} if show is None else show(self, **kwargs)


def _same_group(kind: type[JobGroup], name: str, uuid: str) -> JobGroup:
    session = session_of(name, uuid)
    group = kind.__new__(kind)
    group._name, group._state, group._session = name, None, session  # noqa: SLF001
    return group


def _entry(group: GroupReference, position: int) -> RemoteJob:
    return RemoteJob.of(group.session(), position)


def _new_jobs(
    job: Any,
    kwargs: Mapping[str, Any] | None = None,
    labels: Mapping[str, Any] | None = None,
    *,
    default: Mapping[str, Any] | None,
) -> Iterator[NewJob]:
    labels = validate_labels(default if labels is None else labels)
    specs = [job.spec(kwargs or {})] if isinstance(job, RemoteJob) else read_job(job, kwargs)
    for spec in specs:
        remember(spec.origin, spec.account_label, spec.token)
        remember_proxies(spec.origin, spec.account_label, spec.proxies)
        yield spec.to_new_job(labels)


def _local_time(seconds: float) -> datetime:
    # without a zone, so that it compares with what users of Perceval's groups compare it with
    return datetime.fromtimestamp(seconds)  # noqa: DTZ006
