"""Let one process at a time write to a network file system, where SQLite's locks may not work."""

from __future__ import annotations

import atexit
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from jobgroup.errors import StorageError
from jobgroup.store.atomic import rename_to_new
from jobgroup.store.connection import BUSY_TIMEOUT_S

LEASE_S = 30.0
"""Seconds without a heartbeat after which a writer loses its turn. Writers send three heartbeats in
this time.
"""

UNCLAIMED_LOCK_TTL_S = 5.0
"""Seconds after which a lock without a record is taken for that of a killed writer."""

LOCK_RETRY_INTERVAL_S = 0.5

EXIT_S = 10.0
"""Seconds for which the interpreter's exit waits for writes in progress."""


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """Hold the right to write a group's file during a block.

    Raises:
        StorageError: other processes kept the lock all the time, the lock cannot be written, or the
            interpreter is shutting down.
    """
    if not _under_way.begin():
        raise StorageError(
            f"The group's file {path} was not written, because Python is shutting down. Nothing was"
            " changed."
        )
    try:
        with _turn(path):
            yield
    finally:
        _under_way.end()


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    from filelock import SoftFileLease, Timeout

    marker = Path(f"{path}.lock")
    lease = SoftFileLease(marker, mode=0o600, lease_duration=LEASE_S, thread_local=False)
    give_up_at = time.monotonic() + LEASE_S + BUSY_TIMEOUT_S
    seen, seen_at = None, 0.0
    while True:
        try:
            lease.acquire(timeout=LOCK_RETRY_INTERVAL_S)
            break
        except Timeout as error:
            now, sign = time.monotonic(), _sign_of_life(marker)
            if sign != seen:
                seen, seen_at = sign, now
            elif sign is not None and now - seen_at > (
                LEASE_S if sign.size_bytes else UNCLAIMED_LOCK_TTL_S
            ):
                _remove_dead(marker, sign)
            if now > give_up_at:
                raise StorageError(
                    f"The group's file {path} is on a network file system and is being written by"
                    f" another process ({error}). Nothing was changed; try again."
                ) from error
        except OSError as error:  # the disk may be too full for the lock's file
            raise StorageError(
                f"The group's file {path} cannot be locked: {error.strerror or error}. Nothing was"
                " changed. Free some space or make its directory writable, and try again."
            ) from error
    try:
        yield
    finally:
        with suppress(OSError):  # the block has written, and the lock expires
            lease.release()


class _UnderWay:
    """Count the turns that this process holds or waits for.

    The interpreter stops daemon threads at any point. If one of them held a turn, it would block
    every writer until the lock expires.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._turns = 0
        self._is_ending = False

    def begin(self) -> bool:
        """Count a new turn; return False if the interpreter may stop this thread during it."""
        with self._changed:
            if self._is_ending and threading.current_thread().daemon:
                return False
            self._turns += 1
            return True

    def end(self) -> None:
        """Record that a turn is over."""
        with self._changed:
            self._turns -= 1
            self._changed.notify_all()

    def finish(self) -> None:
        """Wait until the last turn is over, for a limited time."""
        with self._changed:
            self._is_ending = True
            self._changed.wait_for(lambda: self._turns <= 0, timeout=EXIT_S)


_under_way = _UnderWay()
atexit.register(_under_way.finish)


class _Sign(NamedTuple):
    inode: int
    changed_at_ns: int
    size_bytes: int


def _sign_of_life(marker: Path) -> _Sign | None:
    try:
        # The file is opened because a cache may be out of date. O_NONBLOCK keeps a pipe from
        # blocking.
        opened = os.open(marker, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            found = os.fstat(opened)
        finally:
            os.close(opened)
    except OSError:
        return None
    return _Sign(found.st_ino, found.st_mtime_ns, found.st_size)


def _remove_dead(marker: Path, sign: _Sign) -> None:
    # filelock never breaks a lock without a record, whose owner was killed early. It breaks no lock
    # at all if two names cannot be exchanged in one step, such as on NFS.
    aside = marker.with_name(f"{marker.name}.{uuid.uuid4().hex}")
    with suppress(OSError):
        marker.rename(aside)
        if _sign_of_life(aside) == sign:
            aside.unlink()
        else:  # another process was faster and has the turn
            rename_to_new(aside, marker)
