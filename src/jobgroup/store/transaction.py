"""Write in a transaction, and stamp the changed rows with the group's next version."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any


class Transaction:
    """A write transaction. The first use of `version` takes the group's next version.

    Callers that write large values add their size to `large_bytes`, for the next checkpoint.
    `target_ids` has the targets whose ids this transaction has read.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.now = time.time()
        self.large_bytes = 0
        self.target_ids: dict[object, int] = {}

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run a statement; store invalid Unicode with replacement characters."""
        try:
            return self._connection.execute(statement, values)
        except UnicodeEncodeError:  # a lone surrogate, which JSON can represent
            return self._connection.execute(statement, [_storable(v) for v in values])

    def insert(self, statement: str, values: Sequence[Any]) -> int:
        """Insert a row and return its id."""
        row_id = self.execute(statement, values).lastrowid
        assert row_id is not None  # noqa: S101  # a row was inserted
        return row_id

    def bump_version(self) -> None:
        """Take the group's next version, for a change that stamps no row."""
        _ = self.version

    @cached_property
    def version(self) -> int:
        """Version of the rows that this transaction changes."""
        self.execute("UPDATE meta SET value = ? WHERE key = 'modified_at'", (self.now,))
        self.execute("UPDATE meta SET value = value + 1 WHERE key = 'version'")
        return read_version(self)


def read_version(connection: sqlite3.Connection | Transaction) -> int:
    """Return the number that grows with every change of the group."""
    version: int = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()[0]
    return version


def _storable(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
