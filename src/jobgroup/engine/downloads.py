"""Fetching results: many at once, each failing by itself, and kept where the group keeps them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import anyio

from jobgroup.engine.loop import task_group
from jobgroup.engine.session import GroupSession
from jobgroup.errors import CredentialsError, JobGroupError, StorageError
from jobgroup.providers.responses import unreadable
from jobgroup.status import PENDING, TERMINAL
from jobgroup.store import JobRecord

Document = dict[str, Any]

AT_ONCE = 20


async def fetch(
    session: GroupSession,
    records: Sequence[JobRecord],
    on_each: Callable[[int], object] | None = None,
    *,
    ask: bool = True,
) -> dict[int, Document | Exception]:
    """The result documents, undecoded, by entry; an error where one could not be had.

    Args:
        session: of the group.
        records: the jobs.
        on_each: told, from the loop's thread, how many have been had so far.
        ask: ask the clouds for what the group does not keep.

    Raises:
        CredentialsError: a token is missing or refused, and there is no result of another account.
            Otherwise it is the answer for each job of that account, also for one that is pending.
    """
    downloads = Downloads(session)
    answers: dict[int, Document | Exception] = {**await downloads.kept(records)}
    if ask:
        known = session.poller.refusals
        pending = [r for r in records if r.state in PENDING and r.target[:3] in known]
        answers.update({r.entry_id: known[r.target[:3]] for r in pending})
    left = iter([r for r in records if r.entry_id not in answers] if ask else ())
    refusals: dict[tuple[str, str, str], CredentialsError] = {}

    async def work() -> None:
        for record in left:
            account = record.target[:3]
            answer = refusals.get(account) or await downloads.ask(record)
            answers[record.entry_id] = answer
            if isinstance(answer, CredentialsError):
                refusals[account] = answer
            if on_each:
                on_each(len(answers))

    async with task_group() as group:
        for _ in range(AT_ONCE):
            group.start_soon(work)
    refused = [answer for answer in answers.values() if isinstance(answer, CredentialsError)]
    if refused and not any(isinstance(answer, dict) for answer in answers.values()):
        raise refused[0]
    return answers


class Downloads:
    """The downloads of one call, which makes no more than `AT_ONCE` of them at a time.

    Args:
        session: of the group.
    """

    def __init__(self, session: GroupSession) -> None:
        self._session = session
        self._is_keeping: bool | None = None
        self._to_keep: dict[int, Document] = {}
        self._ids: dict[int, list[str]] = {}
        self._turn = anyio.Lock()

    async def kept(self, records: Sequence[JobRecord]) -> dict[int, Document]:
        """What the group has kept of these results, by entry; asked before `ask`."""
        session = self._session
        attempts = {
            r.entry_id: r.attempt_id for r in records if r.remote_id and r.attempt_id is not None
        }
        self._ids |= await session.in_thread(session.store.subjobs.ids, attempts.values())
        self._is_keeping = await session.in_thread(lambda: session.store.results.enabled)
        if not self._is_keeping:
            return {}
        found = await session.in_thread(session.store.results.get, attempts.values())
        return {entry_id: found[a] for entry_id, a in attempts.items() if a in found}

    async def ask(self, record: JobRecord) -> Document | Exception:
        """What the cloud has of a job's results, kept if the group keeps results."""
        session = self._session
        try:
            provider = await session.provider(record.target)
            ids = self._ids.get(record.attempt_id or 0, [])
            parts = [dict(await provider.result(i)) for i in ids]
            if record.composition_id is None:
                (document,) = parts
                document.pop("composition", None)  # a cloud's word for something else
            else:
                composition = await session.in_thread(
                    session.store.composition, record.composition_id
                )
                document = {"parts": parts, "composition": composition}
        except JobGroupError as error:
            return error
        except Exception as error:  # noqa: BLE001  # of one job: the others are fetched
            return unreadable(error, record.origin)
        attempt_id = record.attempt_id if record.state in TERMINAL else None
        if self._is_keeping and attempt_id is not None and _is_result(document):
            await self._keep(attempt_id, document)
        return document

    async def _keep(self, attempt_id: int, document: Document) -> None:
        """Have it on disk; what arrives while others are written is written together."""
        session = self._session
        self._to_keep[attempt_id] = document
        async with self._turn:
            batch, self._to_keep = self._to_keep, {}
            if batch:
                try:
                    await session.in_thread(session.store.results.put, batch)
                except StorageError as error:
                    session.log.warning("Results of %r could not be kept: %s", session.name, error)


def _is_result(document: Document) -> bool:
    """Whether it is worth keeping: whole, and not a text that was cut short."""
    if "composition" in document:
        return all(map(_is_result, document["parts"]))
    try:
        json.loads(document["results"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return "plain" in document
    return True
