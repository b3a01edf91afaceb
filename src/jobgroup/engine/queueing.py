"""Keeping a plan's slots full until every job of a run is sent, for days if need be."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import anyio

from jobgroup.engine.pacing import Backoff
from jobgroup.engine.watching import LOST
from jobgroup.errors import (
    CloudBusyError,
    CloudError,
    CloudUnreachableError,
    JobLimitError,
    RemoteNotFoundError,
    RequestRefusedError,
)
from jobgroup.status import TERMINAL

if TYPE_CHECKING:
    from jobgroup.engine.runs import Run
    from jobgroup.engine.session import GroupSession
    from jobgroup.store import Target

ASK_FREE_EVERY_S = (2.0, 30.0)
"""How often a full plan is asked for free slots, when nothing of this run can free one."""


class Queue:
    """Keeps the plan's slots full until every job of a run is sent."""

    def __init__(self, run: Run, positions: Sequence[int]) -> None:
        self._run = run
        self._session = run.session
        self._waiting: dict[Target, list[int]] = {}
        self._positions = positions
        self._mine: set[int] = set()

    async def execute(self) -> None:
        """Send them all; accounts do not wait for each other."""
        records = await self._session.in_thread(
            lambda: self._session.store.records(positions=self._positions)
        )
        for record in records:
            self._waiting.setdefault(record.target, []).append(record.position)
        accounts: dict[tuple[str, str], list[Target]] = {}
        for target in self._waiting:
            accounts.setdefault((target.origin, target.account), []).append(target)
        async with self._session.watcher.watched(), anyio.create_task_group() as group:
            for targets in accounts.values():
                group.start_soon(self._fill, targets)

    async def _fill(self, targets: list[Target]) -> None:
        """Send one account's jobs, in order, as its slots become free."""
        run, session = self._run, self._session
        positions = sorted(p for target in targets for p in self._waiting[target])
        free, mine = 0.0, set[int]()
        backoff = Backoff(*ASK_FREE_EVERY_S)
        ask_at = 0.0
        while positions and not run.is_stopping:
            await run.wait_while_paused()
            freed = await self._settle(mine)
            free += freed
            if run.should_stop_for_failures():
                run.refuse_more()
            limit = run.plan.concurrent_job_count
            if free < 1 and time.monotonic() >= ask_at:
                free = await self._free_slots(targets[0])
                ask_at = time.monotonic() + backoff.next_s()
            if free < 1 or (limit is not None and len(mine) >= limit):
                await session.next_change(0.5)
                continue
            try:
                sent_at = await run.send_one(positions[0])
            except JobLimitError:
                free = 0.0
                run.tally.not_sent.pop(positions[0], None)
                ask_at = max(ask_at, time.monotonic() + backoff.next_s())
                continue
            backoff.reset()
            positions.pop(0)
            if sent_at is not None:
                free -= 1
                mine.add(sent_at)
        if run.plan.stop_after_failures is not None:
            while mine and not run.is_stopping:
                await self._settle(mine)
                await session.next_change(0.5)

    async def _settle(self, mine: set[int]) -> int:
        """Count what has ended of the jobs sent here; each gives its slot back."""
        if not mine:
            return 0
        records = await self._session.in_thread(
            lambda: self._session.store.records(positions=sorted(mine))
        )
        ended = [r for r in records if r.state in TERMINAL or r.word == LOST]
        for record in ended:
            self._run.count(record)
            mine.discard(record.position)
        return len(ended)

    async def _free_slots(self, target: Target) -> float:
        try:
            provider = await self._session.provider(target)
            availability = await provider.availability()
        except (CloudUnreachableError, CloudBusyError):
            return 0.0
        except CloudError:
            return 1.0  # this cloud does not tell: try, and be told by its refusal
        return math.inf if availability.queue_free is None else float(availability.queue_free)


async def launchable(
    session: GroupSession, states: frozenset[str], concurrent_job_count: int | None
) -> list[int]:
    """The jobs for which the plan has free slots now, first come first served, per account.

    Raises:
        ValueError: a cloud does not tell its free slots, and no count was given.
    """
    records = await session.in_thread(lambda: session.store.records(states=states))
    free: dict[tuple[str, str], float] = {}
    chosen = []
    for record in records:
        account = (record.origin, record.account)
        if account not in free:
            try:
                told = (await (await session.provider(record.target)).availability()).queue_free
            except (CloudBusyError, RequestRefusedError, RemoteNotFoundError):
                told = None
            if told is None and concurrent_job_count is None:
                raise ValueError(
                    "The cloud does not tell how many jobs it takes now;"
                    " concurrent_job_count must be set."
                )
            bounds = [n for n in (told, concurrent_job_count) if n is not None]
            free[account] = min(bounds)
        if free[account] > 0:
            free[account] -= 1
            chosen.append(record.position)
    return chosen
