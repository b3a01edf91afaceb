"""Copies of a group's file that users or sync tools made in the same directory.

Both files are the same group, and neither knows what is sent from the other.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from jobgroup.errors import InvalidNameError, JobGroupError, StorageError
from jobgroup.store.connection import LOOK_TIMEOUT_S, as_text, check_layout, connect, query_to_read
from jobgroup.store.names import SUFFIX, encode, normalised, off_disk, on_disk


def refuse_beside_a_copy(path: Path, connection: Any) -> None:
    """Refuse to run a group if another file of the same group may have sent its jobs.

    Args:
        path: path of the group's file.
        connection: connection to that file.

    Raises:
        StorageError: the file is a copy of one beside it, or one beside it is a copy that knows of
            attempts which this one lacks; nothing was changed.
    """
    own = dict(connection.execute("SELECT key, value FROM meta WHERE key IN ('name', 'uuid')"))
    try:
        original = path.with_name(on_disk(encode(own["name"]) + SUFFIX))
    except (InvalidNameError, TypeError):  # the file is from elsewhere
        return
    if normalised(off_disk(path.name)) != off_disk(original.name):
        if not _is_same_file(path, original) and _attempts_of(original, own["uuid"]) is not None:
            raise StorageError(
                f"The file {off_disk(path.name)} is a copy of the group {own['name']!r}, not made"
                " by jobgroup. Nothing was sent: jobs could be paid for twice. Run"
                f" {own['name']!r}, or make a group of its own of the copy with JobGroup.load."
            )
        return
    for other in sorted(path.parent.glob(f"{path.name.removesuffix(SUFFIX)}*{SUFFIX}")):
        if _is_same_file(path, other):
            continue
        lacking = _attempts_lacking(connection, other, own["uuid"])
        if lacking:
            raise StorageError(
                f"The file {off_disk(other.name)} is a copy of this group and has {lacking}"
                f" attempts that the group {own['name']!r} lacks. Nothing was sent: jobs could be"
                f" paid for twice. Keep the right one of the two as {off_disk(path.name)}, and move"
                f" the other out of {path.parent}."
            )


def _attempts_lacking(connection: Any, other: Path, uuid: object) -> int:
    """Return how many attempts only the copy has; 0 if the file is no copy of the group."""
    theirs = _attempts_of(other, uuid)
    if not theirs:
        return 0
    return len(
        theirs - {key for (key,) in connection.execute("SELECT idempotency_key FROM attempts")}
    )


def _attempts_of(path: Path, uuid: object) -> set[str] | None:
    """Return the keys of a file's attempts; None if the file does not hold the group of this uuid.

    A file that cannot be read does not prevent other groups from being run.
    """
    if not path.exists():
        return None
    try:
        with closing(connect(path, query_to_read(path), timeout_s=LOOK_TIMEOUT_S)) as connection:
            connection.text_factory = as_text
            check_layout(connection, "It")
            found = connection.execute("SELECT value FROM meta WHERE key = 'uuid'").fetchone()
            if found is None or found[0] != uuid:
                return None
            return {key for (key,) in connection.execute("SELECT idempotency_key FROM attempts")}
    except (sqlite3.Error, OSError, JobGroupError):
        return None


def _is_same_file(path: Path, other: Path) -> bool:
    """Whether both paths are one file for SQLite, links included; then they share all attempts."""
    return os.path.realpath(path) == os.path.realpath(other)
