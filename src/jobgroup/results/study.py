"""Define `Study`, the points of a sweep, with each point's jobs pooled. Pure.

Jobs are pooled if they have the same point and equal settings. A job's settings are the fingerprint
of its body without `max_samples` and `max_shots`. Jobs with different settings at the same point
are different variants; `variants` finds the jobs of each variant at all points.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jobgroup.errors import UnknownColumnError
from jobgroup.fingerprint import LIMITS, settings_of
from jobgroup.results.cells import Cell, cell, flattened
from jobgroup.results.measurement import Measurement
from jobgroup.results.pool import Pool
from jobgroup.results.results_table import ResultRow, pooled
from jobgroup.results.shown_values import shown_value
from jobgroup.results.variants import PointKey, Settings, descriptions
from jobgroup.rounding import KnownValues, ValueKey, is_number, key_of
from jobgroup.values import time_of

if TYPE_CHECKING:
    from jobgroup.store import JobRecord

MIN_DISAGREEMENT: Final = 0.001
"""P-value of the chi-squared test below which repeats are reported."""


class SweptNames(NamedTuple):
    """A sweep's swept names, in order, with their units and long names."""

    names: tuple[str, ...]
    units: Mapping[str, str] = {}
    long_names: Mapping[str, str] = {}
    name: str = ""


class Variant(NamedTuple):
    """Settings that jobs of a study share at all points.

    Attributes:
        platform: platform of the jobs.
        labels: names and values of the labels that are not swept.
        difference: how the settings differ from those of the first such job; "" if they do not.
    """

    platform: str
    labels: tuple[tuple[str, str], ...] = ()
    difference: str = ""

    @property
    def text(self) -> str:
        """Description."""
        about = [self.platform, *(f"{name} {value}" for name, value in self.labels)]
        return "; ".join(filter(None, [", ".join(filter(None, about)), self.difference]))


@dataclass(frozen=True)
class Point:
    """The jobs of one point and variant.

    Attributes:
        values: value of each name of the study.
        variant: index of the variant in the study's `variants`.
        rows: jobs and iterations, in the group's order.
    """

    values: tuple[Cell, ...]
    variant: int
    rows: list[ResultRow]

    @cached_property
    def pool(self) -> Pool:
        """Pooled results of the jobs."""
        return pooled(self.rows)

    @property
    def states(self) -> list[str]:
        """State of each job."""
        return list({row.record.position: row.record.state for row in self.rows}.values())

    @property
    def is_measured(self) -> bool:
        """Whether the point has outcomes."""
        return self.pool.kind is not None


@dataclass(frozen=True)
class Study:
    """The points of a group or of one of its sweeps.

    Attributes:
        names: swept names, followed by the names that iterations vary.
        iterated: number of names that iterations vary.
        points: points, in the order in which they were added.
        variants: variants that the points have, in the order of the jobs.
        coordinates: values of each name, in the order of an axis.
        outside: number of jobs that belong to no point.
        swept: units and long names of the swept names.
    """

    names: tuple[str, ...]
    iterated: int
    points: list[Point]
    variants: list[Variant]
    coordinates: Mapping[str, list[Cell]]
    outside: int
    swept: SweptNames = field(default_factory=lambda: SweptNames(()))

    @property
    def cells(self) -> int:
        """Number of cells of the grid that the coordinates span."""
        return math.prod(len(values) for values in self.coordinates.values())

    def label(self, name: str) -> str:
        """Return the label of an axis: the long name and the unit."""
        unit = self.swept.units.get(name)
        return self.swept.long_names.get(name, name) + (f" [{unit}]" if unit else "")

    def index(self, name: str) -> int:
        """Return the index of a name.

        Raises:
            UnknownColumnError: the study does not have the name.
        """
        if name not in self.names:
            raise UnknownColumnError(
                f"There is no swept name {name!r:.80}. Swept names are: {', '.join(self.names)}."
            )
        return self.names.index(name)

    def with_variants(self) -> Study:
        """Return the study with an additional name for its variants, if it has several.

        The name is ``variant``, or ``variant of settings`` if a swept value is called ``variant``.
        """
        texts = [each.text for each in self.variants]
        if len(texts) < 2:
            return self
        added = "variant"
        if added in self.names:
            at = self.names.index(added)
            if all(point.values[at] == texts[point.variant] for point in self.points):
                return self
            added = "variant of settings"
        if added in self.names:
            return self
        points = [
            replace(point, values=(*point.values, texts[point.variant])) for point in self.points
        ]
        coordinates = {**self.coordinates, added: list[Cell](texts)}
        return replace(self, names=(*self.names, added), points=points, coordinates=coordinates)

    def disagreements(self) -> list[str]:
        """Describe the points whose repeats differ by more than chance explains."""
        found = []
        for point in self.points:
            p = point.pool.disagreement()
            if p is not None and p < MIN_DISAGREEMENT:
                pairs = zip(self.names, point.values, strict=True)
                found.append(", ".join(f"{name} {shown_value(value)}" for name, value in pairs))
        return found

    def left_out(self) -> list[int]:
        """Return the positions of jobs whose probabilities are unused, because there are counts."""
        return sorted({m.position for point in self.points for m in point.pool.left_out})


def study_of(
    rows: Sequence[ResultRow],
    swept: SweptNames | None,
    fingerprints: Callable[[list[int]], Mapping[int, Hashable]],
    settings: Callable[[list[int]], Mapping[int, Settings]],
) -> Study:
    """Return the points of the rows.

    Args:
        rows: rows of the group.
        swept: names that a sweep varies; None for the labels that all jobs have or, if there are
            none, for the jobs' positions.
        fingerprints: function that returns a value for each position; equal settings have equal
            values.
        settings: function that returns the settings for each position. Both functions leave out
            jobs without a body.
    """
    swept = swept or SweptNames(_common_labels(rows))
    rows = [each for row in rows for each in _iterations_of(row)]
    placed = [(row, values) for row in rows if (values := _swept_values(row, swept.names))]
    if not swept.names:
        placed = [(row, (row.record.position,)) for row in rows]
    names = swept.names or ("job",)
    iterated = _iterated_names([row for row, _ in placed], names)
    full = [(row, (*values, *_iterated_values(row, iterated))) for row, values in placed]
    every = tuple(dict.fromkeys((*names, *iterated.values())))
    known = [Values(values[i] for _, values in full) for i in range(len(every))]
    at: dict[tuple[ValueKey, ...], list[ResultRow]] = {}
    for row, values in full:
        key = tuple(each.key(value) for each, value in zip(known, values, strict=True))
        at.setdefault(key, []).append(row)
    points, variants = _with_variants(at, known, swept, fingerprints, settings)
    coordinates = {name: values.in_order() for name, values in zip(every, known, strict=True)}
    outside = len({r.record.position for r in rows} - {r.record.position for r, _ in placed})
    return Study(every, len(iterated), points, variants, coordinates, outside, swept)


def _common_labels(rows: Iterable[ResultRow]) -> tuple[str, ...]:
    """Return the names of labels that all labeled jobs have, without missing values."""
    labelled = [row.record.labels for row in rows if row.record.labels]
    first = labelled[0] if labelled else {}
    return tuple(
        name for name in first if all(cell_or_gap(each.get(name)) is not None for each in labelled)
    )


def cell_or_gap(value: Any) -> Cell:
    """Return a value as a cell. NaN, which marks a missing value, becomes a gap."""
    found = cell(value)
    return None if isinstance(found, float) and math.isnan(found) else found


def _swept_values(row: ResultRow, names: Sequence[str]) -> tuple[Cell, ...] | None:
    labels = row.record.labels
    values = tuple(cell_or_gap(labels.get(name)) for name in names)
    return None if None in values else values


def _iterations_of(row: ResultRow) -> list[ResultRow]:
    """Return the row; for a job with iterations and without a result, a row for each iteration."""
    params = row.record.params
    columns, number = params.get("iterator"), params.get("iterations")
    if row.measurement.iteration is not None or not isinstance(columns, dict):
        return [row]
    lengths = {len(values) for values in columns.values() if isinstance(values, list)}
    if not isinstance(number, int) or lengths != {number} or row.measurement.values:
        return [row]
    varied = [
        flattened({name: values[i] for name, values in columns.items()}) for i in range(number)
    ]
    return [
        replace(row, measurement=Measurement(row.record.position, i, each))
        for i, each in enumerate(varied)
    ]


def _iterated_names(rows: Sequence[ResultRow], names: Sequence[str]) -> dict[str, str]:
    """Return the names that iterations vary, and their columns next to the swept names."""
    found = dict.fromkeys(name for row in rows for name in row.measurement.params)
    if not found and any(row.measurement.iteration is not None for row in rows):
        found = {"iteration": None}
    return {name: f"param.{name}" if name in names else name for name in found}


def _iterated_values(row: ResultRow, names: Mapping[str, str]) -> tuple[Cell, ...]:
    if names.keys() == {"iteration"} and "iteration" not in row.measurement.params:
        return (row.measurement.iteration,)
    return tuple(cell_or_gap(row.measurement.params.get(name)) for name in names)


class Values:
    """The values of one name: their keys, which equal values share, and their order on an axis."""

    def __init__(self, values: Iterable[Cell]) -> None:
        given = list(values)
        self._known = KnownValues(given)
        numbers: list[Any] = [value for value in given if is_number(value)]
        for number in sorted(numbers):  # faster than in another order
            self._known.of(number)
        self._values: dict[ValueKey, Cell] = {}
        for value in given:
            self._values.setdefault(self.key(value), value)

    def key(self, value: Cell) -> ValueKey:
        """Return the key that equal values share."""
        return key_of(self._known.of(value))

    def value(self, key: ValueKey) -> Cell:
        """Return the value of a key."""
        return self._values[key]

    def in_order(self) -> list[Cell]:
        """Return the values in order: numbers or times ascending, but as given if some are other.

        Gaps come last.
        """
        numbers = [key for key in self._values if key[0] == "number"]
        gaps = [key for key, value in self._values.items() if value is None]
        if len(numbers) + len(gaps) == len(self._values):
            return [self._values[key] for key in [*sorted(numbers), *gaps]]
        values = [value for value in self._values.values() if value is not None]
        times = [(time, value) for value in values if (time := time_of(value))]
        if len(times) < len(values):
            return list(self._values.values())
        return [*(value for _, value in sorted(times)), *(self._values[key] for key in gaps)]


def _with_variants(
    at: Mapping[PointKey, list[ResultRow]],
    known: Sequence[Values],
    swept: SweptNames,
    fingerprints: Callable[[list[int]], Mapping[int, Hashable]],
    settings: Callable[[list[int]], Mapping[int, Settings]],
) -> tuple[list[Point], list[Variant]]:
    several = [rows for rows in at.values() if len({r.record.position for r in rows}) > 1]
    prints = fingerprints(sorted({r.record.position for rows in several for r in rows}))
    jobs: dict[Variant, dict[PointKey, dict[int, JobRecord]]] = {}
    for key, rows in at.items():
        for record in (row.record for row in rows):
            points_of = jobs.setdefault(_variant_of(record, swept.names), {})
            points_of.setdefault(key, {})[record.position] = record
    variants = {
        job: variant._replace(difference=text)
        for variant, points_of in jobs.items()
        for job, text in _differences(points_of, prints, settings, is_sweep=bool(swept.name))
    }
    ordered = dict.fromkeys(
        variants[key, row.record.position] for key, rows in at.items() for row in rows
    )
    indices = {variant: index for index, variant in enumerate(ordered)}
    points = []
    for key, rows in at.items():
        values = tuple(each.value(k) for each, k in zip(known, key, strict=True))
        parts: dict[int, list[ResultRow]] = {}
        for row in rows:
            parts.setdefault(indices[variants[key, row.record.position]], []).append(row)
        points += [Point(values, index, some) for index, some in parts.items()]
    return points, list(indices)


def _differences(
    points: Mapping[PointKey, Mapping[int, JobRecord]],
    fingerprints: Mapping[int, Hashable],
    settings: Callable[[list[int]], Mapping[int, Settings]],
    *,
    is_sweep: bool,
) -> Iterator[tuple[tuple[PointKey, int], str]]:
    """Yield the point and position of each job, and how its settings differ from the first's.

    Settings are read only if those at some point differ.
    """
    if not any(_are_different(jobs, fingerprints) for jobs in points.values()):
        yield from (((key, position), "") for key, jobs in points.items() for position in jobs)
        return
    read = settings(sorted({position for jobs in points.values() for position in jobs}))
    for has_body in (True, False):
        own = {
            key: {p: read.get(p) or settings_of(_without_body(r)) for p, r in some}
            for key, jobs in points.items()
            if (some := [(p, r) for p, r in jobs.items() if (p in read) == has_body])
        }
        prefix = "" if has_body else "body unknown"
        for job, text in descriptions(own, is_ordered=is_sweep).items():
            yield job, "; ".join(filter(None, [prefix, text]))


def _are_different(jobs: Mapping[int, JobRecord], fingerprints: Mapping[int, Hashable]) -> bool:
    if len(jobs) == 1:
        return False
    found = {
        fingerprints[position]
        if position in fingerprints
        else json.dumps(_without_body(record), sort_keys=True, default=str)
        for position, record in jobs.items()
    }
    return len(found) > 1


def _variant_of(record: JobRecord, swept: Sequence[str]) -> Variant:
    """Return the platform and the labels that are not swept."""
    labels = record.labels if swept else {}
    others = ((name, str(value)) for name, value in labels.items() if name not in swept)
    return Variant(record.platform, tuple(others))


def _without_body(record: JobRecord) -> dict[str, Any]:
    """Return what is known of the settings of a job without a body."""
    params = {name: value for name, value in record.params.items() if name not in LIMITS}
    return {"params": params, "metadata": record.metadata}
