"""Keeping a plan's slots full until every job of a run is sent, for days if need be."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import anyio

from jobgroup.engine.backoff import Backoff
from jobgroup.engine.loop import task_group
from jobgroup.engine.send_queue import SendQueue
from jobgroup.errors import (
    CloudUnavailableError,
    CloudUnreachableError,
    JobGroupError,
    QuotaExceededError,
    RemoteNotFoundError,
    RequestRejectedError,
    UnconfirmedJobError,
)
from jobgroup.status import LOST, TERMINAL

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from jobgroup.engine.runs import Run
    from jobgroup.engine.session import GroupSession
    from jobgroup.store import Target

MAX_CREATES_IN_FLIGHT = 6
"""Creates in flight per account: enough for a cloud at 100 ms to keep dozens of slots full."""

MAX_CONSECUTIVE_UNCONFIRMED = 3
"""Requests of unknown fate, each after the cloud had answered a question, that end a run."""

_ENDED_OR_LOST = TERMINAL | {"unknown"}

ASK_FREE_EVERY_S = (1.0, 30.0)
"""How often a full plan is asked for free slots, when nothing of this run can free one."""


async def send_queued(run: Run, positions: Sequence[int]) -> None:
    """Send a run's jobs as slots become free; accounts do not wait for each other.

    Raises:
        CloudError, CredentialsError, UnconfirmedJobError: what ended it; the rest is unsent.
    """
    async with run.session.poller.polling(), task_group() as group:
        queue = _Queue(run, group)
        await queue.line_up(positions)
    for account in queue.accounts.values():
        if account.error is not None:
            raise account.error


class _Queue:
    """A run's jobs by account, each of which sends its own."""

    def __init__(self, run: Run, group: TaskGroup) -> None:
        self._run = run
        self._group = group
        self._heeding = anyio.Lock()
        self.accounts: dict[tuple[str, str, str], _Account] = {}

    async def line_up(self, positions: Sequence[int]) -> int:
        """Let jobs be sent next, in this order. Returns how many are new to the run."""
        session = self._run.session
        records = await session.in_thread(lambda: session.store.records(positions=positions))
        places = {position: place for place, position in enumerate(positions)}
        by_account: dict[_Account, list[int]] = {}
        for record in sorted(records, key=lambda record: places[record.position]):
            by_account.setdefault(self._account(record.target), []).append(record.position)
        joined = 0
        for account, own in by_account.items():
            joined += account.lineup.prefer(own)
            if not account.is_sending:
                account.is_sending = True
                self._group.start_soon(account.send_all)
        return joined

    async def apply_priorities(self) -> None:
        """Let go first what somebody wants sent next, where that is news."""
        async with self._heeding:  # it is news to one account only, and the others wait for it
            if wishes := await self._run.wishes():
                self._run.tally.total += await self.line_up(wishes)

    def _account(self, target: Target) -> _Account:
        key = target[:3]
        if key not in self.accounts:
            self.accounts[key] = _Account(self._run, target, self.apply_priorities)
        return self.accounts[key]


class _Account:
    """The slots of one account, and this run's jobs in them."""

    def __init__(
        self, run: Run, target: Target, apply_priorities: Callable[[], Awaitable[None]]
    ) -> None:
        self._run = run
        self._target = target
        self._heed_wishes = apply_priorities
        self.lineup = SendQueue()
        self.is_sending = False
        self._errors: dict[int, Exception] = {}
        self._has_failed_enough = False
        self._in_flight = 0
        self._mine: set[int] = set()
        self._free = 0.0
        self._counted: set[int] = set()  # of mine, when the cloud last told how full it is
        self._counted_at = 0.0
        self._told_free = 0  # of mine: had ended then, which is to be heard of yet
        self._perhaps_free = 0
        self._backoff = Backoff(*ASK_FREE_EVERY_S)
        self._ask_at = 0.0
        self._is_in_doubt = False
        self._doubts = 0

    @property
    def error(self) -> Exception | None:
        """What ended the sending for this account: of several in flight, the first job's."""
        if self._has_failed_enough:
            return self._run.failures_error()
        return self._errors[min(self._errors)] if self._errors else None

    @property
    def _is_over(self) -> bool:
        return self._has_failed_enough or bool(self._errors) or self._run.is_stopping

    @property
    def _has_work(self) -> bool:
        return bool(self.lineup or self._in_flight or (self._counts_failures and self._mine))

    @property
    def _counts_failures(self) -> bool:
        return self._run.plan.stop_after_failures is not None

    @property
    def _is_at_its_count(self) -> bool:
        limit = self._run.plan.concurrent_job_count
        return limit is not None and len(self._mine) + self._in_flight >= limit

    async def send_all(self) -> None:
        """Send this account's jobs, in order; the first error that concerns them all ends it."""
        run = self._run
        async with task_group() as group:

            async def is_over() -> bool:
                while self._has_work and not self._is_over:
                    if self.lineup:
                        await run.wait_while_paused()
                    await self._settle()
                    has_slot = await self._has_slot()
                    await self._heed_wishes()
                    if not has_slot:
                        return False
                    self._free -= 1
                    self._in_flight += 1
                    group.start_soon(self._send, self.lineup.take())
                return True

            await run.session.wait_until(is_over, check_interval_s=0.5)
            self.is_sending = False

    async def _has_slot(self) -> bool:
        """Whether a job can be sent now."""
        if self._is_over or not self.lineup or self._is_at_its_count:
            return False
        if self._in_flight >= (1 if self._is_in_doubt else MAX_CREATES_IN_FLIGHT):
            return False
        if self._free < 1 and not self._in_flight and time.monotonic() >= self._ask_at:
            self._ask_at = time.monotonic() + self._backoff.next_s()
            self._free = await self._free_slots()
        return self._free >= 1

    async def _send(self, position: int) -> None:
        run = self._run
        was_in_doubt = self._is_in_doubt
        try:
            sent_at = await run.send_one(position)
        except QuotaExceededError:
            self._free = 0.0  # somebody else's jobs took the slots
            self._note_counted()
            self._ask_at = time.monotonic() + self._backoff.next_s()
            run.tally.not_sent.pop(position, None)
            self.lineup.put_back(position)
        except UnconfirmedJobError as error:
            # such a cloud has to answer a question before it gets another job, one at a time;
            # what was in flight together when it went away is one doubt
            self._doubts += was_in_doubt
            self._is_in_doubt = True
            self._free = 0.0
            self._ask_at = time.monotonic() + self._backoff.next_s()
            run.refusals[position] = error
            if self._doubts >= MAX_CONSECUTIVE_UNCONFIRMED:
                self._errors[position] = error
        except (RequestRejectedError, RemoteNotFoundError) as error:
            run.refusals[position] = error  # one job never harms another
            self._free += 1
        except Exception as error:  # noqa: BLE001  (raised by send_queued)
            self._errors[position] = error
        else:
            self._doubts = 0
            self._is_in_doubt = False
            self._backoff.reset()
            if sent_at is None:
                self._free += 1
            else:
                self._mine.add(sent_at)
        finally:
            self._in_flight -= 1
            run.session.notify()

    async def _settle(self) -> None:
        """Count what has ended of the jobs sent here; each gives its slot back.

        That of one which had ended before the cloud told its free slots is among those already.
        Where others have jobs there too, nobody knows which those are: the cloud is asked again,
        instead of being sent a job that it would refuse.
        """
        has_slots = self._free >= 1 and not self._is_at_its_count
        if not self._mine or (has_slots and not self._counts_failures):
            return  # with slots left nothing hangs on it, and these may be many thousand jobs
        session, mine = self._run.session, sorted(self._mine)
        if self._counted:
            self._counted -= session.poller.active_since(self._counted_at)
        records = await session.in_thread(session.store.records, _ENDED_OR_LOST, mine)
        for record in records:
            if record.state in TERMINAL or record.word == LOST:
                self._run.count(record)
                self._mine.discard(record.position)
                if record.position in self._counted:
                    self._perhaps_free += 1
                    self._ask_at = 0.0
                    self._backoff.reset()
                elif self._told_free:
                    self._told_free -= 1
                else:
                    self._free += 1
                    self._ask_at = time.monotonic() + ASK_FREE_EVERY_S[0]
        if self._run.should_stop_for_failures():
            self._has_failed_enough = True

    def _note_counted(self, filled: float = math.inf) -> None:
        """The cloud has just told how many jobs fill it, these among them.

        If they are no more than these, all of them are these, and what is lacking has ended.
        """
        if filled <= len(self._mine):
            self._told_free = len(self._mine) - int(filled)
            self._counted.clear()
        else:
            self._told_free = 0
            self._counted, self._counted_at = set(self._mine), time.monotonic()

    async def _free_slots(self) -> float:
        perhaps, self._perhaps_free = self._perhaps_free, 0
        try:
            provider = await self._run.session.provider(self._target)
            told = await provider.availability()
        except (CloudUnreachableError, CloudUnavailableError):
            # the first send tells the user of it, if it goes on
            return float(perhaps) if self._run.tally.sent or self._is_in_doubt else 1.0
        except JobGroupError:
            return 1.0  # this cloud does not tell: try, and be told by its refusal
        if told.queue_free is None:
            self._note_counted()
            return math.inf
        self._note_counted((told.queue_max or math.inf) - told.queue_free)
        return float(told.queue_free)


async def launchable(
    session: GroupSession, states: frozenset[str], concurrent_job_count: int | None
) -> list[int]:
    """The jobs for which the plan has free slots now, in the order of sending, per account.

    Raises:
        ValueError: a cloud does not tell its free slots, and no count was given.
        CloudError, CredentialsError: a cloud could not be asked.
    """
    records = await session.in_thread(lambda: session.store.records(states=states))
    wishes = await session.in_thread(session.store.next_up.positions, states)
    places = {position: place for place, position in enumerate(wishes)}
    free: dict[tuple[str, str, str], float] = {}
    chosen = []
    for record in sorted(records, key=lambda r: places.get(r.position, len(places))):
        account = record.target[:3]
        if account not in free:
            free[account] = await _launch_limit(session, record.target, concurrent_job_count)
        if free[account] > 0:
            free[account] -= 1
            chosen.append(record.position)
    return chosen


async def _launch_limit(session: GroupSession, target: Target, at_most: int | None) -> int:
    provider = await session.provider(target)
    try:
        told = (await provider.availability()).queue_free
    except (CloudUnavailableError, RequestRejectedError, RemoteNotFoundError):
        told = None
    bounds = [n for n in (told, at_most) if n is not None]
    if not bounds:
        raise ValueError(
            "The cloud does not tell how many jobs it takes now; concurrent_job_count must be set."
        )
    return min(bounds)
