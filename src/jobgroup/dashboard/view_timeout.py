"""Close dashboards that no page shows any more, such as those of a repeated cell."""

from __future__ import annotations

from threading import Lock
from typing import Protocol

from jobgroup.dashboard.threads import OwnThread
from jobgroup.logs import logger

_log = logger(__name__)

CLOSED_AFTER_S = 600.0
"""Seconds without a view after which a dashboard is closed."""

VIEW_CHECK_INTERVAL_S = 30.0


class Viewed(Protocol):
    """A dashboard that pages may show."""

    @property
    def has_views(self) -> bool:
        """Whether a page has a view of the dashboard, even if it is out of sight."""

    def is_unviewed(self, for_s: float) -> bool:
        """Whether no page has had a view for `for_s` seconds, and no program observes the state."""

    def close(self) -> None:
        """Close the dashboard."""


class ViewTimeout:
    """Dashboards to close, and a thread that runs while some of them have no view."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._dashboards: list[Viewed] = []
        self._thread = OwnThread(self._step)

    def add(self, dashboard: Viewed) -> None:
        """Close a dashboard once it has been unviewed for `CLOSED_AFTER_S`."""
        with self._lock:
            self._dashboards.append(dashboard)
        self._thread.wake()

    def discard(self, dashboard: Viewed) -> None:
        """Forget a dashboard, if it is one of these."""
        with self._lock:
            if dashboard not in self._dashboards:
                return
            self._dashboards.remove(dashboard)
        self._thread.wake()

    def look(self, dashboard: Viewed) -> None:
        """Handle that a dashboard may have lost its last view."""
        if not dashboard.has_views and dashboard in self._dashboards:
            self._thread.wake()

    def _step(self) -> float | None:
        with self._lock:
            unviewed = [each for each in self._dashboards if not each.has_views]
        over = [each for each in unviewed if each.is_unviewed(CLOSED_AFTER_S)]
        for each in over:
            try:
                each.close()
            except Exception:  # noqa: BLE001 # the other dashboards must still be closed
                _log.warning("A dashboard without views could not be closed", exc_info=True)
                self.discard(each)
        return VIEW_CHECK_INTERVAL_S if len(over) < len(unviewed) else None
