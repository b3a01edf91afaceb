"""Export and import groups as checked, compact copies that a colleague can open.

An imported group appears with all its jobs, or not at all.
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

from jobgroup.errors import CorruptGroupError, JobGroupError, StorageError
from jobgroup.store.atomic import atomic_write
from jobgroup.store.checking import admit, check_rows, wrong_in_meta
from jobgroup.store.connection import (
    check_layout,
    connect,
    connect_unfinished,
    create,
    is_emptied,
)
from jobgroup.store.database import Database
from jobgroup.store.names import normalised
from jobgroup.store.output import write_output
from jobgroup.store.paths import group_path, groups_directory
from jobgroup.store.records import NewJob
from jobgroup.store.store import GroupStore, new_meta

# The lease's fencing token stays: it shows which attempts were left *sending*.
_OF_ITS_PROCESSES = """
    UPDATE lease
        SET owner = '', host = '', boot = '', namespace = '', pid = 0, process_started = '';
    DELETE FROM commands;
    DELETE FROM incidents;
    DELETE FROM polling_leases;
    DELETE FROM meta WHERE key IN ('paused', 'deleted_at', 'filed', 'exported_version');
"""


def export_group(database: Database, path: Path, *, overwrite: bool) -> None:
    """Copy a group to one plain file, without the requests between its processes.

    Raises:
        OutputExistsError: the file exists and `overwrite` is not True.
        CorruptGroupError: the group's file is damaged; nothing was written.
        StorageError: the file could not be written; nothing was changed.
    """
    with write_output(path, overwrite=overwrite) as unfinished:
        try:
            with closing(connect_unfinished(unfinished)) as copy:
                database.copy_into(copy)
                admit(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                _refuse_damage(copy, database.path)
                copy.executescript(_OF_ITS_PROCESSES)
                copy.execute("VACUUM")
        except sqlite3.OperationalError as error:
            folder = path.absolute().parent
            why = error if folder.is_dir() else f"there is no directory {folder}"
            raise StorageError(
                f"{path} could not be written ({why}). The group was not changed."
            ) from error


def import_group(path: Path, name: str | None) -> str:
    """Import a copy of an exported group and return its name.

    Args:
        path: path of the exported file, which is not changed.
        name: name for the group; None keeps its name.

    Raises:
        JobGroupError: a group of that name exists.
        UnsupportedVersionError: a newer jobgroup wrote the file.
        CorruptGroupError: the file is damaged.
        StorageError: the file is not a group's file, or cannot be read or written.
        InvalidNameError: no group can have the name.
    """
    if not path.is_file():
        raise StorageError(f"There is no file {path}. Nothing was loaded.")
    if is_emptied(path):
        raise _foreign(path)
    try:
        _refuse_larger_than_the_disk(path)
        with closing(connect(path, "mode=ro")) as source:
            found = _name_for(source, path, name)
            with (
                atomic_write(group_path(found)) as unfinished,
                closing(connect_unfinished(unfinished)) as copy,
            ):
                source.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                _take_in(copy, unfinished, normalised(found))
    except FileExistsError:
        raise JobGroupError(
            f"A group of that name exists, so {path} was not loaded. Load it under another name:"
            " JobGroup.load(path, name=...), or jobgroup import --name."
        ) from None
    except JobGroupError:
        raise
    except (sqlite3.OperationalError, OSError) as error:
        raise StorageError(
            f"{path} could not be loaded as a job group ({error}). Nothing was changed."
        ) from error
    except sqlite3.DatabaseError as error:
        if "not a database" in str(error) or "of a job group" in str(error):
            raise _foreign(path) from error
        raise _damaged(path, error) from error
    return found


def make_group(name: str, jobs: Iterable[NewJob], meta: Mapping[str, object]) -> None:
    """Create a group with all its jobs; if the process is killed, no group has the name.

    Args:
        name: name of the group.
        jobs: jobs in order.
        meta: further values of the group, such as `created_at`.

    Raises:
        FileExistsError: a group of that name exists; nothing was changed.
        DuplicateJobError: two jobs have the same id; no group was created.
        InvalidNameError: no group can have the name.
        StorageError: the file could not be written; no group was created.
    """
    path = group_path(name)
    if path.exists():
        raise FileExistsError(path)
    try:
        with atomic_write(path) as unfinished:
            with closing(connect_unfinished(unfinished)) as connection:
                create(connection, new_meta(normalised(name)))
            with closing(GroupStore(unfinished)) as store:
                store.add(jobs)
            with closing(connect_unfinished(unfinished)) as connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", list(meta.items())
                )
                connection.execute("PRAGMA journal_mode = DELETE")
    except FileExistsError:
        raise
    except (sqlite3.Error, OSError) as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(
            f"{path} could not be written ({error}). No group was created."
        ) from error


def _refuse_larger_than_the_disk(path: Path) -> None:
    """Refuse to copy a file that would fill the disk, such as a large sparse file."""
    if path.stat().st_size > shutil.disk_usage(groups_directory()).free:
        raise OSError(errno.ENOSPC, "the disk does not have enough space for it")


def _name_for(source: sqlite3.Connection, path: Path, name: str | None) -> str:
    """Check by its schema that a file is a group's; return the name under which to load it."""
    if check_layout(source, str(path)) == 0:
        raise _foreign(path)
    admit(source)
    meta = dict(source.execute("SELECT key, value FROM meta LIMIT 100"))
    if name is None and (problem := wrong_in_meta(meta)):
        raise sqlite3.DatabaseError(problem)
    return str(meta["name"]) if name is None else name


def _take_in(copy: sqlite3.Connection, path: Path, name: str) -> None:
    """Check each row of a copy, and turn the copy into a separate group."""
    admit(copy)
    check_rows(copy, path)
    copy.executescript(_OF_ITS_PROCESSES)
    copy.executemany(
        "UPDATE meta SET value = ? WHERE key = ?", [(name, "name"), (uuid.uuid4().hex, "uuid")]
    )


def _refuse_damage(connection: sqlite3.Connection, path: Path) -> None:
    try:
        report = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise _damaged(path, error) from error
    if report != "ok":
        raise _damaged(path, report)


def _damaged(path: Path, reason: object) -> CorruptGroupError:
    return CorruptGroupError(
        f"{path} is damaged ({reason}). It was not changed, and no copy was made."
    )


def _foreign(path: Path) -> StorageError:
    return StorageError(f"{path} is not the file of a job group. Nothing was loaded.")
