"""Write files atomically: after a power cut, a file is either complete or absent."""

from __future__ import annotations

import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BESIDE = ("-wal", "-shm", "-journal")
"""Suffixes of the files that SQLite keeps next to a file."""


@contextmanager
def atomic_write(target: Path, *, overwrite: bool = False, mode: int = 0o600) -> Iterator[Path]:
    """Yield a new, empty file, and give it the target's name at the end of the block.

    Other processes never see a partial file under that name. If the block fails or the name is
    taken, the file is deleted.

    Args:
        target: final path.
        overwrite: whether to replace an existing file.
        mode: permissions, which the umask may reduce.

    Raises:
        FileExistsError: the name is taken; nothing was changed.
        OSError: the file cannot be written; nothing was changed.
    """
    unfinished = target.with_name(f".{uuid.uuid4().hex}.new")
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode))
        yield unfinished
        move(unfinished, target, overwrite=overwrite)
    finally:
        for suffix in ("", *BESIDE):
            with suppress(OSError):
                os.unlink(f"{unfinished}{suffix}")  # noqa: PTH108  # of a path with a suffix


def read_regular(path: Path, most_bytes: int) -> bytes:
    """Return at most `most_bytes` of a regular file; raise OSError for any other kind of file."""
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # reading a pipe would block
    with open(fd, "rb") as file:  # noqa: PTH123  # by its descriptor
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(f"{path} is not a file")
        return file.read(most_bytes)


def move(source: Path, target: Path, *, overwrite: bool = False) -> None:
    """Rename a complete file durably; raise FileExistsError if the new name is taken."""
    with source.open("rb+") as opened:
        os.fsync(opened.fileno())
    if overwrite:
        source.replace(target)
    else:
        rename_to_new(source, target)
    sync_directory(target.parent)
    if source.parent != target.parent:
        sync_directory(source.parent)


def rename_to_new(source: Path, target: Path) -> None:
    """Rename a file; if the name is taken, raise FileExistsError and change nothing."""
    try:
        os.link(source, target)
        if source.parent != target.parent:  # a power cut could leave only the removal
            sync_directory(target.parent)
        source.unlink()
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if target.exists():
            raise FileExistsError(target) from None
        source.rename(target)


def keep_private(path: Path) -> None:
    """Let only the owner read a file. SQLite uses the same mode for the files next to it.

    If the path is a link, nothing is changed: its target may not be a group's file.
    """
    with suppress(OSError):  # the file does not exist
        if os.name != "posix" or not path.stat().st_mode & 0o077:
            return
    for suffix in ("", *BESIDE):
        place = Path(f"{path}{suffix}")
        with suppress(OSError):  # the file does not exist, or belongs to another user
            if not place.is_symlink():
                place.chmod(0o600)


def make_directory(directory: Path) -> None:
    """Create a directory and its parents durably, with mode 0700; raise OSError if that fails."""
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        sync_directory(each.parent)


def sync_directory(directory: Path) -> None:
    """Write a directory's entries to disk, if the system supports that."""
    with suppress(OSError):  # not supported on Windows and on some network file systems
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
