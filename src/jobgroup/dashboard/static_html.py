"""Write a group as plain HTML for saved notebooks, GitHub and nbconvert.

All text from clouds and colleagues is escaped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from html import escape
from itertools import accumulate
from types import MappingProxyType
from typing import Final

from jobgroup.dashboard.protocol import Json
from jobgroup.engine.downloads import fetch
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup, engine_session
from jobgroup.results import measure_all
from jobgroup.results.cells import Cell
from jobgroup.results.collect import HAS_RESULTS
from jobgroup.results.measurement import Measurement
from jobgroup.results.results_table import ResultRow, ResultsTable, rows_of, table_of
from jobgroup.results.shown_values import shown_value
from jobgroup.status import BAR_ORDER, FAILED, LABELS
from jobgroup.store import JobRecord
from jobgroup.words import format_duration

MAX_ROWS: Final = 50
MAX_BYTES: Final = 20_000
"""Maximum number of rows and their maximum size in bytes. A saved notebook must stay small."""

MAX_COLUMNS: Final = 12
"""Maximum number of columns for values that differ between jobs."""

Measured = Mapping[int, Sequence[Measurement]]


def saved_state(group: JobGroup) -> Json:
    """Return the state of a group for storage in a notebook, with the group's uuid and version.

    Raises:
        StorageError: the group was deleted or cannot be read.
    """
    meta = engine_session(group).store.meta()  # read first: later changes are then saved again
    return {
        "uuid": str(meta["uuid"]),
        "version": int(meta["version"]),
        "data": {"text/plain": repr(group), "text/html": html_of(group)},
    }


def html_of(group: JobGroup) -> str:
    """Return a group's last known state, with the date and the code that opens the dashboard."""
    session = engine_session(group)
    store = session.store
    chosen = {*store.entries.ids(FAILED)[:MAX_ROWS], *store.entries.ids()[:MAX_ROWS]}
    records = store.records(entry_ids=chosen)
    measured: Measured = {}
    if group.cache.enabled:
        kept = [record for record in records if record.state in HAS_RESULTS]
        with suppress(JobGroupError):
            measured, _ = measure_all(kept, session.start(fetch, session, kept, ask=False).result())
    return html_of_records(group.name, store.counts(), records, time.time(), measured)


def html_of_records(
    name: str,
    counts: Mapping[str, int],
    records: Sequence[JobRecord],
    now: float,
    measured: Measured = MappingProxyType({}),
) -> str:
    """Return the HTML of the given records: the first ones and all failed ones."""
    shown = sorted(records, key=lambda r: r.state not in FAILED)[:MAX_ROWS]
    columns = _columns(list(rows_of(shown, measured, {})))
    rows = _within(MAX_BYTES, [*map(_row, zip(*columns.values(), strict=True))])
    jobs = len({number.split()[0] for number in columns["#"][: len(rows)]})
    more = sum(counts.values()) - jobs
    states = ", ".join(f"{counts[each]:,} {LABELS[each]}" for each in BAR_ORDER if counts.get(each))
    revival = f"from jobgroup import Dashboard; Dashboard({name!r})"
    parts = [
        f"<p><b>{escape(name)}</b>: {escape(states or 'no jobs yet')}<br>",
        f"<small>State of {_clock(now)}. To see it live, run ",
        f"<code>{escape(revival)}</code></small></p>",
    ]
    if shown:
        head = "".join(f"<th>{escape(title)}</th>" for title in columns)
        body = "".join(rows)
        parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
    if more:
        parts.append(f"<p><small>and {more:,} more</small></p>")
    return "".join(parts)


def _columns(rows: Sequence[ResultRow]) -> dict[str, list[str]]:
    """Return the table's columns: differing values, measured values, and outcomes."""
    table = table_of(rows)
    labels = {name for row in rows for name in row.record.labels}
    swept = _without_repeats(table, labels)[:MAX_COLUMNS] if len(rows) > 1 else []
    states = [name[2:-1] for name in table.columns if name.startswith("p(")]
    records = [row.record for row in rows]
    iterations = [row.measurement.iteration for row in rows]
    columns = {
        "#": [
            str(r.position) if i is None else f"{r.position} · {i + 1}"
            for r, i in zip(records, iterations, strict=True)
        ],
        "status": [LABELS[r.state] for r in records],
        **{name: [_text(cell) for cell in table[name]] for name in swept},
        **{
            state: [
                _share(*pair)
                for pair in zip(table[f"p({state})"], table[f"p_err({state})"], strict=True)
            ]
            for state in states
        },
    }
    if not swept:
        columns["name"] = [r.name for r in records]
    durations = [r.duration_s for r in records]
    columns["time"] = ["" if s is None else format_duration(s) for s in durations]
    columns["message"] = [r.message or "" for r in records]
    return columns


def _without_repeats(table: ResultsTable, labels: Container[str]) -> list[str]:
    """Return the columns that distinguish rows, without parameters that repeat a label's values."""
    names = table.distinguishing_columns
    told = [table[name] for name in names if name in labels]
    return [name for name in names if name in labels or table[name] not in told]


def _text(cell: Cell) -> str:
    return "" if cell is None else shown_value(cell)


def _share(value: Cell, error: Cell) -> str:
    if not isinstance(value, float):
        return ""
    if not isinstance(error, float) or error <= 0:
        return f"{value:.6g}"
    places = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{places}f} ± {error:.{places}f}"


def _within(size_bytes: int, rows: Sequence[str]) -> Sequence[str]:
    """Return as many of the first rows as fit into this size."""
    ends = accumulate(len(row.encode()) for row in rows)
    return rows[: sum(end <= size_bytes for end in ends)]


def _row(cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell[:300])}</td>" for cell in cells) + "</tr>"


def _clock(at: float | None) -> str:
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
