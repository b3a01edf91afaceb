"""Files that are whole and on disk under their name, or not there: also after a power cut."""

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
    """Gives a new, empty file, which takes the target's name when the block is left.

    No process sees half of it under that name. If the block fails, or the name is taken, nothing of
    it is left.

    Args:
        target: its name.
        overwrite: takes the place of a file that is there.
        mode: its permissions, less what the umask takes away.

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
    """Return the beginning of a file; OSError for what is none, such as a pipe or a device."""
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe would keep us waiting
    with open(fd, "rb") as file:  # noqa: PTH123  # by its descriptor
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(f"{path} is not a file")
        return file.read(most_bytes)


def move(source: Path, target: Path, *, overwrite: bool = False) -> None:
    """Give a whole file its name, for good; FileExistsError if the name is taken."""
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
    """Give a file another name; FileExistsError, and no change, if the name is taken."""
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
    """Let only its owner read a file, and what SQLite makes beside it: that has the same mode."""
    with suppress(OSError):  # there is none
        if os.name != "posix" or not path.stat().st_mode & 0o077:
            return
    for suffix in ("", *BESIDE):
        with suppress(OSError):  # there is none, or it is another user's
            Path(f"{path}{suffix}").chmod(0o600)


def make_directory(directory: Path) -> None:
    """Make a directory and those above it, mode 0700, for good; OSError if it cannot be made."""
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        sync_directory(each.parent)


def sync_directory(directory: Path) -> None:
    """Let names that were given in a directory outlast a power cut, where the system can."""
    with suppress(OSError):  # no such thing on Windows, nor on some network file systems
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
