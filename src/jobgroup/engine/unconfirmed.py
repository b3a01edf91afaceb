"""Find out what happened to jobs whose response was lost, even in a process that has ended.

If a process dies with requests in flight, the next process that runs the group marks their jobs as
unconfirmed (`SendJournal.recover_abandoned`). A cloud that supports idempotency keys can report
what happened to these requests. Otherwise, the user confirms or resends the job. It is never resent
automatically.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from jobgroup.engine.lease import now_s
from jobgroup.engine.session import GroupSession
from jobgroup.engine.submission import (
    KEY_LIVES_S,
    call_provider,
    find_sent,
    list_missing,
    partial_message,
    read_bodies,
    record_not_sent,
    record_sent,
    supports_keys_now,
)
from jobgroup.errors import JobGroupError, StorageError
from jobgroup.store import Intent


async def reconcile_unconfirmed(
    session: GroupSession, may_send: Callable[[], Awaitable[bool]]
) -> None:
    """Repeat the requests of unconfirmed jobs, if their clouds still know the keys.

    On such a cloud, a repeated create with the same key creates no second job. The run sends the
    sub-jobs that follow.

    Args:
        session: session of the group.
        may_send: function that is called before each repeated request, which may be the first to
            arrive. If it returns False, the jobs stay unconfirmed.
    """
    for intent in await session.in_thread(session.store.unconfirmed.intents):
        if not _is_remembered(session, intent):
            continue
        try:
            provider = await session.provider(intent.target)
            if not await supports_keys_now(provider):
                continue
            if not await may_send():
                return
            bodies = await read_bodies(session, intent)
            ids = await find_sent(session, intent, provider)  # the sender may have been killed
            missing = list_missing(intent, bodies, ids)
            new = {r.number: await call_provider(provider, intent, r) for r in missing[:1]}
            await record_sent(session, intent, new, len(bodies), len(ids) + len(new))
        except StorageError:
            raise
        except JobGroupError:
            continue  # the job stays unconfirmed
        if missing[1:]:
            await record_not_sent(session, intent, partial_message(len(ids) + 1))


def _is_remembered(session: GroupSession, intent: Intent) -> bool:
    """Return whether the cloud certainly still knows a request's key, given the key's age."""
    since_s = session.doubtful_since.get(intent.attempt_id)
    age_s = time.time() - (intent.intent_at or 0.0) if since_s is None else now_s() - since_s
    return 0 <= age_s <= KEY_LIVES_S  # a request from the future has another clock's time
