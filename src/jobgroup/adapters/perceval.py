"""Perceval's remote jobs: reading one without touching it, and decoding results as it does."""

# ruff: noqa: SLF001  # what an unsent job would send is in no public attribute of any release

from __future__ import annotations

import json
import re
from copy import copy
from numbers import Integral, Real
from typing import Any, Final

import perceval
from perceval import RemoteJob
from perceval.serialization import serialize

from jobgroup.adapters.base import JobDraft, UndecodableResultError
from jobgroup.adapters.perceval_clouds import cloud_of
from jobgroup.adapters.perceval_facts import facts_of, params_of
from jobgroup.adapters.perceval_packed import MAX_UNPACKED_BYTES, is_within_bounds
from jobgroup.status import JobStatus, RunningStatus

_CONVERSION: Final = re.compile(r"(probs|samples|sample_count)_to_(probs|samples|sample_count)")
_DISGUISES: Final = (":PCVL:", "pcvlar")
_OURS_TO_SET: Final = ("job_name", "job_group_name")


def read_job(job: object, kwargs: dict[str, Any]) -> list[JobDraft]:
    """The draft of one remote job, unsent or sent. See `adapters.read_job`."""
    if isinstance(job, getattr(perceval, "Execution", ())):
        from jobgroup.adapters.perceval_execution import read_execution

        return read_execution(job, kwargs)
    if not isinstance(job, RemoteJob):
        raise TypeError(f"{_not_a_job(job)} Nothing was added.")
    if job.id is not None and kwargs:
        raise TypeError(
            f"The job was sent already, as {job.id}: it takes no {', '.join(kwargs)} any more. "
            "Nothing was added."
        )
    body = _body_of(job, kwargs) if job.id is None else json_ready(job._request_data or {})
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
) -> JobDraft:
    """The draft of a job for a handler's cloud; `status` is Perceval's, of one that was sent."""
    cloud = cloud_of(handler)
    for each in [body] if recipe is None else body["parts"]:
        for key in _OURS_TO_SET:
            each.pop(key, None)
        if each:
            each.setdefault("platform_name", handler.name)
            each.update(cloud.extras)
    return JobDraft(
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


def decode(text: str, plain: Any) -> Any:
    """The results in `text`, whose JSON is `plain`, through Perceval's own `get_results`."""
    refuse_harm(text, plain)
    try:
        return RemoteJob.from_id("decoded here", _Results(text)).get_results()
    except Exception as error:
        raise UndecodableResultError(
            f"Perceval cannot decode the results ({error}); their text is kept in this error's "
            "`raw`.",
            raw=text,
        ) from error


def refuse_harm(text: str, plain: Any) -> None:
    """See that decoding does neither run foreign code nor fill the memory.

    Raises:
        UndecodableResultError: it would.
    """
    _refuse_foreign_code(text, plain)
    if not is_within_bounds(plain):
        raise UndecodableResultError(
            f"The results would take more than {MAX_UNPACKED_BYTES >> 20} MiB unpacked, so they"
            " were not; their text is kept in this error's `raw`.",
            raw=text,
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


class _Results:
    """Stands for the cloud of a finished job and answers from what was fetched."""

    name, url, token = "", "", ""
    proxies: Final[dict[str, str]] = {}
    headers: Final[dict[str, str]] = {}

    def __init__(self, text: str) -> None:
        self._text = text

    def get_job_status(self, _id: str) -> dict[str, Any]:
        return {
            "status": "completed",
            "status_message": "",
            "progress": 1.0,
            "progress_message": "",
            "creation_datetime": 0.0,
            "start_time": 0.0,
            "duration": 0,
        }

    def get_job_results(self, _id: str) -> dict[str, Any]:
        return {"results": self._text}


def _body_of(job: RemoteJob, kwargs: dict[str, Any]) -> dict[str, Any]:
    # The copy shares nothing that execute_async writes to: not the request, the parameters still to
    # be filled, the context or the status, which is new because a failed launch leaves "error".
    twin = copy(job)
    recorder = _Recorder(job._rpc_handler)
    twin._rpc_handler = recorder
    twin._request_data = serialize(job._request_data)
    twin._delta_parameters = serialize(job._delta_parameters)
    twin._job_context = serialize(job._job_context)
    twin._job_status = type(job._job_status)()
    twin.execute_async(**kwargs)
    return json_ready(recorder.body)


def json_ready(data: Any) -> dict[str, Any]:
    """Perceval's objects as the texts that its clouds get."""
    try:
        ready: dict[str, Any] = json.loads(
            json.dumps(serialize(data), allow_nan=False, default=_as_number)
        )
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"This job cannot be sent as JSON ({error}). Nothing was added."
        ) from None
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


def _refuse_foreign_code(text: str, plain: Any) -> None:
    # Perceval imports and calls the function that a result's job_context names, whatever it is, and
    # looks for that name only after turning its own texts, keys too, into objects.
    context = plain.get("job_context") if isinstance(plain, dict) else None
    mapping = context.get("result_mapping") if isinstance(context, dict) else None
    if _is_open(plain) and _is_open(context) and (mapping is None or _is_conversion(mapping)):
        return
    raise UndecodableResultError(
        "The results ask for a conversion that is none of Perceval's, so it was not run; "
        "their text is kept in this error's `raw`.",
        raw=text,
    )


def _is_conversion(mapping: Any) -> bool:
    return (
        isinstance(mapping, list)
        and len(mapping) == 2
        and mapping[0] == "perceval.utils"
        and bool(_CONVERSION.fullmatch(str(mapping[1])))
    )


def _is_open(value: Any) -> bool:
    # Whether what stands there is what Perceval will see.
    if isinstance(value, dict):
        return value.get("header") not in _DISGUISES and not any(
            key.startswith(_DISGUISES) for key in value
        )
    return not isinstance(value, str)
