"""An event loop whose clock stops while the whole process is stopped."""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import Final

PAUSE_S: Final = 1.0
"""If a wait ends this many seconds late or more, the whole process was stopped during the wait."""


class _PauseCounting(selectors.DefaultSelector):
    """A selector that measures how long the process was stopped while it waited."""

    paused_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.monotonic()
        found = super().select(timeout)
        late_s = time.monotonic() - began - (timeout or 0.0)
        if timeout is not None and late_s > PAUSE_S:
            self.paused_s += late_s
            # a wait that a signal interrupted reports a timeout and no sockets at all
            found = found or super().select(0)
        return found


class PatientLoop(asyncio.SelectorEventLoop):
    """A loop whose timeouts exclude time for which the process was stopped, for example by Ctrl-Z.

    Responses that arrived during that time are read from their sockets before a timeout ends the
    wait for them.
    """

    def __init__(self) -> None:
        self._pauses = _PauseCounting()
        super().__init__(self._pauses)

    def time(self) -> float:
        """Return the seconds of the loop's clock, by which all timeouts and sleeps are measured."""
        return super().time() - self._pauses.paused_s
