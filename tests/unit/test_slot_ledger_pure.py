"""The free slots of an account, counted between a cloud's reports."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobgroup.engine.slot_ledger import MIN_REPORT_INTERVAL_S, SlotLedger

LATER = 1e6


def _ledger(*steps, max_jobs=None):
    """A ledger after steps: a method's name, or one with its arguments."""
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
        # a job that was sent after the report was not counted by it: its slot is free when it ends
        ([("report", 1, 1), ("send", 1), ("ended", 1)], 1),
        # one taken slot and one job of ours: it is ours, and counted
        ([("report", 2, 2), ("send", 1), ("report", 1, 2), ("ended", 1)], 2),
        # no taken slot and one job of ours: it had ended before the report, which has its slot
        ([("report", 2, 2), ("send", 1), ("report", 2, 2), ("ended", 1)], 2),
        # two taken slots, of ours and of others': our job's may be among the free ones, or not
        ([("report", 2, 3), ("send", 1), ("report", 1, 3), ("ended", 1)], 1),
        # but if it was seen active after the report, that had counted it
        ([("report", 2, 3), ("send", 1), ("report", 1, 3), ("seen_active", [1]), ("ended", 1)], 2),
        # a refusal reports a full account and says nothing of whose jobs fill it
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
    """Each row: what happened, and how many slots are free then."""
    assert _ledger(*steps).free == free


def test_an_account_is_asked_when_it_is_full_and_nothing_is_in_flight():
    """Once its time has come, and not while a create may still change the number."""
    ledger = _ledger(("report", 1, 1))
    assert not ledger.should_ask(LATER)
    ledger.reserve()
    assert not ledger.should_ask(LATER)
    ledger.sent(1)
    assert ledger.should_ask(LATER)
    ledger.asked(LATER)
    assert not ledger.should_ask(LATER)
    assert ledger.should_ask(LATER + MIN_REPORT_INTERVAL_S)


def test_an_account_is_asked_at_once_when_a_job_ended_that_a_report_may_have_counted():
    """The slot may be free or not; the wait that was due before is given up."""
    ledger = _ledger(("report", 2, 3), ("send", 1), ("report", 0, 3))
    ledger.asked(LATER)
    assert not ledger.should_ask(LATER)
    ledger.ended(1, now=LATER)
    assert ledger.should_ask(LATER)


@pytest.mark.parametrize(("try_one", "free"), [(True, 1), (False, 2)])
def test_without_a_report_one_job_is_tried_or_the_ended_ones_are_replaced(try_one, free):
    """A cloud that is away may have had the slots of the jobs that ended before its last report."""
    ledger = _ledger(("report", 2, 5), ("send", 1), ("send", 2), ("report", 0, 5))
    ledger.ended(1, now=0.0)
    ledger.ended(2, now=0.0)
    ledger.not_reported(try_one=try_one)
    assert ledger.free == free


def test_a_run_keeps_to_its_own_limit():
    """However many slots are free; jobs in flight count, and one that ends makes room."""
    ledger = _ledger(("report", None, None), ("send", 1), "reserve", max_jobs=2)
    assert ledger.is_at_limit
    assert not ledger.has_free
    ledger.ended(1, now=0.0)
    assert ledger.has_free


@given(
    st.lists(st.sampled_from(["send", "end", "report", "reject"]), max_size=60), st.integers(1, 8)
)
def test_no_more_jobs_are_sent_than_an_account_of_our_own_has_slots(events, total):
    """Whatever happens in whatever order: no slot is given twice, and none is lost for good."""
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
