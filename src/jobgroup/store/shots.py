"""Count the shots that jobs may use and those that a group has used."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from jobgroup.errors import BudgetExceededError
from jobgroup.store.database import Database
from jobgroup.store.encoding import as_object, decompress_object
from jobgroup.store.transaction import Transaction
from jobgroup.words import format_count


def shots_limit(params: Mapping[str, Any], subjobs: int = 1) -> int | None:
    """Return the maximum number of shots of a job; None if its parameters do not limit it.

    ``max_shots`` limits one call of the platform. Each iteration, and each job on the cloud, may
    use that many shots.

    >>> shots_limit({"max_shots": 100, "iterations": 3}), shots_limit({"max_samples": 100})
    (300, None)
    """
    numbers = [params.get("max_shots"), params.get("iterations", 1), subjobs]
    iterated = params.get("iterator")
    if isinstance(iterated, Mapping) and "max_shots" in iterated:
        return None
    product = 1
    for number in numbers:
        if not isinstance(number, int) or isinstance(number, bool):
            return None
        product *= number
    return product


def shots_limit_of(
    connection: Any, payload_id: int | None, composition_id: int | None, params: str
) -> int | None:
    subjobs = 1
    if composition_id is not None:
        row = connection.execute(
            "SELECT CAST(body AS BLOB) FROM payloads WHERE id = ?", (payload_id,)
        ).fetchone()
        parts = (decompress_object(row[0]) or {}).get("parts") if row else None
        subjobs = len(parts) if isinstance(parts, list) else 1
    return shots_limit(as_object(params), subjobs)


def shots_limits(
    database: Database, entry_ids: Iterable[int] | None, states: Iterable[str]
) -> list[int | None]:
    """Return the maximum number of shots of each job in certain states; None for all states."""
    wanted = "" if entry_ids is None else " AND id IN (SELECT value FROM json_each(?))"
    given = [] if entry_ids is None else [json.dumps(list(entry_ids))]
    with database.read_transaction() as connection:
        rows = connection.execute(
            "SELECT payload_id, composition_id, params FROM jobs"  # noqa: S608
            f" WHERE state IN (SELECT value FROM json_each(?)){wanted}",
            (json.dumps(list(states)), *given),
        ).fetchall()
        return [shots_limit_of(connection, *row) for row in rows]


def check_budget(tx: Transaction, position: int, limit: int | None, budget: int) -> None:
    """Raise BudgetExceededError if a job may use more shots than the group's budget has left.

    An attempt counts with the shots that its cloud reported at its end. Without a report, it counts
    with the limit that it was sent with.
    """
    used, unlimited = tx.execute(
        "SELECT total(coalesce(used, max_shots)), count(*) - count(coalesce(used, max_shots))"
        " FROM (SELECT max_shots, CASE WHEN state IN ('success', 'error', 'canceled')"
        " THEN shots END AS used FROM attempts)"
    ).fetchone()
    if limit is None or unlimited:
        earlier = format_count(unlimited, "earlier attempt")
        which = f"job {position} has" if limit is None else f"{earlier} had"
        raise BudgetExceededError(
            f"budget_shots cannot be enforced: {which} no max_shots. Job {position} and the jobs"
            " after it were not sent. Limit the shots of each job, or run without budget_shots."
        )
    if used + limit > budget:
        raise BudgetExceededError(
            f"Job {position} was not sent: it may use {limit:,} shots, and budget_shots={budget:,}"
            f" leaves {max(0, budget - int(used)):,}. Jobs that were sent continue. Raise"
            " budget_shots to send the rest."
        )
