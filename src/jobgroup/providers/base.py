"""What the engine asks of a cloud: the :class:`Provider` protocol and the records that it speaks in.

One instance serves one account, that is one origin and one token. Third parties register a provider
through the entry point group ``jobgroup.providers``: a callable of an :class:`Account`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

Body = dict[str, Any]
"""A create body as the cloud wants it, JSON-ready."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a provider acts for.

    Attributes:
        origin: base url, scheme, host and port (and path prefix, where a cloud has one).
        label: tells accounts of one origin apart; "" is the usual one.
        token: gives the token at the time of each request; raises NoTokenError. It is a callable so
            that a token set later is used by what runs already, and so that no repr shows it.
        proxies: scheme to proxy url.
    """

    origin: str
    label: str
    token: Callable[[], str] = field(repr=False)
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class RemoteStatus:
    """A cloud's answer about one job. What it did not say is None.

    Attributes:
        word: the cloud's own word, kept as it came.
        state: the state that it means (`status.STATES`).
        message: why the job failed, or what it is doing.
        progress: 0 to 1.
        created_at, started_at: seconds since the epoch.
        duration_s: how long it ran, in seconds.
        shots: shots used.
        name: the job's name on the cloud.
    """

    word: str
    state: str
    message: str | None = None
    progress: float | None = None
    created_at: float | None = None
    started_at: float | None = None
    duration_s: float | None = None
    shots: int | None = None
    name: str | None = None


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
    """One cloud, for one account. Every method raises errors of `jobgroup.errors` alone.

    `CloudUnreachableError` says that a request certainly did not arrive, `RequestLostError` that it
    may have: on that difference rests the promise that no job is paid for twice.
    """

    can_look_up: bool
    """Whether a repeated `submit` with the same key returns the first one's id instead of a new job."""

    async def submit(self, body: Body, *, key: str) -> str:
        """Create a job and return its remote id. `key` is unique to the attempt."""
        ...

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RemoteStatus | Exception]:
        """Ask about many jobs at once, bounded; each gets its answer or its own error."""
        ...

    async def result(self, remote_id: str) -> dict[str, Any]:
        """The result document as the cloud gives it, undecoded."""
        ...

    async def cancel(self, remote_id: str) -> None:
        """Ask for a job's cancellation."""
        ...

    async def rerun(
        self, remote_id: str, *, key: str, changes: Mapping[str, Any] | None = None
    ) -> str | None:
        """Run a job again as a new one; None where this cloud cannot (the stored body is sent then)."""
        ...

    async def availability(self) -> Availability:
        """The plan's free slots."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


ProviderFactory = Callable[[Account], Provider]
