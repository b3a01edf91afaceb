"""Promise 3 across containers, machines and clocks: no clock and no look takes a lease away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from jobgroup import GroupBusyError, JobGroup

RUN = """
import sys
from jobgroup import JobGroup
JobGroup("experiment").run_{}
"""
AHEAD = "import time; real = time.time; time.time = lambda: real() + 3600\n"

SEEN = """
from jobgroup import JobGroup
jg = JobGroup("experiment")
repr(jg), jg.progress(), jg._repr_html_() if hasattr(jg, "_repr_html_") else None
print(len(jg.list_unconfirmed_jobs()))
"""


@pytest.fixture
def container(cloud) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Start a process in its own pid namespace, with the same host name and files."""
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, "-c"]
    can = subprocess.run([*command, "pass"], capture_output=True, check=False)
    if can.returncode:
        pytest.skip(f"no pid namespace can be made here ({can.stderr.decode().strip()[:100]})")
    started: list[subprocess.Popen[bytes]] = []

    def start(source: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([*command, source])
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def elsewhere(source: str) -> Any:
    """Run a source text in a separate process, and return what it printed."""
    reported = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True, env=os.environ
    )
    return reported.stdout.strip()


def test_a_look_from_outside_a_container_changes_nothing(group, container, cloud, until, ledger):
    """Requests in flight in another pid namespace stay in flight while others look at the group,
    and each job is sent once.
    """
    jg = group(4)
    cloud.faults.add("delay_response", calls=["create"], delay_s=1)
    run = container(RUN.format("parallel()"))
    until(lambda: len(cloud.jobs()) == 1)
    assert elsewhere(SEEN) == "0"
    assert run.wait(120) == 0
    ledger(jg).check().each_once("0", "1", "2", "3")


def test_a_launcher_in_a_container_is_named_outside(group, container, cloud, until):
    """A second run and a deletion are refused as soon as the container shows a sign of life."""
    jg = group(2, duration_s=600)
    container(RUN.format("sequential(0)"))
    until(lambda: jg[0].was_sent)
    with pytest.raises(GroupBusyError, match="is being run by process"):
        jg.run_parallel()
    with pytest.raises(GroupBusyError):
        JobGroup.delete_job_group("experiment")
    assert len(cloud.jobs()) == 1


def test_a_run_takes_over_from_a_container_that_has_died(group, container, cloud, until, ledger):
    """Only the missing sign of life shows that it died: requests in flight become unconfirmed when
    another process runs the group, not before; the rest is sent.
    """
    jg = group(3)
    cloud.faults.add("delay_response", calls=["create"], delay_s=60, times=1)
    run = container(RUN.format("parallel()"))
    until(lambda: len(cloud.jobs()) == 1)
    run.kill()
    run.wait()
    assert elsewhere(SEEN) == "0"
    assert jg[0].state == "sending"
    jg.run_parallel()
    ledger(jg).check(unconfirmed=1).each_once("0", "1", "2")
    assert jg[0].state == "unconfirmed"


def test_a_wait_ends_although_the_sender_died_elsewhere(group, container, cloud, until):
    """A wait skips a job that a dead process was sending, and does not change it."""
    jg = group(1)
    cloud.faults.add("delay_response", calls=["create"], delay_s=60, times=1)
    run = container(RUN.format("parallel()"))
    until(lambda: len(cloud.jobs()) == 1)
    run.kill()
    run.wait()
    jg.wait(120)
    assert jg[0].state == "sending"


def test_a_group_of_a_launcher_that_died_elsewhere_can_be_deleted(
    group, container, cloud, until, caplog
):
    """Deletion waits, and says so, until the launcher has shown no sign of life for a while."""
    jg = group(1, duration_s=600)
    run = container(RUN.format("sequential(0)"))
    until(lambda: jg[0].was_sent)
    run.kill()
    run.wait()
    with pytest.warns(UserWarning, match="not ended"):
        JobGroup.delete_job_group("experiment")
    assert "Waiting up to 10 s to find out" in caplog.text
    assert JobGroup.list_existing() == []


def test_a_clock_that_is_ahead_takes_no_lease(group, child, cloud, until):
    """A second process whose clock is 1 h ahead learns which process runs the group."""
    jg = group(2, duration_s=600)
    first = child('JobGroup.open("experiment").run_sequential(0)')
    until(lambda: jg[0].was_sent)
    with pytest.raises(subprocess.CalledProcessError) as caught:
        elsewhere(AHEAD + RUN.format("parallel()"))
    assert "GroupBusyError" in caught.value.stderr
    assert first.is_alive
    assert len(cloud.jobs()) == 1
    first.kill()


def test_a_command_under_another_clock_is_done(group, child, cloud, until):
    """A command of a process whose clock is 1 h behind does not count as an old one."""
    jg = group(2, duration_s=600)
    first = child('JobGroup.open("experiment").run_sequential(0)')
    until(lambda: jg[0].was_sent)
    behind = AHEAD.replace("+ 3600", "- 3600")
    source = 'print(JobGroup("experiment").start([1]).result(120).done)'
    assert elsewhere(behind + "from jobgroup import JobGroup\n" + source) == "[1]"
    first.kill()


def test_a_stopped_holder_continues_if_no_other_process_runs_the_group(
    group, child, cloud, until, stop
):
    """Looking at a group does not take it away from a process that is stopped."""
    jg = group(3, duration_s=0.05)
    cloud.faults.add("delay_response", calls=["create"], delay_s=3)
    first = child('JobGroup.open("experiment").run_parallel(); say("ran")')
    until(lambda: len(cloud.jobs()) >= 1)
    stop(first.pid, jg)
    with pytest.raises(TimeoutError):
        jg.wait(3)
    assert elsewhere(SEEN) == "0"
    first.signal(signal.SIGCONT)
    assert first.all()[-1] == "ran"
    assert jg.progress()["Finished"][0] == 3 or jg.wait(120) is None
