"""The free slots of an account, counted between a cloud's reports."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobgroup.engine.slot_ledger import MIN_REPORT_INTERVAL_S, SlotLedger

LATER = 1e6


def _ledger(*steps, max_jobs=None):
    """Return a ledger after some steps: names of methods, with or without arguments."""
    ledger = SlotLedger(max_jobs)
    for step in steps:
        name, *args = step if isinstance(step, tuple) else (step,)
        if name == "report":
            free, total = args
            ledger.reported(free=free, total=total, now=0.0)
        elif name == "send":
            ledger.reserve()
            ledger.sent(args[0])
        elif name in ("ended", "rejected", "unknown"):
            getattr(ledger, name)(*args, now=0.0)
        else:
            getattr(ledger, name)(*args)
    return ledger


@pytest.mark.parametrize(
    ("steps", "free"),
    [
        ([], 0),
        ([("report", 3, 5)], 3),
        ([("report", None, None)], math.inf),
        ([("report", 3, 5), "reserve"], 2),
        ([("report", 3, 5), ("send", 1)], 2),
        ([("report", 3, 5), "reserve", "not_sent"], 3),
        ([("report", 3, 5), "reserve", "reserve", "rejected"], 0),
        ([("report", 3, 5), "reserve", "reserve", "unknown"], 0),
        # the report did not count a job that was sent after it, so its slot is free when it ends
        ([("report", 1, 1), ("send", 1), ("ended", 1)], 1),
        # one used slot and one job of this group: the report counted that job
        ([("report", 2, 2), ("send", 1), ("report", 1, 2), ("ended", 1)], 2),
        # no used slot and one job of this group: it had ended before the report
        ([("report", 2, 2), ("send", 1), ("report", 2, 2), ("ended", 1)], 2),
        # two used slots: the slot of this group's job may be among the free ones
        ([("report", 2, 3), ("send", 1), ("report", 1, 3), ("ended", 1)], 1),
        # if a job was seen active after the report, the report had counted it
        ([("report", 2, 3), ("send", 1), ("report", 1, 3), ("seen_active", [1]), ("ended", 1)], 2),
        # a rejection means a full account, but not whose jobs fill it
        ([("report", 2, 3), ("send", 1), "reserve", "rejected", ("ended", 1)], 0),
        (
            [
                ("report", 2, 3),
                ("send", 1),
                "reserve",
                "rejected",
                ("seen_active", [1]),
                ("ended", 1),
            ],
            1,
        ),
    ],
)
def test_free_slots_follow_reports_and_jobs(steps, free):
    """Each row has the steps, and the number of free slots after them."""
    assert _ledger(*steps).free == free


def test_a_full_account_is_polled_if_nothing_is_in_flight():
    """A full account is polled at its time, but not while a create may change the number."""
    ledger = _ledger(("report", 1, 1))
    assert not ledger.should_ask(LATER)
    ledger.reserve()
    assert not ledger.should_ask(LATER)
    ledger.sent(1)
    assert ledger.should_ask(LATER)
    ledger.asked(LATER)
    assert not ledger.should_ask(LATER)
    assert ledger.should_ask(LATER + MIN_REPORT_INTERVAL_S)


def test_an_account_is_polled_at_once_after_the_end_of_a_counted_job():
    """The last report counted the job, so its slot may now be free."""
    ledger = _ledger(("report", 2, 3), ("send", 1), ("report", 0, 3))
    ledger.asked(LATER)
    assert not ledger.should_ask(LATER)
    ledger.ended(1, now=LATER)
    assert ledger.should_ask(LATER)


@pytest.mark.parametrize(("try_one", "free"), [(True, 1), (False, 2)])
def test_without_a_report_one_job_is_tried_or_the_ended_ones_are_replaced(try_one, free):
    """The last report of an unreachable cloud may already count the slots of ended jobs."""
    ledger = _ledger(("report", 2, 5), ("send", 1), ("send", 2), ("report", 0, 5))
    ledger.ended(1, now=0.0)
    ledger.ended(2, now=0.0)
    ledger.not_reported(try_one=try_one)
    assert ledger.free == free


def test_a_run_keeps_to_its_own_limit():
    """Free slots do not raise the limit, which includes jobs in flight."""
    ledger = _ledger(("report", None, None), ("send", 1), "reserve", max_jobs=2)
    assert ledger.is_at_limit
    assert not ledger.has_free
    ledger.ended(1, now=0.0)
    assert ledger.has_free


@given(
    st.lists(st.sampled_from(["send", "end", "report", "reject"]), max_size=60), st.integers(1, 8)
)
def test_a_run_sends_no_more_jobs_than_the_account_has_slots(events, total):
    """In any order of events, no slot is used twice or lost."""
    ledger, number = SlotLedger(), 0
    ledger.reported(free=total, total=total, now=0.0)
    for event in events:
        on_cloud = len(ledger.active)
        if event == "send" and ledger.has_free:
            assert on_cloud < total
            number += 1
            ledger.reserve()
            ledger.sent(number)
        elif event == "end" and ledger.active:
            ledger.ended(min(ledger.active), now=0.0)
        elif event == "report":
            ledger.reported(free=total - on_cloud, total=total, now=0.0)
        elif event == "reject" and on_cloud == total:
            ledger.reserve()
            ledger.rejected(now=0.0)
    ledger.reported(free=total - len(ledger.active), total=total, now=0.0)
    assert ledger.free == total - len(ledger.active)
