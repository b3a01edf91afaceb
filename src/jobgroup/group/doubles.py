"""Find jobs that a group already has, to skip them or to warn about them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from jobgroup.engine.session import GroupSession
from jobgroup.errors import warn
from jobgroup.fingerprint import Fingerprint, fingerprint
from jobgroup.rounding import KnownValues
from jobgroup.store import NewJob, Target
from jobgroup.store.encoding import as_json
from jobgroup.store.sweeps import Entry

_LOADED_AT: Final = time.time()
"""Time before which a job must have been added to belong to an earlier session."""

_MAX_COMPARED_CIRCUITS: Final = 1_000
"""Maximum number of jobs to compare for a warning. Comparing them takes a fraction of a second."""

_Key = tuple[str, ...]


def add_once(session: GroupSession, jobs: Sequence[tuple[NewJob, Fingerprint]]) -> list[int]:
    """Append missing jobs in one transaction; return the entry id of each given job."""
    known = _known.setdefault(session, _Known())
    entry_ids = []
    with session.store.sweeps.compare() as group:
        for job, mark in jobs:
            known.update(group.entries)
            held = group.held_by_id(job)
            if held is None and job.body is not None:
                theirs = group.fingerprints(known.like(job))
                held = next((at for at, its in theirs.items() if its == mark), None)
            entry_ids.append(group.insert(job, mark) if held is None else held)
    return entry_ids


def warn_of_doubles(
    session: GroupSession, jobs: Sequence[NewJob], entry_ids: Sequence[int]
) -> None:
    """Warn, once per group, if an earlier session has already added one of the jobs."""
    earlier = _earlier.get(session)
    if earlier is None:
        earlier = _earlier[session] = _Earlier(session)
    for job, entry_id in zip(jobs, entry_ids, strict=True):
        if earlier.is_done:
            return
        double = earlier.find(session, job)
        if double is not None:
            earlier.finish()
            positions = session.store.entries.positions([entry_id, double])
            if len(positions) < 2:
                continue  # one of them was removed
            warn(
                f"Job {positions[entry_id]} repeats job {positions[double]}, which an earlier"
                f" session added to {session.name!r}. Both are in the group, and you would pay for"
                " both. Use add(..., once=True) to skip known jobs, or jg.remove() to remove this"
                " one."
            )


class _Known:
    """The group's jobs, by the compared features."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._read = 0
        self._entry_ids: dict[_Key, list[int]] = {}
        self._values = defaultdict[str, KnownValues](_labels_of_one_name)

    def update(self, entries: list[Entry]) -> None:
        if entries is not self._entries or len(entries) < self._read:
            self._entries, self._read, self._entry_ids = entries, 0, {}
            self._values.clear()
        for entry in entries[self._read :]:
            key = self._key(entry.labels, entry.target)
            self._entry_ids.setdefault(key, []).append(entry.entry_id)
        self._read = len(entries)

    def like(self, job: NewJob) -> list[int]:
        """Return the jobs with equal labels and cloud."""
        return self._entry_ids.get(self._key(job.labels, job.target), [])

    def _key(self, labels: Mapping[str, Any], target: Target) -> _Key:
        """Return the features, except the fingerprint, that equal jobs share.

        Stored parameters are not among them: they are read from the body, and earlier versions read
        fewer.
        """
        known = {name: self._values[name].of(value) for name, value in sorted(labels.items())}
        return as_json(known), *target.platform_key


class _Earlier:
    """The jobs of earlier sessions, for comparison with new jobs."""

    def __init__(self, session: GroupSession) -> None:
        self._entries = session.store.sweeps.added_before(_LOADED_AT)
        self._marks: dict[int, dict[Fingerprint, int]] = {}
        self._left = _MAX_COMPARED_CIRCUITS
        self.is_done = not self._entries

    def finish(self) -> None:
        """Stop looking for repeated jobs."""
        self.is_done = True
        self._entries = {}
        self._marks = {}

    def find(self, session: GroupSession, job: NewJob) -> int | None:
        """Return an equal earlier job."""
        key = hash((as_json(job.labels), as_json(job.params), *job.target.platform_key))
        alike = self._entries.get(key)
        if alike is None or job.body is None:
            return None
        if key not in self._marks:
            found = session.store.fingerprints.of(alike[:_MAX_COMPARED_CIRCUITS])
            self._marks[key] = {mark: entry_id for entry_id, mark in found.items()}
        double = self._marks[key].get(fingerprint(job.compared_body))
        self._left -= 1
        if self._left < 0:
            self.finish()
        return double


_known: WeakKeyDictionary[GroupSession, _Known] = WeakKeyDictionary()
_earlier: WeakKeyDictionary[GroupSession, _Earlier] = WeakKeyDictionary()


def _labels_of_one_name() -> KnownValues:
    """Return values with a tolerance for arithmetic only: labels may be times since the epoch."""
    return KnownValues(tolerance=1e-14)
