"""Fix swept names at one value each, so that a figure has at most two. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any, NamedTuple

from jobgroup.errors import UnknownColumnError
from jobgroup.results.cells import Cell
from jobgroup.results.shown_values import shown_value
from jobgroup.results.study import Study
from jobgroup.rounding import is_same_value, key_of


class Selector(NamedTuple):
    """Another swept name, fixed at one of its values."""

    name: str
    values: list[Cell]
    value: Cell


def selector_of(study: Study, name: str, value: Any) -> Selector:
    """Fix a name at a value.

    Raises:
        UnknownColumnError: the name or the value does not exist.
    """
    study.index(name)
    known = study.coordinates[name]
    found = [each for each in known if is_same_value(value, each)]
    if not found:
        raise UnknownColumnError(f"{name} has no value {value!r:.40}. {_values(study, name)}")
    return Selector(name, known, found[0])


def has_value(study: Study, name: str, value: Any) -> bool:
    """Return whether some point has the value."""
    return any(is_same_value(value, each) for each in study.coordinates.get(name, ()))


def selected(study: Study, selector: Selector) -> Study:
    """Return the study with only the points that have the selected value."""
    at = study.index(selector.name)
    wanted = key_of(selector.value)
    points = [point for point in study.points if key_of(point.values[at]) == wanted]
    there = [{key_of(point.values[i]) for point in points} for i in range(len(study.names))]
    coordinates = {
        name: [value for value in values if key_of(value) in there[i]]
        for i, (name, values) in enumerate(study.coordinates.items())
    }
    return replace(study, points=points, coordinates=coordinates)


def most_shared_value(study: Study, name: str, curves: str | None) -> Cell:
    """Return the value of a name that most curves have; of several, the first that is not a gap.

    Args:
        study: points.
        name: name with several values.
        curves: swept name of the curves; None without curves.
    """
    values = study.coordinates[name]
    if curves is None:
        return values[0]
    at, at_curve = study.names.index(name), study.names.index(curves)
    pairs = {(key_of(each.values[at]), key_of(each.values[at_curve])) for each in study.points}
    having = Counter(value for value, _ in pairs)
    return max(values, key=lambda value: (having[key_of(value)], value is not None))


def _values(study: Study, name: str) -> str:
    known = [
        # the text "3" is not the number 3
        repr(value) if isinstance(value, str) else shown_value(value)
        for value in study.coordinates[name]
    ]
    more = f", ... ({len(known)})" if len(known) > 12 else ""
    return f"Its values are {', '.join(known[:12])}{more}."


def too_many_values(study: Study, name: str) -> ValueError:
    """Return the error for a name that must be fixed at one of its values."""
    first = study.coordinates[name][0]
    return ValueError(
        f"{name} also has several values. {_values(study, name)} Choose one:"
        f" where={{{name!r}: {first!r}}}."
    )
