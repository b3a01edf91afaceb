"""Define `ResultsTable`, with the parameters and measured numbers of each job."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from jobgroup.errors import UnknownColumnError
from jobgroup.results.cells import Cell, cell, with_noise
from jobgroup.results.expression import Expression
from jobgroup.results.measurement import Measurement
from jobgroup.results.pool import Pool, Quantity, scalar_names
from jobgroup.results.shares import ONE_SIGMA
from jobgroup.results.states import in_order, label_of
from jobgroup.results.table import Table
from jobgroup.status import ERROR_FREE, FAILED, REFUSED
from jobgroup.words import format_count, format_counts

if TYPE_CHECKING:
    from jobgroup.store import JobRecord

_HIDDEN_NAMES: Final = frozenset({"iterator", "content"})
"""Parameters and metadata that no table shows."""

LEADING_COLUMNS: Final = ("job", "name", "iteration", "status")
OPTIONAL_COLUMNS: Final = ("id", "platform", "sent_at", "started_at", "finished_at")
"""Columns before the jobs' own columns, and columns that are shown only on request."""

MAX_STATE_COLUMNS: Final = 4
"""Number of states whose shares are shown; those with the greatest mean share are chosen."""

_OF_A_STATE: Final = re.compile(r"(count|p|p_err|p_low|p_high)\((\|.*>)\)")

NOT_SAMPLED: Final = "computed by the platform, not sampled"


@dataclass(frozen=True)
class ResultRow:
    """A row: a job, or one of its iterations if it has several.

    Attributes:
        record: record of the job.
        measurement: measurement of the row; without outcomes if there is no result.
        failure: error of a missing result that was expected.
        is_loaded: whether the job's result was read.
    """

    record: JobRecord
    measurement: Measurement
    failure: Exception | None = None
    is_loaded: bool = True

    @cached_property
    def pool(self) -> Pool:
        """Pool with only this row."""
        return Pool([self.measurement])

    @property
    def is_partial(self) -> bool:
        """Whether the row has outcomes of a job that did not end in success."""
        return bool(self.measurement.values) and self.record.state != "success"

    @property
    def is_missing(self) -> bool:
        """Whether the job ended in success, but its result was not read or is not usable."""
        is_read = self.is_loaded and self.failure is None
        return self.record.state == "success" and not is_read

    @property
    def may_return(self) -> bool:
        """Whether the row may still get outcomes."""
        if self.measurement.kind is not None or self.failure is not None:
            return False
        if self.record.state == "success":
            return not self.is_loaded
        return self.record.state not in FAILED | {REFUSED}


def pooled(rows: Iterable[ResultRow]) -> Pool:
    """Pool the results of jobs that ended in success. Partial results of other jobs are left out.

    Points of datasets and figures, and the sides of comparisons, are pooled with this function.
    """
    return Pool(row.measurement for row in rows if row.record.state == "success")


def missing_jobs(rows: Iterable[ResultRow]) -> list[int]:
    """Return the positions of the jobs whose results are missing."""
    return sorted({row.record.position for row in rows if row.is_missing})


def partial_jobs(rows: Iterable[ResultRow]) -> list[int]:
    """Return the positions of the jobs with partial results."""
    return sorted({row.record.position for row in rows if row.is_partial})


def rows_of(
    records: Iterable[JobRecord],
    measured: Mapping[int, Sequence[Measurement]],
    failures: Mapping[int, Exception],
) -> Iterator[ResultRow]:
    """Yield at least one row for each job of a group."""
    for record in records:
        position = record.position
        found = measured.get(position)
        for measurement in found or [Measurement(position)]:
            failure = failures.get(position) or measurement.problem
            yield ResultRow(record, measurement, failure, is_loaded=bool(found))


class ResultsTable(Table):
    """A table of a group's jobs, in the group's order, with a row for each iteration.

    Attributes:
        columns: shown columns; by default, the values that differ between the jobs, and the
            jobs' results.
        failures: error of each missing result, by position. If the result cannot be decoded,
            ``table.failures[3].raw`` is its text.
        distinguishing_columns: names of the columns that distinguish the rows.
    """

    failures: dict[int, Exception]
    distinguishing_columns: list[str]


def table_of(
    rows: Sequence[ResultRow],
    chosen: Sequence[str] | None = None,
    *,
    definitions: Mapping[str, Expression] | None = None,
    interval: bool | float = False,
) -> ResultsTable:
    """Return the table of the rows, with the given or the default columns.

    Args:
        rows: rows of the table.
        chosen: names of the columns to show, or one name; None for the default.
        definitions: derived quantities, which become columns with errors.
        interval: whether to add columns with Wilson's interval; a number sets its level.

    Raises:
        UnknownColumnError: a given column does not exist, or no job has the state that it names.
    """
    chosen = [chosen] if isinstance(chosen, str) else chosen
    own = _own_columns(rows)
    given = {
        "label": [row.record.labels for row in rows],
        "param": [{**with_noise(row.record.params), **row.measurement.params} for row in rows],
        "metadata": [with_noise(row.record.metadata) for row in rows],
    }
    known: dict[str, list[Cell]] = {name: own.pop(name) for name in LEADING_COLUMNS}
    for prefix, parts in given.items():
        _spread(known, own, prefix, parts)
    distinguishing = [
        n for n in known if n not in LEADING_COLUMNS and (len(rows) == 1 or _differs(known[n]))
    ]
    described = set(known)
    measured = measured_columns(
        rows,
        most_frequent(row.pool for row in rows),
        definitions or {},
        interval=interval,
        asked=[name for name in chosen or () if name not in known],
    )
    _spread(known, own, "result", _as_rows(measured, len(rows)))
    _spread(known, own, "result", [row.measurement.scalars for row in rows])
    known |= own
    shown = [
        name
        for name in known
        if name not in OPTIONAL_COLUMNS
        and not name.startswith("count(")
        and (name in distinguishing or name not in described or name in LEADING_COLUMNS)
        and (
            name not in ("iteration", "samples", "shots", "note")
            or any(_has_value(v) for v in known[name])
        )
    ]
    table = ResultsTable(known, chosen=shown if chosen is None else chosen, title=_title(rows))
    table.failures = {r.record.position: r.failure for r in rows if r.failure is not None}
    table.distinguishing_columns = distinguishing
    return table


def most_frequent(pools: Iterable[Pool], most: int = MAX_STATE_COLUMNS) -> list[str]:
    """Return the states with the greatest sums of shares, in the order of states."""
    sums: dict[str, float] = {}
    for pool in pools:
        for state, share in pool.shares.items():
            if share == share:  # noqa: PLR0124 # NaN is not a share
                sums[state] = sums.get(state, 0.0) + share
    return in_order(ranked(sums)[:most])


def ranked(sums: Mapping[str, float]) -> list[str]:
    """Return states in descending order of the sums of their shares.

    Sums that differ only by rounding count as equal, and their states keep their order.
    """
    return sorted(in_order(sums), key=lambda state: -round(sums[state], 9))


def measured_columns(
    rows: Sequence[ResultRow],
    states: Sequence[str],
    definitions: Mapping[str, Expression],
    *,
    interval: bool | float = False,
    asked: Sequence[str] = (),
) -> dict[str, list[Cell]]:
    """Return samples, shares and derived quantities, with their errors, as columns.

    Raises:
        UnknownColumnError: no job has a requested state, or a state that a definition uses.
    """
    level = level_of(interval)
    returned = dict.fromkeys(state for row in rows for state in row.measurement.values)
    columns: dict[str, list[Cell]] = {"samples": [row.pool.samples for row in rows]}
    forms = ("p", "p_err", "count", *(("p_low", "p_high") if interval is not False else ()))
    wanted = {f"{form}({state})": (form, state) for state in states for form in forms}
    for name in asked:
        if match := _OF_A_STATE.fullmatch(name):
            check_known([label_of(match[2])], returned)
            wanted[name] = (match[1], label_of(match[2]))
    for name, (form, state) in wanted.items():
        columns[name] = [_of_state(row.pool, form, state, level) for row in rows]
    for name, expression in definitions.items():
        is_known = is_measured(expression, returned, rows)
        found = [
            row.pool.quantity(expression, level=level) if is_known else Quantity() for row in rows
        ]
        columns[name] = [each.value for each in found]
        columns[f"{name}_err"] = [each.error for each in found]
        if interval is not False:
            columns[f"{name}_low"] = [each.low for each in found]
            columns[f"{name}_high"] = [each.high for each in found]
    return columns


def _of_state(pool: Pool, form: str, state: str, level: float) -> Cell:
    if form == "count":
        return pool.count(state)
    share = pool.share(state, level=level)
    return {"p": share.value, "p_err": share.error, "p_low": share.low, "p_high": share.high}[form]


def level_of(interval: bool | float) -> float:
    """Return the level of an interval. It is 68.27 % unless a number is given."""
    return ONE_SIGMA if isinstance(interval, bool) else interval


def check_known(states: Iterable[str], known: Mapping[str, Any]) -> None:
    """Raise UnknownColumnError if a state was not measured but other states were.

    Raises:
        UnknownColumnError: no job has a state; the message suggests similar ones.
    """
    for state in states:
        if known and state not in known:
            from difflib import get_close_matches  # only for messages

            near = get_close_matches(state, known, 5, 0.0)
            raise UnknownColumnError(
                f"No result contains the state {state[:80]}. Similar states: {', '.join(near)}."
            )


def check_expression(
    expression: Expression, states: Mapping[str, Any], measurements: Iterable[Measurement]
) -> None:
    """Raise UnknownColumnError if a part of an expression was not measured but others were.

    Raises:
        UnknownColumnError: no job has one of the quantities; the message lists the existing ones.
    """
    check_known(expression.states, states)
    unknown = [name for name in expression.names if name not in ("samples", "shots")]
    if not unknown or not states:
        return
    known = ["samples", "shots", *scalar_names(measurements)]
    for name in unknown:
        if name not in known:
            raise UnknownColumnError(
                f"There is no quantity {name!r:.80}. Quantities are: {', '.join(known)}, and the"
                " states."
            )


def is_measured(
    expression: Expression, states: Mapping[str, Any], rows: Sequence[ResultRow]
) -> bool:
    """Return whether all parts of an expression were measured; False if some may still be.

    Raises:
        UnknownColumnError: a part was not measured, and every job has ended.
    """
    try:
        check_expression(expression, states, [row.measurement for row in rows])
    except UnknownColumnError:
        if not any(row.may_return for row in rows):
            raise
        return False
    return True


def _own_columns(rows: Sequence[ResultRow]) -> dict[str, list[Cell]]:
    values: dict[str, Callable[[ResultRow], Cell]] = {
        "job": lambda row: row.record.position,
        "name": lambda row: row.record.name,
        "iteration": lambda row: row.measurement.iteration,
        "status": lambda row: row.record.state,
        "shots": lambda row: row.record.shots,
        "duration_s": lambda row: row.record.duration_s,
        "attempts": lambda row: row.record.attempts,
        "note": lambda row: row.record.note,
        "error": _error,
        "id": lambda row: row.record.remote_id,
        "platform": lambda row: row.record.platform,
        "sent_at": lambda row: _time(row.record.sent_at),
        "started_at": lambda row: _time(row.record.started_at),
        "finished_at": lambda row: _time(row.record.finished_at),
    }
    return {name: [value(row) for row in rows] for name, value in values.items()}


def _time(seconds: float | None) -> str | None:
    """Return a time as an ISO 8601 string in UTC, which dataframe libraries can parse."""
    return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%FT%T.%fZ}"


def _as_rows(columns: Mapping[str, Sequence[Cell]], length: int) -> list[dict[str, Cell]]:
    return [{name: cells[i] for name, cells in columns.items()} for i in range(length)]


def _spread(
    known: dict[str, list[Cell]],
    own: Mapping[str, object],
    prefix: str,
    parts: Sequence[Mapping[str, Any]],
) -> None:
    """Add a column for each key, named after the key; if the name is taken, prepend the prefix."""
    keys = dict.fromkeys(key for each in parts for key in each if key not in _HIDDEN_NAMES)
    taken = {*known, *own}
    for key in keys:
        name = f"{prefix}.{key}" if key in taken else key
        known[name] = [cell(each.get(key)) for each in parts]


def _error(row: ResultRow) -> str | None:
    if row.failure is not None:
        return str(row.failure)
    return None if row.record.state in ERROR_FREE else row.record.message


def _differs(cells: Sequence[Cell]) -> bool:
    return any((type(value), value) != (type(cells[0]), cells[0]) for value in cells)


def _has_value(value: Cell) -> bool:
    return value is not None and value != ""


def _title(rows: Sequence[ResultRow]) -> str:
    states = {row.record.position: row.record.state for row in rows}
    return "; ".join(filter(None, [format_counts(Counter(states.values())), not_sampled(rows)]))


def left_out_text(missing: int, partial: int) -> str:
    """Return the remark about results that are in no point; "" if there are none."""
    parts = [
        f"{format_count(missing, 'result')} missing" * bool(missing),
        f"{format_count(partial, 'partial result')} left out" * bool(partial),
    ]
    return "; ".join(filter(None, parts))


def not_sampled(rows: Iterable[ResultRow]) -> str:
    """Return the header's remark about results that are probabilities; "" if there are none."""
    kinds: dict[int, str | None] = {r.record.position: r.measurement.kind for r in rows}
    measured = [kind for kind in kinds.values() if kind]
    computed = measured.count("probability")
    if not computed:
        return ""
    return (
        NOT_SAMPLED if computed == len(measured) else f"{computed} of {len(measured)} {NOT_SAMPLED}"
    )
