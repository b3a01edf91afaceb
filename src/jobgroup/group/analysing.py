"""The part of a `JobGroup` about what came of it: results, tables, distributions; and previews."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from jobgroup.engine.downloads import Document, fetch
from jobgroup.engine.estimate import RunEstimate, estimate
from jobgroup.errors import CredentialsError
from jobgroup.group.pending import Call
from jobgroup.group.progress_bars import DownloadBar
from jobgroup.group.stream import ResultStream
from jobgroup.group.watching import Watching
from jobgroup.job import RemoteJob
from jobgroup.results import (
    Distributions,
    Errors,
    ResultsTable,
    check_errors,
    collect,
    decode_all,
    lines,
    with_results,
)
from jobgroup.results.jobs import Line
from jobgroup.store import JobRecord

Fetched = tuple[list[JobRecord], dict[int, "Document | Exception"]]


class Analysing(Watching):
    """Downloads are made many at a time, and show a bar when they take long."""

    def get_results(self, *, errors: Errors = "collect") -> list[Any]:
        """The results of all jobs, in the group's order, None where a job has none.

        Args:
            errors: what becomes of a result that should be there and cannot be had: "collect" gives
                None and one warning, "raise" a `ResultsError` that carries the others.

        Raises:
            CredentialsError: the token is missing or refused, and no other account has results.
            ResultsError: see `errors`.
            ValueError: `errors` is neither.
        """
        check_errors(errors)
        with suppress(CredentialsError):  # raised below, unless another account has results
            self.refresh()
        records = with_results(self._session)
        return collect(self._session, records, self._fetching(records).block(), errors)

    async def get_results_async(self, *, errors: Errors = "collect") -> list[Any]:
        """`get_results`, awaited."""
        check_errors(errors)
        with suppress(CredentialsError):
            await self.refresh_async()
        records = with_results(self._session)
        documents = await self._fetching(records).wait()
        # decoding may import Perceval, which takes seconds
        return await asyncio.to_thread(collect, self._session, records, documents, errors)

    def iter_results(self, *, errors: Errors = "collect") -> ResultStream:
        """Each job with its result, as they end: what has ended first, then the others.

        ``for job, result in jg.iter_results()`` blocks until the next one ends; ``async for`` does
        not. It is over when no job is running or waiting on the cloud and nothing is being sent
        here. A job that failed comes with None, or with the partial results that its cloud gives.

        Args:
            errors: what becomes of a result that should be there and cannot be had: it comes as
                None, and at the end "collect" warns, "raise" raises a `ResultsError`.

        Raises:
            ValueError: `errors` is neither.
        """
        return ResultStream(self._session, errors)

    def results_table(
        self, columns: Sequence[str] | str | None = None, *, refresh: bool = True
    ) -> ResultsTable:
        """The jobs as a table: what tells them apart, and what came of each.

        One row for each job, or for each iteration of a job that has some. A job that has not
        ended, that failed, or whose result cannot be had keeps its row, with gaps.

        Args:
            columns: names of the columns, or one name; None for those worth showing: what differs
                between the jobs, and what their results hold.
            refresh: ask the cloud; else answer from the file, with the results that it keeps.

        Raises:
            UnknownColumnError: there is no such column; the sentence names those that there are.
            CredentialsError: the token is missing or refused, and no other account has results.
        """
        return ResultsTable.of(self._lines(refresh), columns)

    async def results_table_async(
        self, columns: Sequence[str] | str | None = None, *, refresh: bool = True
    ) -> ResultsTable:
        """`results_table`, awaited."""
        return ResultsTable.of(await self._lines_async(refresh), columns)

    def distributions(self, *, refresh: bool = True) -> Distributions:
        """What came out of all jobs, in long form: a row for each job and state.

        Args:
            refresh: ask the cloud; else answer from the file, with the results that it keeps.

        Raises:
            CredentialsError: the token is missing or refused, and no other account has results.
        """
        return Distributions.of(self._lines(refresh))

    async def distributions_async(self, *, refresh: bool = True) -> Distributions:
        """`distributions`, awaited."""
        return Distributions.of(await self._lines_async(refresh))

    def preview(
        self, jobs: Iterable[RemoteJob | int] | None = None, *, rerun: bool = False
    ) -> RunEstimate:
        """What a run would take: jobs, shots, free slots, time. None where that is not known.

        Args:
            jobs: only these, or their places in the group; None for all.
            rerun: of the failed jobs; else of the unsent ones.
        """
        return self._previewing(jobs, rerun).block()

    async def preview_async(
        self, jobs: Iterable[RemoteJob | int] | None = None, *, rerun: bool = False
    ) -> RunEstimate:
        """`preview`, awaited."""
        return await self._previewing(jobs, rerun).wait()

    def _previewing(self, jobs: Iterable[RemoteJob | int] | None, rerun: bool) -> Call[RunEstimate]:
        places = self._places(jobs)
        return Call(self._session.start(estimate, self._session, places, rerun=rerun))

    def _lines(self, refresh: bool) -> list[Line]:
        if refresh:
            with suppress(CredentialsError):  # raised below, unless another account has results
                self.refresh()
        records = with_results(self._session)
        return self._read(records, self._fetching(records, ask=refresh).block())

    async def _lines_async(self, refresh: bool) -> list[Line]:
        if refresh:
            with suppress(CredentialsError):
                await self.refresh_async()
        records = with_results(self._session)
        documents = await self._fetching(records, ask=refresh).wait()
        return await asyncio.to_thread(self._read, records, documents)

    def _read(
        self, records: list[JobRecord], documents: dict[int, Document | Exception]
    ) -> list[Line]:
        results, failures = decode_all(records, documents, is_plain=True)
        return list(lines(self._session.store.records(), results, failures))

    def _fetching(
        self, records: list[JobRecord], *, ask: bool = True
    ) -> Call[dict[int, Document | Exception]]:
        bar = DownloadBar(len(records))

        def count(done: int) -> None:
            bar.done = done

        future = self._session.start(fetch, self._session, records, count, ask=ask)
        return Call(future, on_tick=bar.tick, on_end=bar.close)
