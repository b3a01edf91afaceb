"""Store results that a group caches at the user's request."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from jobgroup.errors import CorruptGroupError, StorageError
from jobgroup.store.database import Database
from jobgroup.store.encoding import compress, content_digest, decompress_object
from jobgroup.store.limits import MAX_DOCUMENT_BYTES

_KEY = "cache_results"

_DOCUMENTS = """
    SELECT attempt_id, digest, CAST(document AS BLOB) FROM results
        WHERE attempt_id IN (SELECT value FROM json_each(?))
"""


class ResultCache:
    """Result documents by attempt, as the cloud returned them. The cache is off by default."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.writes = 0
        """Number of changes that this process made; these do not change the group's version."""

    @property
    def enabled(self) -> bool:
        """Whether results are stored when they are fetched. Stored results stay until `clear`."""
        with self._database.read_transaction() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (_KEY,)).fetchone()
        return bool(row and row[0])

    @enabled.setter
    def enabled(self, on: bool) -> None:
        if on == self.enabled:
            return
        with self._database.write_transaction() as tx:
            tx.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_KEY, int(on)))
            tx.bump_version()

    def get(self, attempt_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
        """Return the stored documents of attempts, without damaged ones."""
        found: dict[int, dict[str, Any]] = {}
        wanted = json.dumps(list(attempt_ids))
        with suppress(CorruptGroupError), self._database.read_transaction() as connection:
            rows = connection.execute(_DOCUMENTS, (wanted,))
            for attempt_id, digest, data in rows:
                document = (
                    decompress_object(data, MAX_DOCUMENT_BYTES)
                    if digest == content_digest(data)
                    else None
                )
                if document is not None:
                    found[attempt_id] = document
        return found

    def sound(self, attempt_ids: Iterable[int]) -> set[int]:
        """Return the attempts that have an undamaged document."""
        wanted = json.dumps(list(attempt_ids))
        found: set[int] = set()
        with suppress(CorruptGroupError), self._database.read_transaction() as connection:
            rows = connection.execute(_DOCUMENTS, (wanted,))
            found.update(a for a, digest, data in rows if digest == content_digest(data))
        return found

    def put(self, documents: Mapping[int, Mapping[str, Any]]) -> None:
        """Store documents by attempt, except documents that are too large; replace older ones.

        Raises:
            StorageError: the documents could not be written; stored results are unchanged.
        """
        with self._database.write_transaction() as tx:
            for attempt_id, document in documents.items():
                text = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
                if len(text) > MAX_DOCUMENT_BYTES:
                    continue  # it would be too large to read
                data = compress(text)
                tx.large_bytes += len(data)
                tx.execute(
                    "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)",
                    (attempt_id, tx.now, content_digest(data), data),
                )
        self.writes += 1

    def count_missing(self) -> int:
        """Return the number of successful jobs whose result is only on the cloud."""
        with self._database.read_transaction() as connection:
            row = connection.execute(
                "SELECT count(*) FROM jobs WHERE state = 'success'"
                " AND attempt_id NOT IN (SELECT attempt_id FROM results)"
            ).fetchone()
        missing: int = row[0]
        return missing

    def size_bytes(self) -> int:
        """Return the size, in bytes, of the cached results in the group's file."""
        with self._database.read_transaction() as connection:
            row = connection.execute(
                "SELECT coalesce(sum(length(document)), 0) FROM results"
            ).fetchone()
        size: int = row[0]
        return size

    def clear(self) -> None:
        """Remove all stored results and free their space; raise StorageError if that fails."""
        with self._database.write_transaction() as tx:
            tx.execute("DELETE FROM results")
        self.writes += 1
        with suppress(StorageError):  # the file is in use; later data fills the free space
            self._database.compact()
