"""Delete or rename a group.

The group is marked as deleted first. No process can then change it, so its copy is complete.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from jobgroup.errors import StorageError
from jobgroup.store.atomic import atomic_write
from jobgroup.store.checking import admit
from jobgroup.store.connection import connect, connect_unfinished
from jobgroup.store.lease_row import busy_error, read_lease
from jobgroup.store.records import LeaseRecord
from jobgroup.store.store import GroupStore


def move_group(
    store: GroupStore,
    target: Path | None,
    new_name: str | None = None,
    *,
    is_live: Callable[[LeaseRecord], bool],
) -> None:
    """Mark a group as deleted and copy it; the caller removes the original file.

    Args:
        store: store of the group; it is closed.
        target: path of the copy; None to make no copy.
        new_name: name of the copy, whose file must not exist; None keeps the name.
        is_live: function that returns whether the process that holds the lease is alive.

    Raises:
        GroupBusyError: a process is running the group; nothing was changed.
        StorageError: the copy could not be written or its file exists now; the group is unchanged.
    """
    with store.database.write_transaction() as tx:
        held = read_lease(tx)
        if held is not None and held.owner and is_live(held):
            raise busy_error(held)
        tx.execute("INSERT OR REPLACE INTO meta VALUES ('deleted_at', ?)", (tx.now,))
    store.close()
    try:
        if target is not None:
            copy_deleted(store.path, target, new_name)
    except StorageError:
        unmark(store.path)
        raise


def unmark(path: Path) -> None:
    """Undo the mark of a group that could not be deleted."""
    with closing(connect(path, "mode=rw")) as connection:
        connection.execute("DELETE FROM meta WHERE key = 'deleted_at'")


def copy_deleted(path: Path, trashed: Path, new_name: str | None = None) -> None:
    """Copy a group that is marked as deleted into one plain file, without the mark.

    Args:
        path: path of the group's file.
        trashed: path of the copy.
        new_name: name of the copy, whose file must not exist; None keeps the name.

    Raises:
        StorageError: the copy could not be written; no part of it is left.
    """
    try:
        with (
            closing(connect(path, "mode=ro")) as source,
            atomic_write(trashed, overwrite=new_name is None) as unfinished,
            closing(connect_unfinished(unfinished)) as copy,
        ):
            source.backup(copy)
            admit(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
            copy.execute("DELETE FROM meta WHERE key = 'deleted_at'")
            # The fencing token stays: it shows which attempts were left *sending*.
            copy.execute("UPDATE lease SET owner = ''")
            copy.execute("DELETE FROM polling_leases")
            if new_name is not None:
                copy.execute("UPDATE meta SET value = ? WHERE key = 'name'", (new_name,))
    except (sqlite3.Error, OSError) as error:
        raise StorageError(
            f"The group could not be copied to {trashed} ({error}). The group was not changed."
        ) from error
