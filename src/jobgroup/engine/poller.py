"""Asking the clouds how the jobs are: politely, and only while somebody watches."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import anyio

from jobgroup.engine.cooldown import Cooldown, describe_pause
from jobgroup.engine.lease import HeldLease
from jobgroup.engine.loop import task_group
from jobgroup.engine.poll_schedule import PolledJob, PollSchedule, poll_interval_s
from jobgroup.engine.subjobs import open_ids, told_by_parts
from jobgroup.errors import (
    CredentialsError,
    GroupDeletedError,
    GroupMovedError,
    InsufficientCreditsError,
    JobGroupError,
    NoResponseError,
    RemoteNotFoundError,
)
from jobgroup.providers.base import RemoteStatus, concerns_account
from jobgroup.providers.polling import report_each_to
from jobgroup.providers.responses import unreadable
from jobgroup.status import REMOTE_MISSING, TERMINAL
from jobgroup.store import Pollable

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession

CHUNK = 1000
"""Answers that are recorded in one transaction."""

FRESH_S = 0.1
"""An answer of this age is as good as a new one."""

TOGETHER_S = 0.1
"""Answers that come within this time are recorded in one transaction."""

PATIENCE_S = 10.0
"""How long a refresh waits for answers; those that come later are recorded all the same."""

FEW = 10
"""Jobs of which the cloud does not answer, while it does of others, are the cloud's trouble beyond
this number, and each its own below."""


class _Round:
    """Questions that are under way."""

    def __init__(self, jobs: Sequence[PolledJob]) -> None:
        self.jobs = set(jobs)
        self.began = time.monotonic()
        self.over = anyio.Event()
        self.errors: list[Exception] = []
        self.failure: Exception | None = None


class _Hearing:
    """The answers of one batch of questions, as they come."""

    def __init__(self) -> None:
        self.answers: dict[str, RemoteStatus | Exception] = {}
        self.is_over = False
        self._news = anyio.Event()
        self._end = anyio.Event()

    def hear(self, remote_id: str, answer: RemoteStatus | Exception) -> None:
        """Take an answer."""
        self.answers[remote_id] = answer
        self._news.set()

    async def listen(
        self, ask: Callable[[], Awaitable[Mapping[str, RemoteStatus | Exception]]], ids: list[str]
    ) -> None:
        """Ask, and take what had not come before the end."""
        try:
            with report_each_to(self.hear):
                self.answers.update(await ask())
        except JobGroupError as error:
            self.answers.update({i: error for i in ids if i not in self.answers})
        except Exception as error:  # noqa: BLE001  # of one account: the others are heard
            wrong = unreadable(error)
            self.answers.update({i: wrong for i in ids if i not in self.answers})
        finally:
            self.is_over = True
            self._news.set()
            self._end.set()

    def split(self, waiting: Sequence[PolledJob]) -> tuple[list[PolledJob], list[PolledJob]]:
        """The jobs of which all has come that will come, and the others."""
        if self.is_over:
            return list(waiting), []
        ready = {w for w in waiting if all(i in self.answers for i in open_ids(w))}
        return [w for w in waiting if w in ready], [w for w in waiting if w not in ready]

    async def more(self) -> None:
        """Wait for answers, and a moment for those that come with them."""
        await self._news.wait()
        with anyio.move_on_after(TOGETHER_S):
            await self._end.wait()
        self._news = anyio.Event()


class Poller:
    """The poller of one group. Sleeps unless somebody watches and something is active."""

    def __init__(self, group: GroupSession, lease: HeldLease) -> None:
        self._group = group
        self._lease = lease
        self._roster = PollSchedule()
        self._watching = 0
        self._is_polling = False
        self._asking = anyio.Lock()
        self._rounds: set[_Round] = set()
        self._answered_at: dict[tuple[str, str, str], float] = {}
        self._said = ""
        self._round_s = 0.0
        self._load_s = 0.0
        self._look_for_dead_at = 0.0
        self._respites: dict[tuple[str, str, str], Cooldown] = {}
        self.last_answer_at: float | None = None
        """When a cloud last answered about this group, seconds since the epoch."""
        self.refusals: dict[tuple[str, str, str], CredentialsError] = {}
        """The accounts that cannot be asked at present, since a token is missing or refused."""

    @asynccontextmanager
    async def polling(self) -> AsyncIterator[None]:
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
                await self._patiently(under_way)
            if not self._lease.is_held:
                await self._group.in_thread(self._group.mark_abandoned_unconfirmed)
            await self._load()
            silent = set().union(*(under_way.jobs for under_way in self._rounds))
            # when it was asked counts: an answer may be from before what the caller did last;
            # a caller in a tight loop gets at most half of the time spent in asking
            fresh_since = began - max(FRESH_S, 2 * self._round_s)
            wanted = None if positions is None else set(positions)
            due = [
                w
                for w in self._roster
                if w.active_at < fresh_since
                and w not in silent
                and (wanted is None or w.position in wanted)
            ]
            if not due:
                return
            asking = _Round(due)
            self._rounds.add(asking)
            self._group.loop.spawn(self._carry_out, asking, due)
            await self._patiently(asking)
            self._round_s = time.monotonic() - began
        if asking.failure is not None:
            raise asking.failure
        for error in asking.errors:
            if isinstance(error, CredentialsError):
                raise error

    async def _patiently(self, under_way: _Round) -> None:
        """Wait for the end of a round, but not for long: one silent job keeps nobody."""
        with anyio.move_on_at(
            under_way.began - time.monotonic() + anyio.current_time() + PATIENCE_S
        ):
            await under_way.over.wait()

    async def _carry_out(self, asking: _Round, due: list[PolledJob]) -> None:
        try:
            asking.errors = await self._ask(due)
        except Exception as error:  # noqa: BLE001  (raised by whoever waits for it)
            asking.failure = error
        finally:
            self._rounds.discard(asking)
            asking.over.set()

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
        self.refusals.clear()
        self._group.notify()

    async def _poll(self) -> None:
        pause_s = 0.0

        async def poll() -> bool:
            nonlocal pause_s
            try:
                pause_s = await self._poll_once()
            except Exception as error:  # noqa: BLE001  (whoever waits must not wait for nothing)
                self._tell(error)
                pause_s = 1.0
            await anyio.sleep(min(1.0, 5 * self._load_s))  # a large group is not read all the time
            return not self._watching

        while not await self._group.wait_until(poll, max(pause_s, 0.005)):
            pass
        self._is_polling = False

    async def _poll_once(self) -> float:
        """Begin to ask about what is due; returns the seconds until more is."""
        async with self._asking:
            now = time.monotonic()
            if now >= self._look_for_dead_at and not self._lease.is_held:
                self._look_for_dead_at = now + 2.0
                await self._group.in_thread(self._group.mark_abandoned_unconfirmed)
            await self._load()
            if due := self._roster.pop_due(now):
                asking = _Round(due)
                self._rounds.add(asking)
                self._group.loop.spawn(self._round, due, asking)
            return min(1.0, self._roster.seconds_to_next(time.monotonic()))

    async def _round(self, due: list[PolledJob], asking: _Round) -> None:
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
            self._rounds.discard(asking)
            asking.over.set()

    def _tell(self, error: Exception) -> None:
        """Once: a group may stay deleted for as long as it is watched, as its user wants it to."""
        is_wanted = isinstance(error, GroupDeletedError) and not isinstance(error, GroupMovedError)
        if str(error) != self._said:
            self._said = str(error)
            level = logging.INFO if is_wanted else logging.WARNING
            self._group.log.log(level, "watching %s: %s", self._group.name, error)

    def _not_before(self, watched: PolledJob) -> float:
        """Until when the job's account is left alone."""
        respite = self._respites.get(watched.account)
        return respite.until if respite else -math.inf

    async def _load(self) -> None:
        """Bring the list of what may still change up to date with the file."""
        store, known = self._group.store, self._roster.version

        def look() -> tuple[int, Sequence[Pollable], bool, float]:
            began, version = time.monotonic(), store.version
            if version == known:
                return version, (), False, 0.0
            rows = store.statuses.list_pollable(known if 0 < known < version else 0)
            # what another process is sending now, it dates by its own clock
            is_dated_here = known < 0 and not self._lease.is_held_elsewhere()
            return version, rows, is_dated_here, time.monotonic() - began

        version, rows, is_dated_here, self._load_s = await self._group.in_thread(look)
        if version < known:  # an older file was brought back
            self._roster = PollSchedule()
        self._roster.sync(rows, version, time.monotonic(), time.time(), is_dated_here=is_dated_here)

    async def _ask(self, due: list[PolledJob]) -> list[Exception]:
        """Ask about jobs, record what is told; returns the errors that concern an account."""
        accounts: dict[tuple[str, str, str], list[PolledJob]] = {}
        for watched in due:
            accounts.setdefault(watched.account, []).append(watched)
        errors: list[Exception] = []

        async def ask_account(key: tuple[str, str, str], jobs: list[PolledJob]) -> None:
            for start in range(0, len(jobs), CHUNK):
                error = await self._ask_chunk(key, jobs[start : start + CHUNK])
                if error is not None:
                    errors.append(error)
                    return  # the rest of this account would hear the same

        async with task_group() as group:
            for key, jobs in accounts.items():
                group.start_soon(ask_account, key, jobs)
        return errors

    async def _ask_chunk(
        self, key: tuple[str, str, str], jobs: list[PolledJob]
    ) -> Exception | None:
        """Ask about jobs of an account, recording each answer when it has come.

        Returns the error that concerns the account, where it has answered nothing.
        """
        asked_at, hearing, waiting = time.monotonic(), _Hearing(), list(jobs)
        ids = [i for w in jobs for i in open_ids(w)]
        unanswered: dict[PolledJob, Exception] = {}
        has_told = False

        async def ask() -> Mapping[str, RemoteStatus | Exception]:
            provider = await self._group.provider(jobs[0].target)
            return await provider.status(ids)

        async with task_group() as group:
            group.start_soon(hearing.listen, ask, ids)
            while waiting:
                await hearing.more()
                ready, waiting = hearing.split(waiting)
                told: list[tuple[PolledJob, RemoteStatus]] = []
                for watched in ready:
                    answer = told_by_parts(watched, hearing.answers)
                    if isinstance(answer, RemoteStatus):
                        told.append((watched, answer))
                    elif concerns_account(answer):
                        unanswered[watched] = cast(Exception, answer)
                    elif answer is not None:
                        await self._record_job_error(watched, answer)
                if told:
                    has_told = True
                    await self._keep_told(key, told, asked_at)
        return await self._keep_unanswered(key, unanswered, asked_at, has_told=has_told)

    async def _keep_unanswered(
        self,
        key: tuple[str, str, str],
        unanswered: Mapping[PolledJob, Exception],
        asked_at: float,
        *,
        has_told: bool,
    ) -> Exception | None:
        """Note why nothing is known of some jobs; returns the error if it is the account's."""
        if not unanswered:
            return None
        error = list(unanswered.values())[-1]
        is_lost = isinstance(error, NoResponseError)
        has_answered = is_lost and self._answered_at.get(key, -math.inf) > asked_at
        if not has_told and not has_answered:
            await self._open_incident(key, error, asked_at)
            return error
        if is_lost and len(unanswered) <= FEW:
            for watched, own in unanswered.items():  # the cloud is there; of these it says nothing
                await self._record_job_error(watched, own)
        return None

    async def _keep_told(
        self, key: tuple[str, str, str], told: list[tuple[PolledJob, RemoteStatus]], asked_at: float
    ) -> None:
        now, now_utc = time.monotonic(), time.time()
        self.last_answer_at = now_utc
        is_news = await self._group.in_thread(
            self._record, key, [(w.attempt_id, answer) for w, answer in told]
        )
        # only now: what is not on disk has to be asked again
        self._take_in(told, asked_at, now, now_utc)
        self._answered_at[key] = now
        if is_news:
            self._group.notify()
        self._respites.pop(key, None)
        self.refusals.pop(key, None)

    def _take_in(
        self,
        told: list[tuple[PolledJob, RemoteStatus]],
        asked_at: float,
        now: float,
        now_utc: float,
    ) -> None:
        for watched, answer in told:
            self._roster.record(watched, answer, now, now_utc, now - asked_at)
            if answer.state not in TERMINAL:
                watched.active_at = asked_at

    def _record(self, key: tuple[str, str, str], told: list[tuple[int, RemoteStatus]]) -> bool:
        """Write answers down; the cloud is well then. Returns whether they are news."""
        store = self._group.store
        is_news = bool(store.statuses.apply_updates(told))
        return store.incidents.resolve(*key[1:]) or is_news

    async def _record_job_error(self, watched: PolledJob, error: Exception) -> None:
        """A trouble of one job alone: its message tells it, the others go on."""
        reports = self._group.store.statuses
        self._roster.schedule(watched, time.monotonic() + 1)
        if isinstance(error, RemoteNotFoundError):
            watched.not_found += 1
            now = time.monotonic()
            if watched.is_new(now):  # it is sent, and active as far as anybody can tell
                pause_s = max(1.0, poll_interval_s(now - watched.sent_at))
                self._roster.schedule(watched, now + pause_s)
            elif watched.not_found >= 3:
                lost = RemoteStatus(
                    provider_status=REMOTE_MISSING, state="unknown", message=str(error)
                )
                await self._group.in_thread(reports.apply_updates, [(watched.attempt_id, lost)])
                self._roster.record_missing(watched, time.monotonic())
        else:
            await self._group.in_thread(reports.record_error, watched.attempt_id, str(error))
        self._group.notify()

    async def _open_incident(
        self, key: tuple[str, str, str], error: Exception, asked_at: float
    ) -> None:
        self.refusals.pop(key, None)
        if isinstance(error, CredentialsError):
            self.refusals[key] = error
        respite, now = self._respites.setdefault(key, Cooldown()), time.monotonic()
        wanted_s = getattr(error, "retry_after_s", None)
        respite.begin(asked_at, now, wanted_s)
        text = f"{error}{describe_pause(wanted_s, time.time() + respite.until - now)}"
        await self._group.in_thread(
            self._group.store.incidents.open, incident_kind(error), *key[1:], text
        )
        self._group.notify()


def incident_kind(error: Exception) -> str:
    """What a standing problem is filed under."""
    if isinstance(error, CredentialsError):
        return "token"
    if isinstance(error, InsufficientCreditsError):
        return "credits"
    return "unreachable"
