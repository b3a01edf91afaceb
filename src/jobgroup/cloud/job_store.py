"""Store the cloud's jobs in one SQLite file, which survives a kill of the process."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

WAITING: Final = "waiting"
RUNNING: Final = "running"
CANCEL_REQUESTED: Final = "cancel_requested"
COMPLETED: Final = "completed"
ERROR: Final = "error"
CANCELED: Final = "canceled"
ENDED: Final = frozenset({COMPLETED, ERROR, CANCELED})

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    key TEXT,
    platform TEXT NOT NULL,
    body TEXT NOT NULL,
    rerun_from TEXT,
    status TEXT NOT NULL,
    message TEXT,
    created REAL NOT NULL,
    started REAL,
    ended REAL,
    results TEXT
);
CREATE INDEX IF NOT EXISTS jobs_by_key ON jobs (key) WHERE key IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status);
"""


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    Attributes:
        id: uuid of the job.
        key: `Idempotency-Key` of the request that created the job; None without one.
        platform: platform name.
        body: create body, verbatim.
        rerun_from: id of the job that this one repeats.
        status: the vendor's status word.
        message: reason for a failure; None otherwise.
        created: time of creation, in seconds since the epoch.
        started: time of the start, in seconds since the epoch; None before the start.
        ended: time of the end, in seconds since the epoch; None before the end.
        results: result document, as JSON text.
    """

    id: str
    key: str | None
    platform: str
    body: dict[str, Any] = field(repr=False)
    rerun_from: str | None
    status: str
    message: str | None
    created: float
    started: float | None
    ended: float | None
    results: str | None = field(repr=False)

    @property
    def name(self) -> str:
        return str(self.body["job_name"])

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = self.body["payload"]
        return payload

    @property
    def seed(self) -> int:
        """Seed of the job's counts. If the job runs again after a restart, the seed is the same."""
        return uuid.UUID(self.id).int

    @property
    def duration_s(self) -> int | None:
        """Run time of the job in whole seconds; None before the start."""
        if self.started is None:
            return None
        return max(0, int((self.ended or time.time()) - self.started))  # the clock may be set back


def _make_private(path: Path) -> None:
    """Let only the owner read the file and the files that SQLite creates next to it."""
    with suppress(FileExistsError):  # opening and closing the file would drop this process's locks
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    for suffix in ("", "-wal", "-shm"):
        with suppress(OSError):  # the file is missing or belongs to another user
            Path(f"{path}{suffix}").chmod(0o600)


class JobStore:
    """The file of one cloud. RuntimeError is raised if another embedded cloud has it open."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        _make_private(path)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.5)
        self._db.row_factory = sqlite3.Row
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            self._db.close()
            raise RuntimeError(
                f"Could not open the jobs in {path.parent} ({error}): another embedded cloud uses"
                " them. Nothing was changed. Stop it, or use another directory."
            ) from error

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def add(
        self,
        body: dict[str, Any],
        platform: str,
        *,
        key: str | None = None,
        rerun_from: str | None = None,
    ) -> str:
        """Add a waiting job with its key, in one transaction, and return its id."""
        job_id = str(uuid.uuid4())
        self._execute(
            "INSERT INTO jobs (id, key, platform, body, rerun_from, status, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (job_id, key, platform, json.dumps(body), rerun_from, WAITING, time.time()),
        )
        return job_id

    def __getitem__(self, job_id: str) -> Job:
        """Return a job by its id; KeyError if there is none."""
        row = self._execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise KeyError(job_id)
        return _job(row)

    def id_of(self, key: str) -> str | None:
        """Return the id of the first job with this `Idempotency-Key`."""
        row = self._execute("SELECT id FROM jobs WHERE key = ? ORDER BY number", (key,)).fetchone()
        return row["id"] if row else None

    def all(self) -> list[Job]:
        return [_job(row) for row in self._execute("SELECT * FROM jobs ORDER BY number")]

    def start(self, job_id: str) -> None:
        self._execute(
            "UPDATE jobs SET status = ?, started = ? WHERE id = ?", (RUNNING, time.time(), job_id)
        )

    def request_cancel(self, job_id: str) -> None:
        self._execute("UPDATE jobs SET status = ? WHERE id = ?", (CANCEL_REQUESTED, job_id))

    def end(
        self, job_id: str, status: str, *, message: str | None = None, results: str | None = None
    ) -> None:
        # A payload's error may quote lone surrogates, which SQLite cannot store.
        text = None if message is None else message.encode("utf-8", "replace").decode()
        self._execute(
            "UPDATE jobs SET status = ?, message = ?, results = ?, ended = ? WHERE id = ?",
            (status, text, results, time.time(), job_id),
        )

    def resume(self) -> list[tuple[str, str]]:
        """After a restart, queue running jobs again, and finish cancellations.

        Returns:
            Id and platform of each waiting job, oldest first.
        """
        with self._lock:
            self._execute(
                "UPDATE jobs SET status = ?, ended = ? WHERE status = ?",
                (CANCELED, time.time(), CANCEL_REQUESTED),
            )
            self._execute(
                "UPDATE jobs SET status = ?, started = NULL WHERE status = ?", (WAITING, RUNNING)
            )
            rows = self._execute(
                "SELECT id, platform FROM jobs WHERE status = ? ORDER BY number", (WAITING,)
            )
            return [(row["id"], row["platform"]) for row in rows]

    def _execute(self, sql: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        with self._lock:
            return self._db.execute(sql, values)


def _job(row: sqlite3.Row) -> Job:
    fields = {name: row[name] for name in row.keys() if name != "number"}  # noqa: SIM118
    fields["body"] = json.loads(fields["body"])
    return Job(**fields)
