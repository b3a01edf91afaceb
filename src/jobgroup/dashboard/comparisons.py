"""Compare the distributions of jobs with that of the first job, or with their own ideals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from jobgroup.adapters import NoIdealError, ideal_of
from jobgroup.dashboard.measured import Found, measurements_of
from jobgroup.dashboard.protocol import Json
from jobgroup.errors import JobGroupError
from jobgroup.group import JobGroup, engine_session
from jobgroup.results.analysis import Side, compare_sides
from jobgroup.results.measurement import Measurement
from jobgroup.results.pool import Pool
from jobgroup.results.side_names import side_names
from jobgroup.store import JobRecord

MAX_SIDES: Final = 6
"""Maximum number of distributions that are drawn side by side."""

MAX_COMPARED_STATES: Final = 1_000
"""Number of states to send; the shares of the other states are summed."""


def compare_jobs(group: JobGroup, records: Sequence[JobRecord], *, ideal: bool = False) -> Json:
    """Return the shares of jobs with their errors, and the jobs' distances.

    Each job is compared with the first job or, if `ideal`, with its own noiseless result.
    """
    store = engine_session(group).store
    found = measurements_of(group).of_records(group, records[:MAX_SIDES])
    sides = [(r, m) for r in records for m in _measured(found.get(r.position, []))]
    shown = sides[:MAX_SIDES]
    pools = [Pool([measurement]) for _, measurement in shown]
    ideals = [_ideal(store.body(record.entry_id)) if ideal else {} for record, _ in shown]
    states = _states([*(pool.shares for pool in pools), *(i.get("shares", {}) for i in ideals)])
    return {
        "sides": [
            {
                "position": record.position,
                "iteration": measurement.iteration,
                "name": name,
                "samples": pool.samples,
                "entries": [[state, *pool.share(state)] for state in states],
                "rest": sum(share for state, share in pool.shares.items() if state not in states),
                "ideal": of_ideal.get("shares"),
                "no_ideal": of_ideal.get("problem", ""),
                **_comparison(
                    [(record, pool)] if ideal else [(record, pool), (shown[0][0], pools[0])],
                    of_ideal,
                    is_first=not rank and not ideal,
                ),
            }
            for rank, ((record, measurement), name, pool, of_ideal) in enumerate(
                zip(shown, side_names(shown), pools, ideals, strict=True)
            )
        ],
        "more": max(0, len(records) - MAX_SIDES) + len(sides) - len(shown),
        "failed": {p: parts for p, parts in found.items() if isinstance(parts, str)},
    }


def _measured(found: Found) -> list[Measurement]:
    return [] if isinstance(found, str) else [m for m in found if m.kind is not None]


def _states(distributions: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the states with the greatest shares in any distribution, and these shares."""
    greatest: dict[str, float] = {}
    for shares in distributions:
        for state, share in shares.items():
            greatest[state] = max(share, greatest.get(state, share))
    return dict(sorted(greatest.items(), key=lambda each: -each[1])[:MAX_COMPARED_STATES])


def _comparison(compared: Sequence[tuple[JobRecord, Pool]], ideal: Json, *, is_first: bool) -> Json:
    """Return the distance between two results, and the distance that chance alone would give.

    As in `JobGroup.compare`, partial results have neither.
    """
    if is_first or "problem" in ideal:
        return {"comparison": None, "problem": ""}
    for record, _ in compared:
        if record.state != "success":
            problem = f"Job {record.position} has only a partial result."
            return {"comparison": None, "problem": problem}
    sides = [Side(pool.shares, pool) for _, pool in compared]
    try:
        other = Side.of_ideal(ideal["shares"]) if ideal else sides[-1]
        return {"comparison": asdict(compare_sides(sides[0], other)), "problem": ""}
    except (JobGroupError, ValueError) as error:
        return {"comparison": None, "problem": str(error)}


def _ideal(body: Mapping[str, Any] | None) -> Json:
    try:
        return {"shares": ideal_of(body or {})}
    except NoIdealError as error:
        return {"problem": str(error)}
