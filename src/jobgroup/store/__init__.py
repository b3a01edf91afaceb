"""The groups' files: the only module that touches them, and the only one with SQL."""

from jobgroup.store.records import (
    AttemptRecord,
    Changes,
    CommandRecord,
    EventRecord,
    GroupSummary,
    Intent,
    JobRecord,
    LeaseRecord,
    NewJob,
    Pollable,
    Revision,
    Target,
    Trouble,
)
from jobgroup.store.store import GroupStore

__all__ = [
    "AttemptRecord",
    "Changes",
    "CommandRecord",
    "EventRecord",
    "GroupStore",
    "GroupSummary",
    "Intent",
    "JobRecord",
    "LeaseRecord",
    "NewJob",
    "Pollable",
    "Revision",
    "Target",
    "Trouble",
]
