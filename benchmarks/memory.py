"""The memory of a process with a large group open, beyond that of importing jobgroup."""

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
    """Yield every size of these measures."""
    count = 1000 if quick else 100_000
    for active in (0, count):
        yield Line(
            f"memory of {count:,} jobs, {'all on the cloud and watched' if active else 'open'}",
            Variant(memory, (count, active), once=bool(active)),
            unit="MB",
            at_most=LIMIT_MB,
        )


def memory(count: int, active: int) -> Result:
    """Measure how resident memory grows by opening, counting, listing and watching."""
    with running() as server:
        groups.fill_apart("experiment", count, active=active, url=server.url)
        from jobgroup import JobGroup, set_token

        set_token(peers.TOKEN, url=server.url)
        before = _status_mb("VmRSS")
        jg = JobGroup.open("experiment")
        jg.progress(refresh=False)
        len(jg.list_unsent_jobs()[:10])
        if active:
            jg.state.observe(lambda _: None)
            while server.observed()["asked"].get("status", 0) < active:
                time.sleep(1)
            time.sleep(2)  # the last answers are recorded
        gc.collect()
        after = _status_mb("VmRSS")
        jg.state.unobserve_all()
        return Result(after - before, {"at most MB": _status_mb("VmHWM") - before})


def _status_mb(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise OSError("The system does not say how much memory is used.")
