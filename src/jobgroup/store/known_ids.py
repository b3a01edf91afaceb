"""Keep the remote ids that this process knows, and save them if the group's file is lost.

Another program may empty an open file, or copy an earlier state over it. The jobs are paid for, so
this process then saves their ids in a file next to the group's, or logs them if that fails.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jobgroup.logs import logger
from jobgroup.store.atomic import atomic_write
from jobgroup.words import format_count

_NAMED_IN_A_SENTENCE = 10

_log = logger(__name__)


def place_beside(path: Path, ending: str) -> Path:
    """Return a dated path next to a lost file, for the parts of the group that are saved."""
    return path.with_suffix(f".{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.{ending}")


class _Job(NamedTuple):
    entry_id: int
    position: int
    name: str
    url: str


class KnownIds:
    """Remote ids read from the file, and ids that clouds have returned since. Not thread-safe.

    Args:
        path: path of the group's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: dict[int, _Job] = {}
        self._ids: dict[tuple[int, int], str] = {}
        self._last_read = 0
        self._place: Path | None = None
        self.sentence = ""
        """Sentence with the path of the saved ids, after a space; "" if no ids were saved."""

    def read(self, connection: Any) -> None:
        """Read the ids of new attempts from the file."""
        known = self._last_read
        for attempt_id, *job in connection.execute(
            "SELECT a.id, j.id, j.position, j.name, t.origin FROM attempts a"
            " JOIN jobs j ON j.id = a.entry_id JOIN targets t ON t.id = j.target_id"
            " WHERE a.id > ?",
            (known,),
        ).fetchall():
            self._last_read = max(self._last_read, attempt_id)
            self.intended(attempt_id, *job)
        for attempt_id, number, remote_id in connection.execute(
            "SELECT attempt_id, number, remote_id FROM subjobs WHERE attempt_id > ?",
            (known,),
        ).fetchall():
            self._ids[attempt_id, number] = remote_id

    def intended(self, attempt_id: int, entry_id: int, position: int, name: str, url: str) -> None:
        """Record the job of an attempt before its id is known."""
        self._jobs[attempt_id] = _Job(entry_id, position, name, url)

    def note(self, attempt_id: int, ids: Mapping[int, str]) -> None:
        """Record the ids that a cloud returned for an attempt, by sub-job number."""
        new = {(attempt_id, number): remote_id for number, remote_id in ids.items()}
        if new.items() <= self._ids.items():
            return
        self._ids |= new
        if self._place is not None:
            self.save()

    def save(self) -> None:
        """Write the ids, also later ones, next to the lost file, or to the log if that fails."""
        if self._place is None:
            self._place = place_beside(self._path, "ids.json")
        if not self._ids:
            return
        place = self._place
        jobs = json.dumps(self._documents(), indent=1, default=str)  # rows may be damaged
        try:
            with atomic_write(place, overwrite=True) as unfinished:
                unfinished.write_text(jobs, encoding="utf-8")
            self.sentence = (
                f" The ids of {format_count(len(self._ids), 'sent job')} are in {place}."
            )
        except OSError as error:
            _log.error("%s cannot be written (%s). Write these ids down: %s", place, error, jobs)
            some = list(self._ids.values())[:_NAMED_IN_A_SENTENCE]
            more = len(self._ids) - len(some)
            and_more = f" and {more} more, see the log" if more else ""
            self.sentence = f" Sent jobs have the ids {', '.join(map(str, some))}{and_more}."

    def found_again(self) -> None:
        """Stop saving ids, because the file is back."""
        self._place = None
        self.sentence = ""

    def _documents(self) -> list[dict[str, object]]:
        jobs = []
        for (attempt_id, _), remote_id in sorted(self._ids.items()):
            job = self._jobs.get(attempt_id)
            jobs.append({**(job._asdict() if job else {}), "id": remote_id})
        return jobs
