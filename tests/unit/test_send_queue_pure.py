"""In which order a run sends its jobs."""

from __future__ import annotations

from jobgroup.engine.send_queue import SendQueue


def test_a_job_that_is_put_back_keeps_its_place():
    """It could not be sent now: before the rest if it was preferred, else in the group's order."""
    lineup = SendQueue([0, 1, 2, 3])
    lineup.prioritize([3])
    assert lineup.pop() == 3
    lineup.push_back(3)
    assert lineup.pop() == 3
    assert lineup.pop() == 0
    lineup.push_back(0)
    assert [lineup.pop() for _ in range(len(lineup))] == [0, 1, 2]


def test_the_last_wish_goes_before_earlier_ones():
    """Who joins late is counted; who was sent does not come again by a wish."""
    lineup = SendQueue([0, 1, 2])
    assert lineup.pop() == 0
    assert lineup.prioritize([2]) == 0
    assert lineup.prioritize([7, 0, 2]) == 1
    assert [lineup.pop() for _ in range(len(lineup))] == [7, 2, 1]
