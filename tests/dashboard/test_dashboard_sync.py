"""Tests of the state of the connection to a browser: which rows are sent, and when."""

from __future__ import annotations

from typing import Any

import pytest

from jobgroup.dashboard.protocol import ClientState
from jobgroup.dashboard.sync_state import MAX_RESENT_ROWS, SyncState

Step = tuple[Any, ...]
ALL = -1


def opened(version: int | None = None, epoch: str = "e") -> Step:
    """Return a step that opens a view with rows up to a version, or with none."""
    return ("opened", None if version is None else ClientState(epoch, version))


def synced(version: int, ack: int) -> Step:
    """Return a step in which a view reports its rows and its last push."""
    return ("synced", ClientState("e", version), ack)


def at(now: float, version: int, *pushed: int, total: int = 3) -> Step:
    """Return a step at which the group has a version, and the expected pushes."""
    return ("at", now, version, total, pushed)


CASES: dict[str, list[Step]] = {
    "no view is open": [at(0, 7)],
    "a view without rows gets all, once": [opened(), at(0, 7, ALL), at(0.3, 7)],
    "a view with rows gets what changed": [
        *(opened(), at(0, 7, ALL), synced(7, 1), ("closed",), at(1, 8)),
        *(opened(7), at(2, 9, 7)),
    ],
    "a view that has everything gets an answer": [
        *(opened(), at(0, 7, ALL), synced(7, 1)),
        *(opened(7), at(1, 7, 7), at(2, 7)),
    ],
    "rows of another life, or of the future, are not built on": [
        *(opened(), at(0, 7, ALL), synced(7, 1)),
        *(opened(7, "other"), at(1, 7, ALL), opened(9), at(2.5, 7, ALL)),
    ],
    "changes follow on one another": [
        *(opened(), at(0, 7, ALL), synced(7, 1), at(1, 8, 7), synced(8, 2), at(2, 9, 8)),
    ],
    "two pushes may go unacknowledged, then one a second": [
        *(opened(), at(0, 7, ALL), at(0.3, 8, 7), at(0.6, 9), at(1.3, 9, 8)),
        *(synced(9, 3), at(1.4, 10, 9)),
    ],
    "what is not known to have arrived is sent again, ever more rarely": [
        *(("displayed", 0), at(0.1, 7), at(0.3, 7, ALL), at(1, 7), at(2.3, 7, ALL)),
        *(at(6, 7), at(7.3, 8, ALL), at(21, 8), at(22.3, 8, ALL), at(37.3, 8, ALL)),
    ],
    "changes go at once between that": [
        *(("displayed", 0), at(0.3, 7, ALL), at(1, 8, 7), at(2, 9, 8), at(3, 10, ALL)),
    ],
    "it is sent again from what has arrived, and no more once all has": [
        *(opened(), at(0, 7, ALL), synced(7, 1), at(10, 8, 7), at(11, 9, 8), at(12, 9, 7)),
        *(synced(9, 4), at(99, 9)),
    ],
    "of many rows nothing is sent that was not asked for": [
        *(("displayed", 0), at(1, 7, total=MAX_RESENT_ROWS + 1)),
        *(opened(), at(2, 7, ALL, total=MAX_RESENT_ROWS + 1)),
        *(at(3, 8, 7, total=MAX_RESENT_ROWS + 1), at(99, 8, total=MAX_RESENT_ROWS + 1)),
    ],
    "a view that is displayed beside an open one changes nothing": [
        *(opened(), at(0, 7, ALL), synced(7, 1), ("displayed", 1), at(2, 7)),
    ],
    "a list of groups has no rows, and answers": [
        *(opened(), at(0, 0, ALL, total=0), synced(0, 1), at(1, 0, total=0)),
        *(opened(0), at(2, 0, 0, total=0)),
    ],
    "a group that cannot be read any more answers with what was sent": [
        *(opened(), at(0, 7, ALL), synced(7, 1), opened(7), at(1, 0, 7, total=0)),
    ],
    "another group starts again if a view is open": [
        *(opened(), at(0, 7, ALL), ("restart",), at(1, 2, ALL), ("closed",)),
        *(("restart",), at(2, 3)),
    ],
}


@pytest.mark.parametrize("case", CASES)
def test_each_step_sends_the_expected_rows(case: str):
    """Each step of a browser or of the clock sends exactly the expected rows."""
    sync = SyncState(epoch="e")
    for name, *args in CASES[case]:
        if name != "at":
            getattr(sync, name)(*args)
            continue
        now, version, total, expected = args
        push = sync.next(version, total, now)
        assert (() if push is None else (push.since,)) == expected, (now, version)
        if push is not None:
            sync.pushed(push, now)


def test_a_view_that_reports_its_rows_during_a_push_gets_the_new_ones():
    """The new view does not count an earlier push as received."""
    sync = SyncState(epoch="e")
    sync.opened(None)
    first = sync.next(7, 3, 0.0)
    sync.pushed(first, 0.0)
    second = sync.next(8, 3, 0.3)
    sync.opened(None)
    sync.pushed(second, 0.4)
    assert sync.next(8, 3, 1.5).since == ALL


def test_pushes_that_never_arrive_are_noticed():
    """Colab loses pushes from threads. Rows are then sent with the answer to a message."""
    sync = SyncState(epoch="e")
    sync.opened(None)
    sync.pushed(sync.next(7, 3, 0.0), 0.0)
    assert not sync.is_overdue(0.5)
    assert sync.is_overdue(1.0)
    sync.synced(ClientState("e", 7), 99)
    assert not sync.is_overdue(50.0)
