"""The jobs that somebody wants sent before the others, in order, whoever sends them and when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from jobgroup.status import FAILED, NOT_SENT
from jobgroup.store.database import Database, Transaction

_SENDABLE = json.dumps(sorted(NOT_SENT | FAILED))


class Priorities:
    """What is sent next. A job leaves it when its cloud has it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_first(self, positions: Sequence[int]) -> list[int]:
        """Let jobs be sent before all others, in this order; earlier ones come after them.

        Returns those that are: jobs that are unsent, or have failed and may be rerun.
        """
        with self._database.write_transaction() as tx:
            rows = tx.execute(
                "SELECT position FROM jobs WHERE position IN (SELECT value FROM json_each(?))"
                " AND state IN (SELECT value FROM json_each(?))",
                (json.dumps(list(positions)), _SENDABLE),
            ).fetchall()
            sendable = {position for (position,) in rows}
            chosen = [p for p in dict.fromkeys(positions) if p in sendable]
            for rank, position in enumerate(chosen):
                tx.execute(
                    "INSERT OR REPLACE INTO priorities (position, batch, rank) VALUES (?, ?, ?)",
                    (position, tx.version, rank),
                )
        return chosen

    def latest(self) -> int:
        """Return the number of the last batch, 0 if there is none: it grows with each."""
        with self._database.read_transaction() as connection:
            row = connection.execute("SELECT max(batch) FROM priorities").fetchone()
        return row[0] or 0

    def positions(self, states: Iterable[str] = NOT_SENT | FAILED, at_most: int = -1) -> list[int]:
        """The jobs in certain states that go first, in the order in which they are sent."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                "SELECT p.position FROM priorities p JOIN jobs j ON j.position = p.position"
                " WHERE j.state IN (SELECT value FROM json_each(?))"
                " ORDER BY p.batch DESC, p.rank LIMIT ?",
                (json.dumps(list(states)), at_most),
            )
            return [position for (position,) in rows]


def clear_priority(tx: Transaction, position: int) -> None:
    tx.execute("DELETE FROM priorities WHERE position = ?", (position,))
