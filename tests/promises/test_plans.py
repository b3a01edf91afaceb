"""Promise 7: jobgroup keeps small plans full, for several accounts at once, until all jobs are
sent.
"""

from __future__ import annotations

import math
import time
from collections import Counter

import pytest
from ledger import given_to, requests

from jobgroup import JobGroup, JobGroupError, QuotaExceededError, RemoteJob, set_token


def most_at_once(cloud, name: str) -> int:
    """The maximum number of a group's jobs that were waiting or running on the cloud at once."""
    changes = Counter()
    for job in given_to(cloud, name):
        changes[job.created] += 1
        changes[job.ended or time.time()] -= 1
    now = most = 0
    for moment in sorted(changes):
        now += changes[moment]
        most = max(most, now)
    return most


def test_a_run_without_a_queue_ends_at_the_plans_limit(group, cloud, ledger):
    """At the limit, an error is raised. Sent jobs stay sent, and the rest stay unsent."""
    cloud.set_plan(max_queue=3)
    jg = group(5, duration_s=600)
    with pytest.raises(QuotaExceededError, match="Cannot create more than 3 jobs") as caught:
        jg.run_parallel()
    assert caught.value.status_code == 400
    assert "stay sent" in str(caught.value)
    assert "With queue=True" in str(caught.value)
    assert [j.state == "unsent" for j in jg] == [False] * 3 + [True] * 2
    with pytest.raises(QuotaExceededError):
        jg.run_parallel()
    ledger(jg).check().each_once("0", "1", "2")


def test_a_queue_keeps_a_small_plan_full(job, cloud, ledger, until):
    """All jobs run in three slots, three at a time, with few requests and no rejection."""
    cloud.set_plan(max_queue=3)
    jg = JobGroup("experiment")
    long = [job(str(n), url=cloud.url, duration_s=600) for n in range(3)]
    jg.add_many(long + [job(str(n), url=cloud.url, duration_s=0.3) for n in range(3, 12)])
    began = time.monotonic()
    run = jg.start(queue=True)
    until(lambda: all(jg[n].id for n in range(3)))  # cancel() skips a job without an id
    jg.cancel([0, 1, 2])
    run.result(120)
    assert not jg.list_unsent_jobs()
    jg.wait(120)
    ledger(jg).check().each_once(*map(str, range(12)))
    assert most_at_once(cloud, jg.name) == 3
    assert requests(cloud, "create") == 12
    asked, elapsed_s = requests(cloud, "availability"), time.monotonic() - began
    assert asked <= 12 + math.log2(1 + elapsed_s / 0.5)


def test_a_queue_continues_if_the_cloud_stops_reporting_slots(group, cloud, ledger, until):
    """The run refills slots when its jobs end."""
    cloud.set_plan(max_queue=2)
    jg = group(8, duration_s=0.05)
    run = jg.start(queue=True)
    until(cloud.jobs)
    cloud.faults.add("http_error", calls=["availability"], status=503)
    run.result(120)
    jg.wait(120)
    ledger(jg).check().each_once(*map(str, range(8)))


def test_a_slot_is_counted_once(job, cloud, ledger, until):
    """If the run notices a job's end only after the cloud has reported the free slots, including
    that job's, the slot is used once and no create is rejected.
    """
    cloud.set_plan(max_queue=2)
    cloud.faults.add("delay_response", calls=["status"], delay_s=3600)
    jg = JobGroup("slow news")
    for n, duration_s in enumerate((0.3, 60, 60, 60)):
        jg.add(job(str(n), url=cloud.url, duration_s=duration_s))
    run = jg.start(queue=True)
    until(lambda: jg[2].id)  # the cloud was asked for its free slots before the end was seen
    cloud.faults.clear()
    until(lambda: jg[0].state == "success")
    jg.cancel([1])
    run.result(120)
    assert {e.status for e in cloud.log if e.call == "create"} <= {200, 201}
    ledger(jg).check().each_once("0", "1", "2", "3")


def test_a_queue_waits_for_slots_that_others_hold(group, cloud, ledger, until):
    """While another user's jobs fill the plan, the queue waits, polls rarely, and then
    continues.
    """
    other = group(2, "somebody else's", duration_s=600)
    other.run_parallel()
    cloud.set_plan(max_queue=2)
    jg = group(4, duration_s=0.05)
    began = time.monotonic()
    run = jg.start(queue=True)
    time.sleep(4)
    assert len(jg.list_unsent_jobs()) == 4
    asked, elapsed_s = requests(cloud, "availability"), time.monotonic() - began
    assert asked <= 2 + math.log2(1 + elapsed_s / 0.5), "it is no backoff that doubles"
    assert requests(cloud, "create") == 2
    other.cancel_all()
    run.result(120)
    ledger(jg).check().each_once("0", "1", "2", "3")


def test_a_queue_continues_if_a_slot_becomes_free_during_a_refusal(group, cloud, ledger, until):
    """The plan was full when the cloud rejected the job, and has free slots when jobgroup asks. The
    run then sends one job after the other.
    """
    other = group(1, "somebody else's", duration_s=600)
    other.run_parallel()
    cloud.set_plan(max_queue=1)
    cloud.faults.add("delay_response", calls=["create"], delay_s=3600)
    jg = group(2, duration_s=0.05)
    run = jg.start(delay=0.0)
    until(lambda: any("delay_response" in entry.faults for entry in cloud.log))
    other.cancel_all()
    cloud.faults.clear()
    assert run.result(120).done == [0, 1]
    ledger(jg).check().each_once("0", "1")


def test_accounts_do_not_wait_for_each_other(begin, cloud, job, until):
    """One account's plan is full; the other account's jobs are sent, each with its own token."""
    quick, full = cloud, begin()
    full.set_plan(max_queue=0)
    jg = JobGroup("two accounts")
    for i in range(6):
        jg.add(job(str(i), url=(full, quick)[i % 2].url))
    run = jg.start(queue=True)
    until(lambda: len(quick.jobs()) >= 3)
    assert sorted(j.name for j in quick.jobs()) == ["1", "3", "5"]
    assert full.jobs() == []
    assert not run.done()
    full.set_plan(max_queue=10)
    run.result(120)
    assert sorted(j.name for j in full.jobs()) == ["0", "2", "4"]


def test_labelled_accounts_of_one_cloud_use_their_tokens(cloud):
    """A label distinguishes accounts of one origin: each job is sent with its account's token."""
    jg = JobGroup("labels")
    for account in ("alice", "bob"):
        jg.add(RemoteJob({"c": 1}, platform="test:timer", url=cloud.url, account=account))
    set_token(cloud.token, url=cloud.url, account="alice")
    set_token("wrong", url=cloud.url, account="bob")
    with pytest.raises(JobGroupError):
        jg.run_parallel(queue=True)
    assert len(cloud.jobs()) == 1
    assert jg[0].was_sent
    set_token(cloud.token, url=cloud.url, account="bob")
    jg.run_parallel(queue=True)
    assert len(cloud.jobs()) == 2


def test_a_paused_group_sends_nothing(group, cloud, ledger, until, still):
    """A pause stops sending at once, and `resume` continues it. Active jobs are not affected."""
    jg = group(20, duration_s=0.05)
    slow = cloud.faults.add("delay", calls=["create"], delay_s=1)  # several rounds of 1 s each
    run = jg.start(queue=True)
    until(lambda: len(cloud.jobs()) >= 3)
    jg.pause()
    until(lambda: jg.state.paused and "sending" not in jg.state.counts)
    assert still(lambda: len(cloud.jobs())) < 20
    cloud.faults.remove(slow)
    jg.resume()
    run.result(120)
    jg.wait(120)
    ledger(jg).check().each_once(*map(str, range(20)))
