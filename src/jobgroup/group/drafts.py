"""From what an adapter makes of a job to what the store takes in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from jobgroup.adapters import JobSpec
from jobgroup.providers.base import RemoteStatus
from jobgroup.status import JobStatus
from jobgroup.store import NewJob, Target
from jobgroup.words import shown

_NONE: Final[Mapping[str, Any]] = {}


def new_job(
    draft: JobSpec, labels: Mapping[str, Any] = _NONE, *, added_at: float | None = None
) -> NewJob:
    """A draft as a job to be added; its token stays behind."""
    return NewJob(
        name=draft.name,
        target=Target(draft.provider, draft.origin, draft.account_label, draft.platform),
        body=draft.body or None,
        params=draft.params,
        labels=labels,
        facts=draft.facts,
        remote_id=draft.remote_id,
        told=_told(draft.status) if draft.status else None,
        recipe=draft.recipe,
        added_at=added_at,
    )


def checked(labels: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Labels as they were given; {} for none.

    Raises:
        TypeError: they are no dictionary.
    """
    if labels is not None and not isinstance(labels, Mapping):
        raise TypeError(f"labels is a dictionary, such as {{'phi': 0.3}}, not {shown(labels)}.")
    return labels or {}


def _told(status: JobStatus) -> RemoteStatus:
    return RemoteStatus(
        word="",
        state=status.status.value,
        message=status.message,
        progress=status.progress,
        created_at=status.creation_timestamp,
        started_at=status.start_timestamp,
        duration_s=status.duration,
    )
