"""The numbers of results, computed in two ways: shares, errors, pools and derived quantities."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from jobgroup.results.expression import ExpressionError, parse
from jobgroup.results.measurement import Measurement
from jobgroup.results.pool import Pool
from jobgroup.results.shares import chi2_tail, share_error, wilson
from jobgroup.results.states import in_order, label_of, shape_of


def _counts(*numbers, states=("|2,0>", "|1,1>", "|0,2>", "|1,0>"), **scalars):
    values = dict(zip(states, numbers, strict=False))
    return Measurement(0, kind="count", values=values, scalars=scalars)


# -- shares ----------------------------------------------------------------------------------------


def test_share_errors_have_the_published_values():
    """98 of 500, 0 of 500 and 0 of 1 have the errors of the binomial, Jeffreys and Wilson."""
    assert share_error(98, 500) == pytest.approx(0.017753, abs=5e-7)
    assert share_error(0, 500) == share_error(500, 500) == pytest.approx(0.001409, abs=5e-7)
    assert share_error(0, 1) == 0.25
    assert wilson(98, 500) == pytest.approx((0.178861, 0.214352), abs=5e-7)
    assert wilson(98, 500, 0.95) == pytest.approx((0.163578, 0.233057), abs=5e-7)
    assert wilson(0, 500) == pytest.approx((0, 0.001996), abs=5e-7)
    assert wilson(0, 1) == pytest.approx((0, 0.5), abs=5e-7)
    assert share_error(0, 0) is wilson(0, 0) is None


@given(st.integers(1, 10_000), st.floats(0, 1), st.sampled_from([0.5, 0.6827, 0.95, 0.999]))
def test_wilson_equals_scipy(samples, share, level):
    """Wilson's interval is that of SciPy's binomtest, at every count and level."""
    count = round(share * samples)
    theirs = stats.binomtest(count, samples).proportion_ci(level, "wilson")
    assert wilson(count, samples, level) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(st.integers(1, 10_000), st.booleans())
def test_errors_at_the_ends_are_those_of_the_jeffreys_posterior(samples, is_full):
    """If all or no samples have a state, the error is that of Beta(k + 1/2, n - k + 1/2)."""
    count = samples if is_full else 0
    posterior = stats.beta(count + 0.5, samples - count + 0.5)
    assert share_error(count, samples) == pytest.approx(posterior.std(), rel=1e-9)


@given(st.floats(0, 2_000), st.integers(1, 500))
def test_the_tail_of_chi_squared_equals_scipy(chi2, degrees):
    """The tail probability is SciPy's, far out and near the middle."""
    expected = stats.chi2.sf(chi2, degrees)
    assert chi2_tail(chi2, degrees) == pytest.approx(expected, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("level", [0, 1, -1, 95, True, float("nan")])
def test_levels_are_between_0_and_1(level):
    """A percentage is refused with an example."""
    with pytest.raises(ValueError, match=r"between 0 and 1, such as 0\.95"):
        wilson(1, 2, level)


def test_counts_past_all_floats_have_a_share():
    """A share of whole numbers that no float can hold is computed, and its error is 0."""
    pool = Pool([_counts(10**400, 3 * 10**400)])
    assert pool.share("|2,0>")[:2] == (0.25, 0.0)
    assert pool.share("|0,2>").error == 0.0
    assert pool.samples == 4 * 10**400


# -- states ----------------------------------------------------------------------------------------


def test_states_are_ordered_by_photons_and_modes():
    """Photons come first, then the occupation of the first modes; other texts come last."""
    states = ["odd", "|0,2>", "|1,0>", "|0,0>", "|{P:H},1>", "|2,0>", "|0,1>"]
    assert in_order(states) == ["|0,0>", "|1,0>", "|0,1>", "|2,0>", "|{P:H},1>", "|0,2>", "odd"]
    assert label_of("|1, 0,{P:H}>") == "|1,0,{P:H}>"
    assert shape_of("|2{0},3{_:1}2,{P:H}{P:V}>").occupation == (2, 5, 2)


# -- pools -----------------------------------------------------------------------------------------


def test_pools_add_counts_and_pool_performances_as_ratios():
    """The pools of 50/100 and 300/900, of 1/2 and 9/10, and of 0.01 and 0.005 have known values."""
    two = ("|1,0>", "|0,1>")
    pool = Pool([_counts(50, 50, states=two), _counts(300, 600, states=two)])
    assert pool.share("|1,0>").value == 0.350
    ratio = parse("|1,0> / (|1,0> + |0,1>)")
    few = Pool([_counts(1, 1, states=two), _counts(9, 1, states=two)])
    assert few.quantity(ratio).value == pytest.approx(10 / 12)
    rates = [(500, 0.01), (100, 0.005)]
    pool = Pool([_counts(n, global_perf=g) for n, g in rates])
    assert pool.scalar("global_perf").value == pytest.approx(0.0085714, abs=5e-8)
    shots, detected, selected = (1000, 5000), (200, 500), (20, 400)
    pool = Pool(
        _counts(n, physical_perf=d / s, logical_perf=n / d)
        for s, d, n in zip(shots, detected, selected, strict=True)
    )
    assert pool.scalar("physical_perf").value == pytest.approx(700 / 6000)
    assert pool.scalar("logical_perf").value == pytest.approx(420 / 700)
    assert pool.scalar("global_perf").value == pytest.approx(420 / 6000)
    assert pool.scalar("samples").value == 420


def test_scatter_replaces_the_binomial_error_of_repeats():
    """For 50 and 80 of 100, the error is 0.0337 by counts and 0.15 by scatter."""
    two = ("|1,0>", "|0,1>")
    pool = Pool([_counts(50, 50, states=two), _counts(80, 20, states=two)])
    share, scattered = pool.share("|1,0>"), pool.share("|1,0>", errors="scatter")
    assert (share.value, scattered.value) == (0.65, 0.65)
    assert (share.error, scattered.error) == pytest.approx((0.0337, 0.15), abs=5e-5)
    expected = stats.chi2_contingency([[50, 50], [80, 20]], correction=False)
    assert expected.statistic == pytest.approx(19.78, abs=5e-3)
    assert pool.disagreement() == pytest.approx(expected.pvalue)
    assert Pool([pool.used[0]]).share("|1,0>", errors="scatter").error is None


def test_a_result_without_any_state_has_counts_of_0():
    """If no event passed the selection, the count of each state is 0, and its share is unknown."""
    empty = Measurement(0, kind="count", min_photons=2)
    pool = Pool([empty])
    assert [pool.count(state) for state in ("|1,1>", "|1,1,0>", "|1,0>")] == [0, 0, None]
    assert (pool.samples, pool.share("|1,1>").value) == (0, None)
    assert Pool([empty, _counts(5, states=("|1,1>",))]).count("|1,1,0>") is None
    assert Pool([Measurement(0)]).count("|1,1>") is None


def test_probabilities_have_a_plain_mean_and_are_not_mixed_with_counts():
    """Probabilities alone have no samples and no error; next to counts, they are left out."""
    exact = [
        Measurement(n, kind="probability", values={"|1>": p, "|0>": 1 - p})
        for n, p in enumerate((0.25, 0.75))
    ]
    pool = Pool(exact)
    assert (pool.share("|1>"), pool.samples, pool.count("|1>")) == (
        (0.5, None, None, None),
        None,
        None,
    )
    mixed = Pool([*exact, _counts(3, 1, states=("|1>", "|0>"))])
    assert mixed.share("|1>").value == 0.75
    assert [m.position for m in mixed.left_out] == [0, 1]


def test_missing_states_are_0_or_gaps():
    """A possible state is 0; a state with other modes or below the photon filter is a gap."""
    counted = Measurement(0, kind="count", values={"|2,0>": 5}, min_photons=2)
    pool = Pool([counted])
    assert (pool.share("|1,1>").value, pool.count("|1,1>")) == (0.0, 0)
    assert pool.share("|1,0>") == pool.share("|1,1,0>") == (None, None, None, None)
    assert (pool.count("|1,0>"), pool.count("|1,1,0>")) == (None, None)
    empty = Pool([Measurement(0, kind="count", values={"|1,1>": 0})])
    assert (empty.samples, empty.count("|1,1>"), empty.share("|1,1>").value) == (0, 0, None)


def test_performances_have_errors_only_if_the_shots_of_a_qpu_are_known():
    """A performance has a binomial error if the shots are known, and otherwise none."""
    counted = _counts(5, 5, physical_perf=0.1, logical_perf=0.5)
    assert Pool([counted]).scalar("global_perf") == (0.05, None, None, None)
    shots = Measurement(0, kind="count", values={"|1>": 1}, scalars={"global_perf": 0.1}, shots=900)
    assert Pool([shots]).scalar("global_perf").error == pytest.approx(0.01)
    assert Pool([shots]).scalar("logical_perf").value is None


# -- derived quantities ----------------------------------------------------------------------------

A, B, C = "|2,0>", "|1,1>", "|0,2>"


def test_shots_are_unknown_unless_all_pooled_jobs_report_them():
    """A rate of all samples per some of the shots would be too high."""
    two = [replace(_counts(500, 500), shots=shots) for shots in (10_000, 20_000)]
    assert Pool(two).scalar("shots").value == 30_000
    assert Pool(two).quantity(parse("samples / shots")).value == pytest.approx(2000 / 30_000)
    some = Pool([two[0], _counts(500, 500)])
    assert some.scalar("shots").value is None
    assert some.quantity(parse("samples / shots")).value is None


def test_derived_quantities_have_the_published_errors():
    """The delta method gives the errors of a ratio and of two visibilities."""
    pool = Pool([_counts(98, 211, 189, 2)])
    ratio = pool.quantity(parse(f"{A} / ({A} + {B} + {C})"))
    assert ratio[:2] == pytest.approx((0.196787, 0.017816), abs=5e-7)
    visibility = pool.quantity(parse(f"({B} - {C}) / ({B} + {C})"))
    assert visibility[:2] == pytest.approx((0.055, 0.049924), abs=5e-7)
    full = Pool([_counts(0, 20)]).quantity(parse(f"({A} - {B}) / ({A} + {B})"))
    assert full[:2] == pytest.approx((-1, 0.0665), abs=5e-5)
    assert pool.quantity(parse(f"({A})")) == pool.share(A)
    assert pool.quantity(parse(f"{A} / ({B} - {B})")).value is None
    assert pool.quantity(parse(f"{A} * global_perf")).value is None


@given(
    st.lists(st.integers(1, 500), min_size=3, max_size=3),
    st.sampled_from(["{A}/({A}+{B})", "{A}*{B}-{C}", "2*{A}-{B}/3", "-({A}+{B})*(1-{C})"]),
)
def test_errors_of_derived_quantities_equal_numeric_propagation(counts, template):
    """The delta method equals propagation with numeric slopes through the covariance matrix."""
    import numpy as np

    expression = parse(template.format(A=A, B=B, C=C))
    n = sum(counts)
    p = np.array(counts) / n

    def value(shares):
        names = {"__builtins__": {}, "A": shares[0], "B": shares[1], "C": shares[2]}
        return eval(template.format(A="A", B="B", C="C"), names)

    step = 1e-6
    slopes = np.array([(value(p + step * e) - value(p - step * e)) / (2 * step) for e in np.eye(3)])
    expected = math.sqrt(max(0, slopes @ ((np.diag(p) - np.outer(p, p)) / n) @ slopes))
    found = Pool([_counts(*counts)]).quantity(expression)
    assert found.value == pytest.approx(value(p))
    if expected > 1e-6:
        assert found.error == pytest.approx(expected, rel=1e-4)
    else:
        assert found.error >= 0


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "1 +", "a b", "|1,1> *", "(1", "|a>", "2 ** 3", "a.b", "f(1)", "1 if x else 2"),
        *("__import__('os')", "[1]", "(" * 40 + "1" + ")" * 40, "1+" * 300 + "1"),
    ],
)
def test_expressions_are_arithmetic_and_nothing_else(text):
    """Anything but states, names, numbers, + - * / and parentheses is refused with a message."""
    with pytest.raises(ExpressionError, match=r"expression|state|nested"):
        parse(text)


def test_expressions_survive_pickle():
    """An expression is pickled as its text."""
    expression = parse(f"{A} - 0.5e-1 * global_perf")
    twin = pickle.loads(pickle.dumps(expression))
    assert (twin.text, twin.states, twin.names) == (expression.text, (A,), ("global_perf",))
    assert twin.at({A: 0.5, "global_perf": 1.0}).value == pytest.approx(0.45)
