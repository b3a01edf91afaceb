"""Convert results to an xarray dataset with a dimension for each swept name and for states."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from jobgroup.errors import MissingDependencyError
from jobgroup.results.cells import Cell
from jobgroup.results.expression import Expression
from jobgroup.results.pool import PERFORMANCES, ErrorKind, Quantity, scalar_names
from jobgroup.results.results_table import (
    NOT_SAMPLED,
    ResultRow,
    check_known,
    is_measured,
    level_of,
    missing_jobs,
    partial_jobs,
)
from jobgroup.results.states import in_order, label_of
from jobgroup.results.study import Point, Study
from jobgroup.rounding import ValueKey, key_of
from jobgroup.status import FAILED
from jobgroup.values import as_float, time_of
from jobgroup.words import on_one_line

if TYPE_CHECKING:
    from xarray import Dataset

MAX_ARRAY_CELLS: Final = 10_000_000
"""Maximum size of a variable with states. Above it, only the most frequent states are kept."""

STATES_KEPT: Final = 1_000

Repeats = Literal["pool", "keep"]

LONG_NAMES: Final[Mapping[str, str]] = {
    "state": "output state",
    "count": "counts",
    "p": "share among selected samples",
    "p_err": "standard error of p",
    "p_low": "lower end of the interval of p",
    "p_high": "upper end of the interval of p",
    "p_rest": "total share of omitted states",
    "count_rest": "total counts of omitted states",
    "samples": "sum of all counts",
    "shots": "shots used",
    "physical_perf": "share of shots that pass the detection filters",
    "logical_perf": "share of detected events that pass the selection",
    "global_perf": "share of shots that pass detection and selection",
    "status": "status of the jobs",
    "jobs": "number of jobs",
    "done": "number of successful jobs",
    "failed": "number of failed jobs",
    "variant": "jobs with different settings at the same point",
    "repeat": "index among the jobs of a point",
    "point": "index of the point",
}


def dataset_of(
    study: Study,
    *,
    definitions: Mapping[str, Expression],
    attributes: Mapping[str, Any],
    states: int | Iterable[str] | None = None,
    repeats: Repeats = "pool",
    errors: ErrorKind = "counts",
    interval: bool | float = False,
    grid: bool | None = None,
) -> Dataset:
    """Return the points of a study as a dataset; see `JobGroup.to_xarray`.

    Raises:
        MissingDependencyError: xarray is not installed.
        UnknownColumnError: `states` or a definition names a state that no job has.
        ValueError: `repeats` or `errors` is unknown.
    """
    try:
        import numpy as np
        import xarray as xr
    except ImportError as error:
        raise MissingDependencyError(
            'to_xarray() needs xarray. Install it with pip install "jobgroup[xarray]".'
        ) from error
    if repeats not in ("pool", "keep"):
        raise ValueError(f'repeats must be "pool" or "keep", got {repeats!r:.40}.')
    if errors not in ("counts", "scatter"):
        raise ValueError(f'errors must be "counts" or "scatter", got {errors!r:.40}.')
    layout = _Layout(study, repeats, grid)
    known = in_order({s for point in layout.points for m in point.pool.used for s in m.values})
    rows = [row for point in layout.points for row in point.rows]
    returned = dict.fromkeys(state for row in rows for state in row.measurement.values)
    is_known = {
        name: is_measured(expression, returned, rows) for name, expression in definitions.items()
    }
    kept = _kept_states(layout, known, states)
    has_interval = interval is not False
    variables = _Variables(layout, np, level_of(interval), errors, has_interval=has_interval)
    variables.add_shares(kept, known)
    for name, expression in definitions.items():
        variables.add_derived(name, expression, is_known=is_known[name])
    variables.add_scalars()
    variables.add_jobs()
    state = (("state",), np.array(kept, dtype=object), {"long_name": LONG_NAMES["state"]})
    return xr.Dataset(
        variables.made,
        {**layout.coords(np), "state": state},
        {
            "Conventions": "CF-1.11",
            **_versions(),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "states": len(kept),
            "states_returned": len(known),
            "jobs_outside": study.outside,
            "errors": errors,
            "repeats": repeats,
            **({"interval_level": level_of(interval)} if interval is not False else {}),
            **_remarks(study, layout),
            **{name: _attribute(value) for name, value in attributes.items() if value},
        },
    )


class _Variables:
    """The variables of a dataset, filled cell by cell."""

    def __init__(
        self, layout: _Layout, np: Any, level: float, errors: ErrorKind, *, has_interval: bool
    ) -> None:
        self.made: dict[str, tuple[tuple[str, ...], Any, dict[str, str]]] = {}
        self._layout, self._np = layout, np
        self._level, self._errors, self._has_interval = level, errors, has_interval

    def _add(self, name: str, values: Iterable[Any], fill: Any = math.nan, **attrs: str) -> None:
        layout, is_text = self._layout, isinstance(fill, str)
        data = self._np.full(layout.shape, fill, dtype=object if is_text else None)
        for index, value in zip(layout.indices, values, strict=True):
            data[index] = fill if value is None else value if is_text else as_float(value)
        attrs = {"long_name": LONG_NAMES.get(name, name), **attrs}
        self.made[name] = (layout.dims, data, attrs)

    def _add_result(self, name: str, values: Iterable[Any], **attrs: str) -> None:
        """Add a number of the results, whose name may be taken."""
        about = LONG_NAMES.get(name, name) if name in PERFORMANCES else name
        attrs = {"units": "1", "long_name": about, **attrs}
        self._add(self._layout.unique_name(name, "result"), values, **attrs)

    def add_shares(self, kept: list[str], known: list[str]) -> None:
        layout, ends = self._layout, ["value", "error"]
        names = ["count", "p", "p_err"]
        if self._has_interval:
            ends += ["low", "high"]
            names += ["p_low", "p_high"]
        made = {name: self._np.full((*layout.shape, len(kept)), self._np.nan) for name in names}
        for index, point in zip(layout.indices, layout.points, strict=True):
            pool = point.pool
            for i, state in enumerate(kept):
                share = pool.share(state, level=self._level, errors=self._errors)
                values = [pool.count(state), *(getattr(share, end) for end in ends)]
                for name, value in zip(names, values, strict=True):
                    if value is not None:
                        made[name][(*index, i)] = as_float(value)
        for name, data in made.items():
            attrs = {"long_name": LONG_NAMES[name], "units": "1"}
            self.made[name] = ((*layout.dims, "state"), data, attrs)
        if len(kept) < len(known):
            pools, rest = [point.pool for point in layout.points], set(known) - set(kept)
            self._add("p_rest", (_rest(pool.shares, rest) for pool in pools), units="1")
            self._add("count_rest", (_rest(pool.counts, rest) for pool in pools), units="1")

    def add_scalars(self) -> None:
        points = self._layout.points
        self._add("samples", (point.pool.samples for point in points), units="1")
        for name in scalar_names(row.measurement for point in points for row in point.rows):
            if name not in ("shots", "samples"):
                found = (point.pool.scalar(name, errors=self._errors) for point in points)
                self._add_result(name, [each.value for each in found])

    def add_derived(self, name: str, expression: Expression, *, is_known: bool) -> None:
        found = [
            point.pool.quantity(expression, level=self._level, errors=self._errors)
            if is_known
            else Quantity()
            for point in self._layout.points
        ]
        self._add_result(name, (each.value for each in found), expression=expression.text)
        about = f"standard error of {name}"
        self._add_result(f"{name}_err", (each.error for each in found), long_name=about)
        if self._has_interval:
            self._add_result(f"{name}_low", (each.low for each in found))
            self._add_result(f"{name}_high", (each.high for each in found))

    def add_jobs(self) -> None:
        states = [point.states for point in self._layout.points]
        self._add("status", (_status(each) for each in states), "")
        self._add("jobs", map(len, states), 0, units="1")
        self._add("done", (each.count("success") for each in states), 0, units="1")
        failed = (sum(s in FAILED for s in each) for each in states)
        self._add("failed", failed, 0, units="1")
        self._add_shots()

    def _add_shots(self) -> None:
        """Add the shots of the pooled jobs, which have no dimension for iterations.

        A sum without a job's shots would not fit the samples.
        """
        layout, np = self._layout, self._np
        if not any(r.record.shots is not None for p in layout.points for r in p.rows):
            return
        axes = layout.axes_of_jobs
        data = np.full(tuple(layout.shape[i] for i in axes), np.nan)
        shots: dict[tuple[int, ...], dict[int, int | None]] = {}
        for index, point in zip(layout.indices, layout.points, strict=True):
            at = tuple(index[i] for i in axes)
            for row in point.rows:
                if row.record.state == "success" and not row.is_missing:
                    shots.setdefault(at, {})[row.record.position] = row.record.shots
        for at, of_jobs in shots.items():
            known = [each for each in of_jobs.values() if each is not None]
            data[at] = sum(known) if len(known) == len(of_jobs) else math.nan
        attrs = {"long_name": LONG_NAMES["shots"], "units": "1"}
        self.made["shots"] = (tuple(layout.dims[i] for i in axes), data, attrs)


class _Layout:
    """The index of each point, on a grid of the swept names or along one dimension of points."""

    def __init__(self, study: Study, repeats: Repeats, grid: bool | None) -> None:
        self._study = study
        self.points, ranks = (study.points, [0] * len(study.points))
        if repeats == "keep":
            self.points, ranks = _one_by_one(study.points)
        places = {_place(point): point.values for point in self.points}
        self.is_grid = 2 * len(places) >= study.cells if grid is None else grid
        self._places = [] if self.is_grid else list(places.values())
        self._repeats = max(ranks, default=-1) + 1
        has_variants = len(study.variants) > 1
        self._taken = set(LONG_NAMES) - set(PERFORMANCES)
        self.names = self._names_of_dimensions()
        self.dims = (
            *(self.names if self.is_grid else ("point",)),
            *(("variant",) if has_variants else ()),
            *(("repeat",) if repeats == "keep" else ()),
        )
        first_iterated = len(study.names) - study.iterated
        self.axes_of_jobs = [
            i
            for i in range(len(self.dims))
            if not (self.is_grid and first_iterated <= i < len(study.names))
        ]
        axes = [
            {key_of(value): i for i, value in enumerate(study.coordinates[name])}
            for name in study.names
        ]
        at = {place: i for i, place in enumerate(places)}
        self.shape = (
            *((len(axis) for axis in axes) if self.is_grid else (len(at),)),
            *((len(study.variants),) if has_variants else ()),
            *((self._repeats,) if repeats == "keep" else ()),
        )
        self.indices = [
            (
                *(
                    (axis[key_of(v)] for axis, v in zip(axes, point.values, strict=True))
                    if self.is_grid
                    else (at[_place(point)],)
                ),
                *((point.variant,) if has_variants else ()),
                *((rank,) if repeats == "keep" else ()),
            )
            for point, rank in zip(self.points, ranks, strict=True)
        ]

    def unique_name(self, name: str, prefix: str) -> str:
        """Return a name that netCDF allows; if it is taken, with the prefix of tables."""
        plain = _netcdf_name(name)
        while plain in self._taken:
            plain = f"{prefix}.{plain}"
        self._taken.add(plain)
        return plain

    def _names_of_dimensions(self) -> tuple[str, ...]:
        names, iterated = self._study.names, self._study.iterated
        prefixes = ["label"] * (len(names) - iterated) + ["param"] * iterated
        # A name that netCDF allows takes precedence over one that becomes the same.
        order = sorted(range(len(names)), key=lambda i: _netcdf_name(names[i]) != names[i])
        found = {i: self.unique_name(names[i], prefixes[i]) for i in order}
        return tuple(found[i] for i in range(len(names)))

    def coords(self, np: Any) -> dict[str, tuple[tuple[str, ...], Any, dict[str, Any]]]:
        """Return the values of each dimension, with long names and units."""
        study = self._study
        found: dict[str, tuple[tuple[str, ...], Any, dict[str, Any]]] = {}
        for i, name in enumerate(study.names):
            values = (
                study.coordinates[name] if self.is_grid else [place[i] for place in self._places]
            )
            attrs = {"long_name": study.swept.long_names.get(name, name)}
            if name in study.swept.units:
                attrs["units"] = study.swept.units[name]
            dims = (self.names[i],) if self.is_grid else ("point",)
            found[self.names[i]] = (dims, coordinate(values, np), attrs)
        for name, length in (("point", len(self._places)), ("repeat", self._repeats)):
            if name in self.dims:
                found[name] = ((name,), np.arange(length), {"long_name": LONG_NAMES[name]})
        if "variant" in self.dims:
            texts = np.array([each.text for each in study.variants], dtype=object)
            found["variant"] = (("variant",), texts, {"long_name": LONG_NAMES["variant"]})
        return found


def _place(point: Point) -> tuple[ValueKey, ...]:
    return tuple(map(key_of, point.values))


def _one_by_one(points: Iterable[Point]) -> tuple[list[Point], list[int]]:
    """Return a point for each job, and the job's index among the jobs of the original point."""
    alone: list[Point] = []
    ranks: list[int] = []
    for point in points:
        jobs: dict[int, list[ResultRow]] = {}
        for row in point.rows:
            jobs.setdefault(row.record.position, []).append(row)
        alone += [Point(point.values, point.variant, rows) for rows in jobs.values()]
        ranks += range(len(jobs))
    return alone, ranks


def coordinate(values: Sequence[Cell], np: Any) -> Any:
    """Return values as an array of numbers, booleans or times; of strings for other values.

    Integers that neither an int64 nor a float holds exactly become strings.
    """
    if values and all(isinstance(value, bool) for value in values):
        return np.array(values, dtype=bool)
    if not any(isinstance(value, bool | str) for value in values):
        is_whole = all(isinstance(value, int) and abs(value) < 2**63 for value in values)
        if is_whole and values:
            return np.array(values, dtype=np.int64)
        if all(not isinstance(value, int) or as_float(value) == value for value in values):
            return np.array([math.nan if value is None else value for value in values], dtype=float)
    times = [time for value in values if (time := time_of(value))]
    if len(times) == len(values):
        # Nanoseconds, which all releases of xarray support, reach from 1678 to 2261.
        is_near = all(1678 <= time.year < 2262 for time in times)
        return np.array(times, dtype="datetime64[ns]" if is_near else "datetime64[us]")
    return np.array(["" if value is None else str(value) for value in values], dtype=object)


def _kept_states(
    layout: _Layout, known: list[str], states: int | Iterable[str] | None
) -> list[str]:
    if states is not None and not isinstance(states, int):
        named = [label_of(s) for s in ([states] if isinstance(states, str) else states)]
        check_known(named, dict.fromkeys(known))
        return list(dict.fromkeys(named))
    is_too_large = math.prod(layout.shape) * len(known) > MAX_ARRAY_CELLS
    most = STATES_KEPT if states is None and is_too_large else states
    if most is None or most >= len(known):
        return known
    greatest = dict.fromkeys(known, 0.0)
    for point in layout.points:
        for state, share in point.pool.shares.items():
            greatest[state] = max(greatest[state], share)
    return in_order(sorted(known, key=lambda state: -greatest[state])[: max(0, most)])


def _rest(values: Mapping[str, float], rest: set[str]) -> float | None:
    return sum(value for state, value in values.items() if state in rest) if values else None


def _status(states: list[str]) -> str:
    return states[0] if len(set(states)) == 1 else "mixed"


def _remarks(study: Study, layout: _Layout) -> dict[str, str]:
    """Return remarks about probabilities, variants, omitted jobs, and repeats that differ."""
    found: dict[str, str] = {}
    kinds = Counter(p.pool.kind for p in layout.points if p.pool.kind)
    if kinds["probability"]:
        number = f"{kinds['probability']} of {sum(kinds.values())} points "
        found["not_sampled"] = f"{number}{NOT_SAMPLED}"
    if len(study.variants) > 1:
        found["variants"] = " | ".join(each.text for each in study.variants)
    if left_out := study.left_out():
        found["left_out"] = (
            f"probabilities of jobs {', '.join(map(str, left_out))}, because counts are used"
        )
    rows = [row for point in layout.points for row in point.rows]
    for name, jobs in (("missing_results", missing_jobs), ("partial_results", partial_jobs)):
        if positions := jobs(rows):
            found[name] = f"jobs {', '.join(map(str, positions))}"
    if unlike := study.disagreements():
        found["repeats_differ"] = "; ".join(unlike)
    return found


def _attribute(value: Any) -> str | int | float:
    return value if isinstance(value, str | int | float) else json.dumps(value, default=str)


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version  # imports 30 modules

    found = {}
    for package, name in (("jobgroup", "jobgroup"), ("perceval-quandela", "perceval")):
        try:
            found[f"{name}_version"] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _netcdf_name(name: str) -> str:
    """Return a name that netCDF allows."""
    plain = on_one_line(name).replace("/", "_").strip()
    return "_" if plain in ("", ".") else plain
