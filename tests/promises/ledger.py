"""Compare the group's file with the jobs on the cloud after each fault."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from jobgroup import JobGroup
from jobgroup.cloud import EmbeddedCloud
from jobgroup.status import STATES
from jobgroup.store.paths import group_path

CREATING = ("create", "rerun")


@dataclass
class Ledger:
    """A group and its cloud.

    Attributes:
        orphans: jobs on the cloud whose ids the group does not know (yet).
        unconfirmed: positions of the jobs whose request got no response.
    """

    group: JobGroup
    cloud: EmbeddedCloud
    orphans: list[Any] = field(default_factory=list)
    unconfirmed: list[int] = field(default_factory=list)

    def check(self, *, unconfirmed: int = 0, sending: int = 0) -> Ledger:
        """Assert what must be true at every moment.

        Args:
            unconfirmed: maximum number of unconfirmed jobs: the number of requests in flight.
            sending: maximum number of requests in flight now.
        """
        assert integrity(self.group.name) == "ok"
        states = Counter(job.state for job in self.group)
        assert set(states) <= set(STATES), states
        assert states["sending"] <= sending, states
        self.unconfirmed = [job.position for job in self.group.list_unconfirmed_jobs()]
        assert len(self.unconfirmed) <= unconfirmed, states
        self._counts_partition(sum(states.values()))

        given = given_to(self.cloud, self.group.name)
        given_ids = {j.id for j in given}
        attempts = [a for job in self.group for a in job.attempts]
        ids = [a.remote_id for a in attempts if a.remote_id]
        assert len(ids) == len(set(ids)), "one job of the cloud stands twice in the group"
        assert set(ids) <= given_ids, "the group names a job that the cloud never had"
        open_keys = keys_without_id(self.group.name)
        self.orphans = [j for j in given if j.id not in set(ids)]
        forgotten = [j.name for j in self.orphans if j.key not in open_keys]
        assert not forgotten, f"the cloud has jobs that the group has forgotten: {forgotten}"
        twice = [key for key, n in Counter(j.key for j in given).items() if n > 1]
        assert not twice, f"sent twice: {[j.name for j in given if j.key in twice]}"
        return self

    def each_once(self, *names: str) -> None:
        """Assert that the cloud received each of these jobs once, and no other job of the group."""
        assert Counter(j.name for j in given_to(self.cloud, self.group.name)) == Counter(names)

    def settle(self) -> int:
        """Settle the unconfirmed jobs, as a user would after looking at the cloud's website.

        Return the number of jobs that were on the cloud.
        """
        by_key = {j.key: j.id for j in self.orphans}
        found = 0
        for position in self.unconfirmed:
            job = self.group[position]
            if (remote_id := by_key.get(job.attempts[-1].idempotency_key)) is not None:
                job.confirm(remote_id)
                found += 1
            else:
                job.resend()
        return found

    def _counts_partition(self, total: int) -> None:
        assert len(self.group) == total
        progress = self.group.progress(refresh=False)
        finished, unfinished = progress["Finished"], progress["Unfinished"]
        assert progress["Total"] == finished[0] + unfinished[0] == total
        assert sum(finished[1].values()) == finished[0]
        assert sum(unfinished[1].values()) == unfinished[0]
        assert sum(self.group.state.counts.values()) == total


def given_to(cloud: EmbeddedCloud, name: str) -> list[Any]:
    """The jobs of a group that a cloud received."""
    return [j for j in cloud.jobs() if j.body.get("job_group_name") == name]


def integrity(name: str) -> str:
    """SQLite's report on the integrity of the group's file."""
    with closing(sqlite3.connect(group_path(name), timeout=120)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def keys_without_id(name: str) -> set[str]:
    """The keys of attempts without a known id, including those of active reruns."""
    with closing(sqlite3.connect(group_path(name), timeout=120)) as connection:
        return {
            k
            for (k,) in connection.execute(
                "SELECT idempotency_key FROM attempts"
                " WHERE id NOT IN (SELECT attempt_id FROM subjobs)"
            )
        }


def in_flight(name: str) -> int:
    """The number of requests in flight according to the file, including appended reruns."""
    with closing(sqlite3.connect(group_path(name), timeout=120)) as connection:
        sending = "SELECT count(*) FROM attempts WHERE state = 'sending'"
        return int(connection.execute(sending).fetchone()[0])


def requests(cloud: EmbeddedCloud, *calls: str) -> int:
    """The number of requests of these kinds (by default, of all kinds) that the cloud received."""
    return sum(entry.call in calls or not calls for entry in cloud.log)
