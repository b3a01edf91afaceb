"""Find out whether a group is active or finished, and wait until it has finished."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from jobgroup.engine.pause import is_paused
from jobgroup.engine.session import GroupSession
from jobgroup.errors import CredentialsError
from jobgroup.status import NOT_SENT, PENDING, SENDING, TERMINAL, UNCONFIRMED, UNSENT
from jobgroup.words import format_unended


@dataclass(frozen=True, slots=True)
class Sender:
    """The process that sends a group's jobs.

    Attributes:
        host: name of its machine.
        pid: its process id there.
        since: time at which it began, in seconds since the epoch, by its own clock.
        is_this_process: whether it is the calling process.
        is_from_page: whether a page started it.
    """

    host: str
    pid: int
    since: float
    is_this_process: bool
    is_from_page: bool


def find_sender(session: GroupSession) -> Sender | None:
    """Return the living process that sends the group's jobs; None if there is none."""
    is_here = session.lease.is_held
    held = session.store.lease.current()
    if held is None or not (is_here or session.lease.is_held_elsewhere()):
        return None
    process = held.process
    return Sender(process.host, process.pid, held.acquired_at, is_here, held.from_page)


def read_activity(session: GroupSession) -> tuple[dict[str, int], bool]:
    """Return the number of jobs by state, and whether the group is active. Any thread may call it.

    A group is active while a job is running or waiting, or a living process is sending jobs.
    """
    # The sender is read before the jobs: a run's jobs are in the file before the run is over.
    is_being_sent = bool(session.runs) or session.lease.is_held_elsewhere()
    counts = session.store.counts()
    return counts, is_being_sent or any(counts.get(state) for state in PENDING | {SENDING})


def is_finished(counts: Mapping[str, int], *, was_active: bool) -> bool:
    """Return whether an inactive group has finished: it was active, or has nothing left to send.

    A group that was never run has not finished.

    >>> is_finished({"unsent": 3}, was_active=False)
    False
    >>> is_finished({"unsent": 1, "success": 2}, was_active=True)
    True
    """
    return bool(counts) and (was_active or not counts.get(UNSENT))


async def count_pending(session: GroupSession) -> int:
    """Return the number of jobs that are running, waiting or being sent by a living process."""

    def count() -> int:
        is_sent_elsewhere = session.lease.is_held_elsewhere()  # first, to count its last job
        counts = session.store.counts()
        is_being_sent = session.lease.is_held or is_sent_elsewhere
        states = PENDING | {SENDING} if is_being_sent else PENDING
        return sum(counts.get(state, 0) for state in states)

    return await session.in_thread(count)


async def is_sending(session: GroupSession) -> bool:
    """Return whether a run of this process is sending and is not paused."""
    return bool(session.runs) and not await session.in_thread(is_paused, session)


async def find_refusal(session: GroupSession) -> CredentialsError | None:
    """Return an account's error if only accounts without a valid token have pending jobs."""
    refusals = dict(session.poller.refusals)
    if not refusals or session.runs:
        return None
    pending = await session.in_thread(session.store.records, PENDING | {SENDING})
    accounts = {record.target.account_key for record in pending}
    return refusals[min(accounts)] if accounts and accounts <= refusals.keys() else None


async def wait_until_done(session: GroupSession, timeout_s: float | None) -> None:
    """Wait until no job is pending and no run of this process is sending.

    Raises:
        TimeoutError: `timeout_s` has passed.
        CredentialsError: a token is missing or rejected, and no other account has a pending job.
    """
    left = 0

    async def is_done() -> bool:
        nonlocal left
        left = await count_pending(session)
        if refusal := await find_refusal(session):
            raise refusal
        return not left and not await is_sending(session)

    await session.poller.forget_refusals()
    async with session.poller.polling():
        if not await session.wait_until(is_done, math.inf if timeout_s is None else timeout_s):
            raise TimeoutError(
                f"{format_unended(left, session.name)} after {timeout_s:g} s. Jobs and runs"
                " continue. Wait again, or check progress()."
            )


async def wait_until_ended(session: GroupSession, entry_id: int) -> None:
    """Wait until a job has ended, or is found not to be on the cloud."""

    async def has_ended() -> bool:
        record = await session.in_thread(session.store.record, entry_id)
        return record.state in TERMINAL | NOT_SENT | {UNCONFIRMED}

    async with session.poller.polling():
        await session.wait_until(has_ended)
