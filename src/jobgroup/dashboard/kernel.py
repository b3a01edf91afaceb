"""Find out whether this kernel is running a cell, when browser messages may not arrive."""

from __future__ import annotations

import sys
import time
from typing import Any, Final

LOST_AFTER_S: Final = 60.0
"""Seconds of silence after which a page counts as gone. A visible page keeps sending messages."""

LOST_AFTER_UNSEEN_S: Final = 600.0
"""The same if it is unknown whether a cell blocks the kernel."""


class CellMonitor:
    """Tracks the cells that this kernel runs, if it has IPython."""

    def __init__(self) -> None:
        self._shell = _shell()
        self._ended_at = 0.0
        self.open()

    def open(self) -> None:
        """Start, or restart after `close`, in a cell that creates or displays a dashboard."""
        self.close()
        self._is_running = True
        if self._shell is not None:
            self._shell.events.register("pre_run_cell", self._begin)
            self._shell.events.register("post_run_cell", self._end)

    def is_lost(self, silent_s: float, after_s: float | None = None) -> bool:
        """Return whether a browser that has been silent for `silent_s` seconds is gone."""
        if self._shell is None:
            return silent_s > (LOST_AFTER_UNSEEN_S if after_s is None else after_s)
        idle_s = time.monotonic() - self._ended_at
        is_over = min(silent_s, idle_s) > (LOST_AFTER_S if after_s is None else after_s)
        return is_over and not self._is_running

    def close(self) -> None:
        if self._shell is not None:
            for event, callback in (("pre_run_cell", self._begin), ("post_run_cell", self._end)):
                if callback in self._shell.events.callbacks[event]:
                    self._shell.events.unregister(event, callback)

    def _begin(self, *_: object) -> None:
        self._is_running = True

    def _end(self, *_: object) -> None:
        self._is_running = False
        self._ended_at = time.monotonic()


def _shell() -> Any:
    """Return the running IPython, without importing it."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()
