"""Refer to a group after it was closed, in this process or another."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from jobgroup.engine.engine import engine
from jobgroup.errors import GroupNotFoundError
from jobgroup.store.paths import group_path

if TYPE_CHECKING:
    from jobgroup.engine.session import GroupSession


class GroupReference:
    """A group's name and uuid. This keeps no file open; the next use reopens the group.

    Args:
        session: session of the open group.
    """

    def __init__(self, session: GroupSession) -> None:
        self.name = session.name
        self.uuid = str(session.store.meta()["uuid"])
        self._session = weakref.ref(session)

    def session(self) -> GroupSession:
        """Return the group's session; open the group if necessary.

        Raises:
            GroupNotFoundError, GroupDeletedError: the group no longer exists.
            StorageError: the group's file cannot be read.
        """
        session = self._session()
        if session is None:
            session = session_of(self.name, self.uuid)
            self._session = weakref.ref(session)
        return session


def session_of(name: str, uuid: str) -> GroupSession:
    """Return the session of the group that has this name and uuid.

    Raises:
        GroupNotFoundError: no group has the name, or the group with the name has another uuid.
        StorageError: the group's file cannot be read.
    """
    path = group_path(name)
    if not path.exists():
        raise GroupNotFoundError(
            f"This object's group {name!r} is not in this data directory. Nothing was created. Set"
            " JOBGROUP_DATA_DIR to its directory, or load an exported copy."
        )
    session = engine().session(name, path, create=False)
    if str(session.store.meta()["uuid"]) != uuid:
        raise GroupNotFoundError(
            f"This object's group {name!r} is gone, and another group has its name now. Nothing was"
            " changed."
        )
    return session
