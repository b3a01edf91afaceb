"""Notice writes to a group's file by any process, at little cost."""

from __future__ import annotations

import math
import time
from typing import Final

from jobgroup.engine.loop import SerialThread
from jobgroup.store import GroupStore

READ_INTERVAL_S: Final = 1.0
"""Seconds after which the file is read even if its size and date have not changed."""


class FileWatch:
    """The versions of a group's file, which the group's thread reads after possible changes."""

    def __init__(self, store: GroupStore, in_thread: SerialThread) -> None:
        self._store = store
        self._in_thread = in_thread
        self._stamp: object = None
        self._read_at = -math.inf
        self._versions = (-1, -1)

    async def versions(self) -> tuple[int, int]:
        """Return the group's version and a number that grows with writes by other processes.

        Raises:
            StorageError: the file cannot be read.
        """
        before, self._stamp = self._stamp, self._store.database.stamp()
        is_known = self._stamp is not None and self._stamp == before
        if not is_known or time.monotonic() > self._read_at + READ_INTERVAL_S:
            self._read_at = time.monotonic()
            try:
                self._versions = await self._in_thread(self._read)
            except BaseException:
                self._stamp = None  # the next call reads again
                raise
        return self._versions

    def _read(self) -> tuple[int, int]:
        data_version = self._store.database.data_version()
        return self._store.version, data_version
