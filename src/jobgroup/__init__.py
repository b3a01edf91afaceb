"""jobgroup: a whole experiment of remote jobs in one named, persistent group.

>>> from jobgroup import JobGroup
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobgroup.credentials import forget_tokens, set_token
from jobgroup.engine.preview import Preview
from jobgroup.errors import (
    BadAnswerError,
    BrokenProviderError,
    ChangeRefusedError,
    CloudBusyError,
    CloudError,
    CloudUnreachableError,
    CredentialsError,
    DamagedGroupError,
    DuplicateJobError,
    FileKeptError,
    GroupBusyError,
    GroupDeletedError,
    GroupMovedError,
    GroupNotFoundError,
    InvalidNameError,
    JobGroupError,
    JobLimitError,
    MissingExtraError,
    NewerGroupError,
    NotEnoughCreditsError,
    NoTokenError,
    RemoteNotFoundError,
    RequestLostError,
    RequestRefusedError,
    ResultsError,
    SessionEndedError,
    StorageError,
    TokenRefusedError,
    UnconfirmedJobError,
    UnknownColumnError,
)
from jobgroup.group import JobGroup
from jobgroup.group.notices import Notice
from jobgroup.group.stream import ResultStream
from jobgroup.job import RemoteJob
from jobgroup.results import Distributions, ResultsTable
from jobgroup.status import JobStatus, RunningStatus

if TYPE_CHECKING:
    from jobgroup.dashboard import Dashboard

__version__ = "0.1.0"

__all__ = [
    "BadAnswerError",
    "BrokenProviderError",
    "ChangeRefusedError",
    "CloudBusyError",
    "CloudError",
    "CloudUnreachableError",
    "CredentialsError",
    "DamagedGroupError",
    "Dashboard",
    "Distributions",
    "DuplicateJobError",
    "FileKeptError",
    "GroupBusyError",
    "GroupDeletedError",
    "GroupMovedError",
    "GroupNotFoundError",
    "InvalidNameError",
    "JobGroup",
    "JobGroupError",
    "JobLimitError",
    "JobStatus",
    "MissingExtraError",
    "NewerGroupError",
    "NoTokenError",
    "NotEnoughCreditsError",
    "Notice",
    "Preview",
    "RemoteJob",
    "RemoteNotFoundError",
    "RequestLostError",
    "RequestRefusedError",
    "ResultStream",
    "ResultsError",
    "ResultsTable",
    "RunningStatus",
    "SessionEndedError",
    "StorageError",
    "TokenRefusedError",
    "UnconfirmedJobError",
    "UnknownColumnError",
    "__version__",
    "forget_tokens",
    "set_token",
]


def _show(group: JobGroup, **kwargs: Any) -> Any:
    from jobgroup.dashboard import mimebundle

    return mimebundle(group, **kwargs)


JobGroup.shown_by = staticmethod(_show)


def __getattr__(name: str) -> Any:
    if name == "Dashboard":  # its imports cost more than all the rest
        from jobgroup.dashboard import Dashboard

        return Dashboard
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
