"""A group in a few numbers, read without opening it for work: one small read each."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from jobgroup.store.database import is_deleted
from jobgroup.store.opening import connect
from jobgroup.store.paths import size_on_disk
from jobgroup.store.records import GroupSummary


def summarise(name: str, path: Path) -> GroupSummary:
    """The group's counts, dates and size; a file that cannot be read says why in `problem`."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=5)) as connection:
            meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
            counts = dict(
                connection.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall()
            )
        return GroupSummary(
            name,
            counts,
            meta["created_at"],
            meta["modified_at"],
            size_on_disk(path),
            description=str(meta.get("description") or ""),
        )
    except (sqlite3.Error, KeyError) as error:
        modified = path.stat().st_mtime if path.exists() else 0.0
        return GroupSummary(name, {}, modified, modified, size_on_disk(path), str(error))


def is_marked_deleted(path: Path) -> bool:
    """Whether a deletion was begun and not completed."""
    try:
        with closing(connect(path, "mode=ro")) as connection:
            return is_deleted(connection)
    except sqlite3.Error:
        return False
