"""Choose the axes of a figure and the kind of its drawing. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, Literal

from jobgroup.results.cells import Cell
from jobgroup.results.study import Study
from jobgroup.rounding import key_of
from jobgroup.values import time_of

Kind = Literal["line", "map", "bars"]
AnyKind = Literal["auto", "line", "map", "bars"]

MAX_CURVES: Final = 8
"""Maximum number of curves. A name with more values is drawn as a map."""


def choose_axes(
    study: Study, x: str | None, curves: str | Literal[False] | None, kind: AnyKind
) -> tuple[str, str | None]:
    """Choose the names of the axes.

    Raises:
        UnknownColumnError: a name does not exist.
        ValueError: both names are the same.
    """
    for name in (x, curves):
        if name:
            study.index(name)
    if x is not None and x == curves:
        raise ValueError("x and curves must be different names.")
    if x is None:
        lengths = {name: len(values) for name, values in study.coordinates.items()}
        several = [name for name in study.names if lengths[name] > 1 and name != curves]
        numeric = [name for name in several if is_numeric(study.coordinates[name])]
        candidates = (several if kind == "bars" else numeric) or several or [*study.names]
        x = max((n for n in candidates if n != curves), key=lambda name: lengths[name])
    if curves is None:
        curves = next(iter(varying_names(study, [x])), None)
    return x, curves or None


def varying_names(study: Study, given: Sequence[str]) -> list[str]:
    """Return the names that have several values for one combination of the given names."""
    at = [study.names.index(name) for name in given]
    others = [i for i, name in enumerate(study.names) if name not in given]
    first: dict[tuple[Any, ...], tuple[Cell, ...]] = {}
    found: set[int] = set()
    for point in study.points:
        values = point.values
        known = first.setdefault(tuple(key_of(values[i]) for i in at), values)
        if known is not values:
            found.update(i for i in others if key_of(known[i]) != key_of(values[i]))
    return [study.names[i] for i in sorted(found)]


def choose_kind(study: Study, x: str, curves: str | None, kind: AnyKind) -> Kind:
    """Choose the kind of drawing.

    Raises:
        ValueError: a map has no second name.
    """
    if kind == "map" and curves is None:
        raise ValueError("A map needs two names with several values.")
    if kind != "auto":
        return kind
    if not is_numeric(study.coordinates[x]):
        return "bars"
    second = study.coordinates[curves] if curves else []
    return "map" if len(second) > MAX_CURVES and is_numeric(second) else "line"


def is_numeric(values: Sequence[Cell]) -> bool:
    """Return whether all values of an axis are numbers or times."""
    return not any(isinstance(value, bool) for value in values) and (
        all(value is None or isinstance(value, int | float) for value in values)
        or are_times(values)
    )


def are_times(values: Sequence[Cell]) -> bool:
    """Return whether all values are times, as labels store them."""
    return bool(values) and all(time_of(value) is not None for value in values)


def is_placed(value: Cell) -> bool:
    """Return whether a value can be drawn on an axis: it must be neither missing nor infinite."""
    return value is not None and (not isinstance(value, float) or math.isfinite(value))
