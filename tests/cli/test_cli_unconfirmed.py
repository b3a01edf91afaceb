"""Unconfirmed jobs are confirmed or resent from a terminal."""

from __future__ import annotations

import pytest

from jobgroup import UnconfirmedJobError
from jobgroup.cloud import EmbeddedCloud


@pytest.fixture(scope="module")
def small_cloud():
    """Run a cloud that does not support idempotency keys."""
    with EmbeddedCloud(prewarm=False, supports_idempotency_keys=False) as running:
        yield running


@pytest.fixture
def losing(prepared, cloud):
    """Make a group of two jobs, and lose the response to the next job that is sent."""
    group = prepared(jobs=2, duration_s=600)
    cloud.faults.add("drop_response", calls=["create"], times=1)
    return group


@pytest.fixture
def lost(losing):
    """Make a group of an unconfirmed job, which the cloud has, and an unsent one."""
    with pytest.raises(UnconfirmedJobError):
        losing.run_parallel()
    assert [job.state for job in losing] == ["unconfirmed", "unsent"]
    return losing


def test_run_names_the_commands_for_an_unconfirmed_job(run, losing):
    """The run that loses the response names them, and so does a run of the unconfirmed job."""
    done = run("run", "sweep")
    assert done.returncode == 1
    assert "(or jobgroup confirm)" in done.stderr
    assert "(or jobgroup resend)" in done.stderr
    advice = "Job 0 was not sent: It may be on the cloud. Use jobgroup confirm or jobgroup resend."
    assert advice in run("run", "sweep", "0").stderr


def test_confirm_records_the_id_of_one_job(call, read, lost, cloud):
    """The cloud has the job, so nothing is sent. Only an unconfirmed job can be confirmed."""
    made = [job.id for job in cloud.jobs()]
    there = made[-1]
    assert call("confirm", "sweep", "0-1", there).returncode == 2
    assert call("confirm", "sweep", "9", there).returncode == 4
    assert lost[0].state == "unconfirmed"
    assert read("confirm", "sweep", "0", there)["confirmed"]["id"] == there
    assert lost[0].id == there
    done = call("confirm", "sweep", "0", there)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Job 0 is not unconfirmed. Nothing was changed." in done.stderr
    assert [job.id for job in cloud.jobs()] == made


def test_resend_asks_first(call, run, lost, cloud):
    """Any answer other than yes, or none, sends nothing."""
    made = len(cloud.jobs())
    assert call("resend", "sweep").returncode == 2
    for answer in ("", "n\n", "\n"):
        done = call("resend", "sweep", "0", input=answer)
        assert (done.returncode, done.stdout) == (1, "")
        assert "Resend 1 job of 'sweep'? If an earlier request reached the cloud" in done.stderr
        assert "Nothing was sent." in done.stderr
    assert (lost[0].state, len(cloud.jobs())) == ("unconfirmed", made)
    done = run("resend", "sweep", "0", input="y\n")
    assert done.returncode == 0
    assert done.stdout.startswith("1 sent. sweep: 1 unsent, 1 ")
    assert lost[0].id in {job.id for job in cloud.jobs()[made:]}


def test_resend_reports_jobs_that_cannot_be_resent(read, lost, cloud):
    """The unconfirmed job is sent again, and the other one, which was never sent, is not."""
    made = len(cloud.jobs())
    done = read("resend", "sweep", "0-1", "--yes", code=1)
    assert done["sent"] == [0]
    assert done["not_sent"] == {"1": "It is neither unconfirmed nor lost by its cloud."}
    assert (lost[1].state, len(cloud.jobs())) == ("unsent", made + 1)
