"""Find copies of a group's file in its directory, made by users or sync tools.

Both files contain the same group, but neither records the jobs sent from the other.
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
from jobgroup.words import format_count


def refuse_beside_a_copy(path: Path, connection: Any) -> None:
    """Refuse to run a group if its jobs may have been sent from a copy of its file.

    Args:
        path: path of the group's file.
        connection: connection to that file.

    Raises:
        StorageError: the file is a copy of another file in its directory, or a copy next to it has
            attempts that this file lacks; nothing was changed.
    """
    own = dict(connection.execute("SELECT key, value FROM meta WHERE key IN ('name', 'uuid')"))
    try:
        original = path.with_name(on_disk(encode(own["name"]) + SUFFIX))
    except (InvalidNameError, TypeError):  # the file comes from elsewhere
        return
    if normalised(off_disk(path.name)) != off_disk(original.name):
        if not _is_same_file(path, original) and _attempts_of(original, own["uuid"]) is not None:
            raise StorageError(
                f"The file {off_disk(path.name)} is a copy of the group {own['name']!r}, not made"
                " by jobgroup. Nothing was sent: jobs could be paid for twice. Run"
                f" {own['name']!r}, or load the copy as a separate group with JobGroup.load."
            )
        return
    for other in sorted(path.parent.glob(f"{path.name.removesuffix(SUFFIX)}*{SUFFIX}")):
        if _is_same_file(path, other):
            continue
        lacking = _attempts_lacking(connection, other, own["uuid"])
        if lacking:
            raise StorageError(
                f"The file {off_disk(other.name)} is a copy of this group and has"
                f" {format_count(lacking, 'attempt')} that the group {own['name']!r} lacks. Nothing"
                f" was sent: jobs could be paid for twice. Keep the right file as"
                f" {off_disk(path.name)}, and move the other out of {path.parent}."
            )


def _attempts_lacking(connection: Any, other: Path, uuid: object) -> int:
    """Return the number of attempts that only the copy has; 0 if the file is not a copy."""
    theirs = _attempts_of(other, uuid)
    if not theirs:
        return 0
    return len(
        theirs - {key for (key,) in connection.execute("SELECT idempotency_key FROM attempts")}
    )


def _attempts_of(path: Path, uuid: object) -> set[str] | None:
    """Return the keys of a file's attempts; None if the file's group has another uuid.

    Also return None for an unreadable file, which must not prevent other groups from running.
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
    """Return whether SQLite, which follows links, opens the same file for both paths."""
    return os.path.realpath(path) == os.path.realpath(other)
