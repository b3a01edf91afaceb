"""Read Perceval's Executions (since 1.3) as Perceval would launch them."""

# ruff: noqa: SLF001 # no public attribute has an Execution's cloud and ids

from __future__ import annotations

from copy import copy, deepcopy
from typing import Any

from perceval import Execution, RemoteComputer
from perceval.providers.rpc_based_communication_layer import RPCBasedCommunicationLayer
from perceval.runtime import ExecutionStatus

from jobgroup.adapters.base import JobSpec
from jobgroup.adapters.perceval.composition import composition_of
from jobgroup.adapters.perceval.spec import Recorder, json_ready, spec_of


def read_execution(
    execution: Execution, kwargs: dict[str, Any], args: tuple[Any, ...] = ()
) -> list[JobSpec]:
    """Return the spec of an Execution, unsent or sent. See `adapters.read_job`."""
    computer = execution.computer
    layer = getattr(computer, "_communication_layer", None)
    if not isinstance(computer, RemoteComputer):
        raise TypeError(
            f"Only an Execution for a cloud can be added, not one of a {type(computer).__name__}."
            " Nothing was added. Create it with a RemoteComputer."
        )
    if not isinstance(layer, RPCBasedCommunicationLayer):
        raise TypeError(
            f"An Execution through a {type(layer).__name__} cannot be added, because jobgroup does"
            " not support that cloud. Nothing was added."
        )
    handler = layer._rpc_handler
    if execution.was_sent:
        return [_sent(execution, handler, kwargs)]
    computation = deepcopy(execution.computation)
    if args or kwargs:
        computation.add_params(*args, **kwargs)
    if execution.name:
        computation.job_name = execution.name
    # `details` fetches details again that are 5 s old.
    details = getattr(layer, "_platform_details", None) or computer.details
    recorder = Recorder(handler, details)
    # The copy's own launch adds the params, checks, mitigations and payload. Only its layer to the
    # cloud is different.
    twin = copy(computer)
    twin._communication_layer = RPCBasedCommunicationLayer(recorder)
    launched = twin.execute_async(computation)
    composition = _composition(computation, *launched)
    bodies = [json_ready(body) for body in recorder.bodies]
    return [
        spec_of(
            handler,
            _described(computation, twin, launched[0]),
            name=computation.job_name or "unnamed",
            body=bodies[0] if composition is None else {"parts": bodies},
            kwargs=kwargs,
            composition=composition,
        )
    ]


def _sent(execution: Execution, handler: Any, kwargs: dict[str, Any]) -> JobSpec:
    """Read a launched Execution. Its body is unknown, because the computer may have changed."""
    getters = [getter for row in execution._getters for getter in row]
    if not getters:
        raise TypeError(
            "The Execution was executed synchronously, so there is nothing left to run or fetch."
            " Nothing was added. Add execution.clone() to run it again."
        )
    if kwargs:
        raise TypeError(
            f"The Execution was already sent, so it cannot take {', '.join(kwargs)}. Nothing was"
            " added."
        )
    mitigations = execution._mitigations
    launched = mitigations, execution._imperfections, execution._getters
    composition = _composition(execution.computation, *launched)
    return spec_of(
        handler,
        _described(execution.computation, execution.computer, mitigations),
        name=execution.name or "unnamed",
        body={} if composition is None else {"parts": [{} for _ in getters]},
        kwargs={},
        remote_ids=[getter._remote_id for getter in getters],
        status=ExecutionStatus.merge_status([getter._status for getter in getters]),
        composition=composition,
    )


def _composition(
    computation: Any, mitigations: Any, imperfections: Any, getters: Any
) -> dict[str, Any] | None:
    """Return the recipe for the results, if mitigations run on this machine."""
    if not mitigations:
        return None
    return composition_of(computation, mitigations, imperfections, [len(row) for row in getters])


def _described(computation: Any, computer: RemoteComputer, local: list[Any]) -> dict[str, Any]:
    """Return an Execution as a RemoteJob's payload, from which metadata is read."""
    payload = computer.prepare_payload(computation)
    parts = {
        "command": computation.command.name,
        "experiment": computation.experiment,
        "noise": payload.get("noise"),
        "parameters": payload.get("parameters"),
        "iterator": getattr(computation, "iterations", None),
        **computation.parameters,
    }
    mitigations = [*local, *(payload.get("mitigations") or [])]
    if mitigations:
        parts["error_mitigations"] = ", ".join(type(m).__name__ for m in mitigations)
    return json_ready({name: part for name, part in parts.items() if part is not None})
