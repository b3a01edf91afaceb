"""Send a run's jobs in parallel: several creates at once, within the plan's free slots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio

from jobgroup.engine.loop import task_group
from jobgroup.engine.queued_sending import MAX_CREATES_IN_FLIGHT
from jobgroup.errors import JobGroupError, UnconfirmedJobError

if TYPE_CHECKING:
    from jobgroup.engine.job_sender import JobSender
    from jobgroup.engine.send_order import SendOrder
    from jobgroup.store import AccountKey, JobRecord, Target


async def send_in_parallel(sender: JobSender, queue: SendOrder) -> None:
    """Send jobs in order, and stop at the first job that cannot be sent.

    Raises:
        CloudError, CredentialsError, UnconfirmedJobError, StorageError: the error of the first job
            that failed; it says what happened to later jobs whose requests were in flight.
    """
    await ParallelSender(sender).send_all(queue)


class ParallelSender:
    """Sends a run's jobs, several at once if their cloud reports free slots for them.

    The first job of an account is sent alone, because most rejections concern every job. If a cloud
    reports no slots, or no free slots, jobs are sent one at a time, until the cloud rejects one.
    """

    def __init__(self, sender: JobSender) -> None:
        self._sender = sender
        request = sender.run.request
        # One at a time: appended entries are in the order of responses, and a budget is spent in
        # order.
        is_ordered = request.budget_shots is not None or (request.rerun and not request.replace)
        self._limit = 1 if is_ordered else MAX_CREATES_IN_FLIGHT
        self._in_flight: Counter[AccountKey] = Counter()
        self._free: dict[AccountKey, float] = {}
        self._accepted: set[AccountKey] = set()
        self._silent: set[AccountKey] = set()
        self._order: dict[int, int] = {}
        self._sent: dict[int, int] = {}
        self._errors: dict[int, Exception] = {}
        self._change = anyio.Event()

    async def send_all(self, queue: SendOrder) -> None:
        async with task_group() as tasks:
            while True:
                await self._wait_until(lambda: self._in_flight.total() < self._limit)
                if self._errors or not await self._sender.wait_for_next(queue):
                    break
                entry_id = queue.pop()
                record = await self._sender.read(entry_id)
                if record is None:
                    continue
                account = record.target.account_key
                await self._wait_for_slot(account, record.target, is_last=not queue)
                if self._errors or self._sender.run.is_canceled:
                    break
                self._in_flight[account] += 1
                self._free[account] = self._free.get(account, 0.0) - 1
                self._order[entry_id] = len(self._order)
                tasks.start_soon(self._send, record)
        if self._errors:
            raise await self._first_error()

    async def _wait_for_slot(self, account: AccountKey, target: Target, *, is_last: bool) -> None:
        """Wait until an account may have one more create in flight."""
        if not self._in_flight[account]:
            if account not in self._accepted:
                await self._wait_until(lambda: not self._in_flight.total())
                return
            if is_last:  # one job needs no report
                return
        if self._free.get(account, 0.0) < 1 and account not in self._silent:
            await self._ask_for_slots(account, target)
        await self._wait_until(lambda: not self._in_flight[account] or self._has_slot(account))

    def _has_slot(self, account: AccountKey) -> bool:
        return account in self._accepted and self._free.get(account, 0.0) >= 1

    async def _ask_for_slots(self, account: AccountKey, target: Target) -> None:
        in_flight = self._in_flight[account]
        try:
            provider = await self._sender.session.provider(target)
            free = (await provider.availability()).queue_free
        except JobGroupError:  # if the error matters, the next create reports it to the user
            free = None
        if free is None:
            self._silent.add(account)
        else:
            self._free[account] = float(free - in_flight)  # the report may not include them

    async def _send(self, record: JobRecord) -> None:
        entry_id, account = record.entry_id, record.target.account_key
        try:
            sent_at = await self._sender.send(entry_id, record)
        except Exception as error:  # noqa: BLE001 # `send_all` raises it
            self._errors[entry_id] = error
            self._sender.is_ending = True
        else:
            if sent_at is not None:
                self._accepted.add(account)
                self._sent[entry_id] = sent_at
        finally:
            self._in_flight[account] -= 1
            self._change.set()

    async def _wait_until(self, is_true: Callable[[], bool]) -> None:
        """Wait until a condition is true or a send fails; both are checked when a send ends."""
        while not (self._errors or is_true()):
            self._change = anyio.Event()
            await self._change.wait()

    async def _first_error(self) -> Exception:
        """Return the first job's error, with the outcomes of later jobs that were in flight."""
        first = min(self._errors, key=self._order.__getitem__)
        error = self._errors[first]
        later = {e for e in self._order if self._order[e] > self._order[first]}
        unconfirmed = {e for e in later if isinstance(self._errors.get(e), UnconfirmedJobError)}
        fates = [
            await self._fate(later & self._sent.keys(), "sent"),
            await self._fate(unconfirmed, "left unconfirmed"),
        ]
        if isinstance(error, JobGroupError) and any(fates):
            error.args = (" ".join(filter(None, [str(error), *fates])), *error.args[1:])
        return error

    async def _fate(self, entry_ids: set[int], fate: str) -> str:
        if not entry_ids:
            return ""
        session = self._sender.session
        positions = await session.in_thread(session.store.entries.positions, sorted(entry_ids))
        *others, last = map(str, sorted(positions.values()))
        if not others:
            return f"Job {last} was in flight and was {fate}."
        return f"Jobs {', '.join(others)} and {last} were in flight and were {fate}."
