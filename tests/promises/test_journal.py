"""Promise 2: sending goes through a journal. No job that reached the cloud is resent or
forgotten.
"""

from __future__ import annotations

import random
import signal
import time

import pytest
from kills import Campaign
from ledger import requests

from jobgroup import CloudError, JobGroupError, UnconfirmedJobError
from jobgroup.engine.submission import MAX_KEY_LOOKUPS

SEED = 20_261


@pytest.fixture(params=[False, True], ids=["no keys", "keys"])
def campaign(request, nursery, cloud) -> Campaign:
    """Return a campaign of kills on a cloud that does or does not look up jobs by key."""
    cloud.set_plan(supports_idempotency_keys=request.param)
    print(f"seed {SEED}")
    return Campaign(random.Random(SEED), nursery, cloud, knows_keys=request.param)


def test_each_job_is_sent_once_through_kills_of_a_run(campaign):
    """Runs are killed at random moments until the group is sent. Each job is on the cloud once,
    every id is known, and there are no more unconfirmed jobs than there were requests in flight.
    """
    campaign.of_running("run", jobs=25, lives=4)


def test_each_job_is_rerun_once_through_kills_of_a_rerun(campaign):
    """The same holds for reruns in place, which cost money too."""
    campaign.of_rerunning("rerun", jobs=15, lives=3, replace=True)


def test_a_rerun_that_appends_survives_a_kill(campaign):
    """The same holds for appended reruns: there is one new entry for each job that the cloud
    received.
    """
    campaign.of_rerunning("append", jobs=15, lives=1, replace=False)


def test_a_job_with_a_lost_answer_is_never_sent_again(group, cloud, ledger):
    """A job whose response was lost is unconfirmed, counts as sent, and has the time of its
    request. No later run or rerun resends it, and `confirm` adopts the cloud's id.
    """
    jg = group(3)
    began = time.time()
    cloud.faults.add("drop_response", calls=["create"], times=1)
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    (job,) = jg.list_unconfirmed_jobs()
    assert (job.position, job.state, job.id) == (0, "unconfirmed", None)
    assert (
        began <= job.attempts[0].intent_at <= job.attempts[0].diagnostics["asked_at"] <= time.time()
    )
    assert jg.progress()["Unfinished"] == [3, {"sent": 1, "not sent": 2}]
    assert job.message
    for _ in range(2):
        jg.run_parallel()
        jg.rerun_failed_parallel()
    jg.wait(120)
    both = ledger(jg).check(unconfirmed=1)
    both.each_once("0", "1", "2")
    with pytest.raises(JobGroupError):
        job.confirm(jg[1].id)
    with pytest.raises(JobGroupError):
        job.confirm("")
    with pytest.raises(JobGroupError, match=r"no job with the id mistyped.*Nothing was changed"):
        job.confirm("mistyped")
    assert (job.state, job.id) == ("unconfirmed", None)
    job.confirm(both.orphans[0].id)
    jg.wait(120)
    assert [j.state for j in jg] == ["success"] * 3
    assert not ledger(jg).check().orphans


def test_an_id_is_confirmed_without_a_cloud_that_responds(group, cloud, ledger):
    """During an outage the user is trusted: the id is recorded without a check."""
    jg = group(1)
    cloud.faults.add("drop_response", calls=["create"], times=1)
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    (sent,) = cloud.jobs()
    cloud.faults.add("http_error", calls=["status"], status=503)
    jg[0].confirm(sent.id)
    assert jg[0].id == sent.id
    cloud.faults.clear()
    jg.wait(120)
    ledger(jg).check().each_once("0")


def test_ctrl_c_during_a_confirmation_records_no_id(group, child, cloud, until):
    """The id may have been mistyped. The process lives on, as a notebook's kernel does."""
    jg = group(1)
    cloud.faults.add("drop_response", calls=["create"], times=1)
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    cloud.faults.add("delay_response", calls=["status"], delay_s=600)
    before = requests(cloud, "status")
    notebook = child(NOTEBOOK.format(run='remote_jobs[0].confirm("typo")'))
    until(lambda: requests(cloud, "status") > before)
    notebook.signal(signal.SIGINT)
    assert notebook.hear() == "interrupted"
    time.sleep(12)  # longer than an id that cannot be checked takes to be recorded
    assert (jg[0].state, jg[0].id) == ("unconfirmed", None)


def test_a_lost_request_is_sent_again_only_when_asked(group, cloud, ledger):
    """A lost request looks the same to jobgroup. Nothing is sent until `resend`, which works once,
    keeps the attempt, and raises an error for any other job.
    """
    jg = group(2)
    cloud.faults.add("drop_request", calls=["create"], times=1)
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    jg.run_parallel()
    assert [j.name for j in cloud.jobs()] == ["1"]
    jg[0].resend()
    with pytest.raises(RuntimeError):
        jg[0].resend()
    with pytest.raises(RuntimeError):
        jg[1].resend()
    jg.wait(120)
    ledger(jg).check().each_once("0", "1")
    assert len(jg[0].attempts) == 2
    assert jg[0].attempts[1].remote_id == jg[0].id


@pytest.mark.parametrize("answer", [500, 502, "garbage"])
def test_an_answer_without_an_id_leaves_the_job_unconfirmed(answer, group, cloud, ledger):
    """5xx, and 200 without an id: the cloud may have stored the job, so it is not sent again."""
    jg = group(1)
    if answer == "garbage":
        cloud.faults.add("malformed_response", calls=["create"], body='{"job_id": null}')
    else:
        cloud.faults.add("http_error", calls=["create"], status=answer)
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    assert jg[0].state == "unconfirmed"
    assert requests(cloud, "create") == 1
    cloud.faults.clear()
    jg.run_parallel()
    assert requests(cloud, "create") == 1
    ledger(jg).check(unconfirmed=1)


@pytest.mark.parametrize("answer", [400, 403, 422, 429, "away"])
def test_a_request_that_certainly_did_not_arrive_leaves_the_job_unsent(
    answer, group, cloud, ledger
):
    """For example, the cloud rejects the request or accepts no connection."""
    jg = group(2)
    if answer == "away":
        cloud.go_offline()
    else:
        cloud.faults.add("http_error", calls=["create"], status=answer, retry_after_s=0)
    with pytest.raises(CloudError):
        jg.run_parallel()
    first = "refused" if answer in (400, 403, 422) else "unsent"
    assert [j.state for j in jg] == [first, "unsent"]
    assert [len(j.attempts) for j in jg] == [0, 0]
    cloud.go_online()
    cloud.faults.clear()
    jg.run_parallel()
    ledger(jg).check().each_once("0", "1")


def test_a_lookup_by_key_settles_lost_requests(group, cloud, ledger):
    """On a cloud that supports keys, the engine settles lost responses and requests, and each job
    is on the cloud once.
    """
    cloud.set_plan(supports_idempotency_keys=True)
    jg = group(6)
    cloud.faults.add("drop_response", calls=["create"], times=2)
    cloud.faults.add("drop_request", calls=["create"], times=1)
    jg.run_parallel()
    jg.wait(120)
    assert [j.state for j in jg] == ["success"] * 6
    assert not ledger(jg).check().orphans
    ledger(jg).each_once(*map(str, range(6)))


def test_a_cloud_that_no_longer_knows_keys_gets_no_second_job(group, cloud, ledger):
    """The cloud supported keys when it last responded. jobgroup checks this before it repeats a
    request.
    """
    cloud.set_plan(supports_idempotency_keys=True)
    jg = group(2)
    jg[0].execute_async()
    cloud.set_plan(supports_idempotency_keys=False)
    cloud.faults.add("drop_response", calls=["create"], times=1)
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    assert jg[1].state == "unconfirmed"
    ledger(jg).check(unconfirmed=1).each_once("0", "1")


def test_a_failed_lookup_leaves_the_job_unconfirmed(group, cloud, ledger):
    """If the token is rejected while jobgroup looks up a request, no job gets stuck."""
    cloud.set_plan(supports_idempotency_keys=True)
    jg = group(1)
    cloud.faults.add("drop_response", calls=["create"], times=1)
    number = cloud.faults.add("refuse_token", calls=["availability"])
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    assert jg[0].state == "unconfirmed"
    cloud.faults.remove(number)
    jg.run_parallel()
    assert jg[0].was_sent
    ledger(jg).check().each_once("0")


def test_the_next_run_settles_an_unconfirmed_job_if_keys_are_known(group, cloud, ledger):
    """The next run settles jobs that an earlier run could not settle, without the user."""
    jg = group(2)
    cloud.faults.add("drop_response", calls=["create"], times=1)
    with pytest.raises(UnconfirmedJobError):
        jg.run_parallel()
    cloud.set_plan(supports_idempotency_keys=True)
    jg.run_parallel()
    jg.wait(120)
    assert not jg.list_unconfirmed_jobs()
    ledger(jg).check().each_once("0", "1")


def test_a_queue_looks_up_an_unconfirmed_job_once_more_before_its_end(group, cloud, ledger):
    """A cloud that was unavailable during a create can respond after the other jobs were sent."""
    cloud.set_plan(supports_idempotency_keys=True)
    jg = group(4)
    cloud.faults.add("drop_response", calls=["create"], times=1 + MAX_KEY_LOOKUPS)
    jg.run_parallel(queue=True)
    jg.wait(120)
    assert [j.state for j in jg] == ["success"] * 4
    ledger(jg).check().each_once(*map(str, range(4)))


@pytest.mark.parametrize("replace", [True, False])
def test_a_rerun_whose_answer_is_lost_is_unconfirmed(replace, group, cloud, ledger):
    """The journal covers reruns too: each requested rerun is on the cloud once, whatever happens
    next.
    """
    jg = group(1)
    cloud.faults.add("fail_job", times=1)
    jg.run_parallel()
    jg.wait(120)
    failed = jg[0].id
    cloud.faults.add("drop_response", calls=["rerun"], times=1)
    with pytest.raises(UnconfirmedJobError):
        jg.rerun_failed_parallel(replace)
    (job,) = jg.list_unconfirmed_jobs()
    assert job.position == (0 if replace else 1)
    if replace:
        jg.rerun_failed_parallel()
    jg.run_parallel()
    both = ledger(jg).check(unconfirmed=1)
    both.each_once("0", "0")
    job.confirm(both.orphans[0].id)
    jg.wait(120)
    assert job.state == "success"
    assert both.orphans[0].rerun_from == failed
    ledger(jg).check()


RUN = """
jg = JobGroup.open("experiment")
say("go")
{run}
say("done")
"""

NOTEBOOK = """
try:
    JobGroup.open("experiment").{run}
except KeyboardInterrupt:
    say("interrupted")
hear()
"""


@pytest.mark.parametrize(
    "run",
    [
        "jg.run_parallel()",
        "jg.run_parallel(queue=True)",
        "jg.run_sequential(0)",
        "jg.start(queue=True); hear()",
    ],
)
def test_an_interrupted_process_records_requests_in_flight(run, group, child, cloud, ledger, until):
    """After Ctrl-C in a blocking run, or the end of a script with a background run, the pending
    response is recorded, the rest is unsent, and the lease is free at once.
    """
    jg = group(30, duration_s=0.01)
    cloud.faults.add("delay_response", calls=["create"], delay_s=1)
    running = child(RUN.format(run=run))
    assert running.hear() == "go"
    until(lambda: requests(cloud, "create") >= 2)
    if "start" in run:
        running.tell("the script is at its end")
    else:
        running.signal(signal.SIGINT)
    assert running.all()[-1] in ("interrupted", "done")
    cloud.faults.clear()
    both = ledger(jg).check()
    assert not both.orphans
    assert 2 <= len(cloud.jobs()) < 30
    assert len(jg.list_unsent_jobs()) == 30 - len(cloud.jobs())
    jg.run_parallel()
    ledger(jg).check().each_once(*map(str, range(30)))


@pytest.mark.parametrize("run", ["run_parallel()", "run_sequential(0)"])
def test_an_interrupted_notebook_releases_the_lease(run, group, child, cloud, ledger, until):
    """Ctrl-C ends the run but not the process, so another process can run the group."""
    jg = group(5, duration_s=0.5)
    cloud.faults.add("delay_response", calls=["create"], delay_s=1.5)
    notebook = child(NOTEBOOK.format(run=run))
    until(lambda: requests(cloud, "create"))
    notebook.signal(signal.SIGINT)
    assert notebook.hear() == "interrupted"
    assert len(cloud.jobs()) < 5
    cloud.faults.clear()
    jg.run_parallel()
    ledger(jg).check().each_once(*map(str, range(5)))


def test_ctrl_c_interrupts_a_run_after_perceval_is_imported(group, child, cloud, until):
    """Although Perceval's compiled part replaces the signal handler, Ctrl-C interrupts a run."""
    group(2, duration_s=600)
    script = child("import perceval\n" + NOTEBOOK.format(run="run_sequential(0)"))
    until(lambda: requests(cloud, "create"), 60)
    script.signal(signal.SIGINT)
    assert script.hear() == "interrupted"


def test_ctrl_c_waits_at_most_ten_seconds_for_an_answer(group, child, cloud, ledger, until):
    """The job whose response comes later is unconfirmed once its process has ended."""
    jg = group(2)
    cloud.faults.add("delay_response", calls=["create"], delay_s=600)
    notebook = child(NOTEBOOK.format(run="run_parallel()"))
    until(lambda: len(cloud.jobs()) == 1)
    notebook.signal(signal.SIGINT)
    assert notebook.hear(60) == "interrupted"
    assert jg[0].state == "sending", "it was waited for until the request counted as lost"
    notebook.kill()
    cloud.faults.clear()
    jg.run_parallel()
    ledger(jg).check(unconfirmed=1).each_once("0", "1")
    assert [j.state == "unconfirmed" for j in jg] == [True, False]


@pytest.mark.parametrize("replace", [True, False])
def test_a_rerun_in_flight_when_its_sender_dies_is_not_forgotten(
    replace, group, child, cloud, ledger, until
):
    """The rerun becomes unconfirmed, in its position or as its new entry, and the user can adopt
    the job on the cloud.
    """
    jg = group(1)
    cloud.faults.add("fail_job", times=1)
    jg.run_parallel()
    jg.wait(120)
    cloud.faults.add("delay_response", calls=["rerun"], delay_s=60)
    running = child(RUN.format(run=f"jg.rerun_failed_parallel({replace})"))
    until(lambda: len(cloud.jobs()) == 2)
    running.kill()
    cloud.faults.clear()
    jg.run_parallel()
    (job,) = jg.list_unconfirmed_jobs()
    assert job.position == (0 if replace else 1)
    both = ledger(jg).check(unconfirmed=1)
    assert both.settle() == 1
    jg.wait(120)
    assert job.state == "success"
    assert not ledger(jg).check().orphans


def test_a_job_in_flight_becomes_unconfirmed_when_its_sender_dies(group, child, cloud, until):
    """If the process that runs the group is killed, a group that is open elsewhere (in a dashboard)
    shows the job as unconfirmed without being reopened, and offers the possible actions.
    """
    jg = group(2)
    jg.state.observe(lambda _: None)
    cloud.faults.add("delay_response", calls=["create"], delay_s=60)
    running = child(RUN.format(run="jg.run_parallel()"))
    until(lambda: jg[0].state == "sending")
    until(lambda: requests(cloud, "create"))
    running.kill()
    until(lambda: jg[0].state == "unconfirmed")
    assert jg[0].message
    cloud.faults.clear()
    jg[0].confirm(cloud.jobs()[0].id)
    jg.state.unobserve_all()
    jg.run_parallel()
    assert len(cloud.jobs()) == 2
