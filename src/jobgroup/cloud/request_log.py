"""What the cloud was asked: one entry per request, so that tests can count and compare."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final

MAX_ENTRIES: Final = 100_000


@dataclass(slots=True)
class LoggedRequest:
    """One request.

    Attributes:
        method: as it came.
        path: as it came.
        call: what it asks for (see `jobgroup.cloud.faults.Fault`), None if it is none of them.
        key: its `Idempotency-Key`, None if it has none.
        time: when it arrived, seconds since the epoch.
        status: the HTTP status of its response, None if none was sent.
        faults: the kinds of the faults that happened to it.
    """

    method: str
    path: str
    call: str | None
    key: str | None
    time: float = field(default_factory=time.time)
    status: int | None = None
    faults: tuple[str, ...] = ()


class RequestLog:
    """The last 100,000 requests, oldest first. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[LoggedRequest] = deque(maxlen=MAX_ENTRIES)

    def begin(self, method: str, path: str, call: str | None, key: str | None) -> LoggedRequest:
        """Log a request; its status and faults are set later."""
        entry = LoggedRequest(method, path, call, key)
        with self._lock:
            self._entries.append(entry)
        return entry

    def entries(self) -> list[LoggedRequest]:
        """Copies of all entries, as they are now."""
        with self._lock:
            return [replace(entry) for entry in self._entries]
