"""Perceval's remote jobs: reading one without touching it."""

# ruff: noqa: SLF001  # what an unsent job would send is in no public attribute of any release

from __future__ import annotations

import json
from copy import copy
from numbers import Integral, Real
from typing import Any, Final

import perceval
from perceval import RemoteJob
from perceval.serialization import serialize

from jobgroup.adapters.base import JobSpec
from jobgroup.adapters.perceval.connection import cloud_of
from jobgroup.adapters.perceval.facts import facts_of, params_of
from jobgroup.status import JobStatus, RunningStatus

_OURS_TO_SET: Final = ("job_name", "job_group_name")


def read_job(job: object, kwargs: dict[str, Any], args: tuple[Any, ...] = ()) -> list[JobSpec]:
    """The draft of one remote job, unsent or sent. See `adapters.read_job`.

    `args` are the parameters without names of an execution by hand.
    """
    if isinstance(job, getattr(perceval, "Execution", ())):
        from jobgroup.adapters.perceval.executions import read_execution

        return read_execution(job, kwargs, args)
    if not isinstance(job, RemoteJob):
        raise TypeError(f"{_not_a_job(job)} Nothing was added.")
    if job.id is not None and kwargs:
        raise TypeError(
            f"The job was sent already, as {job.id}: it takes no {', '.join(kwargs)} any more. "
            "Nothing was added."
        )
    body = _body_of(job, kwargs, args) if job.id is None else json_ready(job._request_data or {})
    payload = body.get("payload") or {}
    return [
        draft_of(
            job._rpc_handler,
            name=job.name or "unnamed",
            body=body,
            params=params_of(payload, kwargs),
            facts=facts_of(payload),
            remote_id=job.id,
            status=None if job.id is None else job._job_status,
        )
    ]


def _not_a_job(thing: object) -> str:
    kind = type(thing).__name__
    if hasattr(type(thing), "sample_count"):  # looked up there: had from the object it is made
        return f"A {kind} is no job itself: add one of its jobs, such as its sample_count."
    if isinstance(thing, perceval.RemoteProcessor):
        return f"A {kind} is no job itself: add one for it, as Sampler(processor, ...).probs."
    return f"Only a job for a cloud can be added; make this {kind} from a RemoteProcessor."


def draft_of(
    handler: Any,
    *,
    name: str,
    body: dict[str, Any],
    params: dict[str, Any],
    facts: dict[str, Any],
    remote_id: str | None = None,
    status: Any = None,
    recipe: dict[str, Any] | None = None,
) -> JobSpec:
    """The draft of a job for a handler's cloud; `status` is Perceval's, of one that was sent."""
    cloud = cloud_of(handler)
    for each in [body] if recipe is None else body["parts"]:
        for key in _OURS_TO_SET:
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
        params=params,
        facts=facts,
        remote_id=remote_id,
        status=None if status is None else _status_of(status),
        recipe=recipe,
        token=cloud.token,
        proxies=cloud.proxies,
    )


class _Recorder:
    """Stands where a job's handler to its cloud was, and keeps what would have been sent."""

    def __init__(self, handler: Any) -> None:
        self.name = handler.name
        self.url = handler.url
        self.token = None
        self.proxies: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self.body: Any = None

    def create_job(self, body: Any) -> str:
        self.body = body
        return "none: recorded, not sent"  # Perceval's log shows it as the id


def _body_of(job: RemoteJob, kwargs: dict[str, Any], args: tuple[Any, ...]) -> dict[str, Any]:
    # The copy shares nothing that execute_async writes to: not the request, the parameters still to
    # be filled, the context or the status, which is new because a failed launch leaves "error".
    twin = copy(job)
    recorder = _Recorder(job._rpc_handler)
    twin._rpc_handler = recorder
    twin._request_data = serialize(job._request_data)
    twin._delta_parameters = serialize(job._delta_parameters)
    twin._job_context = serialize(job._job_context)
    twin._job_status = type(job._job_status)()
    try:
        twin.execute_async(*args, **kwargs)
    except Exception as error:
        given = ", ".join(f"{name}={value!r:.40}" for name, value in kwargs.items())
        error.add_note(
            f"Perceval cannot make the request of job {job.name!r} with {given or 'no parameters'}."
            " Is one of them wrong or missing (max_samples, say)? Nothing was added."
        )
        raise
    return json_ready(recorder.body)


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
