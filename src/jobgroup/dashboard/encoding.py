"""Jobs as columns, as the browser keeps them: made here of a few, of many by SQLite."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from jobgroup.store import JobRecord
from jobgroup.store.columns import Columns
from jobgroup.store.encoding import as_object

Block = dict[str, Any]
Buffers = list[memoryview]

FIELDS: Final = (
    "position",
    "state",
    "name",
    "platform",
    "account",
    "remote_id",
    "message",
    "attempts",
    "note",
)
"""The fields of a record that are columns by themselves."""

NUMBERS: Final = ("progress", "sent_at", "started_at", "duration_s", "finished_at")
"""Likewise; a damaged file could hold what JSON cannot say."""

KEYED: Final = {"label": "labels_json", "fact": "metadata_json", "param": "params_json"}
"""The fields that hold one column for each of their keys, under this prefix and a dot."""

LARGE: Final = 2000
"""Rows of a snapshot from here on are read as columns; below, plain values are easier to read."""

LARGE_PATCH: Final = 50
"""Likewise of a patch, of which there are many: 200 rows take 0.7 ms so, not 2.5."""

LONGEST: Final = 200
"""Characters that a label, fact or parameter is cut to; the job's detail has it whole."""


def encode(records: Sequence[JobRecord]) -> Block:
    """The rows as columns of plain values; each row is sent whole."""
    columns = _columns(records)
    return {"n": len(records), "columns": {k: list(v) for k, v in columns.items()}}


def packed(rows: Columns) -> tuple[Block, Buffers]:
    """Columns that are JSON already, as buffers; the browser takes keyed ones apart."""
    keyed = {f"{prefix}s": f"{prefix}." for prefix in KEYED}
    encoded, buffers = {}, []
    for at, (name, column) in enumerate(rows.columns.items()):
        buffers.append(memoryview(column.json))
        if column.since is None:
            how = {"as": "json", "at": at, "zero": column.zero}
        else:
            how = {"as": "ms", "at": at, "since": column.since}
        encoded[keyed.get(name, name)] = how
    return {"n": rows.count, "columns": encoded}, buffers


def _columns(records: Sequence[JobRecord]) -> dict[str, Iterable[Any]]:
    if not records:
        return {"position": ()}
    fields = dict(zip(JobRecord._fields, zip(*records, strict=True), strict=True))
    columns: dict[str, Iterable[Any]] = {name: fields[name] for name in FIELDS}
    columns |= {name: map(_plain, fields[name]) for name in NUMBERS}
    for prefix, field in KEYED.items():
        columns |= _keyed(prefix, fields[field])
    return columns


def _keyed(prefix: str, texts: Sequence[str]) -> dict[str, list[Any]]:
    """One column for each key of JSON objects; many rows have the same one."""
    objects = {text: as_object(text) for text in dict.fromkeys(texts)}
    keys = dict.fromkeys(key for each in objects.values() for key in each)
    columns = {}
    for key in keys:
        cells = {text: _cell(each.get(key)) for text, each in objects.items()}
        columns[f"{prefix}.{key}"] = [cells[text] for text in texts]
    return columns


def _cell(value: Any) -> str | int | float | bool | None:
    if isinstance(value, str):
        return value[:LONGEST]
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))[:LONGEST]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
