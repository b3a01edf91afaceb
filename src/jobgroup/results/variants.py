"""Tell apart the jobs of one platform by their settings, over all points of a study. Pure.

Settings may depend on the swept values, so only settings that differ within a point are compared.
Equal settings are one variant at all points. If such a setting also depends on the point, for
example a circuit that contains the swept phase, its values are ranked within each point instead.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, NamedTuple

from jobgroup.fingerprint import Path, Setting, difference
from jobgroup.rounding import ValueKey, is_same_value

Settings = Mapping[Path, Setting]
PointKey = tuple[ValueKey, ...]
"""Key of a point: that of its value for each name."""

MIN_DISTINCT: Final = 0.9
"""Minimum share of points whose first job has a value of its own, if a setting follows the swept
values.
"""

MIN_UNIQUE: Final = 0.4
"""The same, of values that occur at one point only, among the values of all points. Values that are
drawn by chance may occur twice.
"""

MAX_SHOWN: Final = 3
"""Maximum number of differences that a description names."""


def descriptions(
    settings: Mapping[PointKey, Mapping[int, Settings]], *, is_ordered: bool
) -> dict[tuple[PointKey, int], str]:
    """Return, for each point and position, how the job's settings differ from the first job's.

    Jobs with the same description have the same settings, apart from those that follow the swept
    values.

    Args:
        settings: settings of each job, by point and position; positions ascend.
        is_ordered: whether jobs with new settings follow all jobs with old ones.
    """
    if not settings:
        return {}
    variants = _Variants(settings, is_ordered=is_ordered)
    texts: dict[_Variant, str] = {}
    taken: Counter[str] = Counter()
    for variant in dict.fromkeys(variants.of.values()):
        text = variants.description(variant)
        taken[text] += 1
        texts[variant] = text if taken[text] == 1 else f"{text} ({taken[text]})"
    return {job: texts[variant] for job, variant in variants.of.items()}


class _Variant(NamedTuple):
    """Settings that are the same at all points.

    Attributes:
        values: settings that do not depend on the point.
        rank: index, within its point, of the settings that depend on the point.
    """

    values: tuple[Setting | None, ...]
    rank: int


class _Variants:
    def __init__(
        self, settings: Mapping[PointKey, Mapping[int, Settings]], *, is_ordered: bool
    ) -> None:
        self._settings = settings
        differing = dict.fromkeys(p for jobs in settings.values() for p in _differing(jobs))
        self._ranked = [path for path in differing if self._follows_the_point(path)]
        self._paths = [path for path in differing if path not in self._ranked]
        ranks = self._ranks(is_ordered=is_ordered)
        self.of = {
            (point, position): _Variant(_at(given, self._paths), ranks[point, position])
            for point, jobs in settings.items()
            for position, given in jobs.items()
        }
        self._base = self.of[min(self.of, key=lambda at: at[1])]

    def description(self, variant: _Variant) -> str:
        """Describe how a variant differs from the first job's; "" for the first job's."""
        pairs = zip(self._paths, self._base.values, variant.values, strict=True)
        texts = [difference(path, was, now) for path, was, now in pairs if was != now]
        if variant.rank != self._base.rank:
            texts += self._ranked_differences(variant.rank)
        return ", ".join(list(dict.fromkeys(texts))[:MAX_SHOWN])

    def _follows_the_point(self, path: Path) -> bool:
        """Return whether the values of a setting follow the swept values."""
        firsts = {
            point: next(iter(jobs.values())).get(path) for point, jobs in self._settings.items()
        }
        values = [
            {settings.get(path) for settings in jobs.values()} for jobs in self._settings.values()
        ]
        return _are_swept(firsts) or _are_different(firsts, values)

    def _ranks(self, *, is_ordered: bool) -> dict[tuple[PointKey, int], int]:
        """Return the rank of each job's settings that depend on the point."""
        found: dict[tuple[PointKey, int], int] = {}
        orders: dict[frozenset[Any], dict[Any, int]] = {}
        known: dict[Any, set[int]] = {}
        positions: dict[int, list[int]] = {}
        alone: list[tuple[PointKey, dict[int, tuple[Setting | None, ...]]]] = []
        for point, jobs in self._settings.items():
            values = {position: _at(given, self._ranked) for position, given in jobs.items()}
            distinct = {value: i for i, value in enumerate(dict.fromkeys(values.values()))}
            if len(distinct) == 1:
                alone.append((point, values))
                continue
            order = orders.setdefault(frozenset(distinct), distinct)
            for position, value in values.items():
                rank = found[point, position] = order[value]
                known.setdefault(value, set()).add(rank)
                positions.setdefault(rank, []).append(position)
        for point, values in alone:
            first = min(values)
            ranks = known.get(values[first], set())
            if len(ranks) != 1:
                ranks = {_rank_by_order(first, positions) if is_ordered else 0}
            found |= dict.fromkeys(((point, position) for position in values), min(ranks))
        return found

    def _ranked_differences(self, rank: int) -> Iterator[str]:
        """Describe the settings of a rank that depend on the point; without values, if these do."""
        pairs: dict[Path, set[tuple[Setting | None, Setting | None]]] = {}
        for point, jobs in self._settings.items():
            here = {self.of[point, position].rank: given for position, given in jobs.items()}
            if rank in here and self._base.rank in here:
                for path in self._ranked:
                    both = here[self._base.rank].get(path), here[rank].get(path)
                    pairs.setdefault(path, set()).add(both)
        for path, found in pairs.items():
            changed = [pair for pair in found if pair[0] != pair[1]]
            if changed:
                text = difference(path, *changed[0])
                yield text if len(changed) == 1 else difference(path, None, None)


class _Alike:
    """Sets of values that are alike.

    Args:
        values: values; each is alike only to itself at first.
    """

    def __init__(self, values: Iterable[Any]) -> None:
        self._parent = {value: value for value in values}

    def of(self, value: Any) -> Any:
        """Return a value that represents all values alike to this one."""
        while self._parent[value] != value:
            value = self._parent[value]
        return value

    def join(self, values: Iterable[Any]) -> None:
        """Make values alike; leave out unknown ones."""
        first, *others = {self.of(value) for value in values if value in self._parent}
        for each in others:
            self._parent[each] = first

    @property
    def number(self) -> int:
        """Number of sets."""
        return sum(value == parent for value, parent in self._parent.items())


def _are_swept(values: Mapping[PointKey, Setting | None]) -> bool:
    """Return whether the values of a setting are those of a swept name."""
    if len(set(values.values())) == 1:
        return False
    pairs = [(point, each and json.loads(each.value)) for point, each in values.items()]
    return any(
        all(is_same_value(point[i][1], value) for point, value in pairs)
        for i in range(len(next(iter(values))))
    )


def _are_different(
    firsts: Mapping[PointKey, Setting | None], values: Sequence[AbstractSet[Setting | None]]
) -> bool:
    """Return whether points, or the values of one swept name, differ in a setting.

    Values are alike if the first job of some point has one of them and a later job the other.

    Args:
        firsts: value of each point's first job.
        values: values of each point's jobs.
    """
    alike = _Alike(firsts.values())
    for each in values:
        alike.join(each)
    number = alike.number
    if number == 1 or number >= MIN_DISTINCT * len(firsts):
        return number > 1
    points_with = Counter(value for each in values for value in each)
    if sum(count == 1 for count in points_with.values()) >= MIN_UNIQUE * points_with.total():
        return True
    for i in range(len(next(iter(firsts)))):
        found: dict[ValueKey, set[Any]] = {}
        for point, value in firsts.items():
            found.setdefault(point[i], set()).add(alike.of(value))
        if all(len(each) == 1 for each in found.values()) and number >= MIN_DISTINCT * len(found):
            return True
    return False


def _differing(jobs: Mapping[int, Settings]) -> Iterator[Path]:
    """Yield the paths of settings that differ between jobs."""
    first, *others = jobs.values()
    for other in others:
        if other is not first:
            yield from (p for p in {**first, **other} if first.get(p) != other.get(p))


def _at(settings: Settings, paths: Sequence[Path]) -> tuple[Setting | None, ...]:
    return tuple(settings.get(path) for path in paths)


def _rank_by_order(position: int, positions: Mapping[int, Sequence[int]]) -> int:
    """Return the last rank whose jobs begin before a position; 0 if ranks overlap."""
    found = 0
    for rank in range(1, len(positions)):
        if max(positions[rank - 1]) > min(positions[rank]):
            return 0
        if min(positions[rank]) <= position:
            found = rank
    return found
