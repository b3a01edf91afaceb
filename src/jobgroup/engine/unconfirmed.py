"""Jobs whose response was lost, also in a process that has ended: what became of them.

The next process that runs the group marks the requests that a dead one left in flight as
unconfirmed (`SendJournal.recover_abandoned`). A cloud that remembers idempotency keys can tell what
became of them; otherwise the user confirms or resends the job. It is never resent automatically.
"""

from __future__ import annotations

import time

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


async def reconcile_unconfirmed(session: GroupSession) -> None:
    """Repeat the requests of unconfirmed jobs, if their clouds still know the keys.

    A repeated create with the same key makes no second job there. Sub-jobs that were to be sent
    after such a request are left to the run.
    """
    for intent in await session.in_thread(session.store.unconfirmed.intents):
        if not _is_remembered(session, intent):
            continue
        try:
            provider = await session.provider(intent.target)
            if not await supports_keys_now(provider):
                continue
            bodies = await read_bodies(session, intent)
            ids = await find_sent(session, intent, provider)  # a kill may have interrupted it
            missing = list_missing(intent, bodies, ids)
            new = {r.number: await call_provider(provider, intent, r) for r in missing[:1]}
            await record_sent(session, intent, new, len(bodies), len(ids) + len(new))
        except StorageError:
            raise
        except JobGroupError:
            continue  # it stays unconfirmed
        if missing[1:]:
            await record_not_sent(session, intent, partial_message(len(ids) + 1))


def _is_remembered(session: GroupSession, intent: Intent) -> bool:
    """Whether the cloud still knows a request's key, by all that can be known of its age."""
    since_s = session.doubtful_since.get(intent.attempt_id)
    age_s = time.time() - (intent.intent_at or 0.0) if since_s is None else now_s() - since_s
    return 0 <= age_s <= KEY_LIVES_S  # a request from the future was made under another clock
