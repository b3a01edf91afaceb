"""Write files at the user's paths, either completely or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobgroup.errors import OutputExistsError, StorageError
from jobgroup.store.atomic import atomic_write
from jobgroup.store.names import on_disk
from jobgroup.store.paths import data_directory


def user_path(path: str | os.PathLike[str]) -> Path:
    """Return a user's path, and replace ``~`` with the home directory.

    Raises:
        StorageError: the home directory does not exist, or no file can have that name.
    """
    try:
        found = Path(_encodable(os.fspath(path))).expanduser()
        _require_possible(found)
    except ValueError:  # including names that have no encoding
        raise StorageError(
            f"{os.fspath(path)!a} is not a valid file name on this system. Nothing was changed."
        ) from None
    except RuntimeError as error:
        raise StorageError(
            f"{os.fspath(path)!r} is not a valid path ({error}). Nothing was written or read. Use"
            " an absolute path."
        ) from None
    return found


def _require_possible(path: Path) -> None:
    """Raise ValueError if no file can have this path, because many methods of `Path` fail then."""
    try:
        path.lstat()  # raises ValueError for a null character
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise ValueError(path) from None


def _encodable(path: str) -> str:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:  # the locale is ASCII
        return on_disk(path)
    return path


@contextmanager
def write_output(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary path, and give its file the final name at the end of the block.

    Raises:
        OutputExistsError: the file exists and `overwrite` is not True; it is unchanged.
        StorageError: the file could not be written, or the path is that of a directory or device,
            or in the directory of the groups' files; an existing file is unchanged.
    """
    target = Path(os.path.realpath(path))  # a link stays, and so does /dev/stdout
    if target.exists() and not target.is_file():
        raise StorageError(f"{path} is not a regular file, so nothing was written to it.")
    if target.parent == Path(os.path.realpath(data_directory() / "groups")):
        raise StorageError(
            f"{path} is among the groups' files, so nothing was written to it. Choose another"
            " directory."
        )
    if not overwrite and path.exists():
        raise _kept(path)
    try:
        with atomic_write(target, overwrite=overwrite, mode=0o666) as unfinished:
            yield unfinished
    except FileExistsError:
        raise _kept(path) from None
    except StorageError:
        raise
    except OSError as error:
        folder = path.absolute().parent
        why = (error.strerror or error) if folder.is_dir() else f"there is no directory {folder}"
        raise StorageError(f"{path} could not be written ({why}). Nothing was changed.") from error


def _kept(path: Path) -> OutputExistsError:
    return OutputExistsError(
        f"{path} already exists and was not overwritten. Choose another name or pass"
        " overwrite=True (or --overwrite)."
    )
