"""Find and protect the data directory and the files of groups."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path

import platformdirs

from jobgroup.errors import InvalidNameError, StorageError
from jobgroup.store.atomic import BESIDE, make_directory
from jobgroup.store.names import SUFFIX, decode, encode, off_disk, on_disk


def data_directory() -> Path:
    """Return the data directory: ``JOBGROUP_DATA_DIR``, or the platform's default.

    The path is absolute and fixed at its first use, so a later ``%cd`` does not change it.

    Raises:
        StorageError: the user has no home directory.
    """
    chosen = os.environ.get("JOBGROUP_DATA_DIR")
    return _absolute(chosen) if chosen else _default_directory()


@cache
def _absolute(chosen: str) -> Path:
    try:
        return Path(chosen).expanduser().absolute()
    except (RuntimeError, OSError) as error:  # unknown user, or deleted directory
        raise StorageError(
            f"JOBGROUP_DATA_DIR is {chosen!r}, which is not a valid path ({error}). Nothing was"
            " stored. Set it to an absolute path."
        ) from None


def _default_directory() -> Path:
    with suppress(RuntimeError):  # newer releases of platformdirs raise it without a home directory
        found = Path(platformdirs.user_data_dir("jobgroup"))
        if found.is_absolute():
            return found
        # older releases keep the "~", which would become a directory of that name
    at_fault = "XDG_DATA_HOME" if os.environ.get("XDG_DATA_HOME") else "HOME"
    raise StorageError(
        f"There is no directory for job groups: {at_fault} is not an absolute path, and this user"
        " has no home directory. Nothing was stored. Set JOBGROUP_DATA_DIR to a writable"
        " directory."
    )


def groups_directory() -> Path:
    """Return the directory of the groups' files, created with mode 0700 if necessary."""
    return _private_directory("groups")


def trash_directory() -> Path:
    return _private_directory("trash")


def damaged_directory() -> Path:
    return _private_directory("damaged")


def group_path(name: str) -> Path:
    """Return the path for a group's name, whether the file exists or not.

    Raises:
        InvalidNameError: the name is invalid, or the file system treats it as another group's name.
    """
    path = groups_directory() / on_disk(encode(name) + SUFFIX)
    other = other_spelling(path)
    if other is not None:
        raise InvalidNameError(
            f"This file system cannot distinguish the name {name!r} from the existing group"
            f" {other!r}. Nothing was changed. Use {other!r}, or a name that differs in more than"
            " case."
        )
    return path


def other_spelling(path: Path) -> str | None:
    """Return another group whose name the file system treats as this one; None if there is none."""
    if not _ignores_case(path.parent) or not os.path.lexists(path):
        return None
    there, wanted = _names_in(path.parent), off_disk(path.name)
    if wanted in there:
        return None
    for found in there:
        if found.casefold() == wanted.casefold():
            try:
                return decode(found.removesuffix(SUFFIX))
            except InvalidNameError:
                return found
    return None  # the file system decomposes letters


def _ignores_case(directory: Path) -> bool:
    return _is_found_in_capitals(directory, directory.stat().st_dev)


@cache
def _is_found_in_capitals(directory: Path, _device: int) -> bool:
    other = directory.with_name(directory.name.swapcase())
    # Inodes are not compared: FUSE may use one for each spelling.
    return other.exists() and off_disk(other.name) not in _names_in(other.parent)


def _names_in(directory: Path) -> set[str]:
    return {off_disk(path.name) for path in directory.iterdir()}


def existing_groups() -> dict[str, Path]:
    """Return the names and files of all groups, sorted by name, without opening the files.

    Raises:
        StorageError: the directory cannot be read.
    """
    directory = groups_directory()
    found = {}
    try:
        entries = _names_in(directory)
    except OSError as error:
        raise _unreadable(directory, error.strerror) from error
    for entry in entries:
        if entry.endswith(SUFFIX):
            try:
                found[decode(entry.removesuffix(SUFFIX))] = directory / on_disk(entry)
            except InvalidNameError:
                continue  # not the file of a group
    return dict(sorted(found.items()))


def what_is_no_file(path: Path) -> str | None:
    """Return what a group's file, or one of SQLite's files next to it, is instead of a file.

    None means that it can be opened. Opening a pipe would block, and a device may do anything.
    """
    for suffix in ("", *BESIDE):
        place = Path(f"{path}{suffix}")
        try:
            mode = place.stat().st_mode
        except OSError:
            if place.is_symlink():
                return f"{place.name} is a link to nothing"
            continue
        if not stat.S_ISREG(mode):
            kind = next((word for is_one, word in _KINDS if is_one(mode)), "something else")
            return f"{place.name} is {kind}, not a file"
    return None


_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def size_on_disk(path: Path) -> int:
    """Return the size, in bytes, of a group's file and SQLite's files next to it."""
    total = 0
    for suffix in ("", *BESIDE):
        try:
            total += Path(f"{path}{suffix}").stat().st_size
        except OSError:
            continue
    return total


def remove_files(path: Path) -> None:
    """Delete a group's file and SQLite's files next to it.

    Raises:
        StorageError: the system does not allow it, for example because another user owns the file.
    """
    try:
        for suffix in ("", *BESIDE):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"The group's file {path} cannot be removed ({error.strerror}). Ask its owner to remove"
            " it."
        ) from error


def _private_directory(part: str) -> Path:
    directory = data_directory() / part
    try:
        make_directory(directory)
        if not directory.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if os.name == "posix" and stat.S_IMODE(directory.stat().st_mode) & 0o077:
            directory.chmod(0o700)
    except (OSError, ValueError) as error:
        # If another user owns the directory, its files may still be readable.
        if not os.path.isdir(directory):  # noqa: PTH112 # no error without permission
            why = error.strerror if isinstance(error, OSError) else error
            raise StorageError(
                f"The directory for job groups, {directory}, cannot be created: {why}. Nothing was"
                " stored. Set JOBGROUP_DATA_DIR to a writable directory."
            ) from error
    if not os.access(directory, os.R_OK | os.X_OK):
        raise _unreadable(directory, os.strerror(errno.EACCES))
    return directory


def _unreadable(directory: Path, why: str | None) -> StorageError:
    return StorageError(
        f"The directory for job groups, {directory}, cannot be read: {why}. Nothing was changed."
        " Set JOBGROUP_DATA_DIR to a directory of your own."
    )
