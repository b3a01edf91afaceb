"""Write files atomically: after a power cut a file is complete under its name, or absent."""

from __future__ import annotations

import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BESIDE = ("-wal", "-shm", "-journal")
"""Endings of the files that SQLite keeps beside a file."""


@contextmanager
def atomic_write(target: Path, *, overwrite: bool = False, mode: int = 0o600) -> Iterator[Path]:
    """Yield a new, empty file, which takes the target's name when the block is left.

    No process sees half of it under that name. If the block fails, or the name is taken, nothing of
    it is left.

    Args:
        target: its final path.
        overwrite: replace an existing file.
        mode: permissions, which the umask may reduce.

    Raises:
        FileExistsError: the name is taken; nothing was changed.
        OSError: it cannot be written; nothing was changed.
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
    """Return the beginning of a file; raise OSError for a pipe, a device or another non-file."""
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe would keep us waiting
    with open(fd, "rb") as file:  # noqa: PTH123  # by its descriptor
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(f"{path} is not a file")
        return file.read(most_bytes)


def move(source: Path, target: Path, *, overwrite: bool = False) -> None:
    """Give a complete file its final name, durably; raise FileExistsError if the name is taken."""
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
    """Rename a file; raise FileExistsError, and change nothing, if the name is taken."""
    try:
        os.link(source, target)
        if source.parent != target.parent:  # a power cut could keep the removal alone
            sync_directory(target.parent)
        source.unlink()
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if target.exists():
            raise FileExistsError(target) from None
        source.rename(target)


def keep_private(path: Path) -> None:
    """Let only the owner read a file. SQLite creates the files beside it with the same mode.

    A link's target is left alone, because it may not be a group's file.
    """
    with suppress(OSError):  # there is none
        if os.name != "posix" or not path.stat().st_mode & 0o077:
            return
    for suffix in ("", *BESIDE):
        place = Path(f"{path}{suffix}")
        with suppress(OSError):  # there is none, or it is another user's
            if not place.is_symlink():
                place.chmod(0o600)


def make_directory(directory: Path) -> None:
    """Create a directory and its parents durably, mode 0700; raise OSError if that fails."""
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        sync_directory(each.parent)


def sync_directory(directory: Path) -> None:
    """Make a directory's entries survive a power cut, if the system supports that."""
    with suppress(OSError):  # no such thing on Windows, nor on some network file systems
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
