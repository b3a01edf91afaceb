"""A run: its request and its progress. State only; `engine.runner` does the work."""

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
        rerun: send jobs that have ended again; otherwise send unsent ones.
        entry_ids: ids of the entries; None for all.
        mode: "parallel", "sequential" or "queue".
        replace: make a rerun an attempt of the same entry; otherwise append an entry.
        waits: end when all its jobs have ended.
        overrides: new values for parameters of the jobs that a rerun sends.
        delay_s: in sequence, seconds between the end of one job and the start of the next.
        concurrent_job_count: in a queue, maximum number of an account's jobs at once.
        stop_after_failures: number of failed jobs that ends the run.
        retries: how often to send a job again that the cloud ends in error. With any, the run
            lasts until all its jobs have ended.
        budget_shots: shots that all attempts of the group may use together.
        is_background: no caller waits for it, so it waits out every outage, also for a new token.
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
        """Check the mode. Raises ValueError if there is no such mode."""
        if self.mode not in get_args(Mode):
            raise ValueError(f"There is no mode {self.mode!r}; there are {get_args(Mode)}.")

    @property
    def awaits_ends(self) -> bool:
        """Whether the run lasts until its jobs have ended."""
        return self.waits or self.retries > 0

    @property
    def states(self) -> frozenset[str]:
        """The states of the jobs that are sent; jobs that are named may have more of them."""
        if self.rerun:
            return FAILED if self.entry_ids is None else RERUNNABLE
        passes_over_refused = self.entry_ids is None and (
            self.mode == "queue" or self.is_background
        )
        return frozenset({UNSENT}) if passes_over_refused else NOT_SENT

    def can_join(self, other: RunRequest) -> bool:
        """Whether a run of `other` sends the same jobs by the same rules."""
        mine, theirs = (
            (r.entry_ids, r.rerun, r.waits, r.overrides, r.retries, r.budget_shots)
            for r in (self, other)
        )
        return self.entry_ids is None and mine == theirs


@dataclass(slots=True)
class RunProgress:
    """The jobs of a run by entry, and the reasons of those that could not be sent."""

    total: int = 0
    sent: list[int] = field(default_factory=list)
    retried: list[int] = field(default_factory=list)
    succeeded: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    not_sent: dict[int, str] = field(default_factory=dict)


class Run:
    """A run that others in this process can watch, join and cancel, from any thread.

    Attributes:
        request: what it is to do.
        progress: how far it is.
        refusals: errors of single jobs, by entry; the others were sent all the same.
        is_canceled: whether it sends nothing more.
        stopped_by: who has asked for that with `stop`, in words; None if it was not called.
        is_finished: whether it is done, canceled or failed.
        error: what ended it.
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
        """Send nothing more. Requests in flight are recorded, and jobs on the cloud continue."""
        self.is_canceled = True

    def stop(self, by: str) -> None:
        """Cancel it because `stop` was called."""
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
