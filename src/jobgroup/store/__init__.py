"""Read and write the files of groups. No other package opens them or contains SQL."""

from jobgroup.store.records import (
    AccountKey,
    AttemptRecord,
    ChangeSet,
    CommandRecord,
    CommandResult,
    EventRecord,
    GroupSummary,
    Incident,
    Intent,
    JobRecord,
    LeaseRecord,
    NewJob,
    OverriddenBody,
    Pollable,
    Target,
)
from jobgroup.store.store import GroupStore

__all__ = [
    "AccountKey",
    "AttemptRecord",
    "ChangeSet",
    "CommandRecord",
    "CommandResult",
    "EventRecord",
    "GroupStore",
    "GroupSummary",
    "Incident",
    "Intent",
    "JobRecord",
    "LeaseRecord",
    "NewJob",
    "OverriddenBody",
    "Pollable",
    "Target",
]
