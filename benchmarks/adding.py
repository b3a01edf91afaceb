"""Adding jobs one by one, each durable when the call returns, and in bulk."""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import groups
import peers
from measure import written_bytes
from report import Line, Result, Variant

FLOOR = "sqlite3, one transaction a row"
FLOOR_MANY = "sqlite3, one transaction, the same compressed bytes"
FLOOR_DISK = "the bodies, compressed"


def lines(*, quick: bool) -> Iterator[Line]:
    """Yield every size of these measures."""
    added = 100 if quick else 1000
    for there in (1000,) if quick else (1000, 100_000):
        yield Line(
            f"add {added:,} one by one to {there:,}",
            Variant(add, (there, added)),
            {FLOOR: Variant(add_floor, (there, added))},
            jobs=there,
            series="add",
            reach=1.5,
        )
    for count in (100,) if quick else (200, 1000):
        of_peers = {"JobGroup": Variant(peers.add, (count,), once=True)}
        if count == 200:  # its time grows with the square of the count: 12 min for 1,000
            of_peers["ExecutionGroup"] = Variant(peers.add_executions, (count,), once=True)
        yield Line(
            f"add {count:,} to a new group",
            Variant(add, (0, count)),
            {FLOOR: Variant(add_floor, (0, count))},
            of_peers,
            jobs=count,
            series="new group",
            reach=1.5,
        )
    for count in (10, 1000) if quick else (10, 1000, 100_000):
        yield Line(
            f"add_many {count:,}",
            Variant(add_many, (count,)),
            {FLOOR_MANY: Variant(add_many_floor, (count,))},
            jobs=count,
            series="add_many",
            reach=2.0,
        )
    count = 1000
    for size_bytes, equal, reach in ((500, False, 2.0), (5000, False, 1.2), (20_000, False, 1.2)):
        yield Line(
            f"on disk, a job of {size_bytes:,} B",
            Variant(disk, (count, size_bytes, equal)),
            {FLOOR_DISK: Variant(disk_floor, (count, size_bytes))},
            unit="B",
            reach=reach,
        )
    yield Line("on disk, a job of 5,000 B, all equal", Variant(disk, (count, 5000, True)), unit="B")


def add(there: int, count: int) -> Result:
    """Measure `JobGroup.add`, one job after another, to a group that already has some jobs."""
    from jobgroup import JobGroup

    groups.fill("experiment", there)
    jg = JobGroup("experiment")
    jobs = groups.jobs(count)
    wrote, began = written_bytes(), time.perf_counter()
    for job in jobs:
        jg.add(job)
    return _timed(began, wrote)


def add_floor(there: int, count: int) -> Result:
    """Measure writing the rows in plain sqlite3 with the same durability."""
    with closing(_bare(Path("bare.db"))) as connection:
        connection.execute("BEGIN")
        _insert(connection, groups.bodies(there))
        connection.execute("COMMIT")
        bodies = groups.bodies(count)
        wrote, began = written_bytes(), time.perf_counter()
        _insert(connection, bodies)
        return _timed(began, wrote)


def add_many(count: int) -> Result:
    """Measure `JobGroup.add_many`."""
    from jobgroup import JobGroup

    jg = JobGroup("experiment")
    jobs = groups.jobs(count)
    wrote, began = written_bytes(), time.perf_counter()
    jg.add_many(jobs)
    return _timed(began, wrote)


def add_many_floor(count: int) -> Result:
    """Measure writing the rows in one transaction, with bodies compressed as in jobgroup."""
    from jobgroup.store.encoding import compress

    with closing(_bare(Path("bare.db"))) as connection:
        bodies = groups.bodies(count)
        wrote, began = written_bytes(), time.perf_counter()
        connection.execute("BEGIN")
        _insert(connection, bodies, compress)
        connection.execute("COMMIT")
        return _timed(began, wrote)


def disk(count: int, size_bytes: int, equal: bool) -> Result:
    """Measure the bytes per job in a closed group."""
    from jobgroup.store import GroupStore, NewJob, Target
    from jobgroup.store.paths import group_path, size_on_disk

    target = Target("quandela", groups.URL, "", "sim:altair")
    bodies = groups.bodies(1, size_bytes) * count if equal else groups.bodies(count, size_bytes)
    path = group_path("experiment")
    with closing(GroupStore(path, create="experiment")) as store:
        store.add(
            NewJob(f"job {i}", target, body, params={"command": "sample_count", "max_samples": i})
            for i, body in enumerate(bodies)
        )
    return Result(size_on_disk(path) / count)


def disk_floor(count: int, size_bytes: int) -> Result:
    """Measure the bytes of a body that is compressed on its own."""
    packed = (len(zlib.compress(_text(body))) for body in groups.bodies(count, size_bytes))
    return Result(sum(packed) / count)


def _timed(began: float, wrote: int) -> Result:
    seconds = time.perf_counter() - began
    return Result(seconds, {"MB written": (written_bytes() - wrote) / 1e6})


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE jobs (position INTEGER PRIMARY KEY, name TEXT, state TEXT, body TEXT)"
    )
    return connection


def _insert(
    connection: sqlite3.Connection,
    bodies: Iterable[dict[str, Any]],
    pack: Callable[[bytes], bytes] = bytes,
) -> None:
    for i, body in enumerate(bodies):
        row = (f"job {i}", "unsent", pack(_text(body)))
        connection.execute("INSERT INTO jobs (name, state, body) VALUES (?, ?, ?)", row)


def _text(body: dict[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
