"""Provide an event loop whose clock stops while the process is stopped."""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import Final

SLEEP_TOLERANCE_S: Final = 1.0
"""Delay of a wait's end, in seconds, from which the process must have been stopped."""


class _PauseCounting(selectors.DefaultSelector):
    """A selector that measures for how long the process was stopped during waits."""

    paused_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.monotonic()
        found = super().select(timeout)
        late_s = time.monotonic() - began - (timeout or 0.0)
        if timeout is not None and late_s > SLEEP_TOLERANCE_S:
            self.paused_s += late_s
            # A wait that was interrupted by a signal reports a timeout and no sockets.
            found = found or super().select(0)
        return found


class PatientLoop(asyncio.SelectorEventLoop):
    """A loop whose timeouts do not count while the process is stopped, for example by Ctrl-Z.

    Responses that arrived during that time are read before a timeout ends the wait for them.
    """

    def __init__(self) -> None:
        self._pauses = _PauseCounting()
        super().__init__(self._pauses)

    def time(self) -> float:
        """Return the loop's time in seconds, by which all timeouts and sleeps are measured."""
        return super().time() - self._pauses.paused_s
