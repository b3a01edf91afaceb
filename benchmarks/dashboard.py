"""What the dashboard costs the kernel: snapshots, patches, the way from the file to the page.

python benchmarks/dashboard.py [--quick]
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import comm
from comm.base_comm import BaseComm

from jobgroup import Dashboard, JobGroup, RemoteJob
from jobgroup.dashboard.rows import encode

CHANGED = 200
REPEATS = 5
PUSHES = 20


class Wire(BaseComm):
    """The host's end, which notes when rows arrive."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.rows_at: list[float] = []
        super().__init__(*args, **kwargs)

    def publish_msg(self, msg_type: str, data: Any = None, **_: Any) -> None:
        """Take a message."""
        if msg_type == "comm_msg" and data.get("content", {}).get("rows", {}).get("n"):
            self.rows_at.append(time.perf_counter())

    def ask(self, **content: Any) -> None:
        """Say something to the kernel."""
        data = {"method": "custom", "content": content}
        self.handle_msg({"content": {"data": data}, "buffers": []})


def main() -> None:
    """Measure groups of each size and print one line for each."""
    comm.create_comm = Wire
    sizes = (1000, 10_000) if "--quick" in sys.argv else (1000, 10_000, 100_000)
    print(f"{'jobs':>8} {'read':>8} {'encode':>8} {'sent':>9} {'patch':>8} {'state':>8} {'p95':>8}")
    with tempfile.TemporaryDirectory(prefix="jobgroup-bench-") as directory:
        os.environ["JOBGROUP_DATA_DIR"] = directory
        for count in sizes:
            print(line(count), flush=True)


def line(count: int) -> str:
    """The figures of a group of so many jobs.

    `read` and `encode` of all rows and their bytes, `patch` of 200 rows, `state` of the widget in
    a saved notebook, and 95 of 100 times from a change in the file to the message with its rows.
    """
    group = JobGroup(f"{count} jobs")
    job = RemoteJob({"command": "probs"}, platform="p", url="http://127.0.0.1:9")
    group.add_many((job, {"max_samples": 10_000}, {"phi": i / 7}) for i in range(count))
    records = group.changes_since(0).records
    sent = sum(buffer.nbytes for buffer in encode(records)[1])
    read = fastest(lambda: group.changes_since(0))
    encoded = fastest(lambda: encode(records))
    patch = fastest(lambda: encode(records[:CHANGED]))
    dashboard = Dashboard(group)
    state = dashboard.get_state()
    del state["_esm"]
    waits = pushes(group, dashboard)
    dashboard.close()
    return (
        f"{count:8,} {read:5.0f} ms {encoded:5.0f} ms {sent / 1e3:6.0f} kB"
        f" {patch:5.2f} ms {len(json.dumps(state, default=str)):6,} B {waits:5.0f} ms"
    )


def fastest(act: Callable[[], object]) -> float:
    """Milliseconds of the quickest of a few times."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return 1e3 * min(times)


def pushes(group: JobGroup, dashboard: Dashboard) -> float:
    """Milliseconds from a change in the file to the rows on the wire, 95th percentile."""
    wire: Wire = dashboard.comm
    wire.ask(t="hello", have=None)
    waited = []
    for i in range(PUSHES):
        seen = wait_for(wire, len(wire.rows_at) + (1 if not wire.rows_at else 0))
        time.sleep(0.3)
        began = time.perf_counter()
        group[i].note = f"changed {i}"
        wait_for(wire, seen + 1)
        waited.append(wire.rows_at[-1] - began)
        wire.ask(t="pull", have=None, ack=10**6, waiting=[], reply=False)
    return 1e3 * statistics.quantiles(waited, n=20)[-1]


def wait_for(wire: Wire, count: int) -> int:
    """Wait until so many messages with rows have come, and return how many have."""
    while len(wire.rows_at) < count:
        time.sleep(0.001)
    return len(wire.rows_at)


if __name__ == "__main__":
    main()
