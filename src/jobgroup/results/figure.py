"""Define `Figure`, a plot's content, independent of the library that draws it. Pure.

`jg.plot` draws a figure with matplotlib (`drawing`). The dashboard draws the same figure in the
browser.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from jobgroup.errors import UnknownColumnError
from jobgroup.results.axes import AnyKind, Kind, choose_axes, choose_kind, is_placed, varying_names
from jobgroup.results.cells import Cell
from jobgroup.results.expression import Expression, ExpressionError, parse
from jobgroup.results.pool import Pool, Quantity
from jobgroup.results.results_table import (
    check_expression,
    is_measured,
    left_out_text,
    level_of,
    missing_jobs,
    most_frequent,
    partial_jobs,
)
from jobgroup.results.selectors import (
    Selector,
    has_value,
    most_shared_value,
    selected,
    selector_of,
    too_many_values,
)
from jobgroup.results.shown_values import shown_alike, shown_value
from jobgroup.results.study import Point, Study
from jobgroup.rounding import ValueKey, key_of
from jobgroup.status import FAILED
from jobgroup.words import format_states

Errors = bool | float | Literal["scatter"]

PointState = Literal["measured", "failed", "canceled", "to come", "not loaded", "empty"]


class FigurePoint(NamedTuple):
    """One point of a figure.

    Attributes:
        x, curve: indices of the point's values in the figure's `xs` and `groups`.
        quantity: measured quantity.
        samples: sum of all counts; None for probabilities or without outcomes.
        jobs: positions of the point's jobs.
        state: state of the point; "not loaded" if its jobs are done and a result was not read,
            "empty" if they lack the quantity.
        missing: positions of the jobs whose results a measured point lacks.
        partial: positions of the jobs whose partial results are left out.
    """

    x: int
    curve: int
    quantity: Quantity
    samples: int | None
    jobs: tuple[int, ...]
    state: PointState
    missing: tuple[int, ...] = ()
    partial: tuple[int, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A quantity over one or two swept names.

    Attributes:
        kind: kind of drawing.
        y, x, curves: quantity, swept name of the horizontal axis, and swept name of the curves.
        y_label, x_label, curves_label: titles of the axes, with units.
        is_share: whether the quantity is the share of a state.
        xs, groups: values of the horizontal axis and of the curves, in order; `groups` is `[None]`
        without curves.
        points: all points, each with its result or the reason why there is none.
        selectors: other swept names.
        errors: kind of the error bars.
    """

    kind: Kind
    y: str
    x: str
    curves: str | None
    y_label: str
    x_label: str
    curves_label: str
    is_share: bool
    xs: list[Cell]
    groups: list[Cell]
    points: list[FigurePoint]
    selectors: list[Selector]
    errors: Errors

    @property
    def title(self) -> str:
        """Title: the fixed values of the other swept names."""
        return ", ".join(f"{each.name} {shown_value(each.value)}" for each in self.selectors)

    @property
    def legend(self) -> list[str]:
        """Name of each curve."""
        if self.curves is None:
            return [""]
        return [f"{self.curves} {text}" for text in shown_alike(self.groups)]

    @property
    def level(self) -> float | None:
        """Level of the intervals; None without error bars."""
        if self.errors is False:
            return None
        return level_of(True if isinstance(self.errors, str) else self.errors)

    @cached_property
    def at(self) -> dict[tuple[int, int], FigurePoint]:
        """Points by curve and index."""
        return {(point.curve, point.x): point for point in self.points}

    @cached_property
    def caption(self) -> str:
        """Caption with the samples, errors, numbers of points, and results that are left out."""
        samples = [each.samples for each in self.points if each.samples]
        states = Counter(each.state for each in self.points)
        loaded, unloaded = states["measured"], states["not loaded"]
        parts = [self._samples_text(samples)] if samples else ["not sampled"] * bool(loaded)
        part = f", {loaded:,} of them loaded" * bool(unloaded)
        parts.append(f"{loaded + unloaded:,} of {len(self.points):,} measured{part}")
        missing = {job for each in self.points for job in each.missing}
        partial = {job for each in self.points for job in each.partial}
        parts += filter(None, [left_out_text(len(missing), len(partial))])
        unplaced = sum(not self.has_place(each) for each in self.points)
        if unplaced and self.kind != "bars":
            names = f"{self.x} and {self.curves}" if self.kind == "map" else self.x
            parts.append(f"{unplaced:,} without a finite {names}")
        return "; ".join(parts)

    def has_place(self, point: FigurePoint) -> bool:
        """Return whether a point's place on the axes is neither missing nor infinite."""
        is_on_y = self.kind != "map" or is_placed(self.groups[point.curve])
        return is_on_y and is_placed(self.xs[point.x])

    def _samples_text(self, samples: Sequence[int]) -> str:
        least, most = min(samples), max(samples)
        text = f"{most:,} samples a point"
        if least != most:
            text = f"{least:,} to {text}"
        if self.errors is False or all(each.quantity.error is None for each in self.points):
            return text
        if self.errors == "scatter":
            return f"{text}, scatter of repeats"
        if self.kind == "map":  # it has no error bars
            return text
        name = "Wilson" if self.is_share else "interval"
        return f"{text}, {100 * level_of(self.errors):.4g} % {name}"

    @property
    def has_negative(self) -> bool:
        """Whether a value or the lower end of its error bar is negative."""
        ends = (end for each in self.points for end in (each.quantity.value, each.quantity.low))
        return any((end or 0) < 0 for end in ends)

    @property
    def greatest(self) -> float:
        """Greatest value; 0 without values."""
        values = (each.quantity.value for each in self.points)
        return max((value for value in values if value is not None), default=0.0)


def figure_of(
    study: Study,
    y: str | None,
    x: str | None = None,
    *,
    definitions: Mapping[str, Expression],
    curves: str | Literal[False] | None = None,
    where: Mapping[str, Any] | None = None,
    kind: AnyKind = "auto",
    errors: Errors = True,
    fill: bool = False,
) -> Figure:
    """Return a figure of a quantity over swept names; see `JobGroup.plot`.

    Args:
        study: points of a sweep.
        y: quantity; None for the most frequent state.
        x: swept name; None to choose one.
        definitions: derived quantities by name.
        curves: swept name; None to choose one, False for none.
        where: values of other swept names.
        kind: kind of drawing; "auto" for an automatic choice.
        errors: kind of error bars.
        fill: whether to fix another swept name at the value that most curves have if no value is
            given or the given one does not exist; otherwise both cases are errors.

    Raises:
        UnknownColumnError: a quantity, swept name or value does not exist.
        TypeError: `where` is not a mapping.
        ValueError: another swept name has several values, or an argument is unknown.
    """
    if kind not in ("auto", "line", "map", "bars"):
        raise ValueError(f'kind must be "auto", "line", "map" or "bars", got {kind!r:.40}.')
    if where is not None and not isinstance(where, Mapping):
        raise TypeError(f"where must be a dict such as {{'eta': 0.3}}, got {where!r:.40}.")
    study = study.with_variants()
    selectors = []
    for name, value in (where or {}).items():
        if fill and not has_value(study, name, value):
            continue
        selectors.append(selector_of(study, name, value))
        study = selected(study, selectors[-1])
    x, curves = choose_axes(study, x, curves, kind)
    while further := varying_names(study, [x, curves] if curves else [x]):
        if not fill:
            raise too_many_values(study, further[0])
        name = further[0]
        selectors.append(selector_of(study, name, most_shared_value(study, name, curves)))
        study = selected(study, selectors[-1])
    found = choose_kind(study, x, curves, kind)
    if y is None:
        y = next(iter(most_frequent((point.pool for point in study.points), 1)), "samples")
    reader = _Reader(study, y, definitions, errors)
    return Figure(
        kind=found,
        y=y,
        x=x,
        curves=curves,
        y_label=reader.label,
        x_label=study.label(x),
        curves_label=study.label(curves) if curves else "",
        is_share=reader.is_share,
        xs=study.coordinates[x],
        groups=study.coordinates[curves] if curves else [None],
        points=_points(study, x, curves, reader),
        selectors=selectors,
        errors=errors,
    )


def check_results(study: Study) -> None:
    """Raise ValueError if no result was read."""
    rows = [row for point in study.points for row in point.rows]
    if any(row.is_loaded for row in rows):
        return
    states = Counter[str]({row.record.position: row.record.state for row in rows}.values())
    why = "no result was read" if states["success"] else "no job has a result yet"
    text = format_states(states)
    raise ValueError(f"There is nothing to draw: {why}{f' ({text})' * bool(text)}.")


def _points(study: Study, x: str, curves: str | None, reader: _Reader) -> list[FigurePoint]:
    at_x = study.names.index(x)
    at_curve = None if curves is None else study.names.index(curves)
    x_ranks = _ranks(study.coordinates[x])
    curve_ranks = {} if curves is None else _ranks(study.coordinates[curves])
    return [
        FigurePoint(
            x_ranks[key_of(point.values[at_x])],
            0 if at_curve is None else curve_ranks[key_of(point.values[at_curve])],
            quantity := reader.of(point),
            point.pool.samples,
            tuple(dict.fromkeys(row.record.position for row in point.rows)),
            state := "measured" if quantity.value is not None else _reason(point),
            tuple(missing_jobs(point.rows)) if state == "measured" else (),
            tuple(partial_jobs(point.rows)),
        )
        for point in study.points
    ]


def _reason(point: Point) -> PointState:
    """Return why a point has no value."""
    states = point.states
    if any(state != "success" and state not in FAILED for state in states):
        return "to come"
    if any(row.record.state == "success" and not row.is_loaded for row in point.rows):
        return "not loaded"
    if "success" in states:
        return "empty"
    return "failed" if "error" in states else "canceled"


def _ranks(values: Sequence[Cell]) -> dict[ValueKey, int]:
    return {key_of(value): rank for rank, value in enumerate(values)}


class _Reader:
    """Reads a point's quantity by name."""

    def __init__(
        self, study: Study, y: str, definitions: Mapping[str, Expression], errors: Errors
    ) -> None:
        rows = [row for p in study.points for row in p.rows]
        kinds = {p.pool.kind for p in study.points if p.pool.kind}
        self._errors_shown = errors is not False
        self._errors: Literal["counts", "scatter"] = "scatter" if errors == "scatter" else "counts"
        self._level = level_of(True if isinstance(errors, str) else errors)
        if y in definitions:
            self._expression = definitions[y]
        else:
            try:
                self._expression = parse(y)
            except ExpressionError:
                raise UnknownColumnError(
                    f"{y!r:.80} is not a state, quantity or expression."
                ) from None
        returned = dict.fromkeys(state for row in rows for state in row.measurement.values)
        self._is_known = True
        if y in definitions:
            self._is_known = is_measured(self._expression, returned, rows)
        else:
            check_expression(self._expression, returned, [row.measurement for row in rows])
        is_sampled = not kinds or "count" in kinds
        self.is_share = self._expression.is_share
        share = f"share of {y} among selected" if is_sampled else f"probability of {y}"
        self.label = share if self.is_share else y

    def of(self, point: Point) -> Quantity:
        pool = point.pool
        found = self._read(pool)
        return found if self._errors_shown else Quantity(found.value)

    def _read(self, pool: Pool) -> Quantity:
        if not self._is_known:
            return Quantity()
        names = self._expression.names
        if len(names) == 1 and self._expression.text.strip() == names[0]:
            return pool.scalar(names[0], level=self._level, errors=self._errors)
        return pool.quantity(self._expression, level=self._level, errors=self._errors)
