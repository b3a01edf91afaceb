"""All promises at once: a random sequence of everything that can happen to a group."""

from __future__ import annotations

from group_machine import GroupMachine
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test


def test_nothing_is_lost_and_nothing_paid_twice(cloud, nursery):
    """Whatever a person, a second process, a kill and the cloud do, in whatever order.

    After every step the cloud's jobs are the group's attempts, nothing was sent that was not asked
    for, nothing is forgotten, and the counts add up. `make torture` goes on from here.
    """
    machine = GroupMachine.on(cloud, nursery)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=4,
            stateful_step_count=20,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(machine.tally)
    assert machine.tally["steps"] > 20
