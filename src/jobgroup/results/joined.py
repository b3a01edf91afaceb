"""Join the points of several groups in one study, and compute distances. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from jobgroup.results.analysis import Side, compare_sides
from jobgroup.results.cells import Cell
from jobgroup.results.distance import Comparison
from jobgroup.results.pool import Pool
from jobgroup.results.study import Point, Study, Values, Variant, cell_or_gap
from jobgroup.rounding import ValueKey, key_of

GROUP: Final = "group"
"""Name whose values are the groups' names."""

MAX_COMPARED_PAIRS: Final = 300
"""Maximum number of points whose distributions are compared, which takes up to a second."""

LEVEL: Final = 0.05
"""Upper bound of a low p-value. For equal groups, this share of p-values is low by chance."""


UNCHANGED: Final = "unchanged"
"""Variant with the settings of its group's first job."""


class _Row(NamedTuple):
    """A point of a group, with its values by name."""

    group: str
    point: Point
    values: dict[str, Cell]
    variant: Variant


def joined(studies: Mapping[str, Study]) -> Study:
    """Return the points of all studies, with the group as an additional name.

    If only some jobs of a group have a label that another group sweeps, the others are outside the
    study. If no job of a group has it, the group's value is None. Equal numbers from different
    groups count as one value.
    """
    names = tuple(dict.fromkeys(name for study in studies.values() for name in study.names))
    rows: list[_Row] = []
    outside = sum(study.outside for study in studies.values())
    for group, study in studies.items():
        found = [_row(group, study, point, names) for point in study.points]
        having = {name for row in found for name in row.values}
        complete = [row for row in found if having <= row.values.keys()]
        rows += complete
        outside += len(_jobs(found) - _jobs(complete))
    texts = _variant_texts(rows)
    if len(set(texts)) > 1 and "variant" not in names:
        names = (*names, "variant")
        for row, text in zip(rows, texts, strict=True):
            row.values["variant"] = text
    known = {name: Values(row.values.get(name) for row in rows) for name in names}
    points = []
    for group, point, values, _ in rows:
        unified = [known[name].value(known[name].key(values.get(name))) for name in names]
        points.append(Point((*unified, group), 0, point.rows))
    coordinates: dict[str, list[Cell]] = {name: known[name].in_order() for name in names}
    coordinates[GROUP] = list(studies)
    swept = next(iter(studies.values())).swept
    return Study((*names, GROUP), 0, points, [Variant("")], coordinates, outside, swept)


def _row(group: str, study: Study, point: Point, names: Sequence[str]) -> _Row:
    """Return a point with its values, including those of labels that only other groups sweep."""
    labels = point.rows[0].record.labels
    values: dict[str, Cell] = dict(zip(study.names, point.values, strict=True))
    for name in names:
        if name not in values and (value := cell_or_gap(labels.get(name))) is not None:
            values[name] = value
    variant = study.variants[point.variant]
    others = tuple(label for label in variant.labels if label[0] not in names)
    return _Row(group, point, values, variant._replace(labels=others))


def _jobs(rows: Iterable[_Row]) -> set[int]:
    return {each.record.position for row in rows for each in row.point.rows}


def _variant_texts(rows: Sequence[_Row]) -> list[str]:
    """Describe variants by what differs within a group; groups may differ in more than that."""
    bases: dict[str, Variant] = {}
    differing: set[str] = set()
    is_of_platforms = False
    for group, *_, variant in rows:
        base = bases.setdefault(group, variant)
        is_of_platforms |= base.platform != variant.platform
        differing |= {name for name, _ in {*base.labels} ^ {*variant.labels}}
    return [
        Variant(
            variant.platform if is_of_platforms else "",
            tuple(label for label in variant.labels if label[0] in differing),
            variant.difference,
        ).text
        or UNCHANGED
        for *_, variant in rows
    ]


@dataclass(frozen=True)
class Apart:
    """The distance at a point between a group and the first group."""

    group: str
    values: Mapping[str, Cell]
    comparison: Comparison | None
    problem: str = ""


@dataclass(frozen=True)
class Differences:
    """The distances between groups and the first group.

    Attributes:
        matched: number of other groups' points that the first group also has. Points are compared
            by the names of which both groups have values.
        unmatched: number of points without a counterpart.
        compared: distances, greatest first.
        low_p: number of distances with a p-value of at most 0.05; chance alone gives one in 20.
    """

    matched: int
    unmatched: int
    compared: list[Apart]
    low_p: int


def differences_of(study: Study) -> Differences:
    """Compare each group of a joined study with the first group, at their common points."""
    names = study.names[:-1]
    groups: dict[str, list[Point]] = {str(group): [] for group in study.coordinates[GROUP]}
    for point in study.points:
        if point.is_measured:
            groups[str(point.values[-1])].append(point)
    first, *others = groups
    pairs = [
        (other, common, one, another)
        for other in others
        if (common := [i for i in range(len(names)) if _have(i, groups[first], groups[other])])
        for one, another in _matched(groups[first], groups[other], common)
    ]
    matched = {id(point) for *_, one, another in pairs for point in (one, another)}
    step = max(1, -(-len(pairs) // MAX_COMPARED_PAIRS))
    found = [
        _apart(other, {names[i]: one.values[i] for i in common}, one.pool, another.pool)
        for other, common, one, another in pairs[::step]
    ]
    found.sort(key=lambda each: -each.comparison.distance if each.comparison else 0.0)
    p_values = [each.comparison.p_value for each in found if each.comparison]
    low_p = sum(p is not None and p <= LEVEL for p in p_values)
    unmatched = sum(len(points) for points in groups.values()) - len(matched)
    return Differences(len(pairs), unmatched, found, low_p)


def _have(index: int, *groups: Sequence[Point]) -> bool:
    """Return whether each group has values of a name."""
    return all(any(point.values[index] is not None for point in points) for points in groups)


def _matched(
    ours: Sequence[Point], theirs: Sequence[Point], common: Sequence[int]
) -> Iterator[tuple[Point, Point]]:
    """Yield pairs of points with equal values of the common names, unless several have them."""
    sides: list[dict[tuple[ValueKey, ...], list[Point]]] = [{}, {}]
    for side, points in zip(sides, (ours, theirs), strict=True):
        for point in points:
            side.setdefault(tuple(key_of(point.values[i]) for i in common), []).append(point)
    for at, found in sides[0].items():
        if len(found) == len(sides[1].get(at, ())) == 1:
            yield found[0], sides[1][at][0]


def _apart(group: str, values: Mapping[str, Cell], one: Pool, other: Pool) -> Apart:
    try:
        compared = compare_sides(Side(other.shares, other), Side(one.shares, one))
    except ValueError as error:
        return Apart(group, values, None, str(error))
    return Apart(group, values, compared)
