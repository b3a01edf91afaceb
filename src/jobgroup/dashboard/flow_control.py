"""How much the browser has been sent and how much has arrived. Pure: the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass

from jobgroup.dashboard.protocol import ClientState

IN_FLIGHT: int = 2
"""Pushes that may go unacknowledged."""

PATIENCE_S = 1.0
"""Then one goes all the same: a kernel that runs a cell cannot hear, and the page is to go on."""


@dataclass
class Flow:
    """The state of the line to the browser, of which all views of a widget are one end.

    Attributes:
        epoch: names this life of this group; a browser with another one begins anew.
        cursor: the version up to which rows were sent; -1 before the first snapshot.
    """

    epoch: str
    cursor: int = -1
    pushed: int = 0
    acknowledged: int = 0
    pushed_at: float = float("-inf")
    is_answer_due: bool = False

    @property
    def is_snapshot_due(self) -> bool:
        """Whether the next push begins from nothing."""
        return self.cursor < 0

    def begin_again(self) -> None:
        """Send all rows with the next push."""
        self.cursor = -1

    def ask(self, have: ClientState | None) -> None:
        """The browser has this much and wants the rest, or to hear that there is none."""
        self.is_answer_due = True
        if have is None or have.epoch != self.epoch or have.version > self.cursor:
            self.begin_again()
        else:
            self.cursor = have.version  # rows are sent whole, so sending some again does no harm

    def acknowledge(self, ack: int) -> None:
        """Push number `ack` has arrived."""
        self.acknowledged = max(self.acknowledged, min(ack, self.pushed))

    def may_push(self, now: float) -> bool:
        """Whether another push may go."""
        in_flight = self.pushed - self.acknowledged
        return in_flight < IN_FLIGHT or now - self.pushed_at >= PATIENCE_S

    def next_push(self, now: float) -> int:
        """Number a push that goes now."""
        self.pushed += 1
        self.pushed_at = now
        self.is_answer_due = False
        return self.pushed

    def is_overdue(self, now: float) -> bool:
        """Whether pushes went and nothing arrived: in Colab none does that a thread sends."""
        return self.acknowledged < self.pushed and now - self.pushed_at >= PATIENCE_S
