"""The store's immutable records. Pure.

Times are seconds since the epoch (UTC), durations seconds; None means unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from jobgroup.fingerprint import with_composition
from jobgroup.status import TERMINAL, RemoteStatus, State
from jobgroup.store.encoding import as_object
from jobgroup.system import ProcessIdentity


class Target(NamedTuple):
    """The target of a job: a provider's kind, an origin, an account there, a platform."""

    provider: str
    origin: str
    account: str
    platform: str


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be added: everything but its position in the group.

    Attributes:
        body: the create body, verbatim except for `job_name` and `job_group_name`.
        params: parameters of the call, and those of the payload that are worth showing.
        labels: the user's labels.
        metadata: metadata read from the payload (circuit, modes, photons, ...).
        remote_ids: ids of the sub-jobs of a job that was sent already.
        state: the state of such a job.
        composition: recipe that makes its result from those of its sub-jobs; its body then has
            `parts`, a body for each.
        status: status that a cloud reported for such a job; it overrides `state` and `message`.
        added_at: when it was added to the group that it is imported from; None for now.
    """

    name: str
    target: Target
    body: Mapping[str, Any] | None
    params: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    remote_ids: Sequence[str] = ()
    state: str = "unsent"
    message: str | None = None
    composition: Mapping[str, Any] | None = None
    status: RemoteStatus | None = None
    added_at: float | None = None

    @property
    def compared_body(self) -> Mapping[str, Any]:
        """The body, with the composition if there is one; {} without a body."""
        return with_composition(self.body or {}, self.composition)


def ended_at(status: RemoteStatus, *, heard_at: float | None = None) -> float | None:
    """Return when a job ended, which a cloud reports by a duration in whole seconds.

    Args:
        status: reported by the cloud.
        heard_at: when that was the first news of its end; None if it ended long ago.
    """
    if status.state not in TERMINAL:
        return None
    begun = status.started_at or status.created_at
    if begun is None or status.duration_s is None:
        return heard_at
    earliest = begun + status.duration_s
    return earliest if heard_at is None else min(max(heard_at, earliest), earliest + 1.0)


class JobRow(NamedTuple):
    """One row of the join that a `JobRecord` is made of, in the order of the query."""

    entry_id: int
    position: int
    name: str
    provider: str
    origin: str
    account: str
    platform: str
    state: State
    remote_id: str | None
    provider_status: str | None
    message: str | None
    progress: float | None
    attempts: int
    params_json: str
    labels_json: str
    metadata_json: str
    note: str
    added_at: float
    intent_at: float | None
    sent_at: float | None
    created_at: float | None
    started_at: float | None
    duration_s: float | None
    finished_at: float | None
    rerun_of: int | None
    attempt_id: int | None
    version: int
    shots: int | None = None
    composition_id: int | None = None


class JobRecord(JobRow):
    """A job of the group as the file has it now, with the fields of its latest attempt.

    `provider_status` is the cloud's own word; `version` is that of the group when the job last
    changed; `rerun_of` is the position of the failed job that this entry was appended for.
    An `entry_id` lasts, while a `position` changes if an entry before it is removed.
    """

    __slots__ = ()

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the call, and those of the payload that are worth showing."""
        return as_object(self.params_json)

    @property
    def labels(self) -> dict[str, Any]:
        """The labels that the user gave."""
        return as_object(self.labels_json)

    @property
    def metadata(self) -> dict[str, Any]:
        """Metadata read from the payload: circuit, modes, photons, ..."""
        return as_object(self.metadata_json)

    @property
    def target(self) -> Target:
        """The target of the job."""
        return Target(self.provider, self.origin, self.account, self.platform)


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt to send a job.

    Attributes:
        number: number of the attempt, counted from 1.
        kind: "create", "rerun", "retry" for an automatic rerun, "changed" for a rerun with other
            parameters, or "adopted" for a job that was sent elsewhere.
        idempotency_key: the attempt's uuid, sent to clouds that can look it up.
        diagnostics: what is known about a request without a response.
        shots: shots used, if the cloud reported them.
        overrides: changes from the attempt before, as ``{parameter: [old, new]}``.
    """

    id: int
    entry_id: int
    number: int
    kind: str
    idempotency_key: str
    state: str
    remote_id: str | None
    provider_status: str | None
    message: str | None
    intent_at: float
    sent_at: float | None
    created_at: float | None
    started_at: float | None
    duration_s: float | None
    finished_at: float | None
    shots: int | None
    diagnostics: Mapping[str, Any]
    overrides: Mapping[str, Any]


class Pollable(NamedTuple):
    """An attempt whose status may still change."""

    attempt_id: int
    entry_id: int
    remote_ids: list[str]
    target: Target
    sent_at: float
    may_change: bool = True
    is_canceling: bool = False
    was_seen: bool = False
    """Whether its cloud has reported it before."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Something that happened to a job, or to the group if `entry_id` is None."""

    at: float
    entry_id: int | None
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Intent:
    """An attempt whose intent is on disk and whose request may now be sent."""

    attempt_id: int
    entry_id: int
    position: int
    """The position of the entry then, for sentences."""
    idempotency_key: str
    name: str
    target: Target
    previous: Mapping[int, str]
    """The ids to rerun, by number of the sub-job; none for what is created from a body."""
    sent: Mapping[int, str]
    """The sub-jobs that the cloud has already, from an attempt that this one continues."""
    payload_id: int | None = None
    """The body of a rerun with overrides; None for the job's own."""
    intent_at: float | None = None
    """When it was intended, by the clock of its sender."""


@dataclass(frozen=True, slots=True)
class OverriddenBody:
    """Another body for a rerun, and how its parameters differ: ``{parameter: [old, new]}``."""

    body: Mapping[str, Any]
    overrides: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """The holder of the lease: the only process that may send.

    Attributes:
        fencing_token: grows each time the lease is taken.
        owner: uuid of the holder; "" if the lease was released.
        acquired_at: when it was taken, by the clock of its holder.
        from_page: whether a page started its holder.
        beats: grows while the holder lives; only its growth counts, because clocks differ.
    """

    fencing_token: int
    owner: str
    process: ProcessIdentity
    acquired_at: float
    from_page: bool
    beats: int


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The result of a command.

    Attributes:
        text: what happened, in one line.
        done: the jobs that it succeeded for, by position for a user, by entry between processes.
        failed: the reason for each job that it failed for.
    """

    text: str
    done: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> CommandResult:
        """Read the result that another process stored, whose keys are strings."""
        failed = {int(p): str(why) for p, why in document.get("failed", {}).items()}
        return cls(str(document.get("text", "")), list(document.get("done", [])), failed)


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """A request from one process to the process that runs the group."""

    id: int
    name: str
    args: Mapping[str, Any]
    state: str
    outcome: Mapping[str, Any]


IncidentKind = Literal["unreachable", "token", "credits"]


@dataclass(frozen=True, slots=True)
class Incident:
    """An unresolved problem with a cloud: its start and the sentence for the user."""

    kind: IncidentKind
    origin: str
    account: str
    opened_at: float
    message: str


@dataclass(frozen=True)
class ChangeSet:
    """The jobs that changed after a version, and the version that they lead to."""

    version: int
    records: list[JobRecord]


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """A group as a list shows it; read with one small query.

    Attributes:
        size_bytes: its size on disk.
        problem: reason why it cannot be opened; None if it can.
        description: the user's description.
        swept: names of the swept values; labels that differ if the group has no sweep.
        is_exported: whether it was exported since its last change.
    """

    name: str
    counts: Mapping[str, int]
    created_at: float
    modified_at: float
    size_bytes: int
    problem: str | None = None
    description: str = ""
    swept: tuple[str, ...] = ()
    is_exported: bool = False
