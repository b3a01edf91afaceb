"""Fetching results: many at once, each failing by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import anyio

from jobgroup.engine.nursery import together
from jobgroup.errors import CredentialsError, JobGroupError

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession
    from jobgroup.store import JobRecord

AT_ONCE = 20


async def fetch(
    session: GroupSession,
    records: Sequence[JobRecord],
    on_each: Callable[[int], None] | None = None,
) -> dict[int, dict[str, Any] | Exception]:
    """The result documents, undecoded, by position; an error where one could not be had.

    Raises:
        CredentialsError: a token is missing or refused, so that nothing can be had.
    """
    gate = anyio.Semaphore(AT_ONCE)
    answers: dict[int, dict[str, Any] | Exception] = {}

    async def fetch_one(record: JobRecord) -> None:
        async with gate:
            if any(isinstance(a, CredentialsError) for a in answers.values()):
                return
            try:
                provider = await session.provider(record.target)
                answers[record.position] = await provider.result(record.remote_id or "")
            except JobGroupError as error:
                answers[record.position] = error
        if on_each:
            on_each(len(answers))

    async with together() as group:
        for record in records:
            group.start_soon(fetch_one, record)
    for answer in answers.values():
        if isinstance(answer, CredentialsError):
            raise answer
    return answers
