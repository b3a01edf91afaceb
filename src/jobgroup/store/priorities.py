"""Read and write the list of prioritized jobs, which a run sends first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from jobgroup.status import FAILED, NOT_SENT
from jobgroup.store.database import Database
from jobgroup.store.transaction import Transaction

_SENDABLE = json.dumps(sorted(NOT_SENT | FAILED))


class Priorities:
    """The prioritized jobs. A job leaves the list when its cloud accepts it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_first(self, entry_ids: Sequence[int]) -> list[int]:
        """Put jobs before all others, in the given order, and before earlier prioritized jobs.

        Returns:
            The ids of the given jobs that can be sent: unsent, refused, failed and canceled jobs.
        """
        with self._database.write_transaction() as tx:
            rows = tx.execute(
                "SELECT id FROM jobs WHERE id IN (SELECT value FROM json_each(?))"
                " AND state IN (SELECT value FROM json_each(?))",
                (json.dumps(list(entry_ids)), _SENDABLE),
            ).fetchall()
            sendable = {entry_id for (entry_id,) in rows}
            chosen = [each for each in dict.fromkeys(entry_ids) if each in sendable]
            for rank, entry_id in enumerate(chosen):
                tx.execute(
                    "INSERT OR REPLACE INTO priorities (entry_id, batch, rank) VALUES (?, ?, ?)",
                    (entry_id, tx.version, rank),
                )
        return chosen

    def latest(self) -> int:
        """Return the number of the latest batch; 0 if there is no batch."""
        with self._database.read_transaction() as connection:
            row = connection.execute("SELECT max(batch) FROM priorities").fetchone()
        return row[0] or 0

    def entry_ids(self, states: Iterable[str]) -> list[int]:
        """Return the ids of the prioritized jobs in the given states, in sending order."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                "SELECT p.entry_id FROM priorities p JOIN jobs j ON j.id = p.entry_id"
                " WHERE j.state IN (SELECT value FROM json_each(?))"
                " ORDER BY p.batch DESC, p.rank",
                (json.dumps(list(states)),),
            )
            return [entry_id for (entry_id,) in rows]

    def positions(self, at_most: int) -> list[int]:
        """Return the positions of the first `at_most` prioritized jobs, for messages."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                "SELECT j.position FROM priorities p JOIN jobs j ON j.id = p.entry_id"
                " WHERE j.state IN (SELECT value FROM json_each(?))"
                " ORDER BY p.batch DESC, p.rank LIMIT ?",
                (_SENDABLE, at_most),
            )
            return [position for (position,) in rows]


def clear_priority(tx: Transaction, entry_id: int) -> None:
    tx.execute("DELETE FROM priorities WHERE entry_id = ?", (entry_id,))
