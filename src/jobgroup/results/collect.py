"""Fetch results with the engine, and decode them in the calling thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from jobgroup.adapters import decode
from jobgroup.engine.downloads import fetch
from jobgroup.engine.interrupt import wait_for
from jobgroup.errors import CloudError, JobGroupError, ResultsError, warn
from jobgroup.results.cells import Result
from jobgroup.results.failures import decode_one, failures_sentence
from jobgroup.results.measurement import Measurement, measurements
from jobgroup.status import FAILED, PENDING
from jobgroup.words import format_count, shown

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession
    from jobgroup.store import JobRecord

T = TypeVar("T")

Errors = Literal["raise", "collect"]

HAS_RESULTS = frozenset({"success", "error", "canceled", "unknown"})
"""States in which a cloud may have results. Results of unsuccessful jobs are partial."""


def with_results(session: GroupSession) -> list[JobRecord]:
    """Return the jobs whose results can be fetched, and the jobs of rejected accounts."""
    refused = session.poller.refusals
    return [
        r
        for r in session.store.records(states=HAS_RESULTS | PENDING)
        if r.remote_id and (r.state in HAS_RESULTS or r.target.account_key in refused)
    ]


def check_errors(errors: str) -> None:
    """Check the argument `errors`.

    Raises:
        ValueError: `errors` is neither "collect" nor "raise".
    """
    if errors not in ("raise", "collect"):
        raise ValueError(f'errors must be "collect" or "raise", got {shown(errors)}.')


Documents = Mapping[int, dict[str, Any] | Exception]
"""Result documents by entry, with an error in place of each missing document."""


def decode_all(
    records: list[JobRecord], documents: Documents
) -> tuple[dict[int, Result], dict[int, Exception]]:
    """Return the results by position, and an error for each missing one."""
    return _read_all(records, documents, lambda _, document: decode(document))


def measure_all(
    records: list[JobRecord], documents: Documents
) -> tuple[dict[int, list[Measurement]], dict[int, Exception]]:
    """Return the measurements by position, and an error for each missing one."""
    return _read_all(records, documents, measurements)


def _read_all(
    records: list[JobRecord],
    documents: Documents,
    read: Callable[[JobRecord, dict[str, Any]], T],
) -> tuple[dict[int, T], dict[int, Exception]]:
    found: dict[int, T] = {}
    failures: dict[int, Exception] = {}
    for record in records:
        if record.entry_id not in documents:
            continue
        try:
            found[record.position] = decode_one(documents[record.entry_id], partial(read, record))
        except JobGroupError as error:
            if record.state == "success" or record.state in PENDING:
                failures[record.position] = error
    return found, failures


def collect(
    session: GroupSession,
    records: list[JobRecord],
    decoded: tuple[Mapping[int, Result], Mapping[int, Exception]],
    errors: Errors,
) -> list[Result | None]:
    """Return decoded results in the group's order; None for a job without a result.

    Raises:
        ResultsError: with ``errors="raise"``, results are missing; the error has the others.
    """
    now = session.store.entries.positions([record.entry_id for record in records])
    moved = {record.position: now.get(record.entry_id, record.position) for record in records}
    found = {moved[position]: result for position, result in decoded[0].items()}
    failures = {moved[position]: error for position, error in decoded[1].items()}
    results = [found.get(position) for position in range(len(session.store))]
    counts = session.store.counts()
    active = sum(counts.get(state, 0) for state in PENDING)
    active -= sum(r.state in PENDING and moved[r.position] in failures for r in records)
    are_none = "its result is None" if active == 1 else "their results are None"
    hint = (
        f"{format_count(active, 'job')} of {session.name!r} had not ended, so {are_none}. Call"
        " get_results(wait=True) to wait for the end."
    )
    if not failures:
        if active:
            warn(hint)
        return results
    sentence = failures_sentence(
        session.name,
        failures,
        of=sum(r.state == "success" or moved[r.position] in failures for r in records),
    )
    if errors == "raise":
        raise ResultsError(
            f"{sentence} error.results has the others, and error.failures the reasons.",
            results=results,
            failures=failures,
        )
    warn(
        f"{sentence} They are None in the list. Repeat the call to fetch them"
        f" again.{f' {hint}' if active else ''}"
    )
    return results


def results_of_one(session: GroupSession, record: JobRecord) -> Result:
    """Return the results of one job that has ended.

    Raises:
        RuntimeError: the job failed and has no results.
        JobGroupError: the results could not be fetched or decoded.
    """
    document = wait_for(session.start(fetch, session, [record]))[record.entry_id]
    try:
        return decode_one(document)
    except CloudError as error:
        if record.state in FAILED:
            raise RuntimeError(f"The job failed: {record.message}") from error
        raise
