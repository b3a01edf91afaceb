"""The time to poll every active job, and the requests during a job's life."""

from __future__ import annotations

import time
from collections.abc import Iterator

import bare
import groups
import peers
from report import Line, Result, Variant
from server import running, seen

MINUTE = 60.0


def lines(*, quick: bool) -> Iterator[Line]:
    """Yield every size of these measures."""
    for latency_s in (0.02,) if quick else (0.02, 0.1):
        for count in (10, 200) if quick else (10, 1000):
            if count != 1000 and latency_s > 0.02:
                continue
            has_peer = not quick and count == 1000
            yield Line(
                f"refresh {count:,} active jobs at {latency_s * 1000:g} ms",
                Variant(refresh, (count, count, latency_s, False)),
                {
                    f"{n} at once": Variant(bare.loop, ("status", count, latency_s, n))
                    for n in (20, 100)
                },
                {"JobGroup": Variant(peers.progress, (count, latency_s), once=True)}
                if has_peer and latency_s == 0.02
                else {},
                jobs=count,
                series=f"refresh at {latency_s}",
                reach=1.2,
            )
    count, there = (200, 1000) if quick else (1000, 100_000)
    yield Line(
        f"the same {count:,} of a group of {there:,}, every answer is news",
        Variant(refresh, (there, count, 0.02, True)),
        {"100 at once": Variant(bare.loop, ("status", count, 0.02, 100))},
    )
    yield _life(10, 10, 3.0) if quick else _life(50, 50, MINUTE)
    count, seconds = (100, 5.0) if quick else (1000, 60.0)
    yield Line(
        f"processor while {count:,} running jobs are watched for hours",
        Variant(idle, (count, seconds), once=True),
        unit="share",
        at_most=0.005,
    )


def _life(count: int, slots: int, duration_s: float) -> Line:
    settings = {"duration_s": duration_s, "slots": slots, "max_queue": count, "latency_s": 0.02}
    return Line(
        f"requests over the life of {count} jobs of {duration_s:g} s, {slots} at a time",
        Variant(life, (count, settings), once=True),
        {},
        {"JobGroup": Variant(peers.requests, (count, settings), once=True)},
        unit="requests",
    )


def refresh(there: int, active: int, latency_s: float, is_news: bool) -> Result:
    """Measure `JobGroup.refresh` on warm connections, with no changes or with all jobs changed."""
    from jobgroup import JobGroup, set_token

    with running(latency_s=latency_s) as server:
        set_token(peers.TOKEN, url=server.url)
        groups.fill("warm", 100, active=100, url=server.url)
        groups.fill("experiment", there, active=active, url=server.url)
        began = time.perf_counter()
        JobGroup("warm").refresh()
        cold_s = time.perf_counter() - began
        jg = JobGroup("experiment")
        server.set(asked={}, word="running" if is_news else "waiting")
        cpu_s = server.observed()["cpu_s"]
        began = time.perf_counter()
        jg.refresh()
        seconds = time.perf_counter() - began
        observed = server.observed()
    if observed["asked"]["status"] != active:
        raise RuntimeError("Not every job was asked about.")
    busy = (observed["cpu_s"] - cpu_s) / seconds
    return Result(seconds, {"the first 100 s": cold_s, "server busy": busy})


def idle(count: int, seconds: float) -> Result:
    """Measure the processor time of a process that polls old jobs, as a share of a core."""
    from jobgroup import JobGroup, set_token

    with running(word="running") as server:
        set_token(peers.TOKEN, url=server.url)
        groups.fill_apart("experiment", count, active=count, url=server.url)
        jg = JobGroup("experiment")
        jg.state.observe(lambda _: None)
        while server.observed()["asked"].get("status", 0) < count:
            time.sleep(1)
        time.sleep(seconds)  # the next questions spread out
        asked, cpu_s, began = server.observed()["asked"]["status"], time.process_time(), time.time()
        time.sleep(seconds)
        cpu_s, took_s = time.process_time() - cpu_s, time.time() - began
        asked = server.observed()["asked"]["status"] - asked
        jg.state.unobserve_all()
    return Result(cpu_s / took_s, {"questions/s": asked / took_s})


def life(count: int, settings: dict[str, float]) -> Result:
    """Count the requests of a whole run, and measure how late ends are noticed."""
    from jobgroup import JobGroup, set_token

    with running(**settings) as server:
        set_token(peers.TOKEN, url=server.url)
        jg = JobGroup("experiment")
        jg.add_many(groups.jobs(count, server.url))
        jg.run_parallel()
        jg.wait()
        observed = seen(server.observed())
    return Result(observed["requests"], observed)
