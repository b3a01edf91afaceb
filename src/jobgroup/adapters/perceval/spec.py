"""Steps that jobs and Executions share: the spec, JSON, and recording a launch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from perceval.serialization import serialize

from jobgroup.adapters.base import SET_WHEN_SENT, JobSpec
from jobgroup.adapters.perceval.connection import cloud_of
from jobgroup.adapters.perceval.metadata import metadata_of, params_of
from jobgroup.status import JobStatus, RunningStatus


def spec_of(
    handler: Any,
    payload: dict[str, Any],
    *,
    name: str,
    body: dict[str, Any],
    kwargs: dict[str, Any],
    remote_ids: Sequence[str] = (),
    status: Any = None,
    composition: dict[str, Any] | None = None,
) -> JobSpec:
    """The spec of a job for a handler's cloud.

    Args:
        handler: Perceval's, to the cloud.
        payload: what is shown of the job is read from it.
        name: of the job.
        body: to be sent; with a composition a body for each of the `parts`.
        kwargs: parameters of the execution.
        remote_ids: of a job that was sent, those of its sub-jobs.
        status: Perceval's, of a job that was sent.
        composition: see `JobSpec`.
    """
    cloud = cloud_of(handler)
    for each in [body] if composition is None else body["parts"]:
        for key in SET_WHEN_SENT:
            each.pop(key, None)
        if each:
            each.setdefault("platform_name", handler.name)
            each.update(cloud.extras)
    return JobSpec(
        name=name,
        platform=handler.name,
        origin=cloud.origin,
        provider=cloud.provider,
        body=body,
        params=params_of(payload, kwargs),
        metadata=metadata_of(payload),
        remote_ids=remote_ids,
        status=None if status is None else _status_of(status),
        composition=composition,
        token=cloud.token,
        proxies=cloud.proxies,
    )


class Recorder:
    """Replaces the handler of a cloud, and records the bodies that would have been sent.

    Args:
        handler: the replaced one.
        details: of the platform, which are not fetched again.
    """

    def __init__(self, handler: Any, details: Any = None) -> None:
        self.name = handler.name
        self.url = handler.url
        self.token = None
        self.proxies: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self.bodies: list[Any] = []
        self._details = details

    def fetch_platform_details(self) -> Any:
        return self._details

    def create_job(self, body: Any) -> str:
        """Record a body; Perceval's log shows the return value as the id."""
        self.bodies.append(body)
        return f"none: recorded as {len(self.bodies)}, not sent"


def json_ready(data: Any) -> dict[str, Any]:
    """Perceval's objects as the texts that its clouds get."""
    try:
        ready: dict[str, Any] = json.loads(
            json.dumps(serialize(data), allow_nan=False, default=_as_number)
        )
    except (TypeError, ValueError, RecursionError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"This job cannot be sent as JSON ({error}). Nothing was added.") from None
    return ready


def _as_number(value: object) -> int | float:
    """The number that one of numpy's is; Perceval itself would fail with it when it is sent."""
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _status_of(theirs: Any) -> JobStatus:
    return JobStatus(
        status=RunningStatus[theirs.status.name],
        message=theirs.stop_message or None,
        progress=theirs.progress or 0.0,
        creation_timestamp=theirs.creation_timestamp or None,
        start_timestamp=theirs.start_timestamp or None,
        duration=theirs.duration or None,
    )
