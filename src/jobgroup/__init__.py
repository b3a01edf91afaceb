"""jobgroup: a whole experiment of remote jobs in one named, persistent group.

>>> from jobgroup import JobGroup
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobgroup.credentials import forget_tokens, set_token
from jobgroup.engine.estimate import RunEstimate
from jobgroup.errors import (
    CloudError,
    CloudUnavailableError,
    CloudUnreachableError,
    CorruptGroupError,
    CredentialsError,
    DuplicateJobError,
    GroupBusyError,
    GroupDeletedError,
    GroupMovedError,
    GroupNotFoundError,
    InsufficientCreditsError,
    InvalidNameError,
    InvalidOverrideError,
    InvalidProviderError,
    InvalidResponseError,
    InvalidTokenError,
    JobGroupError,
    MissingDependencyError,
    MissingTokenError,
    NoResponseError,
    OutputExistsError,
    QuotaExceededError,
    RemoteNotFoundError,
    RequestRejectedError,
    ResultsError,
    SessionEndedError,
    StorageError,
    UnconfirmedJobError,
    UnknownColumnError,
    UnsupportedVersionError,
)
from jobgroup.group import JobGroup
from jobgroup.group.events import Notice
from jobgroup.group.stream import ResultStream
from jobgroup.job import RemoteJob
from jobgroup.results import Distributions, ResultsTable
from jobgroup.status import JobStatus, RunningStatus

if TYPE_CHECKING:
    from jobgroup.dashboard import Dashboard

__version__ = "0.1.0"

__all__ = [
    "CloudError",
    "CloudUnavailableError",
    "CloudUnreachableError",
    "CorruptGroupError",
    "CredentialsError",
    "Dashboard",
    "Distributions",
    "DuplicateJobError",
    "GroupBusyError",
    "GroupDeletedError",
    "GroupMovedError",
    "GroupNotFoundError",
    "InsufficientCreditsError",
    "InvalidNameError",
    "InvalidOverrideError",
    "InvalidProviderError",
    "InvalidResponseError",
    "InvalidTokenError",
    "JobGroup",
    "JobGroupError",
    "JobStatus",
    "MissingDependencyError",
    "MissingTokenError",
    "NoResponseError",
    "Notice",
    "OutputExistsError",
    "QuotaExceededError",
    "RemoteJob",
    "RemoteNotFoundError",
    "RequestRejectedError",
    "ResultStream",
    "ResultsError",
    "ResultsTable",
    "RunEstimate",
    "RunningStatus",
    "SessionEndedError",
    "StorageError",
    "UnconfirmedJobError",
    "UnknownColumnError",
    "UnsupportedVersionError",
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
