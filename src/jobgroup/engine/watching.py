"""Asking the clouds how the jobs are: politely, and only while somebody watches."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from jobgroup.engine.lease import HeldLease
from jobgroup.engine.nursery import together
from jobgroup.engine.opened import OpenGroup
from jobgroup.engine.pacing import FRONTIER, Backoff, poll_delay_s
from jobgroup.errors import (
    CloudBusyError,
    CloudUnreachableError,
    CredentialsError,
    JobGroupError,
    NotEnoughCreditsError,
    RemoteNotFoundError,
)
from jobgroup.providers.base import RemoteStatus
from jobgroup.status import TERMINAL
from jobgroup.store import Target

CHUNK = 200
"""Answers that are recorded in one transaction."""

LOST = "404"
"""The word of a job that its cloud does not know (any more)."""

FRESH_S = 0.1
"""An answer of this age is as good as a new one."""


@dataclass(slots=True)
class Watched:
    """A job that may still change, and what is known of it in this process."""

    attempt_id: int
    position: int
    remote_id: str
    target: Target
    sent_at: float
    asked_at: float = -math.inf
    active_at: float = -math.inf
    not_before: float = -math.inf
    is_waiting: bool = True
    not_found: int = 0
    jitter: float = field(default_factory=lambda: 0.85 + 0.15 * random.random())

    @property
    def account(self) -> tuple[str, str]:
        """Whom to ask: origin and account label."""
        return self.target.origin, self.target.account


class Watcher:
    """The poller of one group. Sleeps unless somebody watches and something is active."""

    def __init__(self, group: OpenGroup, lease: HeldLease) -> None:
        self._group = group
        self._lease = lease
        self._roster: dict[int, Watched] = {}
        self._roster_version = -1
        self._watching = 0
        self._is_polling = False
        self._asking = anyio.Lock()
        self._round_s = 0.0
        self._load_s = 0.0
        self._look_for_dead_at = 0.0
        self._backoffs: dict[tuple[str, str], tuple[Backoff, float]] = {}
        self.last_answer_at: float | None = None
        """When a cloud last answered about this group, seconds since the epoch."""
        self.token_error: CredentialsError | None = None
        """Why nothing can be asked at present."""

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Poll in the background for the length of a block."""
        self._watching += 1
        if not self._is_polling:
            self._is_polling = True
            self._group.loop.spawn(self._poll)
        try:
            yield
        finally:
            self._watching -= 1

    async def refresh(self, positions: Iterable[int] | None = None) -> None:
        """Ask about every job that may have changed, unless it was asked just now.

        Raises:
            CredentialsError: a token is missing or refused; jobs keep their last state.
        """
        began = time.monotonic()
        async with self._asking:
            await self._load()
            # a caller in a tight loop gets at most half of the time spent in asking
            fresh_since = began - max(FRESH_S, self._round_s)
            wanted = None if positions is None else set(positions)
            due = [
                w
                for w in self._roster.values()
                if w.asked_at < fresh_since and (wanted is None or w.position in wanted)
            ]
            errors = await self._ask(due)
            if due:
                self._round_s = time.monotonic() - began
        for error in errors:
            if isinstance(error, CredentialsError):
                raise error

    @property
    def has_backoff(self) -> bool:
        """Whether some account is left alone for a while."""
        return bool(self._backoffs)

    def active_since(self, moment: float) -> set[int]:
        """Where the jobs are of which an answer to a later question said that they are active.

        Args:
            moment: of `time.monotonic`.
        """
        return {w.position for w in self._roster.values() if w.active_at > moment}

    async def forget_refusals(self) -> None:
        """Ask again at once: there is a new token, or the user calls again."""
        self._backoffs.clear()
        self.token_error = None
        self._group.changed()

    async def _poll(self) -> None:
        said = ""
        while self._watching:
            change = self._group.change
            try:
                pause_s = await self._poll_once()
                said = ""
            except Exception as error:  # noqa: BLE001  (whoever waits must not wait for nothing)
                if str(error) != said:  # a group may stay deleted for as long as it is watched
                    said = str(error)
                    self._group.log.warning("watching %s: %s", self._group.name, said)
                pause_s = 1.0
            await anyio.sleep(min(1.0, 5 * self._load_s))  # a large group is not read all the time
            await self._group.next_change(max(pause_s, 0.005), change)
        self._is_polling = False

    async def _poll_once(self) -> float:
        """Ask about what is due; returns the seconds until more is."""
        async with self._asking:
            now = time.monotonic()
            if now >= self._look_for_dead_at and not self._lease.is_held:
                self._look_for_dead_at = now + 2.0
                await self._group.in_thread(self._group.settle_abandoned)
            await self._load()
            times = self._times()
            await self._ask([w for w, due_at in times if due_at <= now])
            next_at = min((due_at for _, due_at in self._times()), default=now + 1)
            return min(1.0, next_at - time.monotonic())

    def _times(self) -> list[tuple[Watched, float]]:
        """When each job is to be asked about next; the roster is in the order of sending."""
        in_front: Counter[tuple[str, str]] = Counter()
        near: list[Watched] = []
        far: list[Watched] = []
        for watched in self._roster.values():
            if watched.is_waiting:
                in_front[watched.account] += 1
            is_near = not watched.is_waiting or in_front[watched.account] <= FRONTIER
            (near if is_near else far).append(watched)
        now_utc = time.time()
        times = []
        for jobs, is_near in ((near, True), (far, False)):
            for watched in jobs:
                age_s = now_utc - watched.sent_at
                delay_s = poll_delay_s(age_s, is_near=is_near, crowd=len(jobs)) * watched.jitter
                _, not_before = self._backoffs.get(watched.account, (None, -math.inf))
                due_at = max(watched.asked_at + delay_s, watched.not_before, not_before)
                times.append((watched, due_at))
        return times

    async def _load(self) -> None:
        """Bring the list of what may still change up to date with the file."""
        store = self._group.store
        version = await self._group.in_thread(lambda: store.version)
        if version == self._roster_version:
            return
        began = time.monotonic()
        rows = await self._group.in_thread(store.reports.pollable)
        self._load_s = time.monotonic() - began
        known = self._roster
        self._roster = {}
        for row in rows:
            watched = known.get(row[0])
            if watched is None:
                watched = Watched(*row[:5])
            self._roster[row[0]] = watched
        self._roster_version = version

    async def _ask(self, due: list[Watched]) -> list[Exception]:
        """Ask about jobs, record what is told; returns the errors that concern an account."""
        accounts: dict[tuple[str, str], list[Watched]] = {}
        for watched in due:
            accounts.setdefault(watched.account, []).append(watched)
        errors: list[Exception] = []

        async def ask_account(key: tuple[str, str], jobs: list[Watched]) -> None:
            for start in range(0, len(jobs), CHUNK):
                error = await self._ask_chunk(key, jobs[start : start + CHUNK])
                if error is not None:
                    errors.append(error)
                    return  # the rest of this account would hear the same

        async with together() as group:
            for key, jobs in accounts.items():
                group.start_soon(ask_account, key, jobs)
        return errors

    async def _ask_chunk(self, key: tuple[str, str], jobs: list[Watched]) -> Exception | None:
        group, asked_at = self._group, time.monotonic()
        try:
            provider = await group.provider(jobs[0].target)
            answers = await provider.status([w.remote_id for w in jobs])
        except JobGroupError as error:
            answers = {w.remote_id: error for w in jobs}
        now, now_utc = time.monotonic(), time.time()
        told: list[tuple[int, RemoteStatus]] = []
        account_error: Exception | None = None
        for watched in jobs:
            answer = answers.get(watched.remote_id)
            if isinstance(answer, RemoteStatus):
                watched.asked_at = now
                watched.not_found = 0
                watched.is_waiting = answer.state == "waiting"
                if answer.state not in TERMINAL:
                    watched.active_at = asked_at
                told.append((watched.attempt_id, answer))
            elif concerns_account(answer):
                account_error = answer
            elif answer is not None:
                await self._keep_problem(watched, answer)
        if told:
            self.last_answer_at = now_utc
            if await group.in_thread(self._record, key, told):
                group.changed()
            self._backoffs.pop(key, None)
            self.token_error = None
            return None
        if account_error is not None:
            await self._keep_trouble(key, account_error)
        return account_error

    def _record(self, key: tuple[str, str], told: list[tuple[int, RemoteStatus]]) -> bool:
        """Write answers down; the cloud is well then. Returns whether they are news."""
        store = self._group.store
        is_news = bool(store.reports.apply(told))
        return store.troubles.end(*key, ("unreachable", "token", "credits")) or is_news

    async def _keep_problem(self, watched: Watched, error: Exception) -> None:
        """A trouble of one job alone: its message tells it, the others go on."""
        reports = self._group.store.reports
        watched.not_before = time.monotonic() + 1
        if isinstance(error, RemoteNotFoundError):
            watched.not_found += 1
            if watched.not_found >= 3:  # a cloud may need a moment to know a new job
                lost = RemoteStatus(word=LOST, state="unknown", message=str(error))
                await self._group.in_thread(reports.apply, [(watched.attempt_id, lost)])
                watched.not_before = time.monotonic() + 60
        else:
            await self._group.in_thread(reports.note_problem, watched.attempt_id, str(error))
        self._group.changed()

    async def _keep_trouble(self, key: tuple[str, str], error: Exception) -> None:
        if isinstance(error, CredentialsError):
            self.token_error = error
        backoff, _ = self._backoffs.get(key, (Backoff(), 0.0))
        wait_s = backoff.next_s(getattr(error, "retry_after_s", None))
        self._backoffs[key] = (backoff, time.monotonic() + wait_s)
        await self._group.in_thread(
            self._group.store.troubles.begin, trouble_kind(error), *key, str(error)
        )
        self._group.changed()


def concerns_account(error: object) -> bool:
    """Whether an error is about a cloud or an account, so that other jobs would meet it too."""
    return isinstance(
        error, CloudUnreachableError | CloudBusyError | CredentialsError | NotEnoughCreditsError
    )


def trouble_kind(error: Exception) -> str:
    """What a standing problem is filed under."""
    if isinstance(error, CredentialsError):
        return "token"
    if isinstance(error, NotEnoughCreditsError):
        return "credits"
    return "unreachable"
