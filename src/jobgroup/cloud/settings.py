"""Define an embedded cloud's settings, which are the same in all its runs, and its plan."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jobgroup.cloud.faults import Faults
from jobgroup.cloud.request_log import RequestLog

CONTROL_DIRECTORY: Final = "control"
"""Subdirectory of a cloud's directory in which workers report progress."""


@dataclass(slots=True)
class Plan:
    """Limits of an account.

    Attributes:
        max_queue: limit of waiting and running jobs.
        max_concurrent: limit of running jobs.
        supports_idempotency_keys: whether a request with a repeated `Idempotency-Key` returns the
            first request's job. The real cloud does not support that header.
    """

    max_queue: int
    max_concurrent: int
    supports_idempotency_keys: bool = True

    def change(self, **changes: int | bool | None) -> None:
        """Set attributes, except those that are None; raise ValueError for a limit below 0."""
        given = {name: value for name, value in changes.items() if value is not None}
        if min(given.values(), default=0) < 0:
            raise ValueError("A limit must be at least 0.")
        for name, value in given.items():
            setattr(self, name, value)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a cloud; see the arguments of `jobgroup.cloud.EmbeddedCloud`."""

    token: str = field(repr=False)
    directory: Path
    plan: Plan
    faults: Faults
    log: RequestLog
    executor: Executor | None
    workers: int | None
    prewarm: bool
