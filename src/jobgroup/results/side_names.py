"""Name the distributions that are compared, by the values that distinguish them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jobgroup.results.cells import Cell
from jobgroup.results.measurement import Measurement
from jobgroup.results.shown_values import shown_alike
from jobgroup.values import as_float

if TYPE_CHECKING:
    from jobgroup.store import JobRecord


def side_names(sides: Sequence[tuple[JobRecord, Measurement]]) -> list[str]:
    """Return each side's differing labels, such as "phi 1.43, indist 0.60", or all its labels."""
    values = [{**record.labels, **measurement.params} for record, measurement in sides]
    names = list(dict.fromkeys(name for each in values for name in each))
    differing = [n for n in names if any(each.get(n) != values[0].get(n) for each in values)]
    columns = [_texts(name, [each.get(name) for each in values]) for name in differing or names]
    texts = [", ".join(filter(None, each)) for each in zip(*columns, strict=True)]
    return texts or [""] * len(sides)


def _texts(name: str, values: Sequence[Cell]) -> list[str]:
    """Return the values of a label with its name.

    >>> _texts("k", [1, 2]), _texts("phi", [0, 0.1])
    (['k 1', 'k 2'], ['phi 0.00', 'phi 0.10'])
    """
    has_fractions = any(isinstance(value, float) for value in values)
    shown = shown_alike(
        [as_float(v) if has_fractions and isinstance(v, int) else v for v in values]
    )
    return [
        "" if value is None else f"{name} {text}" for value, text in zip(values, shown, strict=True)
    ]
