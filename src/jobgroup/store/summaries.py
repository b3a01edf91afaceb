"""Summaries of groups, each read in one small query without opening the group."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from jobgroup.errors import StorageError
from jobgroup.status import STATES
from jobgroup.store.connection import looking
from jobgroup.store.disk_errors import describe
from jobgroup.store.filesystem import is_network
from jobgroup.store.identity import is_deleted
from jobgroup.store.network_lock import turn
from jobgroup.store.paths import size_on_disk
from jobgroup.store.records import GroupSummary

_DESCRIPTION_CHARS = 10_000


def summarise(name: str, path: Path) -> GroupSummary:
    """Return a group's counts, dates and size; `problem` says why a file cannot be read.

    It raises nothing and takes at most seconds, whatever the file contains.
    """
    try:
        try:
            return _read(name, path)
        except sqlite3.Error:
            if not (is_network(path.parent) and os.access(path.parent, os.W_OK)):
                raise
        with turn(path):  # another machine was writing, perhaps: now none is
            return _read(name, path)
    except (sqlite3.Error, StorageError, LookupError, TypeError, ValueError, MemoryError) as error:
        return _unreadable(name, path, describe(error, path))


def _read(name: str, path: Path) -> GroupSummary:
    with looking(path) as connection:
        meta = dict(
            connection.execute(
                "SELECT key, value FROM meta"
                " WHERE key IN ('created_at', 'modified_at', 'description') LIMIT 3"
            ).fetchall()
        )
        counts = counts_by_state(connection)
    return GroupSummary(
        name,
        counts,
        float(meta["created_at"]),
        float(meta["modified_at"]),
        size_on_disk(path),
        description=str(meta.get("description") or "")[:_DESCRIPTION_CHARS],
    )


def _unreadable(name: str, path: Path, problem: str) -> GroupSummary:
    try:
        modified_at = path.lstat().st_mtime
    except OSError:  # it went away while it was looked at
        modified_at = 0.0
    size_bytes = size_on_disk(path)
    return GroupSummary(name, {}, modified_at, modified_at, size_bytes, problem[:500])


def counts_by_state(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of jobs in each state, without states that no job is in."""
    counts: dict[str, int] = {}
    rows = connection.execute("SELECT state, count(*) FROM jobs GROUP BY state")
    for state, number in rows.fetchall():
        word = state if state in STATES else "unknown"  # a damaged row is counted all the same
        counts[word] = counts.get(word, 0) + number
    return counts


def is_marked_deleted(path: Path) -> bool:
    """Whether a deletion has begun but is not complete."""
    try:
        with looking(path) as connection:
            return is_deleted(connection)
    except (sqlite3.Error, StorageError):
        return False


def identity(path: Path) -> tuple[str, int] | None:
    """Return the uuid and version of the group in a file; None if it cannot be read."""
    try:
        with looking(path) as connection:
            found = dict(
                connection.execute(
                    "SELECT key, value FROM meta WHERE key IN ('uuid', 'version') LIMIT 2"
                ).fetchall()
            )
            return str(found["uuid"]), int(found["version"])
    except (sqlite3.Error, StorageError, LookupError, TypeError, ValueError):
        return None
