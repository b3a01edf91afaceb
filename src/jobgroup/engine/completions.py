"""The jobs of a group as they end, each with its result document, for who takes them one by one."""

from __future__ import annotations

import asyncio

import anyio

from jobgroup.engine.activity import count_pending, find_refusal, is_sending
from jobgroup.engine.downloads import AT_ONCE, Document, Downloads
from jobgroup.engine.loop import task_group
from jobgroup.engine.session import GroupSession
from jobgroup.status import TERMINAL
from jobgroup.store import JobRecord

Completion = tuple[JobRecord, Document | Exception]


class CompletionStream:
    """Begins to watch and download at once; holds no more results than are fetched at a time.

    Args:
        session: of the group.
    """

    def __init__(self, session: GroupSession) -> None:
        self._session = session
        self._queue: asyncio.Queue[Completion | Exception | None] = asyncio.Queue(1)
        self._gate = anyio.Semaphore(AT_ONCE)
        self._asked = self._taken = 0
        self._work = session.start(self._produce)

    async def next(self) -> Completion | None:
        """The next job that has ended; None when nothing is pending or being sent here now.

        Raises:
            CredentialsError: a token is missing or refused, and no other account has a pending job.
        """
        self._asked += 1
        self._session.notify()
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
        await session.poller.forget_refusals()
        async with session.poller.polling(), task_group() as group:

            async def is_over() -> bool:
                nonlocal version
                # the taker may rerun what he was given, so he has to have had all and want more;
                # asked first, so that what ends between the two is seen in the next round
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

    async def _give(self, downloads: Downloads, record: JobRecord) -> None:
        async with self._gate:
            kept = await downloads.kept([record])
            document = kept.get(record.entry_id) or await downloads.ask(record)
            await self._queue.put((record, document))
