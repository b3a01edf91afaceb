"""Read and write a group's SQLite file from the threads of this process.

Each write is one ``BEGIN IMMEDIATE`` transaction with ``synchronous=EXTRA``. In both journal modes,
its changes survive a power cut once the call has returned. SQLite before 3.51.3 can corrupt a
write-ahead log if one connection writes while another runs a checkpoint. So automatic checkpoints
are off, and a checkpoint runs on a second connection while the first one holds the write lock. Only
checkpoints write to the file itself. The group records each checkpoint, so any other change of the
file was made by another program.
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
"""Seconds for which a network file system's cache may show a file after its removal."""

T = TypeVar("T")


class Database:
    """A group's file. Threads take turns on one connection, which is closed before a fork.

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
            # If inode numbers may change, `check_group` has already compared the group's uuid.
            if self._is_on_network or before in (None, self._identity.seen.files[0]):
                return connection
            connection.close()  # the file was replaced while it was opened

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
        """Close the connection; the next use opens a new one."""
        with self.lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def abandon(self) -> sqlite3.Connection | None:
        """Drop the connection without closing it, and return it."""
        connection, self._connection = self._connection, None
        return connection

    def _connect_if_needed(self) -> sqlite3.Connection:
        if self._loss is not None:
            if self._loss.is_final or not self.path.exists():
                raise self._loss.error(self.ids)
            self._loss = None
            self.ids.found_again()
        if self._is_deleted and self.path.exists():  # the group may have been restored
            self.close()
        if self._connection is not None:
            if self._connection.in_transaction:  # an interrupt left it open
                self._connection.execute("ROLLBACK")
            self._check_file(self._connection)
        if self._connection is None:
            if self._identity.is_known and not self.path.exists():
                if self._is_on_network:  # another program may have removed the file
                    self.ids.save()
                raise GroupDeleted
            self._connection = self._open()
        return self._connection

    def _check_file(self, connection: sqlite3.Connection) -> None:
        """Close the connection if another file is at the path; the next use opens that file."""
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
        """Yield a connection whose queries all read the same state of the group."""
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
        """Yield a transaction, commit it at the end of the block, and undo it if the block fails.

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
                # A full disk ends the transaction. A replaced file is already closed.
                if self._connection is connection and connection.in_transaction:
                    connection.execute("ROLLBACK")
            if not self._is_on_network:  # on a network, each opening checks this
                self._check_file(connection)
            self._identity.version = tx.__dict__.get("version", self._identity.version)
            # A small row adds about three pages to the log.
            self._written += 12_000 + 500 * (connection.total_changes - before) + tx.large_bytes
            if self._written > CHECKPOINT_BYTES and not self._is_on_network:
                self._written = 0
                self._checkpoint(connection)

    @contextmanager
    def busy_timeout(self, patience_s: float) -> Iterator[None]:
        """Limit how long writes in the block wait for the locks of other processes.

        While a write waits, no thread of this process can read, so callers should choose short
        waits. On a network file system, writes wait for their turn as usual.
        """
        with self.lock:
            if self._is_on_network:
                yield
                return
            # The block's own use of the file raises the error.
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
        """Free unused disk space; raise StorageError if another process is using the file."""
        with self.lock, self._map_errors(), self._exclusive():
            connection = self._retry_while_stale(self._connect_if_needed)
            connection.execute("VACUUM")
            if not self._is_on_network:
                self._checkpoint(connection)
            self.close()  # closing the last connection removes the log

    @property
    def known_version(self) -> int:
        """The group's version when this process last used the file."""
        return self._identity.version

    def data_version(self) -> int:
        """Return, within microseconds, a number that changes when another connection writes."""
        with self.lock, self._map_errors(), self._exclusive():
            value: int = (
                self._retry_while_stale(self._connect_if_needed)
                .execute("PRAGMA data_version")
                .fetchone()[0]
            )
            return value

    def stamp(self) -> object:
        """Return, without waiting, sizes and dates that change when the group is written to.

        Return None if these values are unreliable. Two writes within a few milliseconds may have
        the same date.
        """
        if self._is_on_network or os.name != "posix":
            return None
        seen = look(self.path)
        return seen.files, seen.written

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        """Move the log into the file, and record this for other processes.

        The group stores a mark first, and the file's size and date afterwards. If the process is
        killed in between, the mark stays; processes that find it accept any size and date.
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
            # The next transaction then starts the log again, instead of extending it.
            connection.execute("ROLLBACK")
            connection.execute(
                "UPDATE meta SET value = ? WHERE key = 'filed' AND value = ?", (stamp, mark)
            )
        except (sqlite3.Error, StorageError):
            pass  # a later checkpoint empties the log
        finally:
            if helper is not None:
                helper.close()
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Let only one machine at a time use a file on a network file system.

        SQLite's own locks may be local to each machine there. Then a reader would take the journal
        of another machine's write for the remains of a crash, and undo that write. The file is
        closed between uses, because a file that stays open may show old content (close-to-open
        consistency).
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
            # A change creates the journal now: until then, a cache may show a removed journal.
            for change in ("+ 1", "- 1"):
                connection.execute(f"UPDATE meta SET value = value {change} WHERE key = 'version'")  # noqa: S608
        return connection

    def _retry_while_stale(self, function: Callable[[], T]) -> T:
        """Retry while a network cache shows a journal that another machine has removed."""
        give_up_at = time.monotonic() + STALE_FOR_S
        while True:
            try:
                return function()
            except sqlite3.OperationalError as error:
                code = getattr(error, "sqlite_errorcode", 0)  # our own errors have no code
                is_stale = code & 0xFF == sqlite3.SQLITE_CANTOPEN
                is_over = time.monotonic() > give_up_at or not os.path.exists(self.path)  # noqa: PTH110
                if not (self._has_turn and is_stale) or is_over:
                    raise
            self.close()
            time.sleep(0.1)

    @contextmanager
    def _map_errors(self) -> Iterator[None]:
        """Convert errors from SQLite and from the checks of the file to errors for users."""
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
            self.ids.save()  # first, because saving the other rows may take seconds
            connection, self._connection = self._connection, None
            self._loss = save_the_rest(lost, connection, self.path, self._identity.version)
            raise self._loss.error(self.ids) from None
        except sqlite3.OperationalError as error:
            if "decode to UTF-8" in str(error):
                # A string is damaged. Read such strings with replacement characters from now on.
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
