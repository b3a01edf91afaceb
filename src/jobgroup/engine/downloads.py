"""Fetch results, several at once, or each when its job ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import anyio

from jobgroup.decoding import RefusedError, check_shape
from jobgroup.engine.activity import count_pending, find_refusal, is_sending
from jobgroup.engine.loop import task_group
from jobgroup.engine.session import GroupSession
from jobgroup.engine.throttle import Throttle
from jobgroup.errors import CredentialsError, JobGroupError, StorageError
from jobgroup.logs import logger
from jobgroup.providers.responses import unreadable
from jobgroup.status import PENDING, TERMINAL
from jobgroup.store import AccountKey, CommandResult, JobRecord
from jobgroup.words import format_count

_log = logger(__name__)

Document = dict[str, Any]
Completion = tuple[JobRecord, Document | Exception]

MAX_CONCURRENT_DOWNLOADS = 20
"""Number of concurrent downloads of one call."""

RESULT_BATCH_SIZE = 200
"""Number of results in memory while results are fetched into a group."""


async def fetch(
    session: GroupSession,
    records: Sequence[JobRecord],
    on_each: Callable[[int], object] | None = None,
    *,
    ask: bool = True,
) -> dict[int, Document | Exception]:
    """Return the undecoded result documents by entry, or an error for each missing one.

    Args:
        session: session of the group.
        records: jobs.
        on_each: function that is called on the loop's thread with the number of results so far.
        ask: whether to fetch uncached results from the clouds.

    Raises:
        CredentialsError: a token is missing or rejected, and no other account has a result. If
            another account has one, each job of the rejected account gets this error, including
            pending jobs.
    """
    answers = await _answers(session, records, {}, on_each, ask=ask)
    refused = [answer for answer in answers.values() if isinstance(answer, CredentialsError)]
    if refused and not any(isinstance(answer, dict) for answer in answers.values()):
        raise refused[0]
    return answers


async def keep(
    session: GroupSession,
    records: Sequence[JobRecord],
    on_each: Callable[[int], object] | None = None,
) -> CommandResult:
    """Fetch missing results into a group that caches results.

    Args:
        session: session of the group.
        records: jobs.
        on_each: function that is called on the loop's thread with the number of jobs so far.

    Returns:
        The entries whose results were fetched, and the reason for each missing one.

    Raises:
        CredentialsError: a token is missing or rejected, and the group has no result.
        StorageError: the group's file cannot be read.
    """
    cache = session.store.results
    cached = await session.in_thread(cache.sound, _attempt_ids(records))
    left = [r for r in records if r.attempt_id not in cached]
    done: list[int] = []
    failed: dict[int, str] = {}
    refusals: dict[AccountKey, CredentialsError] = {}
    refused: list[CredentialsError] = []
    for start in range(0, len(left), RESULT_BATCH_SIZE):  # to keep few documents in memory
        batch = left[start : start + RESULT_BATCH_SIZE]

        def count(answered: int, before: int = len(records) - len(left) + start) -> None:
            if on_each:
                on_each(before + answered)

        answers = await _answers(session, batch, refusals, count)
        kept = await session.in_thread(cache.sound, _attempt_ids(batch))
        for record in batch:
            if record.attempt_id in kept:
                done.append(record.entry_id)
            elif record.state == "success" or record.state in PENDING:
                failed[record.entry_id] = _why_not_kept(answers[record.entry_id])
        refused += [a for a in answers.values() if isinstance(a, CredentialsError)]
    if refused and not done and not cached:
        raise refused[0]
    return CommandResult(f"{format_count(len(done), 'result')} fetched", done, failed)


def _attempt_ids(records: Sequence[JobRecord]) -> list[int]:
    return [r.attempt_id for r in records if r.attempt_id is not None]


def _why_not_kept(answer: Document | Exception) -> str:
    if isinstance(answer, Exception):
        return str(answer)
    if not _is_complete(answer):
        return "The cloud has no complete result of this job, so none was stored."
    return "The result was not stored: it is too large, or the group's file could not be written."


async def _answers(
    session: GroupSession,
    records: Sequence[JobRecord],
    refusals: dict[AccountKey, CredentialsError],
    on_each: Callable[[int], object] | None = None,
    *,
    ask: bool = True,
) -> dict[int, Document | Exception]:
    """Return a document or an error by entry; add rejected accounts to `refused`."""
    downloads = _Downloads(session)
    answers: dict[int, Document | Exception] = {**await downloads.cached(records)}
    if ask:
        known = session.poller.refusals
        pending = [r for r in records if r.state in PENDING and r.target.account_key in known]
        answers.update({r.entry_id: known[r.target.account_key] for r in pending})
    left = iter([r for r in records if r.entry_id not in answers] if ask else ())

    async def work() -> None:
        for record in left:
            account = record.target.account_key
            answer = refusals.get(account) or await downloads.ask(record)
            answers[record.entry_id] = answer
            if isinstance(answer, CredentialsError):
                refusals[account] = answer
            if on_each:
                on_each(len(answers))

    async with task_group() as group:
        for _ in range(MAX_CONCURRENT_DOWNLOADS):
            group.start_soon(work)
    return answers


class CompletionStream:
    """The jobs of a group as they end, each with its result document.

    The stream starts polling and fetching at once, and keeps at most
    `MAX_CONCURRENT_DOWNLOADS` results in memory.
    """

    def __init__(self, session: GroupSession) -> None:
        self._session = session
        self._queue: asyncio.Queue[Completion | Exception | None] = asyncio.Queue(1)
        self._gate = anyio.Semaphore(MAX_CONCURRENT_DOWNLOADS)
        self._asked = self._taken = 0
        self._work = session.start(self._produce)

    async def next(self) -> Completion | None:
        """Return the next job that has ended; None if no job is pending or being sent here.

        Raises:
            CredentialsError: a token is missing or rejected, and no other account has a pending
                job.
        """
        self._asked += 1
        self._session.notify()
        item = await self._queue.get()
        self._taken += 1
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        """Start no further downloads. Any thread may call this."""
        self._work.cancel()

    async def _produce(self) -> None:
        end: Exception | None = None
        try:
            await self._follow()
        except Exception as error:  # noqa: BLE001  # `next` raises it
            end = error
        await self._queue.put(end)

    async def _follow(self) -> None:
        session = self._session
        downloads = _Downloads(session)
        given: set[int | None] = set()
        version = 0
        await session.poller.forget_refusals()
        async with session.poller.polling(), task_group() as group:

            async def is_over() -> bool:
                nonlocal version
                # The caller may rerun a returned job. So the stream ends only after the caller has
                # taken all jobs and asks for more. This is checked first, so the next round finds
                # jobs that end in between.
                is_wanted = self._asked > self._taken == len(given)
                has_ended = is_wanted and not await count_pending(session)
                has_ended = has_ended and not await is_sending(session)
                refusal = await find_refusal(session)
                changes = await session.in_thread(session.store.changes_since, version)
                version = changes.version
                for record in changes.records:
                    is_new = record.attempt_id not in given and record.remote_id is not None
                    if is_new and record.state in TERMINAL:
                        given.add(record.attempt_id)
                        group.start_soon(self._give, downloads, record)
                if has_ended and self._taken == len(given):
                    return True
                if refusal and is_wanted and self._taken == len(given):
                    raise refusal
                return False

            await session.wait_until(is_over)

    async def _give(self, downloads: _Downloads, record: JobRecord) -> None:
        async with self._gate:
            cached = await downloads.cached([record])
            document = cached.get(record.entry_id) or await downloads.ask(record)
            await self._queue.put((record, document))


class _Downloads:
    """The downloads of one call."""

    def __init__(self, session: GroupSession) -> None:
        self._session = session
        self._is_caching: bool | None = None
        self._to_cache: dict[int, Document] = {}
        self._ids: dict[int, list[str]] = {}
        self._turn = anyio.Lock()
        self._throttle = Throttle()

    async def cached(self, records: Sequence[JobRecord]) -> dict[int, Document]:
        """Return the cached results by entry. Call this before `ask`."""
        session = self._session
        attempts = {
            r.entry_id: r.attempt_id for r in records if r.remote_id and r.attempt_id is not None
        }
        self._ids |= await session.in_thread(session.store.subjobs.ids, attempts.values())
        self._is_caching = await session.in_thread(lambda: session.store.results.enabled)
        if not self._is_caching:
            return {}
        found = await session.in_thread(session.store.results.get, attempts.values())
        return {entry_id: found[a] for entry_id, a in attempts.items() if a in found}

    async def ask(self, record: JobRecord) -> Document | Exception:
        """Return the cloud's result document of a job; cache it if the group caches results."""
        session = self._session
        try:
            provider = await session.provider(record.target)
            ids = self._ids.get(record.attempt_id or 0, [])
            requests = [partial(provider.result, i) for i in ids]
            account = record.target.account_key
            parts = [dict(await self._throttle.send(account, request)) for request in requests]
            if record.composition_id is None:
                (document,) = parts
                document.pop("composition", None)  # a cloud's "composition" is not ours
            else:
                composition = await session.in_thread(
                    session.store.composition, record.composition_id
                )
                document = {"parts": parts, "composition": composition}
        except JobGroupError as error:
            return error
        except Exception as error:  # noqa: BLE001 # the other results are fetched
            return unreadable(error, record.origin)
        attempt_id = record.attempt_id if record.state in TERMINAL else None
        if self._is_caching and attempt_id is not None and _is_complete(document):
            await self._cache(attempt_id, document)
        return document

    async def _cache(self, attempt_id: int, document: Document) -> None:
        """Write a result; results that arrive during a write are written together."""
        session = self._session
        self._to_cache[attempt_id] = document
        async with self._turn:
            batch, self._to_cache = self._to_cache, {}
            if batch:
                try:
                    await session.in_thread(session.store.results.put, batch)
                    session.notify()  # for observers of `results_on_cloud_only`
                except StorageError as error:
                    _log.warning("Results of %r were not cached: %s", session.name, error)


def _is_complete(document: Document) -> bool:
    """Return whether a document has results, which are complete and not truncated.

    Results that are too large to decode count as complete, because the cloud may delete them.
    """
    if "composition" in document:
        return all(map(_is_complete, document["parts"]))
    text = document.get("results")
    if not isinstance(text, str):
        return document.get("plain") is not None
    try:
        check_shape(text)
    except RefusedError:
        return text.rstrip().endswith("}")
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
