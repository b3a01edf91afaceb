"""Create specs of jobs and Executions: find the cloud, convert to JSON, record a launch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from perceval.serialization import serialize

from jobgroup.adapters.base import SET_WHEN_SENT, JobSpec
from jobgroup.adapters.perceval.metadata import metadata_of, params_of
from jobgroup.origin import normalise_origin
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
    """Return the spec of a job on a handler's cloud.

    Args:
        handler: Perceval's handler for the cloud.
        payload: payload with the params and metadata.
        name: name of the job.
        body: create body; with a composition, a body for each of its `parts`.
        kwargs: parameters of the execution.
        remote_ids: ids of a sent job's sub-jobs.
        status: Perceval's status of a sent job.
        composition: see `JobSpec`.

    Raises:
        ValueError: the cloud's URL is invalid.
        TypeError: no provider supports the cloud.
    """
    kind = type(handler).__module__.removeprefix("perceval.providers.").partition(".")[0]
    if kind == "kipu":
        raise TypeError("Jobs for Kipu cannot be added. Nothing was added.")
    is_scaleway = kind == "scaleway"
    token = handler.headers.get("X-Auth-Token") if is_scaleway else handler.token
    extras = _session_of(handler) if is_scaleway else {}
    for each in [body] if composition is None else body["parts"]:
        for key in SET_WHEN_SENT:
            each.pop(key, None)
        if each:
            each.setdefault("platform_name", handler.name)
            each.update(extras)
    return JobSpec(
        name=name,
        platform=handler.name,
        origin=normalise_origin(handler.url),
        provider="scaleway" if is_scaleway else "quandela",
        body=body,
        params=params_of(payload, kwargs),
        metadata=metadata_of(payload, body.get("pcvl_version")),
        remote_ids=remote_ids,
        status=None if status is None else _status_of(status),
        composition=composition,
        token=token if isinstance(token, str) else None,
        proxies=dict(getattr(handler, "proxies", None) or {}),
    )


class Recorder:
    """A replacement for a cloud's handler that records bodies instead of sending them.

    Args:
        handler: handler to replace.
        details: details of the platform, which are not fetched again.
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
        """Record a body. Perceval's log shows the returned id."""
        self.bodies.append(body)
        return f"none: recorded as {len(self.bodies)}, not sent"


def json_ready(data: Any) -> dict[str, Any]:
    """Return Perceval's objects in the form that clouds receive."""
    try:
        ready: dict[str, Any] = json.loads(
            json.dumps(serialize(data), allow_nan=False, default=_as_number)
        )
    except (TypeError, ValueError, RecursionError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"This job cannot be sent as JSON ({error}). Nothing was added.") from None
    return ready


def _as_number(value: object) -> int | float:
    """Convert a NumPy number to Python's, because Perceval would fail to send it."""
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _session_of(handler: Any) -> dict[str, str]:
    # A session that is started later has no id yet. The provider finds a running session.
    names = ("project_id", "platform_id", "session_id")
    found = {name: getattr(handler, f"_{name}", None) for name in names}
    return {key: value for key, value in found.items() if value and isinstance(value, str)}


def _status_of(theirs: Any) -> JobStatus:
    return JobStatus(
        status=RunningStatus[theirs.status.name],
        message=theirs.stop_message or None,
        progress=theirs.progress or 0.0,
        creation_timestamp=theirs.creation_timestamp or None,
        start_timestamp=theirs.start_timestamp or None,
        duration=theirs.duration or None,
    )
