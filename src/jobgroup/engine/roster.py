"""What may still change on the clouds, account by account, and when to ask about it. No disk."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from jobgroup.engine.pacing import FRONTIER, glance_delay_s, poll_delay_s, pulse_delay_s
from jobgroup.engine.pulse import Pulse
from jobgroup.providers.base import RemoteStatus
from jobgroup.status import ON_CLOUD, TERMINAL
from jobgroup.store import Pollable, Target

AccountKey = tuple[str, str, str]
"""Whom to ask: provider, origin and account label."""

JUST_SENT_S = 2.0

PULSE_FROM = 3
"""Jobs of an account from which on one question about the account is asked instead of theirs."""


@dataclass(slots=True, eq=False)
class Watched:
    """A job that may still change, and what is known of it in this process."""

    attempt_id: int
    position: int
    remote_id: str
    target: Target
    sent_at: float
    is_waiting: bool
    asked_at: float = -math.inf
    not_before: float = -math.inf
    running_since: float | None = None
    not_found: int = 0

    @property
    def account(self) -> AccountKey:
        """Whom to ask."""
        return self.target.provider, self.target.origin, self.target.account

    def age_s(self, now_utc: float) -> float:
        """Since it was seen to run, or was sent."""
        return max(0.0, now_utc - (self.running_since or self.sent_at))

    def jittered(self, delay_s: float) -> float:
        """A delay, a little different for each job, so that they do not all come at one moment."""
        return delay_s * (0.85 + 0.15 * (self.attempt_id * 0.618 % 1))


class Lane:
    """One account's jobs: those that run, those that wait in the order of sending, its pulse."""

    def __init__(self, swept_at: float) -> None:
        self.pulse = Pulse()
        self._running: dict[int, Watched] = {}
        self._waiting: dict[int, Watched] = {}
        self._reach = FRONTIER
        self._swept_at = swept_at

    def __len__(self) -> int:
        return len(self._running) + len(self._waiting)

    def __iter__(self) -> Iterator[Watched]:
        yield from self._running.values()
        yield from self._waiting.values()

    @property
    def target(self) -> Target:
        """Any of its jobs' targets: they lead to the same account."""
        return next(iter(self)).target

    def put(self, job: Watched) -> None:
        """Take a job in, or note what has become of it."""
        if job.is_waiting:
            self._running.pop(job.position, None)
            if job.position in self._waiting:
                self._reach = FRONTIER  # it is asked about, and waits: so do those behind it
            self._waiting[job.position] = job
        else:
            self._leave(job)
            self._running[job.position] = job

    def drop(self, job: Watched) -> None:
        """A job has ended."""
        self._running.pop(job.position, None)
        self._leave(job)

    def _leave(self, job: Watched) -> None:
        if self._waiting.pop(job.position, None) is not None:
            self._reach += 1  # each that has started, or ended at once, lets one more be asked

    def near(self) -> list[Watched]:
        """The jobs that run, and the next ones to start."""
        return [*self._running.values(), *islice(self._waiting.values(), self._reach)]

    def has_pulse(self, now: float) -> bool:
        """Whether one question about the account tells as much as one about each job."""
        return len(self) >= PULSE_FROM and self.pulse.rests_until <= now

    def pulse_due_at(self, now: float, now_utc: float, shortest_run_s: float) -> float:
        """When to ask for the account's number of jobs."""
        if not self.has_pulse(now):
            return math.inf
        jobs = self._running or self._waiting
        youngest_s = min(job.age_s(now_utc) for job in islice(jobs.values(), 1000))
        return self.pulse.asked_at + pulse_delay_s(youngest_s, shortest_run_s)

    def suspects(self, missing: int, since: float) -> list[Watched]:
        """Those that are most likely to have ended, none that was asked about since."""
        jobs = (job for job in self.near() if job.asked_at < since and job.not_before < since)
        return list(islice(jobs, 2 * missing))

    def stir(self, started: int) -> None:
        """Some of those that waited have probably started: ask about them."""
        for job in islice(self._waiting.values(), started):
            job.asked_at = -math.inf

    def due(self, now: float, now_utc: float) -> tuple[list[Watched], float]:
        """The jobs to ask about now, and when to look again."""
        near = self.near()
        is_quiet = self.has_pulse(now) and not self.pulse.others
        due, next_at = [], math.inf
        for job in near:
            delay_s = poll_delay_s(job.age_s(now_utc), is_near=True, crowd=len(near))
            if is_quiet:
                delay_s = glance_delay_s(delay_s, crowd=len(near))
            due_at = max(job.asked_at + job.jittered(delay_s), job.not_before)
            if due_at <= now:
                due.append(job)
            else:
                next_at = min(next_at, due_at)
        far = len(self) - len(near)
        if far:
            sweep_s = poll_delay_s(math.inf, is_near=False, crowd=far)
            if self._swept_at + sweep_s <= now:
                self._swept_at = now
                due += islice(self._waiting.values(), self._reach, None)
            next_at = min(next_at, self._swept_at + sweep_s)
        return due, next_at


class Roster:
    """The lanes of one group, kept up to date with its file by what changed in it."""

    def __init__(self) -> None:
        self.version = -1
        self.lanes: dict[AccountKey, Lane] = {}
        self._jobs: dict[int, Watched] = {}

    def __iter__(self) -> Iterator[Watched]:
        return iter(self._jobs.values())

    def update(self, rows: Iterable[Pollable], version: int, now: float, now_utc: float) -> None:
        """Take in the jobs that have changed since the version that was known."""
        for row in rows:
            known = self._jobs.get(row.position)
            is_watched = row.state in ON_CLOUD and row.remote_id is not None
            if known is not None and (not is_watched or known.attempt_id != row.attempt_id):
                self.drop(known)
                known = None
            if not is_watched or row.remote_id is None:
                continue
            if known is None:
                known = Watched(
                    row.attempt_id, row.position, row.remote_id, row.target, row.sent_at, True
                )
                self._jobs[row.position] = known
            known.is_waiting = row.state == "waiting"
            lane = self.lanes.get(known.account)
            if lane is None:
                is_new = now_utc - row.sent_at < JUST_SENT_S
                lane = self.lanes[known.account] = Lane(swept_at=now if is_new else -math.inf)
            lane.put(known)
        self.version = version

    def answered(self, job: Watched, answer: RemoteStatus, now: float, now_utc: float) -> None:
        """Note what a cloud says of a job."""
        job.asked_at = now
        job.not_found = 0
        if answer.state in TERMINAL:
            self.drop(job)
            return
        job.is_waiting = answer.state == "waiting"
        if answer.state == "running" and job.running_since is None:
            # the cloud's clock may be another
            job.running_since = min(max(answer.started_at or now_utc, job.sent_at), now_utc)
        if self._jobs.get(job.position) is job:
            self.lanes[job.account].put(job)

    def drop(self, job: Watched) -> None:
        """A job has ended, or is another's attempt by now."""
        self._jobs.pop(job.position, None)
        lane = self.lanes.get(job.account)
        if lane is not None:
            lane.drop(job)
            if not len(lane):
                del self.lanes[job.account]
