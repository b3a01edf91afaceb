"""Pass requests from other processes to the process that runs the group."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from jobgroup.store.database import Database
from jobgroup.store.encoding import as_json, as_object
from jobgroup.store.lease_row import read_lease
from jobgroup.store.records import CommandRecord
from jobgroup.system import ProcessIdentity


class CommandQueue:
    """Requests to the process that runs the group, which executes them in order.

    Each request names one holder of the lease. If another process gets the lease, the requester
    repeats its request. So a request to a dead process is never executed, and no clocks are
    compared.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def enqueue(self, name: str, args: Mapping[str, Any], requester: ProcessIdentity) -> int:
        """Store a command for the current holder and return the command's id."""
        with self._database.write_transaction() as tx:
            held = read_lease(tx)
            return tx.insert(
                "INSERT INTO commands (requested_at, fencing_token, requester, name, args, state)"
                " VALUES (?, ?, ?, ?, ?, 'pending')",
                (
                    tx.now,
                    held.fencing_token if held else 0,
                    json.dumps(requester),
                    name,
                    as_json(args),
                ),
            )

    def has_pending(self) -> bool:
        with self._database.read_transaction() as connection:
            row = connection.execute(
                "SELECT 1 FROM commands WHERE state = 'pending' LIMIT 1"
            ).fetchone()
        return row is not None

    def claim(
        self, fencing_token: int, is_gone: Callable[[ProcessIdentity], bool]
    ) -> list[CommandRecord]:
        """Claim and return the pending requests to this holder of the lease.

        Requests to earlier holders, and those whose requesters are gone, are dropped.
        """
        taken: list[CommandRecord] = []
        with self._database.write_transaction() as tx:
            held = read_lease(tx)
            if held is None or held.fencing_token != fencing_token:
                return taken  # the next holder gets a repeated request
            rows = tx.execute(
                "SELECT id, name, args, state, outcome, fencing_token, requester FROM commands"
                " WHERE state = 'pending' ORDER BY id"
            ).fetchall()
            for *row, asked_of, requester in rows:
                if asked_of != fencing_token or is_gone(ProcessIdentity.from_json(requester)):
                    tx.execute("DELETE FROM commands WHERE id = ?", (row[0],))
                    continue
                tx.execute("UPDATE commands SET state = 'claimed' WHERE id = ?", (row[0],))
                taken.append(_command(row))
        return taken

    def cancel(self, command_id: int) -> bool:
        """Withdraw a command; return False if the holder has already claimed it."""
        with self._database.write_transaction() as tx:
            cursor = tx.execute(
                "DELETE FROM commands WHERE id = ? AND state = 'pending'", (command_id,)
            )
            return cursor.rowcount == 1

    def complete(self, command_id: int, state: str, outcome: Mapping[str, Any]) -> None:
        """Record the outcome of a command: "done" or "failed"."""
        with self._database.write_transaction() as tx:
            tx.execute(
                "UPDATE commands SET state = ?, outcome = ? WHERE id = ?",
                (state, json.dumps(outcome), command_id),
            )

    def get(self, command_id: int) -> CommandRecord | None:
        with self._database.read_transaction() as connection:
            row = connection.execute(
                "SELECT id, name, args, state, outcome FROM commands WHERE id = ?", (command_id,)
            ).fetchone()
        return _command(row) if row else None


def _command(row: Any) -> CommandRecord:
    return CommandRecord(row[0], row[1], as_object(row[2]), row[3], as_object(row[4]))
