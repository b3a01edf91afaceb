"""When to ask about each job that may still change. No disk, no network, no clock.

**The schedule.** A running job is asked about again after a tenth of its age (a quarter in its
first seconds), between 50 ms and a minute; once three jobs of its platform have ended, at half of
what those took and when that has passed. Of the jobs that wait, the first eight of a platform are
asked about as often, the others once a minute; no group asks more than 50 questions a second.

Four refinements save questions that bring no news:

- *Head*: jobs start in the order of sending. When one ends, the first waiting job is asked about,
  and when that one has started, the next. Jobs that wait while others run are therefore asked about
  only after half of the time since they were sent. If more wait than can be asked about in a
  second, only the first of them is asked about, and no job more often than twice a second: no slot
  of the plan is empty then.
- *Crowd*: if more than four jobs run and their duration is unknown, all of them together cost what
  four would. When the first one ends, all others are asked about, and those that were never asked
  about, because they may have ended too.
- *Expectation*: the duration on a platform lies between the greatest age at which a job was seen
  to run and the least at which one had ended. The next jobs are asked about half-way between the
  two, until they differ by less than a tenth.
- *Backlog*: jobs far back take a tenth of the rate together.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Final

from jobgroup.status import TERMINAL, RemoteStatus
from jobgroup.store import Pollable, Target
from jobgroup.store.polling_leases import AccountKey

MIN_INTERVAL_S: Final = 0.05
MAX_INTERVAL_S: Final = 60.0
AGE_FRACTION: Final = 0.1
"""A job's end is noticed within this fraction of its age, or within a second."""

HEAD: Final = 8
CROWD: Final = 4
UNHURRIED_S: Final = 0.5
"""See *head* and *crowd* above."""

FIRST_QUESTION_S: Final = 1.0
"""Time after sending, if many jobs wait; less if jobs of the platform take less."""

MIN_SAMPLES: Final = 3
"""Ended jobs of a platform from which the duration of the next is estimated."""

WINDOW: Final = 8
"""Ended jobs that count: later jobs may take longer than earlier ones."""

RATE_PER_S: Final = 50.0
BURST: Final = 100
"""Questions per group: a second on average, and at one moment after a time with fewer."""

MIN_BATCH: Final = 5
"""Questions to collect when the rate is used up: one request at a time costs more."""

NOT_FOUND_AFTER_S: Final = 60.0
"""A job that its cloud never reported counts as missing from this time after sending."""

_chance: Final = random.Random()  # not the user's, who may have seeded it for an experiment


def poll_interval_s(age_s: float, expected_s: float = 0.0) -> float:
    """Return the seconds until the next question about a job.

    Args:
        age_s: seconds since the job began to run, or was sent.
        expected_s: seconds that similar jobs take; 0.0 if unknown.

    >>> [poll_interval_s(age_s) for age_s in (0.0, 2.0, 4.0, 100.0, 1e6)]
    [0.05, 0.5, 1.0, 10.0, 60.0]
    >>> [poll_interval_s(age_s, expected_s=40.0) for age_s in (1.0, 21.0)]
    [20.0, 19.0]
    """
    if age_s < expected_s:
        wanted = min(expected_s - age_s, max(expected_s / 2, FIRST_QUESTION_S))
    else:
        wanted = max(AGE_FRACTION * age_s, min(1.0, age_s / 4))
    return min(max(wanted, MIN_INTERVAL_S), MAX_INTERVAL_S)


def crowd_interval_s(age_s: float, jobs: int) -> float:
    """Return the same for one of many running jobs that together cost what `CROWD` would.

    >>> round(crowd_interval_s(10.0, jobs=4), 2), round(crowd_interval_s(10.0, jobs=40), 2)
    (1.04, 16.85)
    """
    next_age_s = age_s
    for _ in range(jobs):  # it grows by a part of itself, so these are few steps
        next_age_s += poll_interval_s(next_age_s) / CROWD
        if next_age_s >= age_s + MAX_INTERVAL_S:
            return MAX_INTERVAL_S
    return next_age_s - age_s


def with_jitter(interval_s: float) -> float:
    return interval_s * _chance.uniform(0.85, 1.0)


@dataclass(slots=True, eq=False)
class PolledJob:
    """A job that may still change. Times are by the clock of the schedule's `now`."""

    attempt_id: int
    entry_id: int
    remote_ids: list[str]
    target: Target
    sent_at: float
    """At least the last look at the file without it: another machine's clock may differ."""
    was_seen: bool
    """Whether its cloud has reported it."""
    running_since: float | None = None
    canceling_since: float | None = None
    asked_at: float = -math.inf
    active_at: float = -math.inf
    """Time of the last question whose answer was that it is active."""
    due_at: float = -math.inf
    """Infinity while a question is under way."""
    not_found: int = 0
    ended: dict[str, RemoteStatus] = field(default_factory=dict)
    """Statuses of its sub-jobs that have ended, if it has several."""

    def is_new(self, now: float) -> bool:
        """Whether its cloud may need more time to find it."""
        return not self.was_seen and now - self.sent_at < NOT_FOUND_AFTER_S

    @property
    def account(self) -> AccountKey:
        return self.target[:3]


@dataclass(slots=True)
class _PlatformQueue:
    """The jobs of one platform, which start in the order of sending."""

    waiting: dict[int, PolledJob] = field(default_factory=dict)
    running: dict[int, PolledJob] = field(default_factory=dict)
    missing: dict[int, PolledJob] = field(default_factory=dict)
    """Jobs that their cloud does not find."""
    expected_s: float = 0.0
    """Minimum duration of a job, judging by earlier ones; 0.0 if unknown."""
    asked_all_at: float = -math.inf
    _ran_s: float = 0.0
    _ended_s: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))

    @property
    def is_long(self) -> bool:
        """Whether more wait than can be asked about in a second."""
        return len(self.waiting) > RATE_PER_S

    @property
    def head(self) -> list[PolledJob]:
        return list(islice(self.waiting.values(), 1 if self.is_long else HEAD))

    def remove(self, job: PolledJob) -> None:
        for part in (self.waiting, self.running, self.missing):
            part.pop(job.entry_id, None)

    def first_question_s(self) -> float:
        """Return how long after sending the last waiting job is asked about."""
        if self.expected_s:
            return min(FIRST_QUESTION_S, self.expected_s)
        return FIRST_QUESTION_S if len(self.waiting) > HEAD and not self._ended_s else 0.0

    def interval_s(self, job: PolledJob, now: float) -> float:
        age_s = now - (job.canceling_since or job.running_since or job.sent_at)
        if job.canceling_since is not None:
            return poll_interval_s(age_s)
        if job.running_since is not None and age_s < self.expected_s:
            wanted = poll_interval_s(age_s, self.expected_s)
        elif job.running_since is not None:
            if len(self.running) > CROWD and not self.expected_s:
                spread = _chance.uniform(0.85, 1.15)  # they spread out, at the same rate
                wanted = spread * crowd_interval_s(age_s, len(self.running))
            else:
                wanted = with_jitter(poll_interval_s(age_s))
            wanted = min(wanted, MAX_INTERVAL_S)
        elif any(job is other for other in self.head):
            at_least_s = min(age_s / 2, MAX_INTERVAL_S) if self.running else 0.0
            wanted = with_jitter(max(poll_interval_s(age_s), at_least_s))
        else:
            share_s = 10 * len(self.waiting) / RATE_PER_S
            wanted = with_jitter(max(1.0, min(age_s, MAX_INTERVAL_S), share_s))
        return max(wanted, UNHURRIED_S) if self.is_long else wanted

    def is_stuck(self, job: PolledJob) -> bool:
        """Whether a new job can only wait, as many before it do."""
        return (
            self.is_long
            and job.asked_at == -math.inf
            and job.running_since is None
            and job is not self.head[0]
            and self.head[0].asked_at > -math.inf
        )

    def learn(self, age_s: float, status: RemoteStatus) -> None:
        """Learn durations from a job that was running or had succeeded at an age."""
        if status.state == "running":
            self._ran_s = max(self._ran_s, age_s)
        elif status.state == "success":
            if status.duration_s:  # clouds report whole seconds, rounded down
                self._ran_s = max(self._ran_s, status.duration_s)
                age_s = min(age_s, status.duration_s + 1.0)
            self._ended_s.append(age_s)
        if len(self._ended_s) >= MIN_SAMPLES:
            ended_s = min(self._ended_s)
            is_known = ended_s - self._ran_s <= AGE_FRACTION * ended_s
            self.expected_s = ended_s if is_known else (self._ran_s + ended_s) / 2


class PollSchedule:
    """The jobs to ask about, and when.

    `now` is in seconds by any clock, the same one in all calls; `now_utc` is in seconds since the
    epoch, by which clouds and files date.

    Attributes:
        version: version of the group up to which the schedule knows its changes.
    """

    def __init__(self) -> None:
        self.version = -1
        self._jobs: dict[int, PolledJob] = {}
        self._queues: dict[Target, _PlatformQueue] = {}
        self._due: list[tuple[float, int, PolledJob]] = []  # only a job's latest counts
        self._entries = count()
        self._allowed, self._allowed_at = float(BURST), -math.inf
        self._synced_at = -math.inf

    def __iter__(self) -> Iterator[PolledJob]:
        return iter(self._jobs.values())

    @property
    def accounts(self) -> set[AccountKey]:
        queues = self._queues.items()
        return {target[:3] for target, q in queues if q.waiting or q.running or q.missing}

    def sync(
        self,
        rows: Iterable[Pollable],
        version: int,
        now: float,
        now_utc: float,
        *,
        is_dated_here: bool = False,
    ) -> None:
        """Take in the changes of the group since the known version.

        Args:
            rows: changed jobs.
            version: version of the group with these changes.
            now: present time.
            now_utc: present time in seconds since the epoch.
            is_dated_here: whether this machine's clock dated the sending. Otherwise no job counts
                as sent before the last look, or before the first one.
        """
        earliest = -math.inf if is_dated_here else now if self.version < 0 else self._synced_at
        self._synced_at = now
        for row in rows:
            job = self._jobs.get(row.entry_id)
            if job is not None and not (row.may_change and job.attempt_id == row.attempt_id):
                self._drop(job)
                job = None
            if job is None and row.may_change:
                age_s = max(0.0, now_utc - row.sent_at)
                job = self._add(row, now, age_s, max(now - age_s, earliest))
            if job is not None and row.is_canceling and job.canceling_since is None:
                job.canceling_since = now
                job.active_at = -math.inf  # earlier answers are out of date
                self.schedule(job, -math.inf)
        self.version = version

    def record(
        self, job: PolledJob, status: RemoteStatus, now: float, now_utc: float, took_s: float = 0.0
    ) -> None:
        """Record the status that a cloud reported, `took_s` after the question."""
        job.asked_at = now
        job.was_seen = True
        job.not_found = 0
        if self._jobs.get(job.entry_id) is not job:
            return
        queue = self._queues[job.target]
        was_expected = bool(queue.expected_s)
        began_at = job.running_since
        if status.started_at is not None:  # by the cloud's clock
            began_at = min(max(now + status.started_at - now_utc, job.sent_at), now)
        if began_at is not None:
            queue.learn(now - took_s - began_at, status)
        if status.state in TERMINAL:
            self._drop(job)
            self._ask_next(queue, now)
            if not was_expected and status.state != "canceled":
                self._ask_crowd(queue, now)
            return
        if status.state == "waiting":
            if job.entry_id not in queue.waiting:
                queue.remove(job)
                queue.waiting[job.entry_id] = job
            job.running_since = None
        elif job.entry_id not in queue.running:
            queue.remove(job)
            queue.running[job.entry_id] = job
            job.running_since = now if began_at is None else began_at
            self._hasten_head(queue, now)
        self.schedule(job, now + queue.interval_s(job, now))

    def record_missing(self, job: PolledJob, now: float) -> None:
        """Record that its cloud does not find a job: no other waits behind it."""
        if self._jobs.get(job.entry_id) is job:
            queue = self._queues[job.target]
            queue.remove(job)
            queue.missing[job.entry_id] = job
        self.schedule(job, now + MAX_INTERVAL_S)

    def schedule(self, job: PolledJob, at: float) -> None:
        job.due_at = at
        heapq.heappush(self._due, (at, next(self._entries), job))
        if len(self._due) > 2 * len(self._jobs) + BURST:  # most entries are out of date
            live = (j for j in self._jobs.values() if j.due_at < math.inf)
            self._due = [(j.due_at, next(self._entries), j) for j in live]
            heapq.heapify(self._due)

    def pop_due(self, now: float) -> list[PolledJob]:
        """Return the jobs to ask about now, as many as the rate allows; each is due again later.

        Jobs that are due at minus infinity are returned in any case.
        """
        self._allowed = min(BURST, self._allowed + (now - self._allowed_at) * RATE_PER_S)
        self._allowed_at = now
        due = []
        while self._due and self._due[0][0] <= now:
            at, _, job = self._due[0]
            is_current = job.due_at == at and self._jobs.get(job.entry_id) is job
            is_limited = is_current and at > -math.inf
            if is_limited and self._allowed < 1:
                break
            heapq.heappop(self._due)
            if is_limited and self._queues[job.target].is_stuck(job):
                job.asked_at = now  # as good as asked
                self.schedule(job, now + with_jitter(MAX_INTERVAL_S))
            elif is_current:
                self._allowed -= is_limited
                job.due_at = math.inf
                due.append(job)
        return due

    def seconds_to_next(self, now: float) -> float:
        """Return the seconds until a job may be due; infinity if none will."""
        at = self._due[0][0] if self._due else math.inf
        if self._allowed < 1:
            at = max(at, self._allowed_at + (MIN_BATCH - self._allowed) / RATE_PER_S)
        return at - now

    def _add(self, row: Pollable, now: float, age_s: float, sent_at: float) -> PolledJob:
        job = PolledJob(*row[:4], sent_at, row.was_seen)
        queue = self._queues.setdefault(job.target, _PlatformQueue())
        self._jobs[job.entry_id] = queue.waiting[job.entry_id] = job
        first_s = queue.first_question_s()
        self.schedule(job, now + first_s - age_s if age_s < first_s else -math.inf)
        return job

    def _drop(self, job: PolledJob) -> None:
        del self._jobs[job.entry_id]
        self._queues[job.target].remove(job)

    def _ask_next(self, queue: _PlatformQueue, now: float) -> None:
        """Ask about the first waiting job, after another has ended."""
        for job in queue.head:
            if now < job.due_at < math.inf:
                if job.asked_at > -math.inf:
                    self.schedule(job, now)
                return

    def _ask_crowd(self, queue: _PlatformQueue, now: float) -> None:
        """Ask about the others of a crowd, after one has ended."""
        if not queue.expected_s:
            if now - queue.asked_all_at < FIRST_QUESTION_S:
                return
            queue.asked_all_at = now
        never_asked = [job for job in queue.waiting.values() if job.asked_at == -math.inf]
        for job in [*queue.running.values(), *never_asked]:
            at = now + queue.interval_s(job, now) if queue.expected_s else now
            if at < job.due_at < math.inf and job.asked_at < now:
                self.schedule(job, at)

    def _hasten_head(self, queue: _PlatformQueue, now: float) -> None:
        """Ask about the next jobs to start, after one has started."""
        for job in queue.head:
            at = job.asked_at + queue.interval_s(job, now)
            if queue.is_long:
                at = max(at, now + UNHURRIED_S)
            if job.asked_at > -math.inf and at < job.due_at < math.inf:
                self.schedule(job, at)
