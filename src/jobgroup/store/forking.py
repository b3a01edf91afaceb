"""Close open files at a fork, because a child would believe that it holds its parent's locks."""

from __future__ import annotations

import os
import sqlite3
import time
import weakref
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Protocol

from jobgroup.errors import StorageError


class OpenFile(Protocol):
    """A group's file that this process has open."""

    path: Path
    lock: RLock

    def close(self) -> None:
        """Close the connection; the next use opens a new one."""

    def abandon(self) -> sqlite3.Connection | None:
        """Drop the connection without closing it, and return it."""


_open: weakref.WeakSet[OpenFile] = weakref.WeakSet()
_held: list[OpenFile] = []
_missed: list[OpenFile] = []
_unusable: set[Path] = set()
_abandoned: list[sqlite3.Connection] = []
_patience_s = -1.0


def follow(database: OpenFile) -> None:
    """Close a file at each fork; its next use opens it again."""
    _open.add(database)


def limit_wait(seconds: float) -> None:
    """Limit the time that forks wait for files in use, so that this process does not block.

    A child that continues in Python cannot use those files. A child that starts another program
    does not need them.
    """
    global _patience_s  # noqa: PLW0603  # a fact about the process
    _patience_s = seconds


def check_usable(path: Path) -> None:
    """Raise StorageError if this process was forked while the file was in use."""
    if path in _unusable:
        raise StorageError(
            f"{path} cannot be used in this process, which was forked while its parent used the"
            " file. Nothing was changed. Start a new process instead."
        )


def _before() -> None:
    give_up = time.monotonic() + _patience_s
    for database in list(_open):
        left_s = -1.0 if _patience_s < 0 else max(0.0, give_up - time.monotonic())
        if not database.lock.acquire(timeout=left_s):
            _missed.append(database)
            continue
        _held.append(database)
        with suppress(sqlite3.Error):
            database.close()


def _after_in_parent() -> None:
    _missed.clear()
    while _held:
        _held.pop().lock.release()


def _after_in_child() -> None:
    for database in _missed:
        _unusable.add(database.path)
        database.lock = RLock()  # a thread of the parent holds the old lock
        if (connection := database.abandon()) is not None:
            _abandoned.append(connection)  # closing it could wait for that thread
    _after_in_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
