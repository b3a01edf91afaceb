"""What the cloud was asked: one entry per request, so that tests can count and compare."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

MAX_ENTRIES: Final = 100_000


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request.

    Attributes:
        time: when it arrived, seconds since the epoch.
        method: as it came.
        path: as it came.
        call: what it asks for (see `jobgroup.cloud.faults.Fault`), None where it is none of them.
        key: its `Idempotency-Key`, None where it has none.
        status: the HTTP status that it was answered with, None where no answer was sent.
        faults: the kinds of the faults that happened to it.
    """

    time: float
    method: str
    path: str
    call: str | None
    key: str | None
    status: int | None = None
    faults: tuple[str, ...] = ()


class RequestLog:
    """The last 100,000 requests, oldest first. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[list[LoggedRequest]] = deque(maxlen=MAX_ENTRIES)

    def begin(self, method: str, path: str, call: str | None, key: str | None) -> _OpenEntry:
        """Note that a request came."""
        cell = [LoggedRequest(time.time(), method, path, call, key)]
        with self._lock:
            self._entries.append(cell)
        return _OpenEntry(cell)

    def entries(self) -> list[LoggedRequest]:
        """All entries."""
        with self._lock:
            return [cell[0] for cell in self._entries]

    def clear(self) -> None:
        """Forget all entries."""
        with self._lock:
            self._entries.clear()


class _OpenEntry:
    """Completes one entry."""

    def __init__(self, cell: list[LoggedRequest]) -> None:
        self._cell = cell

    def hit(self, faults: tuple[str, ...]) -> None:
        """Note which faults happened."""
        self._cell[0] = replace(self._cell[0], faults=faults)

    def answered(self, status: int) -> None:
        """Note that an answer was sent."""
        self._cell[0] = replace(self._cell[0], status=status)
