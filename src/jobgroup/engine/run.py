"""Define the request and the progress of a run. `engine.runner` executes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from jobgroup.errors import JobGroupError
from jobgroup.status import FAILED, NOT_SENT, REMOTE_MISSING, RERUNNABLE, UNSENT
from jobgroup.store import JobRecord

Mode = Literal["parallel", "sequential", "queue"]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The jobs that a run sends, and its rules.

    Attributes:
        rerun: whether to rerun ended jobs; otherwise unsent jobs are sent.
        entry_ids: ids of the entries; None for all.
        mode: "parallel", "sequential" or "queue".
        replace: whether a rerun is an attempt of the same entry; otherwise it is a new entry.
        waits: whether the run lasts until all its jobs have ended.
        overrides: new values for parameters of the jobs that a rerun sends.
        delay_s: in "sequential" mode, seconds between the end of one job and the start of the next.
        concurrent_job_count: in "queue" mode, maximum number of jobs on an account at once.
        stop_after_failures: number of failed jobs after which the run ends.
        retries: maximum number of retries of a job that ends in error. With retries, the run lasts
            until all its jobs have ended.
        budget_shots: maximum number of shots for all attempts of the group together.
        is_background: whether no caller waits for the run; then it waits out every outage, and
            waits for a new token.
    """

    rerun: bool = False
    entry_ids: tuple[int, ...] | None = None
    mode: Mode = "parallel"
    replace: bool = True
    waits: bool = False
    overrides: Mapping[str, Any] = field(default_factory=dict)
    delay_s: float = 0.0
    concurrent_job_count: int | None = None
    stop_after_failures: int | None = None
    retries: int = 0
    budget_shots: int | None = None
    is_background: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError if the mode does not exist."""
        if self.mode not in get_args(Mode):
            raise ValueError(f"There is no mode {self.mode!r}. Modes are {get_args(Mode)}.")

    @property
    def awaits_ends(self) -> bool:
        """Whether the run lasts until its jobs have ended."""
        return self.waits or self.retries > 0

    @property
    def watches_earlier_jobs(self) -> bool:
        """Whether the group's jobs that are on the cloud already count as jobs of the run."""
        return self.entry_ids is None and (self.waits or self.concurrent_job_count is not None)

    @property
    def states(self) -> frozenset[str]:
        """States of the jobs that are sent. Named jobs may have additional states."""
        if self.rerun:
            return FAILED if self.entry_ids is None else RERUNNABLE
        passes_over_refused = self.entry_ids is None and (
            self.mode == "queue" or self.is_background
        )
        return frozenset({UNSENT}) if passes_over_refused else NOT_SENT

    def can_join(self, other: RunRequest) -> bool:
        """Return whether a run of `other` sends the same jobs by the same rules."""
        mine, theirs = (
            (r.entry_ids, r.rerun, r.waits, r.overrides, r.retries, r.budget_shots)
            for r in (self, other)
        )
        return self.entry_ids is None and mine == theirs


@dataclass(slots=True)
class RunProgress:
    """The jobs of a run by entry, with the reasons for jobs that could not be sent."""

    total: int = 0
    sent: list[int] = field(default_factory=list)
    retried: list[int] = field(default_factory=list)
    succeeded: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    not_sent: dict[int, str] = field(default_factory=dict)


class Run:
    """A run, which any thread of this process can watch, join and cancel.

    Attributes:
        request: jobs and rules of the run.
        progress: progress of the run.
        refusals: errors of single jobs, by entry; the other jobs were sent nevertheless.
        is_canceled: whether the run was canceled and sends nothing more.
        stopped_by: name of the caller of `stop`; None if it was not called.
        is_finished: whether the run is done, canceled or failed.
        error: error that ended the run.
    """

    def __init__(self, request: RunRequest) -> None:
        self.request = request
        self.progress = RunProgress()
        self.refusals: dict[int, JobGroupError] = {}
        self.is_canceled = False
        self.stopped_by: str | None = None
        self.is_finished = False
        self.error: BaseException | None = None

    def cancel(self) -> None:
        """Stop sending. Requests in flight are still recorded, and jobs on the cloud continue."""
        self.is_canceled = True

    def stop(self, by: str) -> None:
        """Cancel the run because `stop` was called."""
        self.stopped_by = by
        self.cancel()

    def record_outcome(self, record: JobRecord) -> None:
        """Count a job that has ended."""
        if record.state == "success":
            self.progress.succeeded.add(record.entry_id)
            self.progress.failed.discard(record.entry_id)  # a retry has succeeded
        elif record.state in FAILED or record.provider_status == REMOTE_MISSING:
            self.progress.failed.add(record.entry_id)

    @property
    def has_too_many_failures(self) -> bool:
        """Whether `stop_after_failures` jobs have failed."""
        limit = self.request.stop_after_failures
        return limit is not None and len(self.progress.failed) >= limit
