"""Fingerprints of stored bodies, computed when they are first wanted and kept with the bodies."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Final

from jobgroup.errors import StorageError
from jobgroup.fingerprint import Fingerprint, fingerprint
from jobgroup.store.database import Database, Transaction
from jobgroup.store.encoding import decompress_object

_BATCH: Final = 500
"""Bodies in one transaction: fractions of a second."""

_JOBS: Final = "SELECT id, payload_id FROM jobs WHERE payload_id IS NOT NULL"
_CHOSEN_JOBS: Final = f"{_JOBS} AND id IN (SELECT value FROM json_each(?))"  # noqa: S608
_KEPT: Final = "SELECT payload_id, CAST(identity AS BLOB), CAST(settings AS BLOB) FROM fingerprints"
_CHOSEN_KEPT: Final = f"{_KEPT} WHERE payload_id IN (SELECT value FROM json_each(?))"  # noqa: S608

Reader = sqlite3.Connection | Transaction


class Fingerprints:
    """The fingerprints of a group's jobs, by entry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, entry_ids: Collection[int] | None = None) -> dict[int, Fingerprint]:
        """Return the fingerprints of jobs, None for all.

        A job that was adopted without a body has none, nor has one whose body is damaged.
        """
        wanted = None if entry_ids is None else list(entry_ids)
        with self._database.read_transaction() as connection:
            payloads = _payloads(connection, wanted)
            known = _known(connection)
        missing = sorted(set(payloads.values()) - known.keys())
        for first in range(0, len(missing), _BATCH):
            some = missing[first : first + _BATCH]
            with self._database.read_transaction() as connection:
                found = dict(_computed(connection, some))
            known |= found
            with suppress(StorageError), self._database.write_transaction() as tx:
                _keep(tx, found)
        return {at: known[payload] for at, payload in payloads.items() if payload in known}


def fingerprints_of(tx: Transaction, entry_ids: Collection[int]) -> dict[int, Fingerprint]:
    """Return the fingerprints of jobs within a transaction."""
    payloads = _payloads(tx, list(entry_ids))
    known = _known(tx, payloads.values())
    found = dict(_computed(tx, set(payloads.values()) - known.keys()))
    _keep(tx, found)
    known |= found
    return {at: known[payload] for at, payload in payloads.items() if payload in known}


def _payloads(connection: Reader, entry_ids: list[int] | None) -> dict[int, int]:
    chosen = _CHOSEN_JOBS if entry_ids is not None else _JOBS
    return dict(connection.execute(chosen, _listed(entry_ids)).fetchall())


def _known(connection: Reader, payloads: Collection[int] | None = None) -> dict[int, Fingerprint]:
    chosen = _CHOSEN_KEPT if payloads is not None else _KEPT
    rows = connection.execute(chosen, _listed(payloads))
    return {payload: Fingerprint(*both) for payload, *both in rows}


def _listed(numbers: Collection[int] | None) -> tuple[str, ...]:
    return () if numbers is None else (json.dumps(list(numbers)),)


def _computed(connection: Reader, payloads: Collection[int]) -> Iterator[tuple[int, Fingerprint]]:
    for payload, packed in connection.execute(
        "SELECT id, CAST(body AS BLOB) FROM payloads WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(payloads)),),
    ).fetchall():
        body = decompress_object(packed)
        if body is not None:
            yield payload, fingerprint(body)


def _keep(tx: Transaction, found: Mapping[int, Fingerprint]) -> None:
    for payload, made in found.items():
        tx.execute("INSERT OR REPLACE INTO fingerprints VALUES (?, ?, ?)", (payload, *made))
