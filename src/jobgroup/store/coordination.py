"""What processes tell each other through a group's file.

Who runs the group, what others ask of it, and what troubles it has with a cloud.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from jobgroup.errors import GroupBusyError
from jobgroup.store.copies import refuse_beside_a_copy
from jobgroup.store.database import Database, Transaction
from jobgroup.store.records import CommandRecord, LeaseRecord, Trouble
from jobgroup.store.values import as_json, as_object
from jobgroup.system import ProcessIdentity

Verdict = Literal["alive", "dead", "unseen"]
"""What is known of who holds the lease; "unseen": not watched for long enough to know."""


class Lease:
    """The right to send, held by one process at a time.

    Its generation grows when it changes hands, so that a holder who slept is found out.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(
        self,
        owner: str,
        process: ProcessIdentity,
        *,
        judge: Callable[[LeaseRecord, float], Verdict],
        on_taken: Callable[[Transaction, int], None],
    ) -> LeaseRecord | None:
        """Take the lease, unless another holder is, or may be, alive.

        None if nothing is known of the holder yet. This is written into the file too: who can
        write then can show a sign of life from then on, and so can a living holder.

        Args:
            owner: a uuid.
            process: the one that takes it.
            judge: what is known of the present holder, after so many seconds of waiting for the
                turn to write.
            on_taken: does, in the same transaction, what a new generation has to do first.

        Raises:
            GroupBusyError: another has it.
            StorageError: another file beside this one holds the same group, see `copies`.
        """
        with self._database.reading() as connection:
            refuse_beside_a_copy(self._database.path, connection)
        began = time.monotonic()
        with self._database.writing() as tx:
            held = read_lease(tx)
            if held is not None and held.owner not in ("", owner):
                verdict = judge(held, time.monotonic() - began)
                if verdict == "alive":
                    raise busy_error(held)
                if verdict == "unseen":
                    tx.execute("UPDATE lease SET challenges = challenges + 1")
                    return None
            generation = (held.generation if held else 0) + 1
            tx.execute(
                "INSERT OR REPLACE INTO lease (one, generation, owner, host, boot, namespace, pid,"
                " started, since, beats) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (generation, owner, *process, tx.now),
            )
            on_taken(tx, generation)
            return read_lease(tx)

    def beat(self, generation: int) -> bool:
        """Show that the holder is alive; False if the lease is another's by now."""
        with self._database.writing() as tx:
            cursor = tx.execute(
                "UPDATE lease SET beats = beats + 1 WHERE generation = ?", (generation,)
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
        "SELECT generation, owner, host, boot, namespace, pid, started, since, beats FROM lease"
    ).fetchone()
    return LeaseRecord(row[0], row[1], ProcessIdentity(*row[2:7]), *row[7:]) if row else None


def check_fencing_token(tx: Transaction, generation: int) -> None:
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
    host, pid = held.process.host, held.process.pid
    return GroupBusyError(
        f"The group is being run by process {pid} on {host}, since"
        f" {since.astimezone():%Y-%m-%d %H:%M:%S}. Nothing was done from here. Wait for it or stop"
        " it; looking, canceling and the dashboard's buttons work meanwhile.",
        host=host,
        pid=pid,
        since=since,
    )


class Commands:
    """What one process asks of the one that runs the group: rows, done in order.

    Each is asked of one holder of the lease. When that changes, who asked and still waits asks the
    next one: an order of the dead is done by nobody, whatever clocks say.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, name: str, args: Mapping[str, Any], asker: ProcessIdentity) -> int:
        """Write a command down for the present holder; returns its id."""
        with self._database.writing() as tx:
            held = read_lease(tx)
            command_id = tx.execute(
                "INSERT INTO commands (at, generation, asker, name, args, state)"
                " VALUES (?, ?, ?, ?, ?, 'asked')",
                (
                    tx.now,
                    held.generation if held else 0,
                    json.dumps(asker),
                    name,
                    as_json(args),
                ),
            ).lastrowid
            assert command_id is not None  # noqa: S101  # a row was inserted
        return command_id

    def has_asked(self) -> bool:
        """Whether something waits to be taken."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT 1 FROM commands WHERE state = 'asked' LIMIT 1"
            ).fetchone()
        return row is not None

    def take(
        self, generation: int, is_gone: Callable[[ProcessIdentity], bool]
    ) -> list[CommandRecord]:
        """Take everything that was asked of a holder and is still wanted, once each."""
        taken: list[CommandRecord] = []
        with self._database.writing() as tx:
            held = read_lease(tx)
            if held is None or held.generation != generation:
                return taken  # it is for the next holder to say
            rows = tx.execute(
                "SELECT id, name, args, state, outcome, generation, asker FROM commands"
                " WHERE state = 'asked' ORDER BY id"
            ).fetchall()
            for *row, asked_of, asker in rows:
                if asked_of != generation or is_gone(_identity(asker)):
                    tx.execute("DELETE FROM commands WHERE id = ?", (row[0],))
                    continue
                tx.execute("UPDATE commands SET state = 'taken' WHERE id = ?", (row[0],))
                taken.append(_command(row))
        return taken

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


def _identity(asker: str) -> ProcessIdentity:
    try:
        return ProcessIdentity(*json.loads(asker))
    except (TypeError, ValueError):  # a damaged row: nothing is known of who asked
        return ProcessIdentity("", "", "", 0, "")


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
