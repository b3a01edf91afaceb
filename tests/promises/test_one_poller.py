"""Promise 5 across processes: of all processes that watch a group, only one polls the cloud."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from itertools import pairwise
from typing import Any

import pytest

from jobgroup import JobGroup, JobGroupWarning
from jobgroup.store.paths import group_path

WATCH = """
jg = JobGroup.open(name)
jg.state.observe(lambda change: say([time.time(), change.new]), "counts")
say([time.time(), jg.state.counts])
hear()
jg.state.unobserve_all()
say("left")
hear()
"""
RUN = """
jg = JobGroup.open(name)
say("running")
jg.run_sequential(0)
"""


def asked(cloud: Any, jg: JobGroup) -> int:
    """The number of status requests for this group's jobs that the cloud received."""
    ids = {job.id for job in jg}
    return sum(e.call == "status" and bool(ids.intersection(e.path.split("/"))) for e in cloud.log)


def holders(jg: JobGroup) -> list[int]:
    """The processes that poll a group according to its file, without released leases."""
    with closing(sqlite3.connect(group_path(jg.name), timeout=120)) as file:
        rows = file.execute(
            "SELECT json_extract(process, '$[3]') FROM polling_leases WHERE owner != ''"
        )
        return [pid for (pid,) in rows]


def watch(child: Any, jg: JobGroup, **options: Any) -> Any:
    """A process that watches a group, and reports its jobs' states whenever they change."""
    return child(WATCH, name=jg.name, **options)


def seen_at(watcher: Any, counts: dict[str, int]) -> float:
    """Wait until a process sees this many jobs in each state, and return the time."""
    while (seen := watcher.hear())[1] != counts:
        pass
    at: float = seen[0]
    return at


def test_three_watching_processes_poll_no_more_than_one(group, child, cloud, until):
    """Two equal groups run side by side. One process watches the first, and three watch the second.
    The second needs less than twice the requests of the first; processes may differ in speed.
    """
    alone, shared = group(8, "alone", duration_s=600), group(8, "shared", duration_s=600)
    alone.run_parallel()
    shared.run_parallel()
    watchers = [watch(child, shared), watch(child, alone), watch(child, shared)]
    watchers.append(watch(child, shared))
    until(lambda: asked(cloud, alone) >= 60)
    assert asked(cloud, shared) < 2 * asked(cloud, alone)
    assert len(holders(shared)) == 1


def test_a_question_without_news_costs_no_write(group, child, cloud, until):
    """If responses contain no change, the polling process writes only its rare sign of life, and
    the others write nothing.
    """
    cloud.set_plan(max_concurrent=1)
    group(1, "somebody else's", duration_s=600).run_parallel()
    jg = group(8)
    jg.run_parallel()
    watchers = [watch(child, jg) for _ in range(3)]
    for watcher in watchers:
        seen_at(watcher, {"waiting": 8})
    until(lambda: holders(jg))
    before = asked(cloud, jg)
    versions = []
    with closing(sqlite3.connect(group_path(jg.name), timeout=120)) as file:

        def has_asked_enough() -> bool:
            versions.append(file.execute("PRAGMA data_version").fetchone()[0])
            return asked(cloud, jg) >= before + 30

        until(has_asked_enough)
    writes = sum(one != other for one, other in pairwise(versions))
    assert writes <= 10


def test_all_watching_processes_see_a_change(group, job, child, cloud, until):
    """Every process sees each job's end, at most 2 s after the first process. One such end is
    enough, because a busy machine may delay any process.
    """
    jg = group(1, duration_s=600)
    jg.run_parallel()
    watchers = [watch(child, jg) for _ in range(3)]

    def is_seen_in_time() -> bool:
        jg.add(job("short", url=cloud.url, duration_s=0.2))
        jg.run_parallel()
        counts = {"running": 1, "success": len(jg) - 1}
        times = [seen_at(watcher, counts) for watcher in watchers]
        return max(times) - min(times) < 2

    until(is_seen_in_time)


def test_a_killed_watcher_is_replaced(group, child, cloud, until):
    """Another watching process then polls, and all remaining processes see the changes."""
    jg = group(1, duration_s=600)
    jg.run_parallel()
    watchers = {w.pid: w for w in (watch(child, jg) for _ in range(3))}
    for watcher in watchers.values():
        seen_at(watcher, {"running": 1})
    (first,) = until(lambda: holders(jg))
    several = asked(cloud, jg) + 8  # meanwhile, the others leave the due job to the first
    until(lambda: asked(cloud, jg) >= several)
    watchers.pop(first).kill()
    until(lambda: set(holders(jg)) & watchers.keys())
    before = asked(cloud, jg)
    until(lambda: asked(cloud, jg) > before)
    jg.cancel_all()
    for watcher in watchers.values():
        seen_at(watcher, {"canceled": 1})


def test_a_watcher_that_leaves_lets_another_poll(group, child, cloud, until):
    """The process is alive, but no longer watches."""
    jg = group(1, duration_s=600)
    jg.run_parallel()
    watchers = {w.pid: w for w in (watch(child, jg) for _ in range(2))}
    (first,) = until(lambda: holders(jg))
    watchers.pop(first).tell()
    (other,) = watchers
    until(lambda: holders(jg) == [other])


def test_a_stopped_watcher_is_replaced(group, job, cloud, child, until, stop):
    """A process without a sign of life counts as dead. When it continues, its successor still
    polls.
    """
    jg = group(1, duration_s=600)
    jg.run_parallel()
    watchers = {w.pid: w for w in (watch(child, jg) for _ in range(2))}
    (first,) = until(lambda: holders(jg))
    stopped = watchers.pop(first)
    (other,) = watchers
    stop(stopped.pid, jg)
    until(lambda: holders(jg) == [other])
    stopped.signal(signal.SIGCONT)
    jg.add(job("later", url=cloud.url))
    seen_at(stopped, {"running": 1, "unsent": 1})
    assert holders(jg) == [other]


def test_a_watcher_that_could_not_release_its_lease_is_replaced(group, child, until):
    """A full disk may prevent the release. The process is alive but writes no sign of life."""
    jg = group(2, duration_s=600)
    jg.run_parallel()
    first = watch(child, jg)
    until(lambda: holders(jg) == [first.pid])
    with closing(sqlite3.connect(group_path(jg.name), timeout=120)) as file:
        columns = "owner, process"
        (held,) = file.execute(f"SELECT {columns} FROM polling_leases").fetchall()
        first.tell()
        while first.hear() != "left":
            pass
        until(lambda: holders(jg) == [])
        with file:
            file.execute("UPDATE polling_leases SET owner = ?, process = ?", held)
    second = watch(child, jg)
    until(lambda: holders(jg) == [second.pid])


def test_the_process_that_runs_the_group_polls(group, child, until):
    """A run must know at once which slots are free, so it takes over the polling from a watcher."""
    jg = group(2, duration_s=600)
    jg[0].execute_async()
    watcher = watch(child, jg)
    until(lambda: holders(jg) == [watcher.pid])
    runner = child(RUN, name=jg.name)
    until(lambda: holders(jg) == [runner.pid])
    runner.kill()
    until(lambda: holders(jg) == [watcher.pid])


def test_a_process_without_a_token_leaves_the_polling_to_one_with_a_token(
    group, child, cloud, until
):
    """The process with a token polls, even if the other one watched first. Both see the
    responses.
    """
    jg = group(1, duration_s=600)
    jg.run_parallel()
    without = watch(child, jg, env={"JOBGROUP_TOKEN": "wrong"})
    until(lambda: any(e.status in (401, 403) for e in cloud.log))
    having = watch(child, jg)
    until(lambda: holders(jg) == [having.pid])
    jg.cancel_all()
    for watcher in (without, having):
        seen_at(watcher, {"canceled": 1})


def test_refresh_polls_in_the_calling_process(group, child, cloud, until, stop, still):
    """`refresh` polls the cloud at once from this process, although another one is watching."""
    jg = group(1, duration_s=600)
    jg.run_parallel()
    watcher = watch(child, jg)
    seen_at(watcher, {"running": 1})
    stop(watcher.pid, jg)
    before = still(lambda: asked(cloud, jg), 0.5)  # its last request may be in flight
    jg.refresh()
    assert asked(cloud, jg) == before + 1


def test_a_restored_group_is_polled(group, until):
    """The process that watched the group when it was deleted polls it after the restoration."""
    jg = group(1, duration_s=600)
    jg.run_parallel()
    jg.state.observe(lambda _change: None, "counts")
    until(lambda: jg.state.counts == {"running": 1})
    with pytest.warns(JobGroupWarning, match="not ended"):
        jg.delete()
    JobGroup.restore(jg.name)
    again = JobGroup.open(jg.name)
    again.state.observe(lambda _change: None, "counts")
    again.cancel_all()
    until(lambda: again.state.counts == {"canceled": 1})
    for observed in (jg, again):
        observed.state.unobserve_all()
