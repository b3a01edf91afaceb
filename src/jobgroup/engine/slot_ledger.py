"""Count an account's free slots from the cloud's reports and a run's jobs. Pure.

A cloud counts all jobs of an account, including those of other programs, and reports the number on
request. Between two reports, the ledger counts itself: a sent job takes a slot, and an ended job
frees one. If a job has just ended, the last report may or may not have counted it. Then a new
report is requested before another job is sent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from jobgroup.retry import Backoff

MIN_REPORT_INTERVAL_S = 1.0
MAX_REPORT_INTERVAL_S = 30.0
"""Seconds between requests for a full account's free slots if no job of this run can free one."""


class SlotLedger:
    """The slots of one account for one run. Times are values of `time.monotonic`.

    Args:
        max_jobs: maximum number of this run's jobs on the account at once; None for no limit.

    Attributes:
        active: jobs of this run that are not known to have ended.
        in_flight: number of creates whose outcome is not known yet.
        reported_at: time at which the cloud last reported, or rejected a job because the account
            was full.
        ambiguous: active jobs that the report of `reported_at` may or may not have counted.

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
        """Whether the account has `max_jobs` jobs of the run."""
        return len(self.active) + self.in_flight >= self._max_jobs

    def should_ask(self, now: float) -> bool:
        is_due = now >= self._next_report_at
        return self.free < 1 and not self.in_flight and not self.is_at_limit and is_due

    def asked(self, now: float) -> None:
        self._next_report_at = now + self._backoff.next_s()

    def reported(self, *, free: int | None, total: int | None, now: float) -> None:
        """Record the cloud's report of its free slots and their total; None for no limit.

        If there are at least as many active jobs as taken slots, these jobs take all the slots. Any
        further active jobs must have ended, although their ends are not reported yet.
        """
        self._ended_ambiguously = 0
        self._forget_report(now)
        self.free = math.inf if free is None else float(free)
        taken = math.inf if free is None or total is None else total - free
        if taken <= len(self.active):
            self._ended_before_report = len(self.active) - int(taken)
            self.ambiguous.clear()

    def not_reported(self, *, try_one: bool) -> None:
        """Record that the cloud did not report.

        Args:
            try_one: whether to assume one free slot and learn from the outcome; otherwise only the
                slots of ended jobs are assumed to be free.
        """
        self.free = 1.0 if try_one else float(self._ended_ambiguously)
        self._ended_ambiguously = 0

    def seen_active(self, entry_ids: Iterable[int]) -> None:
        """Record that jobs were active after the report, so that the report counted them."""
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
        """Record that the cloud rejected a job because the account is full."""
        self.unknown(now)
        self._forget_report(now)

    def unknown(self, now: float) -> None:
        """Record a create with an unknown outcome; the next create needs a new report."""
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
