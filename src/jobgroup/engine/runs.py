"""A run: sends single jobs for as long as it makes sense, and keeps the tally."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from jobgroup.engine.backoff import Backoff, asked_to_wait
from jobgroup.engine.overrides import revise
from jobgroup.engine.poller import trouble_kind
from jobgroup.engine.run_request import Plan, UnderWay
from jobgroup.engine.send_queue import SendQueue
from jobgroup.engine.session import GroupSession
from jobgroup.engine.settling import why
from jobgroup.engine.submission import send
from jobgroup.errors import (
    CloudError,
    CloudUnavailableError,
    CloudUnreachableError,
    CredentialsError,
    InsufficientCreditsError,
    InvalidOverrideError,
    InvalidResponseError,
    JobGroupError,
    QuotaExceededError,
    RemoteNotFoundError,
    RequestRejectedError,
    StorageError,
    UnconfirmedJobError,
)
from jobgroup.providers.base import NEVER_DONE, concerns_account, may_have_arrived
from jobgroup.status import FAILED, LOST
from jobgroup.store import Intent, JobRecord, Revision, Target

CREATE_ATTEMPTS = 4
"""How often a create that certainly did not arrive is made before a blocking run gives up."""


class Run(UnderWay):
    """One run of a group. On the loop only, but for what `UnderWay` allows."""

    def __init__(self, session: GroupSession, plan: Plan) -> None:
        super().__init__(plan)
        self.session = session
        self.refusals: dict[int, Exception] = {}
        """What befell single jobs, by position, while the run went on."""
        self._latest_wish = 0

    def positions(self) -> list[int]:
        """Where the jobs are that it would send now."""
        ready = self.session.store.positions(self.plan.states)
        if self.plan.positions is None:
            return ready
        wanted = set(self.plan.positions)
        return [p for p in ready if p in wanted]

    async def wishes(self) -> list[int]:
        """The jobs that somebody wants sent next, in order, where that is news; else none.

        A run of the whole group takes those too that were not in the group when it began.
        """
        next_up = self.session.store.next_up
        latest = await self.session.in_thread(next_up.latest)
        if latest <= self._latest_wish:
            return []
        self._latest_wish = latest
        wanted = await self.session.in_thread(next_up.positions, self.plan.states)
        if self.plan.positions is None:
            return wanted
        chosen = set(self.plan.positions)
        return [position for position in wanted if position in chosen]

    async def has_next(self, lineup: SendQueue) -> bool:
        """Whether there is a job to send, once the group is not paused; then it is the next one."""
        await self.wait_while_paused()
        self.tally.total += lineup.prefer(await self.wishes())
        return bool(lineup) and not self.is_stopping

    def revisions(self, positions: Sequence[int]) -> dict[int, Revision]:
        """What jobs are sent instead of their own bodies, where the plan has changes.

        Raises:
            InvalidOverrideError: a parameter of one of them cannot be changed.
        """
        if not self.plan.changes:
            return {}
        revised = {}
        for position in positions:
            try:
                revised[position] = revise(self.session.store.body(position), self.plan.changes)
            except InvalidOverrideError as error:
                raise InvalidOverrideError(
                    f"Job {position} of {self.session.name!r} cannot be rerun with that change:"
                    f" {error} Nothing was sent."
                ) from None
        return revised

    # -- one job -----------------------------------------------------------------------------------

    async def send_one(self, position: int) -> int | None:
        """Send a job, repeating what certainly did not arrive.

        Returns where its entry is now; None where it was not sent.
        """
        target = (await self.session.in_thread(self.session.store.record, position)).target

        async def note_trouble(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            if isinstance(error, Exception):
                wait_s = state.next_action.sleep if state.next_action else 0.0
                await self._begin_trouble(error, target, next_at=time.time() + wait_s)

        retrying = AsyncRetrying(
            retry=retry_if_exception(self._may_pass),
            stop=self._should_give_up,
            wait=_wait_s,
            sleep=self.sleep,
            before_sleep=note_trouble,
            reraise=True,
        )
        try:
            sent_at: int | None = await retrying(self._attempt, position, target)
        except InvalidResponseError as error:  # its stored body is damaged; the others' are not
            self.tally.not_sent[position] = str(error)
            self.refusals[position] = error
            return None
        except UnconfirmedJobError as error:
            self.tally.not_sent[position] = str(error)
            raise
        except (CloudError, CredentialsError) as error:
            self.tally.not_sent[position] = str(error)
            if concerns_account(error):
                await self._begin_trouble(error, target)
            error.args = (self._about(position, error),)
            raise
        if sent_at is not None:
            self.tally.sent.append(sent_at)
            await self._end_troubles(target)
        return sent_at

    def _about(self, position: int, error: Exception) -> str:
        """The error's sentence, with the job that it is about and what to do."""
        advice = ""
        if isinstance(error, RequestRejectedError | RemoteNotFoundError) and not isinstance(
            error, QuotaExceededError
        ):
            advice = " Add it again, corrected; run_parallel(queue=True) sends the others."
        elif _is_misconfigured(error):
            advice = " Then run the group again."
        elif isinstance(error, CloudUnreachableError | CloudUnavailableError):
            advice = " Run the group again when the cloud answers."
        sentence = str(error).rstrip(".")
        return f"Job {position} of {self.session.name!r} was not sent: {sentence}.{advice}"

    def _may_pass(self, error: BaseException) -> bool:
        """Whether a create certainly did not arrive, for a reason that waiting may cure."""
        if _is_misconfigured(error):
            return self.plan.is_background  # only a change of this machine's settings helps
        if isinstance(error, CloudUnreachableError | CloudUnavailableError):
            return not may_have_arrived(error) and error.status_code not in NEVER_DONE
        return self.plan.is_background and isinstance(
            error, CredentialsError | InsufficientCreditsError
        )

    def _should_give_up(self, state: RetryCallState) -> bool:
        if self.is_stopping:
            return True
        if self.plan.is_background or (self.plan.mode != "parallel" and self.tally.sent):
            return False  # it did answer before: an outage costs time only
        return state.attempt_number >= CREATE_ATTEMPTS

    async def _attempt(self, position: int, target: Target) -> int | None:
        if self.is_stopping:
            return None
        session = self.session
        await session.provider(target)  # what can fail or take long comes before the intent

        def intend() -> list[Intent] | None:
            return session.store.journal.intend(
                [position],
                generation=session.lease.fencing_token,
                rerun=self.plan.rerun,
                appends=self.plan.rerun and not self.plan.replace,
                revisions=self.revisions([position]),
            )

        intents = await session.in_thread(intend)
        while intents is None:
            await self.wait_while_paused()
            if self.is_stopping:
                return None
            intents = await session.in_thread(intend)
        if not intents:
            return None  # somebody was quicker, or it is not in the state for it any more
        session.notify()
        patience_s = math.inf if self.plan.is_background else None
        return await send(session, intents[0], self._may_go_on, patience_s)

    async def _may_go_on(self) -> bool:
        await self.wait_while_paused()
        return not self.is_stopping

    def count(self, record: JobRecord) -> None:
        """Take note of how a job of this run ended."""
        if record.state == "success":
            self.tally.succeeded.add(record.position)
        elif record.state in FAILED or record.word == LOST:
            self.tally.failed.add(record.position)

    def should_stop_for_failures(self) -> bool:
        """Whether so many of the run's jobs failed that the rest is not worth its money."""
        limit = self.plan.stop_after_failures
        return limit is not None and len(self.tally.failed) >= limit

    def failures_error(self) -> JobGroupError:
        """What ends a run with too many failures."""
        left = len(self.positions())
        return JobGroupError(
            f"The run was stopped after {len(self.tally.failed)} failed jobs, as asked."
            f" {left} jobs were not sent."
        )

    # -- waiting -----------------------------------------------------------------------------------

    async def sleep(self, seconds: float) -> None:
        """Wait, unless the run is stopped."""

        async def is_stopping() -> bool:
            return self.is_stopping

        await self.session.wait_until(is_stopping, seconds, check_interval_s=0.2)

    async def wait_while_paused(self) -> None:
        """Wait while the group is paused, by whichever process."""
        session = self.session

        async def may_send() -> bool:
            meta = {} if self.is_stopping else await session.in_thread(session.store.meta)
            return not meta.get("paused")

        await session.wait_until(may_send, check_interval_s=0.5)

    async def _begin_trouble(
        self, error: Exception, target: Target, next_at: float | None = None
    ) -> None:
        pause = "" if next_at is None else asked_to_wait(_retry_after_s(error), next_at)
        if pause:
            self.session.log.warning("running %s: %s%s", self.session.name, error, pause)
        begin, kind = self.session.store.troubles.begin, trouble_kind(error)
        await self._noted(partial(begin, kind, target.origin, target.account, f"{error}{pause}"))
        self.session.notify()

    async def _end_troubles(self, target: Target) -> None:
        troubles, kinds = self.session.store.troubles, ("unreachable", "token", "credits")
        await self._noted(partial(troubles.end, target.origin, target.account, kinds))

    async def _noted(self, note: Callable[[], object]) -> None:
        """Write what no job depends on: a disk that does not take it ends no run."""
        try:
            await self.session.in_thread(note)
        except StorageError as error:
            self.session.log.warning("%s: not noted (%s)", self.session.name, why(error))

    def raise_for_token(self) -> None:
        """Raise the error of a refused token, where somebody waits for the run."""
        error = self.session.poller.token_error
        if error is not None and not self.plan.is_background:
            raise error


def _is_misconfigured(error: BaseException) -> bool:
    return isinstance(error, CloudUnreachableError) and error.is_misconfigured


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    backoff = Backoff(first_s=0.4, longest_s=60.0)
    backoff.failures = state.attempt_number - 1
    return backoff.next_s(_retry_after_s(error))


def _retry_after_s(error: BaseException | None) -> float | None:
    return error.retry_after_s if isinstance(error, CloudError) else None
