"""Tests of partly sent entries of several jobs: full plans, rejections, lost responses, kills."""

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
    """Make a group with one entry of several jobs."""
    group = JobGroup("mitigated")
    group.add(scripted_execution(scripted))
    return group


def test_full_plan_keeps_the_sent_parts(jg, scripted):
    """The entry stays unsent, and the next run sends only its other parts."""
    full = 400, {"error": "Cannot create more than 2 jobs"}
    scripted.faults["create"] = lambda before, _: full if before == 2 else None
    with pytest.raises(QuotaExceededError, match="2 of its jobs"):
        jg.run_parallel()
    (job,), ids = jg.remote_jobs, scripted.ids()
    assert (job.state, job.id, len(ids)) == ("unsent", None, 2)
    assert [attempt.state for attempt in job.attempts] == ["unsent"]
    with pytest.raises(JobGroupError, match=ids[1]):  # the group already has it
        jg.add(pcvl.RemoteJob.from_id(ids[1], Handler(scripted)))
    jg.run_parallel()
    assert job.id == " + ".join(scripted.ids())
    assert scripted.ids()[:2] == ids
    assert len(scripted.ids()) == PARTS
    assert len(job.attempts) == 1


def test_parts_of_an_incomplete_entry_can_be_canceled(jg, scripted):
    """Parts on the cloud are canceled, and named when the group is deleted."""
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
    # both requests are sent at the same time, on separate connections
    assert {a.id for a in scripted.asked if a.what == "cancel"} == {first, second}
    jg.run_parallel()
    assert len(scripted.ids()) == PARTS + 1  # the canceled part is sent again
    assert first in job.id
    assert second not in job.id


def test_queue_waits_for_slots_between_parts(jg, scripted):
    """With queue=True, the run waits for slots that the other parts use, and sends every part."""
    full = 400, {"error": "Cannot create more than 2 jobs"}
    scripted.faults["create"] = lambda before, _: full if before in (1, 3) else None
    jg.run_parallel(queue=True)
    assert jg.remote_jobs[0].state == "waiting"
    assert len(scripted.ids()) == PARTS
    assert scripted.count("create") == PARTS + 2


def test_rejected_part_leaves_the_entry_unsent(jg, scripted):
    """The entry has the cloud's message."""
    refusal = 400, {"error": "Max shots must less than or equal to 5"}
    scripted.faults["create"] = lambda before, _: refusal if before == 1 else None
    with pytest.raises(RequestRejectedError, match="Max shots"):
        jg.run_parallel()
    assert "1 of its jobs" in jg.remote_jobs[0].message
    assert len(scripted.ids()) == 1


@pytest.mark.parametrize("way", ["confirm", "resend"])
def test_lost_answer_leaves_one_part_unconfirmed(jg, scripted, way):
    """The part is not resent automatically. The user confirms or resends it."""

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


def test_confirming_the_last_part_completes_the_entry(jg, scripted):
    """No part is left to send after the last one is confirmed."""
    scripted.faults["create"] = lambda before, _: DROP if before == PARTS - 1 else None
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    (job,) = jg.remote_jobs
    job.confirm(scripted.make())
    assert (job.state, job.id) == ("waiting", " + ".join(scripted.ids()))


def test_kill_leaves_one_part_unconfirmed(jg, scripted, spawn):
    """The process was sending that part. The other parts are not affected."""
    has_come, is_dead = threading.Event(), threading.Event()

    def hold(before, _):
        if before == 1:
            has_come.set()
            assert is_dead.wait(120)
            return DROP
        return None

    scripted.faults["create"] = hold
    run = "from jobgroup import JobGroup; JobGroup.open('mitigated').run_parallel()"
    process = spawn(run, scripted)
    assert has_come.wait(120)
    process.kill()
    process.wait(120)
    is_dead.set()
    (job,) = jg.remote_jobs
    jg.run_parallel()
    assert (job.state, scripted.count("create")) == ("unconfirmed", 2)
    job.resend()
    assert job.id == " + ".join(scripted.ids())
    assert (len(scripted.ids()), scripted.count("create")) == (PARTS, PARTS + 1)


@pytest.mark.parametrize("moment", ["status", "rerun"])
def test_rerun_continues_after_a_kill(jg, scripted, spawn, moment):
    """The killed process was checking which parts had failed, or was resending one. On a cloud that
    supports keys, the next rerun keeps successful parts and sends each other part once.
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
    process.wait(120)
    gate.open()
    jg.rerun_failed_parallel()
    reruns = {asked.key: asked.id for asked in scripted.asked if asked.what == "rerun"}
    assert list(reruns.values()) == failed
    assert scripted.count("create") == PARTS
    (job,) = jg.remote_jobs
    assert job.id == " + ".join([kept, *scripted.ids()[PARTS:]])
    assert len(scripted.ids()) == PARTS + len(failed)


def test_resend_sends_only_the_lost_part(jg, scripted, until):
    """The other parts were paid for, and the cloud still has them."""
    jg.run_parallel()
    jg.refresh()  # a part that the cloud never reported counts as lost only after a minute
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
