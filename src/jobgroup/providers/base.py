"""What the engine asks of a cloud: the :class:`Provider` protocol and the records it speaks in.

One instance serves one account, that is one origin and one token. Anybody's package brings one
through the entry point group ``jobgroup.providers``: a callable of an :class:`Account`.
docs/providers.md tells how to write one, `jobgroup.testing.ProviderSuite` whether it is right.
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
"""A create body as the cloud wants it, JSON-ready."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a provider acts for.

    Attributes:
        origin: base url, scheme, host and port (and path prefix, where a cloud has one).
        label: tells accounts of one origin apart; "" is the usual one.
        token: gives the token at the time of each request; raises MissingTokenError. It is a
            callable so that a token set later is used by what runs already, and so that no repr
            shows it.
        proxies: scheme to proxy url, as they are known at each look.
    """

    origin: str
    label: str
    token: Callable[[], str] = field(repr=False)
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Availability:
    """How many jobs an account may have.

    Attributes:
        queue_free: how many more jobs the cloud takes now; None where it does not say.
        queue_max: how many it holds at most (waiting and running).
        concurrent_max: how many of them it runs at once.
    """

    queue_free: int | None = None
    queue_max: int | None = None
    concurrent_max: int | None = None


@runtime_checkable
class Provider(Protocol):
    """One cloud, for one account. Every method raises errors of ``jobgroup.errors`` alone.

    Which of them leave a job's fate open is told by `may_have_arrived`: on that difference rests
    the promise that no job is paid for twice. Reads are repeated inside, a bounded number of
    times; `submit`, `rerun` and `cancel` are one request each. All calls come from one event loop.
    """

    @property
    def supports_idempotency_keys(self) -> bool:
        """Whether a repeated `submit` with the same key gives the first one's id, not a new job.

        For an hour at least: later none is repeated.
        """
        ...

    async def submit(self, body: Body, *, key: str) -> str:
        """Create a job and return its remote id, a text of 1 to 200 characters.

        Args:
            body: ``payload``, ``platform_name``, ``job_name``, ``job_group_name``, and what stood
                beside the payload when the job was added.
            key: unique to the attempt.
        """
        ...

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RemoteStatus | Exception]:
        """Ask about up to 1,000 jobs, a bounded number at a time.

        Each gets its answer or its own error; what concerns all of them may be raised instead.
        """
        ...

    async def result(self, remote_id: str) -> dict[str, Any]:
        """The result document, undecoded.

        Its ``results`` are the text of a JSON document, decoded later as Perceval does, or any
        other JSON value, which is the result as it is.
        """
        ...

    async def cancel(self, remote_id: str) -> None:
        """Ask for a job's cancellation; that it is canceled is told by `status` later."""
        ...

    async def rerun(
        self, remote_id: str, *, key: str, params: Mapping[str, Any] | None = None
    ) -> str | None:
        """Run a job again as a new one and return its id.

        None where this cloud cannot or may not; then certainly no job was created, and the stored
        body can be sent.
        """
        ...

    async def availability(self) -> Availability:
        """The plan's free slots; ``Availability()`` where the cloud does not tell."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


@dataclass(frozen=True, slots=True)
class Submission:
    """What a cloud has kept of a job's creation. What it did not tell is None.

    Attributes:
        name: of the job.
        platform: that it was sent to.
        body: the create body, as far as it is known: with a payload at least.
    """

    name: str | None = None
    platform: str | None = None
    body: Body | None = None


@runtime_checkable
class SupportsSubmissionLookup(Protocol):
    """What a `Provider` may be able to do besides: tell what was sent.

    Of one that is not, only the status of a job that was sent elsewhere is known here: it can be
    watched, and rerun by the cloud itself.
    """

    async def submission(self, remote_id: str) -> Submission:
        """What is known of a job's creation."""
        ...


ProviderFactory = Callable[[Account], Provider]

_REFUSALS: Final = (RequestRejectedError, InsufficientCreditsError, RemoteNotFoundError)
"""What a provider that names no HTTP status raises only where nothing was made."""

SENT_ELSEWHERE: Final = frozenset({301, 302, 303, 307, 308})
"""HTTP's redirects. None is followed, so nothing was made."""

NEVER_DONE: Final = frozenset({501, 505})
"""Not implemented, no such HTTP version: nothing was made, and a repeat changes nothing."""

_NEVER_LOOKED_AT: Final = NEVER_DONE | {511}


def concerns_account(error: object) -> bool:
    """Whether an error is about a cloud or an account, so that other jobs would meet it too."""
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
    """Whether a cloud rejected one job for a reason that lies in that job."""
    return isinstance(error, RequestRejectedError | RemoteNotFoundError) and not isinstance(
        error, QuotaExceededError
    )


def may_have_arrived(error: BaseException) -> bool:
    """Whether a `submit` or `rerun` that raised `error` may have created a job all the same.

    ======================================================  =======  ===============================
    what came instead of an id                              arrived  why
    ======================================================  =======  ===============================
    `CloudUnreachableError`: refused, DNS, TLS, connecting  no       no byte of the request left
    took too long
    `NoResponseError`: reset, timeout, cut after that       perhaps  the server may have read it all
    400, 401, 402, 403, 404, 409, 422, any other 4xx        no       the cloud says that it refuses
    408                                                     perhaps  the whole request was written,
                                                                     and gateways say so of a server
                                                                     that did not answer in time
    425, 429                                                no       refused before it was looked at
    301, 302, 303, 307, 308                                 no       "send it elsewhere": gateways
                                                                     and sign-in pages, before it
                                                                     reached the cloud
    any other 3xx, and 1xx                                  perhaps  no answer to a create
    2xx without an id, or not JSON                          perhaps  most probably it did
    501, 505, 511                                           no       not implemented, no such HTTP
                                                                     version, sign in to the network
    500, 502, 503, 504, any other 5xx                       perhaps  it may have stored it first,
                                                                     or a gateway gave up waiting
    a refusal by its class, without a status                no       the cloud says that it refuses
    no token, no provider, or one that cannot be used       no       nothing was sent
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
            return not (is_refused or status in SENT_ELSEWHERE | _NEVER_LOOKED_AT)
    return True


MAX_ID_CHARACTERS: Final = 200
"""Characters of a job's id on a cloud."""


def is_id(text: object) -> TypeGuard[str]:
    """Return whether a value can be a job's id on a cloud, whatever is in it.

    An id is one segment of a path. Everything in it can be percent-encoded but the dots of a
    segment that has nothing else, which each url parser resolves, encoded or not. People see the
    ids of an entry's sub-jobs with " + " between them.

    >>> is_id("a/../b?#%2e"), is_id(".."), is_id("a1 + b2"), is_id(7)
    (True, False, False, False)
    """
    return (
        isinstance(text, str)
        and 0 < len(text) <= MAX_ID_CHARACTERS
        and text.isprintable()
        and text == text.strip()
        and bool(text.strip("."))
        and " + " not in text
    )


def shown_id(value: object) -> str:
    """What a cloud gave for an id and is none, for a person who looks for the job by it.

    >>> shown_id("a + b"), shown_id({"id": 7})
    ("'a + b'", "{'id': 7}")
    """
    return shown(value, MAX_ID_CHARACTERS + 50)
