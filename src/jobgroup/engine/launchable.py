"""Choose the jobs that have a free slot now, for Perceval's `launch_async_jobs`."""

from __future__ import annotations

from jobgroup.engine.session import GroupSession
from jobgroup.errors import (
    CloudUnavailableError,
    InvalidResponseError,
    RemoteNotFoundError,
    RequestRejectedError,
)
from jobgroup.store import AccountKey, Target


async def list_launchable(
    session: GroupSession, states: frozenset[str], concurrent_job_count: int | None
) -> list[int]:
    """Return the jobs that have a free slot in their account now, in the order of sending.

    Raises:
        ValueError: a cloud does not report its free slots, and no count was given.
        CloudError, CredentialsError: a request to a cloud failed.
    """
    records = await session.in_thread(lambda: session.store.records(states=states))
    prioritized = await session.in_thread(session.store.priorities.entry_ids, states)
    ranks = {entry_id: rank for rank, entry_id in enumerate(prioritized)}
    free: dict[AccountKey, float] = {}
    selected = []
    for record in sorted(records, key=lambda r: ranks.get(r.entry_id, len(ranks))):
        account = record.target.account_key
        if account not in free:
            free[account] = await _launch_limit(session, record.target, concurrent_job_count)
        if free[account] > 0:
            free[account] -= 1
            selected.append(record.entry_id)
    return selected


async def _launch_limit(session: GroupSession, target: Target, at_most: int | None) -> int:
    provider = await session.provider(target)
    try:
        reported = (await provider.availability()).queue_free
    except (
        CloudUnavailableError,
        InvalidResponseError,
        RequestRejectedError,
        RemoteNotFoundError,
    ):
        reported = None
    bounds = [n for n in (reported, at_most) if n is not None]
    if not bounds:
        raise ValueError(
            "The cloud does not report its free slots, so nothing was sent. Pass"
            " concurrent_job_count."
        )
    return min(bounds)
