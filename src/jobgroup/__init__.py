"""Keep a whole experiment of remote jobs in one named, persistent group.

>>> from jobgroup import JobGroup
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobgroup.compatibility import set_compatibility
from jobgroup.credentials import forget_tokens, set_token
from jobgroup.engine.estimate import RunEstimate
from jobgroup.errors import (
    BudgetExceededError,
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
    JobGroupWarning,
    JobRemovedError,
    MissingDependencyError,
    MissingTokenError,
    NoResponseError,
    OutputExistsError,
    QuotaExceededError,
    RemoteNotFoundError,
    RequestRejectedError,
    ResultsError,
    RunStoppedError,
    SessionEndedError,
    StorageError,
    UnconfirmedJobError,
    UnknownColumnError,
    UnsupportedVersionError,
)
from jobgroup.group import JobGroup
from jobgroup.group.events import GroupEvent, Subscription
from jobgroup.group.execution_group import ExecutionGroup
from jobgroup.group.run import Run
from jobgroup.group.stream import ResultStream
from jobgroup.group.sweep_report import SweepReport
from jobgroup.job import RemoteJob
from jobgroup.results import Distributions, Result, ResultsTable
from jobgroup.status import JobStatus, Progress, RunningStatus
from jobgroup.store.sweeps import Sweep

if TYPE_CHECKING:
    from jobgroup.dashboard import Dashboard

__version__ = "0.1.0"

__all__ = [
    "BudgetExceededError",
    "CloudError",
    "CloudUnavailableError",
    "CloudUnreachableError",
    "CorruptGroupError",
    "CredentialsError",
    "Dashboard",
    "Distributions",
    "DuplicateJobError",
    "ExecutionGroup",
    "GroupBusyError",
    "GroupDeletedError",
    "GroupEvent",
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
    "JobGroupWarning",
    "JobRemovedError",
    "JobStatus",
    "MissingDependencyError",
    "MissingTokenError",
    "NoResponseError",
    "OutputExistsError",
    "Progress",
    "QuotaExceededError",
    "RemoteJob",
    "RemoteNotFoundError",
    "RequestRejectedError",
    "Result",
    "ResultStream",
    "ResultsError",
    "ResultsTable",
    "Run",
    "RunEstimate",
    "RunStoppedError",
    "RunningStatus",
    "SessionEndedError",
    "StorageError",
    "Subscription",
    "Sweep",
    "SweepReport",
    "UnconfirmedJobError",
    "UnknownColumnError",
    "UnsupportedVersionError",
    "__version__",
    "forget_tokens",
    "set_compatibility",
    "set_token",
]


def __getattr__(name: str) -> Any:
    if name == "Dashboard":  # the dashboard's imports take longer than all others
        from jobgroup.dashboard import Dashboard

        return Dashboard
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
