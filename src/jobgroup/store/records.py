"""Define the store's immutable records. Pure.

Times are in seconds since the epoch (UTC), durations in seconds; None means unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from jobgroup.fingerprint import with_composition
from jobgroup.status import REMOTE_MISSING, TERMINAL, UNSENT, RemoteStatus, State
from jobgroup.store.encoding import as_object
from jobgroup.system import ProcessIdentity

AccountKey = tuple[str, str, str]
"""Provider, origin and account label of an account."""


class Target(NamedTuple):
    """The target of a job: provider, origin, account and platform."""

    provider: str
    origin: str
    account: str
    platform: str

    @property
    def account_key(self) -> AccountKey:
        return self[:3]

    @property
    def platform_key(self) -> tuple[str, str, str]:
        """Provider, origin and platform, which do not depend on the account."""
        return self.provider, self.origin, self.platform


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to add, without its position in the group.

    Attributes:
        body: create body, verbatim except for `job_name` and `job_group_name`.
        params: parameters of the call, and short values of the payload.
        labels: the user's labels.
        metadata: metadata read from the payload (circuit, modes, photons, ...).
        remote_ids: ids of the sub-jobs of a job that was already sent.
        state: state of such a job.
        composition: recipe that combines the results of its sub-jobs; the body then has `parts`,
            one body for each sub-job.
        status: the cloud's status of such a job; it overrides `state` and `message`.
        added_at: time at which the job was added to the group that it was imported from; None for
            now.
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
    def first_state(self) -> str:
        """State of the job's new entry."""
        if not self.remote_ids:
            return UNSENT
        return self.status.state if self.status else self.state

    @property
    def compared_body(self) -> Mapping[str, Any]:
        """Body, with the composition if there is one; {} if there is no body."""
        return with_composition(self.body or {}, self.composition)


def ended_at(status: RemoteStatus, *, heard_at: float | None = None) -> float | None:
    """Return when a job ended, computed from its duration in whole seconds.

    Args:
        status: status that the cloud reported.
        heard_at: time of the first report of the job's end; None if the job ended long ago.
    """
    if status.state not in TERMINAL:
        return None
    begun = status.started_at or status.created_at
    if begun is None or status.duration_s is None:
        return heard_at
    earliest = begun + status.duration_s
    return earliest if heard_at is None else min(max(heard_at, earliest), earliest + 1.0)


class JobRow(NamedTuple):
    """Columns of the query from which a `JobRecord` is created, in order."""

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
    """A job as the file stores it, with the fields of its latest attempt.

    Attributes:
        entry_id: permanent id of the entry in its group.
        position: position in the group, counted from 0; changes when an earlier entry is removed.
        name: name on the cloud.
        provider: name of the provider.
        origin: base URL of the cloud.
        account: label of the account; "" for the default account.
        platform: name of the platform.
        state: state of the job, one of `jobgroup.status.STATES`.
        remote_id: id on the cloud; None for a job that was never sent.
        provider_status: the cloud's own status word.
        message: reason for a failure, or current phase of the job.
        progress: share of the job that is done, 0 to 1.
        attempts: number of attempts.
        note: the user's note.
        added_at: time at which the job was added.
        intent_at: time at which the intent of the attempt was recorded.
        sent_at: time at which the cloud accepted the job.
        created_at: time of creation on the cloud.
        started_at: time of the start, as the cloud reports it.
        duration_s: run time.
        finished_at: time of the end.
        rerun_of: position of the job that this entry reruns; None for no rerun.
        version: version of the group when the job last changed.
        shots: number of shots used.
    """

    __slots__ = ()

    @property
    def is_lost(self) -> bool:
        """Whether its cloud no longer has the job."""
        return self.state == "unknown" and self.provider_status == REMOTE_MISSING

    @property
    def params(self) -> dict[str, Any]:
        """Parameters of the call, and short values of the payload."""
        return as_object(self.params_json)

    @property
    def labels(self) -> dict[str, Any]:
        """Labels that the user gave."""
        return as_object(self.labels_json)

    @property
    def metadata(self) -> dict[str, Any]:
        """Metadata read from the payload: circuit, modes, photons, ..."""
        return as_object(self.metadata_json)

    @property
    def target(self) -> Target:
        """Target of the job."""
        return Target(self.provider, self.origin, self.account, self.platform)


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt to send a job.

    Attributes:
        number: number of the attempt, counted from 1.
        kind: "create", "rerun", "retry" for an automatic rerun, "changed" for a rerun with other
            parameters, or "adopted" for a job that was sent elsewhere.
        idempotency_key: the attempt's uuid, which is sent to clouds that support such keys.
        state: state of the attempt, one of `jobgroup.status.STATES`.
        remote_id: id on the cloud; None if none was received.
        message: reason for a failure, or current phase of the job.
        intent_at: time at which the intent was recorded, just before the request.
        sent_at: time at which the cloud accepted the job.
        created_at: time of creation on the cloud.
        started_at: time of the start, as the cloud reports it.
        finished_at: time of the end.
        diagnostics: known facts about a request without a response.
        shots: number of shots used; None if the cloud did not report this number.
        overrides: changes from the previous attempt, as ``{parameter: [old, new]}``.
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
    """Whether the cloud has already reported the job."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event of a job, or of the group if `entry_id` is None."""

    at: float
    entry_id: int | None
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Intent:
    """An attempt whose intent is on disk, so its request may be sent."""

    attempt_id: int
    entry_id: int
    position: int
    """Position of the entry when the intent was recorded, for messages."""
    idempotency_key: str
    name: str
    target: Target
    previous: Mapping[int, str]
    """Ids to rerun, by number of the sub-job. Sub-jobs that are created from a body have no id."""
    sent: Mapping[int, str]
    """Sub-jobs that an earlier attempt created on the cloud, and that this attempt keeps."""
    payload_id: int | None = None
    """Body of a rerun with overrides; None to send the job's own body."""
    intent_at: float | None = None
    """Time of the intent, by the sender's clock."""


@dataclass(frozen=True, slots=True)
class OverriddenBody:
    """A changed body for a rerun, and its changes as ``{parameter: [old, new]}``."""

    body: Mapping[str, Any]
    overrides: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """The holder of the lease, which is the only process that may send.

    Attributes:
        fencing_token: number that grows each time the lease is acquired.
        owner: uuid of the holder; "" if the lease was released.
        acquired_at: time of the acquisition, by the holder's clock.
        from_page: whether a page started the holder.
        beats: number that grows while the holder is alive; clocks are not compared.
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
        text: summary in one line.
        done: jobs for which the command succeeded: positions in results for users, entry ids
            between processes.
        failed: reason for each job for which it failed.
    """

    text: str
    done: list[int] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> CommandResult:
        """Return a result from JSON, in which keys are strings."""
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
    """An unresolved problem with a cloud, with its start and the message for the user."""

    kind: IncidentKind
    origin: str
    account: str
    opened_at: float
    message: str


@dataclass(frozen=True)
class ChangeSet:
    """The jobs that changed after a version, and the group's version now."""

    version: int
    records: list[JobRecord]


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """A group's entry in a list of groups.

    Attributes:
        counts: number of jobs in each state.
        size_bytes: size on disk, in bytes.
        problem: reason why the group cannot be opened; None if it can be opened.
        description: the user's description.
        swept: names of the swept values; in a group without a sweep, names of the labels that
            differ.
        is_exported: whether the group was exported since its last change.
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
