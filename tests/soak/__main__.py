"""`make soak`: 10,000 jobs on a cloud with faults, sent, watched and displayed for half an hour.

One process sends and reruns jobs, a second one asks for progress, and a third one has the dashboard
open. This process runs the cloud and checks the outcome. SOAK_MINUTES sets the duration (30 by
default), and SOAK_JOBS the number of jobs. The exit code is 1 if a job was lost or sent twice, or
if a resource grew.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "promises"))

from gauges import Series, cpu_s, of_log, of_process
from ledger import Ledger, given_to
from nursery import Child, Nursery

from jobgroup import JobGroup, RemoteJob, set_token
from jobgroup.cloud import EmbeddedCloud
from jobgroup.store.paths import group_path

NAME = "soak"
SLOTS = 50
SAMPLE_EVERY_S = 5.0
TELL_EVERY_S = 60.0
AWAY_EVERY_S = 120.0
AWAY_S = 3.0

LAUNCH = """
jg = JobGroup.open(name)
while len(jg.list_successful_jobs()) < len(jg):
    try:
        jg.run_parallel(queue=True)
        jg.wait()
        jg.rerun_failed_parallel(queue=True)
        jg.wait()
    except UnconfirmedJobError:
        say("A cloud that was unavailable could not report a job; the next run asks again.")
    left = [jg.list_unsuccessful_jobs(), jg.list_unsent_jobs(), jg.list_unconfirmed_jobs()]
    say("a round ended: {} failed, {} unsent, {} unconfirmed".format(*map(len, left)))
"""
WATCH = """
jg = JobGroup.open(name)
say("go")
while True:
    jg.progress()
    jg.list_active_jobs()
    jg.list_unsuccessful_jobs(refresh=False)
    time.sleep(2)
"""
SHOW = """
import comm
from comm.base_comm import BaseComm
from jobgroup import Dashboard

class Wire(BaseComm):
    def publish_msg(self, msg_type, data=None, **_):
        pass

comm.create_comm = Wire
dashboard = Dashboard(JobGroup.open(name))

def tell(**content):
    message = {"content": {"data": {"method": "custom", "content": content}}, "buffers": []}
    dashboard.comm.handle_msg(message)

tell(t="hello", have=None)
say("go")
while True:
    tell(t="pull", have=None, ack=10**9, waiting=[], reply=False)
    time.sleep(0.5)
"""
FAULTS = (
    {"kind": "drop_request", "probability": 0.01},
    {"kind": "drop_response", "probability": 0.01},
    {"kind": "delay", "probability": 0.05, "delay_s": 0.5},
    {"kind": "delay_response", "probability": 0.02, "delay_s": 1.0},
    {"kind": "http_error", "probability": 0.02},
    {"kind": "http_error", "probability": 0.01, "status": 429, "retry_after_s": 1.0},
    {"kind": "malformed_response", "probability": 0.01, "calls": ["status"]},
    {"kind": "fail_job", "probability": 0.03, "message": "The laser lost its lock"},
)


def soak(minutes: float, jobs: int, cloud: EmbeddedCloud, nursery: Nursery, files: Path) -> Series:
    """Run all jobs under faults, and return the measurements."""
    duration_s = 0.9 * 60 * minutes * SLOTS / jobs
    group = JobGroup(NAME)
    group.add_many(_job(i, duration_s) for i in range(jobs))
    del group
    for number, fault in enumerate(FAULTS):
        cloud.faults.add(**fault, seed=number)
    children = {
        "launcher": nursery.start(LAUNCH, name=NAME),
        "watcher": nursery.start(WATCH, name=NAME),
        "dashboard": nursery.start(SHOW, name=NAME),
    }
    # the cloud remembers its last 100,000 requests, half a kilobyte each
    gauges = of_process("cloud", os.getpid(), memory_mb=60)
    for name, child in children.items():
        gauges |= of_process(name, child.pid, memory_mb=10)
    gauges |= of_log("group", group_path(NAME)) | of_log("cloud", files / "jobs.sqlite")
    series = Series(gauges)
    _follow(series, children, cloud, jobs)
    return series


def _follow(series: Series, children: dict[str, Child], cloud: EmbeddedCloud, jobs: int) -> None:
    """Take samples and print progress until the launcher has ended."""
    launcher = children["launcher"]
    began = reported = went = time.monotonic()
    while launcher.is_alive:
        time.sleep(SAMPLE_EVERY_S)
        for name, child in children.items():
            if child is not launcher and not child.is_alive:
                raise AssertionError(f"the {name} ended: {child.all()}")
        series.take()
        now = time.monotonic()
        if now - went >= AWAY_EVERY_S:
            went = now
            cloud.go_offline(AWAY_S)
        if now - reported >= TELL_EVERY_S:
            reported = now
            statuses = Counter(job.status for job in cloud.jobs())
            spent = {n: round(cpu_s(c.pid), 1) for n, c in children.items() if c.is_alive}
            print(
                f"{(now - began) / 60:5.1f} min: {statuses['completed']:,} of {jobs:,} jobs,"
                f" {len(cloud.log):,} requests; processor seconds {spent}, cloud"
                f" {time.process_time():.1f}; {series.latest('memory', 'WAL')}",
                flush=True,
            )
    print(*launcher.all(), sep="\n", flush=True)


def judge(jobs: int, cloud: EmbeddedCloud) -> None:
    """Check in the group's file and on the cloud that no job was lost or sent twice."""
    group = JobGroup.open(NAME)
    ledger = Ledger(group, cloud).check()
    assert not ledger.orphans, "the cloud has jobs that the group does not know"
    given = given_to(cloud, NAME)
    succeeded = Counter(job.name for job in given if job.status == "completed")
    assert set(succeeded) == {_name(i) for i in range(jobs)}, "a job is lost"
    assert set(succeeded.values()) == {1}, "a job succeeded twice"
    failed = sum(job.status == "error" for job in given)
    assert len(given) == jobs + failed, "a job was sent again that had not failed"
    counts = [sum(result["results"].values()) for result in group.get_results()]
    assert counts == [i + 1 for i in range(jobs)], "a job has another one's result"
    print(f"{jobs:,} jobs, {failed:,} failed and were rerun: nothing lost, nothing twice.")


def _job(number: int, duration_s: float) -> RemoteJob:
    parameters = {"duration_s": duration_s, "results": {"|1>": number + 1}}
    body = {"command": "timer", "parameters": parameters}
    return RemoteJob(body, platform="test:timer", name=_name(number))


def _name(number: int) -> str:
    return f"job {number}"


def main() -> int:
    """Run the soak test, check its outcome, and return the exit code."""
    minutes = float(os.environ.get("SOAK_MINUTES") or 30)
    jobs = int(os.environ.get("SOAK_JOBS") or 10_000)
    os.environ["TQDM_DISABLE"] = "1"
    logging.getLogger("jobgroup").setLevel(logging.CRITICAL)  # the faults are intended
    with tempfile.TemporaryDirectory(prefix="soak-") as directory, Nursery() as nursery:
        files = Path(directory) / "cloud"
        os.environ["JOBGROUP_DATA_DIR"] = str(Path(directory) / "groups")
        options = {"directory": files, "max_queue": 2 * SLOTS, "max_concurrent": SLOTS}
        with EmbeddedCloud(prewarm=False, **options) as cloud:
            os.environ["JOBGROUP_URL"], os.environ["JOBGROUP_TOKEN"] = cloud.url, cloud.token
            set_token(cloud.token, url=cloud.url)
            series = soak(minutes, jobs, cloud, nursery, files)
            nursery.clear()
            cloud.faults.clear()
            judge(jobs, cloud)
    print(*series.lines(), sep="\n")
    if grown := series.grown():
        print(f"It grew: {', '.join(grown)}.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
