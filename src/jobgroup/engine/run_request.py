"""What a run is to do, and how one under way is going. Pure, but for the event that it is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import anyio

from jobgroup.status import FAILED, UNSENT

Mode = Literal["parallel", "sequential", "queue"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to do.

    Attributes:
        rerun: send failed jobs again; else send unsent ones.
        positions: which of them; None for all.
        mode: "parallel", "sequential" or "queue".
        replace: a rerun is a new attempt of the same entry; else a new entry.
        changes: other values for parameters of the jobs that a rerun takes.
        delay_s: sequential: seconds between the end of one job and the start of the next.
        concurrent_job_count: queue: at most so many of an account's jobs at once.
        stop_after_failures: end the run when so many of its jobs have failed.
        is_background: nobody waits for it: it waits out whatever may pass, a refused token too.
    """

    rerun: bool = False
    positions: tuple[int, ...] | None = None
    mode: Mode = "parallel"
    replace: bool = True
    changes: Mapping[str, Any] = field(default_factory=dict)
    delay_s: float = 0.0
    concurrent_job_count: int | None = None
    stop_after_failures: int | None = None
    is_background: bool = False

    def __post_init__(self) -> None:
        """Refuse a mode that there is not.

        Raises:
            ValueError: there is no such mode.
        """
        if self.mode not in get_args(Mode):
            raise ValueError(f"There is no mode {self.mode!r}; there are {get_args(Mode)}.")

    @property
    def states(self) -> frozenset[str]:
        """The states of the jobs that it takes."""
        return FAILED if self.rerun else frozenset({UNSENT})

    def joins(self, other: Plan) -> bool:
        """Whether a run under way does what this one would."""
        mine, its = ((p.positions, p.rerun, p.changes) for p in (self, other))
        return self.positions is None and mine == its


@dataclass(slots=True)
class RunProgress:
    """How a run is going: positions, and sentences for those that could not be sent."""

    total: int = 0
    sent: list[int] = field(default_factory=list)
    succeeded: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    not_sent: dict[int, str] = field(default_factory=dict)


class UnderWay:
    """A run that others of this process can see, join and stop. Read `tally` from any thread."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.tally = RunProgress()
        self.is_stopping = False
        self.finished = anyio.Event()
        self.error: BaseException | None = None

    def stop(self) -> None:
        """Send nothing more; what is in flight is recorded."""
        self.is_stopping = True
