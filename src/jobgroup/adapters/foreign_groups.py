"""Find and read groups in other libraries' files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from jobgroup.adapters.base import ForeignGroup, UnreadableGroupError
from jobgroup.adapters.perceval.egrp import read_egrp
from jobgroup.adapters.perceval.jgrp import read_jgrp
from jobgroup.perceval_settings import data_directory

_READERS: Final = {".jgrp": read_jgrp, ".egrp": read_egrp}

GROUP_SUFFIXES: Final = tuple(_READERS)


def group_directories() -> list[Path]:
    """Return the directories in which other libraries keep groups. They may not exist."""
    here = Path("execution_groups")
    with suppress(OSError):  # The user may have no home directory, or no working directory.
        here = here.absolute()
        return [data_directory() / "job_group", here]
    return [here]


def read_group(path: Path) -> ForeignGroup:
    """Read a group from another library's file, without changing the file.

    Raises:
        UnreadableGroupError: the file is damaged or has no group.
    """
    try:
        return _READERS.get(path.suffix, read_jgrp)(path)
    except UnreadableGroupError as error:
        unreadable = error.with_traceback(None)
        unreadable.__cause__ = unreadable.__context__ = None
    raise unreadable  # without the frames that read the file, which has a token for each job
