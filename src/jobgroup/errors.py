"""Define every exception that jobgroup raises, in one tree.

Each message says what happened, what it means for your data, and what to do next.

JobGroupError
├── InvalidNameError (ValueError)              the name cannot be used for a group
├── GroupNotFoundError (LookupError)           no group of that name exists
├── DuplicateJobError (ValueError)             the group already has this job
├── JobRemovedError (LookupError)              the job was removed from its group
├── InvalidOverrideError (ValueError)          a rerun cannot change that parameter
├── UnknownColumnError (LookupError)           the table has no column of that name
├── OutputExistsError (FileExistsError)        the file exists and was not overwritten
├── StorageError (OSError)                     the group's file could not be read or written
│   ├── CorruptGroupError                      the file is damaged; it is kept intact
│   ├── UnsupportedVersionError                another version of jobgroup wrote the file
│   └── GroupDeletedError                      the group was deleted while it was open
│       └── GroupMovedError                    other software removed, moved or replaced its file
├── GroupBusyError                             another process is running the group
├── BudgetExceededError                        the run's budget of shots allows no more jobs
├── RunStoppedError                            `stop` ended the run
├── UnconfirmedJobError                        the request may have created a job
├── ResultsError                               some results are missing; carries the others
├── MissingDependencyError (ImportError)       an optional dependency is not installed
├── InvalidProviderError                       an installed provider cannot be used
├── CredentialsError                           something is wrong with a token
│   ├── MissingTokenError                      no token is known for the cloud
│   └── InvalidTokenError                      the cloud rejects the token
└── CloudError                                 carries origin, status_code and the cloud's detail
    ├── CloudUnreachableError (ConnectionError)    the request did not arrive
    │   └── NoResponseError                    the request was sent and no response came
    ├── CloudUnavailableError                  408, 425, 429 or 5xx: try again later
    ├── InvalidResponseError                   the response does not follow the protocol
    ├── RequestRejectedError                   400, 403 or 422: the cloud rejects the request
    │   └── QuotaExceededError                 the account's plan allows no more jobs now
    ├── InsufficientCreditsError               the account is out of credits
    ├── SessionEndedError                      the cloud's session that the job needs has ended
    └── RemoteNotFoundError                    404: the cloud knows no such job or platform
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from jobgroup.words import plain

__all__ = [
    "BudgetExceededError",
    "CloudError",
    "CloudUnavailableError",
    "CloudUnreachableError",
    "CorruptGroupError",
    "CredentialsError",
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
    "JobGroupError",
    "JobRemovedError",
    "MissingDependencyError",
    "MissingTokenError",
    "NoResponseError",
    "OutputExistsError",
    "QuotaExceededError",
    "RemoteNotFoundError",
    "RequestRejectedError",
    "ResultsError",
    "RunStoppedError",
    "SessionEndedError",
    "StorageError",
    "UnconfirmedJobError",
    "UnknownColumnError",
    "UnsupportedVersionError",
]


class JobGroupError(Exception):
    """The base class of jobgroup's errors.

    >>> try:
    ...     raise QuotaExceededError("Job 7 was not sent: the plan allows no more jobs at present.")
    ... except JobGroupError as error:
    ...     print(error)
    Job 7 was not sent: the plan allows no more jobs at present.

    Attributes:
        position: position of the job that the error is about; None if there is no single job.
        job: that job, a `RemoteJob`; None without a position.
    """

    entry_id: int | None = None  # the job's id within the group's file
    position: int | None = None
    job: Any = None

    def __str__(self) -> str:
        """Return the message without control characters, which clouds and files may put in it."""
        return plain(super().__str__())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle all attributes; by default, pickle keeps only the message."""
        return _again, (type(self), self.args, vars(self))


def _again(kind: type[JobGroupError], args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(state)
    return error


class JobGroupWarning(UserWarning):
    """The category of jobgroup's warnings, for example about a call that failed in part."""


def warn(sentence: str) -> None:
    """Issue a warning that points to the line that called into jobgroup."""
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_globals.get("__name__", "").startswith("jobgroup."):
        frame, level = frame.f_back, level + 1
    warnings.warn(sentence, JobGroupWarning, stacklevel=level + 1)


class InvalidNameError(JobGroupError, ValueError):
    """The name cannot be used for a group: it is empty, too long, or has control characters."""


class GroupNotFoundError(JobGroupError, LookupError):
    """No group of that name exists."""


class DuplicateJobError(JobGroupError, ValueError):
    """The group already has this job."""


class JobRemovedError(JobGroupError, LookupError):
    """The job was removed from its group, or another job has its position now."""


class InvalidOverrideError(JobGroupError, ValueError):
    """A rerun cannot change that parameter, so nothing was sent."""


class UnknownColumnError(JobGroupError, LookupError):
    """The table has no column of that name. The message lists the table's columns."""


class OutputExistsError(JobGroupError, FileExistsError):
    """The file exists and was not overwritten."""


class StorageError(JobGroupError, OSError):
    """The group's file could not be read or written, and the group is unchanged."""


class CorruptGroupError(StorageError):
    """The group's file is damaged. It was moved to another directory, unchanged."""


class UnsupportedVersionError(StorageError):
    """Another version of jobgroup wrote the group's file. The file was not changed."""


class GroupDeletedError(StorageError):
    """The group was deleted while this object had it open."""


class GroupMovedError(GroupDeletedError):
    """Other software removed, moved or replaced the group's file while it was open.

    Attributes:
        how: clause that says what happened, such as ``it was emptied``.
    """

    how: str = "it was removed, moved or replaced"


class GroupBusyError(JobGroupError):
    """Another process is running the group.

    Attributes:
        host: name of the machine that the process runs on.
        pid: process id on that machine.
        since: time at which its run began (aware, UTC).
    """

    def __init__(self, message: str, *, host: str, pid: int, since: datetime) -> None:
        super().__init__(message)
        self.host = host
        self.pid = pid
        self.since = since


class BudgetExceededError(JobGroupError):
    """The run's budget of shots allows no more jobs; the rest is unsent."""


class RunStoppedError(JobGroupError):
    """`JobGroup.stop` ended the run; the rest is unsent."""


class UnconfirmedJobError(JobGroupError):
    """A request was sent and may have created a job: `confirm` or `resend` the job."""


class ResultsError(JobGroupError):
    """Some results could not be fetched or decoded. This error carries the others.

    Attributes:
        results: the result of each job, in the group's order; None for a job without a result.
        failures: the error for each missing result, by position.
    """

    def __init__(
        self,
        message: str,
        *,
        results: Sequence[Any] = (),
        failures: Mapping[int, Exception] | None = None,
    ) -> None:
        super().__init__(message)
        self.results = list(results)
        self.failures = dict(failures or {})


class MissingDependencyError(JobGroupError, ImportError):
    """An optional dependency is not installed. The message names the extra that installs it."""


class InvalidProviderError(JobGroupError):
    """An installed provider cannot be used, so nothing was sent."""


class CredentialsError(JobGroupError):
    """A token is missing or rejected."""


class MissingTokenError(CredentialsError):
    """No token is known for the cloud."""


class InvalidTokenError(CredentialsError):
    """The cloud rejects the token. Jobs keep their last known state."""


class CloudError(JobGroupError):
    """A request to a cloud failed.

    Attributes:
        origin: scheme, host and port of the cloud.
        status_code: HTTP status; None if there was no response.
        detail: the cloud's own text; None if it sent none.
        retry_after_s: seconds that the cloud asks clients to wait; None if it does not ask.
    """

    def __init__(
        self,
        message: str,
        *,
        origin: str = "",
        status_code: int | None = None,
        detail: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.origin = origin
        self.status_code = status_code
        self.detail = detail
        self.retry_after_s = retry_after_s


class CloudUnreachableError(CloudError, ConnectionError):
    """The request did not reach the cloud.

    Attributes:
        is_misconfigured: whether a setting of this machine, such as a proxy's URL, prevents the
            request. The request then fails until the setting is corrected.
    """

    def __init__(self, message: str, *, is_misconfigured: bool = False, **details: Any) -> None:
        super().__init__(message, **details)
        self.is_misconfigured = is_misconfigured


class NoResponseError(CloudUnreachableError):
    """The request was sent and no response arrived. It may have reached the cloud.

    Attributes:
        is_timeout: whether the cloud was silent until the time limit, with the connection open.
    """

    def __init__(self, message: str, *, is_timeout: bool = False, **details: Any) -> None:
        super().__init__(message, **details)
        self.is_timeout = is_timeout


class CloudUnavailableError(CloudError):
    """The cloud cannot handle the request now (408, 425, 429 or 5xx); it may succeed later."""


class InvalidResponseError(CloudError):
    """The response does not follow the protocol: it is not JSON, or a field is missing."""


class RequestRejectedError(CloudError):
    """The cloud rejects the request (400, 403 or 422)."""


class QuotaExceededError(RequestRejectedError):
    """The account's plan allows no more jobs now. Sent jobs are not affected."""


class InsufficientCreditsError(CloudError):
    """The account has too few credits."""


class SessionEndedError(CloudError):
    """The cloud's session that the job needs has ended or was never started."""


class RemoteNotFoundError(CloudError):
    """The cloud knows no such job or platform (404)."""
