"""Read and write the leases to poll an account: one process polls, and the others read."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from jobgroup.store.database import Database
from jobgroup.store.records import AccountKey
from jobgroup.system import ProcessIdentity


@dataclass(frozen=True, slots=True)
class PollingHolder:
    """The process that polls the jobs of an account.

    Attributes:
        fencing_token: number that grows each time the lease changes hands.
        owner: uuid of the holder; "" if the lease was released.
        beats: number that grows while the holder is alive; clocks are not compared.
        answered_at: time of the cloud's last response, in seconds since the epoch; None if there
            was none.
    """

    fencing_token: int
    owner: str
    process: ProcessIdentity
    beats: int
    answered_at: float | None


class PollingLeases:
    """The rows of the polling leases. Changes of them do not change the group's version."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def holders(self) -> dict[AccountKey, PollingHolder]:
        """Return the last recorded holder of each account's lease, dead or alive."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                "SELECT provider, origin, account, CAST(fencing_token AS INTEGER), owner, process,"
                " CAST(beats AS INTEGER), CAST(answered_at AS REAL) FROM polling_leases"
            ).fetchall()
        return {
            (provider, origin, account): PollingHolder(
                fencing_token, owner, ProcessIdentity.from_json(process), beats, answered_at
            )
            for provider, origin, account, fencing_token, owner, process, beats, answered_at in rows
        }

    def acquire(
        self, account: AccountKey, owner: str, process: ProcessIdentity, fencing_token: int
    ) -> bool:
        """Acquire an account's lease if its fencing token is still the given one (0 if it is new).

        Return False if another process was faster.
        """
        with self._database.write_transaction() as tx:
            cursor = tx.execute(
                "INSERT INTO polling_leases VALUES (?, ?, ?, ?, ?, ?, 0, NULL)"
                " ON CONFLICT (provider, origin, account) DO UPDATE SET"
                " fencing_token = excluded.fencing_token, owner = excluded.owner,"
                " process = excluded.process, beats = 0 WHERE fencing_token = ?",
                (*account, fencing_token + 1, owner, json.dumps(process), fencing_token),
            )
            return cursor.rowcount == 1

    def renew(self, owner: str, answered_at: float | None) -> None:
        """Renew a lease and record when a cloud last responded to its holder."""
        with self._database.write_transaction() as tx:
            tx.execute(
                "UPDATE polling_leases SET beats = beats + 1,"
                " answered_at = coalesce(?, answered_at) WHERE owner = ?",
                (answered_at, owner),
            )

    def release(self, owner: str, accounts: Collection[AccountKey]) -> None:
        with self._database.write_transaction() as tx:
            for account in accounts:
                tx.execute(
                    "UPDATE polling_leases SET owner = ''"
                    " WHERE owner = ? AND provider = ? AND origin = ? AND account = ?",
                    (owner, *account),
                )
