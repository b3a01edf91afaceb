"""Define the colors of curves, the same as on the page (`js/src/plot/colours.ts`). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from jobgroup.results.axes import is_numeric
from jobgroup.results.cells import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PALETTE: Final = (
    "#2f7fd6", "#d9601e", "#12977a", "#a565b8", "#b5820a", "#7c8896", "#0f93a8", "#cf4f6a",
)  # fmt: skip
"""Colors for curves without an order, distinct without red and green."""

ORDER: Final = ("#2e7be4", "#7d68dd", "#b054bd", "#d0467f", "#d9542f", "#bf8000")
"""Scale for curves in order, visible with all kinds of color vision."""

MAX_NAMED_CURVES: Final = 12
"""The number of curves above which a color bar replaces the legend."""


def use_palette(ax: Axes) -> None:
    """Give the curves or bars that are drawn on the axes the colors of the page."""
    ax.set_prop_cycle(color=PALETTE)


def colours_of(values: Sequence[Cell]) -> list[str] | list[None]:
    """Return the color of the curve of each value: in order for numbers and times.

    For other values, the colors are None: the axes give each curve the next color of their cycle,
    so that the curves of several figures on the same axes differ.

    >>> colours_of([0.1, 0.2, 0.3]), colours_of(["A", "B"])
    (['#2e7be4', '#c04d9e', '#bf8000'], [None, None])
    """
    last = len(values) - 1
    if last < 1 or not is_numeric(values):
        return [None] * len(values)
    return [ordered(curve / last) for curve in range(len(values))]


def needs_colour_bar(values: Sequence[Cell]) -> bool:
    """Return whether curves with these values have colors by value, and a color bar."""
    return len(values) > MAX_NAMED_CURVES and is_numeric(values)


def ordered(share: float) -> str:
    """Return the color at a fraction of the scale, 0 to 1."""
    place = share * (len(ORDER) - 1)
    first = min(int(place), len(ORDER) - 2)
    ends = zip(_rgb(ORDER[first]), _rgb(ORDER[first + 1]), strict=True)
    mixed = [a + (place - first) * (b - a) for a, b in ends]
    return "#" + "".join(f"{int(part + 0.5):02x}" for part in mixed)


def _rgb(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
