"""Removing jobs that were never sent, while others look, send and hold on to jobs."""

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


def test_jobs_after_a_removed_one_move_up(group, scripted):
    """By position, negative position, object and list; what was removed is returned."""
    jg = group(scripted, 7)
    assert [record.name for record in jg.remove([1, -1, jg[3]])] == ["job 1", "job 3", "job 6"]
    assert _names(jg) == ["job 0", "job 2", "job 4", "job 5"]
    assert [job.position for job in jg] == [0, 1, 2, 3]
    assert len(jg) == 4
    assert jg.remove(0)[0].name == "job 0"
    assert jg.remove([]) == []


def test_objects_and_pickles_stay_with_their_job(group, scripted):
    """Also with others at their old positions, and in what is sent, canceled or noted by them."""
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


def test_a_removed_job_says_so(group, scripted):
    """Whatever is asked of an object or a pickle of it; its id is given to no other job."""
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


def test_what_was_sent_is_not_removed(ended, scripted, timer):
    """Whatever became of it, and nothing else of the same call either."""
    jg = ended("completed", "error", "canceled", "waiting")
    jg.add(timer(scripted, "unsent"))
    for position, state in enumerate(("success", "error", "canceled", "waiting")):
        with pytest.raises(JobGroupError, match=rf"{position} \({state}\)\. Nothing was removed"):
            jg.remove([position, 4])
    with pytest.raises(IndexError):
        jg.remove([4, 5])
    assert len(jg) == 5


def test_an_unconfirmed_job_is_not_removed_nor_one_that_may_be_paid_for(group, scripted):
    """Its request may have made a job: also after the user asked to send it again."""
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


def test_a_removal_beside_a_run_loses_nothing_that_is_sent(group, start, spawn, until):
    """One process sends, one removes: each job is on the cloud and in the group, or in neither."""
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


def test_priorities_and_requests_mean_the_same_jobs_after_a_removal(group, scripted):
    """A job that was chosen to be sent first is first, at whatever position it is by then."""
    jg = group(scripted, 5)
    jg.prioritize([4, 3])
    run = jg.start([2])
    run.result(120)
    jg.remove([0, 1])
    assert jg.state.next_up == [2, 1]
    jg.run_parallel()
    assert [job.id for job in (jg[0], jg[2], jg[1])] == scripted.ids()
    assert run.result().done == [2]


def test_results_are_in_the_order_of_the_jobs_that_are_left(group, scripted, timer):
    """Results, tables, streams and reruns count from the new positions."""
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


def test_ids_last_through_an_export(group, scripted, tmp_path):
    """A copy has the same entries, and gives no id of a removed one to another."""
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
