"""Keep the schedule of polls and this process's polling leases in step with the group's file."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from jobgroup.engine.file_watch import FileWatch
from jobgroup.engine.lease import HeldLease
from jobgroup.engine.loop import SerialThread
from jobgroup.engine.poll_schedule import PolledJob, PollSchedule
from jobgroup.engine.polling_lease import PollingLease
from jobgroup.store import AccountKey, GroupStore

LEASES_INTERVAL_S: Final = 1.0
"""Seconds between two readings of the leases."""

SETTLED_S: Final = 5.0
"""The same, while this process polls every account and the file is unchanged."""

ABANDONED_INTERVAL_S: Final = 2.0
"""Seconds between two checks of whether the process that runs the group has ended."""


class DueJobs:
    """The jobs that this process must poll. `may_ask` returns whether an account may be polled.

    Attributes:
        schedule: all jobs that may still change.
        leases: the accounts that this process polls.
        load_s: seconds that the last reading of the jobs took; 0.0 if nothing was read.
    """

    def __init__(
        self,
        store: GroupStore,
        in_thread: SerialThread,
        run_lease: HeldLease,
        may_ask: Callable[[AccountKey], bool],
    ) -> None:
        self._store = store
        self._in_thread = in_thread
        self._run_lease = run_lease
        self.schedule = PollSchedule()
        self.leases = PollingLease(store, run_lease, may_ask)
        self.load_s = 0.0
        self._file = FileWatch(store, in_thread)
        self._leases_unread = True
        """Whether the file may have changed since the leases were read."""
        self._leases_read_at = -math.inf
        self._has_in_flight = True
        """Whether a process may have ended while it sent a job."""
        self._look_for_dead_at = -math.inf
        self._skipped: set[AccountKey] = set()
        """Accounts with due jobs that were left to another process."""

    async def load(self, *, look_for_dead: bool = False) -> None:
        """Update the schedule from the file.

        Args:
            look_for_dead: whether to check at once whether the process that runs the group has
                ended, and not only every few seconds.

        Raises:
            StorageError: the file cannot be read; the schedule is as before.
        """
        store, known, now = self._store, self.schedule.version, time.monotonic()
        must_look = not self._run_lease.is_held
        must_look &= look_for_dead or now >= self._look_for_dead_at
        if must_look:
            self._look_for_dead_at = now + ABANDONED_INTERVAL_S

        def begin() -> tuple[int, bool]:
            if must_look:
                self._has_in_flight = self._run_lease.mark_abandoned_unconfirmed()
            # Another process records times of sending by its own clock.
            return store.version, known < 0 and not self._run_lease.is_held_elsewhere()

        version, is_dated_here = await self._in_thread(begin)
        self.load_s = 0.0
        if version == known:
            return
        if version < known:  # an older file was restored
            self.schedule = PollSchedule()
        pages = store.statuses.pages_of_pollable()
        if 0 < known < version:
            pages = iter([await self._in_thread(store.statuses.list_changed, known)])
        while (rows := await self._in_thread(next, pages, None)) is not None:
            so_far = self.schedule.version  # the same until all pages are read: reading may fail
            self.schedule.sync(
                rows, so_far, time.monotonic(), time.time(), is_dated_here=is_dated_here
            )
        self.schedule.version = version
        self.load_s = time.monotonic() - now

    async def update(self) -> None:
        """Load changes. Every second, and for new accounts, decide which accounts to poll.

        If the file is unchanged and this process polls all accounts, nothing is read.

        Raises:
            StorageError: the file cannot be read or written.
        """
        self.load_s = 0.0
        if self._file.must_read():
            self._leases_unread = self._has_in_flight = True
        is_settled, now = self._is_settled(), time.monotonic()
        interval_s = SETTLED_S if is_settled else LEASES_INTERVAL_S
        is_time = now >= self._leases_read_at + interval_s
        if is_settled and not is_time:
            return
        if is_time:  # also if reading fails: the next attempt is a second later
            self._leases_read_at = now
        await self.load()
        if is_time or not self.schedule.accounts <= self._decided_accounts():
            await self._in_thread(self.leases.update, self.schedule.accounts)
            self._leases_unread = False

    def pop(self, now: float) -> list[PolledJob]:
        """Return the due jobs of the accounts that this process polls."""
        gained = self._skipped & self.leases.accounts
        self._skipped -= gained
        for job in self.schedule if gained else ():
            if job.account in gained and job.due_at == math.inf:
                self.schedule.schedule(job, now)
        due = self.schedule.pop_due(now)
        self._skipped |= {job.account for job in due} - self.leases.accounts
        return [job for job in due if job.account in self.leases.accounts]

    def _is_settled(self) -> bool:
        """Return whether nothing in the file can change the schedule or the leases."""
        return (
            self.schedule.accounts <= self.leases.accounts
            and not self._leases_unread
            and (self._run_lease.is_held or not self._has_in_flight)
            and self._store.database.known_version == self.schedule.version
        )

    def _decided_accounts(self) -> frozenset[AccountKey]:
        """Return the accounts with a lease, except those that this process takes from others."""
        mine = self.leases.accounts
        return mine if self._run_lease.is_held else mine | self.leases.followed
