"""Read what the file system reports about an open group's file, without opening the file.

If the process opened and closed the file, it would drop SQLite's locks on it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from jobgroup.errors import StorageError

MIN_DATABASE_BYTES = 512
"""Size of SQLite's smallest page in bytes; a group's file is never smaller."""


@dataclass(frozen=True, slots=True)
class Presence:
    """The files of a group, and values that change when other programs write to them.

    Attributes:
        files: device and inode of the file, its log, and the log's index; None if missing.
        size_bytes: size of the file.
        log_bytes: size of the log, which never shrinks while a process has the file open.
        written: sizes and dates of the file and its log.
        stamp: text that changes when a program writes to the file itself, as `Database._checkpoint`
            does.
    """

    files: tuple[tuple[int, int] | None, ...] = (None, None, None)
    size_bytes: int = 0
    log_bytes: int = 0
    stamp: str = ""
    written: tuple[int, ...] = field(default=(), compare=False)


def look(path: Path) -> Presence:
    """Return what is on disk, within microseconds; raise StorageError if that is unknown."""
    file, log, index = (_stat(f"{path}{suffix}") for suffix in ("", "-wal", "-shm"))
    return Presence(
        tuple(
            None if found is None else (found.st_dev, found.st_ino) for found in (file, log, index)
        ),
        file.st_size if file else 0,
        log.st_size if log else 0,
        f"{file.st_size} {file.st_mtime_ns}" if file else "",
        tuple(n for found in (file, log) if found for n in (found.st_size, found.st_mtime_ns)),
    )


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 # twice as fast as Path.stat
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(
            f"The group's file {path} cannot be read ({error.strerror or error}). Nothing was"
            " changed; try again."
        ) from error
