"""What a process takes that has a large group open, above what it takes to import jobgroup."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from pathlib import Path

import groups
import peers
from report import Line, Result, Variant
from server import running

LIMIT_MB = 60.0


def lines(*, quick: bool) -> Iterator[Line]:
    """Every size of these measures."""
    for count in (10, 1000) if quick else (10, 1000, 100_000):
        yield Line(
            f"memory of {count:,} jobs, open",
            Variant(memory, (count, 0)),
            jobs=count,
            series="memory",
            unit="MB",
            at_most=LIMIT_MB,
        )
    count = 1000 if quick else 100_000
    yield Line(
        f"memory of {count:,} jobs, all active and watched",
        Variant(memory, (count, count), once=True),
        unit="MB",
        at_most=LIMIT_MB,
    )


def memory(count: int, active: int) -> Result:
    """Growth of resident memory by opening, counting, listing, and by watching what is active."""
    with running() as server:
        with groups.kept() as is_new:
            if is_new:
                groups.fill("experiment", count, active=active, url=server.url)
        from jobgroup import JobGroup, set_token

        set_token(peers.TOKEN, url=server.url)
        before = _status_mb("VmRSS")
        jg = JobGroup.open("experiment")
        jg.progress(refresh=False)
        len(jg.list_unsent_jobs()[:10])
        if active:
            jg.state.observe(lambda _: None)
            time.sleep(5)
            jg.state.unobserve_all()
        gc.collect()
        after = _status_mb("VmRSS")
        return Result(after - before, {"at most MB": _status_mb("VmHWM") - before})


def _status_mb(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise OSError("The system does not say how much memory is used.")
