"""The file of a group that is shown, for what the group itself would read job by job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobgroup.engine.engine import engine
from jobgroup.store.paths import group_path

if TYPE_CHECKING:
    from jobgroup.group import JobGroup
    from jobgroup.store import GroupStore


def store_of(group: JobGroup) -> GroupStore:
    """The store that the group itself uses.

    Raises:
        GroupNotFoundError: there is none any more.
    """
    return engine().session(group.name, group_path(group.name), create=False).store
