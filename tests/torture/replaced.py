"""Move, remove or replace a group's file while a run sends its jobs."""

from __future__ import annotations

import gc
import os
import random
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

from disk import SEND
from kills import RUN
from ledger import CREATING, Ledger, requests
from nursery import Nursery

from jobgroup import JobGroup, RemoteJob
from jobgroup.cloud import EmbeddedCloud
from jobgroup.engine.queued_sending import MAX_CREATES_IN_FLIGHT
from jobgroup.store.paths import group_path

JOBS = 30
ALL = ("", "-wal", "-shm", "-journal")
HOWS = ("moved", "removed", "replaced", "exchanged")


def replaced_files(
    chance: random.Random, nursery: Nursery, cloud: EmbeddedCloud, totals: Counter[str]
) -> None:
    """Check that only requests in flight arrive afterwards, with ids in the file or in the log.

    If the file is put back, the group continues as if nothing had happened.
    """
    if chance.random() < 0.3:
        os.environ["JOBGROUP_NETWORK_FS"] = "1"
    try:
        for n in range(3):
            how = chance.choice(HOWS)
            _replace(f"{how} {n}", how, chance, nursery, cloud)
            totals[f"files {how}"] += 1
    finally:
        os.environ.pop("JOBGROUP_NETWORK_FS", None)


def _replace(
    name: str, how: str, chance: random.Random, nursery: Nursery, cloud: EmbeddedCloud
) -> None:
    names = _group(name, cloud)
    path = group_path(name)
    earlier = path.with_name("earlier")
    with closing(sqlite3.connect(path)) as now, closing(sqlite3.connect(earlier)) as copy:
        now.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    log = Path(os.environ["JOBGROUP_DATA_DIR"]) / "log"
    log.write_text("")
    queue = chance.random() < 0.5
    at_once = MAX_CREATES_IN_FLIGHT
    number = cloud.faults.add("delay_response", calls=CREATING, delay_s=chance.uniform(0.01, 0.1))
    before = requests(cloud, "create")
    enough = before + chance.randint(1, JOBS // 2)
    child = nursery.start(SEND, name=name, queue=queue, log=str(log))
    child.hear()
    child.tell()
    while requests(cloud, "create") < enough and child.is_alive:
        time.sleep(0.001)
    away = _take_away(path, how, earlier)
    sent = requests(cloud, "create") - before
    child.hear(300)
    child.tell()
    child.all(300)
    after = requests(cloud, "create") - before
    cloud.faults.remove(number)
    text = log.read_text()
    reported = f"{name}, {queue=}: {sent} had been sent, {after} in the end\n{text}"
    assert after <= sent + at_once, f"it continued without its file: {reported}"
    assert after == JOBS or "raised:" in text, f"not a word: {reported}"
    if how != "removed":
        _put_back(path, away)
        earlier.unlink(missing_ok=True)
        _finish(name, names, nursery, cloud, at_once, text, reported)


def _group(name: str, cloud: EmbeddedCloud) -> list[str]:
    names = [str(n) for n in range(JOBS)]
    body = {"command": "timer"}
    jobs = [RemoteJob(body, platform="test:timer", url=cloud.url, name=n) for n in names]
    JobGroup(name).add_many(jobs)
    gc.collect()
    return names


def _take_away(path: Path, how: str, earlier: Path) -> Path:
    """Move a group's file, and put something else in its place; return its new path."""
    away = Path(tempfile.mkdtemp(dir=path.parents[1]))
    other = away.parent / "other"
    with closing(sqlite3.connect(other)) as made, made:
        made.execute("CREATE TABLE notes (text)")
    for end in ALL:
        with suppress(FileNotFoundError):
            Path(f"{path}{end}").rename(away / f"{path.name}{end}")
    if how == "replaced":
        earlier.rename(path)
    elif how == "exchanged":
        other.rename(path)
    other.unlink(missing_ok=True)
    return away


def _put_back(path: Path, away: Path) -> None:
    for end in ALL:
        Path(f"{path}{end}").unlink(missing_ok=True)
    for part in away.iterdir():
        part.rename(path.with_name(part.name))


def _finish(
    name: str,
    names: list[str],
    nursery: Nursery,
    cloud: EmbeddedCloud,
    at_once: int,
    text: str,
    reported: str,
) -> None:
    ledger = Ledger(JobGroup.open(name), cloud).check(unconfirmed=at_once)
    unnamed = [job.id for job in ledger.orphans if str(job.id) not in text]
    assert not unnamed, f"neither known nor named: {unnamed}: {reported}"
    for _ in range(2):
        gc.collect()
        assert nursery.start(RUN, name=name, queue=False).all(120)[-1] == "done", reported
        ledger = Ledger(JobGroup.open(name), cloud).check(unconfirmed=at_once)
        ledger.settle()
    JobGroup.open(name).wait(120)
    ledger.check().each_once(*names)
