"""Define `ResultStream`, which yields each job of a group with its result when it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from jobgroup.engine.downloads import Completion, CompletionStream
from jobgroup.errors import JobGroupError, ResultsError, warn
from jobgroup.group.pending import Computation, Pending
from jobgroup.group.progress_bars import SlowBar
from jobgroup.job import RemoteJob, job_of
from jobgroup.results.cells import Result
from jobgroup.results.collect import Errors, check_errors
from jobgroup.results.failures import decode_one, failures_sentence
from jobgroup.tracebacks import shortened
from jobgroup.words import shown

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession

T = TypeVar("T")


class ResultStream:
    """Iterate over jobs and their results: ``for job, result in stream`` or ``async for``.

    Finished jobs come first, and then each remaining job when it ends. Iteration ends when no job
    is running or waiting on the cloud and this process is sending nothing. The result of a failed
    job, or a missing result, is None or the cloud's partial results.

    Raises while it is iterated:
        CredentialsError: a token is missing or rejected, and no other account has a pending job.
        ResultsError: at its end, with ``errors="raise"``, if results are missing.
    """

    def __init__(self, session: GroupSession, errors: Errors) -> None:
        check_errors(errors)
        self._session = session
        self._errors = errors

    def __iter__(self) -> Iterator[tuple[RemoteJob, Result | None]]:
        one = _Pass(self._session)
        try:
            while (ended := one.next().result()) is not None:
                yield one.take(ended)
        except JobGroupError as error:
            raise shortened(error) from error.__cause__
        finally:
            one.close()
        one.tell(self._errors)

    async def __aiter__(self) -> AsyncIterator[tuple[RemoteJob, Result | None]]:
        one = _Pass(self._session)
        try:
            while (ended := await one.next().wait()) is not None:
                # Decoding may import Perceval, which takes seconds.
                yield await Computation(one.take, ended).wait()
        except JobGroupError as error:
            raise shortened(error) from error.__cause__
        finally:
            one.close()
        one.tell(self._errors)

    async def _map(self, function: Callable[[Result], T]) -> list[T | None]:
        """Implement `JobGroup.map` for `twins`."""
        if not callable(function):
            raise TypeError(f"function must be a function of one result, got {shown(function)}.")
        one = _Pass(self._session)
        made: dict[int, T] = {}
        try:
            while (ended := await one.next()) is not None:
                taken = await Computation(one.take, ended)
                if taken[1] is not None:
                    made[ended[0].entry_id] = function(taken[1])
        finally:
            one.close()
        one.tell(self._errors)
        return [made.get(entry_id) for entry_id in self._session.store.entries.at()]


class _Pass:
    """One iteration of a stream."""

    def __init__(self, session: GroupSession) -> None:
        self._session = session
        self._finished = CompletionStream(session)
        self._failures: dict[int, Exception] = {}
        self._successes = 0
        self.bar = SlowBar(len(session.store), "Results")

    def next(self) -> Pending[Completion | None]:
        future = self._session.start(self._finished.next)
        return Pending(future, on_tick=self.bar.tick, on_interrupt=future.cancel)

    def take(self, ended: Completion) -> tuple[RemoteJob, Result | None]:
        record, document = ended
        self.bar.done += 1
        self._successes += record.state == "success"
        result: Result | None = None
        try:
            result = decode_one(document)
        except JobGroupError as error:
            if record.state == "success":
                self._failures[record.entry_id] = error
        return job_of(self._session, record.entry_id), result

    def close(self) -> None:
        self._finished.close()
        self.bar.close()

    def tell(self, errors: Errors) -> None:
        """At the end, report the missing results."""
        if not self._failures:
            return
        positions = self._session.store.entries.positions(self._failures)
        failures = {p: self._failures[entry_id] for entry_id, p in positions.items()}
        sentence = failures_sentence(self._session.name, failures, of=self._successes)
        if errors == "raise":
            raise ResultsError(f"{sentence} The reasons are in error.failures.", failures=failures)
        warn(f"{sentence} Their results are None. Call get_results() to fetch them again.")
