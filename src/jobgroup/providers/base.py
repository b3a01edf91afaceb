"""Define the :class:`Provider` protocol, which is the interface to a cloud, and its records.

A provider serves one account: one origin and one token. A package registers a callable that takes
an :class:`Account` in the entry point group ``jobgroup.providers``. docs/providers.md explains how
to write a provider, and `jobgroup.testing.ProviderSuite` tests it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeGuard, runtime_checkable

from jobgroup.errors import (
    CloudError,
    CloudUnavailableError,
    CloudUnreachableError,
    CredentialsError,
    InsufficientCreditsError,
    InvalidProviderError,
    InvalidResponseError,
    MissingDependencyError,
    NoResponseError,
    QuotaExceededError,
    RemoteNotFoundError,
    RequestRejectedError,
)
from jobgroup.status import RemoteStatus
from jobgroup.words import shown

__all__ = [
    "Account",
    "Availability",
    "Body",
    "Provider",
    "ProviderFactory",
    "RemoteStatus",
    "concerns_account",
    "may_have_arrived",
]

Body = dict[str, Any]
"""Body of a create request, as the cloud expects it; it can be converted to JSON."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account that a provider acts for.

    Attributes:
        origin: base URL: scheme, host, port and, if the cloud has one, a path prefix.
        label: label that distinguishes accounts of one origin; "" is the default account.
        token: function that returns the token or raises MissingTokenError. Call it for each
            request, because users renew tokens while jobs run. No repr shows the token.
        proxies: mapping of scheme to proxy URL; each access looks up the proxy.
    """

    origin: str
    label: str
    token: Callable[[], str] = field(repr=False)
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Availability:
    """The number of jobs that an account may have. Values that the cloud does not report are None.

    Attributes:
        queue_free: number of jobs that the cloud accepts now.
        queue_max: maximum number of waiting and running jobs.
        concurrent_max: maximum number of running jobs.
    """

    queue_free: int | None = None
    queue_max: int | None = None
    concurrent_max: int | None = None


@runtime_checkable
class Provider(Protocol):
    """A cloud, for one account. Its methods raise only errors of ``jobgroup.errors``.

    From the error, `may_have_arrived` decides whether a job may exist, so that no job is paid for
    twice. Providers retry reads a limited number of times. `submit`, `rerun` and `cancel` repeat no
    request that may have arrived. All calls come from one event loop.
    """

    @property
    def supports_idempotency_keys(self) -> bool:
        """Whether a repeated `submit` with the same key returns the first job's id.

        The cloud must remember keys for at least an hour. After that, jobgroup does not repeat
        requests.
        """
        ...

    async def submit(self, body: Body, *, key: str) -> str:
        """Create a job, and return its remote id, which has 1 to 200 characters.

        Args:
            body: ``payload``, ``platform_name``, ``job_name``, ``job_group_name``, and the other
                fields that the job was added with.
            key: idempotency key, which is unique to the attempt.
        """
        ...

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RemoteStatus | Exception]:
        """Return the status or the error of each job, for at most 1,000 jobs.

        If an error concerns all jobs, the method may raise it instead.
        """
        ...

    async def result(self, remote_id: str) -> dict[str, Any]:
        """Return the undecoded result document.

        Its ``results`` are the text of a JSON document, which is later decoded as Perceval does, or
        another JSON value, which is the result itself.
        """
        ...

    async def cancel(self, remote_id: str) -> None:
        """Request a job's cancellation. Later, `status` reports that the job is canceled."""
        ...

    async def rerun(self, remote_id: str, *, key: str) -> str | None:
        """Run a job again as a new job, and return its id.

        Return None if the cloud cannot or may not rerun the job. None guarantees that no job was
        created. jobgroup then sends the stored body.
        """
        ...

    async def availability(self) -> Availability:
        """Return the plan's free slots; ``Availability()`` if the cloud does not report them."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


@dataclass(frozen=True, slots=True)
class Submission:
    """The creation of a job, as the cloud stored it. Values that it does not report are None.

    Attributes:
        name: name of the job.
        platform: name of the job's platform.
        body: create body, with at least a payload.
    """

    name: str | None = None
    platform: str | None = None
    body: Body | None = None


@runtime_checkable
class SupportsSubmissionLookup(Protocol):
    """An optional part of a `Provider`, which looks up how a job was created.

    Without it, you can watch jobs that were sent elsewhere, but only the cloud can rerun them.
    """

    async def submission(self, remote_id: str) -> Submission:
        """Return how a job was created."""
        ...


ProviderFactory = Callable[[Account], Provider]

_REFUSALS: Final = (RequestRejectedError, InsufficientCreditsError, RemoteNotFoundError)
"""Errors that prove, if they have no HTTP status, that no job was created."""

SENT_ELSEWHERE: Final = frozenset({301, 302, 303, 307, 308})
"""Redirects. jobgroup does not follow them, so no job was created."""

NEVER_DONE: Final = frozenset({501, 505})
"""Statuses "not implemented" and "HTTP version not supported". No job was created, and a retry is
useless.
"""


def concerns_account(error: object) -> bool:
    """Return whether an error concerns a whole cloud or account, and therefore other jobs too."""
    return isinstance(
        error,
        CloudUnreachableError
        | CloudUnavailableError
        | CredentialsError
        | InsufficientCreditsError
        | MissingDependencyError
        | InvalidProviderError,
    )


def refuses_job(error: object) -> bool:
    """Return whether a cloud rejected a job for a reason that concerns only that job."""
    return isinstance(error, RequestRejectedError | RemoteNotFoundError) and not isinstance(
        error, QuotaExceededError
    )


def may_have_arrived(error: BaseException) -> bool:
    """Return whether a `submit` or `rerun` that raised `error` may have created a job.

    ======================================================  =======  ===============================
    Outcome                                                 Arrived  Reason
    ======================================================  =======  ===============================
    `CloudUnreachableError`: refused, DNS, TLS, timeout     no       no byte of the request left
    while connecting
    `NoResponseError`: reset or timeout after that          perhaps  the server may have read it all
    any 4xx but 408, such as 400, 403, 422, 429             no       the cloud rejects the request
    408                                                     perhaps  gateways send it if a server
                                                                     did not respond in time
    301, 302, 303, 307, 308                                 no       gateways and sign-in pages send
                                                                     these before it reaches a cloud
    any other 3xx, and 1xx                                  perhaps  not a response to a create
    2xx without an id, or not JSON                          perhaps  most probably it did
    501, 505, 511                                           no       not implemented, no such HTTP
                                                                     version, sign in to the network
    any other 5xx, such as 500, 502, 503, 504               perhaps  the job may be stored already,
                                                                     or a gateway stopped waiting
    a rejection by its class, without a status              no       the cloud rejects the request
    no token, no provider, or an unusable one               no       nothing was sent
    anything else                                           perhaps  not known to be harmless
    ======================================================  =======  ===============================
    """
    match error:
        case NoResponseError():
            return True
        case (
            CloudUnreachableError()
            | CredentialsError()
            | MissingDependencyError()
            | InvalidProviderError()
        ):
            return False
        case InvalidResponseError():
            return error.status_code not in SENT_ELSEWHERE
        case CloudError(status_code=None):
            return not isinstance(error, _REFUSALS)
        case CloudError(status_code=int(status)):
            is_refused = 400 <= status < 500 and status != 408
            return not (is_refused or status in SENT_ELSEWHERE | NEVER_DONE | {511})
    return True


MAX_ID_CHARACTERS: Final = 200
"""Maximum length of a job's id on a cloud."""


def is_id(text: object) -> TypeGuard[str]:
    r"""Return whether a value can be a job's id on a cloud.

    An id is one segment of a path. Any character can be percent-encoded, but URL parsers resolve a
    segment that has only dots, even if encoded. An id must not contain " + ", which joins the ids
    of an entry's sub-jobs in texts, or U+FFFD, which replaces bytes that are not UTF-8.

    >>> is_id("a/../b?#%2e"), is_id(".."), is_id("a1 + b2"), is_id("a\ufffd"), is_id(7)
    (True, False, False, False, False)
    """
    return (
        isinstance(text, str)
        and 0 < len(text) <= MAX_ID_CHARACTERS
        and text.isprintable()
        and text == text.strip()
        and bool(text.strip("."))
        and " + " not in text
        and "\ufffd" not in text
    )


def shown_id(value: object) -> str:
    """Return the text, for an error message, of a value that a cloud returned in place of an id.

    >>> shown_id("a + b"), shown_id({"id": 7})
    ("'a + b'", "{'id': 7}")
    """
    return shown(value, MAX_ID_CHARACTERS + 50)
