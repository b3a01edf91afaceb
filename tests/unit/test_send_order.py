"""The order in which a run sends its jobs."""

from __future__ import annotations

from jobgroup.engine.send_order import SendOrder


def test_a_job_that_is_put_back_keeps_its_position():
    """A job that is put back keeps its priority, or its place in the group's order."""
    lineup = SendOrder([0, 1, 2, 3])
    lineup.prioritize([3])
    assert lineup.pop() == 3
    lineup.push_back(3)
    assert lineup.pop() == 3
    assert lineup.pop() == 0
    lineup.push_back(0)
    assert [lineup.pop() for _ in range(len(lineup))] == [0, 1, 2]


def test_the_latest_priority_precedes_earlier_ones():
    """Priorities apply to jobs that join late, and never send a job twice."""
    lineup = SendOrder([0, 1, 2])
    assert lineup.pop() == 0
    assert lineup.prioritize([2]) == 0
    assert lineup.prioritize([7, 0, 2]) == 1
    assert [lineup.pop() for _ in range(len(lineup))] == [7, 2, 1]
