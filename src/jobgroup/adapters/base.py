"""What an adapter makes of a client library's job: a :class:`JobSpec`, a record and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobgroup.errors import InvalidResponseError
from jobgroup.status import JobStatus


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job as it is taken into a group.

    Attributes:
        name: its name on the cloud.
        platform: where it is to run.
        origin: base url of the cloud, in the spelling of `origin.normalise_origin`.
        account_label: tells accounts of one origin apart; "" is the usual one.
        provider: which provider speaks to that cloud.
        body: create body without `job_name` and `job_group_name`, JSON-ready and nobody else's
            object; empty for a sent job whose body is not known, which only the cloud can rerun.
        params: how it is called: command, max_shots, max_samples, iterated values. JSON-ready.
        facts: what tells it from others: circuit, m, n, input state, ... Texts and numbers.
        remote_id: its id on the cloud if it was sent already, else None.
        status: what is known of a sent job; None for an unsent one.
        token: opens `origin` alone; for this process' memory, never for a file.
        proxies: scheme to proxy url; like `token`.
        recipe: of a job that is several on its cloud: what `adapters.decode` composes its results
            with. Its body then has `parts`, a body for each of them, and its id is theirs together
            (`remote_ids.joined`).
    """

    name: str
    platform: str
    origin: str
    provider: str
    body: dict[str, Any] = field(repr=False)
    account_label: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, str | int | float] = field(default_factory=dict)
    remote_id: str | None = None
    status: JobStatus | None = None
    token: str | None = field(default=None, repr=False)
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    recipe: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ForeignGroup:
    """A group of jobs as another library keeps it in a file.

    Attributes:
        name: as it is called there.
        created_at, modified_at: seconds since the epoch.
        jobs: in its order; none has a token.
        left_out: why, for each of its jobs that cannot be taken over.
    """

    name: str
    created_at: float
    modified_at: float
    jobs: Sequence[JobSpec]
    left_out: Sequence[str] = ()


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
