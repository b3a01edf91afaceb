"""Runs: which jobs are sent, in what order, and what each waits for.

*parallel* sends one after the other as fast as the cloud takes them and stops at the first that it
does not; *sequential* waits for each to end before the next; *queue* keeps the plan's slots full
and does not mind how long that takes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import anyio
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
)

from jobgroup.engine.pacing import Backoff
from jobgroup.engine.sending import send, settle_unconfirmed
from jobgroup.engine.watching import LOST, concerns_account, trouble_kind
from jobgroup.errors import (
    BadAnswerError,
    CloudBusyError,
    CloudError,
    CloudUnreachableError,
    CredentialsError,
    JobGroupError,
    JobLimitError,
    NotEnoughCreditsError,
    RemoteNotFoundError,
    RequestRefusedError,
    UnconfirmedJobError,
)
from jobgroup.providers.base import may_have_arrived
from jobgroup.status import FAILED, TERMINAL, UNCONFIRMED, UNSENT

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession
    from jobgroup.store import JobRecord, Target

Mode = Literal["parallel", "sequential", "queue"]

CREATE_ATTEMPTS = 4
"""How often a create that certainly did not arrive is made before a blocking run gives up."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to do.

    Attributes:
        rerun: send failed jobs again; else send unsent ones.
        positions: which of them; None for all.
        mode: "parallel", "sequential" or "queue".
        replace: a rerun is a new attempt of the same entry; else a new entry.
        delay_s: sequential: seconds between the end of one job and the start of the next.
        concurrent_job_count: queue: at most so many of an account's jobs at once.
        stop_after_failures: end the run when so many of its jobs have failed.
        is_background: nobody waits for it: it waits out whatever may pass, a refused token too.
    """

    rerun: bool = False
    positions: tuple[int, ...] | None = None
    mode: Mode = "parallel"
    replace: bool = True
    delay_s: float = 0.0
    concurrent_job_count: int | None = None
    stop_after_failures: int | None = None
    is_background: bool = False

    @property
    def states(self) -> frozenset[str]:
        """The states of the jobs that it takes."""
        return FAILED if self.rerun else frozenset({UNSENT})

    def joins(self, other: Plan) -> bool:
        """Whether a run under way does what this one would."""
        return self.positions is None and other.positions is None and self.rerun == other.rerun


@dataclass(slots=True)
class Tally:
    """How a run is going: positions, and sentences for those that could not be sent."""

    total: int = 0
    sent: list[int] = field(default_factory=list)
    succeeded: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    not_sent: dict[int, str] = field(default_factory=dict)


class Run:
    """One run under way. `execute` on the loop; `tally` may be read from any thread."""

    def __init__(self, session: GroupSession, plan: Plan) -> None:
        self.session = session
        self.plan = plan
        self.tally = Tally()
        self.is_stopping = False
        self.finished = anyio.Event()
        self.error: BaseException | None = None
        self.refusals: dict[int, Exception] = {}
        """What befell single jobs, by position, while the run went on."""

    def stop(self) -> None:
        """Send nothing more; what is in flight is recorded."""
        self.is_stopping = True

    async def execute(self) -> Tally:
        """Do it. Where a run under way in this process does the same, join that one first.

        Raises:
            GroupBusyError: another process runs the group.
            CloudError, CredentialsError, UnconfirmedJobError: what ended it; the rest is unsent.
        """
        for other in self.session.runs:
            if self.plan.joins(other.plan):
                own, self.tally = self.tally, other.tally
                await other.finished.wait()
                if other.error is not None:
                    raise other.error
                self.tally = own
                break
        async with self.session.lease.held():
            self.session.runs.append(self)
            self.session.changed()
            try:
                await self._execute()
            except BaseException as error:
                self.error = error
                raise
            finally:
                self.session.runs.remove(self)
                self.finished.set()
                self.session.changed()
        return self.tally

    async def _execute(self) -> None:
        await self.session.watcher.forget_refusals()
        await settle_unconfirmed(self.session)
        if self.plan.rerun and not self.plan.is_background:
            await self.session.watcher.refresh()  # what has failed by now
        positions = await self.session.in_thread(self._positions)
        self.tally.total = len(positions)
        if self.plan.mode == "sequential":
            await self._sequential(positions)
        elif self.plan.mode == "queue":
            from jobgroup.engine.queueing import send_queued

            await send_queued(self, positions)
        else:
            await self._parallel(positions)
        if self.refusals:
            raise self.refusals[min(self.refusals)]

    def _positions(self) -> list[int]:
        ready = self.session.store.positions(self.plan.states)
        if self.plan.positions is None:
            return ready
        wanted = set(self.plan.positions)
        return [p for p in ready if p in wanted]

    # -- modes -------------------------------------------------------------------------------------

    async def _parallel(self, positions: Sequence[int]) -> None:
        # one create after the other: each is on disk before the next one leaves
        for position in positions:
            await self.wait_while_paused()
            if self.is_stopping:
                return
            await self.send_one(position)

    async def _sequential(self, positions: Sequence[int]) -> None:
        async with self.session.watcher.watched():
            for nth, position in enumerate(positions):
                if nth:
                    await self._sleep(self.plan.delay_s)
                await self.wait_while_paused()
                if self.is_stopping:
                    return
                sent_at = await self._send_when_free(position)
                if sent_at is not None:
                    self.count(await self._ended(sent_at))
                    if self.should_stop_for_failures():
                        raise self.failures_error()

    async def _send_when_free(self, position: int) -> int | None:
        """Send a job, waiting where other jobs of the account fill the plan at present."""
        backoff = Backoff(first_s=1.0, longest_s=30.0)
        while True:
            try:
                return await self.send_one(position)
            except JobLimitError:
                if self.is_stopping or not await self._is_full_for_now(position):
                    raise
                self.tally.not_sent.pop(position, None)
                await self._sleep(backoff.next_s())

    async def _is_full_for_now(self, position: int) -> bool:
        record = await self.session.in_thread(self.session.store.record, position)
        try:
            provider = await self.session.provider(record.target)
            availability = await provider.availability()
        except JobGroupError:
            return False
        return bool(availability.queue_max) and availability.queue_free == 0

    async def _ended(self, position: int) -> JobRecord:
        """Wait until a job has ended."""
        session = self.session
        while True:
            record = await session.in_thread(session.store.record, position)
            if record.state == UNCONFIRMED:
                raise UnconfirmedJobError(
                    f"Job {position} of {session.name!r} is unconfirmed, so what follows it was"
                    " not sent. Confirm or resend it, then run the group again."
                )
            if record.state in TERMINAL or record.word == LOST or self.is_stopping:
                return record
            await self._raise_for_token()
            await session.next_change()

    # -- one job -----------------------------------------------------------------------------------

    async def send_one(self, position: int) -> int | None:
        """Send a job, repeating what certainly did not arrive.

        Returns where its entry is now; None where it was not sent.
        """
        target = (await self.session.in_thread(self.session.store.record, position)).target

        async def note_trouble(state: RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            if isinstance(error, Exception):
                await self._begin_trouble(error, target)

        retrying = AsyncRetrying(
            retry=retry_if_exception(self._may_pass),
            stop=self._should_give_up,
            wait=_wait_s,
            sleep=self._sleep,
            before_sleep=note_trouble,
            reraise=True,
        )
        try:
            sent_at: int | None = await retrying(self._attempt, position, target)
        except BadAnswerError as error:  # its stored body is damaged; the others' are not
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
        if isinstance(error, RequestRefusedError | RemoteNotFoundError) and not isinstance(
            error, JobLimitError
        ):
            advice = " Add it again, corrected; run_parallel(queue=True) sends the others."
        elif isinstance(error, CloudUnreachableError | CloudBusyError):
            advice = " Run the group again when the cloud answers."
        sentence = str(error).rstrip(".")
        return f"Job {position} of {self.session.name!r} was not sent: {sentence}.{advice}"

    def _may_pass(self, error: BaseException) -> bool:
        """Whether a create certainly did not arrive, for a reason that waiting may cure."""
        if isinstance(error, CloudUnreachableError | CloudBusyError):
            return not may_have_arrived(error)
        return self.plan.is_background and isinstance(
            error, CredentialsError | NotEnoughCreditsError
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

        def intend() -> Any:
            return session.store.journal.intend(
                [position],
                generation=session.lease.generation,
                rerun=self.plan.rerun,
                appends=self.plan.rerun and not self.plan.replace,
            )

        intents = await session.in_thread(intend)
        if not intents:
            return None  # somebody was quicker, or it is not in the state for it any more
        session.changed()
        return await send(session, intents[0])

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
        left = len(self._positions())
        return JobGroupError(
            f"The run was stopped after {len(self.tally.failed)} failed jobs, as asked."
            f" {left} jobs were not sent."
        )

    # -- waiting -----------------------------------------------------------------------------------

    async def _sleep(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self.is_stopping and (left := deadline - time.monotonic()) > 0:
            await self.session.next_change(min(left, 0.2))

    async def wait_while_paused(self) -> None:
        """Wait while the group is paused, by whichever process."""
        session = self.session
        while not self.is_stopping:
            meta = await session.in_thread(session.store.meta)
            if not meta.get("paused"):
                return
            await session.next_change(0.5)

    async def _begin_trouble(self, error: Exception, target: Target) -> None:
        session = self.session
        await session.in_thread(
            session.store.troubles.begin,
            trouble_kind(error),
            target.origin,
            target.account,
            str(error),
        )
        session.changed()

    async def _end_troubles(self, target: Target) -> None:
        session = self.session
        await session.in_thread(
            session.store.troubles.end,
            target.origin,
            target.account,
            ("unreachable", "token", "credits"),
        )

    async def _raise_for_token(self) -> None:
        error = self.session.watcher.token_error
        if error is not None and not self.plan.is_background:
            raise error


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    backoff = Backoff(first_s=0.4, longest_s=60.0)
    backoff.failures = state.attempt_number - 1
    return backoff.next_s(getattr(error, "retry_after_s", None))
