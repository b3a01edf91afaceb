"""Record examples of every message, trait and word of the dashboard in `protocol.json`.

`test_dashboard_contract.py` and `js/tests/node/protocol.test.ts` compare both sides with the
recording. Run this file to record again after a deliberate change of the protocol.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from jobgroup.dashboard import Dashboard, protocol
from jobgroup.dashboard.arguments import COMMANDS, QUERIES
from jobgroup.store import JobRecord
from jobgroup.store.columns import Column, Columns

RECORDING = Path(__file__).parent / "protocol.json"

ORDINARY = {"layout", "tabbable", "tooltip", "comm", "keys", "log"}
"""Traits that every widget has."""


def record(position: int, **changes: Any) -> JobRecord:
    """A job as the store returns it: unsent, except for the changes."""
    fields: dict[str, Any] = {
        **dict.fromkeys(JobRecord._fields),
        "position": position,
        "name": "sample_count",
        "provider": "quandela",
        "origin": "https://cloud.example",
        "account": "",
        "platform": "sim:altair",
        "state": "unsent",
        "attempts": 0,
        "params_json": '{"max_samples":10000}',
        "labels_json": json.dumps({"phi": position / 4}),
        "metadata_json": "",
        "note": "",
        "added_at": 1000.0,
        "version": 1,
    }
    return JobRecord(**(fields | changes))


RECORDS = [
    record(0),
    record(1, state="success", remote_id="id-1", attempts=1, sent_at=1001.5, duration_s=0.25),
    record(
        2,
        state="error",
        remote_id="id-2",
        attempts=2,
        message='Max shots "é"\nmust be less',
        labels_json='{"phi":0.5,"tag":"a<b","on":true}',
        rerun_of=1,
    ),
]

TO_PYTHON: list[dict[str, Any]] = [
    {"t": "open", "client": None},
    {"t": "open", "client": {"epoch": "e1", "version": 7}},
    {
        "t": "sync",
        "client": {"epoch": "e1", "version": 7},
        "ack": 1,
        "pending": [],
        "reply": False,
    },
    {"t": "command", "id": "1", "name": "rerun", "args": {"positions": [2], "replace": False}},
    {
        "t": "command",
        "id": "2",
        "name": "rerun",
        "args": {"positions": [2], "overrides": {"max_shots": 1000, "seed": "x", "exact": False}},
    },
    {"t": "command", "id": "3", "name": "annotate", "args": {"position": 2, "text": "too noisy"}},
    {"t": "command", "id": "4", "name": "prioritize", "args": {"positions": [2, 0]}},
    {"t": "query", "id": "5", "name": "job", "args": {"position": 1}},
    {"t": "query", "id": "6", "name": "estimate", "args": {"rerun": True, "positions": [2]}},
    {"t": "set_trait", "id": "7", "name": "selected", "value": [[0, 1]]},
    {"t": "token", "id": "8", "url": "https://cloud.example", "account": "", "token": "abc"},
    {"t": "close", "has_views": True},
]


def columns(records: list[JobRecord]) -> Columns:
    """The jobs as a group's file stores them."""
    made = {
        name: column([getattr(r, name) for r in records])
        for name in ("position", "state", "attempts", "remote_id", "message")
    }
    made["labels"] = column([r.labels_json for r in records])
    made["params"] = column([0] * len(records), zero=RECORDS[0].params_json)
    since = 1000.0
    times = [None if r.sent_at is None else round((r.sent_at - since) * 1000) for r in records]
    made["sent_at"] = column(times, since=since)
    return Columns(len(records), made)


def column(values: list[Any], zero: Any = 0, since: float | None = None) -> Column:
    """A column as SQLite writes it."""
    return Column(json.dumps(values).encode(), zero, since)


def from_python() -> list[dict[str, Any]]:
    """One message of each kind with its buffers, and the rows as in a saved page."""
    rows, buffers = protocol.encode_rows(columns(RECORDS))
    inlined = protocol.inline_rows(columns(RECORDS))
    changed, changed_buffers = protocol.encode_rows(columns([record(0, state="error")]))
    nothing, _ = protocol.encode_rows(Columns(0, {}))
    now = 1234.5
    snapshot, patch, empty = (
        protocol.Push(n, "e1", since, version, total=3)
        for n, since, version in ((1, -1, 7), (3, 7, 8), (4, 8, 8))
    )
    messages: list[tuple[dict[str, Any], list[memoryview]]] = [
        (protocol.snapshot(snapshot, inlined, now), []),
        (protocol.snapshot(snapshot, rows, now), buffers),
        (protocol.patch(patch, changed, now), changed_buffers),
        (protocol.patch(empty, nothing, now), []),
        (protocol.result("1", {"text": "1 rerun", "value": float("nan")}), []),
        (protocol.error("2", "QuotaExceededError", "Cannot create more than 2 jobs"), []),
        (protocol.ack("3", "jg.pause()"), []),
    ]
    return [
        {"message": message, "buffers": [base64.b64encode(b).decode() for b in parts]}
        for message, parts in messages
    ]


def recording() -> dict[str, Any]:
    """Return everything that the two sides share."""
    traits = Dashboard.class_traits(sync=True)
    shared = {name: t for name, t in traits.items() if name[0] != "_" and name not in ORDINARY}
    return {
        "commands": list(COMMANDS),
        "queries": list(QUERIES),
        "settings": list(protocol.SETTINGS),
        "traits": {name: trait.default() for name, trait in sorted(shared.items())},
        "to_python": TO_PYTHON,
        "from_python": from_python(),
    }


if __name__ == "__main__":
    RECORDING.write_text(json.dumps(recording(), indent=1, ensure_ascii=False) + "\n")
