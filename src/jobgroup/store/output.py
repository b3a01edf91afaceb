"""Files that the user names, outside the data directory: written whole, or not there."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jobgroup.errors import FileKeptError, StorageError
from jobgroup.store.opening import rename_to_new


@contextmanager
def written(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Gives another path to write to, whose file takes the name when the block is left.

    Raises:
        FileKeptError: the file exists, and `overwrite` is not True; it was not touched.
        StorageError: it could not be written; what was there is as it was.
    """
    if not overwrite and path.exists():
        raise _kept(path)
    unfinished = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        yield unfinished
        if overwrite:
            unfinished.replace(path)
        else:
            rename_to_new(unfinished, path)
    except FileExistsError:
        raise _kept(path) from None
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(
            f"{path} could not be written ({error.strerror or error}). Nothing was changed."
        ) from error
    finally:
        for suffix in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                os.unlink(f"{unfinished}{suffix}")  # noqa: PTH108  # of a path with a suffix


def _kept(path: Path) -> FileKeptError:
    return FileKeptError(
        f"{path} exists already, and was kept. Choose another name, or overwrite=True."
    )
