"""The requests that send a job, from its intent on disk to its ids on disk.

A job is one job on its cloud, or several: a request each, whose id is on disk before the next one
leaves. Every request has one of three outcomes: *sent*, with the id recorded; *not sent*,
certainly, and what was not sent is sent by the next run; *unknown*, and the job is unconfirmed
until the user, or a cloud that can be asked by the attempt's key, settles it.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import anyio

from jobgroup.engine.lease import now_s
from jobgroup.engine.session import GroupSession
from jobgroup.engine.subjobs import bodies_of, key_of
from jobgroup.errors import (
    InvalidResponseError,
    JobGroupError,
    RemoteNotFoundError,
    RequestRejectedError,
    StorageError,
    UnconfirmedJobError,
)
from jobgroup.logs import logger
from jobgroup.providers.base import Provider, may_have_arrived, refuses_job
from jobgroup.retry import Backoff
from jobgroup.status import FAILED, RemoteStatus
from jobgroup.store import Intent
from jobgroup.store.lease import busy_error

_log = logger(__name__)

KEY_LIVES_S: Final = 3600.0
"""How long after a request it may be repeated by its key. A cloud may forget keys (24 h is usual),
and a repeated request makes a second job then."""

MAX_KEY_LOOKUPS: Final = 5
"""How often a cloud that knows keys is asked what became of a request."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The cloud took it."""

    remote_id: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """It certainly did not arrive, or was refused."""

    error: JobGroupError


@dataclass(frozen=True, slots=True)
class Unknown:
    """It left, and no usable answer came."""

    error: Exception
    asked_at: float


@dataclass(frozen=True, slots=True)
class _Request:
    """The request that creates one sub-job."""

    number: int
    key: str
    previous_id: str | None
    body: dict[str, Any]


async def send(
    session: GroupSession,
    intent: Intent,
    may_continue: Callable[[], Awaitable[bool]],
    patience_s: float | None = None,
) -> int | None:
    """Send what was intended and record what became of it. Returns the job's entry.

    `may_continue` is asked before each request but the first; if it says no, the rest stays unsent,
    and None is returned.

    Once begun it is not interrupted by the end of a run: the answer of a request under way is
    always recorded. A disk that does not take it is waited for, `patience_s` seconds at most (None
    for a moment); the recording continues after that.

    Raises:
        CloudError, CredentialsError: it was certainly not sent; the job is as it was before.
        UnconfirmedJobError: it may have been sent; the job is unconfirmed.
        GroupBusyError: the lease was lost before the request left; nothing was sent.
        StorageError: what became of it is not on disk yet; the sentence says what it is.
    """
    with anyio.CancelScope(shield=True):
        try:
            provider = await session.provider(intent.target)
            bodies = await _bodies(session, intent)
            if not await session.lease.verify():
                raise busy_error(  # noqa: TRY301
                    await session.in_thread(session.store.lease.current)
                )
            ids = await _sent_before(session, intent, provider)
        except Exception as error:
            await _record_not_sent(session, intent, str(error))
            raise
        missing = _missing(intent, bodies, ids)
        entry_id = None if missing else await _record_sent(session, intent, {}, len(bodies))
        for request in missing:
            if ids and not (await may_continue() and await session.lease.verify()):
                await _record_not_sent(session, intent, _partial_message(len(ids)))
                return None
            match await _create(session, provider, intent, request):
                case Sent(remote_id):
                    ids[request.number] = remote_id
                    new = {request.number: remote_id}
                    entry_id = await _record_sent(
                        session, intent, new, len(bodies), len(ids), patience_s=patience_s
                    )
                case NotSent(refusal):
                    if ids:
                        refusal.args = (f"{_partial_message(len(ids))} {refusal}",)
                    await _record_not_sent(session, intent, str(refusal), refuses_job(refusal))
                    raise refusal
                case Unknown(reason, asked_at):
                    raise await _record_unconfirmed(session, intent, reason, asked_at) from reason
    return intent.entry_id if entry_id is None else entry_id


async def reconcile_unconfirmed(session: GroupSession) -> None:
    """Find out what became of earlier requests without an answer, where the cloud can tell.

    A repeated create with the same key makes no second job there, while the cloud remembers the
    key. Elsewhere nothing is done: the user decides. The run does what follows the request.
    """
    for intent in await session.in_thread(session.store.journal.unconfirmed):
        if not _is_remembered(session, intent):
            continue
        try:
            provider = await session.provider(intent.target)
            if not await _supports_keys_now(provider):
                continue
            bodies = await _bodies(session, intent)
            ids = await _sent_before(session, intent, provider)  # a kill may have interrupted it
            missing = _missing(intent, bodies, ids)
            new = {r.number: await _call_provider(provider, intent, r) for r in missing[:1]}
            await _record_sent(session, intent, new, len(bodies), len(ids) + len(new))
        except StorageError:
            raise
        except JobGroupError:
            continue  # it stays unconfirmed
        if missing[1:]:
            await _record_not_sent(session, intent, _partial_message(len(ids) + 1))


async def _sent_before(session: GroupSession, intent: Intent, provider: Provider) -> dict[int, str]:
    """The sub-jobs that the cloud has already: of a rerun also those that did not fail.

    Raises:
        JobGroupError: the cloud cannot tell how they are; nothing was sent.
    """
    sent, previous = dict(intent.sent), intent.previous
    if len(previous) < 2:  # what is rerun has failed
        return sent
    answers = await provider.status(list(previous.values()))
    for number, remote_id in previous.items():
        if number in sent:  # by an earlier rerun that ended in between
            continue
        answer = answers.get(remote_id)
        if isinstance(answer, Exception) and not isinstance(answer, RemoteNotFoundError):
            raise answer
        if isinstance(answer, RemoteStatus) and answer.state not in FAILED:
            sent[number] = remote_id
    if len(sent) > len(intent.sent):
        await session.in_thread(session.store.subjobs.keep, intent.attempt_id, sent)
    return sent


def _missing(intent: Intent, bodies: list[dict[str, Any]], ids: dict[int, str]) -> list[_Request]:
    return [
        _Request(number, key_of(intent, number), intent.previous.get(number), body)
        for number, body in enumerate(bodies)
        if number not in ids
    ]


def _is_remembered(session: GroupSession, intent: Intent) -> bool:
    """Whether the cloud still knows a request's key, by all that can be known of its age."""
    since_s = session.doubtful_since.get(intent.attempt_id)
    age_s = time.time() - (intent.intent_at or 0.0) if since_s is None else now_s() - since_s
    return 0 <= age_s <= KEY_LIVES_S  # a request from the future was made under another clock


async def _bodies(session: GroupSession, intent: Intent) -> list[dict[str, Any]]:
    stored = await session.in_thread(session.store.body, intent.entry_id, intent.payload_id)
    if stored is None and not intent.previous:
        raise InvalidResponseError(
            f"The body of job {intent.position} is missing; the other jobs are not affected. Add"
            " the job again to run it."
        )
    return bodies_of(
        {
            "platform_name": intent.target.platform,
            **(stored or {}),
            "job_name": intent.name,
            "job_group_name": session.name,
        }
    )


async def _create(
    session: GroupSession, provider: Provider, intent: Intent, request: _Request
) -> Sent | NotSent | Unknown:
    asked_at, began_s = time.time(), now_s()
    try:
        return Sent(await _call_provider(provider, intent, request))
    except Exception as error:  # noqa: BLE001  # whatever it is, the request may have arrived
        if isinstance(error, JobGroupError) and not may_have_arrived(error):
            return NotSent(error)
        session.doubtful_since[intent.attempt_id] = began_s
        found = await _find_by_key(provider, intent, request, began_s)
        return Unknown(error, asked_at) if found is None else Sent(found)


async def _call_provider(provider: Provider, intent: Intent, request: _Request) -> str:
    if request.previous_id is not None:
        remote_id = await provider.rerun(request.previous_id, key=request.key)
        if remote_id is not None:
            return remote_id
        if "payload" not in request.body:
            raise RequestRejectedError(
                f"The cloud cannot run {request.previous_id} again, and its payload is not known"
                " here.",
                origin=intent.target.origin,
                status_code=404,
            )
    return await provider.submit(request.body, key=request.key)


async def _find_by_key(
    provider: Provider, intent: Intent, request: _Request, began_s: float
) -> str | None:
    """On a cloud that knows keys, the id of what a request without an answer became."""
    backoff = Backoff(wait_initial=0.2, wait_max=3.0)
    for _ in range(MAX_KEY_LOOKUPS):
        if not provider.supports_idempotency_keys:
            return None
        await anyio.sleep(backoff.next_s())
        try:
            if await _supports_keys_now(provider) and now_s() - began_s <= KEY_LIVES_S:
                return await _call_provider(provider, intent, request)
        except JobGroupError:
            continue
    return None


async def _supports_keys_now(provider: Provider) -> bool:
    """Whether the cloud says, right now, that it knows keys: one that did may not any more."""
    await provider.availability()  # each of its answers says so
    return provider.supports_idempotency_keys


def _named(session: GroupSession, intent: Intent) -> str:
    return f"job {intent.position} ({intent.name}) of {session.name!r}"


def _partial_message(sent: int) -> str:
    return f"{sent} of the jobs that it is on the cloud were sent, the next run sends the rest."


async def _record_sent(
    session: GroupSession,
    intent: Intent,
    new: dict[int, str],
    total: int,
    sent: int | None = None,
    *,
    patience_s: float | None = None,
) -> int | None:
    """Record `new` ids of `total`, `sent` of which the cloud has by now; None for all of them."""
    journal, is_whole = session.store.journal, sent is None or sent == total
    told = f"The cloud has all of {_named(session, intent)}"
    for number, remote_id in new.items():
        part = f"part {number + 1} of " if total > 1 else ""
        told = f"The cloud took {part}{_named(session, intent)} as {remote_id}"
    or_else = partial(journal.mark_not_sent, intent.attempt_id, _partial_message(sent or total))
    try:
        entry_id = await session.settling.write(
            told,
            partial(journal.mark_sent, intent.attempt_id, new, is_whole=is_whole),
            or_else=None if is_whole else or_else,
            patience_s=patience_s,
        )
    except UnconfirmedJobError as error:  # the journal found that an id is another job's
        session.notify()
        raise _unconfirmed_error(
            session, intent, intent.entry_id, intent.position, str(error)
        ) from error
    _log.info("%s.", told)
    session.notify()
    return entry_id


async def _record_not_sent(
    session: GroupSession, intent: Intent, reason: str, is_refused: bool = False
) -> None:
    mark_not_sent = session.store.journal.mark_not_sent
    await session.settling.write(
        f"It is certain that {_named(session, intent)} was not sent ({reason})",
        partial(mark_not_sent, intent.attempt_id, reason, is_refused=is_refused),
    )
    session.notify()


async def _record_unconfirmed(
    session: GroupSession, intent: Intent, error: Exception, asked_at: float
) -> UnconfirmedJobError:
    diagnostics = {
        "reason": f"The request left and no usable answer came: {error}",
        "asked_at": asked_at,
        "gave_up_at": time.time(),
        "status_code": getattr(error, "status_code", None),
    }
    entry_id = await session.settling.write(
        f"It is not known whether {_named(session, intent)} has reached the cloud ({error})",
        partial(session.store.journal.mark_unconfirmed, intent.attempt_id, diagnostics),
    )
    session.notify()
    found = entry_id or intent.entry_id
    position = await session.in_thread(session.store.entries.position, found)
    return _unconfirmed_error(session, intent, found, position, str(error))


def _unconfirmed_error(
    session: GroupSession, intent: Intent, entry_id: int, position: int, reason: str
) -> UnconfirmedJobError:
    error = UnconfirmedJobError(
        f"Job {position} ({intent.name}) of {session.name!r} may have reached the cloud: {reason}"
        " It is now unconfirmed and will not be resent automatically. Check the cloud, then call"
        " job.confirm(remote_id) if it is there, or job.resend() if it is not."
    )
    error.entry_id, error.position = entry_id, position
    return error
