"""The free slots of an account, from what its cloud reports and from how jobs go. Pure.

A cloud counts all jobs that fill an account, of whomever, and reports the number only when asked.
Between two reports the ledger counts itself: a job that is sent takes a slot, and one that ends
gives it back. If it is unknown whether the last report had still counted the job that ended, the
cloud is asked again, instead of being sent a job that it would refuse.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from jobgroup.retry import Backoff

MIN_REPORT_INTERVAL_S = 1.0
MAX_REPORT_INTERVAL_S = 30.0
"""How often a full account is asked for free slots, if no job of this run can give one back."""


class SlotLedger:
    """The slots of one account for one run. Times are `time.monotonic`, and arguments.

    Args:
        max_jobs: at most so many of this run's jobs on the account at once; None for no such limit.

    Attributes:
        active: the jobs that this run has sent and that have not ended, as far as is known.
        in_flight: creates that were begun and have no outcome yet.
        reported_at: when the cloud last reported, or refused a job because the account was full.
        ambiguous: active jobs that the report at `reported_at` may have counted, or not.

    >>> ledger = SlotLedger()
    >>> ledger.reported(free=2, total=10, now=0.0)
    >>> ledger.reserve()
    >>> ledger.sent(7)
    >>> ledger.free
    1.0
    """

    def __init__(self, max_jobs: int | None = None) -> None:
        self.active: set[int] = set()
        self.in_flight = 0
        self.free = 0.0
        self.reported_at = 0.0
        self.ambiguous: set[int] = set()
        self._max_jobs = math.inf if max_jobs is None else max_jobs
        self._ended_before_report = 0
        self._ended_ambiguously = 0
        self._backoff = Backoff(MIN_REPORT_INTERVAL_S, MAX_REPORT_INTERVAL_S)
        self._next_report_at = 0.0

    @property
    def has_free(self) -> bool:
        return self.free >= 1 and not self.is_at_limit

    @property
    def is_at_limit(self) -> bool:
        """Whether as many of the run's jobs are on the account as were asked for."""
        return len(self.active) + self.in_flight >= self._max_jobs

    def should_ask(self, now: float) -> bool:
        is_due = now >= self._next_report_at
        return self.free < 1 and not self.in_flight and not self.is_at_limit and is_due

    def asked(self, now: float) -> None:
        self._next_report_at = now + self._backoff.next_s()

    def reported(self, *, free: int | None, total: int | None, now: float) -> None:
        """Take the cloud's report: its free slots of so many in all; None if there is no limit.

        If as many slots are taken as there are active jobs, or fewer, these jobs take all of them,
        and the missing ones have ended, which will be heard of later.
        """
        self._ended_ambiguously = 0
        self._forget_report(now)
        self.free = math.inf if free is None else float(free)
        taken = math.inf if free is None or total is None else total - free
        if taken <= len(self.active):
            self._ended_before_report = len(self.active) - int(taken)
            self.ambiguous.clear()

    def not_reported(self, *, try_one: bool) -> None:
        """Note that the cloud did not report.

        Args:
            try_one: take one slot for free, to learn it from the outcome; otherwise those of the
                jobs that have ended, perhaps before the last report.
        """
        self.free = 1.0 if try_one else float(self._ended_ambiguously)
        self._ended_ambiguously = 0

    def seen_active(self, entry_ids: Iterable[int]) -> None:
        """Note that jobs were active after the report, which has therefore counted them."""
        self.ambiguous.difference_update(entry_ids)

    def reserve(self) -> None:
        self.free -= 1
        self.in_flight += 1

    def sent(self, entry_id: int) -> None:
        self.in_flight -= 1
        self.active.add(entry_id)
        self._backoff.reset()

    def not_sent(self) -> None:
        self.in_flight -= 1
        self.free += 1

    def rejected(self, now: float) -> None:
        """Note that the cloud refused a job because the account is full."""
        self.unknown(now)
        self._forget_report(now)

    def unknown(self, now: float) -> None:
        """Note that it is not known what a create has made: the cloud is asked before the next."""
        self.in_flight -= 1
        self.free = 0.0
        self.asked(now)

    def ended(self, entry_id: int, now: float) -> None:
        self.active.discard(entry_id)
        if entry_id in self.ambiguous:
            self._ended_ambiguously += 1
            self._next_report_at = 0.0
            self._backoff.reset()
        elif self._ended_before_report:
            self._ended_before_report -= 1
        else:
            self.free += 1
            self._next_report_at = now + MIN_REPORT_INTERVAL_S

    def _forget_report(self, now: float) -> None:
        self._ended_before_report = 0
        self.ambiguous, self.reported_at = set(self.active), now
