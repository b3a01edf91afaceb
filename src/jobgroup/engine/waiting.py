"""Waiting until nothing is running or waiting on the cloud."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jobgroup.status import PENDING, SENDING

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession


async def jobs_left(session: GroupSession) -> int:
    """How many jobs are pending. One that a process was sending that seems to be dead is not."""
    held = await session.in_thread(session.store.lease.current)  # first: its last id is seen then
    counts = await session.in_thread(session.store.counts)
    states = PENDING | {SENDING}
    if counts.get(SENDING) and held is not None and not session.witness.is_live(held):
        states = PENDING
    return sum(counts.get(s, 0) for s in states)


async def until_done(session: GroupSession, timeout_s: float | None) -> None:
    """Return when no job is pending and no run of this process is under way.

    Raises:
        TimeoutError: the time is up.
        CredentialsError: a token is missing or refused.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    await session.watcher.forget_refusals()
    async with session.watcher.watched():
        while True:
            change = session.change
            left = await jobs_left(session)
            if not left and not session.runs:
                return
            if session.watcher.token_error is not None and not session.runs:
                raise session.watcher.token_error
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(
                    f"{left} jobs of {session.name!r} have not ended after {timeout_s:g} s."
                    " They go on; wait again, or look at progress()."
                )
            left_s = 1.0 if deadline is None else max(0.0, deadline - time.monotonic())
            await session.next_change(min(1.0, left_s), change)
