"""One SQLite file, used by the threads of this process: durability, turns, and their errors.

Every write is one ``BEGIN IMMEDIATE`` transaction with ``synchronous=EXTRA``: what a call returned
from is on disk, also after a power cut and in both journal modes. The open file is known by device
and inode: SQLite continues with one that has no name any more, and its data would be lost.
SQLite before 3.51.3 can corrupt a WAL when two connections write and checkpoint at
the same instant, so nothing checkpoints automatically: a checkpoint runs on a second connection
while the first holds the write lock, when no one else can be writing. Only a checkpoint writes to
the file itself, and the group says so in its own values: any other change of it is a stranger's.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from jobgroup.errors import CorruptGroupError, GroupDeletedError, GroupMovedError, StorageError
from jobgroup.store.atomic import keep_private
from jobgroup.store.connection import (
    BUSY_TIMEOUT_S,
    as_text,
    check,
    close_untouched,
    connect,
    make_file,
    query_to_read,
    rescue,
)
from jobgroup.store.disk_errors import storage_error
from jobgroup.store.filesystem import is_network
from jobgroup.store.known_ids import KnownIds, place_beside
from jobgroup.store.network_lock import turn
from jobgroup.store.presence import SMALLEST, Presence, look

CHECKPOINT_BYTES = 4_000_000

STALE_FOR_S = 10.0
"""How long the cache of a network file system shows a file that another machine has removed."""

_MOVING = "the log is being moved into the file"

_LOADS = "JobGroup.load(path, name=...) makes a group of it"
_OF_A_COPY = f"If you have a copy of it, {_LOADS}."
_ON_LOOKING = "Open the group again, JobGroup.open(name), and see what is in it before you run it."

T = TypeVar("T")


@dataclass(frozen=True)
class _Loss:
    """Changes of the file by other programs while it was open.

    Attributes:
        how: "it was emptied".
        advice: sentences, each with a blank before it.
        is_final: it is not used again, even if a group is found there.
    """

    how: str
    advice: str
    is_final: bool


class Transaction:
    """A write under way. Its first use of `version` takes the group's next version.

    `large_bytes` is counted up by who writes large values, towards the next checkpoint.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.now = time.time()
        self.large_bytes = 0

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run a statement. Texts from outside that are no Unicode are stored with marks in them."""
        try:
            return self._connection.execute(statement, values)
        except UnicodeEncodeError:  # half a surrogate pair, which JSON can say
            return self._connection.execute(statement, [_storable(v) for v in values])

    def insert(self, statement: str, values: Sequence[Any]) -> int:
        """Insert a row and return its id."""
        row_id = self.execute(statement, values).lastrowid
        assert row_id is not None  # noqa: S101  # a row was inserted
        return row_id

    def bump_version(self) -> None:
        """Take the group's next version for a change that stamps no row with it."""
        _ = self.version

    @cached_property
    def version(self) -> int:
        """The version that this transaction stamps on the rows that it changes."""
        self.execute("UPDATE meta SET value = ? WHERE key = 'modified_at'", (self.now,))
        self.execute("UPDATE meta SET value = value + 1 WHERE key = 'version'")
        version: int = self.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()[0]
        return version


class Database:
    """A group's file. Threads share one connection and take turns; it is closed over a fork.

    Args:
        path: the file.
        meta: makes the file, with these values, if it is missing; None opens it only.
    """

    def __init__(self, path: Path, meta: Mapping[str, object] | None = None) -> None:
        self.path = path
        self.lock = threading.RLock()
        self.ids = KnownIds(path)
        self._written = 0
        self._is_deleted = False
        self._uuid: str | None = None
        self._version = 0
        self._seen = Presence()
        self._loss: _Loss | None = None
        self._is_on_network = is_network(path.parent)
        self._has_turn = False
        self._has_damaged_texts = False
        self._connection: sqlite3.Connection | None = None
        if meta is not None:
            make_file(path, meta)
        with self.lock, self._map_sqlite_errors(), self._exclusive():
            self._connection = self._retry_while_stale(self._open)
        _open_databases.add(self)

    def _open(self) -> sqlite3.Connection:
        while True:
            before = look(self.path).files[0]
            connection = self._open_once()
            self._seen = look(self.path)
            # where numbers do not last, the group's uuid was read by path just now
            if self._is_on_network or before in (None, self._seen.files[0]):
                return connection
            connection.close()  # replaced at that very moment

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
            self._check_same_group(connection)
        except BaseException:
            close_untouched(connection, self.path)
            raise
        return connection

    def close(self) -> None:
        """Close the connection; a later use opens it again."""
        with self.lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _connect_if_needed(self) -> sqlite3.Connection:
        if self._loss is not None:
            if self._loss.is_final or not self.path.exists():
                raise self._moved_error(self._loss)
            self._loss = None
            self.ids.found_again()
        if self._is_deleted and self.path.exists():  # it may have been restored since
            self.close()
        if self._connection is not None:
            if self._connection.in_transaction:  # left over by an interrupt
                self._connection.execute("ROLLBACK")
            self._check_not_replaced(self._connection)
        if self._connection is None:
            if self._uuid is not None and not self.path.exists():
                if self._is_on_network:  # it is unknown who did it
                    self.ids.save()
                raise self._deleted_error()
            self._connection = self._open()
        return self._connection

    def _check_same_group(self, connection: sqlite3.Connection) -> None:
        """See that what is read is the group that was opened here, and no earlier state of it.

        Everything written since an earlier state would be repeated, such as sending jobs.

        Raises:
            GroupDeletedError: it was deleted, or was so before another group of its name was made.
            GroupMovedError: it is another, or an earlier state.
        """
        found = dict(
            connection.execute(
                "SELECT key, value FROM meta WHERE key IN ('uuid', 'version', 'deleted_at')"
            ).fetchall()
        )
        is_another = self._uuid not in (None, found.get("uuid"))
        if is_another and connection is self._connection:
            self._raise_replaced("another group was written into its file")
        self._is_deleted = is_another or "deleted_at" in found
        if self._is_deleted:
            raise self._deleted_error()
        version = found.get("version")
        if not isinstance(version, int) or version < self._version:
            self._raise_replaced("an earlier state of the group took the place of its file")
        self._uuid, self._version = found["uuid"], version

    def _check_not_replaced(self, connection: sqlite3.Connection) -> None:
        """See that the open file is the one that has the path: SQLite would use it all the same.

        Raises:
            GroupDeletedError: the group was deleted.
            GroupMovedError: there is none any more, or another, or strangers wrote into it.
        """
        found = look(self.path)
        if found == self._seen:
            return
        was_deleted = False
        if found.files != self._seen.files:
            with suppress(sqlite3.Error):
                was_deleted = is_deleted(connection)
        if found.files[0] is None:
            if was_deleted:
                self.close()
                raise self._deleted_error()
            self._lose("it was removed or moved")
        # where numbers may change, and after a deletion, what is found by the path now decides
        if self._is_on_network or was_deleted:
            self.close()
            return
        pairs = zip(self._seen.files, found.files, strict=True)
        if any(old not in (None, new) for old, new in pairs):
            self._raise_replaced("another file took the place of its file, or of the log beside it")
        self._check_not_overwritten(connection, found)
        self._seen = found

    def _check_not_overwritten(self, connection: sqlite3.Connection, found: Presence) -> None:
        """Copying over a file, and emptying it, leaves its inode: only what is in it changes."""
        if found.size_bytes < SMALLEST:
            self._raise_replaced("it was emptied", is_empty=True)
        if self.is_read_only:
            return  # nothing is sent from it, and its own journal mode may be changed by others
        if found.log_bytes < self._seen.log_bytes:
            self._raise_replaced("the log beside it was cut or copied over")
        if found.stamp == self._seen.stamp or os.name != "posix":  # elsewhere times come late
            return
        # A checkpoint first announces what it writes, so this later read finds it
        filed = ""
        try:
            row = connection.execute("SELECT value FROM meta WHERE key = 'filed'").fetchone()
            filed = str(row[0]) if row else ""
        except sqlite3.OperationalError:  # it cannot be known now
            raise
        except sqlite3.DatabaseError:  # it is none any more
            pass
        if not filed.startswith(_MOVING) and filed not in (found.stamp, look(self.path).stamp):
            self._raise_replaced("something else was written into it")

    def _raise_replaced(self, how: str, *, is_empty: bool = False) -> NoReturn:
        """Never use the file again."""
        self._lose(how, is_final=True, is_empty=is_empty)

    def _lose(self, how: str, *, is_final: bool = False, is_empty: bool = False) -> NoReturn:
        """Save what the connection can still read, or at least all ids, and say it."""
        self.ids.save()  # at once: to rescue the rest may take seconds
        connection, self._connection = self._connection, None
        rescued = ""
        if connection is not None:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            place = place_beside(self.path, "rescued")
            try:
                rescue(connection, place, self._version)
                rescued = f"What could still be read was saved in {place}"
            except (sqlite3.Error, OSError):
                pass  # it was copied over, or there is no room
            if is_empty:
                # to close it would write into the file; to open it once more, which keeps that
                # from happening, would remove the log of an empty file
                _abandoned.append(connection)
            elif is_final:
                close_untouched(connection, self.path)
            else:
                connection.close()
        if not is_final:
            advice = " Put it back to continue."
            advice += f" {rescued}; {_LOADS}." if rescued else ""
        elif is_empty:
            advice = f" {rescued}; {_LOADS}." if rescued else f" {_OF_A_COPY}"
        else:
            advice = f" {rescued}. {_ON_LOOKING}" if rescued else f" {_ON_LOOKING}"
        self._loss = _Loss(how, advice, is_final)
        raise self._moved_error(self._loss)

    def _moved_error(self, loss: _Loss) -> GroupMovedError:
        what = (
            f"The group's file {self.path} was removed or moved, though not by jobgroup, while it"
            " was open here. Nothing more was stored or sent."
        )
        if loss.is_final:
            what = (
                f"The group's file {self.path} was replaced while it was open here: {loss.how}, as"
                " programs that synchronise or restore files do, so nothing more was stored or"
                " sent."
            )
        error = GroupMovedError(f"{what}{self.ids.sentence}{loss.advice}")
        error.how = loss.how
        return error

    def _deleted_error(self) -> GroupDeletedError:
        return GroupDeletedError(
            f"The group in {self.path.name} was deleted or renamed, by this process or another,"
            f" while it was open here.{self.ids.sentence} If it was deleted, JobGroup.restore(name)"
            " brings it back from the trash."
        )

    # -- using -----------------------------------------------------------------------------------

    @contextmanager
    def read_transaction(self) -> Iterator[sqlite3.Connection]:
        """Read one consistent state."""
        with self.lock, self._map_sqlite_errors(), self._exclusive():
            connection = self._retry_while_stale(self._connect_if_needed)
            try:
                connection.execute("BEGIN")
                self._check_same_group(connection)
                yield connection
            finally:
                if self._connection is connection and connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def write_transaction(self) -> Iterator[Transaction]:
        """Write one transaction, durable when the block is left; nothing of it if that fails.

        Raises:
            StorageError: it could not be written, and the group is as it was.
        """
        with self.lock, self._map_sqlite_errors(), self._exclusive():
            connection = self._retry_while_stale(self._connect_to_write)
            if self.is_read_only:
                raise StorageError(
                    f"The group's file {self.path} cannot be written to, so the group can only be"
                    " looked at. Nothing was changed."
                )
            before = connection.total_changes
            try:
                if not connection.in_transaction:
                    connection.execute("BEGIN IMMEDIATE")
                self._check_same_group(connection)
                tx = Transaction(connection)
                yield tx
                connection.execute("COMMIT")
            finally:
                # a full disk has ended it already, and what was replaced is closed
                if self._connection is connection and connection.in_transaction:
                    connection.execute("ROLLBACK")
            if not self._is_on_network:  # there the next opening sees it
                self._check_not_replaced(connection)
            self._version = tx.__dict__.get("version", self._version)
            # a small row dirties about three pages of the log
            self._written += 12_000 + 500 * (connection.total_changes - before) + tx.large_bytes
            if self._written > CHECKPOINT_BYTES and not self._is_on_network:
                self._written = 0
                self._checkpoint(connection)

    @contextmanager
    def busy_timeout(self, patience_s: float) -> Iterator[None]:
        """Wait for others' locks no longer than this in what the block writes.

        During that time no thread of this process can read, so repeated tries wait briefly.
        On shared file systems the turn to write is waited for instead, as ever.
        """
        with self.lock:
            if self._is_on_network:
                yield
                return
            with (
                self._map_sqlite_errors(),
                suppress(GroupDeletedError),
            ):  # the block meets it itself
                self._connect_if_needed().execute(f"PRAGMA busy_timeout = {patience_s * 1000:.0f}")
            try:
                yield
            finally:
                if self._connection is not None:
                    whole = f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000:.0f}"
                    self._connection.execute(whole)

    def copy_into(self, other: sqlite3.Connection) -> None:
        """Copy all that the file holds at present into another database."""
        with self.lock, self._map_sqlite_errors(), self._exclusive():
            self._retry_while_stale(self._connect_if_needed).backup(other)

    def compact(self) -> None:
        """Free unused room inside the file; StorageError if another process uses it."""
        with self.lock, self._map_sqlite_errors(), self._exclusive():
            connection = self._retry_while_stale(self._connect_if_needed)
            connection.execute("VACUUM")
            if not self._is_on_network:
                self._checkpoint(connection)
            self.close()  # the last one to close it removes the log

    def data_version(self) -> int:
        """A number that changes when another connection has written. Costs microseconds."""
        with self.lock, self._map_sqlite_errors(), self._exclusive():
            value: int = (
                self._retry_while_stale(self._connect_if_needed)
                .execute("PRAGMA data_version")
                .fetchone()[0]
            )
            return value

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        """Move the log into the file, so that every process can tell it from what strangers write.

        A mark is filed first, and afterwards how the file looks then; a kill between them leaves
        the mark, which stands for any look.
        """
        helper = None
        mark = f"{_MOVING} {uuid.uuid4().hex}"
        try:
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('filed', ?)", (mark,))
            connection.execute("BEGIN IMMEDIATE")
            helper = connect(self.path, "mode=rw")
            helper.execute("PRAGMA wal_checkpoint(PASSIVE)")
            helper.close()
            stamp = look(self.path).stamp
            # ended first: another transaction restarts the log, this one would only continue it
            connection.execute("ROLLBACK")
            connection.execute(
                "UPDATE meta SET value = ? WHERE key = 'filed' AND value = ?", (stamp, mark)
            )
        except (sqlite3.Error, StorageError):
            pass  # the log only stays longer
        finally:
            if helper is not None:
                helper.close()
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """On a network file system, let one machine use the file at a time.

        SQLite's own locks may be local to each machine there: a reader takes the journal of
        another machine's write for one that a crash left, and undoes that write. And a file that
        stays open may show old content; one that is opened after the other's end does not
        (close-to-open consistency).
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
            # its journal is made now, by a change, since a cache may say that there is one already
            for change in ("+ 1", "- 1"):
                connection.execute(f"UPDATE meta SET value = value {change} WHERE key = 'version'")  # noqa: S608
        return connection

    def _retry_while_stale(self, function: Callable[[], T]) -> T:
        """Use the file although a cache says for some moments that another's journal is there."""
        give_up_at = time.monotonic() + STALE_FOR_S
        while True:
            try:
                return function()
            except sqlite3.OperationalError as error:
                code = getattr(error, "sqlite_errorcode", 0)  # none of what we raise ourselves
                is_stale = code & 0xFF == sqlite3.SQLITE_CANTOPEN
                is_over = time.monotonic() > give_up_at or not os.path.exists(self.path)  # noqa: PTH110
                if not (self._has_turn and is_stale) or is_over:
                    raise
            self.close()
            time.sleep(0.1)

    @contextmanager
    def _map_sqlite_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "decode to UTF-8" in str(error):
                # a damaged text; from now on such texts are read with marks in them
                self._has_damaged_texts = True
                if self._connection is not None:
                    self._connection.text_factory = as_text
            raise storage_error(self.path, error, BUSY_TIMEOUT_S) from error
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            raise CorruptGroupError(
                f"The group's file {self.path} is damaged ({error}). Its bytes were kept."
            ) from error


def is_deleted(connection: sqlite3.Connection) -> bool:
    """Whether the group was deleted while a process may have had it open."""
    mark = connection.execute("SELECT 1 FROM meta WHERE key = 'deleted_at'").fetchone()
    return mark is not None


def _storable(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


_open_databases: weakref.WeakSet[Database] = weakref.WeakSet()
_abandoned: list[sqlite3.Connection] = []
_held_over_fork: list[Database] = []


def _before_fork() -> None:
    """SQLite's table of locks would be inherited, and the child believe that it holds them."""
    for database in list(_open_databases):
        database.lock.acquire()
        _held_over_fork.append(database)
        with suppress(sqlite3.Error):
            database.close()


def _after_fork() -> None:
    while _held_over_fork:
        _held_over_fork.pop().lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )
