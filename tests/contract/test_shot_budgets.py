"""Tests of shot budgets: a limit for all attempts of a group together."""

from __future__ import annotations

import threading

import pytest

from jobgroup import BudgetExceededError, JobGroup, RemoteJob


@pytest.fixture
def shots(scripted):
    """Make a group of jobs with these limits of shots."""

    def make(*limits, name="experiment"):
        jg = JobGroup(name)
        for number, limit in enumerate(limits):
            body = {"command": "sample_count", "max_samples": 10, "max_shots": limit}
            if limit is None:
                del body["max_shots"]
            jg.add(RemoteJob(body, platform="p", url=scripted.url, name=f"job {number}"))
        return jg

    return make


RUNS = [
    lambda jg, **rules: jg.run_parallel(**rules),
    lambda jg, **rules: jg.run_parallel(queue=True, **rules),
    lambda jg, **rules: jg.start(queue=True, **rules).result(120),
]


@pytest.mark.parametrize("run", RUNS)
def test_run_ends_before_it_exceeds_the_budget(run, shots, scripted):
    """Three jobs of 100 shots fit into 350. The fourth stays unsent, and the error says why."""
    jg = shots(100, 100, 100, 100)
    scripted.first_word = "completed"
    with pytest.raises(BudgetExceededError, match="budget_shots=350 leaves 50") as caught:
        run(jg, budget_shots=350)
    assert [job.was_sent for job in jg] == [True, True, True, False]
    assert caught.value.position in (3, None)  # a run that another object waits for has no job


def test_second_run_does_not_renew_the_budget(shots, scripted, in_child):
    """The budget is that of the group in every process, so earlier attempts count."""
    jg = shots(100, 100, 100)
    with pytest.raises(BudgetExceededError):
        jg.run_parallel(budget_shots=200)
    reported = in_child(
        "import json\nfrom jobgroup import BudgetExceededError, JobGroup\n"
        "try:\n    JobGroup('experiment').run_parallel(budget_shots=200)\n"
        "except BudgetExceededError as error:\n    print(json.dumps(str(error)))",
        scripted,
    )
    assert "leaves 0" in reported
    jg.run_parallel(budget_shots=300)
    assert scripted.count("create") == 3
    jg.run_parallel(budget_shots=1)  # no job is left to send
    assert scripted.count("create") == 3


def test_reported_shots_count_instead_of_the_limit(shots, scripted):
    """A job that used fewer shots than its limit leaves more for the others."""
    jg = shots(100, 100)
    jg.run_parallel(jobs=[0], budget_shots=150)
    scripted.tell(jg[0].id, "completed", shots=40)
    scripted.results[jg[0].id] = {}
    jg.refresh()
    assert jg.snapshot()[0].shots == 40
    jg.run_parallel(budget_shots=150)
    assert [job.was_sent for job in jg] == [True, True]


def test_queue_waits_until_active_jobs_report_their_shots(shots, scripted, until):
    """A running job may use less than its limit, so the next job waits for it."""
    jg = shots(100, 100)
    run = jg.start(queue=True, budget_shots=150)
    until(lambda: jg[0].was_sent)
    scripted.tell(jg[0].id, "completed", shots=10)
    run.result(120)
    assert [job.was_sent for job in jg] == [True, True]


def test_retries_and_reruns_use_the_budget(shots, scripted):
    """Each attempt counts, whether jobgroup or the user requested it."""
    jg = shots(100)
    scripted.first_word = "error"
    with pytest.raises(BudgetExceededError):
        jg.run_parallel(queue=True, retries=5, budget_shots=300)
    assert len(jg[0].attempts) == 3
    with pytest.raises(BudgetExceededError):
        jg.rerun(budget_shots=300)
    report = jg.rerun(params={"max_shots": 20}, budget_shots=320)
    assert report.done == [0]


def test_each_iteration_uses_shots(scripted):
    """`max_shots` limits one call of the platform, and each iteration is one call."""
    jg = JobGroup("iterated")
    body = {"command": "sample_count", "max_shots": 100, "iterator": [{"a": 1}, {"a": 2}]}
    jg.add(RemoteJob(body, platform="p", url=scripted.url))
    assert jg.estimate().shots == 200
    with pytest.raises(BudgetExceededError, match="may use 200 shots"):
        jg.run_parallel(budget_shots=199)
    assert scripted.count("create") == 0


def test_job_without_a_limit_cannot_have_a_budget(shots, scripted):
    """The group sends nothing, because it could not keep the budget."""
    jg = shots(100, None)
    with pytest.raises(BudgetExceededError, match="job 1 has no max_shots"):
        jg.run_parallel(budget_shots=10_000)
    assert scripted.count("create") == 1
    jg.run_parallel()
    jg.add(RemoteJob({"max_shots": 1}, platform="p", url=scripted.url))
    with pytest.raises(BudgetExceededError, match="1 earlier attempt had no max_shots"):
        jg.run_parallel(budget_shots=10_000)


def test_two_processes_share_the_budget(shots, scripted, spawn):
    """Any process may send, and the group stays within the budget."""
    shots(*[10] * 12)
    source = (
        "import sys\nfrom jobgroup import JobGroup\n"
        "sys.stdin.readline()\n"
        "JobGroup('experiment').start(queue=True, budget_shots=60).wait(100)\n"
    )
    children = [spawn(source, scripted) for _ in range(2)]
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    scripted.first_word = "completed"
    for child in children:
        child.communicate(timeout=120)
    assert scripted.count("create") == 6


def test_estimate_includes_retries(shots):
    """The estimate has the shots that are used if every job needs every retry."""
    jg = shots(100, 50)
    assert jg.estimate().shots == 150
    assert jg.estimate(retries=2).shots == 450
    assert "450 shots with 2 retries of each" in str(jg.estimate(retries=2))


@pytest.mark.parametrize("budget", [0, -5, 1.5, "all"])
def test_invalid_budget_is_refused(budget, shots, scripted):
    """The call sends nothing."""
    jg = shots(100)
    with pytest.raises((TypeError, ValueError), match="budget_shots"):
        jg.run_parallel(budget_shots=budget)
    assert scripted.asked == []


def test_killed_run_uses_the_budget_of_its_unconfirmed_job(shots, scripted, spawn):
    """A request with a lost response counts with its limit, because it may have created a job."""
    jg = shots(100, 100)
    gate = scripted.gate("create")
    source = "from jobgroup import JobGroup; JobGroup('experiment').run_parallel(budget_shots=200)"
    child = spawn(source, scripted)
    gate.wait_for_one()
    child.kill()
    child.communicate()
    gate.open()
    threading.Event().wait(0)
    with pytest.raises(BudgetExceededError, match="leaves 50"):
        jg.run_parallel(budget_shots=150)
    assert [job.state for job in jg] == ["unconfirmed", "unsent"]
