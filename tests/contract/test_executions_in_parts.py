"""Entries of several jobs that are sent in part: a full plan, a refusal, a lost answer, a kill."""

from __future__ import annotations

import threading

import perceval as pcvl
import pytest
from mitigated import PARTS, Handler, scripted_execution
from scripted_cloud import DROP

from jobgroup import (
    JobGroup,
    JobGroupError,
    QuotaExceededError,
    RequestRejectedError,
    UnconfirmedJobError,
)


@pytest.fixture
def jg(scripted):
    """A group with one entry of several jobs."""
    group = JobGroup("mitigated")
    group.add(scripted_execution(scripted))
    return group


def test_a_plan_that_is_full_in_between(jg, scripted):
    """What was sent is kept, the entry is unsent, and the next run sends the rest and no more."""
    full = 400, {"error": "Cannot create more than 2 jobs"}
    scripted.faults["create"] = lambda before, _: full if before == 2 else None
    with pytest.raises(QuotaExceededError, match="2 of the jobs"):
        jg.run_parallel()
    (job,), ids = jg.remote_jobs, scripted.ids()
    assert (job.state, job.id, len(ids)) == ("unsent", None, 2)
    assert [attempt.state for attempt in job.attempts] == ["unsent"]
    with pytest.raises(JobGroupError, match=ids[1]):  # the group has it already
        jg.add(pcvl.RemoteJob.from_id(ids[1], Handler(scripted)))
    jg.run_parallel()
    assert job.id == " + ".join(scripted.ids())
    assert scripted.ids()[:2] == ids
    assert len(scripted.ids()) == PARTS
    assert len(job.attempts) == 1


def test_parts_of_an_entry_that_is_not_whole_can_be_canceled(jg, scripted):
    """Those that are on the cloud are canceled and named when the group is deleted."""
    full = 400, {"error": "Cannot create more than 2 jobs"}
    scripted.faults["create"] = lambda before, _: full if before == 2 else None
    with pytest.raises(QuotaExceededError):
        jg.run_parallel()
    (job,), (first, second) = jg.remote_jobs, scripted.ids()
    with pytest.warns(UserWarning, match=f"2 jobs.*{first}, {second}"):
        JobGroup.delete_job_group(jg.name)
    JobGroup.restore(jg.name)
    ended = 400, {"error": "Can not cancel job: it is completed"}
    scripted.faults["cancel"] = lambda _, asked: ended if asked.id == first else None
    jg.cancel_all()
    # both are asked at the same time, on connections of their own
    assert {a.id for a in scripted.asked if a.what == "cancel"} == {first, second}
    jg.run_parallel()
    assert len(scripted.ids()) == PARTS + 1  # that of the canceled one is sent again
    assert first in job.id
    assert second not in job.id


def test_a_queue_goes_on_in_between(jg, scripted):
    """With queue=True it waits for the slots that its other parts take, and is sent whole."""
    full = 400, {"error": "Cannot create more than 2 jobs"}
    scripted.faults["create"] = lambda before, _: full if before in (1, 3) else None
    jg.run_parallel(queue=True)
    assert jg.remote_jobs[0].state == "waiting"
    assert len(scripted.ids()) == PARTS
    assert scripted.count("create") == PARTS + 2


def test_a_refusal_in_between(jg, scripted):
    """A part that the cloud will not have leaves the entry unsent with its sentence."""
    refusal = 400, {"error": "Max shots must less than or equal to 5"}
    scripted.faults["create"] = lambda before, _: refusal if before == 1 else None
    with pytest.raises(RequestRejectedError, match="Max shots"):
        jg.run_parallel()
    assert "1 of the jobs" in jg.remote_jobs[0].message
    assert len(scripted.ids()) == 1


@pytest.mark.parametrize("way", ["confirm", "resend"])
def test_a_lost_answer_in_between(jg, scripted, way):
    """That part alone is in doubt; nothing is sent again by itself, the user settles it."""

    def lose(before, _):
        if before == 1:
            scripted.make()
            return DROP
        return None

    scripted.faults["create"] = lose
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    (job,) = jg.remote_jobs
    jg.run_parallel()
    assert (job.state, scripted.count("create")) == ("unconfirmed", 2)
    if way == "confirm":
        job.confirm(scripted.ids()[1])
        assert job.state == "unsent"
        jg.run_parallel()
        assert job.id == " + ".join(scripted.ids())
        assert len(scripted.ids()) == PARTS
    else:
        job.resend()
        first, _lost, *others = scripted.ids()
        assert job.id == " + ".join([first, *others])
    assert job.state == "waiting"


def test_a_lost_answer_at_the_end(jg, scripted):
    """Where the last one is confirmed nothing is left to send."""
    scripted.faults["create"] = lambda before, _: DROP if before == PARTS - 1 else None
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    (job,) = jg.remote_jobs
    job.confirm(scripted.make())
    assert (job.state, job.id) == ("waiting", " + ".join(scripted.ids()))


def test_a_kill_in_between(jg, scripted, spawn):
    """A process that is killed while it sends a part leaves that part in doubt, no other."""
    has_come, is_dead = threading.Event(), threading.Event()

    def hold(before, _):
        if before == 1:
            has_come.set()
            assert is_dead.wait(60)
            return DROP
        return None

    scripted.faults["create"] = hold
    run = "from jobgroup import JobGroup; JobGroup.open('mitigated').run_parallel()"
    process = spawn(run, scripted)
    assert has_come.wait(60)
    process.kill()
    process.wait(60)
    is_dead.set()
    (job,) = jg.remote_jobs
    jg.run_parallel()
    assert (job.state, scripted.count("create")) == ("unconfirmed", 2)
    job.resend()
    assert job.id == " + ".join(scripted.ids())
    assert (len(scripted.ids()), scripted.count("create")) == (PARTS, PARTS + 1)


@pytest.mark.parametrize("moment", ["status", "rerun"])
def test_a_kill_in_the_middle_of_a_rerun(jg, scripted, spawn, moment):
    """Killed while it asks which parts failed, or while it sends one of them again: the next rerun,
    on a cloud that knows keys, keeps what had succeeded and sends each of the others once.
    """
    scripted.knows_keys = True
    jg.run_parallel()
    kept, *failed = ids = scripted.ids()
    for job_id, word in zip(ids, ("completed", "error", "canceled"), strict=True):
        scripted.tell(job_id, word)
    jg.refresh()
    gate = scripted.gate(moment)
    process = spawn(
        "import jobgroup; jobgroup.JobGroup('mitigated').rerun_failed_parallel()", scripted
    )
    gate.wait_for_one()
    process.kill()
    process.wait(60)
    gate.open()
    jg.rerun_failed_parallel()
    reruns = {asked.key: asked.id for asked in scripted.asked if asked.what == "rerun"}
    assert list(reruns.values()) == failed
    assert scripted.count("create") == PARTS
    (job,) = jg.remote_jobs
    assert job.id == " + ".join([kept, *scripted.ids()[PARTS:]])
    assert len(scripted.ids()) == PARTS + len(failed)


def test_resending_what_the_cloud_has_lost_a_part_of(jg, scripted, until):
    """Only that part is sent anew: the others were paid for, and the cloud still has them."""
    jg.run_parallel()
    (job,), ids = jg.remote_jobs, scripted.ids()
    for each in ids:
        scripted.tell(each, "completed")
    gone = 404, {"error": "Not found job"}
    scripted.faults["status"] = lambda _, asked: gone if asked.id == ids[1] else None
    scripted.faults["rerun"] = lambda _, asked: gone if asked.id == ids[1] else None

    def is_lost() -> bool:
        jg.refresh()
        return job.state == "unknown"

    until(is_lost)
    job.resend()
    assert len(scripted.ids()) == PARTS + 1
    assert job.id == " + ".join([ids[0], scripted.ids()[-1], *ids[2:]])
    scripted.tell(scripted.ids()[-1], "completed")
    jg.wait(120)
    assert job.state == "success"
    assert [attempt.state for attempt in job.attempts] == ["unknown", "success"]
