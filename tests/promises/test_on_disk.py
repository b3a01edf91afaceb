"""Promise 1: jobs are on disk when `add` returns, through a kill at any moment and a full disk."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from kills import Campaign
from ledger import Ledger, integrity, requests

from jobgroup import JobGroup, StorageError
from jobgroup.catalog import summaries
from jobgroup.store.paths import group_path

SEED = 20_260


def test_acknowledged_jobs_survive_kills(nursery, cloud):
    """Processes that add are killed at random moments: no acknowledged job is ever missing, no
    `add_many` is there by half, and the file is intact.
    """
    print(f"seed {SEED}")
    campaign = Campaign(random.Random(SEED), nursery, cloud, knows_keys=False)
    campaign.of_adding("killed", lives=6)
    assert campaign.blows == 6


def test_a_failed_add_many_adds_nothing(group, job, cloud):
    """An error among the jobs adds none of them, whatever raises it."""

    def jobs():
        yield job("new", url=cloud.url)
        raise KeyboardInterrupt

    jg = group(2)
    with pytest.raises(KeyboardInterrupt):
        jg.add_many(jobs())
    with pytest.raises(TypeError):
        jg.add_many([job("new", url=cloud.url), "no job"])
    with pytest.raises(TypeError):
        jg.add(job("new", url=cloud.url), labels="none")
    assert [j.name for j in jg] == ["0", "1"]
    jg.add(job("2", url=cloud.url))
    assert [j.name for j in jg] == ["0", "1", "2"]


def test_many_processes_can_add_at_once(child):
    """Four processes that add to one group at once lose nothing, and each finds its own order."""
    source = """
jg = JobGroup("crowd")
say()
hear()
for n in range(25):
    jg.add(job(f"{who}-{n}"))
say("done")
"""
    crowd = [child(source, who=who) for who in range(4)]
    for one in crowd:
        one.hear()
    for one in crowd:
        one.tell()
    for one in crowd:
        assert one.all() == ["done"]
    names = [j.name for j in JobGroup.open("crowd")]
    assert len(names) == 100
    for who in range(4):
        assert [n for n in names if n.startswith(f"{who}-")] == [f"{who}-{n}" for n in range(25)]


def test_ctrl_c_in_a_waiting_add_leaves_no_lock(group, child, job, cloud):
    """After an add is interrupted while another process writes, this process can still add, and so
    can the others.
    """
    jg = group(1)
    source = """
jg = JobGroup.open("experiment")
for n in range(2):
    try:
        say("adding")
        jg.add(job(f"child {n}"))
        say("added")
    except KeyboardInterrupt:
        say("interrupted")
        hear()
"""
    with closing(sqlite3.connect(group_path("experiment"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        adding = child(source)
        assert adding.hear() == "adding"
        _wait_until_asleep(adding.pid)
        adding.signal(signal.SIGINT)
        other.execute("ROLLBACK")
    assert adding.hear() == "interrupted"
    jg.add(job("mine", url=cloud.url))
    adding.tell()
    assert adding.all() == ["adding", "added"]
    assert [j.name for j in jg][-2:] == ["mine", "child 1"]


def _wait_until_asleep(pid: int) -> None:
    # SQLite sleeps between its attempts to get a lock; a process that computes is not "S" for long
    asleep = 0
    while asleep < 200:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
        asleep = asleep + 1 if stat.rpartition(")")[2].split()[0] == "S" else 0


def test_a_fork_shares_no_lock_with_its_parent(child):
    """A forked process adds while its parent, which had the group open, closes it: every job that
    the fork added is there after both are killed.
    """
    source = """
import gc
jg = JobGroup("forked")
jg.add(job("parent"))
to_child, from_parent = os.pipe()
to_parent, from_child = os.pipe()
if os.fork() == 0:
    jg = JobGroup("forked")
    jg.add(job("first of the fork"))
    os.write(from_child, b".")
    os.read(to_child, 1)
    jg.add(job("second of the fork"))
    say(os.getpid())
    time.sleep(60)
os.read(to_parent, 1)
del jg
gc.collect()
os.write(from_parent, b".")
time.sleep(60)
"""
    parent = child(source)
    fork = parent.hear()
    os.kill(fork, signal.SIGKILL)
    parent.kill()
    assert integrity("forked") == "ok"
    names = [j.name for j in JobGroup.open("forked")]
    assert names == ["parent", "first of the fork", "second of the fork"]


def test_a_full_disk_refuses_an_add_and_keeps_the_group(tiny_disk, job, cloud):
    """On a full disk an add raises an error and the group is unchanged; with room
    again it works.
    """
    jg = JobGroup("full")
    jg.add(job("first", url=cloud.url))
    noise = random.Random(SEED)
    added = ["first"]
    with pytest.raises(StorageError, match="full"):
        for n in range(10_000):
            jg.add(job(str(n), url=cloud.url, noise=noise.randbytes(30_000).hex()))
            added.append(str(n))
    for _ in range(3):
        with pytest.raises(StorageError):
            jg.add_many([job("x", url=cloud.url, noise=noise.randbytes(99_000).hex())] * 3)
        assert [j.name for j in jg] == added
    Ledger(jg, cloud).check()
    with pytest.raises(StorageError):
        JobGroup("another").add(job("x", url=cloud.url, noise=noise.randbytes(99_000).hex()))
    JobGroup.delete_job_group("full", permanently=True)
    jg = JobGroup("full")
    jg.add(job("again", url=cloud.url))
    assert [j.name for j in jg] == ["again"]


def test_opening_a_group_on_a_full_disk_reports_the_full_disk(tiny_disk, child):
    """SQLite has no room for the index that it needs for reading, and calls that an I/O error."""
    child("JobGroup('scan')").all()
    tiny_disk.fill()
    with pytest.raises(StorageError, match=r"The disk is full\. Nothing was changed"):
        JobGroup.open("scan")
    with pytest.raises(StorageError, match=r"cannot be created \(database or disk is full\)"):
        JobGroup("other")
    assert [each.problem for each in summaries()] == ["database or disk is full"]
    tiny_disk.clear()
    assert len(JobGroup.open("scan")) == 0


def test_a_full_shared_disk_refuses_calls_and_keeps_the_group(
    tiny_disk, group, job, cloud, monkeypatch
):
    """There is no room for the lock either: each call raises an error of jobgroup, and works once
    there is room again.
    """
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "1")
    jg = group(3)
    tiny_disk.fill()
    for call in (lambda: jg.add(job("late", url=cloud.url)), jg.run_parallel):
        with pytest.raises(StorageError, match="cannot be locked: No space left"):
            call()
    assert requests(cloud, "create") == 0
    tiny_disk.clear()
    jg.run_parallel()
    jg.wait(120)
    Ledger(jg, cloud).check().each_once("0", "1", "2")


def test_no_job_is_sent_without_room_for_its_intent(tiny_disk, group, cloud, until):
    """While the intent cannot be written, no request is sent. However little room there is, every
    job that reached the cloud is known or unconfirmed, and is not sent again.
    """
    jg = group(12)
    tiny_disk.fill()
    with pytest.raises(StorageError):
        jg.run_parallel()
    assert requests(cloud, "create") == 0
    for free in range(4096, 14 * 4096, 2 * 4096):
        tiny_disk.fill(but=free)
        with suppress(StorageError):
            jg.run_parallel()
    tiny_disk.clear()
    until(lambda: all(j.state != "sending" for j in jg))  # the waiting answers are written now
    jg.run_parallel()
    ledger = Ledger(jg, cloud).check(unconfirmed=13)
    ledger.settle()
    jg.wait(120)
    ledger.check().each_once(*map(str, range(12)))


def test_a_group_is_created_in_one_piece(child):
    """While one process creates a group, another that opens it finds all of it or nothing: it never
    takes the unfinished file for a damaged one.
    """
    makes = """
for n in range(40):
    hear()
    jg = JobGroup(f"new {n}")
    jg.add(job("one"))
    say("added")
"""
    opens = """
for n in range(40):
    hear()
    found = None
    while found is None:
        try:
            found = len(JobGroup.open(f"new {n}"))
        except GroupNotFoundError:
            pass
    say(found)
"""
    maker, opener = child(makes), child(opens)
    for _ in range(40):
        maker.tell()
        opener.tell()
        assert maker.hear() == "added"
        assert opener.hear() in (0, 1)
    assert len(JobGroup.list_existing()) == 40
    assert all(len(JobGroup.open(name)) == 1 for name in JobGroup.list_existing())


def test_an_end_that_could_not_be_written_is_asked_about_again(group, until, caplog):
    """While answers cannot be recorded, the job keeps its state; later its end is seen."""
    jg = group(2, duration_s=1)
    jg.run_parallel()
    refuse = (
        "CREATE TRIGGER refuse BEFORE UPDATE ON attempts WHEN NEW.state = 'success'"
        " BEGIN SELECT RAISE(ABORT, 'no room'); END"
    )
    with closing(sqlite3.connect(group_path("experiment"), isolation_level=None)) as file:
        file.execute(refuse)
        jg.state.observe(lambda _: None)
        until(lambda: "no room" in caplog.text)
        assert jg.progress(refresh=False)["Unfinished"][1]["sent"] == 2
        file.execute("DROP TRIGGER refuse")
    until(lambda: jg.progress(refresh=False)["Finished"][1]["successful"] == 2)
    jg.state.unobserve_all()
