"""Hold a poll's requests while they are in flight, and their responses as they arrive."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import anyio

from jobgroup.engine.poll_schedule import PolledJob
from jobgroup.errors import JobGroupError
from jobgroup.providers.base import RemoteStatus
from jobgroup.providers.polling import report_each_to
from jobgroup.providers.responses import unreadable

TOGETHER_S: Final = 0.1
"""Seconds for which responses are collected before one transaction records them."""

ROUND_TIMEOUT_S: Final = 10.0
"""Seconds for which a refresh waits for responses; later responses are recorded too."""


class PollRound:
    """Status requests that began together and are in flight."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.over = anyio.Event()
        self.errors: list[Exception] = []
        """Errors that concern a whole account."""
        self.failure: Exception | None = None

    async def wait(self) -> None:
        """Wait until the round ends, but at most until `ROUND_TIMEOUT_S` after its beginning."""
        with anyio.move_on_after(self.began + ROUND_TIMEOUT_S - time.monotonic()):
            await self.over.wait()


class StatusResponses:
    """The responses to one call of a provider, by remote id, as they arrive."""

    def __init__(self, ids: Mapping[PolledJob, Sequence[str]]) -> None:
        self._open = {
            job: [i for i in own if i not in (job.ended or ())] for job, own in ids.items()
        }
        self.by_id: dict[str, RemoteStatus | Exception] = {}
        self._news = anyio.Event()
        self._end = anyio.Event()

    async def collect(
        self, ask: Callable[[list[str]], Awaitable[Mapping[str, RemoteStatus | Exception]]]
    ) -> None:
        """Request the statuses; an id without a response gets the error of the call."""
        ids = [i for own in self._open.values() for i in own]

        def add(remote_id: str, response: RemoteStatus | Exception) -> None:
            self.by_id[remote_id] = response
            self._news.set()

        try:
            with report_each_to(add):
                self.by_id.update(await ask(ids))
        except Exception as error:  # noqa: BLE001 # the error concerns only this account
            known = error if isinstance(error, JobGroupError) else unreadable(error)
            self.by_id.update({i: known for i in ids if i not in self.by_id})
        finally:
            self._news.set()
            self._end.set()

    async def wait(self) -> None:
        """Wait for a response, and a moment longer for responses that follow at once."""
        await self._news.wait()
        with anyio.move_on_after(TOGETHER_S):
            await self._end.wait()
        self._news = anyio.Event()

    def split(self, jobs: Sequence[PolledJob]) -> tuple[list[PolledJob], list[PolledJob]]:
        """Return the jobs whose responses are complete, and the other jobs."""
        if self._end.is_set():
            return list(jobs), []
        ready = {job for job in jobs if all(i in self.by_id for i in self._open[job])}
        return [job for job in jobs if job in ready], [job for job in jobs if job not in ready]
