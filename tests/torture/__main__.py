"""`make torture`: test the promises under kills, faulty disks, wrong clocks and bad responses.

All rounds have random seeds. TORTURE_MINUTES sets the duration (20 by default), TORTURE_SEED the
first round, and TORTURE_ROUNDS the kinds of rounds, such as "disk_faults late_answers". At the
first failure, the run ends with exit code 1, and prints the seed that begins with that round.
"""

from __future__ import annotations

import gc
import logging
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "promises"))

from clocks import clock_skews
from disk import disk_faults, is_possible
from flips import Flips
from group_machine import GroupMachine
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from kills import Campaign
from late import late_answers
from nursery import Nursery
from power_cuts import power_cuts
from replaced import replaced_files
from status_fuzz import fuzz_statuses
from unruly import UnrulyCloud

from jobgroup import set_token
from jobgroup.cloud import EmbeddedCloud

Round = Callable[[random.Random, Nursery, EmbeddedCloud, Counter[str]], None]


def kills(
    chance: random.Random, nursery: Nursery, cloud: EmbeddedCloud, totals: Counter[str]
) -> None:
    """Kill adds, runs and reruns at random moments, on every kind of cloud and file system."""
    knows_keys = chance.random() < 0.5
    cloud.set_plan(supports_idempotency_keys=knows_keys)
    if chance.random() < 0.15:
        os.environ["JOBGROUP_NETWORK_FS"] = "1"
    campaign = Campaign(chance, nursery, cloud, knows_keys)
    try:
        campaign.of_adding("added", lives=chance.randint(3, 8))
        campaign.of_running("run", jobs=chance.randint(10, 60), lives=chance.randint(3, 10))
        campaign.of_rerunning("rerun", chance.randint(5, 30), chance.randint(2, 6), replace=True)
        campaign.of_rerunning("append", chance.randint(5, 30), lives=1, replace=False)
    finally:
        os.environ.pop("JOBGROUP_NETWORK_FS", None)
        totals["kills"] += campaign.blows
        totals["requests caught in flight"] += campaign.caught_in_flight
        totals["jobs"] += campaign.jobs


def machine(
    chance: random.Random, nursery: Nursery, cloud: EmbeddedCloud, totals: Counter[str]
) -> None:
    """Run the state machine, with longer sequences than in the tests."""
    driven = GroupMachine.on(cloud, nursery)
    try:
        run_state_machine_as_test(
            seed(chance.randrange(2**32))(driven),
            settings=settings(
                max_examples=5,
                stateful_step_count=40,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
                report_multiple_bugs=False,
            ),
        )
    finally:
        totals.update(driven.tally)


def flips(
    chance: random.Random, _nursery: Nursery, cloud: EmbeddedCloud, totals: Counter[str]
) -> None:
    """Flip bytes in each page of a group's file."""
    damaged = Flips(chance, cloud)
    for page in range(damaged.pages):
        damaged.flip(f"flipped {page}", page)
        totals["damaged files"] += 1


def answers(
    chance: random.Random, _nursery: Nursery, _cloud: EmbeddedCloud, totals: Counter[str]
) -> None:
    """Return random responses about some jobs next to a healthy job."""
    with UnrulyCloud() as unruly:
        set_token(unruly.token, url=unruly.url)
        seed(chance.randrange(2**32))(fuzz_statuses(10))(unruly)
    totals["fuzzed answers"] += 200


ROUNDS: dict[Round, int] = {
    kills: 5,
    machine: 5,
    disk_faults: 3,
    replaced_files: 2,
    late_answers: 2,
    clock_skews: 2,
    power_cuts: 1,
    flips: 1,
    answers: 1,
}
"""Kinds of rounds, with their relative frequency."""


def play(number: int, nursery: Nursery, totals: Counter[str]) -> None:
    """Run one round. Its number determines everything in it, except the moments of the kills."""
    chance = random.Random(number)
    wanted = os.environ.get("TORTURE_ROUNDS", "").split()
    rounds = {r: w for r, w in ROUNDS.items() if not wanted or r.__name__ in wanted}
    (chosen,) = chance.choices(list(rounds), weights=list(rounds.values()))
    print(f"seed {number}: {chosen.__name__}", flush=True)
    with tempfile.TemporaryDirectory(prefix="torture-") as directory:
        os.environ["JOBGROUP_DATA_DIR"] = directory
        with EmbeddedCloud(prewarm=False, max_queue=1_000_000, max_concurrent=10_000) as cloud:
            os.environ["JOBGROUP_URL"], os.environ["JOBGROUP_TOKEN"] = cloud.url, cloud.token
            set_token(cloud.token, url=cloud.url)
            try:
                chosen(chance, nursery, cloud, totals)
            finally:
                nursery.clear()
                totals["requests"] += len(cloud.log)
                gc.collect()
    totals["rounds"] += 1


def report(totals: Counter[str], began: float) -> None:
    """Print the totals."""
    minutes = (time.monotonic() - began) / 60
    print(f"{minutes:.1f} minutes: " + ", ".join(f"{n} {what}" for what, n in totals.items()))


def main() -> int:
    """Run rounds until the time is up, and return the exit code."""
    budget_s = 60 * float(os.environ.get("TORTURE_MINUTES") or 20)
    number = int(os.environ.get("TORTURE_SEED") or random.SystemRandom().randrange(10**6))
    os.environ["TQDM_DISABLE"] = "1"
    logging.getLogger("jobgroup").setLevel(logging.CRITICAL)  # the faults are intended
    if not is_possible():
        print("Without a C compiler, or Linux, no disk fails and no power is cut.")
        del ROUNDS[disk_faults], ROUNDS[power_cuts]
    totals: Counter[str] = Counter()
    began = time.monotonic()
    with Nursery() as nursery:
        while time.monotonic() - began < budget_s:
            try:
                play(number, nursery, totals)
            except Exception:  # noqa: BLE001  (a finding)
                traceback.print_exc()
                report(totals, began)
                again = f"TORTURE_SEED={number}"
                if wanted := os.environ.get("TORTURE_ROUNDS"):
                    again += f' TORTURE_ROUNDS="{wanted}"'
                print(f"A finding. It begins with: {again} make torture")
                return 1
            number += 1
    report(totals, began)
    print("Nothing was lost, and nothing paid twice.")
    return 0


if __name__ == "__main__":
    code: Any = main()
    sys.exit(code)
