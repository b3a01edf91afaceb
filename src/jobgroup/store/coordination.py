"""What processes tell each other through a group's file.

Who runs the group, what others ask of it, and what incidents it has with a cloud.
"""

from __future__ import annotations

import builtins
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from jobgroup.errors import GroupBusyError
from jobgroup.store.copies import refuse_beside_a_copy
from jobgroup.store.database import Database, Transaction
from jobgroup.store.records import CommandRecord, Incident, LeaseRecord
from jobgroup.store.values import as_json, as_object
from jobgroup.system import ProcessIdentity

Verdict = Literal["alive", "dead", "unseen"]
"""What is known of who holds the lease; "unseen": not watched for long enough to know."""


class Lease:
    """The right to send, held by one process at a time.

    Its fencing_token grows when it changes hands, so that a holder who slept is found out.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(
        self,
        owner: str,
        process: ProcessIdentity,
        *,
        judge: Callable[[LeaseRecord, float], Verdict],
        on_acquired: Callable[[Transaction, int], None],
    ) -> LeaseRecord | None:
        """Take the lease, unless another holder is, or may be, alive.

        None if nothing is known of the holder yet. This is written into the file too: who can
        write then can show a sign of life from then on, and so can a living holder.

        Args:
            owner: a uuid.
            process: the one that takes it.
            judge: what is known of the present holder, after so many seconds of waiting for the
                turn to write.
            on_acquired: does, in the same transaction, what a new fencing_token has to do first.

        Raises:
            GroupBusyError: another has it.
            StorageError: another file beside this one holds the same group, see `copies`.
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
                " pid, process_started, acquired_at, beats) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (fencing_token, owner, *process, tx.now),
            )
            on_acquired(tx, fencing_token)
            return read_lease(tx)

    def renew(self, fencing_token: int) -> bool:
        """Show that the holder is alive; False if the lease is another's by now."""
        with self._database.write_transaction() as tx:
            cursor = tx.execute(
                "UPDATE lease SET beats = beats + 1 WHERE fencing_token = ?", (fencing_token,)
            )
            return cursor.rowcount == 1

    def release(self, fencing_token: int) -> None:
        """Let the next one have it at once."""
        with self._database.write_transaction() as tx:
            tx.execute("UPDATE lease SET owner = '' WHERE fencing_token = ?", (fencing_token,))

    def current(self) -> LeaseRecord | None:
        """The holder as last recorded, dead or alive; None if nobody holds it."""
        with self._database.read_transaction() as connection:
            held = read_lease(connection)
        return held if held is not None and held.owner else None

    def fencing_token(self) -> int:
        """How often it was taken, by whichever process."""
        with self._database.read_transaction() as connection:
            held = read_lease(connection)
        return held.fencing_token if held is not None else 0


def read_lease(connection: Any) -> LeaseRecord | None:
    """The lease's row, given back or not; None if there never was one."""
    row = connection.execute(
        "SELECT fencing_token, owner, host, boot, namespace, pid, process_started,"
        " acquired_at, beats FROM lease"
    ).fetchone()
    return LeaseRecord(row[0], row[1], ProcessIdentity(*row[2:7]), *row[7:]) if row else None


def check_fencing_token(tx: Transaction, fencing_token: int) -> None:
    """Refuse to go on under a lease that has changed hands.

    Raises:
        GroupBusyError: it has.
    """
    held = read_lease(tx)
    if held is None or held.fencing_token != fencing_token:
        raise busy_error(held)


def busy_error(held: LeaseRecord | None) -> GroupBusyError:
    """The error that names who runs the group."""
    if held is None or not held.owner:
        return GroupBusyError(
            "This process has lost its right to run the group; nothing more was sent. Run it"
            " again.",
            host="",
            pid=0,
            since=datetime.now(UTC),
        )
    since = datetime.fromtimestamp(held.acquired_at, UTC)
    host, pid = held.process.host, held.process.pid
    return GroupBusyError(
        f"The group is being run by process {pid} on {host}, since"
        f" {since.astimezone():%Y-%m-%d %H:%M:%S}. Nothing was done from here. Wait for it or stop"
        " it; looking, canceling and the dashboard's buttons work meanwhile.",
        host=host,
        pid=pid,
        since=since,
    )


class CommandQueue:
    """What one process asks of the one that runs the group: rows, done in order.

    Each is asked of one holder of the lease. When that changes, who asked and still waits asks the
    next one: an order of the dead is done by nobody, whatever clocks say.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def enqueue(self, name: str, args: Mapping[str, Any], requester: ProcessIdentity) -> int:
        """Write a command down for the present holder; returns its id."""
        with self._database.write_transaction() as tx:
            held = read_lease(tx)
            command_id = tx.execute(
                "INSERT INTO commands (requested_at, fencing_token, requester, name, args, state)"
                " VALUES (?, ?, ?, ?, ?, 'pending')",
                (
                    tx.now,
                    held.fencing_token if held else 0,
                    json.dumps(requester),
                    name,
                    as_json(args),
                ),
            ).lastrowid
            assert command_id is not None  # noqa: S101  # a row was inserted
        return command_id

    def has_pending(self) -> bool:
        """Whether something waits to be taken."""
        with self._database.read_transaction() as connection:
            row = connection.execute(
                "SELECT 1 FROM commands WHERE state = 'pending' LIMIT 1"
            ).fetchone()
        return row is not None

    def claim(
        self, fencing_token: int, is_gone: Callable[[ProcessIdentity], bool]
    ) -> list[CommandRecord]:
        """Take everything that was asked of a holder and is still wanted, once each."""
        taken: list[CommandRecord] = []
        with self._database.write_transaction() as tx:
            held = read_lease(tx)
            if held is None or held.fencing_token != fencing_token:
                return taken  # it is for the next holder to say
            rows = tx.execute(
                "SELECT id, name, args, state, outcome, fencing_token, requester FROM commands"
                " WHERE state = 'pending' ORDER BY id"
            ).fetchall()
            for *row, asked_of, requester in rows:
                if asked_of != fencing_token or is_gone(_identity(requester)):
                    tx.execute("DELETE FROM commands WHERE id = ?", (row[0],))
                    continue
                tx.execute("UPDATE commands SET state = 'claimed' WHERE id = ?", (row[0],))
                taken.append(_command(row))
        return taken

    def cancel(self, command_id: int) -> bool:
        """Take a command back; False if somebody has taken it already."""
        with self._database.write_transaction() as tx:
            cursor = tx.execute(
                "DELETE FROM commands WHERE id = ? AND state = 'pending'", (command_id,)
            )
            return cursor.rowcount == 1

    def complete(self, command_id: int, state: str, outcome: Mapping[str, Any]) -> None:
        """Record what became of a command: "done" or "failed"."""
        with self._database.write_transaction() as tx:
            tx.execute(
                "UPDATE commands SET state = ?, outcome = ? WHERE id = ?",
                (state, json.dumps(outcome), command_id),
            )

    def get(self, command_id: int) -> CommandRecord | None:
        """The command as it stands."""
        with self._database.read_transaction() as connection:
            row = connection.execute(
                "SELECT id, name, args, state, outcome FROM commands WHERE id = ?", (command_id,)
            ).fetchone()
        return _command(row) if row else None


def _command(row: Any) -> CommandRecord:
    return CommandRecord(row[0], row[1], as_object(row[2]), row[3], as_object(row[4]))


def _identity(requester: str) -> ProcessIdentity:
    try:
        return ProcessIdentity(*json.loads(requester))
    except (TypeError, ValueError):  # a damaged row: nothing is known of who asked
        return ProcessIdentity("", "", "", 0, "")


class Incidents:
    """Standing problems with a cloud, seen by every process; gone when the cloud answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> builtins.list[Incident]:
        """Every standing problem, oldest first."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                "SELECT kind, origin, account, opened_at, message FROM incidents ORDER BY opened_at"
            )
            return [Incident(*row) for row in rows]

    def open(self, kind: str, origin: str, account: str, message: str) -> None:
        """Record a problem; one that stands already keeps its beginning."""
        with self._database.write_transaction() as tx:
            tx.execute(
                "INSERT INTO incidents VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (kind, origin, account) DO UPDATE SET message = excluded.message",
                (kind, origin, account, tx.now, message),
            )
            tx.bump_version()

    def resolve(self, origin: str, account: str, kinds: tuple[str, ...]) -> bool:
        """The cloud answers again: forget its problems of these kinds; whether it had any."""
        if not any(
            t.origin == origin and t.account == account and t.kind in kinds for t in self.list()
        ):
            return False
        with self._database.write_transaction() as tx:
            for kind in kinds:
                tx.execute(
                    "DELETE FROM incidents WHERE kind = ? AND origin = ? AND account = ?",
                    (kind, origin, account),
                )
            tx.bump_version()
        return True
