"""Read the summary of a group with a few small queries, without opening the group."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from jobgroup.errors import StorageError
from jobgroup.status import STATES
from jobgroup.store.checking import date_of
from jobgroup.store.connection import looking
from jobgroup.store.disk_errors import describe
from jobgroup.store.encoding import as_object
from jobgroup.store.filesystem import is_network
from jobgroup.store.identity import is_deleted
from jobgroup.store.network_lock import turn
from jobgroup.store.paths import size_on_disk
from jobgroup.store.records import GroupSummary

_DESCRIPTION_CHARS = 10_000
_NAME_CHARS = 200
_MAX_SWEPT = 20


def summarise(name: str, path: Path) -> GroupSummary:
    """Return a group's counts, dates and size, or the problem that prevents reading its file.

    This takes at most a few seconds and raises no error, whatever the file contains.
    """
    try:
        try:
            return _read(name, path)
        except sqlite3.Error:
            if not (is_network(path.parent) and os.access(path.parent, os.W_OK)):
                raise
        with turn(path):  # another machine may have been writing
            return _read(name, path)
    except (sqlite3.Error, StorageError, LookupError, TypeError, ValueError, MemoryError) as error:
        return _unreadable(name, path, describe(error, path))


def _read(name: str, path: Path) -> GroupSummary:
    with looking(path) as connection:
        meta = dict(
            connection.execute(
                "SELECT key, value FROM meta"
                " WHERE key IN ('created_at', 'modified_at', 'description', 'version',"
                " 'exported_version') LIMIT 5"
            ).fetchall()
        )
        counts = counts_by_state(connection)
        swept = _swept(connection)
    return GroupSummary(
        name,
        counts,
        float(meta["created_at"]),
        float(meta["modified_at"]),
        size_on_disk(path),
        description=str(meta.get("description") or "")[:_DESCRIPTION_CHARS],
        swept=swept,
        is_exported=meta.get("exported_version") == meta.get("version"),
    )


def _swept(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the swept names; without a sweep, return the names of labels that differ."""
    rows = connection.execute("SELECT axes FROM sweeps ORDER BY id LIMIT 20").fetchall()
    axes = [axis for (text,) in rows for axis in as_object(f'{{"axes": {text}}}').get("axes", ())]
    names = list(dict.fromkeys(str(axis[0]) for axis in axes)) or _differing(connection)
    return tuple(name[:_NAME_CHARS] for name in names)[:_MAX_SWEPT]


def _differing(connection: sqlite3.Connection) -> list[str]:
    """Return the names of labels whose values differ among the first and the last jobs."""
    rows = connection.execute(
        "SELECT labels FROM (SELECT labels FROM jobs ORDER BY id LIMIT 20) UNION ALL"
        " SELECT labels FROM (SELECT labels FROM jobs ORDER BY id DESC LIMIT 20)"
    ).fetchall()
    labels = [as_object(text) for (text,) in rows]
    names = dict.fromkeys(name for each in labels for name in each)
    return [name for name in names if len({repr(each.get(name)) for each in labels}) > 1]


def _unreadable(name: str, path: Path, problem: str) -> GroupSummary:
    try:
        modified_at = path.lstat().st_mtime
    except OSError:  # the file was removed while it was read
        modified_at = 0.0
    size_bytes = size_on_disk(path)
    return GroupSummary(name, {}, modified_at, modified_at, size_bytes, problem[:500])


def recent_ends(path: Path, limit: int) -> tuple[float, list[float], bool]:
    """Return the start of the last run, the ends of its last jobs, and whether it is in progress.

    Times are in seconds since the epoch. If the group has never run, or the file cannot be read,
    the start is 0.0 and the list is empty.
    """
    try:
        with looking(path) as connection:
            row = connection.execute(
                f"SELECT {date_of('acquired_at')}, owner != '' FROM lease"  # noqa: S608
            ).fetchone()
            if row is None or row[0] is None:
                return 0.0, [], False
            ends = connection.execute(
                f"SELECT {date_of('finished_at')} AS at FROM attempts"  # noqa: S608
                " WHERE at >= ? ORDER BY id DESC LIMIT ?",
                (row[0], limit),
            )
            return float(row[0]), sorted(at for (at,) in ends), bool(row[1])
    except (sqlite3.Error, StorageError, LookupError, TypeError, ValueError):
        return 0.0, [], False


def counts_by_state(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the number of jobs in each state that at least one job is in."""
    counts: dict[str, int] = {}
    rows = connection.execute("SELECT state, count(*) FROM jobs GROUP BY state")
    for state, number in rows.fetchall():
        word = state if state in STATES else "unknown"  # a damaged row counts too
        counts[word] = counts.get(word, 0) + number
    return counts


def is_marked_deleted(path: Path) -> bool:
    """Return whether a deletion has begun but is not complete."""
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
