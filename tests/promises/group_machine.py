"""A state machine that combines all actions on a group, and checks the group after every step.

A step may change only what was requested. Everything else must be as it was before the step.
"""

from __future__ import annotations

import itertools
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from ledger import CREATING, Ledger, given_to, in_flight, requests
from nursery import Nursery

from jobgroup import InvalidTokenError, JobGroup, JobGroupError, RemoteJob, set_token
from jobgroup.cloud import EmbeddedCloud
from jobgroup.engine.queued_sending import MAX_CREATES_IN_FLIGHT
from jobgroup.status import FAILED, NOT_SENT, TERMINAL

KINDS: dict[str, dict[str, Any]] = {
    "quick": {},
    "short": {"duration_s": 0.02},
    "long": {"duration_s": 600},
    "fails": {"fail": "on purpose"},
}
OPEN_OUTCOME = ("drop_response", "drop_request", "malformed_response")
WORDS = {"completed": "success", "error": "error", "canceled": "canceled"}
MODES = {
    "parallel": "jg.run_parallel()",
    "queue": "jg.run_parallel(queue=True)",
    "background": "jg.start(queue=True).result(120)",
    "rerun": "jg.rerun_failed_parallel()",
    "rerun queue": "jg.rerun_failed_parallel(queue=True)",
    "append": "jg.rerun_failed_parallel(False)",
}
CHILD = """
jg = JobGroup.open(name)
say("go")
try:
    {}
except (JobGroupError, TimeoutError) as error:
    say(repr(error))
"""

FAULTY = """
import resource, threading
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # it may be a file, to which the limit applies too

def let_nothing_be_written():
    hear()
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, most))
    time.sleep(0.3)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

fault = threading.Thread(target=let_nothing_be_written)
fault.start()
"""
"""A disk that accepts no writes for a while, and then accepts them again."""

_numbers = itertools.count()


@dataclass(frozen=True)
class Snapshot:
    """The known facts of a job."""

    name: str
    state: str
    ids: tuple[str | None, ...]
    note: str


class GroupMachine(RuleBasedStateMachine):
    """A machine whose subclasses, made by `on`, name the cloud and the source of children."""

    cloud: ClassVar[EmbeddedCloud]
    nursery: ClassVar[Nursery]
    tally: ClassVar[dict[str, int]]

    @classmethod
    def on(cls, cloud: EmbeddedCloud, nursery: Nursery) -> type[GroupMachine]:
        """Return the machine for a cloud."""
        return type("Machine", (cls,), {"cloud": cloud, "nursery": nursery, "tally": {}})

    @initialize(
        knows_keys=st.booleans(),
        kinds=st.lists(st.sampled_from(list(KINDS)), min_size=3, max_size=8),
    )
    def begin(self, knows_keys: bool, kinds: list[str]) -> None:
        self.name = f"machine {next(_numbers)}"
        self._serial = itertools.count()
        self.cloud.faults.clear()
        self.cloud.set_plan(supports_idempotency_keys=knows_keys, max_queue=1_000_000)
        self.jg = JobGroup(self.name)
        self._count("examples")
        self._add(kinds, elsewhere=False)

    def teardown(self) -> None:
        self.nursery.clear()
        self.cloud.faults.clear()
        if hasattr(self, "jg"):
            with suppress(JobGroupError), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.jg.cancel_all()

    # -- actions of a user -------------------------------------------------------------------------

    @rule(
        kinds=st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=5),
        elsewhere=st.booleans(),
    )
    def add(self, kinds: list[str], elsewhere: bool) -> None:
        self._add(kinds, elsewhere=elsewhere)

    def _add(self, kinds: list[str], *, elsewhere: bool) -> None:
        names = [f"{kind} {next(self._serial)}" for kind in kinds]
        with self._step(added=names):
            if elsewhere:
                jobs = [(n, KINDS[k]) for n, k in zip(names, kinds, strict=True)]
                source = "JobGroup(name).add_many([job(n, **p) for n, p in jobs])"
                self.nursery.start(source, name=self.name, jobs=jobs).all()
            else:
                self.jg.add_many([self._job(n, k) for n, k in zip(names, kinds, strict=True)])
        self._count("jobs", len(kinds))

    @rule(mode=st.sampled_from(["parallel", "queue", "background"]))
    def run(self, mode: str) -> None:
        self._do(mode)

    @rule(mode=st.sampled_from(["rerun", "rerun queue", "append"]))
    def rerun(self, mode: str) -> None:
        self._do(mode)

    @rule(mode=st.sampled_from(list(MODES)))
    def run_elsewhere(self, mode: str) -> None:
        with self._step(asked=self._takes(mode), appends=mode == "append"):
            self.nursery.start(CHILD.format(MODES[mode]), name=self.name).all()

    @precondition(lambda self: not self._has_unsent("long"))
    @rule()
    def run_sequentially(self) -> None:
        with self._step(asked=self._takes("parallel")), suppress(JobGroupError):
            self.jg.run_sequential(0)

    @rule(mode=st.sampled_from(list(MODES)), after=st.integers(0, 3), delay_ms=st.integers(0, 30))
    def kill(self, mode: str, after: int, delay_ms: int) -> None:
        with self._step(
            asked=self._takes(mode), appends=mode == "append", in_flight=MAX_CREATES_IN_FLIGHT
        ):
            child = self.nursery.start(CHILD.format(MODES[mode]), name=self.name)
            child.hear()
            enough = requests(self.cloud, *CREATING) + after
            while requests(self.cloud, *CREATING) < enough and child.is_alive:
                time.sleep(0.002)
            time.sleep(delay_ms / 1000)
            child.kill()
            self.jg.state.observe(lambda _: None)
            self._until(lambda: not in_flight(self.name))
            self.jg.state.unobserve_all()
        self._count("kills")

    @rule(mode=st.sampled_from(list(MODES)), after=st.integers(0, 3), delay_ms=st.integers(0, 30))
    def fail_the_disk(self, mode: str, after: int, delay_ms: int) -> None:
        with self._step(asked=self._takes(mode), appends=mode == "append"):
            child = self.nursery.start(FAULTY + CHILD.format(MODES[mode]), name=self.name)
            child.hear()
            enough = requests(self.cloud, *CREATING) + after
            for _ in range(50):
                if requests(self.cloud, *CREATING) >= enough or not child.is_alive:
                    break
                time.sleep(0.002)
            time.sleep(delay_ms / 1000)
            with suppress(OSError):  # the process has ended
                child.tell()
            child.all()
        self._count("disk faults")

    @rule(count=st.integers(2, 3))
    def race(self, count: int) -> None:
        with self._step(asked=self._takes("parallel")):
            racers = [
                self.nursery.start(CHILD.format(MODES["parallel"]), name=self.name)
                for _ in range(count)
            ]
            with suppress(JobGroupError):
                self.jg.run_parallel()
            for racer in racers:
                racer.all()
        self._count("races")

    @rule(elsewhere=st.booleans())
    def cancel_all(self, elsewhere: bool) -> None:
        with self._step():
            if elsewhere:
                source = "JobGroup(name).cancel()"
                self.nursery.start(source, name=self.name).all()
            else:
                self.jg.cancel_all()

    @precondition(lambda self: len(self.jg))
    @rule(data=st.data())
    def one_job(self, data: st.DataObject) -> None:
        position = data.draw(st.integers(0, len(self.jg) - 1), "position")
        job = self.jg[position]
        what = data.draw(st.sampled_from(["cancel", "rerun", "append", "execute", "note"]), "what")
        appends = what == "append"
        mode = {"execute": "parallel"}.get(what, what)
        asked = {position} & self._takes(mode) if mode in MODES else set()
        with self._step(asked=asked, appends=appends):
            with suppress(JobGroupError, RuntimeError):
                if what == "cancel":
                    job.cancel()
                elif what in ("rerun", "append"):
                    job.rerun(replace=not appends)
                elif what == "execute":
                    job.execute_async()

    @rule()
    def pause_and_resume(self) -> None:
        with self._step(asked=self._takes("parallel")):
            self.jg.pause()
            before = len(self._given())
            run = self.jg.start(queue=True)
            time.sleep(0.05)
            assert len(self._given()) == before, "a paused group sent something"
            self.jg.resume()
            with suppress(JobGroupError):
                run.result(120)

    @rule(restored_elsewhere=st.booleans())
    def delete_and_restore(self, restored_elsewhere: bool) -> None:
        with self._step():
            JobGroup.delete_job_group(self.name)
            assert self.name not in JobGroup.list_existing()
            assert self.name in JobGroup.list_trash()
            if restored_elsewhere:
                self.nursery.start("JobGroup.restore(name)", name=self.name).all()
            else:
                JobGroup.restore(self.name)

    @rule()
    def decide(self) -> None:
        """Settle jobs as a user would after looking at the cloud's website."""
        ledger = Ledger(self.jg, self.cloud).check(unconfirmed=1_000)
        with self._step(asked=set(ledger.unconfirmed)):
            with suppress(JobGroupError, RuntimeError):
                ledger.settle()

    # -- actions of a cloud ------------------------------------------------------------------------

    @rule(
        kind=st.sampled_from(["drop_response", "drop_request", "malformed_response"]),
        times=st.integers(1, 2),
        calls=st.sampled_from([CREATING, ("status",), ("availability",), ()]),
    )
    def lose(self, kind: Any, times: int, calls: tuple[Any, ...]) -> None:
        self.cloud.faults.add(kind, times=times, calls=calls)
        self._count("faults", times)

    @rule(
        status=st.sampled_from([400, 403, 408, 422, 429, 500, 503]),
        times=st.integers(1, 3),
        calls=st.sampled_from([CREATING, ("status",), ("cancel",), ()]),
    )
    def refuse(self, status: int, times: int, calls: tuple[Any, ...]) -> None:
        self.cloud.faults.add(
            "http_error", status=status, times=times, calls=calls, retry_after_s=0
        )
        self._count("faults", times)

    @rule(kind=st.sampled_from(["refuse_token", "no_credits", "fail_job"]), times=st.integers(1, 3))
    def deny(self, kind: Any, times: int) -> None:
        self.cloud.faults.add(kind, times=times)
        self._count("faults", times)

    @rule()
    def calm(self) -> None:
        self.cloud.faults.clear()

    @rule(room=st.integers(0, 3))
    def fill_plan(self, room: int) -> None:
        waiting = sum(job.status not in WORDS for job in self.cloud.jobs())
        with self._step(asked=self._takes("parallel")):
            self.cloud.set_plan(max_queue=waiting + room)
            try:
                with suppress(JobGroupError):
                    self.jg.run_parallel()
            finally:
                self.cloud.set_plan(max_queue=1_000_000)

    @rule()
    def revoke_token(self) -> None:
        self.cloud.faults.clear()
        with self._step():
            set_token("revoked", url=self.cloud.url)
            try:
                if self._takes("parallel"):
                    try:
                        self.jg.run_parallel()
                    except InvalidTokenError:
                        pass
                    else:
                        raise AssertionError("a revoked token sent a job")
            finally:
                set_token(self.cloud.token, url=self.cloud.url)

    # -- comparing ---------------------------------------------------------------------------------

    @contextmanager
    def _step(
        self,
        *,
        asked: set[int] | None = None,
        added: list[str] | None = None,
        appends: bool = False,
        in_flight: int = 0,
    ) -> Iterator[None]:
        before, open_before = self._snapshots(), self._open_outcomes()
        unconfirmed = sum(job.state == "unconfirmed" for job in before)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
        self._compare(before, asked or set(), added or [], appends=appends)
        may_be = unconfirmed + in_flight + self._open_outcomes() - open_before
        Ledger(self.jg, self.cloud).check(unconfirmed=may_be)
        if not self.cloud.faults.active():
            self._compare_states()
        self._count("steps")

    def _compare(
        self, before: list[Snapshot], asked: set[int], added: list[str], *, appends: bool
    ) -> None:
        after = self._snapshots()
        new = after[len(before) :]
        if appends:
            assert len(new) <= len(asked)
            assert {job.name for job in new} <= {before[position].name for position in asked}
        else:
            assert [job.name for job in new] == added
        for position, (old, now) in enumerate(zip(before, after, strict=False)):
            assert (old.name, old.note) == (now.name, now.note)
            for old_id, new_id in zip(old.ids, now.ids, strict=False):
                assert old_id in (None, new_id), "an attempt's id has changed"
            may_send = position in asked and not appends
            if position not in asked or appends:
                assert len(now.ids) == len(old.ids), f"{old.name} was sent unasked"
                assert old.state not in TERMINAL or now.state == old.state
                assert (old.state == "unsent") == (now.state == "unsent")
            else:
                assert may_send
                assert len(old.ids) <= len(now.ids) <= len(old.ids) + 1, f"{old.name} sent twice"

    def _compare_states(self) -> None:
        """Check that every job that ended on the cloud has the same state in the group."""

        def agree() -> bool:
            ended = {j.id: WORDS[j.status] for j in self._given() if j.status in WORDS}
            self.jg.refresh()
            return all(
                job.state == ended[job.id]
                for job in self.jg
                if job.id is not None and job.id in ended
            )

        self._until(agree)

    def _do(self, mode: str) -> None:
        with self._step(asked=self._takes(mode), appends=mode == "append"):
            with suppress(JobGroupError):
                exec(MODES[mode], {"jg": self.jg})

    def _takes(self, mode: str) -> set[int]:
        """Return the jobs that a run may send. Failures are known only after a poll."""
        if mode in ("rerun", "rerun queue", "append"):
            failed = {j.id for j in self._given() if j.status in ("error", "canceled")}
            running = {j.id for j in self._given() if j.status not in WORDS}
            return {
                job.position
                for job in self.jg
                if job.state in FAILED | {"unconfirmed"} or job.id in failed | running
            }
        # queued runs skip refused jobs, and other runs send them again
        states = {"unsent"} if mode == "queue" else NOT_SENT
        return {job.position for job in self.jg if job.state in states}

    def _has_unsent(self, kind: str) -> bool:
        unsent = (job for job in self.jg if job.state in NOT_SENT)
        return any(job.name.startswith(kind) for job in unsent)

    def _open_outcomes(self) -> int:
        """Return the number of create requests whose outcome is unknown."""
        return sum(
            entry.call in CREATING
            and (
                bool(set(entry.faults) & set(OPEN_OUTCOME))
                or entry.status == 408
                or (entry.status or 0) >= 500
            )
            for entry in self.cloud.log
        )

    def _snapshots(self) -> list[Snapshot]:
        return [
            Snapshot(job.name, job.state, tuple(a.remote_id for a in job.attempts), job.note)
            for job in self.jg
        ]

    def _given(self) -> list[Any]:
        return given_to(self.cloud, self.name)

    def _job(self, name: str, kind: str) -> RemoteJob:
        body = {"command": "timer", "parameters": KINDS[kind]}
        return RemoteJob(body, platform="test:timer", url=self.cloud.url, name=name)

    def _until(self, condition: Callable[[], Any]) -> None:
        give_up = time.monotonic() + 180
        while not condition():
            assert time.monotonic() < give_up, "it did not come true"
            time.sleep(0.02)

    def _count(self, what: str, by: int = 1) -> None:
        self.tally[what] = self.tally.get(what, 0) + by
