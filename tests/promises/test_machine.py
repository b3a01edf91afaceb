"""All promises at once: a random sequence of everything that can happen to a group."""

from __future__ import annotations

from group_machine import GroupMachine
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test


def test_no_job_is_lost_or_paid_for_twice(cloud, nursery):
    """The actions come from a user, a second process, kills and the cloud, in any order.

    After every step the cloud's jobs are the group's attempts, no job was sent that was not
    requested, no job is forgotten, and the counts add up. `make torture` repeats this with more
    steps.
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
