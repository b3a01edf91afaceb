"""How long to wait after a failure, and when a group will be done: pure rules."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobgroup.engine.cooldown import Cooldown
from jobgroup.engine.estimate import eta_s
from jobgroup.retry import Backoff


def test_backoff_grows_and_starts_over():
    """Delays double up to a limit, jittered by at most a half; a success resets them."""
    backoff = Backoff(wait_initial=1.0, wait_max=8.0)
    for ceiling in (1, 2, 4, 8, 8, 8):
        assert ceiling / 2 <= backoff.next_s() <= ceiling
    backoff.reset()
    assert backoff.next_s() <= 1.0


def test_backoff_survives_days_of_failures():
    """The exponent is bounded."""
    backoff = Backoff()
    for _ in range(5000):
        delay = backoff.next_s()
    assert math.isfinite(delay)
    assert delay <= backoff.wait_max


def test_nothing_is_said_before_enough_is_known():
    """No estimate without work, without anything running, or with fewer than three ends."""
    assert eta_s({}, [1.0] * 9, is_sending=False) is None
    assert eta_s({"waiting": 5}, [1.0] * 9, is_sending=False) is None
    assert eta_s({"running": 1}, [1.0, 1.0], is_sending=False) is None
    assert eta_s({"running": 1, "success": 9}, [], is_sending=True) is None


@given(
    st.integers(1, 50),
    st.integers(0, 500),
    st.lists(st.floats(0, 1e6), min_size=3, max_size=60),
)
def test_an_estimate_is_a_range(running, waiting, durations):
    """Both ends are finite, in order, not negative, and within what the durations allow."""
    low, high = eta_s({"running": running, "waiting": waiting}, durations, is_sending=False)
    rounds = (running + waiting) / running
    assert 0 <= low <= high <= max(1.0, max(durations) * rounds * (1 + 1e-9))


def test_unsent_jobs_count_while_they_are_being_sent():
    """A run under way includes what it has not sent; a group at rest does not."""
    counts = {"running": 2, "unsent": 8}
    at_rest = eta_s(counts, [10.0] * 4, is_sending=False)
    sending = eta_s(counts, [10.0] * 4, is_sending=True)
    assert at_rest == (0.0, 10.0)
    assert sending == (40.0, 50.0)


@pytest.mark.parametrize("durations", [[0.0] * 5, [0.001] * 5])
def test_eta_is_never_nothing_while_jobs_run(durations):
    """Jobs that took no time a cloud would report do not make those under way be over."""
    assert eta_s({"running": 2, "waiting": 1}, durations, is_sending=False)[1] == 1.0


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_durations_does_not_matter(order):
    """Quartiles, not the latest."""
    durations = [1.0, 2.0, 3.0, 4.0, 100.0][::order]
    assert eta_s({"running": 1}, durations, is_sending=False) == (0.0, 4.0)


def test_an_account_is_left_alone_longer_for_each_outage_not_for_each_question():
    """Ten rounds of questions that one outage befell count as one failure; what is asked after that
    and fails too counts as the next; a wait that the cloud asks for is kept to by all.
    """
    respite = Cooldown()
    for told_at in range(10):
        respite.begin(asked_at=-1.0, now=told_at / 10)
    assert respite.until <= 0.5
    respite.begin(asked_at=0.6, now=1.0)
    assert 1.5 <= respite.until <= 2.0
    respite.begin(asked_at=0.6, now=1.1, retry_after_s=20.0)
    assert respite.until == 21.1
