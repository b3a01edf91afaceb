"""Read Perceval's remote jobs without changing them."""

# ruff: noqa: SLF001 # the request of an unsent job is in no public attribute of any release

from __future__ import annotations

from copy import copy
from typing import Any

import perceval
from perceval import RemoteJob
from perceval.serialization import serialize

from jobgroup.adapters.base import JobSpec
from jobgroup.adapters.perceval.spec import Recorder, json_ready, spec_of


def read_job(job: object, kwargs: dict[str, Any], args: tuple[Any, ...] = ()) -> list[JobSpec]:
    """Return the spec of a remote job, unsent or sent. See `adapters.read_job`.

    `args` are the positional parameters with which the user executes the job.
    """
    if isinstance(job, getattr(perceval, "Execution", ())):
        from jobgroup.adapters.perceval.executions import read_execution

        return read_execution(job, kwargs, args)
    if not isinstance(job, RemoteJob):
        raise TypeError(f"{_not_a_job(job)} Nothing was added.")
    remote_id = job.id  # an object that follows its entries reads them
    if remote_id is not None and kwargs:
        raise TypeError(
            f"The job was already sent as {remote_id}, so it cannot take {', '.join(kwargs)}."
            " Nothing was added."
        )
    is_sent = remote_id is not None
    body = json_ready(job._request_data or {}) if is_sent else _body_of(job, kwargs, args)
    return [
        spec_of(
            job._rpc_handler,
            body.get("payload") or {},
            name=job.name or "unnamed",
            body=body,
            kwargs=kwargs,
            remote_ids=[remote_id] if remote_id else [],
            status=job._job_status if is_sent else None,
        )
    ]


def _not_a_job(thing: object) -> str:
    kind = type(thing).__name__
    given = f"{'An' if kind[0] in 'AEIOU' else 'A'} {kind}"
    if hasattr(type(thing), "sample_count"):  # accessing the attribute would create a job
        return f"{given} is not a job. Add one of its jobs, such as its sample_count."
    if isinstance(thing, perceval.RemoteProcessor):
        return f"{given} is not a job. Add a job for it, such as Sampler(processor, ...).probs."
    return f"Only jobs for a cloud can be added. Create this {kind} from a RemoteProcessor."


def _body_of(job: RemoteJob, kwargs: dict[str, Any], args: tuple[Any, ...]) -> dict[str, Any]:
    # The copy shares no attribute that execute_async writes to. Its status is new, because a failed
    # launch leaves "error" in it.
    twin = copy(job)
    recorder = Recorder(job._rpc_handler)
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
            f"Perceval cannot build the request of job {job.name!r} with"
            f" {given or 'no parameters'}. Nothing was added. A parameter, such as max_samples, may"
            " be wrong or missing."
        )
        raise
    return json_ready(recorder.bodies[0])
