"""Read and write the lease, which one process at a time holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from jobgroup.errors import GroupBusyError
from jobgroup.store.copies import refuse_beside_a_copy
from jobgroup.store.database import Database
from jobgroup.store.records import LeaseRecord
from jobgroup.store.transaction import Transaction
from jobgroup.system import ProcessIdentity

Verdict = Literal["alive", "dead", "unseen"]
"""State of the lease's holder; "unseen" if it was not watched for long enough."""


class Lease:
    """The right to send, which one process at a time has.

    The fencing token grows when the lease changes hands. A suspended holder finds that its own
    token is out of date.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(
        self,
        owner: str,
        process: ProcessIdentity,
        *,
        from_page: bool = False,
        judge: Callable[[LeaseRecord, float], Verdict],
        on_acquired: Callable[[Transaction, int], None],
    ) -> LeaseRecord | None:
        """Acquire the lease, unless its holder is or may be alive.

        Return None if nothing is known about the holder yet. This attempt is written to the file,
        because a living holder can renew its lease once another process can write.

        Args:
            owner: uuid of the new holder.
            process: process that acquires the lease.
            from_page: whether a page started it.
            judge: function that returns what is known about the current holder; it gets the seconds
                spent waiting for the turn to write.
            on_acquired: function that is called in the same transaction with the new fencing token.

        Raises:
            GroupBusyError: another process has the lease.
            StorageError: another file in the directory has the same group; see `copies`.
        """
        with self._database.read_transaction() as connection:
            refuse_beside_a_copy(self._database.path, connection)
        began = time.monotonic()
        with self._database.write_transaction() as tx:
            held = read_lease(tx)
            if held is not None and held.owner not in ("", owner):
                verdict = judge(held, time.monotonic() - began)
                if verdict == "alive":
                    raise busy_error(held)
                if verdict == "unseen":
                    tx.execute("UPDATE lease SET challenges = challenges + 1")
                    return None
            fencing_token = (held.fencing_token if held else 0) + 1
            tx.execute(
                "INSERT OR REPLACE INTO lease (id, fencing_token, owner, host, boot, namespace,"
                " pid, process_started, acquired_at, from_page, beats)"
                " VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (fencing_token, owner, *process, tx.now, from_page),
            )
            on_acquired(tx, fencing_token)
            return read_lease(tx)

    def renew(self, fencing_token: int) -> bool:
        """Renew the lease; return False if another process has acquired it."""
        with self._database.write_transaction() as tx:
            cursor = tx.execute(
                "UPDATE lease SET beats = beats + 1 WHERE fencing_token = ?", (fencing_token,)
            )
            return cursor.rowcount == 1

    def release(self, fencing_token: int) -> None:
        with self._database.write_transaction() as tx:
            tx.execute("UPDATE lease SET owner = '' WHERE fencing_token = ?", (fencing_token,))

    def current(self) -> LeaseRecord | None:
        """Return the last recorded holder, dead or alive; None if the lease is free."""
        with self._database.read_transaction() as connection:
            held = read_lease(connection)
        return held if held is not None and held.owner else None

    def acquired_at(self) -> float:
        """Return the time of the last acquisition, in seconds since the epoch; 0.0 for never."""
        with self._database.read_transaction() as connection:
            held = read_lease(connection)
        return held.acquired_at if held is not None else 0.0

    def fencing_token(self) -> int:
        """Return the number of times that any process acquired the lease."""
        with self._database.read_transaction() as connection:
            held = read_lease(connection)
        return held.fencing_token if held is not None else 0


def read_lease(connection: Any) -> LeaseRecord | None:
    """Return the lease's row, released or not; None if there never was one."""
    row = connection.execute(
        "SELECT fencing_token, owner, host, boot, namespace, pid, process_started,"
        " acquired_at, from_page, beats FROM lease"
    ).fetchone()
    if row is None:
        return None
    return LeaseRecord(row[0], row[1], ProcessIdentity(*row[2:7]), row[7], bool(row[8]), row[9])


def check_fencing_token(tx: Transaction, fencing_token: int) -> None:
    """Raise GroupBusyError if the lease has changed hands."""
    held = read_lease(tx)
    if held is None or held.fencing_token != fencing_token:
        raise busy_error(held)


def busy_error(held: LeaseRecord | None) -> GroupBusyError:
    """Return the error that names the process that runs the group."""
    if held is None or not held.owner:
        return GroupBusyError(
            "This process no longer has the right to run the group. Nothing more was sent. Run the"
            " group again.",
            host="",
            pid=0,
            since=datetime.now(UTC),
        )
    since = datetime.fromtimestamp(held.acquired_at, UTC)
    host, pid = held.process.host, held.process.pid
    local = since.astimezone()
    sender = f"process {pid} on {host}, since {local:%Y-%m-%d %H:%M:%S}"
    if held.from_page:
        is_today = local.date() == datetime.now(local.tzinfo).date()
        begun = f"{local:%H:%M}" if is_today else f"{local:%Y-%m-%d %H:%M}"
        sender = f"the run that was started from the page at {begun} (process {pid} on {host})"
    return GroupBusyError(
        f"The group is being run by {sender}. Nothing was sent from here. Wait for it or stop it;"
        " viewing, canceling and the dashboard still work.",
        host=host,
        pid=pid,
        since=since,
    )
