"""Create and open groups' files in the right journal mode."""

from __future__ import annotations

import glob
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from jobgroup.errors import CorruptGroupError, StorageError, UnsupportedVersionError
from jobgroup.store import forking, schema
from jobgroup.store.atomic import atomic_write
from jobgroup.store.checking import admit, check_contents, check_rows, our_schema, restrain
from jobgroup.store.disk_errors import describe
from jobgroup.store.paths import what_is_no_file
from jobgroup.store.transaction import read_version

BUSY_TIMEOUT_S = 15.0
LOOK_TIMEOUT_S = 5.0

OLDEST_SQLITE = (3, 31, 0)
"""First version with `trusted_schema`, which keeps a hostile file from running functions."""


@cache
def require_sqlite() -> str:
    """Check once that this Python's SQLite has the features that groups need; return its version.

    Raises:
        StorageError: SQLite is too old or lacks the JSON functions; nothing was opened.
    """
    lacking = f"jobgroup needs {'.'.join(map(str, OLDEST_SQLITE[:2]))} or newer"
    if sqlite3.sqlite_version_info >= OLDEST_SQLITE:
        with closing(sqlite3.connect(":memory:")) as connection:
            try:
                connection.execute("SELECT json_group_array(value) FROM json_each('[]')")
            except sqlite3.OperationalError:
                lacking = "jobgroup needs its JSON functions, which this build lacks"
            else:
                return sqlite3.sqlite_version
    raise StorageError(
        f"This Python uses SQLite {sqlite3.sqlite_version}, and {lacking}. No group was opened or"
        " changed. Use a Python with a newer SQLite, such as that of python.org, conda or uv."
    )


def make_file(path: Path, meta: Mapping[str, object]) -> None:
    """Create the file of a new group, readable only by its owner; keep an existing file.

    The file is completed under another name first, so other processes never see half of it.

    Raises:
        StorageError: the file cannot be created.
    """
    if path.exists():
        return
    try:
        # If another process is faster, its file is equivalent.
        with (
            suppress(FileExistsError),
            atomic_write(path) as unfinished,
            closing(connect_unfinished(unfinished)) as connection,
        ):
            create(connection, meta)
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or describe(error, path)
        raise StorageError(
            f"The group's file {path} cannot be created ({why}). Nothing was stored. Free some"
            " space, or set JOBGROUP_DATA_DIR to a writable directory."
        ) from error


@contextmanager
def looking(path: Path) -> Iterator[sqlite3.Connection]:
    """Check that a file is a group's, and open it for one reading.

    Raises:
        UnsupportedVersionError: a newer jobgroup wrote the file.
        StorageError: an unreleased draft of jobgroup wrote the file.
        sqlite3.DatabaseError: the file is not a group's file, or is damaged.
    """
    with closing(connect(path, query_to_read(path), timeout_s=LOOK_TIMEOUT_S)) as connection:
        connection.text_factory = as_text
        check_layout(connection, "It")
        admit(connection)
        check_contents(connection)
        yield connection


def connect(
    path: Path, query: str, *, timeout_s: float = BUSY_TIMEOUT_S, is_new: bool = False
) -> sqlite3.Connection:
    """Return a connection in autocommit mode whose commits are on disk when they return.

    `restrain` limits its work until `checking.admit` has compared the schemas.

    Raises:
        sqlite3.DatabaseError: the file is not a database, or cannot be read within the limits.
        sqlite3.OperationalError: the file cannot be opened, or is not a regular file.
        CorruptGroupError: the file is empty although `is_new` is False.
        StorageError: this Python's SQLite is too old, or the process was forked while it used the
            file.
    """
    require_sqlite()
    forking.check_usable(path)
    odd = what_is_no_file(path)
    if odd is not None:
        raise sqlite3.OperationalError(odd)
    if not is_new and is_emptied(path):  # opening the file would remove its log
        raise emptied_error(path)
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}",
        uri=True,
        timeout=timeout_s,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
        factory=_Connection,
    )
    try:
        restrain(connection)
        # In rollback mode, deleting the journal commits, so EXTRA writes the deletion to disk.
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        # In pages. With the default (2 MB), one transaction writes the index of 100,000 bodies
        # several times. A larger cache would not shrink after a large group is read.
        connection.execute("PRAGMA cache_spill = 4000")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_unfinished(path: Path) -> sqlite3.Connection:
    """Connect to a file that is not at its final path yet, without waiting for the disk."""
    connection = connect(path, "mode=rw", is_new=True)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def is_emptied(path: Path) -> bool:
    """Return whether another program has emptied a group's file or is copying over it."""
    try:
        return path.stat().st_size == 0
    except OSError:
        return False


def emptied_error(path: Path) -> CorruptGroupError:
    rescued = max(path.parent.glob(f"{glob.escape(path.stem)}.*.rescued"), default=None)
    source = "a copy of it" if rescued is None else rescued
    return CorruptGroupError(
        f"The group's file {path} is empty: another program emptied it or is writing it now. It was"
        " not touched. If it stays empty, delete the group and restore it with JobGroup.load from"
        f" {source}."
    )


def query_to_read(path: Path) -> str:
    # If there is no log and none can be created, SQLite can only read an immutable file.
    can_change = os.access(path.parent, os.W_OK) or Path(f"{path}-wal").exists()
    return "mode=ro" if can_change else "mode=ro&immutable=1"


def close_untouched(connection: sqlite3.Connection, path: Path) -> None:
    """Close a connection that has only read, without changing the file.

    Otherwise, the last connection to close would move the log into the file.
    """
    try:
        with closing(connect(path, "mode=ro")) as reader:
            reader.execute("PRAGMA user_version").fetchone()
            connection.close()
    except sqlite3.Error:
        connection.close()


def rescue(connection: sqlite3.Connection, target: Path, version: int) -> None:
    """Save the rows that an open connection can still read after the group's file was replaced.

    Rows are copied one by one. If the file was emptied, only pages in the log or in memory are
    left.

    Args:
        connection: connection to the file, outside a transaction.
        target: path to save to; an existing file is overwritten.
        version: the group's version when it was last read.

    Raises:
        sqlite3.Error: the readable part is incomplete or an earlier state; nothing was saved.
        OSError: the target could not be written.
    """
    with (
        atomic_write(target, overwrite=True) as unfinished,
        closing(connect_unfinished(unfinished)) as copy,
    ):
        create(copy, {})
        admit(copy)
        copy.execute("BEGIN")
        connection.execute("BEGIN")
        try:
            for table in sorted(name for kind, name, *_ in our_schema() if kind == "table"):
                with suppress(sqlite3.DatabaseError):  # the checks below notice missing rows
                    _copy_rows(connection, copy, table)
        finally:
            connection.execute("ROLLBACK")
        copy.execute("COMMIT")
        check_rows(copy, unfinished)
        if read_version(copy) < version:
            raise sqlite3.DatabaseError("it is an earlier state")


def _copy_rows(source: sqlite3.Connection, copy: sqlite3.Connection, table: str) -> None:
    rows = source.execute(f"SELECT * FROM {table}")  # noqa: S608
    values = ", ".join("?" for _ in rows.description)
    copy.executemany(f"INSERT INTO {table} VALUES ({values})", rows)  # noqa: S608


def as_text(data: bytes) -> str:
    """Decode bytes, with replacement characters for invalid UTF-8."""
    return data.decode("utf-8", "replace")


class _Connection(sqlite3.Connection):
    """A connection that raises DatabaseError for any damaged schema.

    SQLite's message quotes a name that it cannot parse. If that name is not UTF-8, Python raises a
    UnicodeDecodeError instead.
    """

    def execute(self, *args: Any) -> sqlite3.Cursor:
        try:
            return super().execute(*args)
        except UnicodeDecodeError as error:
            raise sqlite3.DatabaseError(error.object.decode("utf-8", "replace")) from None
        except sqlite3.OperationalError as error:
            if str(error) == "interrupted":  # only a foreign file causes so much work
                raise sqlite3.DatabaseError("it would take too long to read") from None
            raise

    def __del__(self) -> None:
        # A group may be closed by losing its last reference. Python 3.13 and later would warn.
        with suppress(sqlite3.ProgrammingError):  # the connection was never open
            self.close()


def check(connection: sqlite3.Connection, path: Path, *, journal_mode: str | None) -> None:
    """Check that a file is a group's and has the current layout.

    Args:
        connection: connection to the file.
        path: path of the file, for messages.
        journal_mode: journal mode to set; None for a read-only file.

    Raises:
        UnsupportedVersionError: a newer jobgroup wrote the file.
        StorageError: an unreleased draft of jobgroup wrote the file, or another process has the
            file open in a different journal mode.
        sqlite3.DatabaseError: the file is not a group's file, or is damaged.
    """
    check_layout(connection, f"The group's file {path}")
    admit(connection)
    if journal_mode is not None:
        _set_journal_mode(connection, path, journal_mode)
    check_contents(connection)


def check_layout(connection: sqlite3.Connection, what: str) -> int:
    """Return the file's layout, or 0 for none; reject a layout that cannot be used.

    Raises:
        UnsupportedVersionError: a newer jobgroup wrote the file.
        StorageError: an unreleased draft of jobgroup wrote the file.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > schema.VERSION:
        raise UnsupportedVersionError(
            f"{what} was written by a newer jobgroup (layout {version}, this one"
            f" knows {schema.VERSION}). It was not touched. Upgrade jobgroup to open it."
        )
    if 0 < version < schema.FIRST_KEPT:
        raise StorageError(
            f"{what} was made by an unreleased draft of jobgroup (layout {version}), which this"
            " version cannot read. It was not touched. Add its jobs to a new group, and adopt()"
            " those that were sent."
        )
    return version


def _set_journal_mode(connection: sqlite3.Connection, path: Path, wanted: str) -> None:
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != wanted:
        try:  # the busy timeout does not apply to this statement
            connection.execute(f"PRAGMA journal_mode = {wanted}")
        except sqlite3.OperationalError as error:
            if time.monotonic() > deadline:
                if wanted == "wal" or "locked" not in str(error):
                    raise
                raise StorageError(
                    f"The group's file {path} is open in a process that treats its disk as local;"
                    " this one does not. Nothing was changed. Close it there, or set"
                    " JOBGROUP_NETWORK_FS in both: 0 if it is local, otherwise 1."
                ) from None
            time.sleep(0.01)


def create(connection: sqlite3.Connection, meta: Mapping[str, object]) -> None:
    """Create the tables and values of a group in an empty file that no other process uses yet."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in schema.CREATE.split(";"):  # `executescript` would commit first
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {schema.VERSION}")
    connection.executemany("INSERT INTO meta VALUES (?, ?)", list(meta.items()))
    connection.execute("COMMIT")
