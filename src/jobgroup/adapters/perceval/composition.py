"""Results of Executions with local error mitigations: Perceval composes them of several jobs'.

A composition is what Perceval needs for it besides their results: the computation, the mitigations
and the imperfections that it was launched with, as an archive of Perceval's own. It comes out of a
group's file, which may be a colleague's, so it goes through the decoder as results do, when it is
made too.
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
    """Return what `compose` needs; `shape` is the number of jobs of each iteration.

    Raises:
        ValueError: it could not be read again safely, or a mitigation cannot be written.
    """
    archive = OutputArchive()
    try:
        Serialization.serialize([computation, mitigations, imperfections], archive)
    except RuntimeError as error:
        raise ValueError(
            f"Perceval cannot write this Execution down ({error}): register the class with"
            " perceval.serialization.Serialization. Nothing was added."
        ) from error
    text = archive.to_text()
    try:
        _read(text)
    except RefusedError as refusal:
        raise ValueError(
            "An Execution with local error mitigations cannot be added where what composes its"
            f" results could not be read again: {refusal}. Nothing was added."
        ) from None
    return {"perceval": text, "shape": shape}


def compose(texts: list[Any], composition: Any, raw: str) -> Any:
    """The results of an Execution from those of its jobs, as its `get_results` gives them.

    Raises:
        UndecodableResultError: they cannot be composed; it keeps `raw`.
    """
    try:
        archive, shape = composition["perceval"], composition["shape"]
        if sum(shape) != len(texts):
            raise RefusedError("what they are composed with is not as jobgroup writes it")  # noqa: TRY301
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
            f"Perceval cannot compose the results ({error}); their texts are kept in this error's"
            " `raw`.",
            raw=raw,
        ) from error


class _Nowhere:
    """Stands for the cloud of finished jobs, which is asked nothing."""

    name = ""

    def fetch_platform_details(self) -> dict[str, Any]:
        return {"specs": {}}


def _read(archive: Any) -> Any:
    if not isinstance(archive, str) or not archive.startswith("pcvlar "):
        raise RefusedError("what they are composed with is not as jobgroup writes it")
    decoder = Decoder(PercevalMaker(), archives=True, strict=True, classes=_mitigation)
    return decoder.decode(archive, "composition")


def _mitigation(tag: str) -> frozenset[str] | None:
    """Members of an error mitigation that the user's own code has registered with Perceval."""
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
    """As Perceval hands the results of jobs on to its mitigations."""
    if not isinstance(results, dict):
        return {}
    if "global_perf" not in results and {"physical_perf", "logical_perf"} <= results.keys():
        results["global_perf"] = results["physical_perf"] * results["logical_perf"]
    return results
