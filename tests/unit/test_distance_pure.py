"""Distances of distributions, and their chance level, against SciPy and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from jobgroup.results.distance import (
    compare_counts,
    compare_with_ideal,
    expected_distance,
    expected_distance_to_ideal,
    total_variation,
)

STATES = "abcd"
_counts = st.lists(st.integers(0, 25), min_size=4, max_size=4).filter(any)


def _named(numbers):
    return dict(zip(STATES, numbers, strict=False))


def test_distances_have_the_published_values():
    """Both sides may be counts, or one of them an ideal."""
    found = compare_counts(_named((98, 211, 189, 2)), _named((110, 200, 188, 2)))
    assert (found.distance, found.expected) == pytest.approx((0.024, 0.036399), abs=5e-7)
    assert found.p_value == pytest.approx(0.73, abs=0.02)
    few = compare_counts(_named((3, 1, 0)), _named((1, 2, 1)))
    assert (few.distance, few.expected) == pytest.approx((0.5, 29 / 70))
    ideal = compare_with_ideal(_named((98, 211, 191)), _named((0.25, 0.375, 0.375)))
    assert (ideal.distance, ideal.expected) == pytest.approx((0.054, 0.025004), abs=5e-7)


@given(_counts, _counts)
def test_the_chance_distance_equals_sums_over_the_hypergeometric(a, b):
    """The exact mean equals the sum over all counts that relabeling can produce."""
    n, m = sum(a), sum(b)
    expected = 0.0
    for c in np.add(a, b):
        h = np.arange(n + 1)
        weights = stats.hypergeom(n + m, c, n).pmf(h)
        expected += (weights * abs(h / n - (c - h) / m)).sum() / 2
    assert expected_distance(_named(a), _named(b)) == pytest.approx(expected, abs=1e-9)


# SciPy's binomial overflows for some of the smallest floats
@given(
    st.integers(1, 200),
    st.lists(st.just(0.0) | st.floats(1e-6, 1), min_size=2, max_size=4).filter(any),
)
def test_the_distance_to_an_ideal_equals_sums_over_the_binomial(n, weights):
    """The exact mean equals the sum over all counts of each state."""
    q = np.array(weights) / sum(weights)
    k = np.arange(n + 1)
    expected = sum((stats.binom.pmf(k, n, p) * abs(k / n - p)).sum() for p in q) / 2
    assert expected_distance_to_ideal(_named(q), n) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("scale", [1, 40])
def test_the_chance_distance_equals_simulation(scale):
    """Both ways of relabeling give the mean, spread and 95th percentile of plain permutations."""
    a, b = np.array([3, 5, 2, 0]) * scale, np.array([4, 2, 3, 1]) * scale
    found = compare_counts(_named(a.tolist()), _named(b.tolist()))
    random = np.random.default_rng(5)
    results = np.repeat(np.arange(4), a + b)
    distances = []
    for _ in range(4_000):
        mixed = random.permutation(results)
        one, other = (np.bincount(part, minlength=4) for part in np.split(mixed, [a.sum()]))
        distances.append(total_variation(_named(one / a.sum()), _named(other / b.sum())))
    error = np.std(distances) / np.sqrt(len(distances))
    assert abs(np.mean(distances) - found.expected) < 5 * error
    assert found.spread == pytest.approx(np.std(distances), rel=0.1)
    assert found.p95 == pytest.approx(np.quantile(distances, 0.95), abs=0.11 / scale**0.5)
    assert found == compare_counts(_named(a.tolist()), _named(b.tolist()))


def test_results_beyond_the_limit_of_numpy_are_compared():
    """Chance gives the same distance, in units of its own size, below and above a billion."""
    few, many = ({"a": 3 * n, "b": 2 * n, "c": n} for n in (70_000_000, 90_000_000))
    below, above = (compare_counts(counts, counts) for counts in (few, many))
    scale = math.sqrt(sum(few.values()) / sum(many.values()))
    assert above.p95 == pytest.approx(scale * below.p95, rel=0.05)
    assert above.spread == pytest.approx(scale * below.spread, rel=0.05)
    assert above.expected == pytest.approx(scale * below.expected, rel=0.01)
