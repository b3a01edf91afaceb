"""Describe errors of SQLite and the disk: full, locked, missing, read-only."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from jobgroup.errors import StorageError

_INDEX_BYTES: Final = 32 * 1024
"""Minimum size of the files that SQLite creates to read a file with a write-ahead log."""


_MAX_PATH_BYTES: Final = 450
"""Length, in bytes, from which paths may be too long for SQLite, which uses 512 on most systems."""


def describe(error: Exception, path: Path) -> str:
    """Return SQLite's description of an error, or say that the disk is full or the path too long.

    If the index of the log does not fit on the disk, SQLite only reports an I/O error. For a path
    that is too long, it only reports that it cannot open the file.
    """
    text = str(error) or type(error).__name__
    if "unable to open" in text and len(os.fsencode(path.absolute())) > _MAX_PATH_BYTES:
        return "its path is too long for SQLite"
    if "disk I/O" in text or "unable to open" in text:
        with suppress(OSError):
            if shutil.disk_usage(path.parent).free < _INDEX_BYTES:
                return "database or disk is full"
    return text


def storage_error(path: Path, error: sqlite3.OperationalError, waited_s: float) -> StorageError:
    text = describe(error, path)
    advice = "Nothing was changed."
    if "locked" in text or "busy" in text:
        advice = (
            f"Another process has been writing to it for more than {waited_s:g} s."
            " Nothing was changed; try again."
        )
    elif "locking protocol" in text:  # another process was stopped while it recovered the log
        advice = (
            "Another process keeps it locked and does not continue. Nothing was changed. Resume or"
            " end that process, and try again."
        )
    elif "full" in text:
        advice = "The disk is full. Nothing was changed. Free some space and try again."
    elif "unable to open" in text:
        advice = (
            "Nothing was changed. Check that it exists and that you may read it, or set"
            " JOBGROUP_DATA_DIR to another directory."
        )
    elif "readonly" in text:
        advice = "It cannot be written to. Nothing was changed."
    return StorageError(f"The group's file {path}: {text}. {advice}")
