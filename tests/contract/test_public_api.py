"""What a group offers beside the methods that Perceval's groups have."""

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


def test_every_call_that_blocks_can_be_awaited():
    """With the same arguments, and both are described."""
    assert {"adopt", "cancel", "export", "pause", "prioritize", "rerun", "resume"} <= set(TWINS)
    for name in TWINS:
        blocking, awaited = getattr(JobGroup, name), getattr(JobGroup, f"{name}_async")
        assert inspect.signature(blocking) == inspect.signature(awaited)
        assert (blocking.__name__, awaited.__name__) == (name, f"{name}_async")
        assert inspect.iscoroutinefunction(awaited)
        assert not inspect.iscoroutinefunction(blocking)
        assert blocking.__doc__
        assert f"`{name}`" in (awaited.__doc__ or "")


def test_calls_are_awaited(ended, scripted, tmp_path):
    """What they do and raise is the same."""
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


def test_groups_are_equal_by_what_they_are(group, scripted):
    """Two objects of one group are equal, also copies; another group of the name is another."""
    jg = group(scripted, 1)
    assert jg == JobGroup("experiment") == pickle.loads(pickle.dumps(jg))
    assert len({jg, JobGroup("experiment")}) == 1
    assert jg != JobGroup("other")
    assert jg != "experiment"
    jg.delete()
    assert JobGroup("experiment") != jg
    assert bool(JobGroup("empty")), "a group without jobs is a group"


def test_a_group_is_closed_by_a_with_block(group, scripted):
    """What it followed ends; used again, it opens its file again."""
    told = []
    with group(scripted, 1) as jg:
        jg.state.observe(told.append)
        jg.on_done(told.append)
    jg.run_parallel()
    scripted.tell(jg[0].id, "completed")
    jg.refresh()
    assert told == []

    async def use():
        async with JobGroup("experiment") as again:
            return len(again)

    assert asyncio.run(use()) == 1


def test_a_group_exists_until_it_is_deleted(group, scripted):
    """`delete` is the other name of `delete_job_group`: it can be undone."""
    assert not JobGroup.exists("experiment")
    jg = group(scripted, 2)
    assert JobGroup.exists("experiment")
    jg.delete()
    assert not JobGroup.exists("experiment")
    assert JobGroup.list_trash() == ["experiment"]
    JobGroup.restore("experiment")
    assert [(g.name, g.counts) for g in JobGroup.summaries()] == [("experiment", {"unsent": 2})]


def test_a_renamed_group_is_all_there(ended):
    """Under the new name alone, with its dates and attempts; the trash has nothing of it."""
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


def test_a_rename_that_is_killed_leaves_one_group(group, scripted, spawn):
    """Under the new name, once it is copied: under the old one its jobs could be paid for twice."""
    group(scripted, 2).close()
    kill_at_the_removal = (
        "import os, signal, sys; from jobgroup import JobGroup; jg = JobGroup.open('experiment')\n"
        "def look(event, args):\n"
        "    if event == 'os.remove' and str(args[0]).endswith('experiment.jobgroup'):\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "sys.addaudithook(look); jg.rename('later')"
    )
    assert spawn(kill_at_the_removal).wait(60) not in (0, 1)
    assert JobGroup.exists("later")
    assert not JobGroup.exists("experiment")
    with pytest.raises(GroupNotFoundError):
        JobGroup.restore("experiment")
    assert JobGroup.list_existing() == ["later"]


def test_a_deleted_group_that_lives_on_is_not_brought_back(group, scripted, data_dir):
    """Its jobs could be paid for twice."""
    group(scripted, 1).close()
    path = data_dir / "groups" / "experiment.jobgroup"
    whole = path.read_bytes()
    JobGroup.delete_job_group("experiment")
    path.with_name("by hand.jobgroup").write_bytes(whole)
    with pytest.raises(JobGroupError, match="lives on as"):
        JobGroup.restore("experiment")
    path.with_name("by hand.jobgroup").unlink()
    JobGroup.restore("experiment")
    assert [job.state for job in JobGroup.open("experiment")] == ["unsent"]


def test_a_group_is_not_renamed_over_another_nor_while_it_runs(group, scripted, until):
    """It is as it was then."""
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
    assert run.result(60).done == [0]
    assert JobGroup.list_existing() == ["experiment", "taken"]


def test_jobs_are_chosen_by_state_labels_and_conditions(ended):
    """As the file has them, in order; a state that there is not is refused."""
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
        (lambda jg: jg.rerun([0], params=3), "params is a dictionary"),
        (lambda jg: jg.start(replace=False), "replace=False requires rerun=True"),
        (lambda jg: jg.cancel("f00d"), "position, counted from 0, got 'f00d'"),
        (lambda jg: jg.jobs(3), "where is a function"),
        (lambda jg: jg.jobs(state=3), "state is the name of a state"),
        (lambda jg: jg.jobs(labels=3), "labels is a dictionary"),
        (lambda jg: jg.map(3), "map takes a function"),
        (lambda jg: jg.add_many(3), "add_many takes several jobs"),
        (lambda jg: jg.add_many([(jg[0], {}, {}, 1)]), "a tuple of a job, its parameters"),
    ],
)
def test_wrong_arguments_are_named_as_the_caller_knows_them(ended, call, sentence):
    """By public names, with what would be right; nothing is done."""
    jg = ended("error")
    with pytest.raises(TypeError, match=sentence):
        call(jg)
    assert [(job.state, len(job.attempts)) for job in jg] == [("error", 1)]


def test_a_paused_group_says_so_and_a_run_with_nothing_to_send_ends(ended):
    """Only what is to be sent waits for `resume`."""
    jg = ended("completed")
    jg.pause()
    assert "Paused" in str(jg)
    jg.rerun()
    jg.run_sequential(0)
    jg.run_parallel(queue=True)
    jg.resume()
    assert "Paused" not in str(jg)


def test_a_snapshot_is_of_one_moment(ended):
    """Immutable records in order, which stay as they are."""
    jg = ended("completed", "error")
    before = jg.snapshot()
    jg.rerun()
    assert [record.state for record in before] == ["success", "error"]
    with pytest.raises(AttributeError):
        before[0].state = "error"
    assert jg.snapshot()[1].attempts == 2


def test_jobs_are_members_of_their_group(group, scripted):
    """`in` asks for the job itself."""
    jg, other = group(scripted, 1), group(scripted, 1, name="other")
    assert jg[0] in jg
    assert other[0] not in jg
    assert RemoteJob({"command": "x"}, "p") not in jg
    assert 0 not in jg


def test_parameters_may_have_any_name(group, scripted):
    """In `params`, also names that `add` has itself; none is given twice."""
    jg = JobGroup("experiment")
    jg.add(RemoteJob({"command": "x"}, "p"), params={"labels": 3, "a": 1}, b=2, labels={"l": 1})
    assert jg[0].params == {"command": "x", "labels": 3, "a": 1, "b": 2}
    assert jg[0].labels == {"l": 1}
    with pytest.raises(TypeError, match="a: given twice"):
        jg.add(RemoteJob({"command": "x"}, "p"), params={"a": 1}, a=2)
    assert len(jg) == 1


def test_a_function_is_mapped_over_the_results(ended):
    """In the group's order, None where there is none, blocking and awaited."""
    jg = ended("completed", "completed")
    jg.add(RemoteJob({"command": "x"}, "p"))
    mapped = jg.map(len)
    assert [each is None for each in mapped] == [False, False, True]
    assert asyncio.run(jg.map_async(len)) == mapped
    with pytest.raises(ZeroDivisionError):
        jg.map(lambda _: 1 / 0)


def test_a_run_in_the_background_can_be_waited_for_and_canceled(group, scripted, until):
    """What it has not sent when it is canceled stays unsent."""
    jg = group(scripted, 3)
    run = jg.start(delay=0)
    assert isinstance(run, Run)
    until(lambda: jg[0].was_sent)
    with pytest.raises(TimeoutError):
        run.wait(0.05)
    assert not run.done()
    run.cancel()
    run.wait(60)
    assert run.done()
    assert [job.state for job in jg][1:] == ["unsent", "unsent"]

    async def use():
        return await jg.start([1])

    assert asyncio.run(use()).done == [1]


def test_certain_jobs_are_run(group, scripted):
    """And no others; `params` are for reruns."""
    jg = group(scripted, 3)
    jg.run_parallel(jobs=[2])
    assert [job.was_sent for job in jg] == [False, False, True]
    with pytest.raises(TypeError, match="rerun"):
        jg.start([0], params={"max_shots": 1})


def test_an_error_names_the_job_that_it_is_about(group, scripted):
    """By its position and as a job; errors about no one job have neither."""
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


def test_warnings_have_a_category_of_ours_and_show_the_caller(ended):
    """So that they can be filtered, and found."""
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


def test_a_subscription_is_a_context_manager_and_the_callback(group, scripted):
    """A decorated function stays callable under its name and with its docstring."""
    jg, told, ended = group(scripted, 1), [], threading.Event()

    @jg.on_done
    def note(event):
        """Note it."""
        told.append(event)
        ended.set()

    assert (note.__name__, note.__doc__) == ("note", "Note it.")
    note("by hand")
    assert told == ["by hand"]
    other = []
    with jg.on_done(other.append):
        pass
    ended.clear()
    jg.run_parallel()
    scripted.tell(jg[0].id, "completed")
    assert ended.wait(60)
    assert (told[-1].kind, other) == ("finished", [])


def test_dates_are_aware_beside_those_of_perceval(group, scripted):
    """The same moments, in UTC."""
    jg = group(scripted, 1)
    assert jg.created_at.tzinfo is UTC
    assert jg.created_at.timestamp() == jg.created_date.timestamp()
    assert jg.modified_at.timestamp() == jg.modified_date.timestamp()
    assert jg.created_at <= jg.modified_at


def test_the_names_of_older_releases(group, scripted):
    """Perceval 0.12 has two that later releases have not."""
    jg = group(scripted, 2)
    assert jg.list_remote_jobs == jg.remote_jobs == list(jg)
    assert jg.count_never_sent_jobs() == 2
    jg.run_parallel()
    assert jg.count_never_sent_jobs() == 0


def test_how_it_is_shown(group, scripted):
    """The first line is like a call; a job is escaped where it is shown as HTML."""
    jg = group(scripted, 2)
    assert repr(jg).splitlines() == ["JobGroup('experiment', 2 jobs)", "2 unsent"]
    jg[0].name = "<b>"
    assert "&lt;b&gt;" in jg[0]._repr_html_()
    assert repr(jg.cache) == "ResultCache(enabled=False, size_bytes=0)"
