"""Every exception that jobgroup raises, in one tree.

Each sentence says what happened, what was kept and what to do next.

JobGroupError
├── InvalidNameError (ValueError)            a name that cannot be a group's
├── GroupNotFoundError (LookupError)         no group of that name
├── DuplicateJobError (ValueError)           the group has that remote id already
├── ChangeRefusedError (ValueError)          a parameter that a rerun cannot change
├── UnknownColumnError (LookupError)         a table has no column of that name
├── FileKeptError (FileExistsError)          a file is there already, and was not overwritten
├── StorageError (OSError)                   the group's file could not be read or written
│   ├── DamagedGroupError                    set aside with its bytes kept
│   ├── NewerGroupError                      written by a newer jobgroup
│   └── GroupDeletedError                    deleted meanwhile, by this process or another
│       └── GroupMovedError                  its file was removed, moved or replaced by others
├── GroupBusyError                           another process runs the group: host, pid, since
├── UnconfirmedJobError                      the fate of a sent request is unknown
├── ResultsError                             some results could not be had; carries those that could
├── MissingExtraError (ImportError)          an optional part is not installed
├── BrokenProviderError                      an installed provider cannot be used; it names which
├── CredentialsError
│   ├── NoTokenError                         no token for that cloud
│   └── TokenRefusedError                    the cloud refuses the token
└── CloudError                               carries origin, status_code, and the cloud's sentence
    ├── CloudUnreachableError (ConnectionError)   nobody answered, or not in time
    │   └── RequestLostError                 the request left, the answer did not come
    ├── CloudBusyError                       408, 425, 429 or 5xx: later, perhaps
    ├── BadAnswerError                       an answer that is not what the protocol says
    ├── RequestRefusedError                  400, 403, 422: this request will never do
    │   └── JobLimitError                    the plan allows no more jobs now
    ├── NotEnoughCreditsError                the account is out of credits
    ├── SessionEndedError                    the cloud's session that the job is for has ended
    └── RemoteNotFoundError                  404: no such job or platform
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from jobgroup.words import plain

__all__ = [
    "BadAnswerError",
    "BrokenProviderError",
    "ChangeRefusedError",
    "CloudBusyError",
    "CloudError",
    "CloudUnreachableError",
    "CredentialsError",
    "DamagedGroupError",
    "DuplicateJobError",
    "FileKeptError",
    "GroupBusyError",
    "GroupDeletedError",
    "GroupMovedError",
    "GroupNotFoundError",
    "InvalidNameError",
    "JobGroupError",
    "JobLimitError",
    "MissingExtraError",
    "NewerGroupError",
    "NoTokenError",
    "NotEnoughCreditsError",
    "RemoteNotFoundError",
    "RequestLostError",
    "RequestRefusedError",
    "ResultsError",
    "SessionEndedError",
    "StorageError",
    "TokenRefusedError",
    "UnconfirmedJobError",
    "UnknownColumnError",
]


class JobGroupError(Exception):
    """The root of everything that jobgroup raises."""

    def __str__(self) -> str:
        """The sentence, without what a terminal would obey: clouds and files have words in it."""
        return plain(super().__str__())

    def __reduce__(self) -> tuple[Any, ...]:
        """As it is: pickle would call the class with the sentence alone, and some need more."""
        return _again, (type(self), self.args, vars(self))


def _again(kind: type[JobGroupError], args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(state)
    return error


class InvalidNameError(JobGroupError, ValueError):
    """A name that cannot be a group's: empty, too long, or with control characters."""


class GroupNotFoundError(JobGroupError, LookupError):
    """No group of that name exists."""


class DuplicateJobError(JobGroupError, ValueError):
    """The group already has a job with that remote id."""


class ChangeRefusedError(JobGroupError, ValueError):
    """A parameter that a rerun cannot change; nothing was sent."""


class UnknownColumnError(JobGroupError, LookupError):
    """A table has no column of that name; the sentence names those that it has."""


class FileKeptError(JobGroupError, FileExistsError):
    """A file of that name is there already, and was not overwritten."""


class StorageError(JobGroupError, OSError):
    """The group's file could not be read or written; the group is as it was."""


class DamagedGroupError(StorageError):
    """The group's file is damaged. It was set aside, every byte kept."""


class NewerGroupError(StorageError):
    """The group's file was written by a newer version of jobgroup, and was not touched."""


class GroupDeletedError(StorageError):
    """The group was deleted, by this process or another, while this object was open."""


class GroupMovedError(GroupDeletedError):
    """The group's file was removed, moved or replaced while open, and not by jobgroup."""


class GroupBusyError(JobGroupError):
    """Another process is running the group.

    Attributes:
        host: name of the machine it runs on.
        pid: its process id there.
        since: when it began (aware, UTC).
    """

    def __init__(self, message: str, *, host: str, pid: int, since: datetime) -> None:
        super().__init__(message)
        self.host = host
        self.pid = pid
        self.since = since


class UnconfirmedJobError(JobGroupError):
    """A request left and its fate is unknown: `confirm` or `resend` the job."""


class ResultsError(JobGroupError):
    """Some results could not be had.

    Attributes:
        results: one item per job in the group's order, None where there is no result.
        failures: the error for each position whose result could not be had.
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


class MissingExtraError(JobGroupError, ImportError):
    """Something optional is used that is not installed; the sentence names the extra."""


class BrokenProviderError(JobGroupError):
    """A provider that is installed cannot be imported, or is none. Nothing was sent."""


class CredentialsError(JobGroupError):
    """Something about a token."""


class NoTokenError(CredentialsError):
    """No token is known for that cloud."""


class TokenRefusedError(CredentialsError):
    """The cloud refuses the token; jobs keep their last known state."""


class CloudError(JobGroupError):
    """A cloud did not do what it was asked.

    Attributes:
        origin: scheme, host and port that were asked.
        status_code: the HTTP status, None where there was no answer.
        sentence: the cloud's own words, None where it said nothing.
        retry_after_s: seconds that the cloud asks to wait, None where it does not.
    """

    def __init__(
        self,
        message: str,
        *,
        origin: str = "",
        status_code: int | None = None,
        sentence: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.origin = origin
        self.status_code = status_code
        self.sentence = sentence
        self.retry_after_s = retry_after_s


class CloudUnreachableError(CloudError, ConnectionError):
    """Nobody answered: the request certainly did not arrive.

    Attributes:
        is_misconfigured: whether a setting of this machine, such as the URL of a proxy, rules the
            request out, so that a repeat fails until the setting is corrected.
    """

    def __init__(self, message: str, *, is_misconfigured: bool = False, **details: Any) -> None:
        super().__init__(message, **details)
        self.is_misconfigured = is_misconfigured


class RequestLostError(CloudUnreachableError):
    """The request left and no answer came: it may have arrived."""


class CloudBusyError(CloudError):
    """408, 425, 429 or 5xx: the same request may do later."""


class BadAnswerError(CloudError):
    """The answer is not what the protocol says: not JSON, or a field is missing."""


class RequestRefusedError(CloudError):
    """400, 403 or 422: the cloud understood the request and refuses it."""


class JobLimitError(RequestRefusedError):
    """The plan allows no more jobs at the moment; what was sent stays sent."""


class NotEnoughCreditsError(CloudError):
    """The account has not enough credits."""


class SessionEndedError(CloudError):
    """The session on the cloud that the job is for has ended, or was not started."""


class RemoteNotFoundError(CloudError):
    """The cloud knows no such job or platform."""
