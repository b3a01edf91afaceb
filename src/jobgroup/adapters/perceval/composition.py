"""Compose the results of Executions with local error mitigations from several jobs' results.

Besides the jobs' results, Perceval needs a composition: an archive with the launch's computation,
mitigations and imperfections. A group's file may come from a colleague, so the decoder checks each
composition when it is created and when it is read.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from perceval import RemoteComputer
from perceval.providers.rpc_based_communication_layer import RPCBasedCommunicationLayer
from perceval.serialization import OutputArchive, Serialization

from jobgroup.adapters.base import UndecodableResultError
from jobgroup.adapters.perceval.results import decode
from jobgroup.decoding import Budget, Decoder, RefusedError
from jobgroup.decoding.perceval_maker import PercevalMaker


def composition_of(
    computation: Any, mitigations: Any, imperfections: Any, shape: list[int]
) -> dict[str, Any]:
    """Return the composition of an Execution.

    Args:
        computation: computation of the Execution.
        mitigations: mitigations of the Execution.
        imperfections: imperfections of the Execution.
        shape: number of jobs of each iteration.

    Raises:
        ValueError: the composition could not be read again safely, or a mitigation cannot be
            written to it.
    """
    archive = OutputArchive()
    try:
        Serialization.serialize([computation, mitigations, imperfections], archive)
    except RuntimeError as error:
        raise ValueError(
            f"Perceval cannot serialize this Execution ({error}). Nothing was added. Register the"
            " class with perceval.serialization.Serialization."
        ) from error
    text = archive.to_text()
    try:
        _read(text)
    except RefusedError as refusal:
        raise ValueError(
            "This Execution has local error mitigations that could not be read again safely"
            f" ({refusal}). Nothing was added."
        ) from None
    return {"perceval": text, "shape": shape}


def compose(texts: list[Any], composition: Any, raw: str) -> Any:
    """Compose the results of an Execution from its jobs' results, as `get_results` does.

    Raises:
        UndecodableResultError: the results cannot be composed; the error's `raw` is the given text.
    """
    try:
        archive, shape = composition["perceval"], composition["shape"]
        if sum(shape) != len(texts):
            raise RefusedError("the instructions for combining them are damaged")  # noqa: TRY301
        computation, mitigations, imperfections = _read(archive)
        budget = Budget()
        found = iter([_with_global_perf(decode(each, budget)) for each in texts])
        computer = RemoteComputer(RPCBasedCommunicationLayer(_Nowhere()))
        computer.use_mitigations_remotely = False
        computer.mitigations = mitigations
        parts = [[next(found) for _ in range(length)] for length in shape]
        return computer.get_results(computation, imperfections, parts)
    except UndecodableResultError:
        raise
    except Exception as error:
        raise UndecodableResultError(
            f"Perceval cannot compose the results ({error}). This error's `raw` has their texts.",
            raw=raw,
        ) from error


class _Nowhere:
    """A replacement for the cloud. Finished jobs do not need the cloud."""

    name = ""

    def fetch_platform_details(self) -> dict[str, Any]:
        return {"specs": {}}


def _read(archive: Any) -> Any:
    if not isinstance(archive, str) or not archive.startswith("pcvlar "):
        raise RefusedError("the instructions for combining them are damaged")
    decoder = Decoder(PercevalMaker(), archives=True, strict=True, classes=_mitigation)
    return decoder.decode(archive, "composition")


def _mitigation(tag: str) -> frozenset[str] | None:
    """Return the members of an error mitigation that the user registered with Perceval."""
    registry = import_module("perceval.serialization.library").ClassRegistry
    known = import_module("perceval.runtime.error_mitigation").AMitigation
    try:
        found = registry.get_by_tag(tag)
    except RuntimeError:
        return None
    members = getattr(found, "members", None)
    is_mitigation = isinstance(found.type, type) and issubclass(found.type, known)
    return frozenset(members) if is_mitigation and members is not None else None


def _with_global_perf(results: Any) -> dict[str, Any]:
    """Return the results of a job in the form that Perceval's mitigations expect."""
    if not isinstance(results, dict):
        return {}
    parts: list[Any] = [results.get(name) for name in ("physical_perf", "logical_perf")]
    if "global_perf" not in results and all(isinstance(part, int | float) for part in parts):
        results["global_perf"] = parts[0] * parts[1]
    return results
