"""Record incidents that prevent sending or polling, such as an outage or a rejected token."""

from __future__ import annotations

import builtins

from jobgroup.errors import CredentialsError, InsufficientCreditsError
from jobgroup.store.database import Database
from jobgroup.store.records import Incident, IncidentKind


def incident_kind(error: Exception) -> IncidentKind:
    if isinstance(error, CredentialsError):
        return "token"
    if isinstance(error, InsufficientCreditsError):
        return "credits"
    return "unreachable"


class Incidents:
    """Unresolved incidents, which every process sees until the cloud responds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> builtins.list[Incident]:
        """Return all unresolved incidents, oldest first."""
        with self._database.read_transaction() as connection:
            rows = connection.execute(
                "SELECT kind, origin, account, opened_at, message FROM incidents ORDER BY opened_at"
            )
            return [Incident(*row) for row in rows]

    def open(self, kind: IncidentKind, origin: str, account: str, message: str) -> None:
        """Record an incident; one that is already open keeps its start time."""
        with self._database.write_transaction() as tx:
            tx.execute(
                "INSERT INTO incidents VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (kind, origin, account) DO UPDATE SET message = excluded.message",
                (kind, origin, account, tx.now, message),
            )
            tx.bump_version()

    def resolve(self, origin: str, account: str) -> bool:
        """Remove an account's incidents, as its cloud responds again; return whether it had any."""
        if not any((i.origin, i.account) == (origin, account) for i in self.list()):
            return False
        with self._database.write_transaction() as tx:
            tx.execute("DELETE FROM incidents WHERE origin = ? AND account = ?", (origin, account))
            tx.bump_version()
        return True
