"""Detect writes to a group's file by any process, at little cost while there are none."""

from __future__ import annotations

import math
import time
from typing import Final

from jobgroup.engine.loop import SerialThread
from jobgroup.store import GroupStore

SAME_DATE_S: Final = 2.5
"""Seconds within which a second write may leave the file's date and size unchanged.

FAT, which has the coarsest dates, stores them in steps of 2 seconds.
"""

RECHECK_INTERVAL_S: Final = 1.0
"""Seconds between two readings of the file during that time."""

FILE_READ_INTERVAL_S: Final = 10.0
"""Seconds after which the file is read even if its size and date have not changed."""


class FileWatch:
    """Decides whether a group's file must be read again, and reads its versions."""

    def __init__(self, store: GroupStore, in_thread: SerialThread) -> None:
        self._store = store
        self._in_thread = in_thread
        self._stamp: object = None
        self._changed_at = -math.inf
        self._read_at = -math.inf
        self._versions = (-1, -1)

    def must_read(self) -> bool:
        """Return whether the file may have changed since the last call that returned True.

        Raises:
            StorageError: the file cannot be examined.
        """
        now = time.monotonic()
        before, self._stamp = self._stamp, self._store.database.stamp()
        interval_s = FILE_READ_INTERVAL_S
        if self._stamp is None or self._stamp != before:
            self._changed_at, interval_s = now, 0.0
        elif self._read_at < self._changed_at + SAME_DATE_S:
            interval_s = RECHECK_INTERVAL_S
        if now < self._read_at + interval_s:
            return False
        self._read_at = now
        return True

    async def versions(self) -> tuple[int, int]:
        """Return the group's version, and a number that grows with writes by other processes.

        Raises:
            StorageError: the file cannot be read.
        """
        if self.must_read():
            try:
                self._versions = await self._in_thread(self._read)
            except BaseException:
                self._stamp = None  # so that the next call reads again
                raise
        return self._versions

    def _read(self) -> tuple[int, int]:
        data_version = self._store.database.data_version()
        return self._store.version, data_version
