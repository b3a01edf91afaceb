"""Perceval's own objects once they are in a group: each follows its entry.

An object gets a class made of its own and `_Follower`, which overrides public members alone and
asks the entry. The object holds where its entries are; nothing holds the object. A copy or a pickle
of it has its own class again, and is in no group.
"""

# ruff: noqa: SLF001  # the id and status that Perceval prints and stores are in no public attribute

from __future__ import annotations

import copyreg
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

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

_KEY: Final = "_jobgroup_places"
_POLL_S: Final = 0.5
_OF_EACH_CLASS: Final = ("__annotations__", "__dict__", "__doc__", "__module__", "__weakref__")


@dataclass(frozen=True, slots=True)
class _Place:
    """One entry of an object: its position, and the name and parameters that it was added with."""

    entry: Callable[[], Any]
    name: str
    kwargs: Mapping[str, Any]


@dataclass(slots=True)
class _Places:
    """The entries of one object, in the order in which it was added."""

    all: list[_Place] = field(default_factory=list)
    followed: _Place | None = None
    """The first of them that was sent."""


def follow(job: Any, entry: Callable[[], Any], name: str, kwargs: Mapping[str, Any]) -> None:
    """Have an object follow the entry that it was added as. See `adapters.follow`."""
    places = vars(job).get(_KEY)
    if places is None:
        own: Any = type(job)
        try:
            job.__class__ = _following(own)
        except TypeError:  # a user's class of another layout
            return
        places = vars(job)[_KEY] = _Places()
    elif len(places.all) == 1 and places.followed is None:
        # it is added again: what its name became since was for this entry, not for the one before
        with suppress(JobGroupError):
            _rename(places.all[0].entry(), places.all[0].name)
    places.all.append(_Place(entry, name, dict(kwargs)))


def _rename(entry: Any, name: str) -> None:
    if entry.state in NOT_SENT and entry.name != name:
        entry.name = name


class _Follower:
    """The public members of an object that ask its entry."""

    _own: Any
    _status_in: str

    # -- its entries -------------------------------------------------------------------------------

    def _views(self) -> list[tuple[_Place, Any]]:
        """Its entries; one that is gone is forgotten, and with the last the class."""
        places: _Places | None = vars(self).get(_KEY)
        if places is None:
            return []
        views = []
        for place in list(places.all):
            try:
                entry = place.entry()
                _ = entry.state
            except GroupMovedError:
                raise  # it was not deleted, so what it may have sent must not be sent again
            except (GroupDeletedError, GroupNotFoundError, JobRemovedError):
                places.all.remove(place)
                if places.followed is place:
                    places.followed = None
            else:
                views.append((place, entry))
        if not views:
            del vars(self)[_KEY]
            self.__class__ = self._own  # as it was before `add`
        return views

    def _entry(self) -> Any:
        """The entry that it follows, with what Perceval keeps of it brought up to date."""
        views = self._views()
        if not views:
            return None
        places: _Places = vars(self)[_KEY]
        if places.followed is None:
            sent = [(place, entry) for place, entry in views if entry.id is not None]
            if not sent:
                return None
            places.followed = min(sent, key=lambda each: _sent_at(each[1]))[0]
        entry = next(entry for place, entry in views if place is places.followed)
        self._show(entry, entry.last_status)
        return entry

    def _show(self, entry: Any, status: JobStatus) -> None:
        kept = vars(self)
        if "_id" in kept:
            kept["_id"] = entry.id or kept["_id"]
        kept[self._status_in] = _theirs(status, type(kept[self._status_in]))

    @property
    def _is_free(self) -> bool:
        """Whether no group has it (any more), so that it is Perceval's alone."""
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
        self._own.name.fset(self, name)  # refuses what is no name
        views = self._views()
        if len(views) == 1 and len(vars(self)[_KEY].all) == 1:
            _rename(views[0][1], self.name or "unnamed")

    def execute_async(self, *args: Any, **kwargs: Any) -> Any:
        views = self._views()
        if not views:
            return self.execute_async(*args, **kwargs)
        for _, entry in views:
            _refuse_second(entry)
        place, entry = next((v for v in views if kwargs and v[0].kwargs == kwargs), views[0])
        if args or (kwargs and kwargs != place.kwargs):
            # `args` have no names, so it is unknown which of the earlier parameters they replace
            given = kwargs if args else {**place.kwargs, **kwargs}
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
            raise RuntimeError("Job is not waiting or running, cannot cancel it: it was not sent.")
        else:
            entry.cancel()

    def rerun(self) -> Any:
        entry = self._entry()
        if self._is_free:
            return self.rerun()
        if entry is None:
            raise RuntimeError("Cannot rerun current job because it was not sent.")
        entry.rerun()
        vars(self)["_results"] = None if self._own_results_are_none else {}
        return self

    _own_results_are_none = True

    def get_results(self) -> Any:
        entry = self._entry()
        if self._is_free:
            return self.get_results()
        if entry is None:
            raise RuntimeError("The job was not sent yet, results are not available yet.")
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
        # pickle refuses to make an object of another class than the one that it was given
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
            return vars(self)["_results"]  # as Perceval's
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
    """The class of objects of a class of Perceval's, or of a user's made of it, that follow."""
    kind = _FollowingJob if issubclass(own, RemoteJob) else _FollowingExecution
    # no second base: the class of an object is exchanged for one of the same layout only
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
    # 1.3 writes an ExecutionGroup's file by the very class of an object
    with suppress(ImportError, AttributeError, RuntimeError):
        from perceval.serialization.library.class_registry import ClassRegistry

        ClassRegistry._serializers_by_class[made] = ClassRegistry.get_by_class(own)


def _refuse_second(entry: Any) -> None:
    """RuntimeError if an entry is sent, or being sent, already."""
    state = entry.state
    if state in NOT_SENT:
        return
    told = {"sending": "is being sent", "unconfirmed": "may have been sent"}.get(
        state, f"was sent, as {entry.id}"
    )
    raise RuntimeError(
        f"The job has already been executed: it is job {entry.position} of the group"
        f" {entry.group_name!r}, and {told}. It was not sent a second time."
    )


def _sent_at(entry: Any) -> float:
    return next((each.sent_at or each.intent_at for each in entry.attempts if each.remote_id), 0.0)


def _theirs(status: JobStatus, kind: type) -> Any:
    """A status as Perceval's own object for it."""
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
