"""The file of a group that is shown, for what the group itself would read job by job."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobgroup.group import JobGroup
    from jobgroup.store import GroupStore


def store_of(group: JobGroup) -> GroupStore:
    """The store that the group itself uses."""
    return group._session.store  # noqa: SLF001  # the group's own, until it has a door for it
