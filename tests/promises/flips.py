"""Group files with bytes flipped at random: an error, or a group that works; never a wrong body."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import uuid
import warnings
from contextlib import closing, suppress
from pathlib import Path

from ledger import given_to

from jobgroup import JobGroup, JobGroupError, RemoteJob
from jobgroup.cloud import EmbeddedCloud
from jobgroup.status import STATES
from jobgroup.store.paths import group_path

JOBS = 12


class Flips:
    """Damages copies of one group, opens them and counts the outcomes.

    Attributes:
        refused: number of copies that could not be opened, which is allowed.
        usable: number of copies that could.
    """

    def __init__(self, chance: random.Random, cloud: EmbeddedCloud) -> None:
        self.chance = chance
        self.cloud = cloud
        self.refused = self.usable = 0
        jg = JobGroup("sound")
        for n in range(JOBS):
            body = {"command": "timer", "n": n, "noise": chance.randbytes(900).hex()}
            jg.add(RemoteJob(body, platform="test:timer", url=cloud.url, name=f"job {n}"))
        jg[0].execute_async()
        jg[1].execute_async()
        jg.wait(120)
        self._bodies = {json.dumps(j.body["payload"]) for j in cloud.jobs()}
        self._copy = Path(f"{group_path('sound')}.copy")
        with (
            closing(sqlite3.connect(group_path("sound"))) as source,
            closing(sqlite3.connect(self._copy)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        jg.run_parallel()
        jg.wait(120)
        self._bodies = {json.dumps(j.body["payload"]) for j in cloud.jobs()}

    def flip(self, name: str, page: int | None = None, byte: int | None = None) -> None:
        """Flip one byte of a copy, or one to three bytes in a random page, and use it."""
        path = group_path(name)
        shutil.copyfile(self._copy, path)
        with closing(sqlite3.connect(path, isolation_level=None)) as copy:  # a separate group
            copy.execute("UPDATE meta SET value = ? WHERE key = 'name'", (name,))
            copy.execute("UPDATE meta SET value = ? WHERE key = 'uuid'", (uuid.uuid4().hex,))
        data = bytearray(path.read_bytes())
        if page is None:
            page = self.chance.randrange(len(data) // 4096)
        places = [self.chance.randrange(4096) for _ in range(self.chance.randint(1, 3))]
        for place in places if byte is None else [byte]:
            data[page * 4096 + place] ^= 1 << self.chance.randrange(8)
        path.write_bytes(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                jg = JobGroup.open(name)
            except JobGroupError:
                self.refused += 1
                return
            self.usable += 1
            for look in (self._look, self._run, self._look):
                with suppress(JobGroupError, RuntimeError):
                    look(jg)
        self._compare(name)

    @property
    def pages(self) -> int:
        """The number of pages of a copy."""
        return self._copy.stat().st_size // 4096

    def _look(self, jg: JobGroup) -> None:
        progress = jg.progress()
        assert progress["Total"] == sum(jg.state.counts.values())
        assert set(jg.state.counts) <= set(STATES)
        jobs = list(jg)
        for job in jobs:
            assert repr(job)
            assert isinstance(job.params | job.labels | job.metadata, dict)
            assert job.attempts is not None
            assert job.events is not None
        jg.get_results()
        jg.snapshot()

    def _run(self, jg: JobGroup) -> None:
        jg.run_parallel()
        jg.rerun()

    def _compare(self, name: str) -> None:
        given = [j for j in self.cloud.jobs() if j.body.get("job_group_name") != "sound"]
        for job in given:
            assert json.dumps(job.body["payload"]) in self._bodies, "a damaged body was sent"
        assert len(given_to(self.cloud, name)) <= JOBS
        with suppress(JobGroupError):
            assert len(JobGroup.open("sound")) == JOBS
