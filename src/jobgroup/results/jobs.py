"""`ResultsTable`: a row for each job, with what tells it from the others and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from jobgroup.results.parse import Cell, Reading, cell, readings
from jobgroup.results.table import Table
from jobgroup.status import UNTROUBLED

if TYPE_CHECKING:
    from jobgroup.store import JobRecord

_NOT_TOLD: Final = frozenset({"iterator", "content"})
"""Parameters and facts that are there for other purposes than to be read in a table."""

BEFORE: Final = ("job", "name", "iteration", "status")
AFTER: Final = ("shots", "duration_s", "attempts", "note", "error")
ASKED_FOR: Final = ("id", "platform")
"""Columns that every table knows: before and after those of its jobs, or only if asked for."""


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes a row: a job, and one iteration of its result if it has one.

    Attributes:
        record: the job.
        reading: what its result holds; empty where it has none.
        iteration: which one, None for a result without iterations.
        failure: why a result that should be there could not be had.
    """

    record: JobRecord
    reading: Reading
    iteration: int | None = None
    failure: Exception | None = None


def lines(
    records: Iterable[JobRecord], results: Mapping[int, Any], failures: Mapping[int, Exception]
) -> Iterator[Line]:
    """The rows of a group: every job has one at least."""
    for record in records:
        result = results.get(record.position)
        found = [Reading()] if result is None else readings(result)
        is_iterated = isinstance(result, Mapping) and "results_list" in result
        for number, reading in enumerate(found or [Reading()]):
            nth = number if is_iterated and found else None
            yield Line(record, reading, nth, failures.get(record.position))


class ResultsTable(Table):
    """The jobs of a group as a table, in the group's order; those with iterations have a row each.

    Attributes:
        columns: what is shown: what differs between the jobs, and what came of them.
        failures: why a result could not be had, by the job's place; a result that cannot be decoded
            has its text as ``table.failures[3].raw``.
        telling: the columns among `columns` that tell the rows apart.
    """

    failures: dict[int, Exception]
    telling: list[str]

    @classmethod
    def of(cls, rows: Sequence[Line], chosen: Sequence[str] | None = None) -> Self:
        """The table of some rows, with the columns that are chosen or worth showing.

        Raises:
            UnknownColumnError: there is no column of a chosen name.
        """
        own = _own_columns(rows)
        given = {
            "label": [line.record.labels for line in rows],
            "param": [{**line.record.params, **line.reading.iteration} for line in rows],
            "fact": [line.record.metadata for line in rows],
        }
        known: dict[str, list[Cell]] = {name: own.pop(name) for name in BEFORE}
        for prefix, parts in given.items():
            _spread(known, own, prefix, parts)
        telling = [n for n in known if n not in BEFORE and (len(rows) == 1 or _differs(known[n]))]
        before_scalars = set(known)
        _spread(known, own, "result", [line.reading.scalars for line in rows])
        known |= own
        shown = [
            name
            for name in known
            if name not in ASKED_FOR
            and (name in telling or name not in before_scalars or name in BEFORE)
            and (
                name not in ("iteration", "shots", "note") or any(_is_told(v) for v in known[name])
            )
        ]
        table = cls(known, chosen=shown if chosen is None else chosen, title=_title(rows))
        table.failures = {r.record.position: r.failure for r in rows if r.failure is not None}
        table.telling = telling
        return table


def _own_columns(rows: Sequence[Line]) -> dict[str, list[Cell]]:
    columns: dict[str, list[Cell]] = {name: [] for name in (*BEFORE, *AFTER, *ASKED_FOR)}
    for line in rows:
        record = line.record
        values: dict[str, Cell] = {
            "job": record.position,
            "name": record.name,
            "iteration": line.iteration,
            "status": record.state,
            "shots": record.shots,
            "duration_s": record.duration_s,
            "attempts": record.attempts,
            "note": record.note,
            "error": _error(line),
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
    keys = dict.fromkeys(key for each in parts for key in each if key not in _NOT_TOLD)
    taken = {*known, *own}
    for key in keys:
        name = f"{prefix}.{key}" if key in taken else key
        known[name] = [cell(each.get(key)) for each in parts]


def _error(line: Line) -> str | None:
    if line.failure is not None:
        return str(line.failure)
    return None if line.record.state in UNTROUBLED else line.record.message


def _differs(cells: Sequence[Cell]) -> bool:
    return any((type(value), value) != (type(cells[0]), cells[0]) for value in cells)


def _is_told(value: Cell) -> bool:
    return value is not None and value != ""


def _title(rows: Sequence[Line]) -> str:
    states = {line.record.position: line.record.state for line in rows}
    counts = {state: list(states.values()).count(state) for state in dict.fromkeys(states.values())}
    told = ", ".join(f"{n} {state}" for state, n in counts.items())
    jobs = f"{len(states)} job{'s' * (len(states) != 1)}"
    return f"{jobs} ({told})" if told else jobs
