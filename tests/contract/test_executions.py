"""Executions of Perceval 1.3 in a group, on the embedded cloud."""

from __future__ import annotations

import math

import perceval as pcvl
import pytest

from jobgroup import JobGroup


def test_execution_is_one_entry(factory, cloud):
    """An Execution is added with its arguments and sent once, and its result equals Perceval's."""
    before = len(cloud.jobs())
    execution = factory().probs
    jg = JobGroup("execution")
    jg.add(execution, max_samples=500)
    assert len(cloud.jobs()) == before
    assert jg.remote_jobs[0].params["max_samples"] == 500
    jg.run_sequential(0)
    assert "computation" in cloud.jobs()[-1].payload
    assert len(cloud.jobs()) == before + 1
    theirs = execution.clone()(max_samples=500)
    assert jg.get_results() == [theirs]
    assert theirs["results"][pcvl.BasicState([1, 1])] == pytest.approx(math.cos(0.3) ** 2)


def test_execution_with_iterations_is_one_entry(factory):
    """Each iteration has its result."""
    sweep = factory()
    for phi in (0.0, 0.7):
        sweep.add_iteration(circuit_params={"phi": phi})
    jg = JobGroup("sweep")
    jg.add(sweep.sample_count, max_samples=50)
    jg.run_sequential(0)
    (result,) = jg.get_results()
    assert [sum(each["results"].values()) for each in result["results_list"]] == [50, 50]
    assert [each["iteration"]["circuit_params"]["phi"] for each in result["results_list"]] == [
        0.0,
        0.7,
    ]


def test_sent_execution_is_added_by_its_id(factory):
    """Perceval launched the Execution, and its results are Perceval's."""
    execution = factory().probs
    execution.execute_async()
    jg = JobGroup("sent")
    jg.add(execution)
    jg.wait(300)
    assert jg.list_successful_jobs()
    assert jg.get_results() == [execution.get_results()]
