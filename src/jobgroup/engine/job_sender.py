"""Send a run's jobs one by one, repeat requests, and wait out incidents."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from jobgroup.engine.cooldown import describe_pause
from jobgroup.engine.overrides import apply_overrides
from jobgroup.engine.pause import is_paused
from jobgroup.engine.run import Run
from jobgroup.engine.send_order import SendOrder
from jobgroup.engine.session import GroupSession
from jobgroup.engine.settling import why
from jobgroup.engine.submission import send
from jobgroup.errors import (
    BudgetExceededError,
    CloudError,
    CloudUnavailableError,
    CloudUnreachableError,
    CredentialsError,
    InsufficientCreditsError,
    InvalidOverrideError,
    InvalidResponseError,
    JobGroupError,
    JobRemovedError,
    RunStoppedError,
    StorageError,
    UnconfirmedJobError,
)
from jobgroup.logs import logger
from jobgroup.providers.base import (
    NEVER_DONE,
    SENT_ELSEWHERE,
    concerns_account,
    may_have_arrived,
    refuses_job,
)
from jobgroup.retry import retry
from jobgroup.status import REFUSED
from jobgroup.store import AccountKey, Intent, JobRecord, OverriddenBody, Target
from jobgroup.store.incidents import incident_kind
from jobgroup.words import format_count

_log = logger(__name__)

MAX_CREATE_ATTEMPTS = 4
"""Number of failed requests for one job after which a blocking run gives up."""

PAUSE_CHECK_INTERVAL_S = 0.5
CANCEL_CHECK_INTERVAL_S = 0.2


class JobSender:
    """Sends the jobs of one run. Only the loop's thread may use it.

    Attributes:
        is_ending: whether an error has ended the run; no further request is sent.
        ended_accounts: accounts for which an error has ended the run.
    """

    def __init__(self, session: GroupSession, run: Run) -> None:
        self.is_ending = False
        self.ended_accounts: set[AccountKey] = set()
        self.session = session
        self.run = run
        self._last_batch = 0
        self._responding: set[tuple[str, str]] = set()
        """Origins and labels of accounts that have accepted a job since their last incident."""
        self._to_retry: set[int] = set()

    def entry_ids(self) -> list[int]:
        found = self.session.store.entries.ids(self.run.request.states)
        return self._of_this_run(sorted({*found, *self._prioritized()}))

    async def new_priorities(self) -> list[int]:
        """Return the jobs to send first, in order, if they have changed; otherwise return no jobs.

        In a run of the whole group, these may include jobs that were added after the run began.
        """
        return await self._prioritized_since(
            await self.session.in_thread(self.session.store.priorities.latest)
        )

    async def _prioritized_since(self, latest: int) -> list[int]:
        if latest <= self._last_batch:
            return []
        self._last_batch = latest
        return self._of_this_run(await self.session.in_thread(self._prioritized))

    def _prioritized(self) -> list[int]:
        states = self.run.request.states
        if not self.run.request.rerun:
            states |= {REFUSED}  # the user chose the prioritized jobs
        return self.session.store.priorities.entry_ids(states)

    async def wait_for_next(self, queue: SendOrder) -> bool:
        """Wait while the group is paused; return whether a job may be sent after that."""
        session = self.session

        def look() -> tuple[bool, int]:  # together, because each read delays a create
            return is_paused(session), session.store.priorities.latest()

        has_pause, latest = await session.in_thread(look)
        first = await self._prioritized_since(latest)
        if queue and has_pause:
            await self.wait_while_paused()
            first = await self.new_priorities() or first
        self.run.progress.total += queue.prioritize(first)
        return bool(queue) and not self.run.is_canceled

    async def find_retryable(self, states: Iterable[str]) -> list[int]:
        """Return the jobs of this run in certain states that may be retried if they fail."""
        if not self.run.request.retries or self.run.request.rerun:
            return []
        find = self.session.store.journal.retryable
        return self._of_this_run(await self.session.in_thread(find, states))

    async def failed_to_retry(self, ended: Collection[int]) -> list[int]:
        """Return the ended jobs to send again, and count them as retries."""
        if not self.run.request.retries or not ended:
            return []
        find = self.session.store.journal.retryable
        found = [each for each in await self.session.in_thread(find, {"error"}) if each in ended]
        self._to_retry.update(found)
        return found

    def overridden_bodies(self, entry_ids: Sequence[int]) -> dict[int, OverriddenBody]:
        """Return the overridden bodies; raise InvalidOverrideError if an override is invalid."""
        overrides = self.run.request.overrides
        if not overrides:
            return {}
        bodies = {}
        for entry_id in entry_ids:
            try:
                bodies[entry_id] = apply_overrides(self.session.store.body(entry_id), overrides)
            except InvalidOverrideError as error:
                raise InvalidOverrideError(
                    f"Job {self.session.store.entries.position(entry_id)} of"
                    f" {self.session.name!r} cannot be rerun with that change:"
                    f" {error} Nothing was sent."
                ) from None
        return bodies

    async def read(self, entry_id: int) -> JobRecord | None:
        """Return a job that is about to be sent; None if it was removed while it waited."""
        try:
            return await self.session.in_thread(self.session.store.record, entry_id)
        except JobRemovedError:  # the job was changed while it waited to be sent
            self.run.progress.total -= 1
            return None

    async def send(self, entry_id: int, record: JobRecord | None = None) -> int | None:
        """Send a job, and repeat requests that certainly did not arrive.

        Args:
            entry_id: id of the job's entry.
            record: the job, if the caller has just read it.

        Returns:
            The id of the entry (a new one if the rerun appends it), or None if the job was not
            sent.

        Raises:
            BudgetExceededError: the run's budget does not allow the job.
            CloudError, CredentialsError, UnconfirmedJobError, StorageError: as for
                `submission.send`.
        """
        progress = self.run.progress
        record = record or await self.read(entry_id)
        if record is None:
            return None
        target = record.target
        try:
            sent_at = await retry(
                partial(self._send_once, entry_id, target),
                on=self._is_retryable,
                attempts=partial(self._max_attempts, target.account_key),
                wait_initial=0.4,
                wait_max=60.0,
                sleep=partial(self.sleep, account=target.account_key),
                on_retry=partial(self._open_incident, target),
            )
        except (BudgetExceededError, UnconfirmedJobError) as error:
            error.entry_id = error.entry_id or entry_id  # a rerun may be a new entry
            progress.not_sent[entry_id] = str(error)
            raise
        except (CloudError, CredentialsError) as error:
            error.entry_id = entry_id
            progress.not_sent[entry_id] = str(error)
            if isinstance(error, InvalidResponseError) and not _is_misconfigured(error):
                self.run.refusals[entry_id] = error  # the error concerns only this job
                return None
            if concerns_account(error) or _is_misconfigured(error):
                await self._open_incident(target, error)
            error.args = (self._describe_failure(record.position, error),)
            raise
        if sent_at is not None:
            (progress.retried if entry_id in self._to_retry else progress.sent).append(sent_at)
            self._to_retry.discard(entry_id)
            account = target.origin, target.account
            if account not in self._responding or self.session.poller.has_backoff:
                self._responding.add(account)
                await self.note(partial(self.session.store.incidents.resolve, *account))
        return sent_at

    async def sleep(self, seconds: float, account: AccountKey | None = None) -> None:
        """Wait, unless the run is canceled or ending, at least for an account."""

        async def is_over() -> bool:
            return self._is_over(account)

        await self.session.wait_until(is_over, seconds, check_interval_s=CANCEL_CHECK_INTERVAL_S)

    async def wait_while_paused(self) -> None:
        async def may_proceed() -> bool:
            return self.run.is_canceled or not await self.session.in_thread(is_paused, self.session)

        await self.session.wait_until(may_proceed, check_interval_s=PAUSE_CHECK_INTERVAL_S)

    def _is_over(self, account: AccountKey | None = None) -> bool:
        return self.run.is_canceled or self.is_ending or account in self.ended_accounts

    def failures_error(self) -> JobGroupError:
        failed = len(self.run.progress.failed)
        return JobGroupError(
            f"The run was stopped after {format_count(failed, 'failed job')}, as you requested."
            f" {self._not_sent()}"
        )

    def stopped_error(self) -> RunStoppedError:
        return RunStoppedError(
            f"The run of {self.session.name!r} was stopped by {self.run.stopped_by}."
            f" {self._not_sent()} Run the group again to send the rest."
        )

    def _not_sent(self) -> str:
        count = self.run.progress.total - len(self.run.progress.sent)
        return f"{format_count(count, 'job')} {'was' if count == 1 else 'were'} not sent."

    def _of_this_run(self, entry_ids: Sequence[int]) -> list[int]:
        wanted = self.run.request.entry_ids
        if wanted is None:
            return list(entry_ids)
        selected = set(wanted)
        return [entry_id for entry_id in entry_ids if entry_id in selected]

    async def _send_once(self, entry_id: int, target: Target) -> int | None:
        if self._is_over(target.account_key):
            return None
        session, request = self.session, self.run.request
        is_retry = entry_id in self._to_retry
        await session.provider(target)  # before the intent, because this may be slow or fail

        def record_intent() -> list[Intent] | None:
            return session.store.journal.record_intent(
                [entry_id],
                fencing_token=session.lease.fencing_token,
                rerun=request.rerun,
                retry=is_retry,
                creates_entry=request.rerun and not request.replace,
                revisions=None if is_retry else self.overridden_bodies([entry_id]),
                retries=request.retries,
                budget_shots=request.budget_shots,
            )

        # None: the group was paused; empty: another run sent the job
        while (intents := await session.in_thread(record_intent)) is None:
            if not await self.may_continue(target.account_key):
                return None
        if not intents:
            return None
        session.notify()
        patience_s = math.inf if request.is_background else None
        return await send(
            session,
            intents[0],
            partial(self.may_continue, target.account_key),
            may_begin=lambda: not (self.is_ending or target.account_key in self.ended_accounts),
            patience_s=patience_s,
        )

    async def may_send_now(self) -> bool:
        """Return whether the group is not paused and the run is not over."""
        return not (self._is_over() or await self.session.in_thread(is_paused, self.session))

    async def may_continue(self, account: AccountKey | None = None) -> bool:
        """Wait while the group is paused; return whether the run may send more requests."""
        await self.wait_while_paused()
        return not self._is_over(account)

    def _is_retryable(self, error: BaseException) -> bool:
        """Return whether a request certainly did not arrive, for a temporary reason."""
        is_background = self.run.request.is_background
        if _is_misconfigured(error):
            return is_background  # only a change of this machine's settings helps
        if isinstance(error, CloudUnreachableError | CloudUnavailableError):
            return not may_have_arrived(error) and error.status_code not in NEVER_DONE
        return is_background and isinstance(error, CredentialsError | InsufficientCreditsError)

    def _max_attempts(self, account: AccountKey) -> float:
        request = self.run.request
        if self._is_over(account):
            return 0
        if request.is_background or (request.mode != "parallel" and self.run.progress.sent):
            return math.inf  # the cloud has responded before and probably will again
        return MAX_CREATE_ATTEMPTS

    def _describe_failure(self, position: int, error: Exception) -> str:
        """Return the error's message, with the job's name and with advice."""
        advice = ""
        if refuses_job(error):
            advice = " Correct it and add it again; run_parallel(queue=True) sends the others."
        elif _is_misconfigured(error):
            advice = " Then run the group again."
        elif isinstance(error, CloudUnreachableError | CloudUnavailableError):
            advice = " Run the group again when the cloud responds."
        sentence = str(error).rstrip(".")
        return f"Job {position} of {self.session.name!r} was not sent: {sentence}.{advice}"

    async def _open_incident(
        self, target: Target, error: Exception, wait_s: float | None = None
    ) -> None:
        pause = ""
        if wait_s is not None and isinstance(error, CloudError):
            pause = describe_pause(error.retry_after_s, time.time() + wait_s)
        level = logging.WARNING if pause else logging.INFO
        _log.log(level, "running %s: %s%s", self.session.name, error, pause)
        self._responding.discard((target.origin, target.account))
        begin, kind = self.session.store.incidents.open, incident_kind(error)
        await self.note(partial(begin, kind, target.origin, target.account, f"{error}{pause}"))
        self.session.notify()

    async def note(self, write: Callable[[], object]) -> None:
        """Write an unimportant record; if the disk is full, the run continues."""
        try:
            await self.session.in_thread(write)
        except StorageError as error:
            _log.warning("%s: not noted (%s)", self.session.name, why(error))


def _is_misconfigured(error: BaseException) -> bool:
    if isinstance(error, InvalidResponseError):  # a sign-in page redirects every request
        return error.status_code in SENT_ELSEWHERE
    return isinstance(error, CloudUnreachableError) and error.is_misconfigured
