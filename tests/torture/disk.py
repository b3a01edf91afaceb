"""Make disks full, faulty or locked at any write during a send, briefly or permanently."""

from __future__ import annotations

import errno
import gc
import mmap
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Self

from kills import RUN
from ledger import Ledger, requests
from nursery import Child, Nursery

from jobgroup import JobGroup, RemoteJob
from jobgroup.cloud import EmbeddedCloud
from jobgroup.engine.queued_sending import MAX_CREATES_IN_FLIGHT
from jobgroup.store.paths import group_path

SEND = """
import logging
file = logging.FileHandler(log)
logging.getLogger("jobgroup").addHandler(file)
jg = JobGroup.open(name)
say("go")
hear()
try:
    jg.run_parallel(queue=queue)
except JobGroupError as error:
    logging.getLogger("jobgroup").error("raised: %s", error)
say("ended")
hear()
"""
ERRORS = (errno.ENOSPC, errno.EIO)
TO_THE_END = 2**40


class Disk:
    """Processes whose disk fails on command.

    Attributes:
        nursery: starter of the processes.
    """

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="jgd")
        here = Path(self._directory.name)
        library, plan = here / "disk_faults.so", here / "plan"
        source = Path(__file__).with_name("disk_faults.c")
        compile_ = ["cc", "-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"]
        subprocess.run(compile_, check=True)
        plan.write_bytes(bytes(32))
        with plan.open("r+b") as file:
            self._plan = mmap.mmap(file.fileno(), 32)
        self.nursery = Nursery({"LD_PRELOAD": str(library), "JOBGROUP_DISK_FAULTS": str(plan)})

    def __enter__(self) -> Self:
        self.nursery.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.nursery.__exit__()
        self._plan.close()
        self._directory.cleanup()

    def fail(self, first: int, times: int, error: int) -> None:
        """Make `times` writes or syncs fail, beginning with the `first` one from now on."""
        self._plan[:] = struct.pack("4q", first, times, error, 0)

    def heal(self) -> None:
        """Make no more writes fail."""
        self._plan[:8] = bytes(8)

    @property
    def writes(self) -> int:
        """The number of writes and syncs since `fail`."""
        return int(struct.unpack("4q", self._plan)[3])


def is_possible() -> bool:
    """Return whether this machine can simulate faulty disks, with Linux and a C compiler."""
    return shutil.which("cc") is not None and Path("/proc/self/fd").exists()


def disk_faults(
    chance: random.Random, nursery: Nursery, cloud: EmbeddedCloud, totals: Counter[str]
) -> None:
    """Check that each id from the cloud is in the file, in the error or in the log."""
    knows_keys = chance.random() < 0.3
    cloud.set_plan(supports_idempotency_keys=knows_keys)
    if chance.random() < 0.3:
        os.environ["JOBGROUP_NETWORK_FS"] = "1"
    try:
        with Disk() as disk:
            writes = _send(disk, "sound", chance, nursery, cloud, knows_keys, first=0, times=0)
            for n in sorted(chance.sample(range(1, writes + 1), min(writes, 8))):
                times = chance.choice((1, 1, 2, 5, TO_THE_END))
                _send(disk, f"fault {n}", chance, nursery, cloud, knows_keys, first=n, times=times)
                totals["disk faults"] += 1
        if chance.random() < 0.3:
            _lock(chance, nursery, cloud, knows_keys)
            totals["locked files"] += 1
    finally:
        os.environ.pop("JOBGROUP_NETWORK_FS", None)


def _send(
    disk: Disk,
    name: str,
    chance: random.Random,
    nursery: Nursery,
    cloud: EmbeddedCloud,
    knows_keys: bool,
    *,
    first: int,
    times: int,
) -> int:
    queue = chance.random() < 0.3
    error, heals = chance.choice(ERRORS), chance.random() < 0.5
    jobs = _group(name, cloud, 3)
    log = Path(os.environ["JOBGROUP_DATA_DIR"]) / "log"
    log.write_text("")
    child = disk.nursery.start(SEND, name=name, queue=queue, log=str(log))
    child.hear()
    disk.fail(first, times, error)
    child.tell()
    child.hear(300)  # sending waits for the disk, which may recover
    writes = disk.writes
    if heals:
        disk.heal()
    child.tell()
    child.all(300)
    disk.heal()
    reported = f"{name}: {times} times {errno.errorcode[error]}, {heals=}, {queue=}"
    _compare(name, jobs, nursery, cloud, knows_keys, log.read_text(), reported)
    return writes


def _lock(chance: random.Random, nursery: Nursery, cloud: EmbeddedCloud, knows_keys: bool) -> None:
    """Lock the file for longer than SQLite waits, while a response is on its way."""
    jobs = _group("locked", cloud, 3)
    log = Path(os.environ["JOBGROUP_DATA_DIR"]) / "log"
    log.write_text("")
    seen = requests(cloud, "create") + chance.randint(1, 3)
    cloud.faults.add("delay_response", calls=["create"], delay_s=0.5)
    child = nursery.start(SEND, name="locked", queue=False, log=str(log))
    child.hear()
    child.tell()
    with closing(sqlite3.connect(group_path("locked"), timeout=60, isolation_level=None)) as file:
        while requests(cloud, "create") < seen and child.is_alive:
            time.sleep(0.002)
        file.execute("BEGIN IMMEDIATE")
        time.sleep(chance.uniform(0, 15))
        file.execute("ROLLBACK")
    child.hear(300)
    child.tell()
    child.all(300)
    cloud.faults.clear()
    _compare("locked", jobs, nursery, cloud, knows_keys, log.read_text(), "locked")


def _group(name: str, cloud: EmbeddedCloud, jobs: int) -> list[str]:
    names = [str(n) for n in range(jobs)]
    body = {"command": "timer"}
    made = [RemoteJob(body, platform="test:timer", url=cloud.url, name=n) for n in names]
    JobGroup(name).add_many(made)
    gc.collect()
    return names


def _compare(
    name: str,
    jobs: list[str],
    nursery: Nursery,
    cloud: EmbeddedCloud,
    knows_keys: bool,
    log: str,
    reported: str,
) -> None:
    """Check that no job was lost or sent twice, and that every id is in the file or in the log.

    The next run, without faults, sends the remaining jobs.
    """
    gc.collect()
    ledger = Ledger(JobGroup.open(name), cloud).check(unconfirmed=MAX_CREATES_IN_FLIGHT)
    unnamed = [job.id for job in ledger.orphans if str(job.id) not in log]
    assert not unnamed, f"{reported}: neither known nor named: {unnamed}\n{log}"
    for _ in range(2):
        again: Child = nursery.start(RUN, name=name, queue=False)
        assert again.all(120)[-1] == "done", reported
        ledger = Ledger(JobGroup.open(name), cloud)
        ledger.check(unconfirmed=0 if knows_keys else MAX_CREATES_IN_FLIGHT)
        ledger.settle()
    JobGroup.open(name).wait(120)
    ledger.check().each_once(*jobs)
    assert not ledger.orphans, reported
