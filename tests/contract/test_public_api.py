"""Tests of the public members of a group that Perceval's groups do not have."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import threading
import warnings
from datetime import UTC

import pytest

from jobgroup import (
    GroupBusyError,
    GroupDeletedError,
    GroupNotFoundError,
    JobGroup,
    JobGroupError,
    JobGroupWarning,
    RemoteJob,
    RequestRejectedError,
    Run,
)

TWINS = sorted(n.removesuffix("_async") for n in dir(JobGroup) if n.endswith("_async"))


def test_blocking_calls_have_awaitable_versions():
    """The awaitable versions take the same arguments and have docstrings."""
    assert {"adopt", "cancel", "export", "pause", "prioritize", "rerun", "resume"} <= set(TWINS)
    for name in TWINS:
        blocking, awaited = getattr(JobGroup, name), getattr(JobGroup, f"{name}_async")
        assert inspect.signature(blocking) == inspect.signature(awaited)
        assert (blocking.__name__, awaited.__name__) == (name, f"{name}_async")
        assert inspect.iscoroutinefunction(awaited)
        assert not inspect.iscoroutinefunction(blocking)
        assert blocking.__doc__
        assert f"`{name}`" in (awaited.__doc__ or "")


def test_awaitable_calls_behave_like_blocking_ones(ended, scripted, tmp_path):
    """Both forms have the same effects and raise the same errors."""
    jg = ended("completed", "error", "waiting")

    async def use():
        assert await jg.cancel_async(2) == [2]
        await jg.pause_async()
        await jg.resume_async()
        await jg.rerun_async(1)
        await jg.export_async(tmp_path / "out.jobgroup")
        with pytest.raises(FileExistsError):
            await jg.export_async(tmp_path / "out.jobgroup")
        assert await jg.prioritize_async(0) == []
        assert [job.id for job in await jg.adopt_async(scripted.make(), "p", url=scripted.url)] == [
            scripted.ids()[-1]
        ]

    asyncio.run(use())
    assert len(jg[1].attempts) == 2
    assert JobGroup.load(tmp_path / "out.jobgroup", name="copy").exists("copy")


def test_groups_are_equal_if_they_hold_the_same_group(group, scripted):
    """Two objects of one group, and copies, are equal. Another group of the same name differs."""
    jg = group(scripted, 1)
    assert jg == JobGroup("experiment") == pickle.loads(pickle.dumps(jg))
    assert len({jg, JobGroup("experiment")}) == 1
    assert jg != JobGroup("other")
    assert jg != "experiment"
    jg.delete()
    assert JobGroup("experiment") != jg
    assert bool(JobGroup("empty")), "a group without jobs is a group"


def test_with_block_closes_its_group(group, scripted):
    """The group stops following its file. The next use reopens the file."""
    reported = []
    with group(scripted, 1) as jg:
        jg.state.observe(reported.append)
        jg.on_done(reported.append)
    jg.run_parallel()
    scripted.tell(jg[0].id, "completed")
    jg.refresh()
    assert reported == []

    async def use():
        async with JobGroup("experiment") as again:
            return len(again)

    assert asyncio.run(use()) == 1


def test_exists_is_true_until_the_group_is_deleted(group, scripted):
    """`delete` is an alias of `delete_job_group`, and can be undone."""
    assert not JobGroup.exists("experiment")
    jg = group(scripted, 2)
    assert JobGroup.exists("experiment")
    jg.delete()
    assert not JobGroup.exists("experiment")
    assert JobGroup.list_trash() == ["experiment"]
    JobGroup.restore("experiment")
    assert [(g.name, g.counts) for g in JobGroup.summaries()] == [("experiment", {"unsent": 2})]


def test_rename_keeps_the_whole_group(ended):
    """Only the new name has the group, with its dates and attempts. The trash has no copy."""
    jg = ended("completed", "error")
    jg.description, jg[1].note = "first try", "too hot"
    before = jg.created_at, [job.id for job in jg], [job.attempts for job in jg]
    other = JobGroup("experiment")
    jg.rename("hom dip/2")
    assert jg.name == "hom dip/2"
    assert JobGroup.list_existing() == ["hom dip/2"]
    assert JobGroup.list_trash() == []
    again = JobGroup.open("hom dip/2")
    assert again == jg
    assert (again.created_at, [j.id for j in again], [j.attempts for j in again]) == before
    assert (again.description, again[1].note) == ("first try", "too hot")
    with pytest.raises(GroupDeletedError, match="deleted or renamed"):
        other.progress(refresh=False)
    with pytest.raises(GroupNotFoundError):
        JobGroup.open("experiment")


def test_killed_rename_leaves_one_group(group, scripted, spawn):
    """After the copy, only the new name has the group. With a second copy, jobs could be paid for
    twice.
    """
    group(scripted, 2).close()
    kill_at_the_removal = (
        "import os, signal, sys; from jobgroup import JobGroup; jg = JobGroup.open('experiment')\n"
        "def look(event, args):\n"
        "    if event == 'os.remove' and str(args[0]).endswith('experiment.jobgroup'):\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.addaudithook(look); jg.rename('later')"
    )
    assert spawn(kill_at_the_removal).wait(120) not in (0, 1)
    assert JobGroup.exists("later")
    assert not JobGroup.exists("experiment")
    with pytest.raises(GroupNotFoundError):
        JobGroup.restore("experiment")
    assert JobGroup.list_existing() == ["later"]


def test_restore_refuses_a_group_that_still_exists(group, scripted, data_dir):
    """Otherwise, its jobs could be paid for twice."""
    group(scripted, 1).close()
    path = data_dir / "groups" / "experiment.jobgroup"
    whole = path.read_bytes()
    JobGroup.delete_job_group("experiment")
    path.with_name("by hand.jobgroup").write_bytes(whole)
    with pytest.raises(JobGroupError, match=r"has the same jobs"):
        JobGroup.restore("experiment")
    path.with_name("by hand.jobgroup").unlink()
    JobGroup.restore("experiment")
    assert [job.state for job in JobGroup.open("experiment")] == ["unsent"]


def test_rename_is_refused_over_another_group_or_during_a_run(group, scripted, until):
    """The group stays as it was."""
    jg = group(scripted, 1)
    JobGroup("taken")
    with pytest.raises(JobGroupError, match="'taken' exists"):
        jg.rename("taken")
    jg.rename("experiment")
    run = jg.start(delay=0)
    until(lambda: jg[0].was_sent)
    with pytest.raises(GroupBusyError):
        jg.rename("free")
    scripted.tell(jg[0].id, "completed")
    assert run.result(120).done == [0]
    assert JobGroup.list_existing() == ["experiment", "taken"]


def test_jobs_are_selected_by_state_labels_and_conditions(ended):
    """The jobs come from the file, in order. An unknown state is rejected."""
    jg = ended("completed", "error", "canceled", "waiting")
    jg.add(RemoteJob({"command": "x"}, "p"), labels={"phi": 0.3, "chip": 7})

    def positions(*args, **kwargs):
        return [job.position for job in jg.jobs(*args, **kwargs)]

    assert positions() == [0, 1, 2, 3, 4]
    assert positions(state="failed") == [1, 2]
    assert positions(state=["success", "waiting"]) == [0, 3]
    assert positions(labels={"phi": 0.3}) == [4]
    assert positions(labels={"phi": 0.3, "chip": None}) == []
    assert positions(lambda job: job.attempts == 1, state="failed") == [1, 2]
    with pytest.raises(ValueError, match=r"'sucess'.*success"):
        jg.jobs(state="sucess")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda jg: jg.run_sequential(), r"JobGroup\.run_sequential\(\)"),
        (lambda jg: jg.rerun(changes={}), r"JobGroup\.rerun\(\)"),
        (lambda jg: jg.rerun([0], params=3), "params must be a dict"),
        (lambda jg: jg.start(replace=False), "replace=False requires rerun=True"),
        (lambda jg: jg.cancel("f00d"), "position, counted from 0, got 'f00d'"),
        (lambda jg: jg.jobs(3), "where must be a function"),
        (lambda jg: jg.jobs(state=3), "state must be the name of a state"),
        (lambda jg: jg.jobs(labels=3), "labels must be a dict"),
        (lambda jg: jg.map(3), "function must be a function"),
        (lambda jg: jg.add_many(3), "jobs must be an iterable"),
        (lambda jg: jg.add_many([(jg[0], {}, {}, 1)]), "a tuple of a job, its parameters"),
    ],
)
def test_errors_name_wrong_arguments_by_their_public_names(ended, call, sentence):
    """The error also names valid values, and the call changes nothing."""
    jg = ended("error")
    with pytest.raises(TypeError, match=sentence):
        call(jg)
    assert [(job.state, len(job.attempts)) for job in jg] == [("error", 1)]


def test_paused_group_reports_its_pause_and_ends_runs_without_unsent_jobs(ended):
    """Only unsent jobs wait for `resume`."""
    jg = ended("completed")
    jg.pause()
    assert "Paused" in str(jg)
    jg.rerun()
    jg.run_sequential(0)
    jg.run_parallel(queue=True)
    jg.resume()
    assert "Paused" not in str(jg)


def test_snapshot_does_not_change_later(ended):
    """A snapshot has immutable records, in order."""
    jg = ended("completed", "error")
    before = jg.snapshot()
    jg.rerun()
    assert [record.state for record in before] == ["success", "error"]
    with pytest.raises(AttributeError):
        before[0].state = "error"
    assert jg.snapshot()[1].attempts == 2


def test_jobs_are_members_of_their_group(group, scripted):
    """`in` compares the job itself."""
    jg, other = group(scripted, 1), group(scripted, 1, name="other")
    assert jg[0] in jg
    assert other[0] not in jg
    assert RemoteJob({"command": "x"}, "p") not in jg
    assert 0 not in jg


def test_parameters_may_have_any_name(group, scripted):
    """`params` accepts names that `add` itself uses. A name that is given twice is rejected."""
    jg = JobGroup("experiment")
    jg.add(RemoteJob({"command": "x"}, "p"), params={"labels": 3, "a": 1}, b=2, labels={"l": 1})
    assert jg[0].params == {"command": "x", "labels": 3, "a": 1, "b": 2}
    assert jg[0].labels == {"l": 1}
    with pytest.raises(TypeError, match="Given twice: a"):
        jg.add(RemoteJob({"command": "x"}, "p"), params={"a": 1}, a=2)
    assert len(jg) == 1


def test_map_applies_a_function_to_each_result(ended):
    """Blocking or awaited, the values are in the group's order, with None for missing results."""
    jg = ended("completed", "completed")
    jg.add(RemoteJob({"command": "x"}, "p"))
    mapped = jg.map(len)
    assert [each is None for each in mapped] == [False, False, True]
    assert asyncio.run(jg.map_async(len)) == mapped
    with pytest.raises(ZeroDivisionError):
        jg.map(lambda _: 1 / 0)


def test_background_run_can_be_awaited_and_canceled(group, scripted, until):
    """Jobs that it had not sent before the cancellation stay unsent."""
    jg = group(scripted, 3)
    run = jg.start(delay=0)
    assert isinstance(run, Run)
    until(lambda: jg[0].was_sent)
    with pytest.raises(TimeoutError):
        run.wait(0.05)
    assert not run.done()
    run.cancel()
    run.wait(120)
    assert run.done()
    assert [job.state for job in jg][1:] == ["unsent", "unsent"]

    async def use():
        return await jg.start([1])

    assert asyncio.run(use()).done == [1]


def test_run_sends_only_the_given_jobs(group, scripted):
    """The call sends no other job. `params` are for reruns."""
    jg = group(scripted, 3)
    jg.run_parallel(jobs=[2])
    assert [job.was_sent for job in jg] == [False, False, True]
    with pytest.raises(TypeError, match="rerun"):
        jg.start([0], params={"max_shots": 1})


def test_error_names_its_job(group, scripted):
    """The error has the position and the job. Errors that concern no single job have neither."""
    jg = group(scripted, 2)
    scripted.faults["create"] = lambda *_: (400, {"error": "no such circuit"})
    with pytest.raises(RequestRejectedError) as caught:
        jg.run_parallel()
    assert caught.value.position == 0
    assert caught.value.job == jg[0]
    assert pickle.loads(pickle.dumps(caught.value)).job == jg[0]
    with pytest.raises(GroupNotFoundError) as none:
        JobGroup.open("nowhere")
    assert (none.value.position, none.value.job) == (None, None)


def test_warnings_have_a_category_and_point_to_the_caller(ended):
    """Users can filter and find warnings."""
    jg = ended("completed")

    async def use():
        await JobGroup("experimant").run_parallel_async()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        JobGroup("experimant").run_parallel()
        asyncio.run(use())
    assert [w.category for w in caught] == [JobGroupWarning] * 2
    assert {w.filename for w in caught} == {__file__}
    assert issubclass(JobGroupWarning, UserWarning)
    assert len(jg) == 1


def test_subscription_is_a_context_manager_and_a_decorator(group, scripted):
    """A decorated function stays callable under its name and with its docstring."""
    jg, reported, ended = group(scripted, 1), [], threading.Event()

    @jg.on_done
    def note(event):
        """Record the event."""
        reported.append(event)
        ended.set()

    assert (note.__name__, note.__doc__) == ("note", "Record the event.")
    note("by hand")
    assert reported == ["by hand"]
    other = []
    with jg.on_done(other.append):
        pass
    ended.clear()
    jg.run_parallel()
    scripted.tell(jg[0].id, "completed")
    assert ended.wait(120)
    assert (reported[-1].kind, other) == ("finished", [])


def test_aware_dates_equal_percevals_naive_ones(group, scripted):
    """The aware dates are the same moments, in UTC."""
    jg = group(scripted, 1)
    assert jg.created_at.tzinfo is UTC
    assert jg.created_at.timestamp() == jg.created_date.timestamp()
    assert jg.modified_at.timestamp() == jg.modified_date.timestamp()
    assert jg.created_at <= jg.modified_at


def test_group_has_the_names_of_older_releases(group, scripted):
    """Perceval 0.12 has two names that later releases dropped."""
    jg = group(scripted, 2)
    assert jg.list_remote_jobs == jg.remote_jobs == list(jg)
    assert jg.count_never_sent_jobs() == 2
    jg.run_parallel()
    assert jg.count_never_sent_jobs() == 0


def test_repr_starts_like_a_call(group, scripted):
    """A job's text is escaped in HTML."""
    jg = group(scripted, 2)
    assert repr(jg).splitlines() == ["JobGroup('experiment', 2 jobs)", "2 unsent"]
    jg[0].name = "<b>"
    assert "&lt;b&gt;" in jg[0]._repr_html_()
    assert repr(jg.cache) == "ResultCache(enabled=False, size_bytes=0)"
