"""Track the rows that the browser has, and decide which rows to send. Pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Final

from jobgroup.dashboard.protocol import ClientState, Push

MAX_IN_FLIGHT: Final = 2
"""Maximum number of unacknowledged pushes."""

ACKNOWLEDGMENT_TIMEOUT_S: Final = 1.0
"""Seconds after which another push is sent even so. A kernel receives no acknowledgment while it
runs a cell, and the page must not wait for the cell.
"""

RESEND_AFTER_S: Final = (2.0, 5.0, 15.0)
"""Pauses, in seconds, after which unacknowledged rows are sent again. A page loses messages that
arrive before it is ready, and a kernel receives no requests while it runs a cell.
"""

MAX_RESENT_ROWS: Final = 2000
"""Number of jobs above which rows are sent only if a view requests them."""

DISPLAY_DELAY_S: Final = 0.3
"""Seconds within which a new view requests its rows, if the kernel can receive the request."""


def _new_epoch() -> str:
    return uuid.uuid4().hex[:12]


@dataclass
class SyncState:
    """The rows that the browser has and has acknowledged. All views of a session share them.

    Attributes:
        epoch: id of this group's current snapshot sequence.
        is_open: whether a view is open.
        sent: version up to which rows were sent; -1 before the first snapshot.
        arrived: version up to which rows are known to have arrived.
    """

    epoch: str = field(default_factory=_new_epoch)
    is_open: bool = False
    sent: int = -1
    arrived: int = -1
    _is_answer_due: bool = False
    _pushed: int = 0
    _acked: int = 0
    _pushed_at: float = float("-inf")
    _not_before: float = float("-inf")
    _resend_at: float = float("inf")
    _resends: int = 0

    def restart(self) -> None:
        """Start again for another group or the same one, and ignore the browser's rows."""
        self.epoch = _new_epoch()
        self.sent = self.arrived = -1
        self._acked = self._pushed
        self._is_answer_due = self.is_open

    def displayed(self, now: float) -> None:
        """Record that a view is being displayed. It may stay silent for a long time."""
        if not self.is_open:
            self.is_open = True
            self.sent = self.arrived = -1
            self._not_before = now + DISPLAY_DELAY_S

    def opened(self, client: ClientState | None) -> None:
        """Record that a view was opened, has these rows, and waits for any other rows."""
        self.is_open = self._is_answer_due = True
        self._not_before = float("-inf")
        is_known = client is not None and client.epoch == self.epoch
        # Rows are sent in full, so sending some of them twice is harmless.
        self.sent = client.version if client and is_known and client.version <= self.sent else -1
        self.arrived = self.sent

    def synced(self, client: ClientState | None, ack: int) -> None:
        """Record that a view has these rows and has received push number `ack`."""
        self._acked = max(self._acked, min(ack, self._pushed))
        if client is not None and client.epoch == self.epoch and client.version <= self.sent:
            self.arrived = client.version

    def closed(self) -> None:
        self.is_open = self._is_answer_due = False

    def is_overdue(self, now: float) -> bool:
        """Return whether pushes were sent and no push was acknowledged."""
        return self._acked < self._pushed and now - self._pushed_at >= ACKNOWLEDGMENT_TIMEOUT_S

    def is_behind(self, version: int) -> bool:
        """Return whether rows up to this version, or an answer, must still be sent."""
        return self.is_open and (self._is_answer_due or self.sent < version)

    def next(self, version: int, total: int, now: float) -> Push | None:
        """Return the next push for a browser that needs this version; None if no push is due."""
        is_full = (
            self._pushed - self._acked >= MAX_IN_FLIGHT
            and now < self._pushed_at + ACKNOWLEDGMENT_TIMEOUT_S
        )
        if not self.is_open or is_full or now < self._not_before:
            return None
        since, version = self.sent, max(version, self.sent)
        may_resend = total <= MAX_RESENT_ROWS
        if since < 0:
            if not self._is_answer_due and not may_resend:
                return None
        elif self.arrived < since and may_resend and now >= self._resend_at:
            since = self.arrived
        elif since == version and not self._is_answer_due:
            return None
        return Push(self._pushed + 1, self.epoch, since, version, total)

    def pushed(self, push: Push, now: float) -> None:
        self._pushed, self._pushed_at = push.n, now
        if push.epoch != self.epoch or push.since not in (self.sent, self.arrived):
            return  # a view has reported its rows, perhaps fewer
        if push.since < self.sent:
            self._resends = min(self._resends + 1, len(RESEND_AFTER_S) - 1)
            self._resend_at = now + RESEND_AFTER_S[self._resends]
        elif self.arrived == self.sent:
            self._resends = 0
            self._resend_at = now + RESEND_AFTER_S[0]
        self.sent = push.version
        self._is_answer_due = False
