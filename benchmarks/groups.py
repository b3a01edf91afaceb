"""Groups and jobs for the measurements.

Bodies are like Perceval's: packed texts that compress little.
"""

from __future__ import annotations

import base64
import os
import random
import sqlite3
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from measure import KEPT
from server import STILL

HOURS_S = 36_000
URL = "http://127.0.0.1:9"
"""An address without a server, for measures that send nothing."""


def payload(seed: int, size_bytes: int = 1000) -> dict[str, Any]:
    """Return a unique payload of about that size."""
    noise = random.Random(seed).randbytes(max(0, size_bytes - 250) * 3 // 4)
    return {
        "command": "sample_count",
        "experiment": ":PCVL:zip:" + base64.b64encode(noise).decode(),
        "max_shots": 1_000_000,
        "max_samples": 10_000 + seed,
        "job_context": None,
    }


def bodies(count: int, size_bytes: int = 1000, first: int = 0) -> list[dict[str, Any]]:
    """Return different create bodies."""
    return [
        {"platform_name": "sim:altair", "payload": payload(first + i, size_bytes)}
        for i in range(count)
    ]


def jobs(count: int, url: str = URL, size_bytes: int = 1000) -> list[Any]:
    """Return the given number of jobs for a cloud."""
    from jobgroup import RemoteJob

    return [
        RemoteJob(body, platform="sim:altair", url=url, name=f"job {i}")
        for i, body in enumerate(bodies(count, size_bytes))
    ]


def fill(name: str, count: int, *, active: int = 0, url: str = URL, size_bytes: int = 1000) -> None:
    """Make a group of `count` jobs, of which the last `active` are on the cloud."""
    from jobgroup.store import GroupStore
    from jobgroup.store.paths import group_path

    store = GroupStore(group_path(name), create=name)
    store.add(_new_jobs(count, active, url, size_bytes))
    store.close()


def _new_jobs(count: int, active: int, url: str, size_bytes: int) -> Iterable[Any]:
    from jobgroup.store import NewJob, Target

    target = Target("quandela", url, "", "sim:altair")
    for i in range(count):
        is_active = i >= count - active
        yield NewJob(
            name=f"job {i}",
            target=target,
            body={"platform_name": "sim:altair", "payload": payload(i, size_bytes)},
            params={"command": "sample_count", "max_samples": 10_000 + i},
            labels={"phi": i / 100},
            remote_ids=[f"{STILL}{i}"] if is_active else [],
            state="waiting" if is_active else "unsent",
        )


@contextmanager
def kept() -> Iterator[bool]:
    """Use the data directory of all runs of this line, and return whether it is still empty."""
    directory = Path(os.environ[KEPT])
    os.environ["JOBGROUP_DATA_DIR"] = str(directory)
    done = directory / "done"
    yield not done.exists()
    done.touch()


def fill_apart(name: str, count: int, *, active: int = 0, url: str = URL) -> None:
    """Make a group with `fill` in another process, so that this one's memory does not grow.

    Active jobs were sent hours ago.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        process.submit(_fill_with_old, name, count, active, url).result()


def _fill_with_old(name: str, count: int, active: int, url: str) -> None:
    from jobgroup.store.paths import group_path

    fill(name, count, active=active, url=url)
    with closing(sqlite3.connect(group_path(name))) as connection, connection:
        connection.execute(
            "UPDATE attempts SET intent_at = intent_at - ?, sent_at = sent_at - ?",
            (HOURS_S, HOURS_S),
        )


def kept_files() -> list[Path]:
    """Return the files of the groups there."""
    return list((Path(os.environ[KEPT]) / "groups").glob("*.jobgroup"))
