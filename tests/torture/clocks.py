"""Run processes whose clocks are wrong by seconds to years, and jump during the run."""

from __future__ import annotations

import gc
import random
import signal
import time
import warnings
from collections import Counter

from kills import RUN
from ledger import CREATING, Ledger, requests
from nursery import Nursery

from jobgroup import JobGroup, RemoteJob
from jobgroup.cloud import EmbeddedCloud

SKEW = """
real, skew_s = time.time, [skews[0]]
time.time = lambda: real() + skew_s[0]
import threading
def jump():
    for s in skews[1:]:
        time.sleep(0.1)
        skew_s[0] = s
threading.Thread(target=jump, daemon=True).start()
"""
RACE = (
    SKEW
    + """
jg = JobGroup.open(name)
say("go")
hear()
try:
    jg.run_parallel()
    say("done")
except GroupBusyError:
    say("busy")
"""
)
LOOK = (
    SKEW
    + """
import warnings
warnings.simplefilter("ignore")
jg = JobGroup.open(name)
for _ in range(10):
    jg.progress()
    JobGroup.summaries()
    JobGroup.list_trash()
    time.sleep(0.05)
say("done")
"""
)
SKEWS_S = (0, 5, 15, 60, 3600, 8 * 86400, 400 * 86400)


def _skews(chance: random.Random) -> list[float]:
    return [chance.choice((-1, 1)) * chance.choice(SKEWS_S) for _ in range(chance.randint(1, 4))]


def clock_skews(
    chance: random.Random, nursery: Nursery, cloud: EmbeddedCloud, totals: Counter[str]
) -> None:
    """Check that no wrong clock takes a living sender's lease or empties the trash.

    Each job is sent once, even if the sender is killed.
    """
    knows_keys = chance.random() < 0.5
    cloud.set_plan(supports_idempotency_keys=knows_keys)
    names = [str(n) for n in range(chance.randint(5, 20))]
    body = {"command": "timer"}
    jobs = [RemoteJob(body, platform="test:timer", url=cloud.url, name=n) for n in names]
    JobGroup("clocks").add_many(jobs)
    JobGroup("trashed").add(RemoteJob(body, platform="test:timer", url=cloud.url))
    JobGroup.delete_job_group("trashed")
    gc.collect()
    number = cloud.faults.add("delay_response", calls=CREATING, delay_s=chance.uniform(0.05, 0.2))
    racers = [nursery.start(RACE, name="clocks", skews=_skews(chance)) for _ in range(3)]
    look = nursery.start(LOOK, name="clocks", skews=_skews(chance))
    for racer in racers:
        racer.hear()
    began = requests(cloud, "create")
    for racer in racers:
        racer.tell()
    if is_killed := chance.random() < 0.5:
        while requests(cloud, "create") < began + chance.randint(1, 3):
            time.sleep(0.001)
        chance.choice(racers).signal(signal.SIGKILL)
    said = [racer.all(300) for racer in racers]
    assert look.all(300) == ["done"]
    cloud.faults.remove(number)
    reported = f"{said}, {is_killed=}"
    assert is_killed or ["done"] in said, reported
    gc.collect()
    Ledger(JobGroup.open("clocks"), cloud).check(unconfirmed=int(is_killed))
    for _ in range(2):
        last = nursery.start(SKEW + RUN, name="clocks", queue=False, skews=_skews(chance)).all(300)
        assert last[-1] == "done", reported
        ledger = Ledger(JobGroup.open("clocks"), cloud)
        # even if the cloud knows the key: by a wrong clock, the request may be too old to repeat
        ledger.check(unconfirmed=int(is_killed)).settle()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        JobGroup.restore("trashed")
    JobGroup.open("clocks").wait(120)
    ledger.check().each_once(*names)
    totals["skewed clocks"] += 6
