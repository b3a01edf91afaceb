"""Decide when to poll each job that may still change. Pure: no disk, no network, no clock.

**The schedule.** A running job is polled again after a tenth of its age (a quarter in the first
seconds), but not before 50 ms and at the latest after a minute. Once three jobs of its platform
have succeeded, it is polled halfway through their duration and at its expected end. The first eight
waiting jobs of a platform are polled at similar intervals, and the other waiting jobs once a
minute. On average, a group polls at most 50 jobs per second.

Five refinements save time and avoid useless requests:

- *Head*: jobs start in the order of sending. When a job ends, the first waiting job is polled; when
  that job has started, the next one is polled. So while other jobs run, a waiting job is polled
  again only after half of the time since it was sent. If more jobs wait than can be polled in a
  second, the head is only the first of them, and no job is polled more than twice a second: the
  plan has no empty slot then.
- *Crowd*: if more than four jobs run and their duration is unknown, all of them together are polled
  as often as four jobs would be. When the first one ends, all others are polled. So are jobs that
  have never been polled, because they may have ended too.
- *Expectation*: the duration of a platform's jobs lies between two ages: the greatest age at which
  a job was still running, and the smallest age at which a job had ended. The next jobs are polled
  halfway between these ages, until the ages differ by at most a tenth.
- *Backlog*: the waiting jobs behind the head share a tenth of the rate, or half of that if they are
  old. So do old running jobs, but each is polled within a tenth of its age.
- *Beat*: jobs that are polled rarely are polled together every few seconds, because a round of
  requests costs more than each request in it.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from jobgroup.status import TERMINAL, RemoteStatus
from jobgroup.store import AccountKey, Pollable, Target

MIN_INTERVAL_S: Final = 0.05
MAX_INTERVAL_S: Final = 60.0
AGE_FRACTION: Final = 0.1
"""A job's end is noticed within this fraction of its age, or within a second if that is longer."""

HEAD: Final = 8
CROWD: Final = 4
"""Number of jobs in the head and in a crowd; see above."""

UNHURRIED_S: Final = 0.5
"""Minimum number of seconds between two polls of a job if many jobs wait; see *Head* above."""

FIRST_QUESTION_S: Final = 1.0
"""Seconds from sending a job to its first poll, if many jobs wait. Short jobs are polled earlier.
"""

MIN_SCHEDULE_SAMPLES: Final = 3
"""Number of successful jobs needed to estimate the duration of a platform's next jobs."""

WINDOW: Final = 8
"""Number of latest successful jobs that the estimate uses. Durations may change."""

RATE_PER_S: Final = 50.0
BACKLOG_RATE_PER_S: Final = RATE_PER_S / 10
OLD_RATE_PER_S: Final = BACKLOG_RATE_PER_S / 2

BEAT_S: Final = 5.0
RARE_S: Final = 6 * BEAT_S
"""A poll after an interval of at least `RARE_S` is moved to the previous multiple of `BEAT_S`."""

REMEMBERED: Final = 1000
"""Maximum number of waiting jobs per platform for which remote ids are kept in memory."""

BURST: Final = 100
"""Maximum number of jobs that a group may poll at once."""

MIN_BATCH: Final = 5
"""Number of polls that are allowed together once the rate is used up. Single polls cost more."""

NOT_FOUND_AFTER_S: Final = 60.0
"""Seconds after sending from which a job counts as missing, if its cloud has never reported it."""

_chance: Final = random.Random()  # the user may have seeded the global generator


def poll_interval_s(
    age_s: float, expected_s: float = 0.0, at_most_s: float = MAX_INTERVAL_S
) -> float:
    """Return the seconds until a job is polled again.

    Args:
        age_s: seconds since the job began to run, or was sent.
        expected_s: expected duration of the job in seconds; 0.0 if unknown.
        at_most_s: maximum interval in seconds.

    >>> [poll_interval_s(age_s) for age_s in (0.0, 2.0, 4.0, 100.0, 1e6)]
    [0.05, 0.5, 1.0, 10.0, 60.0]
    >>> [poll_interval_s(age_s, expected_s=40.0) for age_s in (1.0, 21.0)]
    [20.0, 19.0]
    """
    if age_s < expected_s:
        wanted = min(expected_s - age_s, max(expected_s / 2, FIRST_QUESTION_S))
    else:
        wanted = max(AGE_FRACTION * age_s, min(1.0, age_s / 4))
    return min(max(wanted, MIN_INTERVAL_S), at_most_s)


def max_interval_s(age_s: float, jobs: int) -> float:
    """Return the maximum number of seconds between two polls of each of many running jobs.

    >>> [max_interval_s(3600.0, jobs) for jobs in (1, 100, 500, 100_000)]
    [60.0, 60.0, 200.0, 360.0]
    """
    return max(MAX_INTERVAL_S, min(AGE_FRACTION * age_s, jobs / OLD_RATE_PER_S))


def crowd_interval_s(age_s: float, jobs: int) -> float:
    """Return the polling interval of each job in a crowd, which is polled as often as `CROWD` jobs.

    >>> round(crowd_interval_s(10.0, jobs=4), 2), round(crowd_interval_s(10.0, jobs=40), 2)
    (1.04, 16.85)
    """
    next_age_s, at_most_s = age_s, max_interval_s(age_s, jobs)
    for _ in range(jobs):  # few steps are needed, because the interval grows geometrically
        next_age_s += poll_interval_s(next_age_s) / CROWD
        if next_age_s >= age_s + at_most_s:
            return at_most_s
    return next_age_s - age_s


def on_beat(at: float, interval_s: float) -> float:
    """Return the time of a poll that is due at `at`; if the interval is long, the beat before it.

    >>> on_beat(103.0, 3.0), on_beat(163.0, 60.0)
    (103.0, 160.0)
    """
    return at if interval_s < RARE_S else at - at % BEAT_S


def with_jitter(interval_s: float) -> float:
    return interval_s * _chance.uniform(0.85, 1.0)


@dataclass(slots=True, eq=False)
class PolledJob:
    """A job that may still change. Times are by the clock of the schedule's `now`."""

    attempt_id: int
    entry_id: int
    remote_ids: list[str] | None
    """Remote ids; None if they are read from the file before each poll."""
    target: Target
    sent_at: float
    """Time of sending. It is not earlier than the last time at which the file lacked the job,
    because another machine's clock may differ.
    """
    was_seen: bool
    """Whether the cloud has reported the job."""
    running_since: float | None = None
    canceling_since: float | None = None
    asked_at: float = -math.inf
    active_at: float = -math.inf
    """Time of the last status request that showed that the job was active."""
    due_at: float = -math.inf
    """Time of the next poll; infinity while a status request is in flight."""
    is_asked: bool = False
    """Whether the job belongs to a round of requests in progress."""
    not_found: int = 0
    blank_since: float | None = None
    """Time of the first of the latest responses, if these have no status; None otherwise."""
    ended: dict[str, RemoteStatus] | None = None
    """Statuses of the ended sub-jobs, if the job has several sub-jobs."""
    part: dict[int, PolledJob] | None = None
    """Part of the platform's queue that contains the job; None if the job need not be polled."""

    def move_to(self, part: dict[int, PolledJob] | None) -> None:
        """Move the job to the end of a part of its platform's queue; None removes it."""
        if self.part is part:
            return
        if self.part is not None:
            del self.part[self.entry_id]
        self.part = part
        if part is not None:
            part[self.entry_id] = self

    def is_new(self, now: float) -> bool:
        """Return whether the cloud may need more time before it finds the job."""
        return not self.was_seen and now - self.sent_at < NOT_FOUND_AFTER_S

    @property
    def account(self) -> AccountKey:
        return self.target.account_key


@dataclass(slots=True)
class _PlatformQueue:
    """The jobs of one platform, which start in the order of sending."""

    waiting: dict[int, PolledJob] = field(default_factory=dict)
    running: dict[int, PolledJob] = field(default_factory=dict)
    missing: dict[int, PolledJob] = field(default_factory=dict)
    """Jobs that the cloud cannot find."""
    expected_s: float = 0.0
    """Expected duration of a job in seconds, estimated from earlier jobs; 0.0 if unknown."""
    asked_all_at: float = -math.inf
    _ran_s: float = 0.0
    _ended_s: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))

    @property
    def parts(self) -> tuple[dict[int, PolledJob], ...]:
        return self.waiting, self.running, self.missing

    @property
    def is_long(self) -> bool:
        """Whether more jobs are waiting than can be polled in a second."""
        return len(self.waiting) > RATE_PER_S

    @property
    def head(self) -> list[PolledJob]:
        return list(islice(self.waiting.values(), 1 if self.is_long else HEAD))

    def first_question_s(self) -> float:
        """Return the seconds from sending to the first poll of the job that was added last."""
        if self.expected_s:
            return min(FIRST_QUESTION_S, self.expected_s)
        return FIRST_QUESTION_S if len(self.waiting) > HEAD and not self._ended_s else 0.0

    def interval_s(self, job: PolledJob, now: float) -> float:
        age_s = now - (job.canceling_since or job.running_since or job.sent_at)
        if job.canceling_since is not None:
            return poll_interval_s(age_s)
        at_most_s = max_interval_s(age_s, len(self.running))
        if job.running_since is not None and age_s < self.expected_s:
            wanted = poll_interval_s(age_s, self.expected_s, at_most_s)
        elif job.running_since is not None:
            if len(self.running) > CROWD and not self.expected_s:
                spread = _chance.uniform(0.85, 1.15)  # spreads the polls, with the same mean
                wanted = spread * crowd_interval_s(age_s, len(self.running))
            else:
                wanted = with_jitter(poll_interval_s(age_s, at_most_s=at_most_s))
            wanted = min(wanted, at_most_s)
        elif any(job is other for other in self.head):
            at_least_s = min(age_s / 2, MAX_INTERVAL_S) if self.running else 0.0
            wanted = with_jitter(max(poll_interval_s(age_s), at_least_s))
        else:
            jobs = len(self.waiting)
            old_s = min(AGE_FRACTION * age_s, jobs / OLD_RATE_PER_S)
            share_s = max(jobs / BACKLOG_RATE_PER_S, old_s)
            wanted = with_jitter(max(1.0, min(age_s, MAX_INTERVAL_S), share_s))
        return max(wanted, UNHURRIED_S) if self.is_long else wanted

    def is_stuck(self, job: PolledJob) -> bool:
        """Return whether a new job must be waiting, because many jobs before it are."""
        return (
            self.is_long
            and job.asked_at == -math.inf
            and job.running_since is None
            and job is not self.head[0]
            and self.head[0].asked_at > -math.inf
        )

    def learn(self, age_s: float, status: RemoteStatus) -> None:
        """Update the expected duration from a job that was running, or had succeeded, at an age."""
        if status.state == "running":
            self._ran_s = max(self._ran_s, age_s)
        elif status.state == "success":
            if status.duration_s:  # most clouds report whole seconds, rounded down
                if age_s <= 0 or status.duration_s <= age_s:
                    self._ran_s = max(self._ran_s, status.duration_s)
                age_s = min(age_s, status.duration_s + 1.0) if age_s > 0 else status.duration_s
            if age_s > 0:  # the cloud's clock may be ahead
                self._ended_s.append(age_s)
        if len(self._ended_s) >= MIN_SCHEDULE_SAMPLES:
            ended_s = min(self._ended_s)
            is_known = ended_s - self._ran_s <= AGE_FRACTION * ended_s
            self.expected_s = ended_s if is_known else (self._ran_s + ended_s) / 2


class PollSchedule:
    """The jobs to poll, and the times of their next polls.

    `now` is in seconds by any clock; all calls must use the same clock. `now_utc` is in seconds
    since the epoch, as are times from clouds and files.

    Attributes:
        version: version of the group whose changes the schedule includes.
    """

    def __init__(self) -> None:
        self.version = -1
        self._queues: dict[Target, _PlatformQueue] = {}
        self._due: dict[float, list[PolledJob]] = {}  # only a job's latest entry counts
        self._times: list[float] = []  # a heap of the keys of `_due`
        self._entries = 0
        self._allowed, self._allowed_at = float(BURST), -math.inf
        self._synced_at = -math.inf

    def __iter__(self) -> Iterator[PolledJob]:
        queues = self._queues.values()
        return iter([job for queue in queues for part in queue.parts for job in part.values()])

    def __len__(self) -> int:
        return sum(len(part) for queue in self._queues.values() for part in queue.parts)

    @property
    def accounts(self) -> set[AccountKey]:
        return {target.account_key for target, queue in self._queues.items() if any(queue.parts)}

    def sync(
        self,
        rows: Iterable[Pollable],
        version: int,
        now: float,
        now_utc: float,
        *,
        is_dated_here: bool = False,
    ) -> None:
        """Apply the changes of the group since the schedule's version.

        Args:
            rows: changed jobs.
            version: version of the group with these changes.
            now: present time.
            now_utc: present time in seconds since the epoch.
            is_dated_here: whether the times of sending are by this machine's clock. Otherwise, no
                job counts as sent before the previous call (before this call, if it is the first).
        """
        earliest = -math.inf if is_dated_here else now if self.version < 0 else self._synced_at
        self._synced_at = now
        for row in rows:
            job = self._find(row.entry_id)
            if job is not None and not (row.may_change and job.attempt_id == row.attempt_id):
                job.move_to(None)
                job = None
            if job is None and row.may_change:
                age_s = max(0.0, now_utc - row.sent_at)
                job = self._add(row, now, age_s, max(now - age_s, earliest))
            if job is not None and row.is_canceling and job.canceling_since is None:
                job.canceling_since = now
                job.active_at = -math.inf  # earlier responses may be out of date
                self.schedule(job, -math.inf)
        self.version = version

    def record(
        self, job: PolledJob, status: RemoteStatus, now: float, now_utc: float, took_s: float = 0.0
    ) -> None:
        """Record the status that a cloud reported `took_s` seconds after the request."""
        job.asked_at = now
        job.was_seen = True
        job.not_found = 0
        if job.part is None:
            return
        queue = self._queues[job.target]
        was_expected = bool(queue.expected_s)
        began_at = job.running_since
        if status.started_at is not None:  # by the cloud's clock, which may be ahead
            by_cloud = now + status.started_at - now_utc
            if by_cloud <= now or began_at is None:
                began_at = min(max(by_cloud, job.sent_at), now)
        if began_at is not None:
            queue.learn(now - took_s - began_at, status)
        if status.state in TERMINAL:
            job.move_to(None)
            self._ask_next(queue, now)
            if not was_expected and status.state != "canceled":
                self._ask_crowd(queue, now)
            return
        if status.state == "waiting":
            job.move_to(queue.waiting)
            job.running_since = None
        elif job.part is not queue.running:
            job.move_to(queue.running)
            job.running_since = now if began_at is None else began_at
            self._hasten_head(queue, now)
        interval_s = queue.interval_s(job, now)
        self.schedule(job, on_beat(now + interval_s, interval_s))

    def record_missing(self, job: PolledJob, now: float) -> None:
        """Record that a cloud cannot find a job, so that no other job waits behind it."""
        if job.part is not None:
            job.move_to(self._queues[job.target].missing)
        self.schedule(job, now + MAX_INTERVAL_S)

    def schedule(self, job: PolledJob, at: float) -> None:
        job.due_at = at
        self._enter(job)
        if self._entries > 2 * len(self) + BURST:  # then most entries are out of date
            self._due, self._times, self._entries = {}, [], 0
            for live in self:
                if live.due_at < math.inf:
                    self._enter(live)

    def pop_due(self, now: float) -> list[PolledJob]:
        """Return due jobs, as many as the rate allows.

        A returned job has no due time until it is scheduled again. The rate does not limit jobs
        that are due at minus infinity.
        """
        self._allowed = min(BURST, self._allowed + (now - self._allowed_at) * RATE_PER_S)
        self._allowed_at = now
        due: list[PolledJob] = []
        stuck: list[PolledJob] = []
        while self._times and self._times[0] <= now:
            at = self._times[0]
            entered = self._due[at]
            taken = 0
            for job in entered:
                is_current = job.due_at == at and job.part is not None
                is_limited = is_current and at > -math.inf
                if is_limited and self._allowed < 1:
                    break
                taken += 1
                if is_limited and self._queues[job.target].is_stuck(job):
                    job.asked_at = now  # the job counts as polled
                    stuck.append(job)
                elif is_current:
                    self._allowed -= is_limited
                    job.due_at = math.inf
                    due.append(job)
            self._entries -= taken
            if taken < len(entered):
                del entered[:taken]
                break
            heapq.heappop(self._times)
            del self._due[at]
        for job in stuck:
            self.schedule(job, on_beat(now + with_jitter(MAX_INTERVAL_S), MAX_INTERVAL_S))
        return due

    def seconds_to_next(self, now: float) -> float:
        """Return the seconds until a job may be due; infinity if no job is scheduled."""
        at = self._times[0] if self._times else math.inf
        if self._allowed < 1:
            at = max(at, self._allowed_at + (MIN_BATCH - self._allowed) / RATE_PER_S)
        return at - now

    def _enter(self, job: PolledJob) -> None:
        entered = self._due.get(job.due_at)
        if entered is None:
            entered = self._due[job.due_at] = []
            heapq.heappush(self._times, job.due_at)
        elif entered[0].due_at == job.due_at:
            job.due_at = entered[0].due_at  # one shared object saves memory
        entered.append(job)
        self._entries += 1

    def _add(self, row: Pollable, now: float, age_s: float, sent_at: float) -> PolledJob:
        queue = self._queues.setdefault(row.target, _PlatformQueue())
        ids = row.remote_ids if len(queue.waiting) < REMEMBERED else None
        job = PolledJob(row.attempt_id, row.entry_id, ids, row.target, sent_at, row.was_seen)
        job.move_to(queue.waiting)
        first_s = queue.first_question_s()
        self.schedule(job, now + first_s - age_s if age_s < first_s else -math.inf)
        return job

    def _find(self, entry_id: int) -> PolledJob | None:
        for queue in self._queues.values():
            for part in queue.parts:
                if entry_id in part:
                    return part[entry_id]
        return None

    def _ask_next(self, queue: _PlatformQueue, now: float) -> None:
        """Make the first waiting job due, because another job has ended."""
        for job in queue.head:
            if now < job.due_at < math.inf:
                if job.asked_at > -math.inf:
                    self.schedule(job, now)
                return

    def _ask_crowd(self, queue: _PlatformQueue, now: float) -> None:
        """Make the other jobs of a crowd due, because one of them has ended."""
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
        """Make the next jobs to start due earlier, because a job has started."""
        for job in queue.head:
            at = job.asked_at + queue.interval_s(job, now)
            if queue.is_long:
                at = max(at, now + UNHURRIED_S)
            if job.asked_at > -math.inf and at < job.due_at < math.inf:
                self.schedule(job, at)
