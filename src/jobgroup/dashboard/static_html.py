"""A group as plain HTML, for pages without a kernel: saved notebooks, GitHub, nbconvert.

Everything that comes from clouds and colleagues is escaped.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from jobgroup.group import JobGroup, engine_session
from jobgroup.status import FAILED, LABELS
from jobgroup.store import JobRecord
from jobgroup.words import format_states

MAX_ROWS: Final = 50
"""A saved notebook is to stay small."""


def html_of(group: JobGroup) -> str:
    """The last known state of a group, with its time and the line that brings it to life."""
    store = engine_session(group).store
    chosen = {*store.entries.ids(FAILED)[:MAX_ROWS], *store.entries.ids()[:MAX_ROWS]}
    return page_of(group.name, store.counts(), store.records(entry_ids=chosen), time.time())


def page_of(name: str, counts: Mapping[str, int], records: Sequence[JobRecord], now: float) -> str:
    """As `html_of`, of what is given: the first records, and all that failed."""
    shown = sorted(records, key=lambda r: r.state not in FAILED)[:MAX_ROWS]
    labels = _distinguishing(shown)
    head = ["#", "status", "name", *labels, "sent", "duration", "message"]
    rows = "".join(_row(record, labels) for record in shown)
    more = sum(counts.values()) - len(shown)
    states = format_states(counts).replace("_", " ")
    revival = f"from jobgroup import Dashboard; Dashboard({name!r})"
    parts = [
        f"<p><b>{escape(name)}</b>: {escape(states or 'no jobs yet')}<br>",
        f"<small>State of {_clock(now)}. To see it live, run ",
        f"<code>{escape(revival)}</code></small></p>",
    ]
    if shown:
        cells = "".join(f"<th>{escape(title)}</th>" for title in head)
        parts.append(f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>")
    if more:
        parts.append(f"<p><small>and {more} more</small></p>")
    return "".join(parts)


def _distinguishing(records: Sequence[JobRecord]) -> list[str]:
    """Names of labels, facts and parameters in which the jobs differ, a few at most."""
    values: dict[str, set[str]] = {}
    for record in records:
        for key, value in _described(record).items():
            values.setdefault(key, set()).add(str(value))
    return [key for key, found in values.items() if len(found) > 1][:4]


def _described(record: JobRecord) -> dict[str, object]:
    return {**record.params, **record.metadata, **record.labels}


def _row(record: JobRecord, labels: Sequence[str]) -> str:
    told = _described(record)
    cells = [
        record.position,
        LABELS[record.state],
        record.name,
        *(told.get(label, "") for label in labels),
        _clock(record.sent_at),
        "" if record.duration_s is None else f"{record.duration_s:.3g} s",
        record.message or "",
    ]
    return "<tr>" + "".join(f"<td>{escape(str(cell)[:300])}</td>" for cell in cells) + "</tr>"


def _clock(at: float | None) -> str:
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
