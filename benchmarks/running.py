"""The use of a plan's slots, and the time of a run of short jobs beyond its requests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bare
import groups
import peers
from report import Line, Result, Variant
from server import Running, running, seen


def lines(*, quick: bool) -> Iterator[Line]:
    """Yield every size of these measures."""
    for max_queue in (10, 5):
        plan = {"duration_s": 0.2, "slots": 5, "max_queue": max_queue, "latency_s": 0.02}
        yield Line(
            f"5 slots kept busy by 100 jobs of 0.2 s at 20 ms, a queue of {max_queue}",
            Variant(busy, (100, plan)),
            unit="share",
            reach=0.95,
        )
    for latency_s in (0.0, 0.02):
        yield from _instant(latency_s, with_peers=not quick and not latency_s)
    for latency_s in (0.02, 0.1):
        count = 200 if quick else 1000
        yield Line(
            f"{count:,} jobs sent by run_parallel at {latency_s * 1000:g} ms",
            Variant(send, (count, latency_s)),
            {"six clients": Variant(bare.creates, (count, latency_s, 6))},
            reach=1.3,
            jobs=count,
        )
    plan = {"duration_s": 0.5, "slots": 5, "max_queue": 5}
    yield Line(
        "20 jobs of 0.5 s, 5 at a time, to the end",
        Variant(run, ("queue", 20, plan)),
        {},
        {} if quick else _peers("parallel", 20, plan),
        at_most=2.4,
    )


def _instant(latency_s: float, *, with_peers: bool) -> Iterator[Line]:
    plan = {"latency_s": latency_s}
    for how, reach in (("parallel", 1.5), ("sequential", 2.0)):
        yield Line(
            f"20 instant jobs at {latency_s * 1000:g} ms, {how}",
            Variant(run, (how, 20, plan)),
            {
                "the requests": Variant(
                    bare.creates_and_statuses, (20, latency_s, how == "sequential")
                )
            },
            _peers(how, 20, plan) if with_peers and how == "parallel" else {},
            reach=reach,
        )


def _peers(how: str, count: int, plan: dict[str, Any]) -> dict[str, Variant]:
    return {
        "JobGroup": Variant(peers.run, (how, count, plan), once=True),
        "ExecutionGroup": Variant(peers.run_executions, (how, count, plan), once=True),
    }


def run(how: str, count: int, plan: dict[str, Any]) -> Result:
    """Measure a run until every job has ended, in a process that has sent a job before."""
    return _run(how, count, plan)[0]


def send(count: int, latency_s: float) -> Result:
    """Measure `run_parallel` until all jobs are sent, in a process that has sent a job before."""
    from jobgroup import JobGroup

    with _warm(latency_s=latency_s, duration_s=3600) as server:
        jg = JobGroup("experiment")
        jg.add_many(groups.jobs(count, server.url))
        began = time.perf_counter()
        jg.run_parallel()
        return Result(time.perf_counter() - began, seen(server.observed()))


def busy(count: int, plan: dict[str, Any]) -> Result:
    """Measure the share of the plan's slots that were in use, from the first start to the end."""
    ran, observed = _run("queue", count, plan)
    return Result(observed["busy"], {"s": ran.value, **ran.seen})


def _run(how: str, count: int, plan: dict[str, Any]) -> tuple[Result, dict[str, Any]]:
    from jobgroup import JobGroup

    with _warm(**plan) as server:
        jg = JobGroup("experiment")
        jg.add_many(groups.jobs(count, server.url))
        began = time.perf_counter()
        if how == "sequential":
            jg.run_sequential(0)
        else:
            jg.run_parallel(queue=how == "queue")
        jg.wait()
        seconds = time.perf_counter() - began
        observed = server.observed()
    return Result(seconds, seen(observed)), observed


@contextmanager
def _warm(**plan: Any) -> Iterator[Running]:
    """Run a server with a plan, and send a first job to it."""
    from jobgroup import JobGroup, set_token

    with running() as server:
        set_token(peers.TOKEN, url=server.url)
        warm = JobGroup("warm")
        warm.add_many(groups.jobs(1, server.url))
        warm.run_parallel()
        warm.wait()
        server.set(**plan, jobs={}, _slots=[], asked={})
        yield server
