"""`ResultsTable`: a row for each job, with what tells it from the others and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jobgroup.results.parse import Cell, Iteration, cell, iterations
from jobgroup.results.table import Table
from jobgroup.status import UNTROUBLED
from jobgroup.words import format_counts

if TYPE_CHECKING:
    from jobgroup.store import JobRecord

_HIDDEN_NAMES: Final = frozenset({"iterator", "content"})
"""Parameters and metadata that are there for other purposes than to be read in a table."""

LEADING_COLUMNS: Final = ("job", "name", "iteration", "status")
TRAILING_COLUMNS: Final = ("shots", "duration_s", "attempts", "note", "error")
OPTIONAL_COLUMNS: Final = ("id", "platform")
"""Columns that every table knows: before and after those of its jobs, or only if asked for."""


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What becomes a row: a job, and one iteration of its result if it has one.

    Attributes:
        record: the job.
        iteration: what its result holds; empty where it has none.
        number: of the iteration, None for a result without iterations.
        failure: why a result that should be there could not be had.
    """

    record: JobRecord
    iteration: Iteration
    number: int | None = None
    failure: Exception | None = None


def rows_of(
    records: Iterable[JobRecord], results: Mapping[int, Any], failures: Mapping[int, Exception]
) -> Iterator[ResultRow]:
    """The rows of a group: every job has one at least."""
    for record in records:
        result = results.get(record.position)
        found = [Iteration()] if result is None else iterations(result)
        is_iterated = isinstance(result, Mapping) and "results_list" in result
        for number, iteration in enumerate(found or [Iteration()]):
            nth = number if is_iterated and found else None
            yield ResultRow(record, iteration, nth, failures.get(record.position))


class ResultsTable(Table):
    """The jobs of a group as a table, in the group's order; those with iterations have a row each.

    Attributes:
        columns: what is shown: what differs between the jobs, and what came of them.
        failures: why a result could not be had, by the job's place; a result that cannot be decoded
            has its text as ``table.failures[3].raw``.
        distinguishing_columns: the columns among `columns` that tell the rows apart.
    """

    failures: dict[int, Exception]
    distinguishing_columns: list[str]


def table_of(rows: Sequence[ResultRow], chosen: Sequence[str] | None = None) -> ResultsTable:
    """The table of some rows, with the columns that are chosen or worth showing.

    Raises:
        UnknownColumnError: there is no column of a chosen name.
    """
    own = _own_columns(rows)
    given = {
        "label": [row.record.labels for row in rows],
        "param": [{**row.record.params, **row.iteration.params} for row in rows],
        "fact": [row.record.metadata for row in rows],
    }
    known: dict[str, list[Cell]] = {name: own.pop(name) for name in LEADING_COLUMNS}
    for prefix, parts in given.items():
        _spread(known, own, prefix, parts)
    distinguishing = [
        n for n in known if n not in LEADING_COLUMNS and (len(rows) == 1 or _differs(known[n]))
    ]
    before_scalars = set(known)
    _spread(known, own, "result", [row.iteration.scalars for row in rows])
    known |= own
    shown = [
        name
        for name in known
        if name not in OPTIONAL_COLUMNS
        and (name in distinguishing or name not in before_scalars or name in LEADING_COLUMNS)
        and (name not in ("iteration", "shots", "note") or any(_has_value(v) for v in known[name]))
    ]
    table = ResultsTable(known, chosen=shown if chosen is None else chosen, title=_title(rows))
    table.failures = {r.record.position: r.failure for r in rows if r.failure is not None}
    table.distinguishing_columns = distinguishing
    return table


def _own_columns(rows: Sequence[ResultRow]) -> dict[str, list[Cell]]:
    columns: dict[str, list[Cell]] = {
        name: [] for name in (*LEADING_COLUMNS, *TRAILING_COLUMNS, *OPTIONAL_COLUMNS)
    }
    for row in rows:
        record = row.record
        values: dict[str, Cell] = {
            "job": record.position,
            "name": record.name,
            "iteration": row.number,
            "status": record.state,
            "shots": record.shots,
            "duration_s": record.duration_s,
            "attempts": record.attempts,
            "note": record.note,
            "error": _error(row),
            "id": record.remote_id,
            "platform": record.platform,
        }
        for name, value in values.items():
            columns[name].append(value)
    return columns


def _spread(
    known: dict[str, list[Cell]],
    own: Mapping[str, object],
    prefix: str,
    parts: Sequence[Mapping[str, Any]],
) -> None:
    """Add a column for each key; one whose name is taken gets the prefix before it."""
    keys = dict.fromkeys(key for each in parts for key in each if key not in _HIDDEN_NAMES)
    taken = {*known, *own}
    for key in keys:
        name = f"{prefix}.{key}" if key in taken else key
        known[name] = [cell(each.get(key)) for each in parts]


def _error(row: ResultRow) -> str | None:
    if row.failure is not None:
        return str(row.failure)
    return None if row.record.state in UNTROUBLED else row.record.message


def _differs(cells: Sequence[Cell]) -> bool:
    return any((type(value), value) != (type(cells[0]), cells[0]) for value in cells)


def _has_value(value: Cell) -> bool:
    return value is not None and value != ""


def _title(rows: Sequence[ResultRow]) -> str:
    states = {row.record.position: row.record.state for row in rows}
    return format_counts(Counter(states.values()))
