"""Tests of common mistakes: each error uses the caller's terms, and nothing else happens."""

from __future__ import annotations

import re

import numpy as np
import perceval as pcvl
import pytest

from jobgroup import JobGroup, RemoteJob, StorageError, UnknownColumnError


@pytest.fixture
def processor(cloud):
    """Make Perceval's remote processor, ready to be sampled."""
    remote = pcvl.RemoteProcessor("sim:slos", url=cloud.url, token=cloud.token)
    remote.set_circuit(pcvl.BS())
    remote.with_input(pcvl.BasicState([1, 1]))
    remote.min_detected_photons_filter(1)
    return remote


@pytest.mark.parametrize(
    ("call", "error", "reported"),
    [
        (lambda jg: jg.run_sequential("soon"), TypeError, "number of seconds, got 'soon'"),
        (lambda jg: jg.run_sequential(None), TypeError, "number of seconds, got None"),
        (lambda jg: jg.run_sequential(float("inf")), ValueError, "got inf"),
        (
            lambda jg: jg.rerun_failed_sequential(-1),
            ValueError,
            "delay must be at least 0 s, got -1",
        ),
        (lambda jg: jg.start(delay=-1), ValueError, "delay must be at least 0 s, got -1"),
        (lambda jg: jg.start(delay=1, queue=True), TypeError, "queue=True"),
        (lambda jg: jg.launch_async_jobs("2"), TypeError, "concurrent_job_count must be a whole"),
        (
            lambda jg: jg.run_parallel(queue=True, concurrent_job_count=2.5),
            TypeError,
            "concurrent_job_count must be a whole number, got 2.5",
        ),
        (
            lambda jg: jg.start(queue=True, stop_after_failures=0),
            ValueError,
            "stop_after_failures must be at least 1, got 0",
        ),
        (lambda jg: jg.wait("a minute"), TypeError, "timeout must be a number of seconds"),
        (lambda jg: jg.wait(float("nan")), ValueError, "timeout must be a number of seconds"),
        (lambda jg: jg["an id"], TypeError, "position, counted from 0, got 'an id'"),
        (lambda jg: jg.rerun("an id"), TypeError, "must be its position"),
        (lambda jg: jg.cancel([1.0]), TypeError, "got 1.0"),
        (lambda jg: jg.adopt(5), TypeError, "An id must be a string, got int. Nothing was adopted"),
        (lambda jg: jg.adopt(None), TypeError, "An id must be a string, got NoneType"),
        (lambda jg: jg.adopt("a", "p", account=[]), TypeError, "account of a job must be a string"),
        (lambda jg: jg.plot(5), UnknownColumnError, "5 is not a state, quantity or expression"),
        (lambda jg: jg.plot(where=5), TypeError, "where must be a dict such as"),
        (lambda jg: jg.define(None, "|1,1>"), TypeError, "name must be a string such as"),
        (lambda jg: jg[0].get_results(), RuntimeError, "not sent yet"),
        (lambda jg: jg[0].rerun(), RuntimeError, "status is: unsent"),
        (lambda jg: jg[0].cancel(), RuntimeError, "it is unsent"),
        (
            lambda jg: jg.export("nowhere/else.jobgroup"),
            StorageError,
            "nowhere.* could not be written",
        ),
        (
            lambda jg: RemoteJob({"a": 1}, platform=None),
            ValueError,
            "platform must be a name.*None",
        ),
        (lambda jg: RemoteJob({"a": 1}, platform=" "), ValueError, "platform must be a name"),
    ],
)
def test_invalid_argument_is_refused(group, scripted, snapshot, call, error, reported):
    """The error names the given and the expected value. Nothing is sent, added or changed."""
    jg = group(scripted, 2)
    before = snapshot(jg)
    with pytest.raises(error, match=reported):
        call(jg)
    assert snapshot(jg) == before
    assert scripted.asked == []


def test_add_refuses_objects_that_make_jobs(processor):
    """The error for a Sampler or a processor says how to get a job from it."""
    jg = JobGroup("mine")
    sampler = pcvl.algorithm.Sampler(processor, max_shots_per_call=100)
    with pytest.raises(TypeError, match=r"A Sampler is not a job.*sample_count.*Nothing was"):
        jg.add(sampler)
    with pytest.raises(TypeError, match=r"A RemoteProcessor is not a job.*Sampler\(processor"):
        jg.add(processor)
    local = pcvl.Processor("SLOS", pcvl.BS())
    local.with_input(pcvl.BasicState([1, 1]))
    with pytest.raises(TypeError, match="from a RemoteProcessor"):
        jg.add(pcvl.algorithm.Sampler(local).probs)
    assert len(jg) == 0


def test_numpy_numbers_are_accepted(processor):
    """The cloud gets counts from an array as plain numbers."""
    jg = JobGroup("mine")
    jg.add(
        pcvl.algorithm.Sampler(processor, max_shots_per_call=np.int64(1000)).sample_count,
        max_samples=np.arange(5)[3],
        labels={"phases": np.linspace(0, 1, 3)},
    )
    jg.run_parallel()
    jg.wait()
    assert sum(jg.get_results()[0]["results"].values()) == 3
    assert jg[0].params["max_samples"] == 3
    assert jg[0].labels == {"phases": [0.0, 0.5, 1.0]}


@pytest.mark.parametrize("count", [float("nan"), np.float32("nan")])
def test_add_refuses_nan_and_infinite_parameters(processor, count):
    """JSON has no such values. `add` rejects them before any run."""
    jg = JobGroup("mine")
    with pytest.raises(ValueError, match=r"cannot be sent as JSON.*Nothing was added"):
        jg.add(
            pcvl.algorithm.Sampler(processor, max_shots_per_call=100).sample_count,
            max_samples=count,
        )
    assert len(jg) == 0


def test_columns_may_be_one_name(group, scripted):
    """A text instead of a list of columns is one column, not its letters."""
    table = group(scripted, 2).results_table("status")
    assert table.columns == ["status"]
    assert table["status"] == ["unsent", "unsent"]


def test_deleted_group_can_still_be_shown(group, scripted):
    """A notebook's variable shows that the group is deleted, in each form of output."""
    jg = group(scripted, 1)
    JobGroup.delete_job_group(jg.name)
    assert re.fullmatch(rf"JobGroup\('{jg.name}'\): deleted.*restore.*", repr(jg))
    JobGroup.restore(jg.name)
    assert "1 unsent" in repr(jg)
