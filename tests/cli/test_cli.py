"""The command line: sending, rerunning, canceling, waiting."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from jobgroup import JobGroup


def states(group):
    """Return the states of a group's jobs in its file."""
    return [job.state for job in group]


def test_run_queues_more_jobs_than_the_plan_allows(run, prepared):
    """`run --queue` sends all jobs, and `watch` waits for their end."""
    group = prepared()
    done = run("run", "sweep", "--queue")
    assert (done.returncode, done.stdout.splitlines()[0][:7]) == (0, "3 sent.")
    assert group.list_unsent_jobs() == []
    watched = run("watch", "sweep")
    assert watched.returncode == 0
    assert watched.stdout.endswith("sweep has finished: 3 success.\n")


def test_run_fails_with_the_clouds_message_when_the_plan_is_full(read, run, prepared):
    """Without --queue, a full plan ends the run with exit code 1."""
    group = prepared(duration_s=600)
    done = run("run", "sweep")
    assert done.returncode == 1
    assert "Cannot create more than 2 jobs" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(group.list_unsent_jobs()) == 1
    notices = read("run", "sweep", code=1)
    assert notices["sent"] == []
    assert "Cannot create more than 2 jobs" in notices["error"]
    assert read("cancel", "sweep", "--all")["cancel_requested"] == [0, 1]


def test_a_command_that_waits_reports_failures(run, prepared):
    """The exit code is 5 if the command waited and a job failed, 0 if it only sent the jobs."""
    prepared("sent", jobs=2, failing=(1,))
    assert run("run", "sent").returncode == 0
    assert run("watch", "sent").returncode == 5
    group = prepared("one by one", jobs=2, failing=(0, 1))
    assert run("run", "one by one", "--delay", "0").returncode == 5
    assert run("run", "one by one", "--delay", "0", "--failed").returncode == 5
    assert [len(job.attempts) for job in group] == [2, 2]


def test_rerun_takes_jobs_and_changes(read, run, prepared):
    """Jobs are named by position, range or id. A rerun of a successful job is appended, and a run
    says why it sends none of the named jobs.
    """
    group = prepared(jobs=4, failing=(0, 2, 3))
    assert run("run", "sweep", "--queue", "--wait").returncode == 5
    skipped = run("run", "sweep", "0-1")
    assert (skipped.returncode, skipped.stdout[:7]) == (0, "0 sent.")
    assert "Job 0 was not sent: It was already sent; its state is error." in skipped.stderr
    assert "Job 1 was not sent: It was already sent; its state is success." in skipped.stderr
    notices = read("rerun", "sweep", "1-2", group[3].id, "--set", "max_shots=50", "--wait", code=5)
    assert (notices["sent"], notices["not_sent"], notices["error"]) == ([2, 3, 4], {}, None)
    assert not notices["group"]["active"]  # the group had finished before
    assert [len(job.attempts) for job in group] == [1, 1, 2, 2, 1]
    assert group[2].attempts[-1].overrides == {"max_shots": [100, 50]}
    assert read("rerun", "--append", "sweep", "--set", "max_shots=70", "0")["sent"] == [5]
    refused = run("rerun", "sweep", "--set", "color=red")
    assert (refused.returncode, "color" in refused.stderr) == (1, True)


def test_a_rerun_during_a_run_is_carried_out_by_that_run(read, run, begin, prepared, until):
    """A second run fails with exit code 3 and names the process that runs the group."""
    group = prepared(failing=(0,))
    process = begin("run", "sweep", "--delay", "3600")
    until(lambda: group[0].state == "error")
    busy = run("run", "sweep")
    assert busy.returncode == 3
    assert f"process {process.pid}" in busy.stderr
    assert read("rerun", "sweep", "0")["sent"] == [0]
    assert len(group[0].attempts) == 2


def test_cancel_requires_jobs_or_all(read, call, prepared):
    """Positions and ids are accepted, and jobs that have ended stay unchanged."""
    group = prepared(jobs=2, duration_s=600)
    group.run_parallel()
    assert call("cancel", "sweep").returncode == 2
    assert read("cancel", "sweep", "1")["cancel_requested"] == [1]
    assert read("cancel", "sweep", group[0].id)["cancel_requested"] == [0]
    group.wait(300)
    assert states(group) == ["canceled", "canceled"]
    assert read("cancel", "sweep", "--all")["cancel_requested"] == []


def test_a_run_is_stopped_from_elsewhere(read, begin, prepared, until):
    """The run ends with an error, its unsent jobs stay unsent, and --cancel ends the others."""
    group = prepared(jobs=3, duration_s=600)
    process = begin("run", "sweep", "--delay", "0")
    until(lambda: group[0].was_sent)
    assert read("show", "sweep", "--offline")["sender"]["pid"] == process.pid
    notices = read("stop", "sweep", "--cancel")
    _, err = process.communicate(timeout=120)
    assert (process.returncode, "stopped by jobgroup stop" in err) == (1, True)
    assert notices["cancel_requested"] == [0]
    assert [job.state for job in group.snapshot()[1:]] == ["unsent"] * 2


def test_a_run_with_retries_waits_for_its_jobs(read, run, prepared):
    """A run with retries needs no --wait, and its exit code reports a failed job."""
    group = prepared(jobs=2, failing=(1,))
    assert run("run", "sweep", "--queue", "--retries", "1").returncode == 5
    assert [[a.kind for a in job.attempts] for job in group] == [["create"], ["create", "retry"]]
    refused = run("rerun", "sweep", "--budget-shots", "250", "--retries", "3")
    assert "budget_shots" in refused.stderr


def test_a_run_is_paused_and_resumed_from_elsewhere(read, begin, prepared, until):
    """A paused run sends nothing, waits, and continues after resume."""
    group = prepared(jobs=1)
    assert read("pause", "sweep")["paused"]
    process = begin("run", "sweep")
    until(lambda: group.state.active)
    assert states(group) == ["unsent"]
    assert not read("resume", "sweep")["paused"]
    assert process.wait(120) == 0
    assert states(group) != ["unsent"]


def test_next_sets_the_order_of_the_next_run(read, call, prepared, cloud):
    """The run begins with these jobs in order, and sent ones are reported."""
    group = prepared(jobs=4)
    assert call("next", "sweep").returncode == 2
    notices = read("next", "sweep", "3", "1-2")
    assert (notices["next"], notices["skipped"], notices["group"]["next_up"]) == (
        [3, 1, 2],
        {},
        [3, 1, 2],
    )
    assert "sent next: 3, 1, 2\n" in call("show", "sweep", "--offline").stdout
    before = len(cloud.jobs())
    assert call("run", "sweep", "--delay", "0", "--wait").returncode == 0
    positions = {job.id: job.position for job in group}
    assert [positions[job.id] for job in cloud.jobs()[before:]] == [3, 1, 2, 0]
    assert read("next", "sweep", "0") | {"group": None} == {
        "next": [],
        "skipped": {"0": "It was already sent."},
        "group": None,
    }
    assert call("next", "sweep", "0").stdout == "nothing was changed, 1 had already been sent\n"


def test_usage_errors_have_their_own_exit_code(call, prepared):
    """A usage error has exit code 2, nothing is sent, and the message says what is expected."""
    group = prepared()
    for arguments in (
        ("run", "sweep", "--concurrent", "2"),
        ("run", "sweep", "--delay", "-1"),
        ("run", "sweep", "--queue", "--delay", "1"),
        ("run", "sweep", "--retries", "x"),
        ("rerun", "sweep", "2-1"),
        ("rerun", "sweep", "--set", "max_shots"),
        ("results", "sweep", "--columns", "no such"),
        ("show", ""),
        ("show", "sweep", "--offline", "--find", "is:no-such-state"),
        ("ui", "--port", "99999"),
        ("dance",),
        (),
    ):
        done = call(*arguments)
        assert done.returncode == 2, arguments
        assert done.stderr
        assert " value: " not in done.stderr, arguments  # argparse's text names a function
        assert not done.stdout
    assert states(group) == ["unsent"] * 3


def test_an_unknown_group_or_job_is_reported(call, prepared):
    """A mistyped name has exit code 4, creates no group, and causes suggestions."""
    prepared("sweep of phi")
    for command in ("run", "show", "watch", "rerun", "results", "delete"):
        done = call(command, "sweep of ph")
        assert done.returncode == 4
        assert "Did you mean 'sweep of phi'?" in done.stderr
        assert not done.stdout
    assert call("show", "sweep of phi", "3").returncode == 4
    assert call("show", "sweep of phi", "5f0c-no-such-id").returncode == 4
    assert call("restore", "sweep of phi").returncode == 4
    assert JobGroup.list_existing() == ["sweep of phi"]


def test_watch_ends_at_once_if_no_job_is_active(run, prepared):
    """A group that was never run does not block a script."""
    prepared()
    done = run("watch", "sweep")
    assert (done.returncode, "sweep has no active jobs: 3 unsent" in done.stdout) == (0, True)


def test_a_rejected_token_ends_watch(run, prepared, environment):
    """The command cannot get another token, so it ends with exit code 1 and a message."""
    group = prepared(jobs=1, duration_s=600)
    group.run_parallel()
    done = run("watch", "sweep", env=environment | {"JOBGROUP_TOKEN": "wrong"})
    assert done.returncode == 1
    assert "token" in done.stderr
    group.cancel_all()


@pytest.mark.parametrize(
    "command", [("run", "sweep", "1", "--queue"), ("rerun", "sweep", "0", "--delay", "1")]
)
def test_a_rejected_token_ends_a_run_of_named_jobs(run, prepared, environment, command):
    """A run in a terminal does not wait for a token that it cannot receive."""
    group = prepared(jobs=2, duration_s=600)
    group[0].execute_async()
    group.cancel_all()
    group.wait()
    done = run(*command, env=environment | {"JOBGROUP_TOKEN": "wrong"})
    assert done.returncode == 1
    assert "rejects the token" in done.stderr
    assert states(group) == ["canceled", "unsent"]


def test_cloud_prints_its_url_and_token_as_json(begin):
    """The first line has the URL and the token, and SIGTERM ends the command."""
    process = begin("cloud", "--json")
    notices = json.loads(process.stdout.readline())
    assert set(notices) == {"url", "token"}
    headers = {"Authorization": f"Bearer {notices['token']}"}
    availability = f"{notices['url']}/api/jobs/availability"
    assert httpx.get(availability, headers=headers, timeout=120).status_code == 200
    process.terminate()
    assert process.wait(120) == 0


def test_the_demo_prints_the_ratio(monkeypatch):
    """The demo changes no group of the user, and its last line opens its own group."""
    JobGroup("mine")
    done = subprocess.run(
        [sys.executable, "-m", "jobgroup", "demo"],
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Ralph CNOT is 490." in done.stdout
    assert JobGroup.list_existing() == ["mine"]
    setting, *command = shlex.split(done.stdout.splitlines()[-1])
    assert command[-2:] == ["ui", "compare_knill_and_ralph_cnot"]
    variable, _, directory = setting.partition("=")
    monkeypatch.setenv(variable, directory)
    assert JobGroup.open(command[-1]).state.counts == {"success": 2}
    assert subprocess.run([*command[:-1], "--help"], check=False).returncode == 0
    shutil.rmtree(Path(directory).parent)
