"""One SQLite file, opened for this process: durability, locking and the errors of both.

Every write is one ``BEGIN IMMEDIATE`` transaction with ``synchronous=FULL``: what a call returned
from is on disk. SQLite before 3.51.3 can corrupt a WAL when two connections write and checkpoint at
the same instant, so nothing checkpoints by itself here: a checkpoint runs on a second connection
while the first holds the write lock, when nobody else can be writing.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

from jobgroup.errors import DamagedGroupError, GroupDeletedError, NewerGroupError, StorageError
from jobgroup.store import schema
from jobgroup.store.filesystem import is_network

BUSY_TIMEOUT_S = 15.0
CHECKPOINT_BYTES = 4_000_000
LEASE_S = 30.0
"""Seconds after which a writer on a network file system that shows no life loses its turn."""


class Transaction:
    """A write under way. Its first use of `version` takes the group's next version."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.execute = connection.execute
        self.now = time.time()

    @cached_property
    def version(self) -> int:
        """The version that this transaction stamps on the rows that it changes."""
        self.execute("UPDATE meta SET value = ? WHERE key = 'modified_at'", (self.now,))
        row = self.execute(
            "UPDATE meta SET value = value + 1 WHERE key = 'version' RETURNING value"
        )
        version: int = row.fetchone()[0]
        return version


class Database:
    """A group's file. Threads share one connection and take turns; it is never used over a fork.

    Args:
        path: the file; made, with the tables, where it is missing.
        setup: keys and values for a new file's ``meta``.
    """

    def __init__(self, path: Path, setup: dict[str, object] | None = None) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._setup = setup
        self._written = 0
        self._is_deleted = False
        self._is_on_network = is_network(path.parent)
        self.connection = self._open()

    # -- opening ---------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        self._pid = os.getpid()
        is_new = self._setup is not None and self._make_file()
        can_write_beside = os.access(self.path.parent, os.W_OK)
        self.is_read_only = not is_new and not (can_write_beside and os.access(self.path, os.W_OK))
        self._query = "mode=rw"
        if self.is_read_only:  # without a place for its log SQLite reads only what cannot change
            self._query = "mode=ro" if can_write_beside else "mode=ro&immutable=1"
        with self._translated():
            connection = self._connect()
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
        return connection

    def _make_file(self) -> bool:
        """Make an empty file that only its owner can read; False if it is there already."""
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            return False
        except OSError as error:
            raise StorageError(
                f"The group's file {self.path} cannot be made: {error.strerror}. Nothing was"
                " stored. Set JOBGROUP_DATA_DIR to a directory that you can write to."
            ) from error
        return True

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{self._query}",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA trusted_schema = OFF")
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > schema.VERSION:
            raise NewerGroupError(
                f"The group's file {self.path} was written by a newer jobgroup (layout {version},"
                f" this one knows {schema.VERSION}). It was not touched. Upgrade jobgroup to open"
                " it."
            )
        if not self.is_read_only:
            self._set_journal_mode(connection)
            if version < schema.VERSION:
                self._migrate(connection)
        identity = connection.execute("PRAGMA application_id").fetchone()[0]
        if identity != schema.APPLICATION_ID:
            raise sqlite3.DatabaseError("not the file of a job group")
        self._refuse_deleted(connection)

    def _set_journal_mode(self, connection: sqlite3.Connection) -> None:
        # WAL over a network loses acknowledged rows in silence
        wanted = "delete" if self._is_on_network else "wal"
        deadline = time.monotonic() + BUSY_TIMEOUT_S
        while connection.execute("PRAGMA journal_mode").fetchone()[0] != wanted:
            try:  # the busy timeout does not apply to this statement
                connection.execute(f"PRAGMA journal_mode = {wanted}")
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _migrate(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                self._create(connection)
            else:
                for step in range(version, schema.VERSION):
                    _run_script(connection, schema.MIGRATIONS[step])
            connection.execute(f"PRAGMA user_version = {schema.VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    def _create(self, connection: sqlite3.Connection) -> None:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise sqlite3.DatabaseError("not the file of a job group")
        if self._setup is None:
            raise sqlite3.DatabaseError("the file is empty")
        _run_script(connection, schema.CREATE)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.executemany("INSERT INTO meta VALUES (?, ?)", list(self._setup.items()))

    def _refuse_deleted(self, connection: sqlite3.Connection) -> None:
        self._is_deleted = bool(
            connection.execute("SELECT 1 FROM meta WHERE key = 'deleted_at'").fetchone()
        )
        if self._is_deleted:
            raise GroupDeletedError(
                f"The group in {self.path.name} was deleted, by this process or another, while it"
                " was open here. JobGroup.restore(name) brings it back from the trash."
            )

    def close(self) -> None:
        """Close the connection; a later use opens it again."""
        with self.lock:
            if self._pid == os.getpid():
                self.connection.close()
            self._pid = -1

    def _alive(self) -> sqlite3.Connection:
        if self._is_deleted and self.path.exists():  # it may have been restored meanwhile
            self.close()
        if self._pid != os.getpid():  # closed, or forked: never use the parent's connection
            self._setup = None
            self.connection = self._open()
        return self.connection

    # -- using -----------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read one consistent state."""
        with self.lock, self._translated():
            connection = self._alive()
            connection.execute("BEGIN")
            try:
                self._refuse_deleted(connection)
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """Write one transaction, durable when the block is left; nothing of it if that fails.

        Raises:
            StorageError: it could not be written, and the group is as it was.
        """
        with self.lock, self._translated(), self._alone():
            connection = self._alive()
            if self.is_read_only:
                raise StorageError(
                    f"The group's file {self.path} cannot be written to, so the group can only be"
                    " looked at. Nothing was changed."
                )
            before = connection.total_changes
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._refuse_deleted(connection)
                yield Transaction(connection)
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk has rolled it back already
                    connection.execute("ROLLBACK")
                raise
            # a small row dirties about three pages of the log
            self._written += 12_000 + 500 * (connection.total_changes - before)
            if self._written > CHECKPOINT_BYTES and not self._is_on_network:
                self._written = 0
                self._checkpoint(connection)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """On a network file system, let one machine write at a time.

        SQLite's own locks may be local to each machine there, and a file that stays open may show
        old content; one that is opened after the other's end does not (close-to-open consistency).
        """
        if not self._is_on_network:
            yield
            return
        from filelock import SoftFileLease, Timeout

        lease = SoftFileLease(f"{self.path}.lock", lease_duration=LEASE_S, thread_local=False)
        try:
            lease.acquire(timeout=BUSY_TIMEOUT_S)
        except Timeout as error:
            raise StorageError(
                f"The group's file {self.path} is on a network file system and is being written by"
                f" another process ({error}). Nothing was changed; try again."
            ) from error
        try:
            self.close()
            yield
        finally:
            self.close()
            lease.release()

    def add_written(self, size_bytes: int) -> None:
        """Count bytes of a large value towards the next checkpoint."""
        self._written += size_bytes

    def data_version(self) -> int:
        """A number that changes when another connection has written. Costs microseconds."""
        with self.lock, self._translated():
            value: int = self._alive().execute("PRAGMA data_version").fetchone()[0]
            return value

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        with suppress(sqlite3.Error):  # the log only stays longer
            helper = self._connect()
            try:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    helper.execute("PRAGMA wal_checkpoint(PASSIVE)")
                finally:
                    connection.execute("ROLLBACK")
            finally:
                helper.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise self._storage_error(error) from error
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            raise DamagedGroupError(
                f"The group's file {self.path} is damaged ({error}). Its bytes were kept."
            ) from error

    def _storage_error(self, error: sqlite3.OperationalError) -> StorageError:
        text = str(error)
        advice = "Nothing was changed."
        if "locked" in text or "busy" in text:
            advice = (
                f"Another process has been writing to it for more than {BUSY_TIMEOUT_S:g} s."
                " Nothing was changed; try again."
            )
        elif "full" in text:
            advice = "The disk is full. Nothing was changed; make room and try again."
        elif "unable to open" in text:
            advice = (
                "Does it exist, and may you read it? Nothing was changed. JOBGROUP_DATA_DIR chooses"
                " another directory."
            )
        elif "readonly" in text:
            advice = "It cannot be written to. Nothing was changed."
        return StorageError(f"The group's file {self.path}: {text}. {advice}")


def _run_script(connection: sqlite3.Connection, script: str) -> None:
    """Like `executescript`, which would commit the open transaction first."""
    for statement in script.split(";"):
        if statement.strip():
            connection.execute(statement)
