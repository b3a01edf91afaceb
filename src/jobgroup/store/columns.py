"""A group's jobs as columns of JSON that SQLite itself writes.

It works without Python's lock, so that a kernel with 100,000 jobs in sight goes on running cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from jobgroup.store.checking import date_of, integer_of, number_of
from jobgroup.store.database import Database

LONGEST: Final = 2000
"""Characters of labels, facts or parameters; a longer text stays out, a job's record has it."""

_TEXTS: Final = {
    "state": "j.state",
    "name": "j.name",
    "platform": "t.platform",
    "account": "t.account",
    "message": "coalesce(a.message, nullif(j.last_error, ''))",
    "note": "j.note",
    "labels": f"CASE WHEN length(j.labels) <= {LONGEST} THEN j.labels ELSE '' END",
    "facts": f"CASE WHEN length(p.metadata) <= {LONGEST} THEN p.metadata ELSE '' END",
    "params": f"CASE WHEN length(j.params) <= {LONGEST} THEN j.params ELSE '' END",
}
"""Mostly the same in many jobs: what the first one has is written as 0."""

_NUMBERS: Final = {
    "position": "j.position",
    "attempts": integer_of("j.attempts", "0"),
    "progress": number_of("a.progress"),
    "remote_id": "CAST(a.remote_id AS TEXT)",
}
"""Written as they are, and so are ids, which differ."""

_TIMES: Final = {"sent_at": 1, "started_at": 1, "finished_at": 1, "duration_s": 0}
"""Written in whole milliseconds, since the first job was added or (0) as they are."""

_FROM: Final = """
    FROM jobs j
    JOIN targets t ON t.id = j.target_id
    LEFT JOIN payloads p ON p.id = j.payload_id
    LEFT JOIN attempts a ON a.id = j.attempt_id
    WHERE {}
"""
_PLACED: Final = "j.position >= :first AND j.position < :end"
_CHANGED: Final = "j.version > :since"

_FIRST: Final = "SELECT {}, {} {} LIMIT 1".format(
    ", ".join(f"CAST({text} AS TEXT)" for text in _TEXTS.values()),
    date_of("j.added_at", "0"),
    _FROM,
)


def _sound(name: str) -> str:
    return number_of(f"a.{name}") if name.endswith("_s") else date_of(f"a.{name}")


def _array(expression: str) -> str:
    return f"CAST(json_group_array({expression}) AS BLOB)"


_ALL: Final = "SELECT count(*), {} {}".format(
    ", ".join(
        [
            *(
                _array(f"CASE WHEN {text} IS :{name} THEN 0 ELSE CAST({text} AS TEXT) END")
                for name, text in _TEXTS.items()
            ),
            *(_array(number) for number in _NUMBERS.values()),
            *(
                _array(f"CAST(({_sound(name)} - {since} * :added_at) * 1000 AS INTEGER)")
                for name, since in _TIMES.items()
            ),
        ]
    ),
    _FROM,
)


class Column(NamedTuple):
    """A column as a JSON array of texts, numbers and nulls.

    Attributes:
        json: the array, in UTF-8.
        zero: what 0 stands for.
        since: for times, which are whole milliseconds since then, in seconds; None for others.
    """

    json: bytes
    zero: Any
    since: float | None


@dataclass(frozen=True)
class Columns:
    """Jobs as columns; `labels`, `facts` and `params` hold an object of JSON, or nothing, each."""

    count: int
    columns: Mapping[str, Column]


def count_changes(database: Database, since: int) -> int:
    """How many jobs changed after a version."""
    with database.read_transaction() as connection:
        row = connection.execute("SELECT count(*) FROM jobs WHERE version > ?", (since,)).fetchone()
    return int(row[0])


def read_columns(database: Database, first: int, end: int) -> Columns:
    """The jobs at positions from `first` to before `end`."""
    return _read(database, _PLACED, {"first": first, "end": end})


def read_changes(database: Database, since: int) -> Columns:
    """The jobs that changed after a version."""
    return _read(database, _CHANGED, {"since": since})


def _read(database: Database, where: str, wanted: Mapping[str, int]) -> Columns:
    with database.read_transaction() as connection:
        head = connection.execute(_FIRST.format(where), wanted).fetchone()
        if head is None:
            return Columns(0, {})
        *texts, added_at = head
        zeros = dict(zip(_TEXTS, texts, strict=True))
        count, *arrays = connection.execute(
            _ALL.format(where), {**wanted, **zeros, "added_at": added_at}
        ).fetchone()
    bases = {name: since * added_at for name, since in _TIMES.items()}
    names = [*_TEXTS, *_NUMBERS, *_TIMES]
    return Columns(
        count,
        {
            name: Column(array, zeros.get(name, 0), bases.get(name))
            for name, array in zip(names, arrays, strict=True)
        },
    )
