"""Store the sweeps of a group, and compare new jobs with existing ones."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from jobgroup.fingerprint import Fingerprint
from jobgroup.status import UNSENT
from jobgroup.store.database import Database
from jobgroup.store.encoding import as_json, as_object
from jobgroup.store.entries import length, next_id
from jobgroup.store.fingerprints import compared_body, fingerprints_of
from jobgroup.store.inserts import insert_job, job_columns
from jobgroup.store.limits import check_text
from jobgroup.store.records import NewJob, Target
from jobgroup.store.subjobs import holder_of
from jobgroup.store.transaction import Transaction, read_version
from jobgroup.store.transitions import reopen

_EFFECT: Final = "Nothing was added."


@dataclass(frozen=True, slots=True)
class Axis:
    """One swept name.

    Attributes:
        name: name of the value.
        kind: "number", "text", "boolean" or "datetime".
        units: units such as "rad"; "" for none.
        long_name: title for axes of figures; "" for none.
    """

    name: str
    kind: str
    units: str = ""
    long_name: str = ""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A stored sweep.

    Attributes:
        id: id of the sweep in its group.
        name: given name, or the name of the function that built the jobs.
        axes: swept names with units and long names, in the order of the call.
    """

    id: int
    name: str
    axes: tuple[Axis, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Swept names, in order."""
        return tuple(axis.name for axis in self.axes)

    @property
    def units(self) -> dict[str, str]:
        """Units by swept name, without names that have none."""
        return {axis.name: axis.units for axis in self.axes if axis.units}

    @property
    def long_names(self) -> dict[str, str]:
        """Long names by swept name, without names that have none."""
        return {axis.name: axis.long_name for axis in self.axes if axis.long_name}


class Entry(NamedTuple):
    """The features of a job that are compared in addition to its fingerprint."""

    entry_id: int
    position: int
    state: str
    labels: Mapping[str, Any]
    params: str
    target: Target
    sweep_id: int | None
    rerun_of: int | None


class Sweeps:
    """The sweeps of a group's file."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._entries: list[Entry] = []
        self._version = -1

    def all(self) -> tuple[Sweep, ...]:
        """Return the stored sweeps, oldest first."""
        with self._database.read_transaction() as connection:
            return tuple(_read_sweeps(connection))

    def by_entry(self) -> dict[int, int]:
        """Return the ids of sweeps by their jobs' entries."""
        with self._database.read_transaction() as connection:
            rows = connection.execute("SELECT id, sweep_id FROM jobs WHERE sweep_id > 0")
            return dict(rows.fetchall())

    def added_before(self, moment: float) -> dict[int, list[int]]:
        """Return the entries that were added before a moment, by the hash of their features.

        The hash covers the stored texts of labels, parameters, provider, URL and platform. Parsing
        them in 100,000 jobs would delay the first `add` by seconds.
        """
        found: dict[int, list[int]] = {}
        with self._database.read_transaction() as connection:
            first = "SELECT added_at < ? FROM jobs ORDER BY id LIMIT 1"
            if connection.execute(first, (moment,)).fetchone() != (1,):
                return {}
            for entry_id, *like in connection.execute(
                "SELECT j.id, j.labels, j.params, t.provider, t.origin, t.platform FROM jobs j"
                " JOIN targets t ON t.id = j.target_id WHERE j.added_at < ?",
                (moment,),
            ):
                found.setdefault(hash(tuple(like)), []).append(entry_id)
        return found

    def entries(self) -> list[Entry]:
        """Return the compared features of the group's jobs, in order."""
        with self._database.read_transaction() as connection:
            return self._read(connection)

    @contextmanager
    def compare(self) -> Iterator[Comparison]:
        """Yield a comparison in one transaction; undo the transaction if the block fails."""
        try:
            with self._database.write_transaction() as tx:
                comparison = Comparison(tx, self._read(tx))
                yield comparison
                self._version = read_version(tx)
        except BaseException:
            self._version = -1
            raise

    def _read(self, connection: sqlite3.Connection | Transaction) -> list[Entry]:
        """Return all entries; read them only if the group has changed."""
        version = read_version(connection)
        if version != self._version:
            rows = connection.execute(
                "SELECT j.id, j.position, j.state, j.labels, j.params, t.provider, t.origin,"
                " t.account, t.platform, j.sweep_id, j.rerun_of FROM jobs j"
                " JOIN targets t ON t.id = j.target_id ORDER BY j.id"
            )
            self._entries = [
                Entry(
                    *(entry_id, position, state, as_object(labels), params),
                    *(Target(*target), sweep, rerun_of),
                )
                for entry_id, position, state, labels, params, *target, sweep, rerun_of in rows
            ]
            self._version = version
        return self._entries


class Comparison:
    """A transaction that compares new jobs with the group's and adds the missing ones.

    Attributes:
        entries: the group's entries, in order; added ones are appended.
    """

    def __init__(self, tx: Transaction, entries: list[Entry]) -> None:
        self.entries = entries
        self._tx = tx
        self._next = next_id(tx)
        self._length = length(tx)

    def sweeps(self) -> list[Sweep]:
        """Return the stored sweeps, oldest first."""
        return list(_read_sweeps(self._tx))

    def add_sweep(self, name: str, axes: Sequence[Axis]) -> int:
        """Store a sweep and return its id."""
        check_text("name", name, effect=_EFFECT)
        values = (name, _axes_text(axes))
        sweep_id = self._tx.insert("INSERT INTO sweeps (name, axes) VALUES (?, ?)", values)
        self._tx.bump_version()
        return sweep_id

    def set_axes(self, sweep_id: int, axes: Sequence[Axis]) -> None:
        """Store other units, long names, or another order for a sweep."""
        values = (_axes_text(axes), sweep_id)
        self._tx.execute("UPDATE sweeps SET axes = ? WHERE id = ?", values)
        self._tx.bump_version()

    def fingerprints(self, entry_ids: Collection[int]) -> dict[int, Fingerprint]:
        """Return the fingerprints of jobs of the group."""
        return fingerprints_of(self._tx, entry_ids)

    def body(self, entry_id: int) -> Mapping[str, Any]:
        """Return the stored body and composition of a job; {} if they are missing or damaged."""
        return compared_body(self._tx, entry_id)

    def held_by_id(self, job: NewJob) -> int | None:
        """Return the entry that has one of the given job's remote ids."""
        found = (holder_of(self._tx, each, job.target) for each in job.remote_ids)
        return next((entry_id for entry_id in found if entry_id is not None), None)

    def insert(self, job: NewJob, mark: Fingerprint, sweep_id: int | None = None) -> int:
        """Append a job whose fingerprint is known; return its id."""
        entry_id = self._next
        insert_job(self._tx, entry_id, self._length, job, sweep_id)
        self._tx.execute(
            "INSERT OR IGNORE INTO fingerprints"
            " SELECT payload_id, coalesce(composition_id, 0), ?, ? FROM jobs"
            " WHERE id = ? AND payload_id IS NOT NULL",
            (*mark, entry_id),
        )
        self.entries.append(_entry_of(job, entry_id, self._length, job.first_state, sweep_id))
        self._next += 1
        self._length += 1
        return entry_id

    def copy(self, entry: Entry) -> int:
        """Append an unsent copy of one of the group's jobs; return its id."""
        new = self._next
        self._tx.execute(
            "INSERT INTO jobs (id, position, name, target_id, payload_id, state, added_at, version,"
            " params, labels, composition_id, sweep_id)"
            " SELECT ?, ?, name, target_id, payload_id, ?, ?, ?, params, labels, composition_id,"
            " sweep_id FROM jobs WHERE id = ?",
            (new, self._length, UNSENT, self._tx.now, self._tx.version, entry.entry_id),
        )
        self.entries.append(
            entry._replace(entry_id=new, position=self._length, state=UNSENT, rerun_of=None)
        )
        self._next += 1
        self._length += 1
        return new

    def replace(self, entry: Entry, job: NewJob, sweep_id: int | None) -> bool:
        """Replace a job that was never sent; return False if it was sent."""
        changed = self._tx.execute(
            "UPDATE jobs SET name = ?, target_id = ?, payload_id = ?, params = ?, labels = ?,"
            " composition_id = ?, sweep_id = ?, version = ?"
            " WHERE id = ? AND state IN ('unsent', 'refused') AND attempts = 0",
            (
                *job_columns(self._tx, job),
                sweep_id,
                self._tx.version,
                entry.entry_id,
            ),
        )
        if not changed.rowcount:
            return False
        reopen(self._tx, entry.entry_id)
        new = _entry_of(job, entry.entry_id, entry.position, UNSENT, sweep_id)
        self.entries[self.entries.index(entry)] = new
        return True

    def join(self, entries: Collection[Entry], sweep_id: int) -> None:
        """Add jobs that are in no sweep to a sweep."""
        joined = {entry.entry_id for entry in entries}
        for entry_id in joined:
            self._tx.execute(
                "UPDATE jobs SET sweep_id = ?, version = ? WHERE id = ?",
                (sweep_id, self._tx.version, entry_id),
            )
        self.entries[:] = [
            entry._replace(sweep_id=sweep_id) if entry.entry_id in joined else entry
            for entry in self.entries
        ]


def _entry_of(job: NewJob, entry_id: int, position: int, state: str, sweep_id: int | None) -> Entry:
    labels, params = as_object(as_json(job.labels)), as_json(job.params)
    return Entry(entry_id, position, state, labels, params, job.target, sweep_id, None)


def _axes_text(axes: Sequence[Axis]) -> str:
    text = json.dumps([[axis.name, axis.kind, axis.units, axis.long_name] for axis in axes])
    return check_text("swept names", text, effect=_EFFECT)


def _read_sweeps(connection: sqlite3.Connection | Transaction) -> Iterator[Sweep]:
    rows = connection.execute("SELECT id, name, axes FROM sweeps ORDER BY id LIMIT 10000")
    for sweep_id, name, text in rows.fetchall():
        axes = as_object(f'{{"axes": {text}}}').get("axes")
        if isinstance(axes, list) and all(_is_axis(axis) for axis in axes):
            yield Sweep(sweep_id, str(name), tuple(Axis(*axis) for axis in axes))


def _is_axis(axis: Any) -> bool:
    """Return whether a stored value is a valid axis."""
    return isinstance(axis, list) and len(axis) == 4 and all(isinstance(a, str) for a in axis)
