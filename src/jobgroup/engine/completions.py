"""The jobs of a group as they end, each with its result document, for who takes them one by one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio

from jobgroup.engine.downloads import AT_ONCE, Document, Downloads
from jobgroup.engine.tasks import together
from jobgroup.engine.waiting import jobs_left
from jobgroup.status import TERMINAL

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession
    from jobgroup.store import JobRecord

Ended = tuple["JobRecord", "Document | Exception"]


class Finished:
    """Begins to watch and download at once; holds no more results than are fetched at a time.

    Args:
        session: of the group.
    """

    def __init__(self, session: GroupSession) -> None:
        self._session = session
        self._queue: asyncio.Queue[Ended | Exception | None] = asyncio.Queue(1)
        self._gate = anyio.Semaphore(AT_ONCE)
        self._asked = self._taken = 0
        self._work = session.start(self._produce)

    async def next(self) -> Ended | None:
        """The next job that has ended; None when nothing is pending or being sent here now.

        Raises:
            CredentialsError: the token is missing or refused.
        """
        self._asked += 1
        self._session.changed()
        item = await self._queue.get()
        self._taken += 1
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        """Begin no more downloads. From any thread."""
        self._work.cancel()

    async def _produce(self) -> None:
        end: Exception | None = None
        try:
            await self._follow()
        except Exception as error:  # noqa: BLE001  (raised where it is waited for)
            end = error
        await self._queue.put(end)

    async def _follow(self) -> None:
        session = self._session
        downloads = Downloads(session)
        given: set[int | None] = set()
        version = 0
        await session.watcher.forget_refusals()
        async with session.watcher.watched(), together() as group:
            while True:
                change = session.change
                # the taker may rerun what he was given, so he has to have had all and want more;
                # asked first, so that what ends between the two is seen in the next round
                is_wanted = self._asked > self._taken == len(given)
                is_over = is_wanted and not await jobs_left(session) and not session.runs
                changes = await session.in_thread(session.store.changes_since, version)
                version = changes.version
                for record in changes.records:
                    has_ended = record.state in TERMINAL and record.remote_id is not None
                    if has_ended and record.attempt_id not in given:
                        given.add(record.attempt_id)
                        group.start_soon(self._give, downloads, record)
                if is_over and self._taken == len(given):
                    return
                if session.watcher.token_error is not None and not session.runs:
                    raise session.watcher.token_error
                await session.next_change(change=change)

    async def _give(self, downloads: Downloads, record: JobRecord) -> None:
        async with self._gate:
            kept = await downloads.kept([record])
            document = kept.get(record.position) or await downloads.ask(record)
            await self._queue.put((record, document))
