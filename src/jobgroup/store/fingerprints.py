"""Compute the fingerprints of stored bodies at their first use, and store them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from jobgroup.errors import StorageError
from jobgroup.fingerprint import (
    Fingerprint,
    Path,
    Setting,
    fingerprint,
    settings_of,
    with_composition,
)
from jobgroup.store.database import Database
from jobgroup.store.encoding import decompress_object
from jobgroup.store.transaction import Transaction

_BATCH: Final = 500
"""Number of bodies per transaction, so that each takes a fraction of a second."""

_JOBS: Final = (
    "SELECT id, payload_id, coalesce(composition_id, 0) FROM jobs WHERE payload_id IS NOT NULL"
)
_CHOSEN_JOBS: Final = f"{_JOBS} AND id IN (SELECT value FROM json_each(?))"  # noqa: S608
_KEPT: Final = (
    "SELECT payload_id, composition_id, CAST(identity AS BLOB), CAST(settings AS BLOB)"
    " FROM fingerprints"
)
_CHOSEN_KEPT: Final = f"{_KEPT} WHERE payload_id IN (SELECT value FROM json_each(?))"  # noqa: S608

Reader = sqlite3.Connection | Transaction
Source = tuple[int, int]
"""The payload and composition of a job; 0 if it has no composition."""


class Fingerprints:
    """The fingerprints of a group's jobs, by entry."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._settings: dict[bytes, dict[Path, Setting]] = {}
        self._equal: dict[Any, Any] = {}

    def of(self, entry_ids: Collection[int] | None = None) -> dict[int, Fingerprint]:
        """Return the fingerprints of the given jobs, or of all (None).

        Jobs without a body, or with a damaged one, are left out.
        """
        wanted = None if entry_ids is None else list(entry_ids)
        with self._database.read_transaction() as connection:
            sources = _sources(connection, wanted)
            known = _known(connection)
        missing = sorted(set(sources.values()) - known.keys())
        for first in range(0, len(missing), _BATCH):
            some = missing[first : first + _BATCH]
            with self._database.read_transaction() as connection:
                found = dict(_computed(connection, some))
            known |= found
            with suppress(StorageError), self._database.write_transaction() as tx:
                _keep(tx, found)
        return {at: known[source] for at, source in sources.items() if source in known}

    def settings(self, entry_ids: Collection[int]) -> dict[int, Mapping[Path, Setting]]:
        """Return the settings of jobs, which later calls find in memory.

        Jobs without a body, or with a damaged one, are left out.
        """
        prints = {at: each.settings for at, each in self.of(entry_ids).items()}
        first = {digest: at for at, digest in prints.items() if digest not in self._settings}
        equal = self._equal.setdefault
        for at, body in self.bodies(list(first.values())):
            found = {equal(p, p): equal(each, each) for p, each in settings_of(body).items()}
            self._settings[prints[at]] = found
        return {at: self._settings[each] for at, each in prints.items() if each in self._settings}

    def bodies(self, entry_ids: Sequence[int]) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the ids and bodies, with compositions, of jobs that have a readable body."""
        for first in range(0, len(entry_ids), _BATCH):
            with self._database.read_transaction() as connection:
                sources = _sources(connection, list(entry_ids[first : first + _BATCH]))
                found = dict(_bodies(connection, list(dict.fromkeys(sources.values()))))
            yield from ((at, found[source]) for at, source in sources.items() if source in found)

    def body(self, entry_id: int) -> Mapping[str, Any]:
        """Return the body and composition of a job; {} if they are missing or damaged."""
        with self._database.read_transaction() as connection:
            return compared_body(connection, entry_id)


def fingerprints_of(tx: Transaction, entry_ids: Collection[int]) -> dict[int, Fingerprint]:
    """Return the fingerprints of jobs within a transaction."""
    sources = _sources(tx, list(entry_ids))
    known = _known(tx, {payload for payload, _ in sources.values()})
    found = dict(_computed(tx, set(sources.values()) - known.keys()))
    _keep(tx, found)
    known |= found
    return {at: known[source] for at, source in sources.items() if source in known}


def compared_body(connection: Reader, entry_id: int) -> Mapping[str, Any]:
    """Return the body and composition of a job; {} if they are missing or damaged."""
    source = _sources(connection, [entry_id]).get(entry_id)
    return (source and dict(_bodies(connection, [source])).get(source)) or {}


def _sources(connection: Reader, entry_ids: list[int] | None) -> dict[int, Source]:
    chosen = _CHOSEN_JOBS if entry_ids is not None else _JOBS
    rows = connection.execute(chosen, _listed(entry_ids))
    return {entry_id: (payload, composition) for entry_id, payload, composition in rows}


def _known(
    connection: Reader, payloads: Collection[int] | None = None
) -> dict[Source, Fingerprint]:
    chosen = _CHOSEN_KEPT if payloads is not None else _KEPT
    rows = connection.execute(chosen, _listed(payloads))
    return {(payload, composition): Fingerprint(*both) for payload, composition, *both in rows}


def _listed(numbers: Collection[int] | None) -> tuple[str, ...]:
    return () if numbers is None else (json.dumps(list(numbers)),)


def _computed(
    connection: Reader, sources: Collection[Source]
) -> Iterator[tuple[Source, Fingerprint]]:
    for source, body in _bodies(connection, sources):
        yield source, fingerprint(body)


def _bodies(
    connection: Reader, sources: Collection[Source]
) -> Iterator[tuple[Source, Mapping[str, Any]]]:
    """Return the readable bodies, with the compositions that some have."""
    wanted = {payload for source in sources for payload in source}
    packed = dict(
        connection.execute(
            "SELECT id, CAST(body AS BLOB) FROM payloads"
            " WHERE id IN (SELECT value FROM json_each(?))",
            _listed(wanted),
        ).fetchall()
    )
    for payload, composition in sources:
        body = decompress_object(packed[payload])
        recipe = decompress_object(packed[composition]) if composition else None
        if body is not None and (recipe is not None or not composition):
            yield (payload, composition), with_composition(body, recipe)


def _keep(tx: Transaction, found: Mapping[Source, Fingerprint]) -> None:
    for source, made in found.items():
        tx.execute("INSERT OR REPLACE INTO fingerprints VALUES (?, ?, ?, ?)", (*source, *made))
