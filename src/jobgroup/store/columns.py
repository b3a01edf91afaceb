"""Read a group's jobs as columns of JSON, which SQLite itself writes.

SQLite releases Python's global lock, so a kernel can run cells while 100,000 jobs are read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from jobgroup.store.checking import date_of, integer_of, number_of
from jobgroup.store.database import Database
from jobgroup.store.subjobs import REMOTE_ID

MAX_CELL: Final = 200
"""Maximum number of characters of each value; a job's record has the whole value."""

_LONG: Final = 2000
"""Number of characters above which labels, metadata or parameters are searched for long values."""

_TEXTS: Final = {
    "state": "j.state",
    "name": "j.name",
    "platform": "t.platform",
    "account": "t.account",
    "message": "coalesce(a.message, nullif(j.last_error, ''))",
    "note": "j.note",
}
_OBJECTS: Final = {"labels": "j.labels", "metadata": "p.metadata", "params": "j.params"}
"""Columns whose values are often equal. Values equal to the first job's are written as 0."""

_NUMBERS: Final = {
    "position": "j.position",
    "attempts": integer_of("j.attempts", "0"),
    "progress": number_of("a.progress"),
    "remote_id": REMOTE_ID,
}
"""Columns that are written unchanged."""

_TIMES: Final = {"sent_at": 1, "started_at": 1, "finished_at": 1, "duration_s": 0}
"""Times, written in whole milliseconds: 1 for a time since the first job was added, 0 for a
duration.
"""

_FROM: Final = """
    FROM jobs j
    JOIN targets t ON t.id = j.target_id
    LEFT JOIN payloads p ON p.id = j.payload_id
    LEFT JOIN attempts a ON a.id = j.attempt_id
    WHERE """
_PLACED: Final = "j.position >= :first AND j.position < :end"
_CHANGED: Final = "j.version > :since"


def _shortened(text: str) -> str:
    """Return SQL for an object's text with long values shortened; "" if it is not an object."""
    cell = f"""CASE
        WHEN type IN ('true', 'false', 'null') THEN type
        WHEN type IN ('integer', 'real') THEN json_quote(value)
        ELSE json_quote(substr(value, 1, {MAX_CELL})) END"""
    members = f"SELECT group_concat(json_quote(key) || ':' || {cell}) FROM json_each({text})"  # noqa: S608
    return f"""CASE
        WHEN coalesce(length({text}), 0) <= {_LONG} THEN CAST({text} AS TEXT)
        WHEN json_valid({text}) THEN '{{' || ({members}) || '}}'
        ELSE '' END"""


_SHOWN: Final = {name: f"CAST({text} AS TEXT)" for name, text in _TEXTS.items()} | {
    name: _shortened(text) for name, text in _OBJECTS.items()
}
_STORED: Final = _TEXTS | _OBJECTS

_FIRST: Final = "SELECT {}, {}, {} {}".format(
    ", ".join(_STORED.values()), ", ".join(_SHOWN.values()), date_of("j.added_at", "0"), _FROM
)


def _time(name: str) -> str:
    value = number_of(f"a.{name}") if name.endswith("_s") else date_of(f"a.{name}")
    return f"CAST(({value} - {_TIMES[name]} * :added_at) * 1000 AS INTEGER)"


_VALUES: Final = [
    *(f"CASE WHEN {_STORED[n]} IS :{n} THEN 0 ELSE {shown} END" for n, shown in _SHOWN.items()),
    *_NUMBERS.values(),
    *map(_time, _TIMES),
]
_ALL: Final = "SELECT count(*), {} {}".format(
    ", ".join(f"CAST(json_group_array({value}) AS BLOB)" for value in _VALUES), _FROM
)


class Column(NamedTuple):
    """A column as a JSON array of strings, numbers and nulls.

    Attributes:
        json: array, in UTF-8.
        zero: value that an element 0 stands for.
        since: origin of times, in seconds since the epoch; None for other columns.
    """

    json: bytes
    zero: Any
    since: float | None

    def values(self) -> list[Any]:
        found = json.loads(self.json)
        if self.since is None:
            return [self.zero if value == 0 else value for value in found]
        return [None if value is None else self.since + value / 1000 for value in found]


@dataclass(frozen=True)
class Columns:
    """Jobs as columns. Values of `labels`, `metadata` and `params` are JSON objects or empty."""

    count: int
    columns: Mapping[str, Column]


def count_changes(database: Database, since: int) -> int:
    with database.read_transaction() as connection:
        row = connection.execute("SELECT count(*) FROM jobs WHERE version > ?", (since,)).fetchone()
    return int(row[0])


def read_columns(database: Database, first: int, end: int) -> Columns:
    """Return the jobs at positions from `first` up to, but not including, `end`."""
    return _read(database, _PLACED, {"first": first, "end": end})


def read_changes(database: Database, since: int) -> Columns:
    return _read(database, _CHANGED, {"since": since})


def _read(database: Database, where: str, wanted: Mapping[str, int]) -> Columns:
    with database.read_transaction() as connection:
        head = connection.execute(f"{_FIRST}{where} LIMIT 1", wanted).fetchone()
        if head is None:
            return Columns(0, {})
        *texts, added_at = head
        stored = dict(zip(_STORED, texts, strict=False))
        shown = dict(zip(_SHOWN, texts[len(stored) :], strict=True))
        count, *arrays = connection.execute(
            f"{_ALL}{where}", {**wanted, **stored, "added_at": added_at}
        ).fetchone()
    bases = {name: since * added_at for name, since in _TIMES.items()}
    names = [*_SHOWN, *_NUMBERS, *_TIMES]
    return Columns(
        count,
        {
            name: Column(array, shown.get(name, 0), bases.get(name))
            for name, array in zip(names, arrays, strict=True)
        },
    )
