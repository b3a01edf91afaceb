"""Poll one group's jobs on their clouds while something watches the group."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

import anyio

from jobgroup.engine.account_pauses import AccountPauses
from jobgroup.engine.blank_status import unless_blank
from jobgroup.engine.due_jobs import DueJobs
from jobgroup.engine.lease import HeldLease
from jobgroup.engine.loop import BackgroundLoop, ChangeCondition, SerialThread, task_group
from jobgroup.engine.poll_round import PollRound, StatusResponses
from jobgroup.engine.poll_schedule import PolledJob, poll_interval_s
from jobgroup.engine.subjobs import merge_answers
from jobgroup.errors import (
    CredentialsError,
    GroupDeletedError,
    GroupMovedError,
    NoResponseError,
    RemoteNotFoundError,
    StorageError,
)
from jobgroup.logs import logger
from jobgroup.providers.base import Provider, RemoteStatus, concerns_account
from jobgroup.status import REMOTE_MISSING, TERMINAL
from jobgroup.store import AccountKey, GroupStore, Target
from jobgroup.store.incidents import incident_kind

CHUNK: Final = 1000
"""Maximum number of jobs in one call of a provider and of statuses in one transaction."""

FRESH_S: Final = 0.1
"""Seconds after a poll for which a refresh does not poll the job again."""

MAX_FRESH_S: Final = 0.5
"""Maximum of that time for a cloud that responds slowly, if the caller may refresh in a loop."""

MAX_UNANSWERED_ERRORS: Final = 10
"""Maximum number of unanswered jobs that each get an error, if the cloud responds for other jobs.
If there are more, the error concerns the account.
"""

MIN_PAUSE_S: Final = 0.005
MAX_PAUSE_S: Final = 1.0
"""Minimum and maximum number of seconds between two checks for due jobs."""

LINGER_S: Final = 2.0
"""Seconds for which this process keeps its polling leases when nothing watches the group any more.
The next call can then use them.
"""

_log = logger(__name__)


class Poller:
    """Polls one group's jobs. It sleeps unless something watches the group and a job is active.

    It notifies `changes` when a cloud reports a change.
    """

    def __init__(
        self,
        store: GroupStore,
        loop: BackgroundLoop,
        in_thread: SerialThread,
        changes: ChangeCondition,
        *,
        provider: Callable[[Target], Awaitable[Provider]],
        lease: HeldLease,
    ) -> None:
        self._store = store
        self._loop = loop
        self._in_thread = in_thread
        self._changes = changes
        self._provider = provider
        self._pauses = AccountPauses()
        self._jobs = DueJobs(store, in_thread, lease, self._pauses.may_ask)
        self._users = 0
        self._is_polling = False
        self._pause: anyio.CancelScope | None = None
        self._asking = anyio.Lock()
        self._rounds: set[PollRound] = set()
        self._answered_at: dict[AccountKey, float] = {}
        self._logged = ""
        self.write_problem = ""
        """Reason why the last round's responses are not in the file; "" if they are."""
        self._refresh_s = 0.0

    @property
    def last_answer_at(self) -> float | None:
        """Time of the last response from a cloud about this group, in seconds since the epoch."""
        return self._jobs.leases.answered_at

    @property
    def refusals(self) -> dict[AccountKey, CredentialsError]:
        """Errors of accounts that no process can poll because a token is missing or rejected."""
        followed = self._jobs.leases.followed
        return {a: error for a, error in self._pauses.refusals.items() if a not in followed}

    @property
    def has_backoff(self) -> bool:
        return bool(self._pauses)

    def active_since(self, moment: float) -> set[int]:
        """Return the entry ids of jobs that requests after a moment reported as active.

        Args:
            moment: value of `time.monotonic`.
        """
        return {job.entry_id for job in self._jobs.schedule if job.active_at > moment}

    @asynccontextmanager
    async def polling(self) -> AsyncIterator[None]:
        """Poll in the background while the block runs."""
        self._users += 1
        if not self._is_polling:
            self._is_polling = True
            self._loop.spawn(self._run)
        self._changes.notify()  # `_run` may still be waiting before it ends
        try:
            yield
        finally:
            self._users -= 1

    async def refresh(
        self, entry_ids: Iterable[int] | None = None, *, in_loop: bool = False
    ) -> None:
        """Poll every job that may have changed, except jobs that were polled a moment ago.

        Jobs of an account whose cloud has asked for a pause keep their last state.

        Args:
            entry_ids: ids of the entries; None for all.
            in_loop: whether the caller may refresh in a tight loop, as one that reads a status.

        Raises:
            CredentialsError: a token is missing or rejected; jobs keep their last state.
        """
        began = time.monotonic()
        async with self._asking:
            for round_ in list(self._rounds):
                await round_.wait()
            await self._jobs.load(look_for_dead=True)
            # The time of the request counts: a response may be older than the caller's last action.
            fresh_s = min(MAX_FRESH_S, max(FRESH_S, 2 * self._refresh_s)) if in_loop else FRESH_S
            fresh_since = began - fresh_s
            wanted = None if entry_ids is None else set(entry_ids)
            due = [
                job
                for job in self._jobs.schedule
                if job.active_at < fresh_since
                and not job.is_asked
                and self._pauses.requested_until(job.account) <= began
                and (wanted is None or job.entry_id in wanted)
            ]
            if not due:
                return
            round_ = self._begin(due)
            await round_.wait()
            self._refresh_s = time.monotonic() - began
        if round_.failure is not None:
            raise round_.failure
        for error in round_.errors:
            if isinstance(error, CredentialsError):
                raise error

    async def forget_refusals(self) -> None:
        """Poll again after a rejection, because of a new token or a repeated call."""
        for job in self._jobs.schedule:
            if job.account in self._pauses:
                self._jobs.schedule.schedule(job, time.monotonic())
        self._pauses.clear()
        self._changes.notify()

    # -- what is due -------------------------------------------------------------------------------

    async def _run(self) -> None:
        async def has_users() -> bool:
            return self._users > 0

        while await self._changes.wait_until(has_users, LINGER_S):
            changed = self._changes.next_change()
            try:
                await self._poll()
                if self._jobs.load_s:  # A large group is read less often.
                    await anyio.sleep(min(MAX_PAUSE_S, max(MIN_PAUSE_S, 5 * self._jobs.load_s)))
                next_s = self._jobs.schedule.seconds_to_next(time.monotonic())
                with anyio.move_on_after(min(MAX_PAUSE_S, max(MIN_PAUSE_S, next_s))) as self._pause:
                    await changed.wait()
            except Exception as error:  # noqa: BLE001 # callers depend on this loop
                self._log_once(error)
                await anyio.sleep(MAX_PAUSE_S)
        self._is_polling = False
        with suppress(StorageError):
            await self._in_thread(self._jobs.leases.release)

    def _shorten_pause(self) -> None:
        """End the loop's pause when the next job is due, if a response made it due earlier."""
        if self._pause is None:  # no loop polls, only refreshes
            return
        due_in_s = max(MIN_PAUSE_S, self._jobs.schedule.seconds_to_next(time.monotonic()))
        self._pause.deadline = min(self._pause.deadline, anyio.current_time() + due_in_s)

    async def _poll(self) -> None:
        """Begin a round with the due jobs of the accounts that this process polls."""
        async with self._asking:
            await self._jobs.update()
            if not self._jobs.leases.accounts or not len(self._jobs.schedule):
                self.write_problem = ""  # the polling process reports its own
            now = time.monotonic()
            due = []
            for job in self._jobs.pop(now):
                if self._pauses.until(job.account) <= now:
                    due.append(job)
                else:
                    self._jobs.schedule.schedule(job, self._pauses.until(job.account))
            if due:
                self._begin(due, is_background=True)

    def _log_once(self, error: Exception) -> None:
        # A watched group may have been deleted on purpose.
        is_wanted = isinstance(error, GroupDeletedError) and not isinstance(error, GroupMovedError)
        if str(error) != self._logged:
            self._logged = str(error)
            level = logging.INFO if is_wanted else logging.WARNING
            _log.log(level, "Polling %s: %s", self._store.path.stem, error)

    # -- polling -----------------------------------------------------------------------------------

    def _begin(self, jobs: list[PolledJob], *, is_background: bool = False) -> PollRound:
        """Begin a round. Jobs that become due while it runs belong to another round."""
        round_ = PollRound()
        self._rounds.add(round_)
        for job in jobs:
            job.is_asked = True
        self._loop.spawn(self._carry_out, round_, jobs, is_background)
        return round_

    async def _carry_out(
        self, round_: PollRound, jobs: list[PolledJob], is_background: bool
    ) -> None:
        accounts: dict[AccountKey, list[PolledJob]] = {}
        for job in jobs:
            accounts.setdefault(job.account, []).append(job)
        try:
            async with task_group() as group:
                for own in accounts.values():
                    group.start_soon(self._ask_account, own, round_.errors)
            self._logged = self.write_problem = ""
        except Exception as error:  # noqa: BLE001  # jobs that were not recorded are polled again
            round_.failure = error
            self.write_problem = str(error) if isinstance(error, StorageError) else ""
            if is_background:
                self._log_once(error)
        finally:
            for job in jobs:
                job.is_asked = False
                if job.due_at == math.inf:  # the job has no recorded response
                    at = max(round_.began + 1, self._pauses.until(job.account))
                    self._jobs.schedule.schedule(job, at)
            self._rounds.discard(round_)
            round_.over.set()

    async def _ask_account(self, jobs: list[PolledJob], errors: list[Exception]) -> None:
        for start in range(0, len(jobs), CHUNK):
            error = await self._ask(jobs[start : start + CHUNK])
            if error is not None:
                errors.append(error)
                return  # the other jobs would get the same error

    async def _ask(self, jobs: list[PolledJob]) -> Exception | None:
        """Poll jobs of one account, and record each response when it arrives.

        Return the account's error if the cloud reported no status.
        """
        ids = await self._read_ids(jobs)
        asked_at, answers, waiting = time.monotonic(), StatusResponses(ids), jobs
        account = jobs[0].account
        unanswered: dict[PolledJob, Exception] = {}
        has_answered = False
        _log.debug("Asking %s for %d jobs of %s.", account[1], len(jobs), self._store.path.stem)

        async def ask(open_ids: list[str]) -> Mapping[str, RemoteStatus | Exception]:
            provider = await self._provider(jobs[0].target)
            return await provider.status(open_ids)

        async with task_group() as group:
            group.start_soon(answers.collect, ask)
            while waiting:
                await answers.wait()
                ready, waiting = answers.split(waiting)
                now = time.monotonic()
                merged = [
                    (job, unless_blank(job, merge_answers(job, ids[job], answers.by_id), now))
                    for job in ready
                ]
                statuses = [(job, a) for job, a in merged if isinstance(a, RemoteStatus)]
                for job, error in ((job, a) for job, a in merged if isinstance(a, Exception)):
                    if concerns_account(error):
                        unanswered[job] = error
                    else:
                        await self._record_job_error(job, error)
                if statuses:
                    has_answered = True
                    await self._record(account, statuses, asked_at)
        return await self._check_unanswered(
            account, unanswered, asked_at, has_answered=has_answered
        )

    async def _read_ids(self, jobs: Iterable[PolledJob]) -> dict[PolledJob, list[str]]:
        """Return the remote ids of each job."""
        unread = [job.attempt_id for job in jobs if job.remote_ids is None]
        read = await self._in_thread(self._store.subjobs.ids, unread) if unread else {}
        return {job: job.remote_ids or read.get(job.attempt_id, []) for job in jobs}

    async def _check_unanswered(
        self,
        account: AccountKey,
        unanswered: Mapping[PolledJob, Exception],
        asked_at: float,
        *,
        has_answered: bool,
    ) -> Exception | None:
        """If missing responses concern the whole account, open an incident and return its error."""
        if not unanswered:
            return None
        error = list(unanswered.values())[-1]
        is_silence = isinstance(error, NoResponseError)
        if not has_answered and not (
            is_silence and self._answered_at.get(account, -math.inf) > asked_at
        ):
            await self._open_incident(account, error, asked_at)
            return error
        for job, own in unanswered.items():
            if wanted_s := getattr(own, "retry_after_s", None):
                self._jobs.schedule.schedule(job, time.monotonic() + wanted_s)
        if is_silence and len(unanswered) <= MAX_UNANSWERED_ERRORS:
            for job, own in unanswered.items():  # the cloud responds for the other jobs
                await self._record_job_error(job, own)
        return None

    # -- recording ---------------------------------------------------------------------------------

    async def _record(
        self, account: AccountKey, statuses: list[tuple[PolledJob, RemoteStatus]], asked_at: float
    ) -> None:
        """Record statuses, and that the cloud responds."""
        now, now_utc = time.monotonic(), time.time()
        self._jobs.leases.answered_at = now_utc

        def write() -> bool:
            updates = [(job.attempt_id, status) for job, status in statuses]
            has_news = bool(self._store.statuses.apply_updates(updates))
            if is_resolved := self._store.incidents.resolve(*account[1:]):
                _log.info("%s responds again.", account[1])
            return is_resolved or has_news

        has_news = await self._in_thread(write)
        # Only now: jobs must be polled again if their statuses are not on disk.
        for job, status in statuses:
            self._jobs.schedule.record(job, status, now, now_utc, now - asked_at)
            if status.state not in TERMINAL:
                job.active_at = asked_at
        self._shorten_pause()
        self._answered_at[account] = now
        self._pauses.end(account)
        if has_news:
            self._changes.notify()

    async def _record_job_error(self, job: PolledJob, error: Exception) -> None:
        """Record an error that concerns one job as this job's message."""
        now, statuses = time.monotonic(), self._store.statuses
        is_missing = isinstance(error, RemoteNotFoundError)
        job.not_found += is_missing
        pause_s = 1.0
        if not is_missing or job.is_new(now):  # the error may last, or the cloud needs a moment
            pause_s = max(pause_s, poll_interval_s(now - job.sent_at))
        self._jobs.schedule.schedule(job, now + pause_s)
        if not is_missing:
            await self._in_thread(statuses.record_error, job.attempt_id, str(error))
        elif job.not_found >= 3 and not job.is_new(now):
            missing = RemoteStatus(
                provider_status=REMOTE_MISSING, state="unknown", message=str(error)
            )
            await self._in_thread(statuses.apply_updates, [(job.attempt_id, missing)])
            self._jobs.schedule.record_missing(job, time.monotonic())
        self._changes.notify()

    async def _open_incident(self, account: AccountKey, error: Exception, asked_at: float) -> None:
        """Pause polling of an account for a while, and record the reason."""
        text = self._pauses.begin(account, error, asked_at)
        _log.info("Polling %s: %s", self._store.path.stem, text)
        await self._in_thread(self._store.incidents.open, incident_kind(error), *account[1:], text)
        self._changes.notify()
