"""Tests of `ExecutionGroup`, side by side with Perceval 1.3's class of that name."""

from __future__ import annotations

import asyncio
import warnings

import perceval as pcvl
import pytest
from perceval.runtime import RunningStatus as PercevalWord

from jobgroup import ExecutionGroup, JobGroup, JobGroupWarning, RunningStatus


@pytest.fixture
def both(tmp_path, monkeypatch):
    """Make a group of each class: first Perceval's, then jobgroup's."""
    monkeypatch.setattr(pcvl.ExecutionGroup, "STATUS_REFRESH_DELAY", 0.1)
    return pcvl.ExecutionGroup("executions", str(tmp_path)), ExecutionGroup("executions.egrp")


def test_execution_group_has_the_names_of_percevals():
    """Every public name of the class is there."""
    public = {name for name in dir(pcvl.ExecutionGroup) if not name.startswith("_")}
    assert public - {"STATUS_REFRESH_DELAY"} <= set(dir(ExecutionGroup))


def test_execution_groups_run_alike(both, factory):
    """A run returns when all Executions have ended. Lists, progress and results are the same."""
    seen = []
    for group in both:
        for count in (30, 50):
            group.add(factory().sample_count, max_samples=count)
        answers = [group.progress(), len(group.list_unsent_executions())]
        answers.append([computer.name for computer in group.list_unsent_computers()])
        group.run_parallel()
        answers += [group.progress(), len(group.list_successful_executions())]
        answers.append([sum(result["results"].values()) for result in group.get_results()])
        answers.append([len(group), group.name, len(group.executions)])
        answers += [group.list_active_executions(), group.list_unsuccessful_executions()]
        group.add(factory().probs)
        group.launch_async_executions(1)
        answers.append(group[2].was_sent)
        group.relaunch_async_failed_executions(True)
        seen.append(answers)
    assert seen[0] == seen[1]
    both[1].wait(120)


def test_execution_is_added_once(both, factory):
    """The same object again raises ValueError, and a clone is a new entry."""
    for group in both:
        execution = factory().probs
        group.add(execution=execution)
        with pytest.raises(ValueError, match=r"[Dd]uplicate|already in the group"):
            group.add(execution)
        assert len(group) == 1
        group.add(execution.clone())
        assert len(group) == 2


def test_folder_of_an_execution_group_is_ignored_with_a_warning(tmp_path):
    """The warning says where the group is. Both classes open the same file."""
    with pytest.warns(JobGroupWarning, match=r"The folder .* was ignored.*JOBGROUP_DATA_DIR"):
        group = ExecutionGroup("here", tmp_path / "executions")
    assert not (tmp_path / "executions").exists()
    assert group == JobGroup("here")
    assert group.filename.startswith("here")
    assert group.folder_path


def test_execution_of_a_group_has_more_of_percevals_names(both, factory):
    """An Execution reports progress, can be cloned, and has its computer and details."""
    group = both[1]
    group.add(factory().sample_count, max_samples=30)
    execution, calls = group[0], []
    clone = execution.clone()
    assert (execution.computer.name, clone.computer.name) == ("sim:slos", "sim:slos")
    assert "NOT SENT" in execution.get_details()
    execution.set_progress_callback(lambda progress, message: calls.append((progress, message)))
    assert sum(execution.execute_sync()["results"].values()) == 30
    assert "SUCCESS" in execution.get_details()
    assert execution.job_group_name == "executions"
    group.add(clone)
    assert not group[1].was_sent
    with pytest.raises(RuntimeError):
        group[1].get_results(allow_partial_results=True)


def test_failed_execution_has_partial_results_on_request(ended):
    """With `allow_partial_results`, missing results are empty. Without it, an error is raised."""
    ended("error", name="failed")
    execution = ExecutionGroup("failed")[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert execution.get_results(allow_partial_results=True) in ({}, {"results": {}})


def test_awaitable_reruns_take_percevals_argument(ended, scripted):
    """Both forms of a rerun have the same arguments."""
    ended("error", name="awaited")
    scripted.first_word = "completed"
    group = ExecutionGroup("awaited")
    asyncio.run(group.rerun_failed_parallel_async(replace_failed_executions=False))
    assert [each.state for each in group] == ["error", "success"]
    asyncio.run(group.rerun_failed_sequential_async(0, replace_failed_executions=True))
    assert [each.state for each in group] == ["success", "success"]


@pytest.mark.parametrize("left", list(RunningStatus))
def test_statuses_merge_as_percevals(left):
    """Both classes have the same words for the server and the same merged status of two parts."""
    assert RunningStatus.to_server_response(left) == PercevalWord.to_server_response(
        PercevalWord[left.name]
    )
    for right in RunningStatus:
        ours = RunningStatus.merge_with_index(left, right, 3, 4)
        theirs = PercevalWord.merge_with_index(
            PercevalWord[left.name], PercevalWord[right.name], 3, 4
        )
        assert ours == theirs


def test_job_has_the_delta_parameters_of_percevals(factory, cloud, sampler):
    """`delta_parameters` are the parameters of the execution."""
    jg = JobGroup("parameters")
    jg.add(sampler(cloud).sample_count, max_samples=30)
    assert jg[0].delta_parameters == {
        "command": {"max_shots": 1_000_000, "max_samples": 30},
        "mapping": {},
    }
