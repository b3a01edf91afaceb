"""After a power cut at any moment, everything that calls had acknowledged is on the disk.

A process adds, sends, exports, deletes and restores, and a preloaded library records its actions on
files. For many moments, the test then rebuilds a possible content of the disk, and opens the group.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import power
import pytest

from jobgroup import JobGroup, catalog
from jobgroup.store import GroupStore
from jobgroup.store.paths import group_path

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None,
    reason="what a process does to its disk is written down by a preloaded library in C",
)

SEED = int(os.environ.get("POWER_SEED", "20263"))
CUTS = int(os.environ.get("POWER_CUTS", "20"))

NAMES = {power.UNLINK, power.RENAME, power.LINK}

LIFE = """
import json, os, sys
sys.path.insert(0, {here!r})
from scripted_cloud import ScriptedCloud
root = os.environ["DISK_LOG_ROOT"]
acknowledged = os.open(root + "/acknowledged", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
def acknowledge(*what):
    os.write(acknowledged, json.dumps(what).encode() + b"\\n")
from jobgroup import JobGroup, RemoteJob, set_token
with ScriptedCloud() as cloud:
    set_token(cloud.token, url=cloud.url)
    cloud.faults["create"] = lambda _, asked: acknowledge("asked", asked.body["job_name"])
    def job(i):
        return RemoteJob({{"command": "timer", "i": i, "x": os.urandom(3000).hex()}},
                         platform="test:timer", url=cloud.url, name=f"j{{i}}")
    jg = JobGroup("experiment")
    acknowledge("made")
    for i in range(5):
        jg.add(job(i))
        acknowledge("added", i + 1)
    jg.add_many([job(i) for i in range(5, 9)])
    acknowledge("added", 9)
    jg.run_parallel()
    acknowledge("sent", {{j.name: j.id for j in jg}})
    jg.description = "why"
    acknowledge("described")
    jg.export(root + "/out")
    acknowledge("exported")
    del jg
    JobGroup.delete_job_group("experiment")
    acknowledge("deleted")
    JobGroup.restore("experiment")
    acknowledge("restored")
    jg = JobGroup.open("experiment")
    jg.add(job(9))
    acknowledge("added", 10)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The library that records a process's actions on its disk."""
    return power.build(tmp_path_factory.mktemp("library"))


@pytest.fixture
def life(library, tmp_path):
    """Run a process with a rollback journal or a write-ahead log, and return its actions."""

    def live(is_shared):
        root = (tmp_path / "disk").resolve()
        root.mkdir()
        here = Path(__file__).parents[1] / "contract"
        env = {
            **os.environ,
            "LD_PRELOAD": str(library),
            "DISK_LOG": str(tmp_path / "log"),
            "DISK_LOG_ROOT": str(root),
            "JOBGROUP_DATA_DIR": str(root / "data"),
            "JOBGROUP_NETWORK_FS": "1" if is_shared else "0",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        source = LIFE.format(here=str(here))
        done = subprocess.run(
            [sys.executable, "-c", source], env=env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return root, list(power.read(tmp_path / "log"))

    return live


def claims_of(records):
    """The acknowledgments before each record."""
    acknowledged = next(r.inode for r in records if r.one.endswith(b"/acknowledged"))
    claims = []
    for record in records:
        claims.append(claims[-1] if claims else [])
        if record.kind == power.WRITE and record.inode == acknowledged:
            claims[-1] = [*claims[-1], json.loads(record.one)]
    return claims


def opened_again(reported):
    """The group after the power cut; restored if it was being deleted."""
    catalog.complete_deletion("experiment")
    if "exported" in reported and not group_path("experiment").exists():
        JobGroup.restore("experiment")
    return GroupStore(group_path("experiment"))


def is_true(jobs, description, what, *values):
    """Whether a disk has everything that was acknowledged."""
    match what:
        case "added":
            return len(jobs) >= values[0]
        case "asked":
            return jobs[values[0]].state != "unsent"
        case "sent":
            return {name: jobs[name].remote_id for name in values[0]} == values[0]
        case "described":
            return description == "why"
    return True


def lost(claims, root):
    """The acknowledgments that are missing on a reopened disk."""
    reported = {what for what, *_ in claims}
    if "exported" in reported and len(JobGroup.load(root / "out", name="copy")) != 9:
        return ["the export"]
    if "made" not in reported:
        return []
    with closing(opened_again(reported)) as store:
        jobs = {record.name: record for record in store.records()}
        description = store.meta().get("description")
    return [claim for claim in claims if not is_true(jobs, description, *claim)]


@pytest.mark.parametrize("is_shared", [False, True], ids=["log", "rollback journal"])
def test_acknowledged_data_survive_a_power_cut(is_shared, life, tmp_path, monkeypatch):
    """Acknowledged changes survive in both journal modes, whichever unsynced data reached the
    disk.
    """
    print(f"POWER_SEED={SEED}")
    chance = random.Random(SEED)
    root, records = life(is_shared)
    claims = claims_of(records)
    assert claims[-1][-1] == ["added", 10]
    just_told = [i for i in range(1, len(records)) if claims[i] != claims[i - 1]]
    renamed = [i for i, record in enumerate(records) if record.kind in NAMES]
    at_random = chance.sample(range(len(records)), min(CUTS, len(records)))
    monkeypatch.setenv("JOBGROUP_NETWORK_FS", "1" if is_shared else "0")
    disk = power.Disk(root)
    judged = set()
    for i, record in enumerate(records):
        disk.apply(record)
        if i in renamed:
            shares = (0.0, 0.5, 0.5, 1.0)  # a disk may write directories in any order
        elif i in just_told:
            shares = (0.0, 0.5, 1.0)
        else:
            shares = (0.0, 0.7) if i in at_random else ()
        for keeps in shares:
            content = disk.cut(chance, keeps)
            case = (len(claims[i]), frozenset(content.items()))
            if case in judged:
                continue
            judged.add(case)
            after = tmp_path / "after"
            power.write(content, after)
            monkeypatch.setenv("JOBGROUP_DATA_DIR", str(after / "data"))
            assert lost(claims[i], after) == [], f"after {i} of {len(records)}, {keeps}"
