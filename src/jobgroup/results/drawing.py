"""Draw figures with matplotlib: curves with error bars, maps and bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from jobgroup.errors import MissingDependencyError
from jobgroup.results.arrays import coordinate
from jobgroup.results.axes import are_times, is_numeric, is_placed
from jobgroup.results.cells import Cell
from jobgroup.results.colours import (
    ORDER,
    colours_of,
    needs_colour_bar,
    ordered,
    use_palette,
)
from jobgroup.results.figure import Figure, FigurePoint
from jobgroup.results.pool import Quantity
from jobgroup.results.shown_values import shown_value
from jobgroup.rounding import is_same_number
from jobgroup.words import format_count, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKER_ROOM: Final = 0.03
"""Share of an axis that half a marker takes at most, unless the axis is shorter than 3 cm."""

_HOLE: Final = FigurePoint(0, 0, Quantity(), 0, (), "empty")


def draw(
    figure: Figure,
    ax: Axes | None,
    *,
    log: Literal["x", "y", "xy"] | None = None,
    from_zero: bool | None = None,
) -> Axes:
    """Draw a figure; see `JobGroup.plot`.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        ValueError: there is nothing to draw, or an axis cannot be logarithmic.
    """
    try:
        import numpy as np
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise MissingDependencyError(
            "plot() needs matplotlib, which is not installed: pip install matplotlib."
        ) from error
    if not any(point.quantity.value is not None for point in figure.points):
        raise ValueError(f"There is nothing to draw: no point has a value of {figure.y!r:.80}.")
    _check_log(figure, log)
    if ax is None:
        _, ax = plt.subplots(layout="constrained")
        use_palette(ax)
    drawing = _Drawing(figure, ax, np, log or "", from_zero)
    {"line": drawing.line, "map": drawing.map, "bars": drawing.bars}[figure.kind]()
    ax.set(**{f"{axis}scale": "log" for axis in log or ""})
    drawing.caption()
    if figure.title:
        ax.set_title(_plain(figure.title))
    return ax


def _check_log(figure: Figure, log: str | None) -> None:
    """Raise ValueError if an axis cannot be logarithmic."""
    if log not in (None, "x", "y", "xy"):
        raise ValueError(f'log must be "x", "y" or "xy", got {log!r:.40}.')
    if log and figure.kind == "bars":
        raise ValueError('Bars cannot have a logarithmic axis. Choose kind="line".')
    heights: list[Cell] = [point.quantity.value for point in figure.points]
    along = {"x": figure.xs, "y": figure.groups if figure.kind == "map" else heights}
    for axis in log or "":
        numbers = [value for value in along[axis] if isinstance(value, int | float)]
        if not is_numeric(along[axis]) or not any(number > 0 for number in numbers):
            raise ValueError(f"The {axis} axis cannot be logarithmic: it has no number above 0.")


class _Drawing:
    def __init__(self, figure: Figure, ax: Any, np: Any, log: str, from_zero: bool | None) -> None:
        self._figure, self._ax, self._np, self._log = figure, ax, np, log
        self._from_zero = figure.is_share if from_zero is None else from_zero
        self._colours: Sequence[str | None] = colours_of(figure.groups)
        self._range: tuple[float, float] | None = None
        if needs_colour_bar(figure.groups):
            places = _numbers(coordinate(figure.groups, np), np)
            finite = places[np.isfinite(places)]
            self._range = low, high = float(finite.min()), float(finite.max())
            shares = np.clip((places - low) / (high - low or 1), 0, 1)
            self._colours = [ordered(share) for share in np.nan_to_num(shares).tolist()]

    def line(self) -> None:
        """Draw markers and thin lines, which are broken at points without a value."""
        np, ax = self._np, self._ax
        for group, label in enumerate(self._figure.legend):
            # Other curves may have points between those of this one.
            points = [point for point in self._points(group) if point is not _HOLE]
            found = [point.quantity for point in points]
            values = self._drawable("y", np.array([_number(each.value) for each in found]))
            places = self._drawable("x", self._xs()[[point.x for point in points]])
            (line,) = ax.plot(
                places, values, "-", linewidth=0.8, color=self._colours[group], label="_"
            )
            colour = line.get_color()
            is_open = np.array([point.samples is None for point in points])
            has_bar = np.array([each.low is not None for each in found]) & ~np.isnan(values)
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
            line.set_label(in_legend(label) or "_")
        self._finish()
        low, high = map(float, ax.dataLim.intervaly)
        if room := _room(low, high):
            ax.set_ylim(low - room, high + room)
        if self._from_zero and not self._figure.has_negative and "y" not in self._log:
            self._begin_at_zero(low)

    def _begin_at_zero(self, low: float) -> None:
        """Begin the y axis at 0, or just below if a marker near 0 would be cut in half.

        Markers that are drawn outside the axes would stay there if the user sets narrower limits.
        """
        ax = self._ax
        ax.update_datalim([(0, 0)], updatex=False)  # if further curves change the limits
        top = ax.get_ylim()[1]
        room = _MARKER_ROOM * top
        ax.set_ylim(bottom=-room if low < room else 0, auto=None)

    def bars(self) -> None:
        """Draw a bar for each value, in groups."""
        ax, count = self._ax, len(self._figure.groups)
        width = 0.8 / count
        for group, label in enumerate(self._figure.legend):
            found = [point.quantity for point in self._points(group)]
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
            places = [i + (group - (count - 1) / 2) * width for i in range(len(found))]
            has_errors = any(map(any, ends))
            ax.bar(
                places,
                values,
                width,
                yerr=ends if has_errors else None,
                color=self._colours[group],
                capsize=2,
                label=in_legend(label),
            )
        ax.set_xticks(
            range(len(self._figure.xs)), [_plain(shown_value(value)) for value in self._figure.xs]
        )
        self._finish()
        if self._figure.is_share and not self._figure.has_negative:
            ax.set_ylim(0, max(1.0, ax.get_ylim()[1] if self._figure.greatest > 1 else 1.0))

    def map(self) -> None:
        """Draw a cell for each point. Edges are halfway between values."""
        np, ax = self._np, self._ax
        groups = self._figure.groups
        data = np.array(
            [
                [_number(point.quantity.value) for point in self._points(group)]
                for group in range(len(groups))
            ]
        )
        low, high = float(np.nanmin(data)), float(np.nanmax(data))
        is_signed = low < 0 < high and not any(
            is_same_number(end, 0, high - low) for end in (low, high)
        )
        colours: dict[str, Any] = {"cmap": "viridis"}
        if is_signed:
            limit = max(-low, high)
            colours = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
        elif room := _room(low, high):
            colours |= {"vmin": low - room, "vmax": high + room}
        xs, ys = coordinate(self._figure.xs, np), coordinate(groups, np)
        is_log_x, is_log_y = "x" in self._log, "y" in self._log
        drawn_x = _drawn(self._figure.xs, xs, np, is_log=is_log_x)
        drawn_y = _drawn(groups, ys, np, is_log=is_log_y)
        xs, ys, data = xs[drawn_x], ys[drawn_y], data[drawn_y][:, drawn_x]
        if not data.size:
            raise ValueError("There is nothing to draw: no point has two finite coordinates.")
        mesh = ax.pcolormesh(
            _edges(xs, np, is_log=is_log_x),
            _edges(ys, np, is_log=is_log_y),
            np.ma.masked_invalid(data),
            **colours,
        )
        errors = [p.quantity.error for p in self._figure.points if p.quantity.error is not None]
        bar = ax.figure.colorbar(mesh, ax=ax)
        bar.set_label(
            _plain(self._figure.y_label) + (f" (error at most {max(errors):.2g})" if errors else "")
        )
        ax.set_xlabel(_plain(self._figure.x_label))
        ax.set_ylabel(_plain(self._figure.curves_label))
        self._ticks(ax.xaxis, self._figure.xs)
        self._ticks(ax.yaxis, groups)

    def caption(self) -> None:
        """Write the samples, errors and numbers of points below the axes."""
        text = self._figure.caption
        if omitted := sum(map(self._is_omitted, self._figure.points)):
            count = format_count(omitted, "point")
            text += f"; {count} at 0 or below not on the logarithmic axis"
        self._ax.annotate(
            _plain(text), (0, 0), (0, -36), xycoords="axes fraction",
            textcoords="offset points", fontsize="small", va="top",
        )  # fmt: skip

    def _is_omitted(self, point: FigurePoint) -> bool:
        """Return whether a point has a place, but not on the logarithmic axes."""
        figure = self._figure
        x, group = figure.xs[point.x], figure.groups[point.curve]
        places = {"x": x, "y": group if figure.kind == "map" else point.quantity.value}
        numbers = [place for axis in self._log if isinstance(place := places[axis], int | float)]
        return figure.has_place(point) and any(number <= 0 for number in numbers)

    def _finish(self) -> None:
        self._ax.set_xlabel(_plain(self._figure.x_label))
        self._ax.set_ylabel(_plain(self._figure.y_label))
        if self._range is not None:
            self._colour_bar(*self._range)
        elif self._figure.curves is not None:
            self._ax.legend()
        self._ticks(self._ax.xaxis, self._figure.xs)

    def _colour_bar(self, low: float, high: float) -> None:
        """Draw the color of each value of the curves' name."""
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import LinearSegmentedColormap, Normalize
        from matplotlib.dates import AutoDateFormatter, AutoDateLocator

        scale = LinearSegmentedColormap.from_list("order", ORDER)
        options: dict[str, Any] = {"label": _plain(self._figure.curves_label)}
        if are_times(self._figure.groups):
            dates = AutoDateLocator()  # type: ignore[no-untyped-call]
            form = AutoDateFormatter(dates)  # type: ignore[no-untyped-call]
            options |= {"ticks": dates, "format": form}
        colours = ScalarMappable(Normalize(low, high), scale)
        bar = self._ax.figure.colorbar(colours, ax=self._ax, **options)
        self._ticks(bar.ax.yaxis, self._figure.groups)

    def _ticks(self, axis: Any, values: Sequence[Cell]) -> None:
        """Put the ticks of an axis of whole numbers at whole numbers."""
        from matplotlib.ticker import AutoLocator

        if all(type(value) is int for value in values) and isinstance(
            locator := axis.get_major_locator(), AutoLocator
        ):
            locator.set_params(integer=True)

    def _drawable(self, axis: str, values: Any) -> Any:
        """Return the values, with gaps for those that a logarithmic axis cannot show."""
        return self._np.where(values > 0, values, math.nan) if axis in self._log else values

    def _xs(self) -> Any:
        """Return the values on the x axis; texts become categories."""
        found = coordinate(self._figure.xs, self._np)
        if found.dtype != object:
            return found
        return self._np.array([_plain(text) for text in found], dtype=object)

    def _points(self, group: int) -> list[FigurePoint]:
        """Return the points of one curve in order, with None for gaps."""
        return [self._figure.at.get((group, x), _HOLE) for x in range(len(self._figure.xs))]


def _plain(text: str) -> str:
    """Return text that matplotlib can draw. Dollar signs around no valid formula are shown."""
    from matplotlib.mathtext import MathTextParser

    text = plain(text)  # an SVG file has no control characters
    try:
        for line in text.splitlines() if "$" in text else ():
            MathTextParser("path").parse(line)
    except (ValueError, RecursionError):
        return text.replace("$", r"\$")
    return text


def in_legend(label: str) -> str:
    """Return text for a legend, which leaves out labels that begin with an underscore."""
    return f" {_plain(label)}" if label.startswith("_") else _plain(label)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _room(low: float, high: float) -> float:
    """Return room around numbers that differ only by rounding, as matplotlib adds to equal ones."""
    return 0.05 * abs(high) if low != high and is_same_number(low, high) else 0.0


def _drawn(cells: Sequence[Cell], values: Any, np: Any, *, is_log: bool) -> Any:
    """Return which values of an axis a map has room for."""
    placed = np.array([is_placed(cell) for cell in cells], dtype=bool)
    return placed & (values > 0) if is_log else placed


def _edges(centres: Any, np: Any, *, is_log: bool) -> Any:
    """Return the edges of cells, halfway between ascending values, or by ratio if logarithmic."""
    if is_log:
        return np.exp(_edges(np.log(centres), np, is_log=False))
    centres = _numbers(centres, np)
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middles = (centres[1:] + centres[:-1]) / 2
    first, last = 2 * centres[0] - middles[0], 2 * centres[-1] - middles[-1]
    return np.concatenate([[first], middles, [last]])


def _numbers(values: Any, np: Any) -> Any:
    """Return values as numbers: times as days, as matplotlib does, and texts as indices."""
    if values.dtype.kind in "iuf":
        return values
    if values.dtype.kind == "M":
        return values.astype("datetime64[us]").astype(float) / 86_400e6
    return np.arange(len(values))
