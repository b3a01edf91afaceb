"""An event loop that counts no time during which the whole process was stopped."""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import Final

PAUSE_S: Final = 1.0
"""Longer than this after its time, a wait was not late but paused, with the whole process."""


class _PauseCounting(selectors.DefaultSelector):
    """Notices that the process was stopped while it waited, and for how long."""

    paused_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.monotonic()
        found = super().select(timeout)
        late_s = time.monotonic() - began - (timeout or 0.0)
        if timeout is not None and late_s > PAUSE_S:
            self.paused_s += late_s
            found = found or super().select(0)
        return found


class PatientLoop(asyncio.SelectorEventLoop):
    """Counts no time during which the whole process was stopped (Ctrl-Z, a debugger, a full host).

    A response that arrived in between is in the socket, and is read before a timeout ends the wait
    for it: the kernel tells a wait that a signal has interrupted of no socket at all, only that
    its time is up.
    """

    def __init__(self) -> None:
        self._pauses = _PauseCounting()
        super().__init__(self._pauses)

    def time(self) -> float:
        """Seconds on the loop's clock, by which every timeout and sleep is measured."""
        return super().time() - self._pauses.paused_s
