"""Let Perceval's objects follow their entries after they were added to a group.

An object gets a subclass of its class with the members of `_Follower`. These override only public
members and take their values from the entry. The object refers to its entries, and nothing refers
to the object. A copy or a pickle of the object has the original class and is in no group.
"""

# ruff: noqa: SLF001 # Perceval prints and stores an id and status that no public attribute has

from __future__ import annotations

import copyreg
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, NamedTuple

from perceval import RemoteJob

from jobgroup.adapters.perceval.jobs import read_job
from jobgroup.errors import (
    GroupDeletedError,
    GroupMovedError,
    GroupNotFoundError,
    JobGroupError,
    JobRemovedError,
)
from jobgroup.status import NOT_SENT, JobStatus

_KEY: Final = "_jobgroup_additions"
_POLL_S: Final = 0.5
_OF_EACH_CLASS: Final = ("__annotations__", "__dict__", "__doc__", "__module__", "__weakref__")


@dataclass(frozen=True, slots=True)
class _Addition:
    """One `add` of an object: the entry, and the name and parameters at that time."""

    entry: Callable[[], Any]
    name: str
    kwargs: Mapping[str, Any]


class _View(NamedTuple):
    """An entry that exists, as it is now."""

    addition: _Addition
    entry: Any
    record: Any


@dataclass(slots=True)
class _Additions:
    """The additions of one object, in order."""

    all: list[_Addition] = field(default_factory=list)
    followed: _Addition | None = None
    """The addition whose entry was sent first."""


@contextmanager
def _dropping_lost(additions: _Additions, addition: _Addition) -> Iterator[None]:
    """Drop an addition whose entry the block finds to be lost."""
    try:
        yield
    except GroupMovedError:
        raise  # the group still exists and may have sent the job
    except (GroupDeletedError, GroupNotFoundError, JobRemovedError):
        additions.all.remove(addition)
        if additions.followed is addition:
            additions.followed = None


def _read(entries: Iterable[Any]) -> dict[tuple[Any, int], Any]:
    """Return the records of entries by file and id; each file is read once."""
    ids: dict[Any, list[int]] = {}
    for entry in entries:
        ids.setdefault(entry._session.store, []).append(entry._entry_id)
    found: dict[tuple[Any, int], Any] = {}
    for store, own in ids.items():
        with suppress(JobGroupError):  # reading the entries one by one shows which are lost
            found |= {(store, each.entry_id): each for each in store.records(entry_ids=own)}
    return found


def follow(job: Any, entry: Callable[[], Any], name: str, kwargs: Mapping[str, Any]) -> None:
    """Let an object follow its entry. See `adapters.follow`."""
    additions = vars(job).get(_KEY)
    if additions is None:
        own: Any = type(job)
        try:
            job.__class__ = _following(own)
        except TypeError:  # a user's class with a different layout
            return
        additions = vars(job)[_KEY] = _Additions()
    elif len(additions.all) == 1 and additions.followed is None:
        # The object is added again. Its current name is that of the new entry, not of the first
        # one.
        with suppress(JobGroupError):
            _rename(additions.all[0].entry(), additions.all[0].name)
    additions.all.append(_Addition(entry, name, dict(kwargs)))


def _rename(entry: Any, name: str) -> None:
    if entry.state in NOT_SENT and entry.name != name:
        entry.name = name


class _Follower:
    """The public members whose values come from the entry."""

    _own: Any
    _status_in: str

    # -- its entries -------------------------------------------------------------------------------

    def _views(self) -> list[_View]:
        """Return the object's entries. Drop lost ones and, with the last of them, this class."""
        additions: _Additions | None = vars(self).get(_KEY)
        if additions is None:
            return []
        entries: list[tuple[_Addition, Any]] = []
        for addition in list(additions.all):
            with _dropping_lost(additions, addition):
                entries.append((addition, addition.entry()))
        records = _read(entry for _, entry in entries)
        views: list[_View] = []
        for addition, entry in entries:
            with _dropping_lost(additions, addition):
                record = records.get((entry._session.store, entry._entry_id)) or entry._record
                views.append(_View(addition, entry, record))
        if not views:
            del vars(self)[_KEY]
            self.__class__ = self._own  # as before `add`
        return views

    def _entry(self) -> Any:
        """Return the entry that the object follows, and update Perceval's attributes."""
        views = self._views()
        if not views:
            return None
        additions: _Additions = vars(self)[_KEY]
        if additions.followed is None:
            sent = [each for each in views if each.record.remote_id is not None]
            if not sent:
                return None
            additions.followed = min(sent, key=lambda each: _sent_at(each.entry)).addition
        entry = next(each.entry for each in views if each.addition is additions.followed)
        self._show(entry, entry.last_status)
        return entry

    def _show(self, entry: Any, status: JobStatus) -> None:
        kept = vars(self)
        if "_id" in kept:
            kept["_id"] = entry.id or kept["_id"]
        kept[self._status_in] = _theirs(status, type(kept[self._status_in]))

    @property
    def _is_free(self) -> bool:
        """Whether the object is in no group."""
        return _KEY not in vars(self)

    # -- as Perceval's -----------------------------------------------------------------------------

    @property
    def was_sent(self) -> bool:
        entry = self._entry()
        if self._is_free:
            return bool(getattr(self, "was_sent", False))
        return entry is not None

    @property
    def status(self) -> Any:
        entry = self._entry()
        if self._is_free:
            return self.status
        if entry is not None:
            self._show(entry, entry.status)
        return vars(self)[self._status_in]

    @property
    def name(self) -> str:
        return str(self._own.name.fget(self))

    @name.setter
    def name(self, name: str) -> None:
        self._own.name.fset(self, name)  # raises an error for an invalid name
        views = self._views()
        if len(views) == 1 and len(vars(self)[_KEY].all) == 1:
            _rename(views[0].entry, self.name or "unnamed")

    def execute_async(self, *args: Any, **kwargs: Any) -> Any:
        views = self._views()
        if not views:
            return self.execute_async(*args, **kwargs)
        for each in views:
            _refuse_second(each.entry)
        addition, entry, _ = next(
            (v for v in views if kwargs and v.addition.kwargs == kwargs), views[0]
        )
        if args or (kwargs and kwargs != addition.kwargs):
            # Without names, it is unknown which earlier parameters `args` replaces.
            given = kwargs if args else {**addition.kwargs, **kwargs}
            entry._revise(read_job(copy(self), given, args)[0])
        entry.execute_async()
        if self._entry() is None:
            _refuse_second(entry)
        return self

    def execute_sync(self, *args: Any, **kwargs: Any) -> Any:
        self.execute_async(*args, **kwargs)
        while not self.status.completed:
            time.sleep(_POLL_S)
        return self.get_results()

    def cancel(self) -> None:
        entry = self._entry()
        if self._is_free:
            self.cancel()
        elif entry is None:
            raise RuntimeError("The job was not sent, so there is nothing to cancel.")
        else:
            entry.cancel()

    def rerun(self) -> Any:
        entry = self._entry()
        if self._is_free:
            return self.rerun()
        if entry is None:
            raise RuntimeError("The job was not sent, so it cannot be rerun.")
        entry.rerun()
        vars(self)["_results"] = None if self._own_results_are_none else {}
        return self

    _own_results_are_none = True

    def get_results(self) -> Any:
        entry = self._entry()
        if self._is_free:
            return self.get_results()
        if entry is None:
            raise RuntimeError("The job was not sent, so it has no results yet.")
        kept = vars(self)
        if not kept.get("_results"):
            kept["_results"] = entry.get_results()
        return kept["_results"]

    def __str__(self) -> str:
        with suppress(JobGroupError):
            self._entry()
        return str(self._own.__str__(self))

    def __reduce_ex__(self, protocol: Any) -> Any:
        with suppress(JobGroupError):
            self._entry()
        twin: Any = object.__new__(self._own)
        vars(twin).update((key, value) for key, value in vars(self).items() if key != _KEY)
        make, args, *rest = twin.__reduce_ex__(protocol)
        # pickle creates only objects of the given class.
        is_usual = make is copyreg.__newobj__  # type: ignore[attr-defined]  # typeshed lacks it
        return (object.__new__ if is_usual else make, args, *rest)


class _FollowingJob(_Follower):
    _status_in = "_job_status"

    @property
    def id(self) -> str | None:
        with suppress(GroupMovedError):
            self._entry()
        known: str | None = vars(self)["_id"]
        return known


class _FollowingExecution(_Follower):
    _status_in = "_status"
    _own_results_are_none = False

    def execute_sync(self, *args: Any, allow_partial_results: bool = False, **kwargs: Any) -> Any:
        if vars(self)["_results"]:
            return vars(self)["_results"]  # as in Perceval
        self.execute_async(*args, **kwargs)
        while not self.status.completed:
            time.sleep(_POLL_S)
        return self.get_results(allow_partial_results)

    def get_results(self, allow_partial_results: bool = False) -> Any:
        try:
            return _Follower.get_results(self)
        except (RuntimeError, JobGroupError):
            if allow_partial_results and self.was_sent and self.status.completed:
                return {}
            raise


@cache
def _following(own: type) -> type:
    """Return a subclass, of Perceval's or the user's class, whose objects follow entries."""
    kind = _FollowingJob if issubclass(own, RemoteJob) else _FollowingExecution
    # no second base: an object's class can be replaced only by one with the same layout
    members = {
        name: member
        for each in (_Follower, kind)
        for name, member in vars(each).items()
        if name not in _OF_EACH_CLASS
    }
    names = {name: getattr(own, name) for name in ("__module__", "__qualname__", "__doc__")}
    made: type = type(own)(own.__name__, (own,), {**members, **names, "_own": own})
    _let_perceval_store(made, own)
    return made


def _let_perceval_store(made: type, own: type) -> None:
    # Perceval 1.3 writes an ExecutionGroup's file by the objects' exact class.
    with suppress(ImportError, AttributeError, RuntimeError):
        from perceval.serialization.library.class_registry import ClassRegistry

        ClassRegistry._serializers_by_class[made] = ClassRegistry.get_by_class(own)


def _refuse_second(entry: Any) -> None:
    """Raise RuntimeError if an entry was sent, or is being sent."""
    if entry.state in NOT_SENT:
        return
    fates = {"sending": "is being sent", "unconfirmed": "may have been sent"}
    fate = fates.get(entry.state, f"was sent as {entry.id}")
    raise RuntimeError(
        f"The job has already been executed. Job {entry.position} of the group"
        f" {entry.group_name!r} {fate}, and was not sent again."
    )


def _sent_at(entry: Any) -> float:
    return next((each.sent_at or each.intent_at for each in entry.attempts if each.remote_id), 0.0)


def _theirs(status: JobStatus, kind: type) -> Any:
    """Return a status as Perceval's object."""
    theirs = kind()
    word = type(theirs.status)[status.status.name]
    if status.completed:
        theirs.stop_run(word, status.message)
    elif status.running:
        theirs.update_progress(status.progress, status.message)
    theirs.status = word
    theirs.update_times(
        status.creation_timestamp or 0.0, status.start_timestamp or 0.0, int(status.duration or 0)
    )
    return theirs
