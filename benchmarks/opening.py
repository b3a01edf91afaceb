"""Opening a large group, and listing many groups."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import groups
import peers
from report import Line, Result, Variant


def lines(*, quick: bool) -> Iterator[Line]:
    """Yield every size of these measures."""
    for count in (10, 1000) if quick else (10, 1000, 100_000):
        yield Line(
            f"open {count:,} jobs and progress(refresh=False)",
            Variant(open_group, (count, 1000)),
            {"sqlite3: one count": Variant(count_floor, (count, 1000))},
            {"JobGroup": Variant(peers.open_group, (count,), once=True)} if count == 1000 else {},
            jobs=count,
            series="open",
            at_most=0.05,
        )
    count = 50 if quick else 1000
    yield Line(
        f"{count:,} groups: list",
        Variant(many_groups, (count,)),
        {"sqlite3: one small read each": Variant(many_groups_floor, (count,))},
        reach=2.0,
    )
    count = 100 if quick else 10_000
    for how, at_most in (("in a new process", 2.0), ("again", 0.5)):
        yield Line(
            f"{count:,} groups: list from the index, {how}",
            Variant(indexed_list, (how, count)),
            jobs=count,
            series=f"indexed list, {how}",
            at_most=at_most,
        )


def open_group(count: int, size_bytes: int) -> Result:
    """Measure `JobGroup.open` and `progress(refresh=False)` after the import of jobgroup."""
    from jobgroup import JobGroup

    with groups.kept() as is_new:
        if is_new:
            groups.fill("experiment", count, size_bytes=size_bytes)
    began = time.perf_counter()
    JobGroup.open("experiment").progress(refresh=False)
    return Result(time.perf_counter() - began)


def count_floor(count: int, size_bytes: int) -> Result:
    """Count by state in the same file, on the index."""
    with groups.kept() as is_new:
        if is_new:
            groups.fill("experiment", count, size_bytes=size_bytes)
    (path,) = groups.kept_files()
    began = time.perf_counter()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall()
    return Result(time.perf_counter() - began)


def many_groups(count: int) -> Result:
    """List every group on disk."""
    from jobgroup import JobGroup

    _fill_many(count)
    began = time.perf_counter()
    JobGroup.summaries()
    return Result(time.perf_counter() - began)


def indexed_list(how: str, count: int) -> Result:
    """List groups that have an index on disk. The time in a new process includes its imports."""
    from jobgroup import JobGroup

    _fill_many(count)
    time.sleep(4)  # a file that was written just now is read once more
    JobGroup.summaries()
    code = "from jobgroup import JobGroup; JobGroup.summaries()"
    began = time.perf_counter()
    if how == "again":
        JobGroup.summaries()
    else:
        subprocess.run([sys.executable, "-c", code], check=True)
    return Result(time.perf_counter() - began)


def many_groups_floor(count: int) -> Result:
    """Open one connection and do one small read for each file."""
    _fill_many(count)
    began = time.perf_counter()
    for path in groups.kept_files():
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT key, value FROM meta").fetchall()
            connection.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall()
    return Result(time.perf_counter() - began)


def _fill_many(count: int) -> None:
    with groups.kept() as is_new:
        if is_new:
            for i in range(count):
                groups.fill(f"group {i}", 10)
