"""One SQLite file that the threads of this process use: durability, turns and errors.

Every write is one ``BEGIN IMMEDIATE`` transaction with ``synchronous=EXTRA``: when a call returns,
its changes are on disk and survive a power cut, in both journal modes.
SQLite before 3.51.3 can corrupt a WAL when two connections write and checkpoint at
the same instant, so nothing checkpoints automatically: a checkpoint runs on a second connection
while the first holds the write lock, when no one else can be writing. Only a checkpoint writes to
the file itself, and the group records that: any other change was made by another program.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from jobgroup.errors import CorruptGroupError, GroupDeletedError, StorageError
from jobgroup.store import forking
from jobgroup.store.atomic import keep_private
from jobgroup.store.connection import (
    BUSY_TIMEOUT_S,
    as_text,
    check,
    close_untouched,
    connect,
    make_file,
    query_to_read,
)
from jobgroup.store.disk_errors import storage_error
from jobgroup.store.filesystem import is_network
from jobgroup.store.identity import MOVING_LOG, GroupDeleted, Identity
from jobgroup.store.known_ids import KnownIds
from jobgroup.store.lost_file import FileLostError, Loss, save_the_rest
from jobgroup.store.network_lock import turn
from jobgroup.store.presence import look
from jobgroup.store.transaction import Transaction

CHECKPOINT_BYTES = 4_000_000

STALE_FOR_S = 10.0
"""Seconds for which the cache of a network file system shows a file that another machine
removed."""

T = TypeVar("T")


class Database:
    """A group's file. Threads share one connection and take turns; a fork closes it first.

    Args:
        path: path of the file.
        meta: values with which to create a missing file; None to open only an existing one.
    """

    def __init__(self, path: Path, meta: Mapping[str, object] | None = None) -> None:
        self.path = path
        self.lock = threading.RLock()
        self.ids = KnownIds(path)
        self._written = 0
        self._is_deleted = False
        self._loss: Loss | None = None
        self._is_on_network = is_network(path.parent)
        self._identity = Identity(path, is_on_network=self._is_on_network)
        self._has_turn = False
        self._has_damaged_texts = False
        self._connection: sqlite3.Connection | None = None
        if meta is not None:
            make_file(path, meta)
        with self.lock, self._map_errors(), self._exclusive():
            self._connection = self._retry_while_stale(self._open)
        forking.follow(self)

    def _open(self) -> sqlite3.Connection:
        while True:
            before = look(self.path).files[0]
            connection = self._open_once()
            self._identity.seen = look(self.path)
            # if inode numbers change, the group's uuid was just read by path
            if self._is_on_network or before in (None, self._identity.seen.files[0]):
                return connection
            connection.close()  # replaced at that moment

    def _open_once(self) -> sqlite3.Connection:
        can_write_beside = os.access(self.path.parent, os.W_OK)
        self.is_read_only = not (can_write_beside and os.access(self.path, os.W_OK))
        if not self.is_read_only:
            keep_private(self.path)
        journal_mode = "delete" if self._is_on_network else "wal"
        connection = connect(
            self.path, query_to_read(self.path) if self.is_read_only else "mode=rw"
        )
        if self._has_damaged_texts:
            connection.text_factory = as_text
        try:
            check(connection, self.path, journal_mode=None if self.is_read_only else journal_mode)
            self._identity.check_group(connection, was_open=False)
        except BaseException:
            close_untouched(connection, self.path)
            raise
        self._is_deleted = False
        return connection

    def close(self) -> None:
        """Close the connection; a later use opens it again."""
        with self.lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def abandon(self) -> sqlite3.Connection | None:
        """Give up the connection without closing it."""
        connection, self._connection = self._connection, None
        return connection

    def _connect_if_needed(self) -> sqlite3.Connection:
        if self._loss is not None:
            if self._loss.is_final or not self.path.exists():
                raise self._loss.error(self.ids)
            self._loss = None
            self.ids.found_again()
        if self._is_deleted and self.path.exists():  # the file may have been restored since
            self.close()
        if self._connection is not None:
            if self._connection.in_transaction:  # left over by an interrupt
                self._connection.execute("ROLLBACK")
            self._check_file(self._connection)
        if self._connection is None:
            if self._identity.is_known and not self.path.exists():
                if self._is_on_network:  # it is unknown who made the change
                    self.ids.save()
                raise GroupDeleted
            self._connection = self._open()
        return self._connection

    def _check_file(self, connection: sqlite3.Connection) -> None:
        """Close the connection if the path has another file, which the next use opens."""
        try:
            is_same = self._identity.check_file(connection, is_read_only=self.is_read_only)
        except GroupDeleted:
            self.close()
            raise
        if not is_same:
            self.close()

    # -- using -----------------------------------------------------------------------------------

    @contextmanager
    def read_transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection on which every query reads the same state of the group."""
        with self.lock, self._map_errors(), self._exclusive():
            connection = self._retry_while_stale(self._connect_if_needed)
            try:
                connection.execute("BEGIN")
                self._identity.check_group(connection, was_open=True)
                yield connection
            finally:
                if self._connection is connection and connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def write_transaction(self) -> Iterator[Transaction]:
        """Yield a transaction that is on disk when the block ends, or undone if the block fails.

        Raises:
            StorageError: the file could not be written; the group is unchanged.
        """
        with self.lock, self._map_errors(), self._exclusive():
            connection = self._retry_while_stale(self._connect_to_write)
            if self.is_read_only:
                raise StorageError(
                    f"The group's file {self.path} cannot be written to, so the group can only be"
                    " read. Nothing was changed."
                )
            before = connection.total_changes
            try:
                if not connection.in_transaction:
                    connection.execute("BEGIN IMMEDIATE")
                self._identity.check_group(connection, was_open=True)
                tx = Transaction(connection)
                yield tx
                connection.execute("COMMIT")
            finally:
                # a full disk has already ended it, or the file was replaced and closed
                if self._connection is connection and connection.in_transaction:
                    connection.execute("ROLLBACK")
            if not self._is_on_network:  # the next opening reports it
                self._check_file(connection)
            self._identity.version = tx.__dict__.get("version", self._identity.version)
            # a small row changes about three pages of the log
            self._written += 12_000 + 500 * (connection.total_changes - before) + tx.large_bytes
            if self._written > CHECKPOINT_BYTES and not self._is_on_network:
                self._written = 0
                self._checkpoint(connection)

    @contextmanager
    def busy_timeout(self, patience_s: float) -> Iterator[None]:
        """Limit how long writes in the block wait for the locks of other processes.

        During such a wait, no thread of this process can read, so repeated attempts should be
        short. On shared file systems, writes still wait for their turn as usual.
        """
        with self.lock:
            if self._is_on_network:
                yield
                return
            # the block gets the error itself
            with suppress(GroupDeletedError), self._map_errors():
                self._connect_if_needed().execute(f"PRAGMA busy_timeout = {patience_s * 1000:.0f}")
            try:
                yield
            finally:
                if self._connection is not None:
                    whole = f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000:.0f}"
                    self._connection.execute(whole)

    def copy_into(self, other: sqlite3.Connection) -> None:
        """Copy the whole file into another database."""
        with self.lock, self._map_errors(), self._exclusive():
            self._retry_while_stale(self._connect_if_needed).backup(other)

    def compact(self) -> None:
        """Return unused space to the disk; raise StorageError if another process uses the file."""
        with self.lock, self._map_errors(), self._exclusive():
            connection = self._retry_while_stale(self._connect_if_needed)
            connection.execute("VACUUM")
            if not self._is_on_network:
                self._checkpoint(connection)
            self.close()  # the last connection to close removes the log

    def data_version(self) -> int:
        """Return a number that changes when another connection writes, within microseconds."""
        with self.lock, self._map_errors(), self._exclusive():
            value: int = (
                self._retry_while_stale(self._connect_if_needed)
                .execute("PRAGMA data_version")
                .fetchone()[0]
            )
            return value

    def stamp(self) -> object:
        """Return sizes and dates that change when the group is written to, without waiting.

        Return None if these values are unreliable. Two writes within the same few milliseconds may
        have the same date.
        """
        if self._is_on_network or os.name != "posix":
            return None
        return look(self.path).written

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        """Move the log into the file, so that other processes can recognise this.

        A mark is stored first, and the file's size and date afterwards. If the process is killed in
        between, the mark stays, and then any size and date are accepted.
        """
        helper = None
        mark = f"{MOVING_LOG} {uuid.uuid4().hex}"
        try:
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('filed', ?)", (mark,))
            connection.execute("BEGIN IMMEDIATE")
            helper = connect(self.path, "mode=rw")
            helper.execute("PRAGMA wal_checkpoint(PASSIVE)")
            helper.close()
            stamp = look(self.path).stamp
            # ended first, because another transaction restarts the log, and this one would only
            # extend it
            connection.execute("ROLLBACK")
            connection.execute(
                "UPDATE meta SET value = ? WHERE key = 'filed' AND value = ?", (stamp, mark)
            )
        except (sqlite3.Error, StorageError):
            pass  # the log is not emptied yet
        finally:
            if helper is not None:
                helper.close()
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """On a network file system, let only one machine use the file at a time.

        There, SQLite's own locks may be local to each machine: a reader would take the journal of
        another machine's write for the remains of a crash and undo the write. A file that stays
        open may also show old content; one that is reopened after the other machine closed it does
        not (close-to-open consistency).
        """
        if not self._is_on_network or self._has_turn or not os.access(self.path.parent, os.W_OK):
            yield  # if nothing can be written, nothing can be undone
            return
        with turn(self.path):
            self._has_turn = True
            try:
                self.close()
                yield
            finally:
                self.close()
                self._has_turn = False

    def _connect_to_write(self) -> sqlite3.Connection:
        connection = self._connect_if_needed()
        if self._has_turn and not self.is_read_only:
            connection.execute("BEGIN IMMEDIATE")
            # a change creates its journal now, because a cache may show one that no longer exists
            for change in ("+ 1", "- 1"):
                connection.execute(f"UPDATE meta SET value = value {change} WHERE key = 'version'")  # noqa: S608
        return connection

    def _retry_while_stale(self, function: Callable[[], T]) -> T:
        """Retry while a network cache still shows the journal of another machine."""
        give_up_at = time.monotonic() + STALE_FOR_S
        while True:
            try:
                return function()
            except sqlite3.OperationalError as error:
                code = getattr(error, "sqlite_errorcode", 0)  # none of our own errors
                is_stale = code & 0xFF == sqlite3.SQLITE_CANTOPEN
                is_over = time.monotonic() > give_up_at or not os.path.exists(self.path)  # noqa: PTH110
                if not (self._has_turn and is_stale) or is_over:
                    raise
            self.close()
            time.sleep(0.1)

    @contextmanager
    def _map_errors(self) -> Iterator[None]:
        """Convert errors of SQLite and of the comparison with the file to errors for users."""
        try:
            yield
        except GroupDeleted:
            self._is_deleted = True
            raise GroupDeletedError(
                f"The group in {self.path.name} was deleted or renamed, by this process or another,"
                f" while it was open here.{self.ids.sentence} If it was deleted,"
                " JobGroup.restore(name) restores it from the trash."
            ) from None
        except FileLostError as lost:
            self.ids.save()  # at once, because rescuing the rest may take seconds
            connection, self._connection = self._connection, None
            self._loss = save_the_rest(lost, connection, self.path, self._identity.version)
            raise self._loss.error(self.ids) from None
        except sqlite3.OperationalError as error:
            if "decode to UTF-8" in str(error):
                # a damaged text; from now on, such texts are read with replacement characters
                self._has_damaged_texts = True
                if self._connection is not None:
                    self._connection.text_factory = as_text
            raise storage_error(self.path, error, BUSY_TIMEOUT_S) from error
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            raise CorruptGroupError(
                f"The group's file {self.path} is damaged ({error}). It was not changed."
            ) from error
