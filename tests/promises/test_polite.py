"""Promise 5: jobgroup stays polite to clouds that misbehave, and an outage costs only time."""

from __future__ import annotations

import math
import threading
import time
from contextlib import suppress

import pytest
from ledger import requests

from jobgroup import CloudError, CloudUnavailableError, UnconfirmedJobError
from jobgroup.providers.http import MAX_CONNECTIONS


def most_rounds(elapsed_s: float) -> int:
    """The largest number of rounds in that time for a backoff that doubles from 0.5 s."""
    rounds, at_s, wait_s = 1, 0.0, 0.25  # the jitter leaves at least this much of 0.5 s
    while at_s <= elapsed_s:
        at_s, wait_s, rounds = at_s + wait_s, min(wait_s * 2, 30.0), rounds + 1
    return rounds


def test_a_throttled_watcher_backs_off(group, cloud, until):
    """If every request gets a 429, each round waits longer, and the group shows when this began."""
    jg = group(1, duration_s=600)
    jg.run_parallel()
    jg.refresh()
    began, before = time.monotonic(), requests(cloud, "status")
    cloud.faults.add("http_error", calls=["status"], status=429)
    jg.state.observe(lambda _: None)
    until(lambda: jg.state.incident == "unreachable")
    since = jg.state.incident_since
    time.sleep(7)
    asked = requests(cloud, "status") - before
    assert asked <= 3 * most_rounds(time.monotonic() - began)
    assert jg.state.incident_since == since
    assert "429" in jg.state.last_error or "later" in jg.state.last_error
    cloud.faults.clear()
    jg.state.unobserve_all()
    # an earlier response may still arrive
    until(lambda: jg.refresh() or (jg.state.incident, jg.state.last_error) == ("", ""))


def test_a_throttled_round_ends_at_the_first_429(group, cloud):
    """Once the cloud reports too many requests, the other jobs are not polled."""
    jg = group(150, duration_s=600)
    jg.run_parallel(queue=True)
    before = requests(cloud, "status")
    cloud.faults.add("http_error", calls=["status"], status=429, retry_after_s=60)
    jg.refresh()
    assert requests(cloud, "status") - before <= 120


def test_concurrent_requests_are_bounded(group, cloud):
    """However many jobs are polled, an account has at most as many requests in flight as
    connections.
    """
    jg = group(200, duration_s=600)
    jg.run_parallel(queue=True)
    cloud.faults.add(
        "delay", calls=["status"], delay_s=2
    )  # a busy machine sends few requests per second
    asking = threading.Thread(target=jg.refresh)
    asking.start()
    most = 0
    while asking.is_alive():
        most = max(most, sum(entry.status is None for entry in cloud.log))
        time.sleep(0.01)
    assert 10 < most <= MAX_CONNECTIONS


@pytest.mark.parametrize("call", ["status", "create"])
def test_retry_after_is_honoured(call, group, cloud, until, still):
    """If a cloud asks for an hour, no background request reaches it earlier.

    A blocking call raises an error instead of waiting.
    """
    jg = group(20, duration_s=0.2)
    if call == "status":
        jg.run_parallel()
    cloud.faults.add("http_error", calls=[call], status=429, retry_after_s=3600)
    jg.state.observe(lambda _: None)
    if call == "create":
        jg.start(queue=True)
    until(lambda: jg.state.incident)
    assert still(lambda: requests(cloud, call)) <= 45
    jg.state.unobserve_all()


@pytest.mark.parametrize("status", [429, 503])
def test_reads_are_repeated_a_bounded_number_of_times(status, group, cloud):
    """A blocking call ends after a few requests, and leaves the jobs unchanged."""
    jg = group(1, duration_s=600)
    jg.run_parallel()
    before = requests(cloud, "status")
    cloud.faults.add("http_error", calls=["status"], status=status)
    jg.refresh()
    assert 1 <= requests(cloud, "status") - before <= 5
    assert jg[0].state in ("waiting", "running")
    assert jg.state.incident_since <= time.time()
    cloud.faults.clear()
    cloud.faults.add("http_error", calls=["status"], status=status, times=1)
    time.sleep(0.3)
    assert jg[0].status.running


def test_all_jobs_are_canceled_although_the_cloud_limits_the_rate(group, cloud):
    """A 429 proves that a job was not canceled, so it is asked for again, after a shared pause."""
    jg = group(20, duration_s=600)
    jg.run_parallel()
    cloud.faults.add("http_error", calls=["cancel"], times=15, status=429, retry_after_s=1)
    jg.cancel_all()
    assert requests(cloud, "cancel") == 20 + 15
    jg.wait(120)
    assert {job.state for job in jg} == {"canceled"}


def test_all_results_are_fetched_although_the_cloud_limits_the_rate(group, cloud):
    """More requests than one download repeats get a 429; no result is missing."""
    jg = group(30)
    jg.run_parallel()
    jg.wait(120)
    cloud.faults.add("http_error", calls=["result"], times=90, status=429, retry_after_s=0.2)
    assert None not in jg.get_results()


@pytest.mark.parametrize(
    ("status", "error"), [(503, UnconfirmedJobError), (429, CloudUnavailableError)]
)
def test_a_create_is_repeated_only_if_that_is_safe(status, error, group, cloud):
    """A request is sent once if it may have arrived, and a few times if it certainly did not."""
    jg = group(1)
    cloud.faults.add("http_error", calls=["create"], status=status)
    with pytest.raises(error):
        jg.run_parallel()
    assert requests(cloud, "create") == 1 if status == 503 else requests(cloud, "create") <= 5


def test_a_finished_group_is_never_polled(group, cloud, until):
    """A group whose jobs have ended needs no requests, however it is viewed."""
    jg = group(10, fail="on purpose")
    jg.run_parallel()
    jg.wait(120)
    jg.state.observe(lambda _: None)
    before = len(cloud.log)
    for _ in range(5):
        jg.progress()
        jg.refresh()
        jg.list_unsuccessful_jobs()
        assert jg[0].status.failed
        time.sleep(0.1)
    assert len(cloud.log) == before
    jg.state.unobserve_all()


def test_an_unwatched_group_is_never_polled(group, cloud, still):
    """A group with active jobs that nothing watches needs no requests."""
    jg = group(10, duration_s=600)
    jg.run_parallel()
    still(lambda: len(cloud.log))


def test_polls_become_rarer_with_a_jobs_age(group, cloud, until):
    """The number of requests for a long job grows with the logarithm of the time."""
    jg = group(1, duration_s=600)
    began = time.monotonic()
    jg.run_parallel()
    jg.state.observe(lambda _: None)
    time.sleep(3)
    asked = requests(cloud, "status")
    age_s = time.monotonic() - began
    jg.state.unobserve_all()
    # Requests are 50 ms apart at first, and later at least a tenth of the job's age.
    assert asked <= 12 + 1.3 * math.log(age_s / 0.5, 1.1)


def test_polling_in_a_loop_does_not_reach_the_cloud_each_time(group, cloud):
    """A script that polls in a tight loop does not poll the cloud in a tight loop."""
    jg = group(5, duration_s=600)
    jg.run_parallel()
    before, began = requests(cloud, "status"), time.monotonic()
    while time.monotonic() - began < 1:
        jg.progress()
    asked = requests(cloud, "status") - before
    assert asked <= 5 * ((time.monotonic() - began) / 0.1 + 2)


def test_an_outage_costs_only_time(group, cloud, ledger, until):
    """If a cloud becomes unavailable during a queued run, the run waits, reports when the outage
    began, and later ends.
    """
    jg = group(30, duration_s=0.05)
    slow = cloud.faults.add("delay", calls=["create"], delay_s=1)  # several rounds of 1 s each
    run = jg.start(queue=True)
    until(lambda: len(cloud.jobs()) >= 3)
    gone = time.time()
    cloud.go_offline()
    until(lambda: jg.state.incident == "unreachable")
    assert gone - 1 <= jg.state.incident_since <= time.time()
    assert jg.state.last_error
    time.sleep(5)  # the four attempts of a blocking run take at most 3 s
    assert not run.done()
    cloud.faults.remove(slow)
    cloud.go_online()
    with suppress(UnconfirmedJobError):
        run.result(120)
    for job in jg.list_unconfirmed_jobs():  # its response was in flight when the outage began
        given = {j.key: j.id for j in cloud.jobs()}.get(job.attempts[-1].idempotency_key)
        job.confirm(given) if given else job.resend()
    jg.wait(300)
    ledger(jg).check().each_once(*map(str, range(30)))
    assert jg.state.incident == ""


def test_a_blocking_run_reports_an_unreachable_cloud(group, cloud):
    """The call gives up after a few attempts, with an error that names the cloud. Nothing is
    lost.
    """
    jg = group(2)
    cloud.go_offline()
    with pytest.raises(CloudError, match=cloud.url):
        jg.run_parallel()
    assert len(jg.list_unsent_jobs()) == 2
    assert jg.state.incident == "unreachable"
