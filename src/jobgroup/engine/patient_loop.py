"""An event loop whose clock stands still while the whole process is stopped."""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import Final

PAUSE_S: Final = 1.0
"""A wait that ends later than this was stopped together with the process."""


class _PauseCounting(selectors.DefaultSelector):
    """Measures for how long the process was stopped while it waited."""

    paused_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.monotonic()
        found = super().select(timeout)
        late_s = time.monotonic() - began - (timeout or 0.0)
        if timeout is not None and late_s > PAUSE_S:
            self.paused_s += late_s
            # a wait that a signal has interrupted reports a timeout, and no socket at all
            # a wait that a signal has interrupted reports a timeout, and no socket at all
            found = found or super().select(0)
        return found


class PatientLoop(asyncio.SelectorEventLoop):
    """Measures timeouts without the time for which the process was stopped, for example by Ctrl-Z.

    Responses that arrived during that time are read from their sockets before a timeout ends the
    wait for them.
    """

    def __init__(self) -> None:
        self._pauses = _PauseCounting()
        super().__init__(self._pauses)

    def time(self) -> float:
        """Seconds on the loop's clock, by which every timeout and sleep is measured."""
        return super().time() - self._pauses.paused_s
