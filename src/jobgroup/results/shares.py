"""Compute errors and intervals of shares, and test whether repeats agree. Pure.

Definitions: L. D. Brown, T. T. Cai, A. DasGupta, Statist. Sci. 16 (2001) 101; E. B. Wilson, J. Am.
Stat. Assoc. 22 (1927) 209.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from jobgroup.values import as_float

ONE_SIGMA: Final = math.erf(math.sqrt(0.5))
"""Level of an interval of one standard deviation on each side: 68.27 %."""

MIN_EXPECTED: Final = 5
"""Expected count below which states are merged before a chi-squared test."""


def share_error(count: int, samples: int) -> float | None:
    """Return the standard error of ``count / samples``; None without samples.

    It is never 0: for a count of 0 or `samples`, it is the standard deviation of the Jeffreys
    posterior, Beta(count + 1/2, samples - count + 1/2).

    >>> round(share_error(98, 500), 6), round(share_error(0, 500), 6), share_error(0, 1)
    (0.017753, 0.001409, 0.25)
    """
    if not samples:
        return None
    n = as_float(samples)
    if 0 < count < samples:
        p = count / samples
        return math.sqrt(p * (1 - p) / n)
    return math.sqrt((0.5 / (n + 1)) * ((n + 0.5) / (n + 1)) / (n + 2)) if n < math.inf else 0.0


def wilson(count: int, samples: int, level: float = ONE_SIGMA) -> tuple[float, float] | None:
    """Return Wilson's score interval for ``count / samples``; None without samples.

    >>> [round(x, 6) for x in wilson(98, 500, 0.95)]
    [0.163578, 0.233057]
    """
    if not samples:
        return None
    n, p = as_float(samples), count / samples
    z = z_score(level)
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + (z / n / 2) ** 2)
    low = 0.0 if count == 0 else max(0.0, centre - half)
    return low, 1.0 if count == samples else min(1.0, centre + half)


def z_score(level: float) -> float:
    """Return the half width, in standard deviations, of a central normal interval.

    Raises:
        ValueError: the level is not between 0 and 1.
    """
    if isinstance(level, bool) or not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, such as 0.95, got {level!r:.40}.")
    from statistics import NormalDist  # not at the import of jobgroup, which few calls need

    return NormalDist().inv_cdf((1 + level) / 2)


def scatter_error(values: Sequence[float]) -> float | None:
    """Return the standard error of repeats, from their spread.

    Return None for fewer than two repeats, or if one of them is not finite.
    """
    from statistics import stdev

    if len(values) < 2 or not all(map(math.isfinite, values)):
        return None
    return stdev(values) / math.sqrt(len(values))


def homogeneity(repeats: Sequence[Mapping[str, int]]) -> tuple[float, float] | None:
    """Test whether repeats have the same distribution, and return chi-squared and its p-value.

    States with an expected count of at least `MIN_EXPECTED` in each repeat are counted separately;
    the others are counted together. Return None if there is nothing to compare.

    >>> chi2, p = homogeneity([{"a": 50, "b": 50}, {"a": 80, "b": 20}])
    >>> round(chi2, 2), p < 0.001
    (19.78, True)
    """
    sizes = [sum(counts.values()) for counts in repeats]
    repeats = [counts for counts, size in zip(repeats, sizes, strict=True) if size]
    sizes = [size for size in sizes if size]
    if len(repeats) < 2:
        return None
    total = sum(sizes)
    pooled: dict[str, int] = {}
    for counts in repeats:
        for state, count in counts.items():
            pooled[state] = pooled.get(state, 0) + count
    alone = [s for s, c in pooled.items() if min(sizes) * c >= MIN_EXPECTED * total]
    cells = [[counts.get(state, 0) for state in alone] for counts in repeats]
    rest = [size - sum(row) for size, row in zip(sizes, cells, strict=True)]
    if any(rest):
        for row, others in zip(cells, rest, strict=True):
            row.append(others)
    columns = [sum(column) for column in zip(*cells, strict=True)]
    if len(columns) < 2:
        return None
    chi2 = 0.0
    for row, size in zip(cells, sizes, strict=True):
        for observed, column in zip(row, columns, strict=True):
            expected = size * column / total
            chi2 += (observed - expected) ** 2 / expected
    return chi2, chi2_tail(chi2, (len(repeats) - 1) * (len(columns) - 1))


def chi2_tail(chi2: float, degrees: int) -> float:
    """Return the probability that a chi-squared variable is larger.

    This is the regularized upper incomplete gamma function. It is computed with a series below its
    peak, and with a continued fraction above (Numerical Recipes, 6.2).
    """
    a, x = degrees / 2, chi2 / 2
    if x <= 0:
        return 1.0
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        nth = a
        while term > total * 1e-16:
            nth += 1
            term *= x / nth
            total += term
        return max(0.0, 1 - scale * total)
    b, c = x + 1 - a, 1e300
    d = fraction = 1 / b
    for i in range(1, 10_000):
        numerator = -i * (i - a)
        b += 2
        d = 1 / (numerator * d + b)
        c = b + numerator / c
        fraction *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return scale * fraction
