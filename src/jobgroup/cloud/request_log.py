"""Log the cloud's requests, for tests to count and compare."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final

MAX_LOGGED_REQUESTS: Final = 100_000


@dataclass(slots=True)
class LoggedRequest:
    """One request.

    Attributes:
        call: name of the call (see `jobgroup.cloud.faults.Fault`); None for another path.
        key: the request's `Idempotency-Key`; None without one.
        time: time of arrival, in seconds since the epoch.
        status: HTTP status of the response; None if no response was sent.
        faults: kinds of the faults that affected the request.
    """

    method: str
    path: str
    call: str | None
    key: str | None
    time: float = field(default_factory=time.time)
    status: int | None = None
    faults: tuple[str, ...] = ()


class RequestLog:
    """The last 100,000 requests, oldest first. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[LoggedRequest] = deque(maxlen=MAX_LOGGED_REQUESTS)

    def begin(self, method: str, path: str, call: str | None, key: str | None) -> LoggedRequest:
        """Log a request; the caller sets its status and faults later."""
        entry = LoggedRequest(method, path, call, key)
        with self._lock:
            self._entries.append(entry)
        return entry

    def entries(self) -> list[LoggedRequest]:
        """Return copies of all entries."""
        with self._lock:
            return [replace(entry) for entry in self._entries]
