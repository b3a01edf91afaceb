"""Check that jobgroup could have written a file, before trusting its contents.

A group's file may come from a colleague, a sync tool, or an attacker. SQLite automatically runs the
triggers, views, constraints and expressions in a file's schema. So jobgroup first compares the text
of the schema with its own, and rejects a file with a different text. Until then, `restrain` limits
what the connection may read and compute.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Final

from jobgroup.store import schema
from jobgroup.store.encoding import decompressed_size
from jobgroup.store.limits import (
    FIRST_DATE,
    LAST_DATE,
    MAX_BODY_BYTES,
    MAX_DOCUMENT_BYTES,
    MAX_NAME,
    MAX_TEXT,
)

_MAX_VALUE_BYTES: Final = MAX_DOCUMENT_BYTES + 2**20  # a cached result, compressed or not
_MAX_UNPACKED_BYTES: Final = 16 * 2**30  # of all bodies and results of a file
_MAX_SCHEMA_BYTES: Final = 1_000_000
_MAX_SCHEMA_STEPS: Final = 50_000  # steps of SQLite; our schema takes a few hundred
_MAX_FENCING_TOKEN: Final = 2**40

Schema = frozenset[tuple[str, str, str, str | None]]


def restrain(connection: sqlite3.Connection) -> None:
    """Limit a new connection to the work needed to compare the schema."""
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_SCHEMA_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, _MAX_SCHEMA_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, 100)
    connection.setlimit(sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100)
    connection.setlimit(sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1)
    connection.set_progress_handler(lambda: 1, _MAX_SCHEMA_STEPS)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")


def admit(connection: sqlite3.Connection) -> None:
    """Check that a file has the schema of a group, and lift its connection's limits.

    This takes about 50 microseconds.

    Raises:
        sqlite3.DatabaseError: the schema is not that of a group; no part of it was run.
    """
    if connection.execute("PRAGMA application_id").fetchone()[0] != schema.APPLICATION_ID:
        raise sqlite3.DatabaseError("it is not the file of a job group")
    rows = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master LIMIT ?", (len(our_schema()) + 1,)
    )
    found = rows.fetchall()
    if len(found) != len(our_schema()) or frozenset(found) != our_schema():
        raise sqlite3.DatabaseError("its tables are not those of a job group")
    release(connection)


def release(connection: sqlite3.Connection) -> None:
    """Lift the limits of `restrain`; the caller has checked or created the file."""
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
    connection.set_progress_handler(None, 0)


@cache
def our_schema() -> Schema:
    """Return the schema of a new group's file."""
    with closing(sqlite3.connect(":memory:")) as model:
        model.executescript(schema.CREATE)
        return frozenset(model.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))


def check_contents(connection: sqlite3.Connection) -> None:
    """Check the group's own values, and its number of jobs, in an admitted file.

    This ignores damaged rows, because each affects only its own job.

    Raises:
        sqlite3.DatabaseError: a value is invalid; the message says which.
    """
    meta = dict(connection.execute("SELECT key, value FROM meta LIMIT 100"))
    if problem := wrong_in_meta(meta):
        raise sqlite3.DatabaseError(problem)
    count, last = _length(connection)
    # A lost row affects only its own job. But a forged position could make lists fill the memory.
    if last >= 2 * count + 1000:
        raise sqlite3.DatabaseError(f"it has {count} jobs, but one at position {last}")
    lease = connection.execute("SELECT fencing_token FROM lease").fetchone()
    if lease is not None and not _is_between(lease[0], 0, _MAX_FENCING_TOKEN):
        raise sqlite3.DatabaseError("its lease has an invalid fencing_token")


def _length(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return the number of jobs and the position of the last one (-1 without jobs)."""
    # Two queries, because one query for both would read every row.
    (count,) = connection.execute("SELECT count(*) FROM jobs").fetchone()
    (last,) = connection.execute("SELECT max(position) FROM jobs").fetchone()
    return count, -1 if last is None else last


def wrong_in_meta(meta: Mapping[Any, Any]) -> str | None:
    """Return the problem with the group's own values in a file; None if they are valid."""
    for key in ("name", "uuid"):
        if not isinstance(meta.get(key), str) or not 0 < len(meta[key]) <= 1000:
            return f"its {key} is missing or is not a text"
    for key in ("created_at", "modified_at", "deleted_at"):
        if (key in meta or key != "deleted_at") and not _is_between(
            meta.get(key), FIRST_DATE, LAST_DATE
        ):
            return f"its {key} is missing or is not a date"
    if not isinstance(meta.get("version"), int) or not 0 <= meta["version"] < 2**53:
        return "its version is missing or is not a number"
    for key in ("removed_at_version", "last_removed_id"):
        if not isinstance(meta.get(key, 0), int) or not 0 <= meta.get(key, 0) < 2**53:
            return f"its {key} is not a number"
    if len(str(meta.get("description") or "")) > MAX_TEXT:
        return "its description is too long"
    return None


def _is_between(value: Any, least: float, most: float) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and least <= value <= most


# -- every row, for a file from elsewhere -----------------------------------------------


def _integer(name: str, most: int = 2**53) -> str:
    return f"typeof({name}) = 'integer' AND {name} BETWEEN 0 AND {most}"


def _text(name: str, most: int = MAX_TEXT) -> str:
    return f"typeof({name}) = 'text' AND length({name}) <= {most}"


def _date(name: str) -> str:
    return f"typeof({name}) IN ('real', 'integer') AND {name} BETWEEN {FIRST_DATE} AND {LAST_DATE}"


def _number(name: str) -> str:
    return f"typeof({name}) IN ('real', 'integer') AND abs({name}) < 1e300"


def _bytes(name: str, most: int) -> str:
    return f"typeof({name}) = 'blob' AND length({name}) <= {most}"


def _maybe(condition: str, name: str) -> str:
    return f"({name} IS NULL OR {condition})"


def text_of(name: str) -> str:
    """Return the SQL for a text column; a value of another type becomes its SQL literal."""
    return f"CASE typeof({name}) WHEN 'text' THEN {name} ELSE quote({name}) END"


def date_of(name: str, otherwise: str = "NULL") -> str:
    """Return SQL that reads a time from an unchecked file, where the value may be anything.

    The SQL only compares, because it runs for every row. Texts and bytes sort after numbers.
    """
    return f"CASE WHEN {name} BETWEEN {FIRST_DATE} AND {LAST_DATE} THEN {name} ELSE {otherwise} END"


def number_of(name: str) -> str:
    """Return SQL that reads a number, and NULL for anything else."""
    return f"CASE WHEN {name} BETWEEN -1e300 AND 1e300 THEN {name} END"


def integer_of(name: str, otherwise: str = "NULL") -> str:
    """Return SQL that reads a non-negative integer, and a default for anything else."""
    return f"CASE WHEN {name} BETWEEN 0 AND {2**53} THEN {name} ELSE {otherwise} END"


_SOUND: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "targets": (
        "id",
        {name: _text(name, MAX_NAME) for name in ("provider", "origin", "account", "platform")},
    ),
    "payloads": (
        "id",
        {
            "digest": _bytes("digest", 64),
            "metadata": _text("metadata"),
            "body": _bytes("body", MAX_BODY_BYTES + 2**20),
        },
    ),
    "fingerprints": (
        "payload_id",
        {
            "payload_id": "payload_id IN (SELECT id FROM payloads)",
            "composition_id": (
                "(composition_id = 0 OR composition_id IN (SELECT id FROM payloads))"
            ),
            "identity": _bytes("identity", 64),
            "settings": _bytes("settings", 64),
        },
    ),
    "sweeps": ("id", {"name": _text("name"), "axes": _text("axes")}),
    "jobs": (
        "id",
        {
            "id": _integer("id"),
            "name": _text("name", MAX_NAME),
            "target_id": "target_id IN (SELECT id FROM targets)",
            "payload_id": _maybe("payload_id IN (SELECT id FROM payloads)", "payload_id"),
            "composition_id": _maybe(
                "composition_id IN (SELECT id FROM payloads)", "composition_id"
            ),
            "attempt_id": _maybe("attempt_id IN (SELECT id FROM attempts)", "attempt_id"),
            "attempts": _integer("attempts", 2**31),
            "rerun_of": _maybe(_integer("rerun_of"), "rerun_of"),
            "sweep_id": _maybe(_integer("sweep_id"), "sweep_id"),
            "added_at": _date("added_at"),
            "version": _integer("version"),
            "params": _text("params"),
            "labels": _text("labels"),
            "note": _text("note"),
            "last_error": _text("last_error"),
        },
    ),
    "attempts": (
        "id",
        {
            "entry_id": "entry_id IN (SELECT id FROM jobs)",
            "number": _integer("number", 2**31),
            "retries_left": _integer("retries_left", 2**31),
            "creates_entry": "creates_entry IN (0, 1)",
            "idempotency_key": _text("idempotency_key", 200),
            "rerun_of_attempt_id": _maybe(_integer("rerun_of_attempt_id"), "rerun_of_attempt_id"),
            "fencing_token": _integer("fencing_token", _MAX_FENCING_TOKEN),
            "provider_status": _maybe(_text("provider_status"), "provider_status"),
            "message": _maybe(_text("message"), "message"),
            "progress": _maybe(_number("progress"), "progress"),
            "intent_at": _date("intent_at"),
            **{
                name: _maybe(_date(name), name)
                for name in ("sent_at", "created_at", "started_at", "finished_at")
            },
            "duration_s": _maybe(_number("duration_s"), "duration_s"),
            "shots": _maybe(_integer("shots"), "shots"),
            "max_shots": _maybe(_integer("max_shots"), "max_shots"),
            "payload_id": _maybe("payload_id IN (SELECT id FROM payloads)", "payload_id"),
            "diagnostics": _text("diagnostics"),
            "overrides": _text("overrides"),
        },
    ),
    "subjobs": (
        "attempt_id",
        {
            "attempt_id": _integer("attempt_id"),
            "number": _integer("number", 2**31),
            "remote_id": _text("remote_id"),
        },
    ),
    "results": (
        "attempt_id",
        {
            "attempt_id": _integer("attempt_id"),
            "cached_at": _date("cached_at"),
            "digest": _bytes("digest", 64),
            "document": _bytes("document", _MAX_VALUE_BYTES),
        },
    ),
    "priorities": (
        "entry_id",
        {"batch": _integer("batch"), "rank": _integer("rank")},
    ),
    "events": (
        "id",
        {
            "at": _date("at"),
            "entry_id": _maybe(_integer("entry_id"), "entry_id"),
            "kind": _text("kind", 200),
            "text": _text("text"),
        },
    ),
}
"""The key of each table, and the condition for its columns."""


def check_rows(connection: sqlite3.Connection, path: Path) -> None:
    """Check that jobgroup could have written every row of an admitted file.

    The file's size limits the number of steps and the size of the decompressed bodies.

    Raises:
        sqlite3.DatabaseError: a row is invalid; the message says which and why.
    """
    connection.set_progress_handler(_stop_after(path.stat().st_size), 1_000_000)
    try:
        report = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if report != "ok":
            raise sqlite3.DatabaseError(report)
        check_contents(connection)
        misplaced = connection.execute(
            "SELECT position, rank FROM (SELECT position, row_number() OVER (ORDER BY id) - 1"
            " AS rank FROM jobs) WHERE position IS NOT rank LIMIT 1"
        ).fetchone()
        if misplaced is not None:
            raise sqlite3.DatabaseError("job {1} is at position {0}".format(*misplaced))
        for table, (key, columns) in _SOUND.items():
            _check_table(connection, table, key, columns)
        _check_unpacked(connection)
    except sqlite3.OperationalError as error:
        raise sqlite3.DatabaseError(str(error)) from error
    finally:
        release(connection)


def _check_table(
    connection: sqlite3.Connection, table: str, key: str, columns: Mapping[str, str]
) -> None:
    sound = " AND ".join(f"({condition})" for condition in columns.values())
    bad = connection.execute(
        f"SELECT {key} FROM {table} WHERE ({sound}) IS NOT TRUE LIMIT 1"  # noqa: S608
    ).fetchone()
    if bad is None:
        return
    for name, condition in columns.items():
        is_sound = connection.execute(
            f"SELECT ({condition}) IS TRUE FROM {table} WHERE {key} IS ?",  # noqa: S608
            bad,
        ).fetchone()
        if is_sound != (1,):
            row = str(bad[0])[:50]
            raise sqlite3.DatabaseError(f"{name} of {key} {row} in {table} is not valid")


def _check_unpacked(connection: sqlite3.Connection) -> None:
    left = _MAX_UNPACKED_BYTES
    for table, column, most_bytes in (
        ("payloads", "body", MAX_BODY_BYTES),
        ("results", "document", MAX_DOCUMENT_BYTES),
    ):
        for key, data in connection.execute(f"SELECT rowid, {column} FROM {table}"):  # noqa: S608
            size = decompressed_size(data, min(most_bytes, left))
            if size is None:
                raise sqlite3.DatabaseError(
                    f"{column} {key} in {table} is damaged, or too large when it is unpacked"
                )
            left -= size


def _stop_after(size_bytes: int) -> Callable[[], int]:
    """Return a progress handler that stops a query after too many steps for the file's size."""
    left = 10 + size_bytes // 2_000  # 500 steps for each byte

    def count() -> int:
        nonlocal left
        left -= 1
        return int(left < 0)

    return count
