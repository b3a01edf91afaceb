"""Kill processes at random moments, repeatedly, while they add, run or rerun jobs."""

from __future__ import annotations

import gc
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from ledger import CREATING, Ledger, given_to, requests
from nursery import Child, Nursery

from jobgroup import JobGroup, RemoteJob, StorageError
from jobgroup.cloud import EmbeddedCloud
from jobgroup.engine.queued_sending import MAX_CREATES_IN_FLIGHT

ADD = """
jg = JobGroup(name)
say("go")
for n in range(100_000):
    names = [f"{life}-{n}-{i}" for i in range(40 if n % 5 == 4 else 1)]
    if len(names) == 1:
        jg.add(job(names[0]))
    else:
        jg.add_many([job(name) for name in names])
    say(names)
"""
RUN = """
jg = JobGroup.open(name)
say("go")
jg.run_parallel(queue=queue)
say("done")
"""
PREPARE = """
jg = JobGroup(name)
jg.add_many([job(n) for n in names])
jg.run_parallel()
jg.wait(300)
assert len(jg.list_unsuccessful_jobs()) == len(names)
"""
RERUN = """
jg = JobGroup.open(name)
say("go")
jg.rerun_failed_parallel(replace, queue=queue)
say("done")
"""
BLOWS = (signal.SIGKILL,) * 5 + (signal.SIGTERM, signal.SIGINT, signal.SIGSTOP)


@dataclass
class Campaign:
    """A series of kills on one cloud, with one random generator.

    Attributes:
        blows: number of processes that were stopped or killed.
        knows_keys: whether the cloud supports idempotency keys.
        caught_in_flight: number of requests that were sent but not recorded at a kill.
    """

    chance: random.Random
    nursery: Nursery
    cloud: EmbeddedCloud
    knows_keys: bool
    blows: int = 0
    jobs: int = 0
    caught_in_flight: int = 0
    by_signal: dict[str, int] = field(default_factory=dict)

    def of_adding(self, name: str, lives: int) -> None:
        """Check that acknowledged jobs are there, in order, with all or none of the others."""
        expected: list[str] = []
        for life in range(lives):
            child = self.nursery.start(ADD, name=name, life=life)
            child.hear()
            acknowledged = self._strike(child, 0.06)
            found = [job.name for job in JobGroup.open(name)]
            for names in acknowledged:
                if isinstance(names, list):
                    expected += names
            assert found[: len(expected)] == expected, "an acknowledged add is lost"
            surplus = found[len(expected) :]
            assert len(surplus) in (0, 1, 40), "half an add_many"
            assert len({n.rsplit("-", 1)[0] for n in surplus}) <= 1, "more than one add under way"
            expected = found
            self._ledger(name).check()
        self.jobs += len(expected)

    def of_running(self, name: str, jobs: int, lives: int) -> None:
        """Check that each job reaches the cloud once, whatever happens to its senders."""
        names = [str(i) for i in range(jobs)]
        JobGroup(name).add_many([self._job(n) for n in names])
        self._lives(name, RUN, lives)
        ledger = self._finish(name, RUN)
        ledger.each_once(*names)
        self.jobs += jobs

    def of_rerunning(self, name: str, jobs: int, lives: int, *, replace: bool) -> None:
        """Check that a failed job is rerun once if reruns replace, otherwise once per request."""
        names = [str(i) for i in range(jobs)]
        self.cloud.faults.add("fail_job", times=jobs)
        self.nursery.start(PREPARE, name=name, names=names).all()
        if replace:
            self._lives(name, RERUN, lives)
            self._finish(name, RERUN).each_once(*names, *names)
        else:
            self._lives(name, RERUN, 1, replace=False)
            given = Counter(j.rerun_from for j in given_to(self.cloud, name) if j.rerun_from)
            assert set(given.values()) <= {1}, "a rerun was sent twice"
            group = JobGroup.open(name)
            entries = [j for j in group if j.position >= jobs]
            assert len(entries) - len(group.list_unconfirmed_jobs()) <= given.total()
        self.jobs += jobs

    # -- blow by blow ------------------------------------------------------------------------------

    def _lives(self, name: str, source: str, lives: int, *, replace: bool = True) -> None:
        unconfirmed = 0
        for _ in range(lives):
            self.cloud.faults.clear()
            if self.chance.random() < 0.5:
                self.cloud.faults.add("delay_response", calls=CREATING, delay_s=0.02)
            queue = self.chance.random() < 0.3
            child = self.nursery.start(source, name=name, replace=replace, queue=queue)
            child.hear()
            look = partial(self._look, name, unconfirmed, MAX_CREATES_IN_FLIGHT)
            self._wait_for_requests(child, self.chance.randint(0, 5))
            said = self._strike(child, 0.03, look)
            in_flight = 0 if "done" in said or "interrupted" in said else MAX_CREATES_IN_FLIGHT
            before, unconfirmed = (
                unconfirmed,
                self._count_unconfirmed(name, unconfirmed + in_flight),
            )
            self.caught_in_flight += max(0, unconfirmed - before)
            if "done" in said:
                return

    def _wait_for_requests(self, child: Child, count: int) -> None:
        """Wait until the child has sent that many jobs, or has ended."""
        enough = requests(self.cloud, *CREATING) + count
        while requests(self.cloud, *CREATING) < enough and child.is_alive:
            time.sleep(0.001)

    def _count_unconfirmed(self, name: str, allowed: int) -> int:
        return len(self._ledger(name).check(unconfirmed=allowed).unconfirmed)

    def _look(self, name: str, unconfirmed: int, sending: int) -> None:
        self._ledger(name).check(unconfirmed=unconfirmed, sending=sending)

    def _finish(self, name: str, source: str) -> Ledger:
        """Run the remaining jobs without kills, and settle jobs that the cloud cannot report."""
        self.cloud.faults.clear()
        for _ in range(2):
            assert (
                self.nursery.start(source, name=name, replace=True, queue=False).all()[-1] == "done"
            )
            ledger = self._ledger(name)
            ledger.check(unconfirmed=0 if self.knows_keys else 1_000)
            ledger.settle()
        JobGroup.open(name).wait(120)
        ledger.check()
        assert not ledger.orphans
        return ledger

    def _strike(
        self, child: Child, within_s: float, while_stopped: Callable[[], None] | None = None
    ) -> list[object]:
        time.sleep(self.chance.uniform(0, within_s))
        blow = self.chance.choice(BLOWS)
        self.by_signal[blow.name] = self.by_signal.get(blow.name, 0) + 1
        self.blows += 1
        child.signal(blow)
        if blow != signal.SIGSTOP:
            return child.all()
        if while_stopped:
            try:
                while_stopped()
            except StorageError as error:
                # A process that was stopped while it recovers the log blocks readers. Without a
                # log, it also blocks them in the middle of a commit.
                if "JOBGROUP_NETWORK_FS" not in os.environ and "locking" not in str(error):
                    raise
        child.signal(signal.SIGCONT)
        time.sleep(self.chance.uniform(0, within_s / 2))
        return child.kill()

    def _ledger(self, name: str) -> Ledger:
        gc.collect()  # the group is opened again, as by a later process
        return Ledger(JobGroup.open(name), self.cloud)

    def _job(self, name: str) -> RemoteJob:
        return RemoteJob({"command": "timer"}, platform="test:timer", url=self.cloud.url, name=name)
