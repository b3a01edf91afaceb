"""The wait after a failure, and the time left for a group."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobgroup.engine.cooldown import Cooldown
from jobgroup.engine.time_left import TimeLeft, time_left
from jobgroup.retry import Backoff


def test_backoff_grows_and_resets():
    """Delays double up to a limit, with a jitter of at most one half, and a success resets them."""
    backoff = Backoff(wait_initial=1.0, wait_max=8.0)
    for ceiling in (1, 2, 4, 8, 8, 8):
        assert ceiling / 2 <= backoff.next_s() <= ceiling
    backoff.reset()
    assert backoff.next_s() <= 1.0


def test_backoff_survives_days_of_failures():
    """The exponent is bounded, so a long outage causes no overflow."""
    backoff = Backoff()
    for _ in range(5000):
        delay = backoff.next_s()
    assert math.isfinite(delay)
    assert delay <= backoff.wait_max


def test_time_left_is_unknown_before_enough_jobs_have_ended():
    """There is no estimate without work left, with fewer than three ends in the run, or in its
    first seconds.
    """
    assert time_left(0, [1.0] * 9, 0.0, 9.0) == TimeLeft()
    assert time_left(5, [1.0, 2.0], 0.0, 9.0) == TimeLeft()
    assert time_left(5, [1.0, 2.0, 3.0], 2.5, 9.0) == TimeLeft(), "the clocks disagree"
    assert time_left(5, [1.0, 2.0, 3.0], 0.0, 4.0) == TimeLeft()


@given(
    st.integers(1, 20_000),
    st.lists(st.floats(0, 1e6), min_size=3, max_size=120).map(sorted),
    st.floats(5, 1e6),
)
def test_time_left_is_a_range_or_stalled(left, ends, waited):
    """Both ends are finite, ordered and not negative. If no job ends, there is no estimate."""
    found = time_left(left, ends, 0.0, ends[-1] + waited)
    if found.eta_s is None:
        assert found.stalled_since == ends[-1]
        assert waited > 60
    else:
        low, high = found.eta_s
        assert 0 <= low <= high < math.inf
        assert high >= 1.0
        assert found.stalled_since is None


@pytest.mark.parametrize("every_s", [1.0, 10.0, 3600.0])
@pytest.mark.parametrize("ended", [5, 40, 120])
def test_time_left_follows_the_rate_of_ends(every_s, ended):
    """If jobs end at equal intervals, the range contains the time of the remaining jobs."""
    ends = [every_s * number for number in range(1, ended + 1)]
    low, high = time_left(30, ends, 0.0, ends[-1]).eta_s
    assert low <= 30 * every_s <= high


def test_time_left_of_short_jobs_is_steady_between_polls():
    """If each poll reports many ends that were close together, the estimate counts all of them."""
    ends = [at + number / 1000 for at in range(3, 30, 3) for number in range(60)]
    for now in (27.1, 28.5, 29.9):
        low, high = time_left(600, ends, 0.0, now).eta_s
        assert 20 < low < high < 40, "20 jobs end each second"


def test_time_left_grows_while_nothing_ends_until_it_is_stalled():
    """The time left grows for a while without an end, then becomes the time of the last end."""
    ends = [10.0 * number for number in range(1, 11)]
    first, later = (time_left(5, ends, 0.0, now).eta_s for now in (100.0, 150.0))
    assert later > first
    assert time_left(5, ends, 0.0, 201.0) == TimeLeft(stalled_since=100.0)


def test_backoff_grows_per_outage_not_per_request():
    """Ten rounds of requests during one outage count as one failure.

    A later failure counts as the next one. All respect a wait that the cloud asks for.
    """
    cooldown = Cooldown()
    for begun_at in range(10):
        cooldown.begin(asked_at=-1.0, now=begun_at / 10)
    assert cooldown.until <= 0.5
    cooldown.begin(asked_at=0.6, now=1.0)
    assert 1.5 <= cooldown.until <= 2.0
    cooldown.begin(asked_at=0.6, now=1.1, retry_after_s=20.0)
    assert cooldown.until == 21.1
