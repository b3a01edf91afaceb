"""Tests of removing unsent jobs while other processes read, send and reference jobs."""

from __future__ import annotations

import pickle

import pytest

from jobgroup import JobGroup, JobGroupError, JobRemovedError

_RUN = "from jobgroup import JobGroup; JobGroup.open('experiment').run_parallel(queue=True)"
_REMOVE = """
import sys
from jobgroup import JobGroup, JobGroupError
jg, removed = JobGroup.open('experiment'), []
print('ready', flush=True)
while jobs := jg.jobs(state='unsent'):
    try:
        removed += [record.name for record in jg.remove(jobs[-1])]
    except JobGroupError:  # it is being sent
        pass
print('\\n'.join(removed))
"""


def _names(jg):
    return [job.name for job in jg]


def test_remove_moves_later_jobs_up(group, scripted):
    """`remove` takes a position, a negative position, an object or a list, and returns the removed
    jobs.
    """
    jg = group(scripted, 7)
    assert [record.name for record in jg.remove([1, -1, jg[3]])] == ["job 1", "job 3", "job 6"]
    assert _names(jg) == ["job 0", "job 2", "job 4", "job 5"]
    assert [job.position for job in jg] == [0, 1, 2, 3]
    assert len(jg) == 4
    assert jg.remove(0)[0].name == "job 0"
    assert jg.remove([]) == []


def test_objects_and_pickles_stay_with_their_job(group, scripted):
    """Later jobs may take the old positions. Sending, canceling and notes use the right job."""
    jg = group(scripted, 4)
    third, pickled, doomed = jg[2], pickle.dumps(jg[2]), jg[0]
    jg.remove([0, 1])
    third.note = "the third"
    assert (third.name, third.position, pickle.loads(pickled)) == ("job 2", 0, third)
    assert jg[0] == third
    assert jg[0].note == "the third"
    assert jg[1].note == ""
    third.execute_async()
    assert [job.was_sent for job in jg] == [True, False]
    assert third in jg
    assert doomed not in jg


def test_removed_job_raises(group, scripted):
    """Every use of the removed job's object or pickle raises an error. No other job gets its id."""
    jg = group(scripted, 3)
    doomed = jg[2]
    jg.remove(doomed)
    jg.add(_job(scripted))
    for use in (
        lambda: doomed.state,
        lambda: doomed.position,
        doomed.execute_async,
        doomed.cancel,
        doomed.get_results,
        lambda: setattr(doomed, "note", "x"),
        lambda: setattr(doomed, "name", "x"),
        lambda: pickle.loads(pickle.dumps(doomed)).name,
        lambda: jg.cancel(doomed),
        lambda: jg.prioritize([doomed]),
        lambda: jg.remove([0, doomed]),
    ):
        with pytest.raises(JobRemovedError, match="was removed from the group 'experiment'"):
            use()
    assert repr(doomed) == "RemoteJob removed from the group 'experiment'"
    assert len(jg) == 3


def _job(cloud):
    from jobgroup import RemoteJob

    return RemoteJob({"command": "timer"}, "test:timer", url=cloud.url, name="new")


def test_sent_job_is_not_removed(ended, scripted, timer):
    """This holds in every state, and the call removes no other job either."""
    jg = ended("completed", "error", "canceled", "waiting")
    jg.add(timer(scripted, "unsent"))
    for position, state in enumerate(("success", "error", "canceled", "waiting")):
        with pytest.raises(JobGroupError, match=rf"{position} \({state}\)\. Nothing was removed"):
            jg.remove([position, 4])
    with pytest.raises(IndexError):
        jg.remove([4, 5])
    assert len(jg) == 5


def test_unconfirmed_or_resent_job_is_not_removed(group, scripted):
    """Its request may have created a job, even after the user asked to resend it."""
    from scripted_cloud import DROP

    jg = group(scripted, 2)
    scripted.faults["create"] = lambda *_: DROP
    with pytest.raises(JobGroupError):
        jg.run_parallel()
    assert jg[0].state == "unconfirmed"
    with pytest.raises(JobGroupError, match="Nothing was removed"):
        jg.remove(0)
    scripted.faults["create"] = lambda *_: (400, {"error": "Cannot create more than 1 jobs"})
    with pytest.raises(JobGroupError):
        jg[0].resend()
    assert jg[0].state == "unsent"
    with pytest.raises(JobGroupError, match="Nothing was removed"):
        jg.remove(0)


def test_removal_during_a_run_loses_no_sent_job(group, start, spawn, until):
    """One process sends and another removes jobs. Each job is on the cloud and in the group, or in
    neither.
    """
    cloud = start(max_queue=1000, max_concurrent=50)
    jg = group(cloud, 120, duration_s=600)
    remover = spawn(_REMOVE, cloud)
    assert remover.stdout.readline() == "ready\n"
    runner = spawn(_RUN, cloud)
    removed, err = remover.communicate(timeout=300)
    assert remover.returncode == 0, err
    _, err = runner.communicate(timeout=300)
    assert runner.returncode == 0, err
    names = removed.split()
    kept = [job["name"] for job in map(dict, _jobs(cloud))]
    assert sorted([f"job {i}" for i in range(120)]) == sorted(
        [*kept, *map(" ".join, zip(names[::2], names[1::2], strict=True))]
    )
    assert {job.name: job.id for job in jg} == {job["name"]: job["id"] for job in _jobs(cloud)}
    assert [job.position for job in jg] == list(range(len(kept)))


def _jobs(cloud):
    return [{"name": job.name, "id": job.id} for job in cloud.jobs()]


def test_priorities_and_requests_keep_their_jobs_after_a_removal(group, scripted):
    """A job selected to be sent first is sent first from its new position."""
    jg = group(scripted, 5)
    scripted.availability = None  # one job at a time, in the group's order
    jg.prioritize([4, 3])
    run = jg.start([2])
    run.result(120)
    jg.remove([0, 1])
    assert jg.state.next_up == [2, 1]
    jg.run_parallel()
    assert [job.id for job in (jg[0], jg[2], jg[1])] == scripted.ids()
    assert run.result().done == [2]


def test_results_follow_the_order_of_the_remaining_jobs(group, scripted, timer):
    """Results, tables, streams and reruns use the new positions."""
    jg = group(scripted, 4)
    jg.remove([0, 2])
    jg.run_parallel()
    scripted.tell(jg[0].id, "error", status_message="no light")
    scripted.tell(jg[1].id, "completed")
    jg.refresh()
    assert jg.results_table(["job", "status"])["job"] == [0, 1]
    assert [job.position for job, _ in jg.as_completed()] in ([0, 1], [1, 0])
    jg.rerun(replace=False)
    assert [record.rerun_of for record in jg.snapshot()] == [None, None, 0]


def test_export_keeps_entry_ids(group, scripted, tmp_path):
    """A copy has the same entries, and never reuses the id of a removed one."""
    jg = group(scripted, 3)
    jg.remove(2)
    before = [record.entry_id for record in jg.snapshot()]
    jg.export(tmp_path / "copy")
    copy = JobGroup.load(tmp_path / "copy", name="copy")
    copy.add(_job(scripted))
    after = [record.entry_id for record in copy.snapshot()]
    assert after[:2] == before
    assert after[2] > 3
    assert [record.position for record in copy.snapshot()] == [0, 1, 2]
