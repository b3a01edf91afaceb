"""Define the states of a job, and the sets of states for counts and lists. Pure.

A job of a group is in exactly one *state* (:data:`STATES`). Clouds report eight of the states;
these have a :class:`RunningStatus`. Only the group has the other four: *unsent* (never sent),
*refused* (the cloud rejected the request for this job), *sending* (the intent is on disk, and the
request is in flight) and *unconfirmed* (the request was sent, and its outcome is unknown).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, Literal, TypedDict, get_args


class RunningStatus(Enum):
    """A job's status, as a cloud reports it.

    A member equals the member of Perceval's enum with the same name. Names are compared, because
    Perceval's *values* changed between releases.
    """

    NONE = "none"
    SUCCESS = "success"
    WAITING = "waiting"
    RUNNING = "running"
    SUSPENDED = "suspended"
    CANCEL_REQUESTED = "cancel_requested"
    CANCELED = "canceled"
    ERROR = "error"
    UNKNOWN = "unknown"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Enum) and type(other).__name__ == "RunningStatus":
            return self.name == other.name
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)  # as in Enum, so that sets and dicts can mix both classes

    @staticmethod
    def from_server_response(word: str) -> RunningStatus:
        """Return the status for a cloud's status word; ``UNKNOWN`` for an unknown word.

        Source: the status words of Quandela Cloud's REST API, where success is "completed".
        """
        return _BY_WORD.get(word.strip().lower(), RunningStatus.UNKNOWN)

    @staticmethod
    def to_server_response(status: RunningStatus) -> str:
        """Return the cloud's word for a status, such as "completed" for ``SUCCESS``."""
        return "completed" if status == RunningStatus.SUCCESS else status.name.lower()

    @staticmethod
    def merge_with_index(
        left: RunningStatus, right: RunningStatus, index_left: int, index_right: int
    ) -> tuple[RunningStatus, int]:
        """Return the joint status of two parts of a job, and the index of the deciding part.

        The status that is defined later decides. Success and waiting together are ``RUNNING``.
        """
        order = list(RunningStatus.__members__)
        ranked = sorted(
            ((left, index_left), (right, index_right)),
            key=lambda each: order.index(each[0].name),
        )
        if [each.name for each, _ in ranked] == ["SUCCESS", "WAITING"]:
            return RunningStatus.RUNNING, ranked[1][1]
        is_tie = left.name == right.name
        decisive, index = ranked[0] if is_tie else ranked[1]
        return RunningStatus[decisive.name], index


_BY_WORD: Final = {s.value: s for s in RunningStatus if s is not RunningStatus.NONE} | {
    "completed": RunningStatus.SUCCESS,
    "cancelled": RunningStatus.CANCELED,
    "cancelling": RunningStatus.CANCEL_REQUESTED,
}

UNSENT: Final = "unsent"
REFUSED: Final = "refused"
SENDING: Final = "sending"
UNCONFIRMED: Final = "unconfirmed"

State = Literal[
    "unsent",
    "refused",
    "sending",
    "unconfirmed",
    "waiting",
    "running",
    "cancel_requested",
    "suspended",
    "unknown",
    "success",
    "error",
    "canceled",
]
"""State of a job."""

STATES: Final[tuple[State, ...]] = get_args(State)
"""All states, in the order in which the dashboard shows them."""

REMOTE_MISSING: Final = "404"
"""Status word of a job that is *unknown* because its cloud no longer has it."""

NOT_SENT: Final = frozenset({UNSENT, REFUSED})
"""States of ``list_unsent_jobs()``, which ``progress()['Unfinished'][1]['not sent']`` counts."""

TERMINAL: Final = frozenset({"success", "error", "canceled"})
"""States that never change. jobgroup does not poll jobs in these states."""

FAILED: Final = frozenset({"error", "canceled"})
"""States that a rerun takes if no jobs are named."""

RERUNNABLE: Final = FAILED | {"success", REFUSED}
"""States that a rerun takes if jobs are named."""

ACTIVE: Final = frozenset({"waiting", "running"})
"""States that ``list_active_jobs`` returns."""

ON_CLOUD: Final = frozenset({"waiting", "running", "cancel_requested", "suspended", "unknown"})
"""States of jobs that have a remote id and may still change. jobgroup polls these jobs."""

PENDING: Final = frozenset({"waiting", "running", "cancel_requested"})
"""States that ``wait`` waits for."""

SENT: Final = frozenset({SENDING, UNCONFIRMED, "waiting", "running", "cancel_requested"})
"""States that ``progress()['Unfinished'][1]['sent']`` counts."""

_MAY_BECOME: Final = {
    SENDING: frozenset({"waiting", UNSENT, UNCONFIRMED}),
    UNCONFIRMED: frozenset({"waiting", UNSENT, "unknown"}),
    UNSENT: frozenset(),
    **dict.fromkeys(ON_CLOUD, ON_CLOUD | TERMINAL),
}
"""Next states of an attempt. An *unsent* attempt was sent in part. The user may have closed an
*unknown* one. Final states never change.
"""


def may_become(state: str, to: str) -> bool:
    """Return whether an attempt in one state may change to another.

    >>> may_become("sending", "waiting"), may_become("success", "running")
    (True, False)
    """
    return to in _MAY_BECOME.get(state, ())


UNSUCCESSFUL: Final = frozenset({"error", "canceled", "unknown", "suspended"})
"""States that ``progress()['Finished'][1]['unsuccessful']`` counts."""

ERROR_FREE: Final = frozenset({SENDING, "success"}) | ON_CLOUD - {"unknown"}
"""States in which a job's message is not an error."""

FILTERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "all": STATES,
        "unsent": (UNSENT,),
        "waiting": (SENDING, "waiting"),
        "running": ("running", "cancel_requested"),
        "success": ("success",),
        "error": ("error",),
        "canceled": ("canceled",),
        "refused": (REFUSED,),
        "unconfirmed": (UNCONFIRMED,),
        "other": ("suspended", "unknown"),
    }
)
"""States that each filter of the dashboard shows. Each state is in "all" and in one other filter.
"""

LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{state: state for state in STATES},
        "unsent": "to send",
        "waiting": "queued",
        "cancel_requested": "canceling",
        "success": "done",
        "error": "failed",
    }
)
"""The dashboard's label for each state. The dashboard and `JobGroup.find` accept states and labels.
"""


def parse_state(word: str) -> str | None:
    """Return the state that has a given name or label; None if there is none.

    >>> parse_state("Done"), parse_state("to-send"), parse_state("success"), parse_state("over")
    ('success', 'unsent', 'success', None)
    """
    word = word.lower().replace("-", " ").replace("_", " ")
    for state, label in LABELS.items():
        if word in (state.replace("_", " "), label):
            return state
    return None


def parse_filter(word: str) -> str | None:
    """Return the filter with a given name, or the one for a given state or label; None for neither.

    >>> parse_filter("all"), parse_filter("done"), parse_filter("canceling"), parse_filter("over")
    ('all', 'success', 'running', None)
    """
    if word in FILTERS:
        return word
    state = parse_state(word)
    return next((f for f, states in FILTERS.items() if state in states and f != "all"), None)


BAR_ORDER: Final = (
    *(state for state in STATES if state in TERMINAL),
    *(state for state in reversed(STATES) if state not in TERMINAL),
)
"""Order of the segments of a progress bar: ended jobs first, unsent jobs last."""


class Progress(TypedDict):
    """The counts that ``JobGroup.progress()`` returns.

    Attributes:
        Total: number of all jobs.
        Finished: number of jobs that have ended, and ``{'successful': a, 'unsuccessful': b}``.
        Unfinished: number of the other jobs, and ``{'sent': c, 'not sent': d}``.
    """

    Total: int
    Finished: list[Any]
    Unfinished: list[Any]


def progress_of(counts: Mapping[str, int]) -> Progress:
    """Convert counts by state to the counts of ``JobGroup.progress()``.

    >>> progress_of({"success": 1, "running": 2, "unsent": 3})["Unfinished"]
    [5, {'sent': 2, 'not sent': 3}]
    """
    successful = counts.get("success", 0)
    unsuccessful = sum(counts.get(s, 0) for s in UNSUCCESSFUL)
    sent = sum(counts.get(s, 0) for s in SENT)
    unsent = sum(counts.get(s, 0) for s in NOT_SENT)
    return {
        "Total": successful + unsuccessful + sent + unsent,
        "Finished": [
            successful + unsuccessful,
            {"successful": successful, "unsuccessful": unsuccessful},
        ],
        "Unfinished": [sent + unsent, {"sent": sent, "not sent": unsent}],
    }


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job's status at one moment, with the properties of Perceval's ``JobStatus``.

    Calling a status returns its name: ``job.status()`` is ``"RUNNING"``. As in Perceval, an unsent
    job's status is ``WAITING``. Use ``job.was_sent`` or ``job.state`` to distinguish unsent jobs.

    Times are in seconds since the epoch (UTC), and durations in seconds. ``progress`` is 0 to 1.
    """

    status: RunningStatus = RunningStatus.WAITING
    message: str | None = None
    progress: float = 0.0
    creation_timestamp: float | None = None
    start_timestamp: float | None = None
    duration: float | None = None

    def __call__(self) -> str:
        """Return the status's name."""
        return self.status.name

    def __str__(self) -> str:
        return self.status.name

    @property
    def waiting(self) -> bool:
        """Whether the job is waiting to be run."""
        return self.status is RunningStatus.WAITING

    @property
    def running(self) -> bool:
        """Whether the job is running, even if its cancellation was requested."""
        return self.status in (RunningStatus.RUNNING, RunningStatus.CANCEL_REQUESTED)

    @property
    def completed(self) -> bool:
        """Whether the job has ended: success, error or canceled."""
        return self.status.value in TERMINAL

    @property
    def canceled(self) -> bool:
        """Whether the job was canceled, or its cancellation was requested."""
        return self.status in (RunningStatus.CANCELED, RunningStatus.CANCEL_REQUESTED)

    @property
    def success(self) -> bool:
        """Whether the job succeeded."""
        return self.status is RunningStatus.SUCCESS

    @property
    def failed(self) -> bool:
        """Whether the job ended without success: error or canceled."""
        return self.status.value in FAILED

    @property
    def maybe_completed(self) -> bool:
        """Whether results may exist: the job has ended, or its status is unknown."""
        return self.completed or self.unknown

    @property
    def unknown(self) -> bool:
        """Whether the cloud reported a status that this version of jobgroup does not know."""
        return self.status is RunningStatus.UNKNOWN

    @property
    def stop_message(self) -> str | None:
        """The cloud's message about a failure; None for a job that has not failed."""
        return self.message if self.failed else None

    @property
    def running_time(self) -> float:
        """Run time so far, in seconds; 0.0 before the job starts."""
        if self.duration:
            return self.duration
        if self.start_timestamp is None or self.completed:
            return 0.0
        return max(0.0, time.time() - self.start_timestamp)


@dataclass(frozen=True, slots=True)
class RemoteStatus:
    """A job's status as its cloud reports it. Missing values are None.

    Attributes:
        provider_status: the cloud's own status word, unchanged.
        state: the corresponding state (`STATES`).
        message: reason for a failure, or current phase of the job.
        progress: share of the job that is done, 0 to 1.
        created_at: time of creation, in seconds since the epoch.
        started_at: time of the start, in seconds since the epoch.
        duration_s: run time in seconds.
        shots: number of shots used.
        name: name of the job on the cloud.
    """

    provider_status: str
    state: str
    message: str | None = None
    progress: float | None = None
    created_at: float | None = None
    started_at: float | None = None
    duration_s: float | None = None
    shots: int | None = None
    name: str | None = None
