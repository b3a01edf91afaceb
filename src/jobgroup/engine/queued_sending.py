"""Keep the slots of all accounts full until every job of a run is sent, even for days."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import anyio

from jobgroup.engine.loop import task_group
from jobgroup.engine.send_order import SendOrder
from jobgroup.engine.slot_ledger import SlotLedger
from jobgroup.errors import (
    BudgetExceededError,
    CloudUnavailableError,
    CloudUnreachableError,
    JobGroupError,
    QuotaExceededError,
    RemoteNotFoundError,
    RequestRejectedError,
    UnconfirmedJobError,
)
from jobgroup.status import REMOTE_MISSING, TERMINAL

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from jobgroup.engine.job_sender import JobSender
    from jobgroup.store import AccountKey, Target

MAX_CREATES_IN_FLIGHT = 6
"""Number of creates in flight per account. This fills dozens of slots at 100 ms per request."""

MAX_CONSECUTIVE_UNCONFIRMED = 3
"""Number of lost responses that end a run, although the cloud responded to other requests."""

ENDED_CHECK_INTERVAL_S = 0.5

_MAY_HAVE_ENDED = TERMINAL | {"unknown", "suspended"}


async def send_queued(
    sender: JobSender, entry_ids: Sequence[int], active: Sequence[int] = ()
) -> None:
    """Send jobs as slots become free, and raise the error that ended the sending.

    Args:
        sender: sender of a single job.
        entry_ids: jobs to send, in order.
        active: jobs of the run that were already sent; a run with retries waits for them too.
    """
    async with sender.session.poller.polling(), task_group() as tasks:
        queued = QueuedSender(sender, tasks)
        await queued.watch(active)
        await queued.prioritize(entry_ids)
    for account in queued.accounts.values():
        if account.error is not None:
            raise account.error


class QueuedSender:
    """Distributes a run's jobs to the senders of their accounts."""

    def __init__(self, sender: JobSender, tasks: TaskGroup) -> None:
        self._sender = sender
        self._tasks = tasks
        self._lock = anyio.Lock()
        self.accounts: dict[AccountKey, AccountSender] = {}

    async def prioritize(self, entry_ids: Sequence[int]) -> int:
        """Put jobs before all others, in this order; return the number of jobs new to the run."""
        session = self._sender.session
        records = await session.in_thread(lambda: session.store.records(entry_ids=entry_ids))
        targets = {record.entry_id: record.target for record in records}
        by_account: dict[AccountSender, list[int]] = {}
        for entry_id in entry_ids:
            if entry_id in targets:
                by_account.setdefault(self._account(targets[entry_id]), []).append(entry_id)
        joined = 0
        for account, own in by_account.items():
            joined += account.queue.prioritize(own)
            self._begin(account)
        return joined

    async def watch(self, entry_ids: Sequence[int]) -> None:
        """Count jobs that were already sent as taking slots until they end."""
        session = self._sender.session
        records = await session.in_thread(lambda: session.store.records(entry_ids=entry_ids))
        failed = await self._sender.failed_to_retry(
            {record.entry_id for record in records if record.state == "error"}
        )
        for record in records:
            account = self._account(record.target)
            if record.entry_id in failed:
                account.queue.push_last(record.entry_id)
            else:
                account.watch(record.entry_id)
            self._begin(account)

    def _begin(self, account: AccountSender) -> None:
        if not account.is_sending:
            account.is_sending = True
            self._tasks.start_soon(account.send_all)

    async def apply_priorities(self) -> None:
        """Put prioritized jobs first if the list of them has changed."""
        async with self._lock:  # the first account reads a change for all
            if entry_ids := await self._sender.new_priorities():
                self._sender.run.progress.total += await self.prioritize(entry_ids)

    def _account(self, target: Target) -> AccountSender:
        key = target.account_key
        if key not in self.accounts:
            self.accounts[key] = AccountSender(self._sender, target, self.apply_priorities)
        return self.accounts[key]


class AccountSender:
    """Sends a run's jobs of one account as slots become free."""

    def __init__(
        self, sender: JobSender, target: Target, apply_priorities: Callable[[], Awaitable[None]]
    ) -> None:
        self._sender = sender
        self._session = sender.session
        self._run = sender.run
        self._target = target
        self._apply_priorities = apply_priorities
        self._slots = SlotLedger(self._run.request.concurrent_job_count)
        self._errors: dict[int, Exception] = {}
        self._is_probing = False
        self._unconfirmed_probes = 0
        self._stuck: set[int] = set()
        self._waits_for_budget = False
        self.queue = SendOrder()
        self.is_sending = False

    @property
    def error(self) -> Exception | None:
        """Error that ended the sending for this account; of several, that of the first job."""
        if self._run.has_too_many_failures:
            return self._sender.failures_error()
        return self._errors[min(self._errors)] if self._errors else None

    def watch(self, entry_id: int) -> None:
        self._slots.active.add(entry_id)

    async def send_all(self) -> None:
        """Send this account's jobs in order, until an error concerns all of them."""
        async with task_group() as tasks:
            while True:
                await self._session.wait_until(
                    self._has_next_step, check_interval_s=ENDED_CHECK_INTERVAL_S
                )
                if self._is_finished():
                    if self.error is not None:  # the jobs that wait for a retry stay unsent
                        self._sender.ended_accounts.add(self._target.account_key)
                    break
                self._slots.reserve()
                tasks.start_soon(self._send, self.queue.pop())
            self.is_sending = False

    def _is_finished(self) -> bool:
        is_over = bool(self._errors) or self._run.has_too_many_failures or self._run.is_canceled
        waits_for_ends = self._waits_for_ends and bool(self._slots.active - self._stuck)
        return is_over or not (self.queue or self._slots.in_flight or waits_for_ends)

    @property
    def _waits_for_ends(self) -> bool:
        request = self._run.request
        return request.awaits_ends or request.stop_after_failures is not None

    @property
    def _has_capacity(self) -> bool:
        """Return whether one more create may be in flight if a slot is free."""
        limit = 1 if self._is_probing else MAX_CREATES_IN_FLIGHT
        may_send = not (self._waits_for_budget and self._has_unspent)
        return bool(self.queue) and self._slots.in_flight < limit and may_send

    @property
    def _has_unspent(self) -> bool:
        """Return whether active jobs may use fewer shots than are reserved for them."""
        return bool(self._slots.in_flight or self._slots.active - self._stuck)

    async def _has_next_step(self) -> bool:
        """Return whether a job can be sent now or nothing is left to do."""
        if self._is_finished():
            return True
        if self.queue:
            await self._sender.wait_while_paused()
        await self._record_ended()
        self._check_token()
        if (
            self._has_capacity
            and not self._is_finished()
            and self._slots.should_ask(time.monotonic())
        ):
            await self._ask_for_slots()
        await self._apply_priorities()
        return self._is_finished() or (self._has_capacity and self._slots.has_free)

    async def _send(self, entry_id: int) -> None:
        run, slots, was_probing = self._run, self._slots, self._is_probing
        try:
            sent_at = await self._sender.send(entry_id)
        except QuotaExceededError:  # jobs of other programs have taken the slots
            slots.rejected(time.monotonic())
            run.progress.not_sent.pop(entry_id, None)
            self.queue.push_back(entry_id)
        except BudgetExceededError as error:  # active jobs may use less than reserved
            slots.not_sent()
            self._waits_for_budget = True
            if self._has_unspent:
                self.queue.push_back(entry_id)
            else:
                self._end(entry_id, error)
        except UnconfirmedJobError as error:
            # The cloud must now respond to another request before each job, and jobs are sent one
            # at a time. Creates that were in flight together count once.
            slots.unknown(time.monotonic())
            self._unconfirmed_probes += was_probing
            self._is_probing = True
            run.refusals[entry_id] = error
            if self._unconfirmed_probes >= MAX_CONSECUTIVE_UNCONFIRMED:
                self._end(entry_id, error)
        except (RequestRejectedError, RemoteNotFoundError) as error:
            slots.not_sent()
            run.refusals[entry_id] = error  # the error concerns only this job
        except Exception as error:  # noqa: BLE001  (raised by send_queued)
            slots.not_sent()
            self._end(entry_id, error)
        else:
            self._unconfirmed_probes = 0
            self._is_probing = False
            if sent_at is None:
                slots.not_sent()
            else:
                slots.sent(sent_at)
        finally:
            self._session.notify()

    def _end(self, entry_id: int, error: Exception) -> None:
        """End the sending with an error of a job, unless it has ended already."""
        if self._target.account_key not in self._sender.ended_accounts:
            self._errors[entry_id] = error

    async def _record_ended(self) -> None:
        """Count the jobs of this run that have ended, and free their slots."""
        slots = self._slots
        looks = self._waits_for_ends or self._waits_for_budget or not slots.has_free
        if not slots.active or not looks:
            return  # not needed while slots are free: there may be thousands of jobs
        if slots.ambiguous:
            slots.seen_active(self._session.poller.active_since(slots.reported_at))
        records = await self._session.in_thread(
            self._session.store.records, _MAY_HAVE_ENDED, sorted(slots.active)
        )
        ended = [r for r in records if r.state in TERMINAL or r.provider_status == REMOTE_MISSING]
        # Suspended jobs and jobs in an unknown state may never end.
        self._stuck = {r.entry_id for r in records} - {r.entry_id for r in ended}
        for record in ended:
            self._run.record_outcome(record)
            slots.ended(record.entry_id, time.monotonic())
            self._waits_for_budget = False
        for entry_id in await self._sender.failed_to_retry({r.entry_id for r in ended}):
            self.queue.push_last(entry_id)

    def _check_token(self) -> None:
        """End a run that only waits for active jobs if it has no valid token to poll them."""
        refusal = self._session.poller.refusals.get(self._target.account_key)
        if refusal and not (self.queue or self._slots.in_flight or self._run.request.is_background):
            self._errors.setdefault(-1, refusal)

    async def _ask_for_slots(self) -> None:
        slots = self._slots
        slots.asked(time.monotonic())
        try:
            provider = await self._session.provider(self._target)
            answer = await provider.availability()
        except (CloudUnreachableError, CloudUnavailableError):
            # If the error persists, the first send raises it.
            slots.not_reported(try_one=not self._run.progress.sent and not self._is_probing)
        except JobGroupError:  # only a rejected job shows that the account is full
            slots.not_reported(try_one=True)
        else:
            slots.reported(free=answer.queue_free, total=answer.queue_max, now=time.monotonic())
