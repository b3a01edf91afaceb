"""The measurements as a table of medians and ratios, for the terminal and for Markdown."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Result:
    """The outcome of one run of one variant: the compared value and other observations."""

    value: float
    seen: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Variant:
    """One way to do the work that a line measures.

    Attributes:
        run: a function of a module, which runs in a separate process.
        args: its arguments.
        once: whether it takes so long that it runs only once.
    """

    run: Callable[..., Result]
    args: tuple[Any, ...] = ()
    once: bool = False


@dataclass(frozen=True)
class Line:
    """One line of the table: one measure at one size.

    Attributes:
        what: the measure.
        ours: the variant of jobgroup.
        floors: variants without jobgroup, by name, of which the best one counts.
        peers: variants of Perceval, by name.
        jobs: the number of jobs, by which lines of the same `series` are compared.
        unit: "s", "MB", "B", "requests" or "share" (of 1, where more is better).
        reach: the goal as a multiple of the floor (for a share, the smallest value).
        at_most: the goal as an absolute value.
    """

    what: str
    ours: Variant
    floors: dict[str, Variant] = field(default_factory=dict)
    peers: dict[str, Variant] = field(default_factory=dict)
    jobs: int | None = None
    series: str = ""
    unit: str = "s"
    reach: float | None = None
    at_most: float | None = None


@dataclass
class Measured:
    """The results of a line by variant, or the reason why there are none."""

    line: Line
    results: dict[str, list[Result]] = field(default_factory=dict)
    failure: str = ""

    def add(self, variant: str, result: Result) -> None:
        """Record one run."""
        self.results.setdefault(variant, []).append(result)

    def median(self, variant: str) -> float:
        """Return the median of a variant's runs."""
        return statistics.median(r.value for r in self.results[variant])

    @property
    def ours(self) -> float:
        """The median of jobgroup."""
        return self.median("ours")

    @property
    def floor(self) -> tuple[str, float] | None:
        """The name and the median of the best floor."""
        medians = [(self.median(n), n) for n in self.line.floors if n in self.results]
        return (min(medians)[1], min(medians)[0]) if medians else None

    @property
    def seen(self) -> str:
        """Other observations of jobgroup's runs, as medians."""
        keys = dict.fromkeys(k for r in self.results["ours"] for k in r.seen)
        parts = []
        for key in keys:
            values = [r.seen[key] for r in self.results["ours"] if key in r.seen]
            parts.append(f"{key} {_number(statistics.median(values))}")
        return ", ".join(parts)


HEADER = ("measure", "jobgroup", "floor", "ratio", "goal", "met", "peer", "ratio", "growth", "seen")


def table(measured: Sequence[Measured]) -> list[tuple[str, ...]]:
    """Return the rows of the table, as texts."""
    return [HEADER, *(_row(m, _before(m, measured)) for m in measured)]


def _row(m: Measured, before: Measured | None) -> tuple[str, ...]:
    line, unit = m.line, m.line.unit
    if m.failure:
        return (line.what, "failed", *[""] * (len(HEADER) - 3), m.failure)
    floor_text = ratio_text = ""
    if m.floor is not None:
        name, floor = m.floor
        floor_text = f"{_amount(floor, unit)} ({name})"
        ratio_text = f"{m.ours / floor:.2f}" if floor else "-"
    reach, met = _verdict(m)
    peers = [(n, m.median(n)) for n in line.peers if n in m.results]
    return (
        line.what,
        _amount(m.ours, unit),
        floor_text,
        ratio_text,
        reach,
        met,
        "; ".join(f"{_amount(value, unit)} ({name})" for name, value in peers),
        "; ".join(f"{value / m.ours:.1f}" for _, value in peers if m.ours),
        "" if before is None else f"{_growth(before, m):.2f}",
        m.seen,
    )


def _verdict(m: Measured) -> tuple[str, str]:
    line = m.line
    if line.at_most is not None:
        return f"<= {_amount(line.at_most, line.unit)}", _yes(m.ours <= line.at_most)
    if line.reach is None:
        return "", ""
    if line.unit == "share":
        return f">= {_amount(line.reach, line.unit)}", _yes(m.ours >= line.reach)
    if m.floor is None:
        return "", ""
    return f"<= {line.reach:g}", _yes(m.ours <= line.reach * m.floor[1])


def _yes(met: bool) -> str:
    return "yes" if met else "NO"


def _before(m: Measured, measured: Iterable[Measured]) -> Measured | None:
    """Return the line of the same series with the next smaller size."""
    if not m.line.series or m.line.jobs is None:
        return None
    smaller = [
        (o.line.jobs, o)
        for o in measured
        if not o.failure
        and o.line.series == m.line.series
        and o.line.jobs is not None
        and o.line.jobs < m.line.jobs
    ]
    return max(smaller, key=lambda pair: pair[0])[1] if smaller else None


def _growth(before: Measured, after: Measured) -> float:
    """Return how many times more a line takes for ten times more jobs."""
    decades = math.log10((after.line.jobs or 1) / (before.line.jobs or 1))
    return float((after.ours / before.ours) ** (1 / decades))


def _amount(value: float, unit: str) -> str:
    match unit:
        case "s":
            return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"
        case "share":
            return f"{value:.1%}"
        case _:
            return f"{_number(value)} {unit}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """Return the table for a terminal."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def as_markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return the table for a page."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])
