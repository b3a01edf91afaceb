"""Promise 3: one launcher per group, whatever else has the group open."""

from __future__ import annotations

import signal
import socket
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime

import pytest
from ledger import requests

from jobgroup import GroupBusyError, JobGroup
from jobgroup.store.paths import group_path

RACE = """
jg = JobGroup.open("experiment")
say()
hear()
try:
    jg.run_parallel()
    say("ran")
except GroupBusyError as error:
    say([error.host, error.pid, error.since.isoformat()])
"""
SEQUENTIAL = """
jg = JobGroup.open("experiment")
say("go")
jg.run_sequential(0)
say("done")
"""

FORKED = """
jg = JobGroup.open("experiment")
runs = jg.start(delay=0)
while not jg.list_active_jobs():
    time.sleep(0.01)
if os.fork() == 0:
    try:
        jg.run_parallel()
    except GroupBusyError as error:
        say(error.pid == os.getppid())
    os._exit(0)
os.wait()
jg.cancel_all()
runs.result()
jg.add(job("added"))
if os.fork() == 0:
    jg.run_sequential(0)
    say([j.state for j in jg])
    os._exit(0)
os.wait()
"""


def test_processes_that_run_a_group_at_once_send_each_job_once(group, child, cloud, ledger):
    """Four processes start the same run at once: one sends, the others learn which one runs it."""
    jg = group(20)
    cloud.faults.add("delay_response", calls=["create"], delay_s=0.02)
    racers = [child(RACE) for _ in range(4)]
    for racer in racers:
        racer.hear()
    began = datetime.now(UTC)
    for racer in racers:
        racer.tell()
    said = [racer.all()[-1] for racer in racers]
    ledger(jg).check().each_once(*map(str, range(20)))
    assert not jg.list_unsent_jobs()
    pids = {racer.pid for racer in racers}
    for answer in said:
        if answer != "ran":
            host, pid, since = answer
            assert host == socket.gethostname()
            assert pid in pids
            assert began <= datetime.fromisoformat(since) <= datetime.now(UTC)
    assert "ran" in said


def test_a_fork_is_a_process_of_its_own(group, child, ledger):
    """A child forked during its parent's run, with the group object that it inherits, gets an error
    that names its parent. A child forked afterwards runs the remaining jobs with its own requests.
    """
    jg = group(1, duration_s=600)
    said = child(FORKED).all()
    assert said == [True, ["canceled", "success"]]
    ledger(jg).check().each_once("0", "added")


@pytest.mark.parametrize("how", ["run_parallel", "queue", "run_sequential", "rerun"])
def test_a_second_run_is_refused_with_the_launchers_name(how, group, child, cloud, until):
    """Every blocking run in a second process raises GroupBusyError with host, pid and since, sends
    nothing, and works once the first has ended.
    """
    jg = group(3, duration_s=600)
    runs = {
        "run_parallel": jg.run_parallel,
        "queue": lambda: jg.run_parallel(queue=True),
        "run_sequential": lambda: jg.run_sequential(0),
        "rerun": jg.rerun_failed_parallel,
    }
    first = child(SEQUENTIAL)
    until(lambda: len(cloud.jobs()) == 1)
    with pytest.raises(GroupBusyError) as busy:
        runs[how]()
    assert (busy.value.host, busy.value.pid) == (socket.gethostname(), first.pid)
    assert busy.value.since <= datetime.now(UTC)
    assert str(first.pid) in str(busy.value)
    assert len(cloud.jobs()) == 1
    first.kill()
    jg.run_parallel()
    assert len(cloud.jobs()) == 3


def test_a_process_carries_on_a_run_that_another_could_not_finish(
    group, child, cloud, ledger, until
):
    """The process that asked for the run completes it here."""
    cloud.set_plan(max_queue=1)
    jg = group(3)
    blocker = group(1, "somebody else's", duration_s=600)
    blocker.run_parallel()
    first = child("run = JobGroup.open('experiment').start(queue=True); say(1); hear()")
    first.hear()
    until(lambda: jg.state.active)
    asked = jg.start(queue=True)

    until(lambda: command_states() == ["claimed"])
    first.tell()
    first.all()
    assert not asked.done()
    blocker.cancel_all()
    assert asked.result(120).done == [0, 1, 2]
    ledger(jg).check().each_once("0", "1", "2")


def test_the_launcher_is_named_with_its_start_time(group, child, cloud, until):
    """The time is not that of its last sign of life."""
    jg = group(1, duration_s=600)
    first = child(SEQUENTIAL)
    until(lambda: len(cloud.jobs()) == 1)
    began = datetime.now(UTC)

    def has_shown_life() -> bool:
        with closing(sqlite3.connect(group_path("experiment"), timeout=120)) as file:
            (beats,) = file.execute("SELECT beats FROM lease").fetchone()
        return beats > 1

    until(has_shown_life)
    with pytest.raises(GroupBusyError) as busy:
        jg.run_parallel()
    assert busy.value.since <= began
    first.kill()


def test_the_launcher_does_what_another_process_asks(group, child, cloud, until, ledger):
    """A running script executes another process's pause, resume, cancel and rerun, and still runs
    the group.
    """
    jg = group(4, duration_s=600)
    script = child(SEQUENTIAL)
    until(lambda: jg[0].state in ("waiting", "running"))
    jg.pause()
    jg.cancel([0])
    until(lambda: jg[0].status.canceled and jg[0].state == "canceled")
    with pytest.raises(GroupBusyError):
        jg.run_parallel()
    time.sleep(2)  # the script looks at least once a second
    assert len(cloud.jobs()) == 1, "a paused group was sent on"
    jg.resume()
    until(lambda: jg[1].state in ("waiting", "running"))
    jg[0].rerun()
    until(lambda: jg[0].state in ("waiting", "running"))
    assert len(jg[0].attempts) == 2
    with pytest.raises(GroupBusyError) as busy:
        jg.run_parallel()
    assert busy.value.pid == script.pid
    jg.cancel([0, 1])
    until(lambda: jg[2].state in ("waiting", "running"))
    script.signal(signal.SIGINT)
    script.all()
    ledger(jg).check().each_once("0", "0", "1", "2")


def test_the_lease_of_a_dead_launcher_lapses(group, job, child, cloud, until, ledger):
    """A killed launcher blocks no run: the next one begins here and at once."""
    jg = group(1, duration_s=600)  # the kill comes before the second job is sent
    jg.add_many([job(name, url=cloud.url) for name in "12"])
    first = child(SEQUENTIAL)
    until(lambda: jg[0].state == "running")
    first.kill()
    jg.cancel([0])
    jg.run_sequential(0)
    ledger(jg).check().each_once("0", "1", "2")


def command_states() -> list[str]:
    """The states of the commands in the group's file."""
    with closing(sqlite3.connect(group_path("experiment"), timeout=120)) as file:
        return [state for (state,) in file.execute("SELECT state FROM commands")]


def test_a_launcher_that_slept_through_its_lease_sends_nothing_more(
    group, job, child, cloud, until, ledger, stop
):
    """Two launchers are stopped for longer than their lease, one between two jobs and one with a
    request in flight. Others take over and finish. When they wake, both notice and send nothing.
    """
    between, flying = group(1, "between", duration_s=600), group(5, "flying")
    between.add_many([job(name, url=cloud.url) for name in "1234"])
    source = """
jg = JobGroup.open(name)
try:
    run(jg)
    say("ran")
except GroupBusyError as error:
    say(str(error))
""".replace("run(jg)", "{}")
    first = child(source.format("jg.run_sequential(0)"), name="between")
    until(lambda: between[0].state == "running")
    stop(first.pid, between)
    cloud.faults.add("delay_response", calls=["create"], delay_s=20, times=1)
    second = child(source.format("jg.run_parallel()"), name="flying")
    until(lambda: any(j.body["job_group_name"] == "flying" for j in cloud.jobs()))
    stop(second.pid, flying)

    def take_over(jg: JobGroup) -> bool:
        try:
            jg.run_parallel()
        except GroupBusyError:
            return False
        return True

    until(lambda: take_over(between) and take_over(flying), timeout_s=120)
    sent = requests(cloud, "create")
    assert sent == 10
    first.signal(signal.SIGCONT)
    second.signal(signal.SIGCONT)
    between.cancel([0])  # the first launcher still waits for it
    assert "ran" not in (first.all()[-1], second.all()[-1])
    assert requests(cloud, "create") == sent
    for jg in (between, flying):
        jg.wait(120)
        ledger(jg).check().each_once(*map(str, range(5)))
        assert not ledger(jg).check().orphans


def test_both_processes_see_the_same_changes(group, child, cloud, until):
    """An open object shows what another process does: added, sent, ended, noted, renamed, paused,
    failed and rerun.
    """
    jg = group(1)
    seen: list[dict[str, int]] = []
    jg.state.observe(lambda change: seen.append(change.new), "counts")
    other = child("""
jg = JobGroup.open("experiment")
while (order := hear()) != "end":
    exec(order)
    say(jg.progress(refresh=False))
""")

    def there(order: str) -> dict:
        other.tell(order)
        return other.hear()

    def same() -> bool:
        return there("pass") == jg.progress(refresh=False)

    there("jg.add(job('more', fail='on purpose'))")
    until(lambda: len(jg) == 2 and seen and seen[-1] == {"unsent": 2})
    there("jg.run_parallel()")
    until(lambda: sorted(seen[-1]) == ["error", "success"])
    until(same)
    jg.pause()
    there("assert jg.state.paused")
    jg.resume()
    there("assert not jg.state.paused; jg[0].note = 'seen'; jg[0].name = 'new'")
    until(lambda: (jg[0].note, jg[0].name) == ("seen", "new"))
    jg.rerun()
    there("assert len(jg[1].attempts) == 2")
    until(lambda: seen[-1].get("error") == 1 and len(jg[1].attempts) == 2)
    until(same)
    other.tell("end")
    jg.state.unobserve_all()


def test_a_process_sees_the_changes_of_another_within_two_seconds(group, child, until):
    """One change that does so is enough, since a busy machine may delay any of them."""
    jg = group(1)
    seen: list[int] = []
    jg.state.observe(lambda change: seen.append(sum(change.new.values())), "counts")
    other = child("""
jg = JobGroup.open("experiment")
while (name := hear()) != "end":
    jg.add(job(name))
    say()
""")

    def arrives_in_time() -> bool:
        other.tell("another")
        other.hear()
        began = time.monotonic()
        until(lambda: len(jg) in seen)
        return time.monotonic() - began < 2

    until(arrives_in_time)
    other.tell("end")
    jg.state.unobserve_all()


def test_a_command_between_dead_processes_is_never_done(group, job, child, cloud, until, stop):
    """If a process asks a launcher for a rerun and both die, no later run does or pays for it."""
    jg = group(2, fail="on purpose")
    jg.add(job("long", url=cloud.url, duration_s=600))
    launcher = child(SEQUENTIAL)
    until(lambda: [j.state for j in jg][2] in ("waiting", "running"))
    asker = child("jg = JobGroup.open('experiment'); say(1); hear(); jg.start(rerun=True).result()")
    asker.hear()  # the asker is ready, so it asks long before the lease of the stopped one ends
    stop(launcher.pid, jg)
    asker.tell()
    until(lambda: command_states() == ["pending"])
    asker.kill()
    launcher.kill()
    before = len(cloud.jobs())
    jg.run_parallel()
    assert len(cloud.jobs()) == before
