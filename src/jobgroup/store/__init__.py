"""The groups' files: the only module that touches them, and the only one with SQL."""

from .records import (
    AttemptRecord,
    Changes,
    CommandRecord,
    EventRecord,
    GroupSummary,
    Intent,
    JobRecord,
    LeaseRecord,
    NewJob,
    Target,
    Trouble,
)
from .store import GroupStore

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
    "Target",
    "Trouble",
]
