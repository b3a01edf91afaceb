"""Send a job, with its intent on disk before each request and its ids after it.

An entry is one job on the cloud, or several. Each takes one request, and its id is on disk before
the next request is sent. A request has one of three outcomes: the job is *sent*, and its id is
recorded; the job is certainly *not sent*, and the next run sends it; the outcome is *unknown*, and
the job becomes unconfirmed (`engine.unconfirmed`).
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
    UnconfirmedJobError,
)
from jobgroup.logs import logger
from jobgroup.providers.base import Provider, may_have_arrived, refuses_job
from jobgroup.retry import Backoff
from jobgroup.status import FAILED, RemoteStatus
from jobgroup.store import Intent
from jobgroup.store.lease_row import busy_error
from jobgroup.words import as_sentence

_log = logger(__name__)

KEY_LIVES_S: Final = 3600.0
"""Seconds for which a request may be repeated with its key. Clouds forget keys, usually after 24 h;
after that, a repeated request would create a second job.
"""

MAX_KEY_LOOKUPS: Final = 5
"""Number of times that a request is repeated to get its lost response, if the cloud supports keys.
"""


@dataclass(frozen=True, slots=True)
class SubjobRequest:
    """The request that creates one sub-job."""

    number: int
    key: str
    previous_id: str | None
    body: dict[str, Any]


async def send(
    session: GroupSession,
    intent: Intent,
    may_continue: Callable[[], Awaitable[bool]],
    *,
    may_begin: Callable[[], bool] = lambda: True,
    patience_s: float | None = None,
) -> int | None:
    """Send an intended job and record the outcome.

    This continues when the run ends, so the response to a request in flight is always recorded.

    Args:
        session: session of the group.
        intent: intent to send the job.
        may_continue: function that is called before each request except the first; if it returns
            False, the rest stays unsent.
        may_begin: function that is called just before the first request; if it returns False, the
            job stays unsent.
        patience_s: seconds to wait for a disk that cannot be written to; None for a short time.
            Recording continues after that.

    Returns:
        The id of the sent entry, or None if a part of it was not sent.

    Raises:
        CloudError, CredentialsError: the job was certainly not sent and is unchanged.
        UnconfirmedJobError: the job may have been sent and is now unconfirmed.
        GroupBusyError: the lease was lost before the first request; nothing was sent.
        StorageError: the outcome is not on disk yet; the message contains the outcome.
    """
    with anyio.CancelScope(shield=True):
        try:
            provider = await session.provider(intent.target)
            bodies = await read_bodies(session, intent)
            if not await session.lease.verify():
                holder = await session.in_thread(session.store.lease.current)
                raise busy_error(holder)  # noqa: TRY301
            ids = await find_sent(session, intent, provider)
        except Exception as error:
            await record_not_sent(session, intent, str(error))
            raise
        missing = list_missing(intent, bodies, ids)
        entry_id = None if missing else await record_sent(session, intent, {}, len(bodies))
        for request in missing:
            if not ids and not may_begin():
                await record_not_sent(session, intent, "The run ended before the request was sent.")
                return None
            if ids and not await _may_send_next(session, intent, may_continue, len(ids)):
                return None
            ids[request.number] = await _create(session, provider, intent, request, len(ids))
            new = {request.number: ids[request.number]}
            entry_id = await record_sent(
                session, intent, new, len(bodies), len(ids), patience_s=patience_s
            )
    return intent.entry_id if entry_id is None else entry_id


async def _may_send_next(
    session: GroupSession, intent: Intent, may_continue: Callable[[], Awaitable[bool]], sent: int
) -> bool:
    """Return whether the next sub-job may be sent; if not, record that only `sent` were."""
    try:
        if await may_continue() and await session.lease.verify():
            return True
    except Exception:
        await record_not_sent(session, intent, partial_message(sent))
        raise
    await record_not_sent(session, intent, partial_message(sent))
    return False


async def find_sent(session: GroupSession, intent: Intent, provider: Provider) -> dict[int, str]:
    """Return the sub-jobs that the cloud already has. A rerun also keeps those that did not fail.

    Raises:
        JobGroupError: the cloud could not report their status; nothing was sent.
    """
    sent, previous = dict(intent.sent), intent.previous
    if len(previous) < 2:  # a single job must have failed
        return sent
    answers = await provider.status(list(previous.values()))
    for number, remote_id in previous.items():
        if number in sent:  # an incomplete earlier rerun sent it
            continue
        answer = answers.get(remote_id)
        if isinstance(answer, Exception) and not isinstance(answer, RemoteNotFoundError):
            raise answer
        if isinstance(answer, RemoteStatus) and answer.state not in FAILED:
            sent[number] = remote_id
    if len(sent) > len(intent.sent):
        await session.in_thread(session.store.subjobs.keep, intent.attempt_id, sent)
    return sent


def list_missing(
    intent: Intent, bodies: list[dict[str, Any]], ids: dict[int, str]
) -> list[SubjobRequest]:
    return [
        SubjobRequest(number, key_of(intent, number), intent.previous.get(number), body)
        for number, body in enumerate(bodies)
        if number not in ids
    ]


async def read_bodies(session: GroupSession, intent: Intent) -> list[dict[str, Any]]:
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
    session: GroupSession, provider: Provider, intent: Intent, request: SubjobRequest, sent: int
) -> str:
    """Return the id of a new job on the cloud; on failure, record and raise the error."""
    asked_at, began_s = time.time(), now_s()
    try:
        return await call_provider(provider, intent, request)
    except Exception as error:
        if isinstance(error, JobGroupError) and not may_have_arrived(error):
            if sent:
                error.args = (f"{partial_message(sent)} {error}",)
            await record_not_sent(session, intent, str(error), refuses_job(error))
            raise
        session.doubtful_since[intent.attempt_id] = began_s
        found = await _find_by_key(provider, intent, request, began_s)
        if found is None:
            raise await _record_unconfirmed(session, intent, error, asked_at) from error
        return found


async def call_provider(provider: Provider, intent: Intent, request: SubjobRequest) -> str:
    if request.previous_id is not None:
        remote_id = await provider.rerun(request.previous_id, key=request.key)
        if remote_id is not None:
            return remote_id
        if "payload" not in request.body:
            raise RequestRejectedError(
                f"The cloud cannot rerun job {request.previous_id}, and jobgroup does not have its"
                " payload. Create the job again with Perceval and add it.",
                origin=intent.target.origin,
                status_code=404,
            )
    return await provider.submit(request.body, key=request.key)


async def _find_by_key(
    provider: Provider, intent: Intent, request: SubjobRequest, began_s: float
) -> str | None:
    """Return the id of the job that an unanswered request created, if the cloud supports keys."""
    backoff = Backoff(wait_initial=0.2, wait_max=3.0)
    for _ in range(MAX_KEY_LOOKUPS):
        if not provider.supports_idempotency_keys:
            return None
        await anyio.sleep(backoff.next_s())
        try:
            if await supports_keys_now(provider) and now_s() - began_s <= KEY_LIVES_S:
                return await call_provider(provider, intent, request)
        except JobGroupError:
            continue
    return None


async def supports_keys_now(provider: Provider) -> bool:
    """Return whether the cloud still reports that it supports keys."""
    await provider.availability()  # each response shows this
    return provider.supports_idempotency_keys


def _named(session: GroupSession, intent: Intent) -> str:
    return f"job {intent.position} ({intent.name}) of {session.name!r}"


def partial_message(sent: int) -> str:
    return f"{sent} of its jobs on the cloud were sent; the next run sends the rest."


async def record_sent(
    session: GroupSession,
    intent: Intent,
    new: dict[int, str],
    total: int,
    sent: int | None = None,
    *,
    patience_s: float | None = None,
) -> int | None:
    """Record `new` ids. The cloud has `sent` of `total` sub-jobs, or all if `sent` is None."""
    journal, is_whole = session.store.journal, sent is None or sent == total
    text = f"The cloud has all of {_named(session, intent)}"
    for number, remote_id in new.items():
        part = f"part {number + 1} of " if total > 1 else ""
        text = f"The cloud took {part}{_named(session, intent)} as {remote_id}"
    or_else = partial(journal.mark_not_sent, intent.attempt_id, partial_message(sent or total))
    try:
        entry_id = await session.settling.write(
            text,
            partial(journal.mark_sent, intent.attempt_id, new, is_whole=is_whole),
            or_else=None if is_whole else or_else,
            patience_s=patience_s,
        )
    except UnconfirmedJobError as error:  # an id belongs to another job
        session.notify()
        raise _unconfirmed_error(
            session, intent, intent.entry_id, intent.position, str(error)
        ) from error
    _log.info("%s.", text)
    session.notify()
    return entry_id


async def record_not_sent(
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
        "reason": f"The request was sent, but no valid response arrived: {error}",
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
        f"Job {position} ({intent.name}) of {session.name!r} may have reached the cloud and is"
        f" now unconfirmed: {as_sentence(reason)} Check the cloud, then call job.confirm(remote_id)"
        " (or jobgroup confirm) if it is there, otherwise job.resend() (or jobgroup resend)."
    )
    error.entry_id, error.position = entry_id, position
    return error
