"""Figures of results on matplotlib: curves with error bars, maps and bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from jobgroup.errors import MissingDependencyError, UnknownColumnError
from jobgroup.results.arrays import coordinate
from jobgroup.results.expression import Expression, ExpressionError, parse
from jobgroup.results.parse import Cell
from jobgroup.results.pool import PERFORMANCES, Pool, Quantity, scalar_names
from jobgroup.results.results_table import check_known, level_of
from jobgroup.results.study import Point, Study, same_value, shown_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Kind = Literal["auto", "line", "map", "bars"]
Errors = bool | float | Literal["scatter"]

MOST_CURVES: Final = 8
"""Values of a name that are drawn as curves; more make a map."""


class Drawn(NamedTuple):
    """One point of a figure."""

    values: tuple[Cell, ...]
    quantity: Quantity
    samples: int | None


_HOLE: Final = Drawn((), Quantity(), 0)


def draw(
    study: Study,
    y: str,
    x: str | None,
    *,
    curves: str | None,
    where: Mapping[str, Any],
    kind: Kind,
    errors: Errors,
    definitions: Mapping[str, Expression],
    ax: Axes | None,
) -> Axes:
    """Draw a quantity of a study; see `JobGroup.plot`.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        UnknownColumnError: there is no such quantity or swept name.
        ValueError: another swept name has several values, or there is nothing to draw.
    """
    try:
        import numpy as np
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise MissingDependencyError(
            "plot() needs matplotlib, which is not installed: pip install matplotlib."
        ) from error
    if kind not in ("auto", "line", "map", "bars"):
        raise ValueError(f'kind must be "auto", "line", "map" or "bars", got {kind!r:.40}.')
    study = _selected(_with_variants(study), where)
    x, curves, kind = _axes(study, x, curves, kind)
    quantity = _Reader(study, y, definitions, errors)
    drawn = [Drawn(point.values, quantity.of(point), point.pool.samples) for point in study.points]
    if not any(each.quantity.value is not None for each in drawn):
        raise ValueError(f"There is nothing to draw: no point has a value of {y!r:.80}.")
    if ax is None:
        _, ax = plt.subplots(layout="constrained")
    figure = _Figure(study, drawn, quantity, x=x, curves=curves, ax=ax, np=np)
    {"line": figure.line, "map": figure.map, "bars": figure.bars}[kind]()
    figure.caption(errors)
    if where:
        ax.set_title(", ".join(f"{name} {shown_value(_cell(v))}" for name, v in where.items()))
    return ax


def _with_variants(study: Study) -> Study:
    """Several variants are values of one more name."""
    if len(study.variants) < 2:
        return study
    points = [
        replace(point, values=(*point.values, study.variants[point.variant]))
        for point in study.points
    ]
    coordinates = {**study.coordinates, "variant": list[Cell](study.variants)}
    return replace(study, names=(*study.names, "variant"), points=points, coordinates=coordinates)


def _selected(study: Study, where: Mapping[str, Any]) -> Study:
    """The points that have the chosen values.

    Raises:
        UnknownColumnError: no name, or no point, is such.
    """
    points = study.points
    for name, value in where.items():
        at = _index(study, name)
        known = study.coordinates[name]
        if not any(same_value(value, each) for each in known):
            raise UnknownColumnError(f"{name} has no value {value!r:.40}. {_values(study, name)}")
        points = [p for p in points if same_value(value, p.values[at])]
    coordinates = {
        name: list(dict.fromkeys(v for v in values if any(p.values[i] == v for p in points)))
        for i, (name, values) in enumerate(study.coordinates.items())
    }
    return replace(study, points=points, coordinates=coordinates)


def _index(study: Study, name: str) -> int:
    if name not in study.names:
        raise UnknownColumnError(
            f"There is no swept name {name!r:.80}. There are: {', '.join(study.names)}."
        )
    return study.names.index(name)


def _values(study: Study, name: str) -> str:
    known = [shown_value(value) for value in study.coordinates[name]]
    more = f", ... ({len(known)})" if len(known) > 12 else ""
    return f"It has {', '.join(known[:12])}{more}."


def _axes(
    study: Study, x: str | None, curves: str | None, kind: Kind
) -> tuple[str, str | None, Literal["line", "map", "bars"]]:
    """Choose what is along the axes.

    Raises:
        ValueError: a further name has several values.
    """
    for name in (x, curves):
        if name is not None:
            _index(study, name)
    if x is not None and x == curves:
        raise ValueError("x and curves must be two names.")
    lengths = {name: len(values) for name, values in study.coordinates.items()}
    several = [name for name in study.names if lengths[name] > 1 and name not in (x, curves)]
    if x is None:
        numeric = [name for name in several if _is_numeric(study.coordinates[name])]
        candidates = (several if kind == "bars" else numeric) or several or [*study.names]
        x = max((n for n in candidates if n != curves), key=lambda name: lengths[name])
        several = [name for name in several if name != x]
    is_numeric = _is_numeric(study.coordinates[x])
    if curves is None and several:
        curves = several[0]
        is_map = lengths[curves] > MOST_CURVES and _is_numeric(study.coordinates[curves])
        if kind == "auto" and is_map and is_numeric:
            kind = "map"
        several = several[1:]
    if several:
        name = several[0]
        first = study.coordinates[name][0]
        raise ValueError(
            f"{name} has several values too. {_values(study, name)} Choose one:"
            f" where={{{name!r}: {first!r}}}."
        )
    if kind == "map" and curves is None:
        raise ValueError("A map needs two names with several values.")
    if kind == "auto":
        kind = "line" if is_numeric else "bars"
    return x, curves, kind


def _is_numeric(values: Sequence[Cell]) -> bool:
    """Whether an axis has numbers or times, and not truth values or texts."""
    return not any(isinstance(value, bool) for value in values) and (
        all(isinstance(value, int | float) for value in values) or _are_times(values)
    )


def _are_times(values: Sequence[Cell]) -> bool:
    import numpy as np

    return bool(values) and bool(coordinate(values, np).dtype.kind == "M")


class _Reader:
    """Reads a quantity of a point by its name."""

    def __init__(
        self, study: Study, y: str, definitions: Mapping[str, Expression], errors: Errors
    ) -> None:
        measured = [m for p in study.points for m in p.pool.used]
        rows = [row.measurement for p in study.points for row in p.rows]
        self._errors_shown = errors is not False
        self._errors: Literal["counts", "scatter"] = "scatter" if errors == "scatter" else "counts"
        self._level = level_of(True if isinstance(errors, str) else errors)
        self._is_samples = y == "samples"
        scalars = scalar_names(rows)
        if y in definitions:
            self._expression = definitions[y]
        else:
            try:
                self._expression = parse(y)
            except ExpressionError:
                raise UnknownColumnError(
                    f"{y!r:.80} is no state, quantity or expression."
                ) from None
        returned = dict.fromkeys(state for m in measured for state in m.values)
        check_known(self._expression.states, returned)
        unknown = [n for n in self._expression.names if n not in (*scalars, *PERFORMANCES)]
        if unknown and not self._is_samples:
            names = ["samples", *scalars, *definitions]
            raise UnknownColumnError(
                f"There is no quantity {unknown[0]!r:.80}. There are: {', '.join(names)}, and the"
                " states."
            )
        is_sampled = any(m.kind == "count" for m in measured)
        self.is_share = self._expression.is_share
        share = f"share of {y} among selected" if is_sampled else f"probability of {y}"
        self.label = share if self.is_share else y

    def of(self, point: Point) -> Quantity:
        pool = point.pool
        if self._is_samples:
            return Quantity(pool.samples)
        found = self._read(pool)
        return found if self._errors_shown else Quantity(found.value)

    def _read(self, pool: Pool) -> Quantity:
        names = self._expression.names
        if len(names) == 1 and self._expression.text.strip() == names[0]:
            return pool.scalar(names[0], level=self._level, errors=self._errors)
        return pool.quantity(self._expression, level=self._level, errors=self._errors)


class _Figure:
    def __init__(
        self,
        study: Study,
        drawn: Sequence[Drawn],
        reader: _Reader,
        *,
        x: str,
        curves: str | None,
        ax: Any,
        np: Any,
    ) -> None:
        self._study, self._drawn, self._ax, self._np = study, drawn, ax, np
        self._x, self._curves, self._reader = x, curves, reader
        self._xs = study.coordinates[x]
        self._groups = [None] if curves is None else study.coordinates[curves]
        at_x = study.names.index(x)
        at_curve = None if curves is None else study.names.index(curves)
        self._at: dict[tuple[Any, Any], Drawn] = {}
        for each in drawn:
            group = None if at_curve is None else each.values[at_curve]
            self._at[group, each.values[at_x]] = each

    def line(self) -> None:
        """Draw markers with thin lines, broken at gaps."""
        np, ax = self._np, self._ax
        for group, label in zip(self._groups, self._labels(), strict=True):
            points = [self._at.get((group, x), _HOLE) for x in self._xs]
            found = [point.quantity for point in points]
            values = np.array([_number(each.value) for each in found])
            places = coordinate(self._xs, np)
            (line,) = ax.plot(places, values, "-", linewidth=0.8, label="_")
            colour = line.get_color()
            is_open = np.array([point.samples is None for point in points])
            has_bar = np.array([each.low is not None for each in found])
            for chosen, fill in ((~is_open, colour), (is_open, "none")):
                if (chosen & ~np.isnan(values)).any():
                    ax.plot(
                        places[chosen], values[chosen], "o", markersize=4, color=colour,
                        markerfacecolor=fill, label="_",
                    )  # fmt: skip
            low = np.array([_number(each.low) for each in found])
            high = np.array([_number(each.high) for each in found])
            if has_bar.any():
                bars = np.clip(np.array([values - low, high - values]), 0, None)[:, has_bar]
                ax.errorbar(
                    places[has_bar], values[has_bar], yerr=bars, fmt="none", ecolor=colour,
                    elinewidth=0.8, capsize=2, label="_",
                )  # fmt: skip
            line.set_label(label or "_")
        self._finish()
        if self._reader.is_share and not self._has_negative():
            ax.set_ylim(bottom=0)

    def bars(self) -> None:
        """Draw a bar for each value, in groups."""
        ax, width = self._ax, 0.8 / len(self._groups)
        for nth, (group, label) in enumerate(zip(self._groups, self._labels(), strict=True)):
            found = [self._at.get((group, x), _HOLE).quantity for x in self._xs]
            values = [_number(each.value) for each in found]
            ends = [
                [
                    0.0 if q.low is None or q.value is None else max(0.0, q.value - q.low)
                    for q in found
                ],
                [
                    0.0 if q.high is None or q.value is None else max(0.0, q.high - q.value)
                    for q in found
                ],
            ]
            places = [i + (nth - (len(self._groups) - 1) / 2) * width for i in range(len(found))]
            has_errors = any(map(any, ends))
            ax.bar(places, values, width, yerr=ends if has_errors else None, capsize=2, label=label)
        ax.set_xticks(range(len(self._xs)), [shown_value(value) for value in self._xs])
        self._finish()
        if self._reader.is_share and not self._has_negative():
            ax.set_ylim(0, max(1.0, ax.get_ylim()[1] if self._greatest() > 1 else 1.0))

    def map(self) -> None:
        """Draw a cell for each point, its edges halfway between values."""
        np, ax = self._np, self._ax
        ys = self._groups
        data = np.array(
            [[_number(self._at.get((y, x), _HOLE).quantity.value) for x in self._xs] for y in ys]
        )
        low, high = np.nanmin(data), np.nanmax(data)
        is_signed = low < 0 < high
        limit = max(-low, high)
        colours = (
            {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit} if is_signed else {"cmap": "viridis"}
        )
        mesh = ax.pcolormesh(
            _edges(self._xs, np), _edges(ys, np), np.ma.masked_invalid(data), **colours
        )
        errors = [q.error for q in self._quantities() if q.error is not None]
        bar = ax.figure.colorbar(mesh, ax=ax)
        bar.set_label(
            self._reader.label + (f" (error at most {max(errors):.2g})" if errors else "")
        )
        ax.set_xlabel(self._study.label(self._x))
        ax.set_ylabel(self._study.label(self._curves or ""))

    def caption(self, errors: Errors) -> None:
        """Say below the axes how many samples, which errors and how many points there are."""
        samples = [each.samples for each in self._drawn if each.samples]
        parts = []
        if samples:
            usual, least = round(median(samples)), min(samples)
            text = f"{usual:,} samples a point"
            text += f" (min {least:,})" if least != usual else ""
            if any(each.quantity.error is not None for each in self._drawn) and errors is not False:
                level = 100 * level_of(True if isinstance(errors, str) else errors)
                name = "Wilson" if self._reader.is_share else "interval"
                text += ", scatter of repeats" if errors == "scatter" else f", {level:.4g} % {name}"
            parts.append(text)
        else:
            parts.append("not sampled")
        measured = sum(each.quantity.value is not None for each in self._drawn)
        parts.append(f"{measured} of {len(self._drawn)} measured")
        self._ax.annotate(
            "; ".join(parts), (0, 0), (0, -36), xycoords="axes fraction",
            textcoords="offset points", fontsize="small", va="top",
        )  # fmt: skip

    def _finish(self) -> None:
        self._ax.set_xlabel(self._study.label(self._x))
        self._ax.set_ylabel(self._reader.label)
        if self._curves is not None:
            self._ax.legend()

    def _labels(self) -> list[str]:
        if self._curves is None:
            return [""]
        texts = _alike(self._groups)
        return [f"{self._curves} {text}" for text in texts]

    def _quantities(self) -> list[Quantity]:
        return [each.quantity for each in self._drawn]

    def _has_negative(self) -> bool:
        return any((q.value or 0) < 0 for q in self._quantities())

    def _greatest(self) -> float:
        return max((q.value for q in self._quantities() if q.value is not None), default=0.0)


def _alike(values: Sequence[Cell]) -> list[str]:
    """Texts of values; decimal numbers have as many digits as tell them apart, at least two.

    >>> _alike([0.6, 0.65, 1.0]), _alike([1, 2])
    (['0.60', '0.65', '1.00'], ['1', '2'])
    """
    numbers = [v for v in values if isinstance(v, float) and math.isfinite(v)]
    if len(numbers) != len(values):
        return [shown_value(value) for value in values]
    for digits in range(2, 10):
        texts = [f"{number:.{digits}f}" for number in numbers]
        if len(set(texts)) == len(set(numbers)):
            return texts
    return [shown_value(value) for value in values]


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _cell(value: Any) -> Cell:
    item = getattr(value, "item", None)
    plain: Cell = item() if callable(item) else value
    return plain


def _edges(values: Sequence[Cell], np: Any) -> Any:
    """The edges of cells, halfway between ascending values."""
    centres = coordinate(values, np)
    if centres.dtype.kind not in "iuf":
        if centres.dtype.kind != "M":
            centres = np.arange(len(values))
        else:
            centres = centres.astype("datetime64[ns]").astype(float) / 86_400e9
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middles = (centres[1:] + centres[:-1]) / 2
    first, last = 2 * centres[0] - middles[0], 2 * centres[-1] - middles[-1]
    return np.concatenate([[first], middles, [last]])
