"""jobgroup: a whole experiment of remote jobs in one named, persistent group.

>>> from jobgroup import JobGroup
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobgroup import errors
from jobgroup.credentials import set_token
from jobgroup.errors import *  # noqa: F403
from jobgroup.group import JobGroup
from jobgroup.job import RemoteJob
from jobgroup.status import JobStatus, RunningStatus

if TYPE_CHECKING:
    from jobgroup.dashboard import Dashboard

__all__ = [
    "Dashboard",
    "JobGroup",
    "JobStatus",
    "RemoteJob",
    "RunningStatus",
    "__version__",
    "set_token",
    *errors.__all__,
]


def __getattr__(name: str) -> Any:
    if name == "Dashboard":  # its imports cost more than all the rest
        from jobgroup.dashboard import Dashboard

        return Dashboard
    if name == "__version__":
        from importlib.metadata import version

        return version("jobgroup")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
