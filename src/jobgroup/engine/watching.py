"""Asking the clouds how the jobs are: politely, and only while somebody watches."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import anyio

from jobgroup.engine.lease import HeldLease
from jobgroup.engine.nursery import together
from jobgroup.engine.opened import OpenGroup
from jobgroup.engine.pacing import RATE_PER_S, Backoff
from jobgroup.engine.roster import AccountKey, Lane, Roster, Watched
from jobgroup.errors import (
    CloudBusyError,
    CloudUnreachableError,
    CredentialsError,
    JobGroupError,
    NotEnoughCreditsError,
    RemoteNotFoundError,
)
from jobgroup.providers.base import RemoteStatus
from jobgroup.store import Pollable

CHUNK = 1000
"""Answers that are recorded in one transaction, while the next ones are asked for."""

LOST = "404"
"""The word of a job that its cloud does not know (any more)."""

FRESH_S = 0.1
"""An answer of this age is as good as a new one."""


class Watcher:
    """The poller of one group. Sleeps unless somebody watches and something is active."""

    def __init__(self, group: OpenGroup, lease: HeldLease) -> None:
        self._group = group
        self._lease = lease
        self._roster = Roster()
        self._runs_s: deque[float] = deque(maxlen=100)
        self._watching = 0
        self._is_polling = False
        self._asking = anyio.Lock()
        self._round_s = 0.0
        self._load_s = 0.0
        self._look_for_dead_at = 0.0
        self._backoffs: dict[AccountKey, tuple[Backoff, float]] = {}
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
                for w in self._roster
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

    async def forget_refusals(self) -> None:
        """Ask again at once: there is a new token, or the user calls again."""
        self._backoffs.clear()
        self.token_error = None
        self._group.changed()

    async def _poll(self) -> None:
        while self._watching:
            change = self._group.change
            try:
                pause_s = await self._poll_once()
            except Exception as error:  # noqa: BLE001  (whoever waits must not wait for nothing)
                self._group.log.warning("watching %s: %s", self._group.name, error)
                pause_s = 1.0
            await anyio.sleep(min(1.0, 5 * self._load_s))  # a large group is not read all the time
            await self._group.next_change(max(pause_s, 0.005), change)
        self._is_polling = False

    async def _poll_once(self) -> float:
        """Ask about what is due; returns the seconds until more may be."""
        async with self._asking:
            now, now_utc = time.monotonic(), time.time()
            if now >= self._look_for_dead_at and not self._lease.is_held:
                self._look_for_dead_at = now + 2.0
                await self._group.in_thread(self._group.settle_abandoned)
            await self._load()
            due: list[Watched] = []
            next_at = now + 1
            for key, lane in self._roster.lanes.items():
                _, not_before = self._backoffs.get(key, (None, now))
                if not_before <= now:
                    jobs, look_at = lane.due(now, now_utc)
                    due += jobs
                else:
                    look_at = not_before
                next_at = min(next_at, look_at)
            if due:
                await self._ask(due)
                return 0.0
            for key, lane in list(self._roster.lanes.items()):
                pulse_at = lane.pulse_due_at(now, now_utc, self._shortest_run_s)
                if pulse_at <= now and key not in self._backoffs:
                    await self._take_pulse(lane)
                    return 0.0
                next_at = min(next_at, pulse_at)
            return next_at - time.monotonic()

    async def _take_pulse(self, lane: Lane) -> None:
        """Ask for an account's number of jobs; where some are missing, find out which."""
        pulse, ours = lane.pulse, len(lane)
        pulse.asked_at = began = time.monotonic()
        is_calm = not await self._group.in_thread(self._group.store.journal.has_in_flight)
        try:
            provider = await self._group.provider(lane.target)
            told = await provider.availability()
        except JobGroupError:
            return pulse.rest(began)
        if told.queue_max is None or told.queue_free is None:
            return pulse.rest(began)
        count = told.queue_max - told.queue_free
        missing = pulse.missing(count, ours)
        if missing and pulse.search_at > began:
            return None
        asked = 0
        while ours - len(lane) < missing and (jobs := lane.suspects(missing, began)):
            asked += len(jobs)
            if await self._ask(jobs):
                return None
        ended = ours - len(lane)
        if ended < missing:  # another's jobs, it seems; the search must not become a habit
            pulse.search_at = time.monotonic() + asked / RATE_PER_S
        lane.stir(ended)
        return pulse.learn(count, ours - ended, now=began, is_calm=is_calm)

    @property
    def _shortest_run_s(self) -> float:
        """How long the shortest of the last jobs ran, but for a tenth of them."""
        return sorted(self._runs_s)[len(self._runs_s) // 10] if self._runs_s else 0.0

    async def _load(self) -> None:
        """Bring the list of what may still change up to date with the file."""
        store, known = self._group.store, self._roster.version

        def look() -> tuple[int, Sequence[Pollable]]:
            version = store.version
            if version == known:
                return version, ()
            return version, store.journal.pollable(known if known < version else 0)

        began = time.monotonic()
        version, rows = await self._group.in_thread(look)
        self._load_s = time.monotonic() - began
        if version < known:  # an older file was brought back
            self._roster = Roster()
        elif known < 0:
            self._runs_s.extend(await self._group.in_thread(store.journal.durations))
        self._roster.update(rows, version, time.monotonic(), time.time())

    async def _ask(self, due: list[Watched]) -> list[Exception]:
        """Ask about jobs, record what is told; returns the errors that concern an account."""
        accounts: dict[AccountKey, list[Watched]] = {}
        for watched in due:
            accounts.setdefault(watched.account, []).append(watched)
        errors: list[Exception] = []

        async def ask_account(key: AccountKey, jobs: list[Watched]) -> None:
            for start in range(0, len(jobs), CHUNK):
                told, error = await self._ask_chunk(jobs[start : start + CHUNK])
                if told:
                    group.start_soon(self._record, key, told)
                elif error is not None:
                    errors.append(error)
                    await self._keep_trouble(key, error)
                    return  # the rest of this account would hear the same

        async with together() as group:
            for key, jobs in accounts.items():
                group.start_soon(ask_account, key, jobs)
        return errors

    async def _ask_chunk(
        self, jobs: list[Watched]
    ) -> tuple[list[tuple[int, RemoteStatus]], Exception | None]:
        """What is told of jobs, by attempt, and the error that concerns them all."""
        try:
            provider = await self._group.provider(jobs[0].target)
            answers = await provider.status([w.remote_id for w in jobs])
        except JobGroupError as error:
            answers = {w.remote_id: error for w in jobs}
        now, now_utc = time.monotonic(), time.time()
        told: list[tuple[int, RemoteStatus]] = []
        account_error: Exception | None = None
        for watched in jobs:
            answer = answers.get(watched.remote_id)
            if isinstance(answer, RemoteStatus):
                self._roster.answered(watched, answer, now, now_utc)
                if answer.state == "success" and answer.duration_s is not None:
                    self._runs_s.append(answer.duration_s)
                told.append((watched.attempt_id, answer))
            elif concerns_account(answer):
                account_error = answer
            elif answer is not None:
                await self._keep_problem(watched, answer)
        return told, account_error

    async def _record(self, key: AccountKey, told: list[tuple[int, RemoteStatus]]) -> None:
        store = self._group.store
        self.last_answer_at = time.time()
        if await self._group.in_thread(store.journal.apply, told):
            self._group.changed()
        self._backoffs.pop(key, None)
        self.token_error = None
        await self._group.in_thread(
            store.troubles.end, *key[1:], ("unreachable", "token", "credits")
        )

    async def _keep_problem(self, watched: Watched, error: Exception) -> None:
        """A trouble of one job alone: its message tells it, the others go on."""
        journal = self._group.store.journal
        watched.not_before = time.monotonic() + 1
        if isinstance(error, RemoteNotFoundError):
            watched.not_found += 1
            if watched.not_found >= 3:  # a cloud may need a moment to know a new job
                lost = RemoteStatus(word=LOST, state="unknown", message=str(error))
                await self._group.in_thread(journal.apply, [(watched.attempt_id, lost)])
                watched.not_before = time.monotonic() + 60
        else:
            await self._group.in_thread(journal.note_problem, watched.attempt_id, str(error))
        self._group.changed()

    async def _keep_trouble(self, key: AccountKey, error: Exception) -> None:
        if isinstance(error, CredentialsError):
            self.token_error = error
        backoff, _ = self._backoffs.get(key, (Backoff(), 0.0))
        wait_s = backoff.next_s(getattr(error, "retry_after_s", None))
        self._backoffs[key] = (backoff, time.monotonic() + wait_s)
        await self._group.in_thread(
            self._group.store.troubles.begin, trouble_kind(error), *key[1:], str(error)
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
