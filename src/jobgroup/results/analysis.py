"""Combine the numbers of a group's jobs for datasets, figures and comparisons."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from jobgroup.adapters import iterations_of
from jobgroup.errors import warn
from jobgroup.results.distance import (
    Comparison,
    compare_counts,
    compare_with_ideal,
    total_variation,
)
from jobgroup.results.failures import failures_sentence
from jobgroup.results.pool import Pool
from jobgroup.results.results_table import ResultRow, partial_jobs, pooled
from jobgroup.results.states import label_of, shape_of
from jobgroup.results.study import Study, SweptNames, study_of
from jobgroup.results.variants import Settings
from jobgroup.store.encoding import as_json
from jobgroup.words import format_count, shown

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession
    from jobgroup.store import GroupStore


def study_of_group(
    session: GroupSession,
    rows: Sequence[ResultRow],
    sweep: str | None = None,
    report: Callable[[str], object] = warn,
) -> Study:
    """Return the points of the named sweep, or of a group's only sweep.

    In a group without sweeps, the swept names are the labels that all jobs have. If repeats differ
    by more than chance explains, or if probabilities are left out in favor of counts, `report` is
    called with a message. The default `report` issues it as a warning.

    Raises:
        ValueError: the sweep does not exist, or the group has several and no name was given.
    """
    store = session.store
    swept, entry_ids = _chosen_sweep(store, sweep)
    chosen = rows if entry_ids is None else [r for r in rows if r.record.entry_id in entry_ids]
    ids = {row.record.position: row.record.entry_id for row in rows}
    study = study_of(
        _with_iterations(store, chosen),
        swept,
        partial(_fingerprints, store, ids),
        partial(_settings, store, ids),
    )
    others = {r.record.position for r in rows} - {r.record.position for r in chosen}
    study = replace(study, outside=study.outside + len(others))
    if notes := [*_notes(session.name, study), *left_out_notes(session.name, _rows_of(study))]:
        report(" ".join(notes))
    return study


def _rows_of(study: Study) -> list[ResultRow]:
    return [row for point in study.points for row in point.rows]


def left_out_notes(name: str, rows: Iterable[ResultRow]) -> list[str]:
    """Return sentences about the results that are missing or partial, and so are not pooled."""
    rows, parts = list(rows), []
    failures = {r.record.position: r.failure for r in rows if r.is_missing and r.failure}
    if failures:
        done = {row.record.position for row in rows if row.record.state == "success"}
        parts.append(f"{failures_sentence(name, failures, of=len(done))} They are left out.")
    if partial := partial_jobs(rows):
        parts.append(
            f"Partial results of {_listed(partial)} of {name!r} are left out, because only results"
            " of jobs that ended in success are pooled."
        )
    return parts


def _listed(positions: Sequence[int]) -> str:
    more = f" and {len(positions) - 10} more" if len(positions) > 10 else ""
    return f"job{'s' * (len(positions) > 1)} {', '.join(map(str, positions[:10]))}{more}"


def _chosen_sweep(
    store: GroupStore, name: str | None
) -> tuple[SweptNames | None, Collection[int] | None]:
    sweeps = store.sweeps.all()
    found = [each for each in sweeps if name is None or each.name == name]
    if len(found) == 1:
        sweep = found[0]
        ids = store.sweeps.by_entry()
        swept = SweptNames(sweep.names, sweep.units, sweep.long_names, sweep.name)
        return swept, {entry_id for entry_id, id_ in ids.items() if id_ == sweep.id}
    names = ", ".join(repr(each.name) for each in sweeps)
    if name is not None:
        there_are = f"Its sweeps are: {names}." if names else "It has no sweeps."
        raise ValueError(f"This group has no sweep {shown(name)}. {there_are}")
    if found:
        raise ValueError(f"This group has several sweeps. Choose one with sweep=: {names}.")
    return None, None


def _with_iterations(store: GroupStore, rows: Sequence[ResultRow]) -> list[ResultRow]:
    """Return the rows. Jobs without a result get all values that their iterations vary.

    A job's params have the values of few iterations, shortened. Only its body has all of them.
    """
    lacking = {row.record.entry_id for row in rows if _lacks_iterations(row)}
    found = {at: iterations_of(body) for at, body in store.fingerprints.bodies(sorted(lacking))}
    return [
        row
        if not (iterator := found.get(row.record.entry_id))
        else replace(
            row,
            record=row.record._replace(
                params_json=as_json({**row.record.params, "iterator": iterator})
            ),
        )
        for row in rows
    ]


def _lacks_iterations(row: ResultRow) -> bool:
    is_missing = row.measurement.iteration is None and not row.measurement.values
    if not is_missing or '"iterations"' not in row.record.params_json:
        return False
    params = row.record.params
    columns = params.get("iterator")
    if not isinstance(columns, dict):
        return True
    values = [v for column in columns.values() if isinstance(column, list) for v in column]
    is_short = any(isinstance(value, str) and value.endswith("…") for value in values)
    return is_short or len(values) != len(columns) * params["iterations"]


def _fingerprints(
    store: GroupStore, ids: Mapping[int, int], positions: list[int]
) -> Mapping[int, bytes]:
    found = store.fingerprints.of([ids[position] for position in positions])
    return {at: found[ids[at]].settings for at in positions if ids[at] in found}


def _settings(
    store: GroupStore, ids: Mapping[int, int], positions: list[int]
) -> Mapping[int, Settings]:
    found = store.fingerprints.settings([ids[position] for position in positions])
    return {at: found[ids[at]] for at in positions if ids[at] in found}


def _notes(name: str, study: Study) -> list[str]:
    parts = []
    if unlike := study.disagreements():
        more = f" and {format_count(len(unlike) - 3, 'more point')}" if len(unlike) > 3 else ""
        parts.append(
            f"Repeats of {name!r} differ by more than chance at {'; '.join(unlike[:3])}{more}:"
            ' errors="scatter" uses their spread.'
        )
    if left_out := study.left_out():
        parts.append(
            f"Probabilities of {_listed(left_out)} are left out, because"
            " counts at the same point are used."
        )
    return parts


# -- comparison ------------------------------------------------------------------------------------

Ideal = Mapping[Any, float]


def compare_sides(a: Side, b: Side, seed: int = 0) -> Comparison:
    """Compare two sides by their total variation distance.

    Raises:
        ValueError: the sides' states have different numbers of modes, or a side has no results.
    """
    if a.modes and b.modes and not a.modes & b.modes:
        raise ValueError(
            f"Results with {_numbers(a.modes)} modes cannot be compared with results with"
            f" {_numbers(b.modes)} modes."
        )
    if a.samples and b.samples:
        found = compare_counts(a.counts, b.counts, seed=seed)
    elif (a.samples and b.is_ideal) or (b.samples and a.is_ideal):
        counted, ideal = (a, b) if a.samples else (b, a)
        found = compare_with_ideal(counted.counts, ideal.shares, seed=seed)
    else:
        found = Comparison(total_variation(a.shares, b.shares))
    return replace(
        found,
        samples=(a.samples, b.samples),
        left_out=tuple(sorted({*a.left_out, *b.left_out})),
        skipped=tuple(sorted({*a.skipped, *b.skipped})),
    )


class Side:
    """One side of a comparison: pooled jobs, or an ideal distribution.

    Args:
        shares: shares of the side's states.
        pool: pooled results; None for an ideal distribution.
        skipped: positions of the side's jobs that have no complete result.

    Raises:
        ValueError: the side has no results, or the ideal is not a distribution.
    """

    def __init__(
        self, shares: Mapping[str, float], pool: Pool | None = None, skipped: Sequence[int] = ()
    ) -> None:
        self.shares = shares
        self.skipped = skipped
        self.is_ideal = pool is None
        self.counts: Mapping[str, int] = {} if pool is None else pool.counts
        self.samples = None if pool is None else pool.samples
        self.left_out = [] if pool is None else [m.position for m in pool.left_out]
        shapes = (shape_of(state) for state in shares)
        self.modes = {shape.modes for shape in shapes if shape is not None}

    @classmethod
    def of_jobs(cls, rows: Iterable[ResultRow], iteration: int | None) -> Side:
        """Return the pooled results of some jobs."""
        rows = list(rows)
        if iteration is not None:
            rows = [row for row in rows if row.measurement.iteration in (None, iteration)]
        elif any(row.measurement.iteration for row in rows):
            raise ValueError("These jobs have several iterations. Choose one with iteration=.")
        positions = {row.record.position for row in rows}
        pool = pooled(rows)
        if not pool.shares:
            partial = partial_jobs(rows)
            what = f"only partial results of {_listed(partial)}" if partial else "no results"
            raise ValueError(f"Nothing to compare: a side has {what} or no samples.")
        measured = {m.position for m in (*pool.used, *pool.left_out)}
        return cls(pool.shares, pool, sorted(positions - measured))

    @classmethod
    def of_ideal(cls, given: Ideal) -> Side:
        """Return a given distribution as a side, which is exact and has no samples."""
        shares: dict[str, float] = {}
        for state, value in given.items():
            shares[label_of(state)] = shares.get(label_of(state), 0.0) + float(value)
        total = math.fsum(shares.values())
        if not shares or min(shares.values()) < 0 or not math.isclose(total, 1, abs_tol=1e-6):
            raise ValueError(
                "An ideal distribution needs probabilities from 0 to 1 whose sum is 1, got"
                f" {shown(given)}."
            )
        return cls(shares)


def _numbers(numbers: Iterable[int]) -> str:
    return " and ".join(map(str, sorted(numbers)))
