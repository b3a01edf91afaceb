"""The file at the path of an open group, as the file system reports it, without opening it.

To open and close a file by another way than SQLite's would drop the locks that SQLite has on it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from jobgroup.errors import StorageError

SMALLEST = 512
"""Bytes of the smallest page of SQLite; a file with a group in it is never smaller."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Which files are at a group's path and beside it, and what shows that others wrote there.

    Attributes:
        files: device and inode of the file, of its log, and of the log's index, or None.
        size_bytes: of the file.
        log_bytes: of the log, which grows and is never cut while a process has the file open.
        stamp: changes when the file is written to, which happens only when the log is moved into
            it; see `Database._checkpoint`.
    """

    files: tuple[tuple[int, int] | None, ...] = (None, None, None)
    size_bytes: int = 0
    log_bytes: int = 0
    stamp: str = ""


def look(path: Path) -> Presence:
    """See what is there, in some microseconds; StorageError if the file system does not tell."""
    file, log, index = (_stat(f"{path}{suffix}") for suffix in ("", "-wal", "-shm"))
    return Presence(
        tuple(
            None if found is None else (found.st_dev, found.st_ino) for found in (file, log, index)
        ),
        file.st_size if file else 0,
        log.st_size if log else 0,
        f"{file.st_size} {file.st_mtime_ns}" if file else "",
    )


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116  # half of the time of Path.stat
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(
            f"The group's file {path} cannot be looked at ({error.strerror or error}). Nothing was"
            " changed; try again."
        ) from error
