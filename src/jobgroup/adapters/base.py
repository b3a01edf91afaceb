"""Define :class:`JobSpec`, which adapters read from a client library's job, and their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from jobgroup.errors import InvalidResponseError
from jobgroup.status import JobStatus, RemoteStatus
from jobgroup.store import NewJob, Target

SET_WHEN_SENT: Final = ("job_name", "job_group_name")
"""Fields of a create body that the engine sets for each request."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job to add to a group.

    Attributes:
        name: name on the cloud.
        platform: name of the platform to run on.
        origin: base URL of the cloud, normalized by `origin.normalise_origin`.
        account_label: label that distinguishes accounts of one origin; "" for the default account.
        provider: name of the cloud's provider.
        body: create body without `SET_WHEN_SENT`, as JSON values that nothing else uses; empty if a
            sent job's body is unknown, so that only the cloud can rerun the job.
        params: command, max_shots, max_samples and iterated values, as JSON values.
        metadata: circuit, m, n, input state and similar values, as strings and numbers.
        remote_ids: ids of a sent job's sub-jobs on the cloud.
        status: status of a sent job; None for an unsent one.
        token: token for `origin`, which is kept in memory and never in a file.
        proxies: mapping of scheme to proxy URL, kept like `token`.
        composition: recipe with which `adapters.decode` combines results, if the job is several
            jobs on its cloud. The body then has `parts`, with a body for each.
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
        self, labels: Mapping[str, Any] = MappingProxyType({}), *, added_at: float | None = None
    ) -> NewJob:
        """Return the job in the store's form, without its token."""
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
    """A group of jobs in another library's file.

    Attributes:
        name: name of the group.
        created_at, modified_at: times in seconds since the epoch.
        jobs: jobs in order, without tokens.
        skipped: reason for each job that cannot be imported.
    """

    name: str
    created_at: float
    modified_at: float
    jobs: Sequence[JobSpec]
    skipped: Sequence[str] = ()


class UnreadableGroupError(ValueError):
    """A file has no group that can be imported. The message is a clause that begins with "it"."""


class UndecodableResultError(InvalidResponseError, RuntimeError):
    """A result arrived but could not be decoded. Perceval raises RuntimeError in this case.

    Attributes:
        raw: text of the result as the cloud sent it.
    """

    def __init__(self, message: str, *, raw: str) -> None:
        super().__init__(message)
        self.raw = raw


class NoIdealError(ValueError):
    """There is no ideal result. The message gives the reason."""


class NoDrawingError(ValueError):
    """There is no drawing of a job's circuit. The message gives the reason."""


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
