"""What may still change on the clouds, and when to ask about each job. No disk, no network."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice

from jobgroup.engine.backoff import (
    AGE_FRACTION,
    FIRST_S,
    FRONTIER,
    LONGEST_S,
    NEXT_FRACTION,
    RATE_PER_S,
    SAMPLE,
    UNHURRIED_S,
    VOLLEY,
    backlog_interval_s,
    poll_interval_s,
    with_jitter,
)
from jobgroup.providers.base import RemoteStatus
from jobgroup.status import TERMINAL
from jobgroup.store import Pollable, Target

HANDFUL = 5
"""Questions that are waited for where the rate is used up: one request at a time costs more."""

NOT_FOUND_AFTER_S = 60.0
"""A job that its cloud has never told of is lost when it does not know it so long after sending."""

FEWEST_ENDS = 3
"""Of jobs of a platform, below which nothing is expected of the next one."""

LAST = 8
"""Ends of a platform that tell when its next jobs will end: these may take longer than before."""


@dataclass(slots=True, eq=False)
class Watched:
    """A job that may still change, and what is known of it in this process."""

    attempt_id: int
    position: int
    remote_id: str
    target: Target
    sent_at: float
    known_at: float = -math.inf
    """When it was sent, as far as this process' own clock tells: not before it was heard of."""
    was_seen: bool = False
    """Whether its cloud has told of it."""
    asked_at: float = -math.inf
    active_at: float = -math.inf
    due_at: float = -math.inf
    is_waiting: bool = True
    is_put_off: bool = False
    """Whether its first question has to wait, as others wait before it."""
    running_since: float | None = None
    canceling_since: float | None = None
    not_found: int = 0
    ended: dict[str, RemoteStatus] | None = None
    """Where an entry is several jobs on its cloud, those of them that have ended."""

    def is_new(self, now: float) -> bool:
        """Whether its cloud may need a moment more to know it."""
        return not self.was_seen and now - self.known_at < NOT_FOUND_AFTER_S

    @property
    def account(self) -> tuple[str, str, str]:
        """Whom to ask: provider, origin and account label."""
        return self.target[:3]


@dataclass(slots=True)
class _Lane:
    """The jobs of one platform: they start in the order of sending."""

    waiting: dict[int, Watched] = field(default_factory=dict)
    running: dict[int, Watched] = field(default_factory=dict)
    expected_s: float = 0.0
    """How long a job runs at least, as far as those before it tell; 0.0 for unknown."""
    turn_at: float = -math.inf
    """The last moment for which a question about one of a crowd is planned."""
    asked_all_at: float = -math.inf
    _ran_s: float = 0.0
    _ended_s: deque[float] = field(default_factory=lambda: deque(maxlen=LAST))

    @property
    def first_s(self) -> float:
        """When to ask for the first time about a job that was just sent."""
        if self.expected_s:
            return min(FIRST_S, self.expected_s)
        return FIRST_S if len(self.waiting) > FRONTIER and not self._ended_s else 0.0

    @property
    def is_queue(self) -> bool:
        """Whether more wait than can be asked about in a second, and the first is known to wait."""
        if len(self.waiting) <= RATE_PER_S:
            return False
        first = next(iter(self.waiting.values()))
        return first.is_put_off or first.asked_at > -math.inf

    @property
    def is_crowd(self) -> bool:
        """Whether its jobs are asked about in turn: if one tells how long they take, all do."""
        return len(self.running) > FRONTIER and not self.expected_s

    def learn(self, job: Watched, answer: RemoteStatus, asked_at_utc: float) -> None:
        """From a job that still ran, or has succeeded: how long after its begin to ask.

        What a job takes lies between the latest age at which one was seen to run and the earliest
        at which one had ended: asked about in the middle, until that is within a tenth. Where they
        overlap, jobs take different times, and the earliest end counts.
        """
        began = answer.started_at or job.running_since
        if began is None:
            return
        age_s = asked_at_utc - _within(began, job.sent_at, asked_at_utc)
        if answer.state == "running":
            self._ran_s = max(self._ran_s, age_s)
        elif answer.state == "success":
            if answer.duration_s:  # told in whole seconds, cut off
                self._ran_s = max(self._ran_s, answer.duration_s)
                age_s = min(age_s, answer.duration_s + 1.0)
            self._ended_s.append(age_s)
        if len(self._ended_s) >= FEWEST_ENDS:
            ended_s = min(self._ended_s)
            is_known = ended_s - self._ran_s <= AGE_FRACTION * ended_s
            self.expected_s = ended_s if is_known else (self._ran_s + ended_s) / 2

    @property
    def front(self) -> list[Watched]:
        """The next to start."""
        return list(islice(self.waiting.values(), FRONTIER))


class PollSchedule:
    """The jobs to ask about. Times are `time.monotonic`, but for those that clouds and files tell.

    Attributes:
        version: of the group, up to which its changes are known here.
    """

    def __init__(self) -> None:
        self.version = -1
        self._jobs: dict[int, Watched] = {}
        self._lanes: dict[Target, _Lane] = {}
        self._due: list[tuple[float, int, Watched]] = []  # a job's other entries are out of date
        self._entries = count()
        self._allowed, self._allowed_at = float(VOLLEY), -math.inf

    def __iter__(self) -> Iterator[Watched]:
        return iter(self._jobs.values())

    def update(
        self,
        rows: Iterable[Pollable],
        version: int,
        now: float,
        now_utc: float,
        *,
        is_dated_here: bool = False,
    ) -> None:
        """Take in what has changed in the group since the version that was known.

        `is_dated_here`: when they were sent may be judged by this machine's date; otherwise they
        were not sent before they are heard of here.
        """
        for row in rows:
            known = self._jobs.get(row.position)
            if known is not None and not (row.may_change and known.attempt_id == row.attempt_id):
                self._drop(known)
                known = None
            if known is None and row.may_change:
                age_s = max(0.0, now_utc - row.sent_at) if is_dated_here else 0.0
                known = Watched(*row[:5], known_at=now - age_s, was_seen=row.was_seen)
                self._jobs[known.position] = known
                lane = self._lanes.setdefault(known.target, _Lane())
                lane.waiting[known.position] = known
                age_s = now_utc - row.sent_at
                first_s = lane.first_s - age_s if 0 <= age_s < lane.first_s else -math.inf
                self.schedule(known, now + first_s)
            if known is not None and row.is_canceling and known.canceling_since is None:
                known.canceling_since = now_utc
                known.active_at = -math.inf  # what was told before is out of date
                self.schedule(known, -math.inf)
        self.version = version

    def answered(
        self, job: Watched, answer: RemoteStatus, now: float, now_utc: float, took_s: float = 0.0
    ) -> None:
        """Note what a cloud says of a job, and how long it took to say so."""
        job.asked_at = now
        job.was_seen = True
        job.not_found = 0
        if self._jobs.get(job.position) is not job:
            return
        lane = self._lanes[job.target]
        if answer.state in TERMINAL:
            self._drop(job)
            for following in islice(lane.waiting.values(), 1):
                if following.asked_at > -math.inf or following.is_put_off:
                    self.schedule(following, now)  # it did wait, and has the slot by now
            if not lane.expected_s and answer.state != "canceled":
                self._ask_all(lane, now)
            lane.learn(job, answer, now_utc - took_s)
            return
        if job.is_waiting and answer.state != "waiting":
            lane.waiting.pop(job.position, None)
            lane.running[job.position] = job
            job.running_since = _within(answer.started_at or now_utc, job.sent_at, now_utc)
            job.is_waiting = False
            self._hasten(lane, now, now_utc)
        elif not job.is_waiting and answer.state == "waiting":
            del lane.running[job.position]
            lane.waiting[job.position] = job
            job.is_waiting = True
        lane.learn(job, answer, now_utc - took_s)
        if lane.is_crowd and not job.is_waiting and job.canceling_since is None:
            self.schedule(job, self._turn_at(job, lane, now, now_utc))
        else:
            self.schedule(job, now + self._delay_s(job, lane, now_utc))

    def lost(self, job: Watched, now: float) -> None:
        """Its cloud does not know it (any more): no other job waits behind it."""
        if self._jobs.get(job.position) is job:
            self._lanes[job.target].waiting.pop(job.position, None)
        self.schedule(job, now + LONGEST_S)

    def schedule(self, job: Watched, at: float) -> None:
        """Have a job asked about at a time."""
        job.due_at = at
        heapq.heappush(self._due, (at, next(self._entries), job))
        if len(self._due) > 2 * len(self._jobs) + VOLLEY:  # most of them are out of date
            live = (j for j in self._jobs.values() if j.due_at < math.inf)
            self._due = [(j.due_at, next(self._entries), j) for j in live]
            heapq.heapify(self._due)

    def pop_due(self, now: float) -> list[Watched]:
        """The jobs to ask about now; each is to be scheduled again by an answer, or by hand.

        No more than the rate allows, but for those that were never asked about.
        """
        since_s = now - self._allowed_at
        self._allowed = min(VOLLEY, self._allowed + since_s * RATE_PER_S)
        self._allowed_at = now
        due = []
        while self._due and self._due[0][0] <= now:
            at, _, job = self._due[0]
            if job.due_at != at or self._jobs.get(job.position) is not job:
                heapq.heappop(self._due)
                continue
            if self._can_only_wait(job):
                heapq.heappop(self._due)
                job.is_put_off = True
                self.schedule(job, now + with_jitter(LONGEST_S, job.attempt_id))
                continue
            if at > -math.inf:
                if self._allowed < 1:
                    break
                self._allowed -= 1
            heapq.heappop(self._due)
            job.due_at = math.inf
            due.append(job)
        return due

    @property
    def next_at(self) -> float:
        """When something may be due; infinity if nothing will."""
        at = self._due[0][0] if self._due else math.inf
        if self._allowed < 1:
            at = max(at, self._allowed_at + (HANDFUL - self._allowed) / RATE_PER_S)
        return at

    def _can_only_wait(self, job: Watched) -> bool:
        """Whether a job that was just sent is far behind others that wait themselves."""
        if job.asked_at > -math.inf or job.due_at == -math.inf or job.is_put_off:
            return False
        lane = self._lanes[job.target]
        return lane.is_queue and not any(job is other for other in lane.front)

    def _drop(self, job: Watched) -> None:
        """A job has ended, or is another's attempt by now."""
        del self._jobs[job.position]
        lane = self._lanes[job.target]
        lane.waiting.pop(job.position, None)
        lane.running.pop(job.position, None)

    def _turn_at(self, job: Watched, lane: _Lane, now: float, now_utc: float) -> float:
        """When it is a job's turn in its crowd, of which one is asked about after the other."""
        turn_at = max(lane.turn_at, now)
        age_s = turn_at - now + now_utc - (job.running_since or job.sent_at)
        lane.turn_at = turn_at + poll_interval_s(age_s) / SAMPLE
        at_latest_s = max(LONGEST_S, len(lane.running) / RATE_PER_S)
        return min(lane.turn_at, now + with_jitter(at_latest_s, job.attempt_id))

    def _ask_all(self, lane: _Lane, now: float) -> None:
        """One of a crowd has ended: so may the others have, unless that was thought just now."""
        if now - lane.asked_all_at < FIRST_S:
            return
        lane.asked_all_at = now
        crowd = [job for job in lane.running.values() if job.asked_at < now]
        crowd += [
            job for job in lane.waiting.values() if job.asked_at == -math.inf and not job.is_put_off
        ]
        lane.turn_at = -math.inf
        for job in crowd:
            self.schedule(job, now)

    def _hasten(self, lane: _Lane, now: float, now_utc: float) -> None:
        """Some that were far back in the queue are among the next to start now."""
        for job in lane.front:
            asked_at = now if job.is_put_off and job.asked_at == -math.inf else job.asked_at
            at = asked_at + self._delay_s(job, lane, now_utc)
            if -math.inf < at < job.due_at < math.inf:
                self.schedule(job, at)

    def _delay_s(self, job: Watched, lane: _Lane, now_utc: float) -> float:
        delay_s = self._wanted_delay_s(job, lane, now_utc)
        is_unhurried = len(lane.waiting) > RATE_PER_S and job.canceling_since is None
        return max(delay_s, UNHURRIED_S) if is_unhurried else delay_s

    def _wanted_delay_s(self, job: Watched, lane: _Lane, now_utc: float) -> float:
        age_s = now_utc - (job.canceling_since or job.running_since or job.sent_at)
        if job.canceling_since is not None:
            delay_s = poll_interval_s(age_s)
        elif not job.is_waiting:
            delay_s = poll_interval_s(age_s, expected_s=lane.expected_s)
            if age_s < lane.expected_s:
                return delay_s
        elif any(job is other for other in lane.front):
            # where others run, it is their ends that tell when it starts
            fraction = NEXT_FRACTION if lane.running else AGE_FRACTION
            delay_s = poll_interval_s(age_s, fraction=fraction)
        else:
            waiting = sum(len(lane.waiting) for lane in self._lanes.values())
            delay_s = backlog_interval_s(age_s, waiting)
        return with_jitter(delay_s, job.attempt_id)


def _within(moment: float, earliest: float, latest: float) -> float:
    """A moment that a cloud tells, whose clock may be another."""
    return min(max(moment, earliest), latest)
