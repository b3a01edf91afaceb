"""What processes tell each other through a group's file.

Who runs the group, what others ask of it, and what troubles it has with a cloud.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from jobgroup.errors import GroupBusyError
from jobgroup.store.database import Database, Transaction
from jobgroup.store.records import CommandRecord, LeaseRecord, Trouble
from jobgroup.store.values import as_json, as_object


class Lease:
    """The right to send, held by one process at a time.

    Its generation grows when it changes hands, so that a holder who slept is found out.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(
        self,
        holder: Mapping[str, Any],
        *,
        is_live: Callable[[LeaseRecord], bool],
        on_taken: Callable[[Transaction, int], None],
    ) -> LeaseRecord:
        """Take the lease, unless a live holder has it.

        Args:
            holder: owner (a uuid), host, pid, started (tells processes of one pid apart).
            is_live: judges the present holder.
            on_taken: does, in the same transaction, what a new generation has to do first.

        Raises:
            GroupBusyError: another has it.
        """
        with self._database.writing() as tx:
            held = read_lease(tx)
            if held is not None and held.owner not in ("", holder["owner"]) and is_live(held):
                raise busy_error(held)
            generation = (held.generation if held else 0) + 1
            tx.execute(
                "INSERT OR REPLACE INTO lease VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
                (
                    generation,
                    holder["owner"],
                    holder["host"],
                    holder["pid"],
                    holder["started"],
                    tx.now,
                    tx.now,
                ),
            )
            on_taken(tx, generation)
            taken = read_lease(tx)
            assert taken is not None  # noqa: S101  (inserted just above)
            return taken

    def beat(self, generation: int) -> bool:
        """Say that the holder is alive; False if the lease is another's by now."""
        with self._database.writing() as tx:
            cursor = tx.execute(
                "UPDATE lease SET heartbeat_at = ? WHERE generation = ?", (tx.now, generation)
            )
            return cursor.rowcount == 1

    def give_back(self, generation: int) -> None:
        """Let the next one have it at once."""
        with self._database.writing() as tx:
            tx.execute("UPDATE lease SET owner = '' WHERE generation = ?", (generation,))

    def current(self) -> LeaseRecord | None:
        """The holder as last recorded, dead or alive; None if nobody holds it."""
        with self._database.reading() as connection:
            held = read_lease(connection)
        return held if held is not None and held.owner else None

    def generation(self) -> int:
        """How often it was taken, by whichever process."""
        with self._database.reading() as connection:
            held = read_lease(connection)
        return held.generation if held is not None else 0


def read_lease(connection: Any) -> LeaseRecord | None:
    """The lease's row, given back or not; None if there never was one."""
    row = connection.execute(
        "SELECT generation, owner, host, pid, started, since, heartbeat_at FROM lease"
    ).fetchone()
    return LeaseRecord(*row) if row else None


def check_generation(tx: Transaction, generation: int) -> None:
    """Refuse to go on under a lease that has changed hands.

    Raises:
        GroupBusyError: it has.
    """
    held = read_lease(tx)
    if held is None or held.generation != generation:
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
    since = datetime.fromtimestamp(held.since, UTC)
    return GroupBusyError(
        f"The group is being run by process {held.pid} on {held.host}, since"
        f" {since.astimezone():%Y-%m-%d %H:%M:%S}. Nothing was done from here. Wait for it or stop"
        " it; looking, canceling and the dashboard's buttons work meanwhile.",
        host=held.host,
        pid=held.pid,
        since=since,
    )


ASKED_FOR_S = 15.0
"""A command that its asker has not renewed for so long is not done: nobody waits for it."""


class Commands:
    """What one process asks of the one that runs the group: rows, done in order."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, name: str, args: Mapping[str, Any]) -> int:
        """Write a command down; returns its id."""
        with self._database.writing() as tx:
            command_id: int = tx.execute(
                "INSERT INTO commands (at, name, args, state) VALUES (?, ?, ?, 'asked')"
                " RETURNING id",
                (tx.now, name, as_json(args)),
            ).fetchone()[0]
        return command_id

    def renew(self, command_id: int) -> None:
        """Say that somebody still waits for it."""
        with self._database.writing() as tx:
            tx.execute(
                "UPDATE commands SET at = ? WHERE id = ? AND state = 'asked'", (tx.now, command_id)
            )

    def has_asked(self) -> bool:
        """Whether something waits to be taken."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT 1 FROM commands WHERE state = 'asked' LIMIT 1"
            ).fetchone()
        return row is not None

    def take(self) -> list[CommandRecord]:
        """Take everything that was asked and is still wanted, once each."""
        with self._database.writing() as tx:
            tx.execute(
                "DELETE FROM commands WHERE state = 'asked' AND at < ?", (tx.now - ASKED_FOR_S,)
            )
            rows = tx.execute(
                "UPDATE commands SET state = 'taken' WHERE state = 'asked'"
                " RETURNING id, name, args, state, outcome"
            ).fetchall()
        return [_command(row) for row in sorted(rows)]

    def withdraw(self, command_id: int) -> bool:
        """Take a command back; False if somebody has taken it already."""
        with self._database.writing() as tx:
            cursor = tx.execute(
                "DELETE FROM commands WHERE id = ? AND state = 'asked'", (command_id,)
            )
            return cursor.rowcount == 1

    def finish(self, command_id: int, state: str, outcome: Mapping[str, Any]) -> None:
        """Record what became of a command: "done" or "failed"."""
        with self._database.writing() as tx:
            tx.execute(
                "UPDATE commands SET state = ?, outcome = ? WHERE id = ?",
                (state, json.dumps(outcome), command_id),
            )

    def get(self, command_id: int) -> CommandRecord | None:
        """The command as it stands."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT id, name, args, state, outcome FROM commands WHERE id = ?", (command_id,)
            ).fetchone()
        return _command(row) if row else None


def _command(row: Any) -> CommandRecord:
    return CommandRecord(row[0], row[1], as_object(row[2]), row[3], as_object(row[4]))


class Troubles:
    """Standing problems with a cloud, seen by every process; gone when the cloud answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Trouble]:
        """Every standing problem, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT kind, origin, account, since, text FROM troubles ORDER BY since"
            )
            return [Trouble(*row) for row in rows]

    def begin(self, kind: str, origin: str, account: str, text: str) -> None:
        """Record a problem; one that stands already keeps its beginning."""
        with self._database.writing() as tx:
            tx.execute(
                "INSERT INTO troubles VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (kind, origin, account) DO UPDATE SET text = excluded.text",
                (kind, origin, account, tx.now, text),
            )
            _ = tx.version

    def end(self, origin: str, account: str, kinds: tuple[str, ...]) -> bool:
        """The cloud answers again: forget its problems of these kinds; whether it had any."""
        if not any(
            t.origin == origin and t.account == account and t.kind in kinds for t in self.all()
        ):
            return False
        with self._database.writing() as tx:
            for kind in kinds:
                tx.execute(
                    "DELETE FROM troubles WHERE kind = ? AND origin = ? AND account = ?",
                    (kind, origin, account),
                )
            _ = tx.version
        return True
