"""Check which group, state and file an open connection uses.

SQLite keeps using a file that another program has removed or overwritten, and later writes would be
lost. So each use of a group first checks that the file is the one that was opened.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from jobgroup.store.lost_file import FileLostError
from jobgroup.store.presence import MIN_DATABASE_BYTES, Presence, look

MOVING_LOG = "the log is being moved into the file"
"""Start of the mark that the group's values contain while a checkpoint runs; see `Database`."""


class GroupDeleted(Exception):  # noqa: N818 # `Database` converts it to an error
    """A process deleted the group."""


class Identity:
    """The group and file that were opened, for comparison with those on disk.

    Args:
        path: path of the file.
        is_on_network: whether device and inode may change between two checks.
    """

    def __init__(self, path: Path, *, is_on_network: bool) -> None:
        self._path = path
        self._is_on_network = is_on_network
        self._uuid: str | None = None
        self.version = 0
        self.seen = Presence()

    @property
    def is_known(self) -> bool:
        """Whether the group was open before."""
        return self._uuid is not None

    def check_group(self, connection: sqlite3.Connection, *, was_open: bool) -> None:
        """Check that the file contains the group that was opened, and not an earlier state of it.

        From an earlier state, later actions would be repeated, such as sending jobs.

        Args:
            connection: connection to the file.
            was_open: whether the connection was already open; then another program wrote the other
                group into the file.

        Raises:
            GroupDeleted: the group was deleted, perhaps before a new group took its name.
            FileLostError: the file contains another group or an earlier state.
        """
        found = dict(
            connection.execute(
                "SELECT key, value FROM meta WHERE key IN ('uuid', 'version', 'deleted_at')"
            ).fetchall()
        )
        is_another = self._uuid not in (None, found.get("uuid"))
        if is_another and was_open:
            raise FileLostError("another group was written into its file")
        if is_another or "deleted_at" in found:
            raise GroupDeleted
        version = found.get("version")
        if not isinstance(version, int) or version < self.version:
            raise FileLostError("an earlier state of the group took the place of its file")
        self._uuid, self.version = found["uuid"], version

    def check_file(self, connection: sqlite3.Connection, *, is_read_only: bool) -> bool:
        """Check that the open file is the one at the path; return False if it must be reopened.

        Raises:
            GroupDeleted: the group was deleted.
            FileLostError: another program removed, replaced or overwrote the file.
        """
        found = look(self._path)
        if found == self.seen:
            return True
        was_deleted = False
        if found.files != self.seen.files:
            with suppress(sqlite3.Error):
                was_deleted = is_deleted(connection)
        if found.files[0] is None:
            if was_deleted:
                raise GroupDeleted
            raise FileLostError("it was removed or moved", is_final=False)
        # If inode numbers may change, or after a deletion, the path must be opened again.
        if self._is_on_network or was_deleted:
            return False
        pairs = zip(self.seen.files, found.files, strict=True)
        if any(old not in (None, new) for old, new in pairs):
            raise FileLostError("another file took the place of its file, or of the log next to it")
        self._check_not_overwritten(connection, found, is_read_only=is_read_only)
        self.seen = found
        return True

    def _check_not_overwritten(
        self, connection: sqlite3.Connection, found: Presence, *, is_read_only: bool
    ) -> None:
        """Raise FileLostError if the file was overwritten or emptied, which keeps the inode."""
        if found.size_bytes < MIN_DATABASE_BYTES:
            raise FileLostError("it was emptied", is_empty=True)
        if is_read_only:
            return  # such a group sends nothing, and other processes may change the journal mode
        if found.log_bytes < self.seen.log_bytes:
            raise FileLostError("the log next to it was cut or copied over")
        if found.stamp == self.seen.stamp or os.name != "posix":  # on Windows, times may be late
            return
        # A checkpoint stores its mark before it writes, so this later read finds the mark.
        filed = ""
        try:
            row = connection.execute("SELECT value FROM meta WHERE key = 'filed'").fetchone()
            filed = str(row[0]) if row else ""
        except sqlite3.OperationalError:  # the file may be locked
            raise
        except sqlite3.DatabaseError:  # the file is no longer a group's
            pass
        if not filed.startswith(MOVING_LOG) and filed not in (found.stamp, look(self._path).stamp):
            raise FileLostError("something else was written into it")


def is_deleted(connection: sqlite3.Connection) -> bool:
    """Return whether the group was deleted while a process may have had it open."""
    mark = connection.execute("SELECT 1 FROM meta WHERE key = 'deleted_at'").fetchone()
    return mark is not None
