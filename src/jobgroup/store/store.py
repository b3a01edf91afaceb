"""Read and write one group's file: its jobs in order, and their changes by version."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobgroup.errors import InvalidResponseError, StorageError
from jobgroup.store.checking import date_of, integer_of, number_of, text_of
from jobgroup.store.command_queue import CommandQueue
from jobgroup.store.database import Database
from jobgroup.store.encoding import as_json, decompress_object
from jobgroup.store.entries import Entries, length, missing
from jobgroup.store.fingerprints import Fingerprints
from jobgroup.store.incidents import Incidents
from jobgroup.store.inserts import append_jobs, payload_id
from jobgroup.store.lease_row import Lease
from jobgroup.store.limits import MAX_TEXT, check_name, check_text
from jobgroup.store.polling_leases import PollingLeases
from jobgroup.store.priorities import Priorities
from jobgroup.store.records import ChangeSet, EventRecord, JobRecord, NewJob, Target
from jobgroup.store.result_cache import ResultCache
from jobgroup.store.send_journal import SendJournal
from jobgroup.store.statuses import StatusUpdates
from jobgroup.store.subjobs import REMOTE_ID, Subjobs, holder_of
from jobgroup.store.summaries import counts_by_state
from jobgroup.store.sweeps import Sweeps
from jobgroup.store.transaction import read_version
from jobgroup.store.transitions import reopen
from jobgroup.store.unconfirmed import Unconfirmed

_RECORD = f"""
    SELECT j.id, j.position, {text_of("j.name")},
           t.provider, t.origin, t.account, t.platform, j.state, {REMOTE_ID}, a.provider_status,
           coalesce(a.message, nullif(j.last_error, '')), {number_of("a.progress")},
           {integer_of("j.attempts", "0")}, j.params, j.labels, coalesce(p.metadata, ''), j.note,
           {date_of("j.added_at", "0")}, {date_of("a.intent_at")}, {date_of("a.sent_at")},
           {date_of("a.created_at")}, {date_of("a.started_at")}, {number_of("a.duration_s")},
           {date_of("a.finished_at")},
           (SELECT position FROM jobs WHERE id = j.rerun_of), j.attempt_id,
           {integer_of("j.version", "0")}, {integer_of("a.shots")}, j.composition_id
    FROM jobs j
    JOIN targets t ON t.id = j.target_id
    LEFT JOIN payloads p ON p.id = j.payload_id
    LEFT JOIN attempts a ON a.id = j.attempt_id
"""  # noqa: S608


class GroupStore:
    """The file of one group, which is the only source of its state. Processes share it.

    Args:
        path: path of the file.
        create: name with which to create a missing file; None to open only an existing one.
    """

    def __init__(self, path: Path, *, create: str | None = None) -> None:
        self.path = path
        self.database = Database(path, new_meta(create) if create is not None else None)
        self.entries = Entries(self.database)
        self.journal = SendJournal(self.database)
        self.unconfirmed = Unconfirmed(self.database)
        self.subjobs = Subjobs(self.database)
        self.statuses = StatusUpdates(self.database)
        self.results = ResultCache(self.database)
        self.fingerprints = Fingerprints(self.database)
        self.lease = Lease(self.database)
        self.commands = CommandQueue(self.database)
        self.incidents = Incidents(self.database)
        self.priorities = Priorities(self.database)
        self.polling_leases = PollingLeases(self.database)
        self.sweeps = Sweeps(self.database)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self.database.close()

    # -- the group -------------------------------------------------------------------------------

    def meta(self) -> dict[str, Any]:
        """Return the group's own values: name, uuid, created_at, modified_at and version."""
        with self.database.read_transaction() as connection:
            return dict(connection.execute("SELECT key, value FROM meta").fetchall())

    def set_meta(self, **values: object) -> None:
        """Set values; None removes one. If a string is too long, raise ValueError."""
        for key, value in values.items():
            if isinstance(value, str) and len(value) > MAX_TEXT:
                raise ValueError(
                    f"The {key} of this group has {len(value):,} characters, and at most"
                    f" {MAX_TEXT:,} can be stored. Nothing was changed."
                )
        with self.database.write_transaction() as tx:
            for key, value in values.items():
                if value is None:
                    tx.execute("DELETE FROM meta WHERE key = ?", (key,))
                else:
                    tx.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))
            tx.bump_version()

    def keep_default(self, key: str, value: str | int | None) -> None:
        """Store a value for the next view or run, without changing the group's version."""
        with self.database.write_transaction() as tx:
            tx.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def mark_exported(self) -> None:
        """Record that the group was exported, without changing its version."""
        with suppress(StorageError), self.database.write_transaction() as tx:
            tx.execute(
                "INSERT OR REPLACE INTO meta"
                " SELECT 'exported_version', value FROM meta WHERE key = 'version'"
            )

    @property
    def version(self) -> int:
        """Number that grows with every change of the group."""
        with self.database.read_transaction() as connection:
            return read_version(connection)

    def __len__(self) -> int:
        with self.database.read_transaction() as connection:
            return length(connection)

    def counts(self) -> dict[str, int]:
        with self.database.read_transaction() as connection:
            return counts_by_state(connection)

    def last_attempt_id(self) -> int:
        """Return the id of the newest attempt; 0 if there is none."""
        with self.database.read_transaction() as connection:
            (found,) = connection.execute("SELECT coalesce(max(id), 0) FROM attempts").fetchone()
        return int(found)

    def add(self, jobs: Iterable[NewJob]) -> list[int]:
        """Append jobs, all or none, write them to disk, and return their ids.

        Raises:
            DuplicateJobError: the group already has a job with the same remote id; nothing was
                added.
            ValueError: a body cannot be sent as JSON, or a value is too large to store; nothing
                was added.
            StorageError: the file could not be written; nothing was added.
        """
        with self.database.write_transaction() as tx:
            return append_jobs(tx, jobs)

    def fill(self, jobs: Iterable[NewJob], meta: Mapping[str, object]) -> bool:
        """Append jobs to an empty group and set the group's values: everything or nothing.

        Returns:
            Whether the group had no jobs; otherwise nothing was changed.

        Raises:
            DuplicateJobError, ValueError, StorageError: as for `add`.
        """
        with self.database.write_transaction() as tx:
            if length(tx):
                return False
            append_jobs(tx, jobs)
            tx.bump_version()
            for values in meta.items():
                tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", values)
        return True

    # -- reading ---------------------------------------------------------------------------------

    def record(self, entry_id: int) -> JobRecord:
        """Return the job with the given id.

        Raises:
            JobRemovedError: the job was removed.
            CorruptGroupError: the job's row is missing.
        """
        with self.database.read_transaction() as connection:
            row = connection.execute(_RECORD + "WHERE j.id = ?", (entry_id,)).fetchone()
            if row is None:
                raise missing(self.path, connection, entry_id)
        return JobRecord._make(row)

    def records(
        self,
        states: Iterable[str] | None = None,
        entry_ids: Collection[int] | None = None,
    ) -> list[JobRecord]:
        """Return all jobs, or those in given states or with given ids, in the group's order."""
        wanted = {}
        if entry_ids is not None:
            wanted["j.id"] = json.dumps(list(entry_ids))
        if states is not None:
            # "+": do not search by state if the ids are known
            wanted["+j.state" if wanted else "j.state"] = json.dumps(list(states))
        where = " AND ".join(f"{name} IN (SELECT value FROM json_each(?))" for name in wanted)  # noqa: S608
        with self.database.read_transaction() as connection:
            rows = connection.execute(
                f"{_RECORD} WHERE {where or 'TRUE'} ORDER BY j.id", tuple(wanted.values())
            )
            return list(map(JobRecord._make, rows))

    def changes_since(self, version: int) -> ChangeSet:
        """Return the jobs that changed after a version (0: all), and the resulting version."""
        with self.database.read_transaction() as connection:
            now = read_version(connection)
            if now == version:
                return ChangeSet(now, [])
            # "+": search by version and then sort, instead of searching in the order of ids
            changed = "WHERE j.version > ? ORDER BY +j.id"
            rows = connection.execute(
                _RECORD + (changed if version > 0 else "ORDER BY j.id"),
                (version,) if version > 0 else (),
            )
            return ChangeSet(now, list(map(JobRecord._make, rows)))

    def body(self, entry_id: int, payload_id: int | None = None) -> dict[str, Any] | None:
        """Return a job's stored body; None for a job that was adopted without one.

        `payload_id` selects the body of a changed rerun before the job has it.

        Raises:
            InvalidResponseError: the body is damaged, which affects only this job.
        """
        with self.database.read_transaction() as connection:
            row = connection.execute(
                "SELECT coalesce(?, j.payload_id), CAST(p.body AS BLOB) FROM jobs j"
                " LEFT JOIN payloads p ON p.id = coalesce(?, j.payload_id) WHERE j.id = ?",
                (payload_id, payload_id, entry_id),
            ).fetchone()
        if row is None or row[0] is None:
            return None
        body = decompress_object(row[1])
        if body is not None:
            return body
        raise InvalidResponseError(
            f"The stored body of job {self.entries.position(entry_id)} is damaged; the other jobs"
            " are not affected. Add the job again to run it."
        )

    def composition(self, composition_id: int) -> dict[str, Any]:
        """Return the recipe that combines the results of an entry's jobs on the cloud.

        Raises:
            InvalidResponseError: the recipe is damaged, which affects only this entry.
        """
        with self.database.read_transaction() as connection:
            row = connection.execute(
                "SELECT CAST(body AS BLOB) FROM payloads WHERE id = ?", (composition_id,)
            ).fetchone()
        composition = decompress_object(row[0]) if row else None
        if composition is None:
            raise InvalidResponseError(
                "The recipe that combines its results is damaged; other jobs are not affected."
            )
        return composition

    def holder_of(self, remote_id: str, target: Target) -> int | None:
        """Return the entry that has this id on the cloud of the target's account."""
        with self.database.read_transaction() as connection:
            return holder_of(connection, remote_id, target)

    def events(self, entry_id: int | None = None) -> list[EventRecord]:
        """Return the last 1,000 events of a job, or of the whole group (None), oldest first."""
        where = "" if entry_id is None else "WHERE entry_id = ? "
        with self.database.read_transaction() as connection:
            rows = connection.execute(
                f"SELECT {date_of('at', '0')}, {integer_of('entry_id')}, kind, text"  # noqa: S608
                f" FROM events {where}ORDER BY id DESC LIMIT 1000",
                () if entry_id is None else (entry_id,),
            ).fetchall()
        return [EventRecord(*row) for row in reversed(rows)]

    # -- editing ---------------------------------------------------------------------------------

    def edit(self, entry_id: int, *, note: str | None = None, name: str | None = None) -> None:
        """Change the values that are not None.

        Raises:
            ValueError: a value is too long; nothing was changed.
        """
        check_text("note", note or "", effect="Nothing was changed.")
        check_name("name", name or "", effect="Nothing was changed.")
        with self.database.write_transaction() as tx:
            if not tx.execute("SELECT 1 FROM jobs WHERE id = ?", (entry_id,)).fetchone():
                raise missing(self.path, tx, entry_id)
            for column, value in (("note", note), ("name", name)):
                if value is not None:
                    tx.execute(
                        f"UPDATE jobs SET {column} = ?, version = ? WHERE id = ?",  # noqa: S608
                        (value, tx.version, entry_id),
                    )
            if name is not None:  # the rejected request contained the name
                reopen(tx, entry_id)

    def set_body(
        self,
        entry_id: int,
        body: Mapping[str, Any],
        *,
        params: Mapping[str, Any],
        metadata: Mapping[str, Any],
        composition: Mapping[str, Any] | None,
    ) -> bool:
        """Replace the body of an unsent job; return False if it was sent."""
        with self.database.write_transaction() as tx:
            if not tx.execute(
                "SELECT 1 FROM jobs WHERE id = ? AND state IN ('unsent', 'refused')"
                " AND attempts = 0",
                (entry_id,),
            ).fetchone():
                return False
            tx.execute(
                "UPDATE jobs SET payload_id = ?, params = ?, composition_id = ?, version = ?"
                " WHERE id = ?",
                (
                    payload_id(tx, body, metadata),
                    as_json(params),
                    None if composition is None else payload_id(tx, composition, {}),
                    tx.version,
                    entry_id,
                ),
            )
            reopen(tx, entry_id)
        return True


def new_meta(name: str) -> dict[str, object]:
    now = datetime.now(UTC).timestamp()  # rounded to microseconds, as datetimes are
    return {
        "name": name,
        "uuid": uuid.uuid4().hex,
        "created_at": now,
        "modified_at": now,
        "version": 0,
    }
