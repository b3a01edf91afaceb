"""A group of a million jobs: add them, open it, run a few of them, and get their results."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import groups
import peers
from report import Line, Result, Variant
from server import RESULT, running

PART = 100


def lines(*, quick: bool) -> Iterator[Line]:
    """Yield one line with one group for all steps, because adding takes a minute."""
    count = 20_000 if quick else 1_000_000
    yield Line(
        f"add {count:,} jobs of 300 B to one group, and use it",
        Variant(use, (count,), once=True),
    )


def use(count: int) -> Result:
    """Measure the seconds to add the jobs, and observe the further steps."""
    from jobgroup import JobGroup, RemoteJob, set_token
    from jobgroup.adapters import decode

    decode({"results": RESULT})  # Perceval's import
    seen: dict[str, float] = {}

    def timed(step: str, call: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        answer = call()
        seen[f"{step} s"] = time.perf_counter() - began
        return answer

    with running(latency_s=0.02) as server:
        set_token(peers.TOKEN, url=server.url)
        jg = JobGroup("large")
        began = time.perf_counter()
        jg.add_many(
            RemoteJob(body, platform="sim:altair", url=server.url)
            for start in range(0, count, 10_000)
            for body in groups.bodies(min(10_000, count - start), 300, first=start)
        )
        added_s = time.perf_counter() - began
        jg.close()
        jg = timed("open", lambda: JobGroup.open("large"))
        timed("count", lambda: jg.progress(refresh=False))
        timed("add one", lambda: jg.add(groups.jobs(1, server.url)[0]))
        part = list(range(count // 2, count // 2 + PART))
        timed(f"run {PART}", lambda: jg.run_parallel(jobs=part))
        timed("wait", jg.wait)
        results = timed(f"results of {PART}", jg.get_results)
        timed("list_unsent_jobs", jg.list_unsent_jobs)
    if sum(result is not None for result in results) != PART:
        raise RuntimeError("A result is missing.")
    return Result(added_s, seen)
