"""Join the points of several groups in one study, and compute distances. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from jobgroup.results.analysis import Side, compare_sides
from jobgroup.results.cells import Cell
from jobgroup.results.distance import Comparison
from jobgroup.results.figure import with_variants
from jobgroup.results.pool import Pool
from jobgroup.results.study import Point, Study, Values
from jobgroup.rounding import ValueKey, key_of

GROUP: Final = "group"
"""Name whose values are the groups' names."""

MAX_COMPARED_PAIRS: Final = 300
"""Maximum number of points whose distributions are compared, which takes up to a second."""

LEVEL: Final = 0.05
"""Upper bound of a low p-value. For equal groups, this share of p-values is low by chance."""


def joined(studies: Mapping[str, Study]) -> Study:
    """Return the points of all studies, with the group as an additional name.

    If a point lacks one of the names, its value is None. Equal numbers from different groups count
    as one value.
    """
    studies = {group: with_variants(study) for group, study in studies.items()}
    names = tuple(dict.fromkeys(name for study in studies.values() for name in study.names))
    rows = [
        (group, point, dict(zip(study.names, point.values, strict=True)))
        for group, study in studies.items()
        for point in study.points
    ]
    known = {name: Values(values.get(name) for *_, values in rows) for name in names}
    points = []
    for group, point, values in rows:
        unified = [known[name].value(known[name].key(values.get(name))) for name in names]
        points.append(Point((*unified, group), 0, point.rows))
    coordinates: dict[str, list[Cell]] = {name: known[name].in_order() for name in names}
    coordinates[GROUP] = list(studies)
    swept = next(iter(studies.values())).swept
    return Study((*names, GROUP), 0, points, [""], coordinates, 0, swept)


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
        matched: number of other groups' points that the first group also has.
        unmatched: number of points that only one group has.
        compared: distances, greatest first.
        low_p: number of distances with a p-value of at most 0.05; chance alone gives one in 20.
    """

    matched: int
    unmatched: int
    compared: list[Apart]
    low_p: int


def differences_of(study: Study) -> Differences:
    """Compare each group of a joined study with the first group, at their common points."""
    first = study.coordinates[GROUP][0]
    pools: dict[tuple[ValueKey, ...], dict[str, Pool]] = {}
    for point in study.points:
        if point.is_measured:
            *values, group = point.values
            at = tuple(map(key_of, values))
            pools.setdefault(at, {})[str(group)] = point.pool
    pairs = [
        (group, at, sides[str(first)], pool)
        for at, sides in pools.items()
        if first in sides
        for group, pool in sides.items()
        if group != first
    ]
    unmatched = sum(len(sides) for sides in pools.values() if len(sides) == 1 or first not in sides)
    step = max(1, -(-len(pairs) // MAX_COMPARED_PAIRS))
    found = [
        _apart(group, dict(zip(study.names, (value for _, value in at), strict=False)), one, other)
        for group, at, one, other in pairs[::step]
    ]
    found.sort(key=lambda each: -each.comparison.distance if each.comparison else 0.0)
    p_values = [each.comparison.p_value for each in found if each.comparison]
    low_p = sum(p is not None and p <= LEVEL for p in p_values)
    return Differences(len(pairs), unmatched, found, low_p)


def _apart(group: str, values: Mapping[str, Cell], one: Pool, other: Pool) -> Apart:
    try:
        compared = compare_sides(Side(other.shares, other), Side(one.shares, one))
    except ValueError as error:
        return Apart(group, values, None, str(error))
    return Apart(group, values, compared)
