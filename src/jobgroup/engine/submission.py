"""One request that creates a job, from its intent on disk to its id on disk.

Every outcome is one of three: *sent*, with the id recorded; *not sent*, certainly, and the job is
as it was; *unclear*, and the job is unconfirmed until the user, or a cloud that can be asked by the
attempt's key, settles it. An entry that is several jobs on its cloud is several requests, each id
on disk before the next one leaves: what was not sent then is sent by the next run, and no more.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio

from jobgroup.engine.lease import now_s
from jobgroup.engine.subjobs import bodies_of, part_of, previous_parts
from jobgroup.errors import (
    InvalidResponseError,
    JobGroupError,
    RequestRejectedError,
    StorageError,
    UnconfirmedJobError,
)
from jobgroup.providers.base import may_have_arrived
from jobgroup.remote_ids import joined_parts
from jobgroup.retry import Backoff
from jobgroup.store.lease import busy_error

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession
    from jobgroup.providers.base import Provider
    from jobgroup.store import Intent

KEY_LIVES_S: Final = 3600.0
"""How long after a request it may be repeated by its key. A cloud may forget keys (24 h is usual),
and a repeated request makes a second job then."""

LOOK_UPS = 5
"""How often a cloud that knows keys is asked what became of a request."""


async def send(
    session: GroupSession,
    intent: Intent,
    may_go_on: Callable[[], Awaitable[bool]],
    patience_s: float | None = None,
) -> int | None:
    """Send what was intended and record what became of it. Returns the job's position.

    `may_go_on` is asked before each request but the first; where it says no the rest stays unsent,
    and None is returned.

    Once begun it is not interrupted by the end of a run: the answer of a request under way is
    always recorded. A disk that does not take it is waited for, `patience_s` seconds at most (None
    for a moment); the recording goes on after that.

    Raises:
        CloudError, CredentialsError: it was certainly not sent; the job is as it was before.
        UnconfirmedJobError: it may have been sent; the job is unconfirmed.
        GroupBusyError: the lease was lost before the request left; nothing was sent.
        StorageError: what became of it is not on disk yet; the sentence says what it is.
    """
    with anyio.CancelScope(shield=True):
        try:
            provider = await session.provider(intent.target)
            body = await _body(session, intent)
            bodies = bodies_of(body) if intent.has_parts else [body]
            if not await session.lease.verify():
                raise busy_error(  # noqa: TRY301
                    await session.in_thread(session.store.lease.current)
                )
            previous = await previous_parts(session, intent, provider)
        except Exception as error:
            await _not_sent(session, intent, error)
            raise
        ids: dict[int, str] = {}
        if not intent.has_parts:
            remote_id = await _arrival(session, provider, intent, body)
        else:
            ids = await session.in_thread(session.store.subjobs.sent, intent.attempt_id)
            for number in [n for n in range(len(bodies)) if n not in ids]:
                if ids and not await _may_go_on(session, intent, ids, may_go_on):
                    return None
                of_part = part_of(intent, number, previous.get(number))
                ids[number] = await _arrival(session, provider, of_part, bodies[number], len(ids))
                if len(ids) < len(bodies):
                    await _keep_part(session, intent, ids, number, patience_s)
            remote_id = joined_parts(ids)
        with _no_answer_told(session, intent):
            position = await session.settling.write(
                f"The cloud took {_named(session, intent)} as {remote_id}",
                partial(session.store.journal.mark_sent, intent.attempt_id, remote_id, ids),
                patience_s=patience_s,
            )
        session.notify()
    return intent.position if position is None else position


async def _keep_part(
    session: GroupSession,
    intent: Intent,
    ids: Mapping[int, str],
    number: int,
    patience_s: float | None,
) -> None:
    journal, attempt_id = session.store.journal, intent.attempt_id
    with _no_answer_told(session, intent):
        await session.settling.write(
            f"The cloud took part {number + 1} of {_named(session, intent)} as {ids[number]}",
            partial(journal.add_subjob, attempt_id, number, ids[number]),
            or_else=partial(journal.mark_not_sent, attempt_id, _begun(len(ids))),
            patience_s=patience_s,
        )


@contextmanager
def _no_answer_told(session: GroupSession, intent: Intent) -> Iterator[None]:
    """Say what to do where the journal finds that an id is another job's."""
    try:
        yield
    except UnconfirmedJobError as error:
        session.notify()
        raise _doubt(session, intent, intent.position, str(error)) from error


def _named(session: GroupSession, intent: Intent) -> str:
    return f"job {intent.position} ({intent.name}) of {session.name!r}"


async def _arrival(
    session: GroupSession, provider: Provider, intent: Intent, body: dict[str, Any], begun: int = 0
) -> str:
    """The id of what one request made; `begun` is how many parts of the entry came before it.

    Raises:
        JobGroupError: as `send`, and it has been recorded.
    """
    asked_at, began_s = time.time(), now_s()
    try:
        return await _request(provider, intent, body)
    except Exception as error:
        if isinstance(error, JobGroupError) and not may_have_arrived(error):
            if begun:
                error.args = (f"{_begun(begun)} {error}",)
            await _not_sent(session, intent, error)
            raise
        session.doubtful_since[intent.attempt_id] = began_s
        found = await _look_up(provider, intent, body, began_s)
        if found is None:
            raise await _unclear(session, intent, error, asked_at) from error
        return found


def _begun(parts: int) -> str:
    return f"{parts} of the jobs that it is on the cloud were sent, the next run sends the rest."


async def _may_go_on(
    session: GroupSession,
    intent: Intent,
    ids: Mapping[int, str],
    may_go_on: Callable[[], Awaitable[bool]],
) -> bool:
    """Whether the next part may be sent; else what was is recorded, and the rest is unsent."""
    if await may_go_on() and await session.lease.verify():
        return True
    await session.settling.write(
        f"The cloud took {len(ids)} parts of {_named(session, intent)}, and it sends no more",
        partial(session.store.journal.mark_not_sent, intent.attempt_id, _begun(len(ids))),
    )
    session.notify()
    return False


async def reconcile_unconfirmed(session: GroupSession) -> None:
    """Find out what became of earlier requests without an answer, where the cloud can tell.

    A repeated create with the same key makes no second job there, while the cloud remembers the
    key. Elsewhere nothing is done: the user decides.
    """
    for intent in await session.in_thread(session.store.journal.unconfirmed):
        if not _is_remembered(session, intent):
            continue
        try:
            provider = await session.provider(intent.target)
            if not await _knows_keys(provider):
                continue
            body = await _body(session, intent)
            if intent.has_parts:
                await _settle_part(session, provider, intent, body)
                continue
            remote_id = await _request(provider, intent, body)
        except StorageError:
            raise
        except JobGroupError:
            continue  # it stays unconfirmed
        with suppress(UnconfirmedJobError):  # it stays so, with what came as diagnostics
            await session.settling.write(
                f"The cloud has {_named(session, intent)} as {remote_id}",
                partial(session.store.journal.mark_sent, intent.attempt_id, remote_id),
            )
        session.notify()


def _is_remembered(session: GroupSession, intent: Intent) -> bool:
    """Whether the cloud still knows a request's key, by all that can be known of its age."""
    since_s = session.doubtful_since.get(intent.attempt_id)
    age_s = time.time() - (intent.intent_at or 0.0) if since_s is None else now_s() - since_s
    return 0 <= age_s <= KEY_LIVES_S  # a request from the future was made under another clock


async def _settle_part(
    session: GroupSession, provider: Provider, intent: Intent, body: dict[str, Any]
) -> None:
    """Find out what became of the first part without an id; what follows it is for the run."""
    store, bodies = session.store, bodies_of(body)
    before = await previous_parts(session, intent, provider)  # a kill may have come in its middle
    ids = await session.in_thread(store.subjobs.sent, intent.attempt_id)
    missing = [n for n in range(len(bodies)) if n not in ids]
    for number in missing[:1]:
        of_part = part_of(intent, number, before.get(number))
        ids[number] = await _request(provider, of_part, bodies[number])
        await session.settling.write(
            f"The cloud has part {number + 1} of {_named(session, intent)} as {ids[number]}",
            partial(store.journal.add_subjob, intent.attempt_id, number, ids[number]),
        )
    if len(missing) > 1:
        settle = partial(store.journal.mark_not_sent, intent.attempt_id, _begun(len(ids)))
        await session.settling.write(f"{_named(session, intent)} is to be sent on", settle)
    else:
        whole = partial(store.journal.mark_sent, intent.attempt_id, joined_parts(ids))
        await session.settling.write(f"All of {_named(session, intent)} is sent", whole)
    session.notify()


async def _body(session: GroupSession, intent: Intent) -> dict[str, Any]:
    stored = await session.in_thread(session.store.body, intent.position, intent.payload_id)
    if stored is None and intent.previous_remote_id is None:
        raise InvalidResponseError(
            f"The body of job {intent.position} is missing; the other jobs are not affected. Add"
            " the job again to run it."
        )
    return {
        "platform_name": intent.target.platform,
        **(stored or {}),
        "job_name": intent.name,
        "job_group_name": session.name,
    }


async def _request(provider: Provider, intent: Intent, body: dict[str, Any]) -> str:
    if intent.previous_remote_id is not None:
        remote_id = await provider.rerun(intent.previous_remote_id, key=intent.idempotency_key)
        if remote_id is not None:
            return remote_id
        if "payload" not in body:
            raise RequestRejectedError(
                f"The cloud cannot run {intent.previous_remote_id} again, and its payload is not"
                " known here",
                origin=intent.target.origin,
                status_code=404,
            )
    return await provider.submit(body, key=intent.idempotency_key)


async def _look_up(
    provider: Provider, intent: Intent, body: dict[str, Any], began_s: float
) -> str | None:
    """On a cloud that knows keys, the id of what a request without an answer became."""
    backoff = Backoff(wait_initial=0.2, wait_max=3.0)
    for _ in range(LOOK_UPS):
        if not provider.supports_idempotency_keys:
            return None
        await anyio.sleep(backoff.next_s())
        try:
            if await _knows_keys(provider) and now_s() - began_s <= KEY_LIVES_S:
                return await _request(provider, intent, body)
        except JobGroupError:
            continue
    return None


async def _knows_keys(provider: Provider) -> bool:
    """Whether the cloud says, right now, that it knows keys: one that did may not any more."""
    await provider.availability()  # each of its answers says so
    return provider.supports_idempotency_keys


async def _not_sent(session: GroupSession, intent: Intent, error: Exception) -> None:
    await session.settling.write(
        f"It is certain that {_named(session, intent)} was not sent ({error})",
        partial(session.store.journal.mark_not_sent, intent.attempt_id, str(error)),
    )
    session.notify()


async def _unclear(
    session: GroupSession, intent: Intent, error: Exception, asked_at: float
) -> UnconfirmedJobError:
    diagnostics = {
        "reason": f"The request left and no usable answer came: {error}",
        "asked_at": asked_at,
        "gave_up_at": time.time(),
        "status_code": getattr(error, "status_code", None),
    }
    position = await session.settling.write(
        f"It is not known whether {_named(session, intent)} has reached the cloud ({error})",
        partial(session.store.journal.mark_unconfirmed, intent.attempt_id, diagnostics),
    )
    session.notify()
    return _doubt(session, intent, intent.position if position is None else position, str(error))


def _doubt(
    session: GroupSession, intent: Intent, position: int, reason: str
) -> UnconfirmedJobError:
    return UnconfirmedJobError(
        f"Job {position} ({intent.name}) of {session.name!r} may or may not have reached the cloud:"
        f" {reason} It is kept as unconfirmed and is not sent again by itself. Look for it on the"
        f" cloud, then call job.confirm(remote_id) if it is there, or job.resend() if not."
    )
