"""Tests of automatic retries: which jobs, how often, in which order, and across crashes."""

from __future__ import annotations

import threading

import pytest

from jobgroup import InvalidTokenError, JobGroupError

_RUN = "from jobgroup import JobGroup; JobGroup('experiment').run_parallel(queue=True, retries={})"


def kinds(job):
    """Return the kind of each attempt of a job."""
    return [attempt.kind for attempt in job.attempts]


@pytest.fixture
def tell_all(scripted, until):
    """Set the status of all current and later jobs, in the background of a blocking call."""
    over = threading.Event()

    def begin(word_of):
        def tell():
            while not over.wait(0.01):
                for number, job_id in enumerate(scripted.ids()):
                    if scripted.documents[job_id]["status"] == "waiting":
                        scripted.tell(job_id, word_of(number), status_message=f"number {number}")

        thread = threading.Thread(target=tell)
        thread.start()
        threads.append(thread)

    threads = []
    yield begin
    over.set()
    for thread in threads:
        thread.join(120)


@pytest.mark.parametrize(
    "run",
    [
        lambda jg: jg.run_parallel(retries=1),
        lambda jg: jg.run_parallel(queue=True, retries=1),
        lambda jg: jg.run_sequential(0, retries=1),
        lambda jg: jg.start(queue=True, retries=1).result(120),
    ],
)
def test_job_in_error_is_retried_after_all_first_attempts(run, group, scripted, tell_all):
    """The failed job is resent when every job was sent, and the call returns at the end."""
    jg = group(scripted, 3)
    tell_all(lambda number: "error" if number == 0 else "completed")
    run(jg)
    assert [job.state for job in jg] == ["success"] * 3
    ids = scripted.ids()
    assert len(ids) == 4
    (retried,) = (job for job in jg if job.id == ids[3])
    assert retried.attempts[0].remote_id == ids[0]  # requests in flight may overtake each other
    assert [kinds(job) for job in jg if job != retried] == [["create"]] * 2
    assert kinds(retried) == ["create", "retry"]


def test_job_is_retried_at_most_as_often_as_requested(group, scripted, tell_all):
    """A job that always fails has a first attempt and two retries, and raises no error."""
    jg = group(scripted, 2)
    tell_all(lambda _: "error")
    jg.run_parallel(queue=True, retries=2)
    assert [job.state for job in jg] == ["error"] * 2
    assert [kinds(job) for job in jg] == [["create", "retry", "retry"]] * 2


def test_only_jobs_in_error_are_retried(group, scripted, tell_all):
    """A canceled job stays canceled."""
    jg = group(scripted, 2)
    tell_all(lambda number: ["canceled", "completed"][number])
    jg.run_parallel(queue=True, retries=1)
    assert sorted(job.state for job in jg) == ["canceled", "success"]
    assert len(scripted.ids()) == 2


def test_second_run_retries_nothing(group, scripted, tell_all):
    """The file records retries, so a new process does not exceed the limit either."""
    jg = group(scripted, 2)
    tell_all(lambda _: "error")
    jg.run_parallel(queue=True, retries=1)
    jg.run_parallel(queue=True, retries=1)
    jg.run_parallel(retries=5)
    assert len(scripted.ids()) == 4


def test_job_that_failed_in_a_run_without_retries_is_not_retried(ended, scripted):
    """Retries apply only to jobs that a run with retries sent."""
    jg = ended("error", "completed")
    jg.run_parallel(queue=True, retries=1)
    assert [job.state for job in jg] == ["error", "success"]
    assert scripted.count("create", "rerun") == 0


def test_rerun_has_its_own_retries(ended, scripted, tell_all):
    """The user asked for the rerun, so its failures are retried again."""
    jg = ended("error")
    tell_all(lambda number: "error" if number == 1 else "completed")
    report = jg.rerun(retries=1)
    assert (report.done, report.failed) == ([0], {})
    assert [job.state for job in jg] == ["success"]
    assert kinds(jg[0]) == ["create", "rerun", "retry"]


def test_retries_stay_within_the_plan(start, group):
    """With two slots, first attempts and retries together never use a third."""
    cloud = start(max_queue=2, max_concurrent=2)
    jg = group(cloud, 5, duration_s=0.02, fail="misaligned")
    jg.run_parallel(queue=True, retries=1)
    assert [kinds(job) for job in jg] == [["create", "retry"]] * 5
    assert len(cloud.jobs()) == 10


def test_retries_do_not_hide_that_too_many_jobs_fail(group, scripted, tell_all):
    """stop_after_failures counts jobs in error, even if they could be retried."""
    jg = group(scripted, 10)
    scripted.availability = {"max_jobs_in_queue": 1}
    tell_all(lambda _: "error")
    with pytest.raises(JobGroupError, match="stopped after 2 failed jobs"):
        jg.run_parallel(queue=True, retries=3, stop_after_failures=2, concurrent_job_count=1)
    assert len(jg.list_unsent_jobs()) == 8


def test_run_waiting_for_retries_raises_for_a_rejected_token(group, scripted, until):
    """A blocking run does not wait forever for jobs that it can no longer poll."""
    jg = group(scripted, 1)
    errors = []

    def run():
        try:
            jg.run_parallel(queue=True, retries=1)
        except JobGroupError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: jg[0].was_sent)
    scripted.tokens.clear()
    thread.join(120)
    assert [type(error) for error in errors] == [InvalidTokenError]


def test_crash_before_the_failure_loses_no_retry(group, scripted, spawn, until, tell_all):
    """The next run waits for the dead run's jobs, and retries them in the same way."""
    jg = group(scripted, 2)
    child = spawn(_RUN.format(1), scripted)
    until(lambda: len(scripted.ids()) == 2 and all(job.was_sent for job in jg))
    child.kill()
    child.communicate()
    tell_all(lambda number: "error" if number == 1 else "completed")
    jg.run_parallel(queue=True, retries=1)
    assert [job.state for job in jg] == ["success"] * 2
    assert [kinds(job) for job in jg] == [["create"], ["create", "retry"]]


def test_crash_between_failure_and_retry_retries_once(group, scripted, spawn, until, tell_all):
    """The dead run had recorded the failure. The next run retries the job once."""
    jg = group(scripted, 2)
    child = spawn(_RUN.format(1), scripted)
    until(lambda: len(scripted.ids()) == 2 and all(job.was_sent for job in jg))
    jg.pause()
    scripted.tell(jg[0].id, "error")
    until(lambda: jg[0].state == "error")
    child.kill()
    child.communicate()
    jg.resume()
    assert len(scripted.ids()) == 2
    tell_all(lambda _: "error")
    jg.run_parallel(queue=True, retries=1)
    jg.run_parallel(queue=True, retries=1)
    assert [kinds(job) for job in jg] == [["create", "retry"]] * 2
    assert len(scripted.ids()) == 4


def test_crash_during_a_retry_pays_nothing_twice(group, scripted, spawn, until):
    """The retry may have arrived, so its job is unconfirmed, and no run resends it."""
    jg = group(scripted, 1)
    child = spawn(_RUN.format(3), scripted)
    until(lambda: jg[0].was_sent)
    gates = [scripted.gate(call) for call in ("rerun", "create")]
    scripted.tell(jg[0].id, "error")
    gates[0].wait_for_one()
    child.kill()
    child.communicate()
    for gate in gates:
        gate.open()
    jg.run_parallel(queue=True, retries=3)
    assert [job.state for job in jg] == ["unconfirmed"]
    assert scripted.count("create", "rerun") == 2


@pytest.mark.parametrize("retries", [-1, 1.5, "two", None])
def test_invalid_number_of_retries_is_refused(retries, group, scripted):
    """The call sends nothing."""
    jg = group(scripted, 1)
    with pytest.raises((TypeError, ValueError), match="retries"):
        jg.run_parallel(retries=retries)
    assert scripted.asked == []
