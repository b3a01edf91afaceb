"""Save what is left of an open group after another program removed or replaced its file."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from jobgroup.errors import GroupMovedError
from jobgroup.store.connection import close_untouched, rescue
from jobgroup.store.known_ids import KnownIds, place_beside

_LOADS = "JobGroup.load(path, name=...) turns it into a group"
_OF_A_COPY = f"If you have a copy of it, {_LOADS}."
_ON_LOOKING = "Open the group again with JobGroup.open(name), and check its jobs before you run it."


class FileLostError(Exception):
    """An open group's file is no longer the one that was opened. `Database` handles this error.

    Args:
        how: clause that says what happened, such as "it was emptied".
        is_final: whether the file is never used again, even if a group is found there.
        is_empty: whether nothing is left in the file.
    """

    def __init__(self, how: str, *, is_final: bool = True, is_empty: bool = False) -> None:
        super().__init__(how)
        self.how = how
        self.is_final = is_final
        self.is_empty = is_empty


@dataclass(frozen=True)
class Loss:
    """A lost file. Each later use of its group raises an error.

    Attributes:
        path: path of the file.
        how: clause that says what happened, such as "it was emptied".
        is_final: whether the file is never used again, even if a group is found there.
        advice: sentences for the error, each after a space.
    """

    path: Path
    how: str
    is_final: bool
    advice: str

    def error(self, ids: KnownIds) -> GroupMovedError:
        what = (
            f"The group's file {self.path} was removed or moved, though not by jobgroup, while it"
            " was open here. Nothing more was stored or sent."
        )
        if self.is_final:
            what = (
                f"The group's file {self.path} was replaced while it was open here: {self.how}, as"
                " programs that synchronize or restore files do, so nothing more was stored or"
                " sent."
            )
        error = GroupMovedError(f"{what}{ids.sentence}{self.advice}")
        error.how = self.how
        return error


def save_the_rest(
    lost: FileLostError, connection: sqlite3.Connection | None, path: Path, version: int
) -> Loss:
    """Save the rows that the connection can still read, and close the connection.

    Args:
        lost: error that says how the file was lost.
        connection: connection to the lost file; None if it was closed.
        path: path of the file.
        version: the group's version when it was last read; an earlier state is not saved.
    """
    rescued = ""
    if connection is not None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        place = place_beside(path, "rescued")
        try:
            rescue(connection, place, version)
            rescued = f"The part that could still be read was saved in {place}"
        except (sqlite3.Error, OSError):
            pass  # the file was copied over, or the disk is full
        if lost.is_empty:
            # Closing the connection would write to the file. Opening another one would prevent
            # this, but would remove an empty file's log.
            _abandoned.append(connection)
        elif lost.is_final:
            close_untouched(connection, path)
        else:
            connection.close()
    if not lost.is_final:
        advice = " Put it back to continue."
        advice += f" {rescued}; {_LOADS}." if rescued else ""
    elif lost.is_empty:
        advice = f" {rescued}; {_LOADS}." if rescued else f" {_OF_A_COPY}"
    else:
        advice = f" {rescued}. {_ON_LOOKING}" if rescued else f" {_ON_LOOKING}"
    return Loss(path, lost.how, lost.is_final, advice)


_abandoned: list[sqlite3.Connection] = []
