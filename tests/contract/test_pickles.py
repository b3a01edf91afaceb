"""Groups, jobs and errors can be pickled and copied, as in process pools."""

from __future__ import annotations

import copy
import inspect
import pickle
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context

import pytest

import jobgroup
from jobgroup import GroupBusyError, GroupNotFoundError, JobGroup, JobGroupError, RemoteJob, errors
from jobgroup.adapters import (
    NoDrawingError,
    NoIdealError,
    UndecodableResultError,
    UnreadableGroupError,
)
from jobgroup.cloud.api_errors import ApiError

WAYS = [
    copy.copy,
    copy.deepcopy,
    *(
        pytest.param(lambda thing, p=p: pickle.loads(pickle.dumps(thing, p)), id=f"pickle {p}")
        for p in range(pickle.HIGHEST_PROTOCOL + 1)
    ),
]
EXTRAS = {
    "host": "lab",
    "pid": 7,
    "since": datetime(2026, 11, 28, tzinfo=UTC),
    "results": [1, None],
    "failures": {1: ValueError("no light")},
    "origin": "https://cloud.example",
    "status_code": 503,
    "sentence": "Later",
    "retry_after_s": 3.0,
    "raw": "{",
}


def _error_classes():
    found = {getattr(errors, name) for name in errors.__all__}
    found |= {getattr(jobgroup, name) for name in jobgroup.__all__ if name.endswith("Error")}
    found |= {NoDrawingError, NoIdealError, UndecodableResultError, UnreadableGroupError}
    return sorted(found, key=lambda kind: kind.__name__)


def _realistic(kind):
    names = inspect.signature(kind.__init__).parameters
    error = kind("It failed.", **{name: EXTRAS[name] for name in names if name in EXTRAS})
    error.add_note("a note")
    return error


@pytest.mark.parametrize("how", WAYS)
def test_errors_survive_pickling(how):
    """Pickled errors keep their attributes, messages and notes."""
    for kind in _error_classes():
        error = _realistic(kind)
        again = how(error)
        assert type(again) is kind
        assert str(again) == str(error) == "It failed."
        assert (again.args, repr(vars(again))) == (error.args, repr(vars(error)))


@pytest.mark.parametrize("how", WAYS)
def test_pickled_groups_and_jobs_are_the_same_ones(scripted, group, timer, how):
    """Copies use the same file and entry. Each object sees the changes of the other."""
    jg = group(scripted, 2)
    scripted.availability = None  # one job at a time, in the group's order
    again, job = how(jg), how(jg[1])
    assert (type(again), again.name, len(again)) == (JobGroup, jg.name, 2)
    assert job == jg[1]
    again.add(timer(scripted))
    assert len(jg) == 3
    jg.run_parallel()
    assert job.id == jg[1].id
    assert [each.id for each in how(jg.remote_jobs)] == scripted.ids()


def test_job_in_no_group_survives_pickling(scripted, timer):
    """The copy can be added later."""
    job = pickle.loads(pickle.dumps(timer(scripted, "mine")))
    jg = JobGroup("later")
    jg.add(job)
    assert (job.name, jg[0].name) == ("mine", "mine")


def test_pickle_of_a_missing_group_raises(scripted, group, data_dir, monkeypatch):
    """The group was deleted or replaced, or is in another data directory."""
    jg = group(scripted, 1)
    things = [pickle.dumps(thing) for thing in (jg, jg[0])]
    JobGroup.delete_job_group(jg.name)
    for thing in things:
        with pytest.raises(GroupNotFoundError, match="experiment"):
            pickle.loads(thing)
    assert JobGroup.list_existing() == []
    group(scripted, 1)
    for thing in things:
        with pytest.raises(GroupNotFoundError, match="another group"):
            pickle.loads(thing)
    monkeypatch.setenv("JOBGROUP_DATA_DIR", str(data_dir / "elsewhere"))
    with pytest.raises(GroupNotFoundError, match="JOBGROUP_DATA_DIR"):
        pickle.loads(things[0])


def _in_a_pool(thing):
    if isinstance(thing, JobGroup):
        return len(thing), thing
    if isinstance(thing, RemoteJob):
        return thing.name, thing
    raise GroupBusyError("busy", host="lab", pid=7, since=datetime(2026, 11, 28, tzinfo=UTC))


def test_process_pools_take_groups_and_jobs(scripted, group):
    """Arguments, return values, results and errors can all be passed."""
    jg = group(scripted, 2)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        (there, again), (name, job) = pool.map(_in_a_pool, [jg, jg[1]])
        assert (there, again.name, name, job) == (2, jg.name, "job 1", jg[1])
        with pytest.raises(JobGroupError) as caught:
            pool.submit(_in_a_pool, None).result()
    assert isinstance(caught.value, GroupBusyError)
    assert (caught.value.host, caught.value.pid) == ("lab", 7)


def test_group_state_refuses_pickling_with_a_reason(group, scripted):
    """A state follows an open file, which another process does not have."""
    state = group(scripted, 1).state
    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="Pickle the group"):
            way(state)


def test_problem_of_the_embedded_cloud_survives_pickling():
    """The exception keeps its status and its text for programs."""
    problem = ApiError(429, "Too many", {"limit": 3}, {"Retry-After": "1"})
    for way in (copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))):
        again = way(problem)
        assert (type(again), str(again), vars(again)) == (ApiError, "Too many", vars(problem))
