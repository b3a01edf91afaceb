"""Cancel jobs on their clouds, and report the jobs that could not be canceled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import anyio

from jobgroup.engine.loop import task_group
from jobgroup.engine.session import GroupSession
from jobgroup.engine.throttle import Throttle
from jobgroup.errors import (
    CredentialsError,
    InvalidProviderError,
    JobGroupError,
    MissingDependencyError,
    RemoteNotFoundError,
    RequestRejectedError,
    StorageError,
)
from jobgroup.providers.responses import unreadable
from jobgroup.status import ON_CLOUD
from jobgroup.store import CommandResult, JobRecord, Target
from jobgroup.store.subjobs import OrphanSubjob
from jobgroup.words import format_count

MAX_CANCELS_IN_FLIGHT = 10

_HAS_ENDED = (RequestRejectedError, RemoteNotFoundError)
"""Responses of clouds to the cancellation of a job that has already ended."""

_NOT_FROM_HERE = (CredentialsError, MissingDependencyError, InvalidProviderError)
"""Errors that may not occur in other processes, which may have a valid token or the provider."""


@dataclass(slots=True)
class Cancellation:
    """The outcome for each job that was to be canceled.

    Attributes:
        done: entries whose cloud was asked to cancel them.
        failed: reason for each entry that could not be canceled.
        not_from_here: entries of `failed` that this process cannot cancel without a token or a
            provider.
        accounts: accounts of `not_from_here`, with their errors.
        others: number of jobs that were not active.
    """

    done: set[int] = field(default_factory=set)
    failed: dict[int, str] = field(default_factory=dict)
    not_from_here: set[int] = field(default_factory=set)
    accounts: dict[Target, JobGroupError] = field(default_factory=dict)
    others: int = 0

    def take(self, other: CommandResult) -> None:
        """Add the result of another process for the jobs that could not be canceled from here."""
        self.done |= set(other.done)
        for entry_id in self.not_from_here:
            self.failed.pop(entry_id, None)
        self.failed |= other.failed

    def result(self) -> CommandResult:
        done = sorted(self.done - self.failed.keys())
        texts = [f"asked the cloud to cancel {format_count(len(done), 'job')}"]
        if self.others:
            texts.append(f"{self.others:,} could not be canceled in their state")
        if self.failed:
            texts.append(f"{len(self.failed):,} not canceled")
        return CommandResult(", ".join(texts), done, self.failed)


async def cancel_from_here(
    session: GroupSession, entry_ids: Sequence[int] | None = None
) -> Cancellation:
    """Ask the clouds to cancel the given jobs, or all (None), unless they have ended.

    An entry that was sent in part is unsent; its sub-jobs on the cloud are canceled too.
    """
    records = await session.in_thread(
        lambda: session.store.records(
            **({"states": ON_CLOUD} if entry_ids is None else {"entry_ids": entry_ids})
        )
    )
    able = [r for r in records if r.state in ON_CLOUD and r.remote_id]
    begun = await session.in_thread(session.store.subjobs.orphans, entry_ids)
    ids = await session.in_thread(
        session.store.subjobs.ids, [r.attempt_id for r in able if r.attempt_id is not None]
    )
    canceling = _Canceling(session)
    async with task_group() as group:
        for record in able:
            group.start_soon(canceling.cancel_job, record, ids.get(record.attempt_id or 0, []))
        for part in begun:
            group.start_soon(canceling.cancel_part, part)
    tried = {r.entry_id for r in able} | {part.entry_id for part in begun}
    canceling.outcome.others = len({r.entry_id for r in records} - tried)
    return canceling.outcome


class _Canceling:
    def __init__(self, session: GroupSession) -> None:
        self._session = session
        self._gate = anyio.Semaphore(MAX_CANCELS_IN_FLIGHT)
        self._throttle = Throttle()
        self.outcome = Cancellation()

    async def cancel_job(self, record: JobRecord, ids: list[str]) -> None:
        errors = [error for i in ids if (error := await self._ask(record.target, i))]
        if record.state == "cancel_requested":  # the job may have ended since the first request
            errors = [error for error in errors if not isinstance(error, _HAS_ENDED)]
        if len(errors) < len(ids):  # some of several sub-jobs may have ended
            assert record.attempt_id is not None  # noqa: S101  (it has a remote id)
            note = partial(self._session.store.statuses.record_cancel_request, record.attempt_id)
            text = f"The cloud was asked to cancel job {record.position} ({record.remote_id})"
            if not await self._wrote(record.entry_id, text, note):
                return
            self.outcome.done.add(record.entry_id)
            self._session.notify()
            errors = [error for error in errors if not isinstance(error, _HAS_ENDED)]
        if errors:
            self._fail(record.entry_id, errors[0])

    async def cancel_part(self, part: OrphanSubjob) -> None:
        error = await self._ask(part.target, part.remote_id)
        if error is None:
            forget = partial(self._session.store.subjobs.forget, part)
            text = f"The cloud was asked to cancel {part.remote_id}, a part of job {part.position}"
            if not await self._wrote(part.entry_id, text, forget):
                return
            self.outcome.done.add(part.entry_id)
            self._session.notify()
        elif not isinstance(error, _HAS_ENDED):
            self._fail(part.entry_id, error)

    async def _wrote(self, entry_id: int, what: str, write: Callable[[], None]) -> bool:
        try:
            await self._session.settling.write(what, write)
        except StorageError as error:  # an error of one job must not stop the others
            self._fail(entry_id, error)
            return False
        return True

    def _fail(self, entry_id: int, error: JobGroupError) -> None:
        self.outcome.failed[entry_id] = str(error)
        if isinstance(error, _NOT_FROM_HERE):
            self.outcome.not_from_here.add(entry_id)

    async def _ask(self, target: Target, remote_id: str) -> JobGroupError | None:
        async with self._gate:
            if (refused := self.outcome.accounts.get(target)) is not None:
                return refused  # its other jobs would get the same error
            try:
                provider = await self._session.provider(target)
                request = partial(provider.cancel, remote_id)
                await self._throttle.send(target.account_key, request)
            except _NOT_FROM_HERE as error:
                self.outcome.accounts[target] = error
                return error
            except JobGroupError as error:
                return error
            except Exception as error:  # noqa: BLE001  # one error must not stop the others
                return unreadable(error, target.origin)
        return None
