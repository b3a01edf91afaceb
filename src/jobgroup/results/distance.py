"""Compute the distance between distributions, and the distance expected by chance. Pure.

The total variation distance covers all states. If both distributions are equal, the counts of one
side, given the pooled counts, are hypergeometric (E. L. Lehmann, J. P. Romano, *Testing Statistical
Hypotheses*, 15.2). Mean absolute deviations are exact (P. Diaconis, S. Zabell, Statist. Sci. 6
(1991) 284).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import pstdev
from typing import Any, Final

from jobgroup.errors import MissingDependencyError

DRAWS: Final = 9_999
"""Number of random relabelings for a p-value: p = (1 + b) / (1 + draws) (B. Phipson, G. K. Smyth,
Stat. Appl. Genet. Mol. Biol. 9 (2010) 39)."""

MIN_DRAWS: Final = 199
MAX_WORK: Final = 50_000_000
"""Maximum number of results to relabel in one comparison, which takes seconds."""

_ONE_BY_ONE: Final = 40
"""Number of results per state below which it is faster to relabel results one by one."""

_MAX_DRAWN: Final = 10**9
"""Number of results from which numpy cannot draw without replacement."""

_CELLS: Final = 2_000_000
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Comparison:
    """The total variation distance between two distributions, and the distance expected by chance.

    The p-value is valid only for a pair that was chosen before its results were seen.

    Attributes:
        distance: half the sum of absolute differences over all states, from 0 to 1.
        expected: mean distance between two results of the same distribution; None without samples.
        spread: standard deviation of the distance between such results.
        p95: distance that 95 % of such pairs of results do not exceed.
        p_value: probability of at least `distance` if the distributions are equal.
        samples: number of samples of each side; None for probabilities.
        left_out: positions of jobs whose probabilities are unused, because other jobs have counts.
        skipped: positions of jobs without a complete result.
    """

    distance: float
    expected: float | None = None
    spread: float | None = None
    p95: float | None = None
    p_value: float | None = None
    samples: tuple[int | None, int | None] = (None, None)
    left_out: tuple[int, ...] = ()
    skipped: tuple[int, ...] = ()

    def __str__(self) -> str:
        parts = [f"total variation distance {self.distance:.4f}"]
        if self.expected is not None:
            chance = f"chance gives {self.expected:.4f}"
            if self.spread is not None:
                chance += f" +- {self.spread:.4f}"
            parts.append(chance)
        if self.p_value is not None:
            parts.append(f"p = {self.p_value:.3g} (for a pair chosen beforehand)")
        if self.skipped:
            parts.append(f"jobs without a complete result: {', '.join(map(str, self.skipped))}")
        return ", ".join(parts)


def total_variation(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    """Return the total variation distance between two distributions, over all states.

    >>> round(total_variation({"x": 0.75, "y": 0.25}, {"x": 0.25, "y": 0.5, "z": 0.25}), 6)
    0.5
    """
    return math.fsum(abs(a.get(s, 0.0) - b.get(s, 0.0)) for s in {**a, **b}) / 2


def expected_distance(a: Mapping[str, int], b: Mapping[str, int]) -> float:
    """Return the mean distance between two samples of equal distributions, given the pooled counts.

    >>> round(expected_distance({"x": 3, "y": 1}, {"x": 1, "y": 2, "z": 1}) * 70, 9)
    29.0
    """
    n, m = sum(a.values()), sum(b.values())
    scale = 1 / n + 1 / m
    deviations = (_hypergeometric_deviation(n, m, a.get(s, 0) + b.get(s, 0)) for s in {**a, **b})
    return scale * math.fsum(deviations) / 2


def _hypergeometric_deviation(n: int, m: int, c: int) -> float:
    """Return E|H - E[H]| for n draws from n + m results, c of which have a given state."""
    total = n + m
    j = n * c // total + 1
    others = m - c + j
    if j > min(n, c) or others <= 0:
        return 0.0
    log_p = _log_choose(c, j) + _log_choose(total - c, n - j) - _log_choose(total, n)
    return 2 * j * others / total * math.exp(log_p)


def expected_distance_to_ideal(ideal: Mapping[str, float], n: int) -> float:
    """Return the mean distance between a distribution and `n` samples of it.

    >>> round(expected_distance_to_ideal({"x": 0.25, "y": 0.375, "z": 0.375}, 500), 6)
    0.025004
    """
    return math.fsum(_binomial_deviation(n, q) for q in ideal.values()) / n / 2


def _binomial_deviation(n: int, q: float) -> float:
    j = math.floor(n * q) + 1
    if not 0 < q < 1 or j > n:
        return 0.0
    log_p = _log_choose(n, j) + j * math.log(q) + (n - j + 1) * math.log1p(-q)
    return 2 * j * math.exp(log_p)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def compare_counts(a: Mapping[str, int], b: Mapping[str, int], *, seed: int = 0) -> Comparison:
    """Compare the counts of two results."""
    np, n, m = _numpy(), sum(a.values()), sum(b.values())
    states = list({**a, **b})
    observed = total_variation({s: k / n for s, k in a.items()}, {s: k / m for s, k in b.items()})
    pooled = np.array([a.get(s, 0) + b.get(s, 0) for s in states])
    random = np.random.default_rng(seed)
    one_by_one = n + m < _ONE_BY_ONE * len(states)
    results = np.repeat(np.arange(len(states)), pooled) if one_by_one else None

    def draw(size: int) -> Any:
        """Return the first side's counts after relabeling, one row for each relabeling."""
        if n + m >= _MAX_DRAWN:
            return _many(random, pooled, n, size)
        if results is None:
            return random.multivariate_hypergeometric(pooled, n, size=size, method="marginals")
        rows = (random.permutation(results)[:n] for _ in range(size))
        return np.array([np.bincount(row, minlength=len(states)) for row in rows])

    distances = _in_batches(
        lambda size: abs(draw(size) * (1 / n + 1 / m) - pooled / m).sum(axis=1) / 2,
        len(states),
        n + m if one_by_one else _ONE_BY_ONE * len(states),
    )
    return _with_chance(observed, expected_distance(a, b), distances, (n, m))


def _many(random: Any, pooled: Any, n: int, size: int) -> Any:
    """Draw as `multivariate_hypergeometric` does, for totals that it does not accept.

    The counts are binomial. Their total is then corrected to `n`, which gives them the covariances
    of hypergeometric counts.
    """
    total = pooled.sum()
    drawn = random.binomial(pooled, n / total, size=(size, len(pooled))).astype(float)
    return drawn + (n - drawn.sum(axis=1, keepdims=True)) * (pooled / total)


def compare_with_ideal(
    a: Mapping[str, int], ideal: Mapping[str, float], *, seed: int = 0
) -> Comparison:
    """Compare counts with exact probabilities that add up to 1."""
    np, n = _numpy(), sum(a.values())
    observed = total_variation({s: k / n for s, k in a.items()}, ideal)
    random, q = np.random.default_rng(seed), np.array(list(ideal.values()))
    distances = _in_batches(
        lambda size: abs(random.multinomial(n, q / q.sum(), size=size) / n - q).sum(axis=1) / 2,
        len(q),
        _ONE_BY_ONE * len(q),
    )
    return _with_chance(observed, expected_distance_to_ideal(ideal, n), distances, (n, None))


def _in_batches(distances: Callable[[int], Any], states: int, cost: int) -> list[float]:
    """Draw in batches, and return the distances of `DRAWS` draws, or of fewer if draws are slow."""
    left = min(DRAWS, max(MIN_DRAWS, MAX_WORK // cost))
    size = max(1, _CELLS // states)
    found: list[float] = []
    while left > 0:
        found += distances(min(size, left)).tolist()
        left -= size
    return found


def _with_chance(
    observed: float, expected: float, distances: list[float], samples: tuple[int, int | None]
) -> Comparison:
    reached = sum(distance >= observed - _ROUNDING for distance in distances)
    return Comparison(
        observed,
        expected,
        pstdev(distances),
        float(sorted(distances)[math.ceil(0.95 * len(distances)) - 1]),
        (1 + reached) / (1 + len(distances)),
        samples,
    )


def _numpy() -> Any:
    try:
        import numpy as np
    except ImportError as error:
        raise MissingDependencyError(
            "compare() needs numpy, which is not installed: pip install numpy."
        ) from error
    return np
