"""Where the groups' files are: the data directory, its permissions, the file of each group."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import platformdirs

from jobgroup.errors import InvalidNameError, StorageError
from jobgroup.store.names import SUFFIX, decode, encode


def data_directory() -> Path:
    """The directory of everything that is kept: ``JOBGROUP_DATA_DIR``, else the platform's."""
    chosen = os.environ.get("JOBGROUP_DATA_DIR")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("jobgroup"))


def groups_directory() -> Path:
    """The directory of the groups' files, made with mode 0700 where it is missing.

    Raises:
        StorageError: it cannot be made.
    """
    return _private_directory("groups")


def trash_directory() -> Path:
    """The directory of deleted groups; they can be restored from it."""
    return _private_directory("trash")


def damaged_directory() -> Path:
    """The directory where damaged files are set aside."""
    return _private_directory("damaged")


def group_path(name: str) -> Path:
    """The file of the group of that name, whether it exists or not.

    Raises:
        InvalidNameError: the name cannot be a group's.
    """
    encoded = encode(name)
    return groups_directory() / (encoded + SUFFIX)


def existing_groups(directory: Path | None = None) -> dict[str, Path]:
    """Names, as typed, and files of all groups, sorted by name. Opens none of them."""
    found = {}
    for path in (directory or groups_directory()).glob("*" + SUFFIX):
        try:
            found[decode(path.name.removesuffix(SUFFIX))] = path
        except InvalidNameError:
            continue  # not one of ours
    return dict(sorted(found.items()))


def size_on_disk(path: Path) -> int:
    """Bytes that a group takes, with what SQLite keeps beside the file."""
    total = 0
    for suffix in ("", "-wal", "-shm", "-journal"):
        try:
            total += Path(f"{path}{suffix}").stat().st_size
        except OSError:
            continue
    return total


def remove_files(path: Path) -> None:
    """Delete a group's file and what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _private_directory(part: str) -> Path:
    directory = data_directory() / part
    try:
        data_directory().mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
        if os.name == "posix" and stat.S_IMODE(directory.stat().st_mode) & 0o077:
            directory.chmod(0o700)
    except OSError as error:
        if directory.is_dir():
            return directory  # somebody else's permissions; what can be read is read
        raise StorageError(
            f"The directory for job groups, {directory}, cannot be made: {error.strerror}."
            " Nothing was stored. Set JOBGROUP_DATA_DIR to a directory that you can write to."
        ) from error
    return directory
