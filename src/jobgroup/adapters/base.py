"""The description of a client library's job: a :class:`JobSpec`, and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from jobgroup.errors import InvalidResponseError
from jobgroup.status import JobStatus, RemoteStatus
from jobgroup.store import NewJob, Target
from jobgroup.words import shown

SET_WHEN_SENT: Final = ("job_name", "job_group_name")
"""Fields of a create body that the engine sets for each request."""

_NO_LABELS: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job as it is taken into a group.

    Attributes:
        name: its name on the cloud.
        platform: the platform that it is for.
        origin: base url of the cloud, in the spelling of `origin.normalise_origin`.
        account_label: tells accounts of one origin apart; "" is the usual one.
        provider: which provider speaks to that cloud.
        body: create body without `SET_WHEN_SENT`, JSON-ready and not shared;
            empty for a sent job whose body is not known, which only the cloud can rerun.
        params: how it is called: command, max_shots, max_samples, iterated values. JSON-ready.
        metadata: what tells it from others: circuit, m, n, input state, ... Texts and numbers.
        remote_ids: the ids of its sub-jobs on the cloud if it was sent already.
        status: what is known of a sent job; None for an unsent one.
        token: opens `origin` alone; for this process' memory, never for a file.
        proxies: scheme to proxy url; like `token`.
        composition: of a job that is several on its cloud: what `adapters.decode` composes its
            results with. Its body then has `parts`, a body for each of them.
    """

    name: str
    platform: str
    origin: str
    provider: str
    body: dict[str, Any] = field(repr=False)
    account_label: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, str | int | float] = field(default_factory=dict)
    remote_ids: Sequence[str] = ()
    status: JobStatus | None = None
    token: str | None = field(default=None, repr=False)
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    composition: Mapping[str, Any] | None = field(default=None, repr=False)

    def to_new_job(
        self, labels: Mapping[str, Any] = _NO_LABELS, *, added_at: float | None = None
    ) -> NewJob:
        """The job as the store takes it in; its token stays behind."""
        return NewJob(
            name=self.name,
            target=Target(self.provider, self.origin, self.account_label, self.platform),
            body=self.body or None,
            params=self.params,
            labels=labels,
            metadata=self.metadata,
            remote_ids=self.remote_ids,
            status=_to_remote_status(self.status) if self.status else None,
            composition=self.composition,
            added_at=added_at,
        )


@dataclass(frozen=True, slots=True)
class ForeignGroup:
    """A group of jobs as another library keeps it in a file.

    Attributes:
        name: as it is called there.
        created_at, modified_at: seconds since the epoch.
        jobs: in its order; none has a token.
        skipped: the reason, for each of its jobs that cannot be imported.
    """

    name: str
    created_at: float
    modified_at: float
    jobs: Sequence[JobSpec]
    skipped: Sequence[str] = ()


class UnreadableGroupError(ValueError):
    """A file is no group that can be taken over; the text says why, of "it"."""


class UndecodableResultError(InvalidResponseError):
    """A result arrived and could not be decoded.

    Attributes:
        raw: the result's text as the cloud gave it.
    """

    def __init__(self, message: str, *, raw: str) -> None:
        super().__init__(message)
        self.raw = raw


class NoIdealError(ValueError):
    """There is no ideal to compare results with; the text says why."""


def validate_labels(labels: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The labels as they were given; {} for none. Raises TypeError if they are no dictionary."""
    if labels is not None and not isinstance(labels, Mapping):
        raise TypeError(f"labels is a dictionary, such as {{'phi': 0.3}}, not {shown(labels)}.")
    return labels or {}


def _to_remote_status(status: JobStatus) -> RemoteStatus:
    return RemoteStatus(
        provider_status="",
        state=status.status.value,
        message=status.message,
        progress=status.progress,
        created_at=status.creation_timestamp,
        started_at=status.start_timestamp,
        duration_s=status.duration,
    )
