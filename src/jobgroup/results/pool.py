"""Define `Pool`, the pooled measurements of a point and the numbers computed from them. Pure.

A single job is a pool of one measurement, so tables, datasets, figures, exports and the dashboard
all show the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final, Literal, NamedTuple

from jobgroup.results.expression import Expression, error_of
from jobgroup.results.measurement import Kind, Measurement
from jobgroup.results.shares import (
    ONE_SIGMA,
    homogeneity,
    scatter_error,
    share_error,
    wilson,
    z_score,
)
from jobgroup.results.states import in_order, shape_of
from jobgroup.values import as_float

PERFORMANCES: Final = ("physical_perf", "logical_perf", "global_perf")
"""Scalars that are shares of the shots. They are pooled as ratios."""

ErrorKind = Literal["counts", "scatter"]


class Quantity(NamedTuple):
    """A number with its standard error and interval. Unknown values are None."""

    value: float | None = None
    error: float | None = None
    low: float | None = None
    high: float | None = None


class Pool:
    """Pooled measurements: counts are added, and performances are pooled as ratios.

    Counts and probabilities are not mixed. If there are counts, probabilities are left out.
    Otherwise probabilities are averaged, and have no error.

    Args:
        measurements: measurements of one point, with equal settings.

    Attributes:
        used: measurements from which the numbers are computed.
        left_out: measurements of the other kind; their outcomes are not used.
        kind: kind of the numbers used; None without outcomes.
    """

    def __init__(self, measurements: Iterable[Measurement]) -> None:
        everything = list(measurements)
        measured = [m for m in everything if m.kind is not None]
        counted = [m for m in measured if m.kind == "count"]
        self.used: list[Measurement] = counted or measured
        self.left_out = [m for m in measured if m.kind != self.used[0].kind]
        self.kind: Kind | None = self.used[0].kind if self.used else None
        self._sources = self.used or everything[:1]

    @cached_property
    def counts(self) -> dict[str, int]:
        """Sum of the counts by state, in the order of states; {} without counts."""
        if self.kind != "count":
            return {}
        if len(self.used) == 1:
            return {state: int(count) for state, count in self.used[0].values.items()}
        found: dict[str, int] = {}
        for measurement in self.used:
            for state, count in measurement.values.items():
                found[state] = found.get(state, 0) + int(count)
        return {state: found[state] for state in in_order(found)}

    @cached_property
    def samples(self) -> int | None:
        """Sum of all counts; None for probabilities or without outcomes."""
        return sum(self.counts.values()) if self.kind == "count" else None

    @cached_property
    def shares(self) -> dict[str, float]:
        """Share of each state that was returned, in the order of states."""
        if self.kind == "count":
            n = self.samples
            return {state: count / n for state, count in self.counts.items()} if n else {}
        if len(self.used) == 1:
            return dict(self.used[0].values)
        states = dict.fromkeys(state for m in self.used for state in m.values)
        return {
            state: sum(m.values.get(state, 0.0) for m in self.used) / len(self.used)
            for state in in_order(states)
        }

    @cached_property
    def modes(self) -> frozenset[int]:
        """Numbers of modes of the states that were returned."""
        shapes = (shape_of(state) for m in self.used for state in m.values)
        return frozenset(shape.modes for shape in shapes if shape is not None)

    def can_have(self, state: str) -> bool:
        """Return whether the share of a missing state is 0 rather than a gap.

        The share is a gap if the state has another number of modes, or fewer photons than the
        filter requires.
        """
        if any(state in m.values for m in self.used):
            return True
        shape = shape_of(state)
        if shape is None:
            return bool(self.used)
        if not self.modes:  # a result without any state does not show its number of modes
            return self.samples == 0 and shape.photons >= self.used[0].min_photons
        return shape.modes in self.modes and shape.photons >= self.used[0].min_photons

    def count(self, state: str) -> int | None:
        """Return the count of a state; None for a gap or for probabilities."""
        if self.kind != "count" or not self.can_have(state):
            return None
        return self.counts.get(state, 0)

    def share(
        self, state: str, *, level: float = ONE_SIGMA, errors: ErrorKind = "counts"
    ) -> Quantity:
        """Return the share of a state, its standard error and Wilson's interval."""
        if self.kind is None or not self.can_have(state):
            return Quantity()
        if self.kind == "probability":
            return self._with_scatter(Quantity(self.shares.get(state, 0.0)), state, errors, level)
        count, samples = self.counts.get(state, 0), self.samples or 0
        if not samples:
            return Quantity()
        low, high = wilson(count, samples, level) or (None, None)
        found = Quantity(count / samples, share_error(count, samples), low, high)
        return self._with_scatter(found, state, errors, level)

    def scalar(
        self, name: str, *, level: float = ONE_SIGMA, errors: ErrorKind = "counts"
    ) -> Quantity:
        """Return a performance or another number of the results.

        Performances g of measurements in which m events passed are pooled as ``sum(m) / sum(m /
        g)``, the share of all events that passed. This share has an error only if a QPU reported
        its number of shots.
        """
        if name == "samples":
            return Quantity(self.samples)
        values = [number_of(m, name) for m in self._sources]
        found = [v for v in values if v is not None]
        if not found:
            return Quantity()
        if name == "shots":  # the samples of a job without known shots would inflate a rate
            return Quantity(sum(found) if len(found) == len(values) else None)
        if name not in PERFORMANCES:
            return self._with_scatter(Quantity(mean(found)), name, errors, level)
        value = self._performance(name, values)
        shots = [m.shots for m in self._sources]
        error = None
        if value is not None and 0 <= value <= 1 and all(shots):
            error = math.sqrt(value * (1 - value) / sum(n for n in shots if n))
        return self._with_scatter(symmetric(value, error, level), name, errors, level)

    def _performance(self, name: str, values: Sequence[float | None]) -> float | None:
        pairs = [(v, _passed(m, name)) for v, m in zip(values, self._sources, strict=True) if v]
        weights = [(v, n) for v, n in pairs if n]
        if len(values) == 1 or not weights:
            return mean([v for v in values if v is not None])
        return sum(n for _, n in weights) / sum(n / v for v, n in weights)

    def quantity(
        self,
        expression: Expression,
        *,
        level: float = ONE_SIGMA,
        errors: ErrorKind = "counts",
    ) -> Quantity:
        """Compute a derived quantity from the pooled counts and performances."""
        if expression.is_share:
            return self.share(expression.states[0], level=level, errors=errors)
        values = {state: self.share(state).value for state in expression.states}
        parts = {name: self.scalar(name) for name in expression.names}
        values |= {name: part.value for name, part in parts.items()}
        known = {name: value for name, value in values.items() if value is not None}
        found = expression.at(known) if len(known) == len(values) else None
        if found is None:
            return Quantity()
        own = {n: p.error for n, p in parts.items() if p.error is not None}
        error = None
        if self.kind == "count" or not expression.states:
            counts = {state: self.counts.get(state, 0) for state in expression.states}
            scalars = {name: known[name] for name in expression.names}
            error = error_of(expression, counts, self.samples or 0, scalars, own)
        return self._with_scatter(symmetric(found.value, error, level), expression, errors, level)

    def disagreement(self) -> float | None:
        """Return the probability that repeats of one distribution differ by at least as much."""
        if self.kind != "count" or len(self.used) < 2:
            return None
        test = homogeneity([{s: int(n) for s, n in m.values.items()} for m in self.used])
        return None if test is None else test[1]

    def _with_scatter(
        self, found: Quantity, what: str | Expression, errors: ErrorKind, level: float
    ) -> Quantity:
        """Return the quantity; if `errors` is "scatter", with the standard error of the repeats."""
        if errors != "scatter":
            return found
        values = []
        for measurement in self._sources:
            alone = Pool([measurement])
            if isinstance(what, Expression):
                value = alone.quantity(what).value
            else:
                value = (alone.share(what) if shape_of(what) else alone.scalar(what)).value
            if value is not None:
                values.append(value)
        return symmetric(found.value, scatter_error(values), level)


def symmetric(value: float | None, error: float | None, level: float) -> Quantity:
    """Return a quantity with a normal interval."""
    if value is None or error is None:
        return Quantity(value)
    half = z_score(level) * error
    return Quantity(value, error, value - half, value + half)


def number_of(measurement: Measurement, name: str) -> float | None:
    """Return a scalar of a measurement as a finite number.

    `global_perf` is ``physical_perf * logical_perf`` if the result has only these two.
    """
    value = measurement.scalars.get(name)
    if value is None and name == "shots":
        value = measurement.shots
    if value is None and name == "global_perf":
        parts = [number_of(measurement, each) for each in ("physical_perf", "logical_perf")]
        return None if None in parts else math.prod(p for p in parts if p is not None)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = as_float(value) if isinstance(value, int) else value
    return number if math.isfinite(number) else None


def _passed(measurement: Measurement, name: str) -> float:
    """Return the number of events that passed: samples, or events before the selection."""
    samples = as_float(measurement.samples or 0)
    selected = number_of(measurement, "logical_perf") if name == "physical_perf" else None
    return samples / selected if selected else samples


def mean(values: Sequence[float]) -> float | None:
    """Return the mean; None without values."""
    return sum(values) / len(values) if values else None


def scalar_names(measurements: Iterable[Measurement]) -> list[str]:
    """Return the names of the scalars that some of the measurements have."""
    found: Mapping[str, None] = dict.fromkeys(
        name for m in measurements for name in m.scalars if number_of(m, name) is not None
    )
    names = list(found)
    if {"physical_perf", "logical_perf"} <= found.keys() and "global_perf" not in found:
        names.append("global_perf")
    return names
