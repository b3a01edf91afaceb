"""Asking the clouds how the jobs are: politely, and only while somebody watches."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import anyio

from jobgroup.engine.lease import HeldLease
from jobgroup.engine.nursery import together
from jobgroup.engine.opened import OpenGroup
from jobgroup.engine.pacing import Respite
from jobgroup.engine.parts import open_ids, told_by_parts
from jobgroup.engine.roster import Roster, Watched
from jobgroup.errors import (
    BrokenProviderError,
    CloudBusyError,
    CloudUnreachableError,
    CredentialsError,
    JobGroupError,
    MissingExtraError,
    NotEnoughCreditsError,
    RemoteNotFoundError,
)
from jobgroup.providers.base import RemoteStatus
from jobgroup.status import LOST, TERMINAL
from jobgroup.store import Pollable

CHUNK = 1000
"""Answers that are recorded in one transaction."""

FRESH_S = 0.1
"""An answer of this age is as good as a new one."""


class Watcher:
    """The poller of one group. Sleeps unless somebody watches and something is active."""

    def __init__(self, group: OpenGroup, lease: HeldLease) -> None:
        self._group = group
        self._lease = lease
        self._roster = Roster()
        self._watching = 0
        self._is_polling = False
        self._asking = anyio.Lock()
        self._rounds: set[anyio.Event] = set()
        self._said = ""
        self._round_s = 0.0
        self._load_s = 0.0
        self._look_for_dead_at = 0.0
        self._respites: dict[tuple[str, str, str], Respite] = {}
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
            for under_way in list(self._rounds):
                await under_way.wait()
            await self._load()
            # when it was asked counts: an answer may be from before what the caller did last;
            # a caller in a tight loop gets at most half of the time spent in asking
            fresh_since = began - max(FRESH_S, 2 * self._round_s)
            wanted = None if positions is None else set(positions)
            due = [
                w
                for w in self._roster
                if w.active_at < fresh_since and (wanted is None or w.position in wanted)
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
        return bool(self._respites)

    def active_since(self, moment: float) -> set[int]:
        """Where the jobs are of which an answer to a later question said that they are active.

        Args:
            moment: of `time.monotonic`.
        """
        return {w.position for w in self._roster if w.active_at > moment}

    async def forget_refusals(self) -> None:
        """Ask again at once: there is a new token, or the user calls again."""
        for watched in self._roster:
            if watched.account in self._respites:
                self._roster.schedule(watched, time.monotonic())
        self._respites.clear()
        self.token_error = None
        self._group.changed()

    async def _poll(self) -> None:
        while self._watching:
            change = self._group.change
            try:
                pause_s = await self._poll_once()
            except Exception as error:  # noqa: BLE001  (whoever waits must not wait for nothing)
                self._tell(error)
                pause_s = 1.0
            await anyio.sleep(min(1.0, 5 * self._load_s))  # a large group is not read all the time
            await self._group.next_change(max(pause_s, 0.005), change)
        self._is_polling = False

    async def _poll_once(self) -> float:
        """Begin to ask about what is due; returns the seconds until more is."""
        async with self._asking:
            now = time.monotonic()
            if now >= self._look_for_dead_at and not self._lease.is_held:
                self._look_for_dead_at = now + 2.0
                await self._group.in_thread(self._group.settle_abandoned)
            await self._load()
            if due := self._roster.take_due(now):
                under_way = anyio.Event()
                self._rounds.add(under_way)
                self._group.loop.spawn(self._round, due, under_way)
            return min(1.0, self._roster.next_at - time.monotonic())

    async def _round(self, due: list[Watched], under_way: anyio.Event) -> None:
        """Ask about jobs; what is due meanwhile is asked about in another round."""
        began = time.monotonic()
        try:
            await self._ask([w for w in due if self._not_before(w) <= began])
            self._said = ""
        except Exception as error:  # noqa: BLE001  (what is not on disk is asked about again)
            self._tell(error)
        finally:
            for watched in due:
                if watched.due_at == math.inf:  # it got no answer
                    self._roster.schedule(watched, max(began + 1, self._not_before(watched)))
            self._rounds.discard(under_way)
            under_way.set()

    def _tell(self, error: Exception) -> None:
        """Once: a group may stay deleted for as long as it is watched."""
        if str(error) != self._said:
            self._said = str(error)
            self._group.log.warning("watching %s: %s", self._group.name, error)

    def _not_before(self, watched: Watched) -> float:
        """Until when the job's account is left alone."""
        respite = self._respites.get(watched.account)
        return respite.until if respite else -math.inf

    async def _load(self) -> None:
        """Bring the list of what may still change up to date with the file."""
        store, known = self._group.store, self._roster.version

        def look() -> tuple[int, Sequence[Pollable], float]:
            began, version = time.monotonic(), store.version
            if version == known:
                return version, (), 0.0
            rows = store.reports.pollable(known if 0 < known < version else 0)
            return version, rows, time.monotonic() - began

        version, rows, self._load_s = await self._group.in_thread(look)
        if version < known:  # an older file was brought back
            self._roster = Roster()
        self._roster.update(rows, version, time.monotonic(), time.time())

    async def _ask(self, due: list[Watched]) -> list[Exception]:
        """Ask about jobs, record what is told; returns the errors that concern an account."""
        accounts: dict[tuple[str, str, str], list[Watched]] = {}
        for watched in due:
            accounts.setdefault(watched.account, []).append(watched)
        errors: list[Exception] = []

        async def ask_account(key: tuple[str, str, str], jobs: list[Watched]) -> None:
            for start in range(0, len(jobs), CHUNK):
                error = await self._ask_chunk(key, jobs[start : start + CHUNK])
                if error is not None:
                    errors.append(error)
                    return  # the rest of this account would hear the same

        async with together() as group:
            for key, jobs in accounts.items():
                group.start_soon(ask_account, key, jobs)
        return errors

    async def _ask_chunk(self, key: tuple[str, str, str], jobs: list[Watched]) -> Exception | None:
        group, asked_at = self._group, time.monotonic()
        try:
            provider = await group.provider(jobs[0].target)
            told_of = await provider.status([i for w in jobs for i in open_ids(w)])
            answers = {w.remote_id: told_by_parts(w, told_of) for w in jobs}
        except JobGroupError as error:
            answers = {w.remote_id: error for w in jobs}
        now, now_utc = time.monotonic(), time.time()
        told: list[tuple[Watched, RemoteStatus]] = []
        account_error: Exception | None = None
        for watched in jobs:
            answer = answers.get(watched.remote_id)
            if isinstance(answer, RemoteStatus):
                told.append((watched, answer))
            elif concerns_account(answer):
                account_error = answer
            elif answer is not None:
                await self._keep_problem(watched, answer)
        if told:
            self.last_answer_at = now_utc
            is_news = await group.in_thread(
                self._record, key, [(w.attempt_id, answer) for w, answer in told]
            )
            # only now: what is not on disk has to be asked again
            self._take_in(told, asked_at, now, now_utc)
            if is_news:
                group.changed()
            self._respites.pop(key, None)
            self.token_error = None
            return None
        if account_error is not None:
            await self._keep_trouble(key, account_error, asked_at)
        return account_error

    def _take_in(
        self, told: list[tuple[Watched, RemoteStatus]], asked_at: float, now: float, now_utc: float
    ) -> None:
        for watched, answer in told:
            self._roster.answered(watched, answer, now, now_utc, now - asked_at)
            if answer.state not in TERMINAL:
                watched.active_at = asked_at

    def _record(self, key: tuple[str, str, str], told: list[tuple[int, RemoteStatus]]) -> bool:
        """Write answers down; the cloud is well then. Returns whether they are news."""
        store = self._group.store
        is_news = bool(store.reports.apply(told))
        return store.troubles.end(*key[1:], ("unreachable", "token", "credits")) or is_news

    async def _keep_problem(self, watched: Watched, error: Exception) -> None:
        """A trouble of one job alone: its message tells it, the others go on."""
        reports = self._group.store.reports
        self._roster.schedule(watched, time.monotonic() + 1)
        if isinstance(error, RemoteNotFoundError):
            watched.not_found += 1
            if watched.not_found >= 3:  # a cloud may need a moment to know a new job
                lost = RemoteStatus(word=LOST, state="unknown", message=str(error))
                await self._group.in_thread(reports.apply, [(watched.attempt_id, lost)])
                self._roster.lost(watched, time.monotonic())
        else:
            await self._group.in_thread(reports.note_problem, watched.attempt_id, str(error))
        self._group.changed()

    async def _keep_trouble(
        self, key: tuple[str, str, str], error: Exception, asked_at: float
    ) -> None:
        if isinstance(error, CredentialsError):
            self.token_error = error
        respite = self._respites.setdefault(key, Respite())
        respite.begin(asked_at, time.monotonic(), getattr(error, "retry_after_s", None))
        await self._group.in_thread(
            self._group.store.troubles.begin, trouble_kind(error), *key[1:], str(error)
        )
        self._group.changed()


def concerns_account(error: object) -> bool:
    """Whether an error is about a cloud or an account, so that other jobs would meet it too."""
    return isinstance(
        error,
        CloudUnreachableError
        | CloudBusyError
        | CredentialsError
        | NotEnoughCreditsError
        | MissingExtraError
        | BrokenProviderError,
    )


def trouble_kind(error: Exception) -> str:
    """What a standing problem is filed under."""
    if isinstance(error, CredentialsError):
        return "token"
    if isinstance(error, NotEnoughCreditsError):
        return "credits"
    return "unreachable"
