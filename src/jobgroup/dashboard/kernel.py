"""What the host lets us know: whether a cell is running, during which no message may be heard."""

from __future__ import annotations

import sys
import time
from typing import Any, Final

LOST_AFTER_S: Final = 60.0
"""A page in sight says something every few seconds."""

LOST_AFTER_S_UNSEEN: Final = 600.0
"""The same where it is unknown whether a cell keeps the kernel from hearing it."""


class CellWatch:
    """Follows the cells of this kernel, where there is IPython.

    Most kernels that run a cell handle no message of the browser, so silence says nothing then.
    """

    def __init__(self) -> None:
        self._is_running = False
        self._ended_at = time.monotonic()
        shell = _shell()
        if shell is not None:
            self._is_running = True  # who makes a dashboard does it in a cell
            shell.events.register("pre_run_cell", self._begin)
            shell.events.register("post_run_cell", self._end)

    def is_lost(self, silent_s: float) -> bool:
        """Whether a browser that has said nothing for so long is gone."""
        if _shell() is None:
            return silent_s > LOST_AFTER_S_UNSEEN
        return not self._is_running and min(silent_s, self._idle_s()) > LOST_AFTER_S

    def _idle_s(self) -> float:
        return time.monotonic() - self._ended_at

    def close(self) -> None:
        """Follow no longer."""
        shell = _shell()
        if shell is not None:
            for event, callback in (("pre_run_cell", self._begin), ("post_run_cell", self._end)):
                if callback in shell.events.callbacks[event]:
                    shell.events.unregister(event, callback)

    def _begin(self, *_: object) -> None:
        self._is_running = True

    def _end(self, *_: object) -> None:
        self._is_running = False
        self._ended_at = time.monotonic()


def _shell() -> Any:
    """The running IPython; asking for it does not import it."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()
