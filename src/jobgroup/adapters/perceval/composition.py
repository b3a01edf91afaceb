"""Results of Executions with local error mitigations: Perceval composes them of several jobs'.

A recipe is what Perceval needs for it besides their results: the computation, the mitigations and
the imperfections that it was launched with, as an archive of Perceval's own. It comes out of a
group's file, which may be a colleague's, so what would be run or connected to by reading it is
refused, when it is made too.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from perceval import RemoteComputer
from perceval.providers.rpc_based_communication_layer import RPCBasedCommunicationLayer
from perceval.serialization import InputArchive, OutputArchive, Serialization

from jobgroup.adapters.base import UndecodableResultError
from jobgroup.adapters.perceval.facts import experiment_in
from jobgroup.adapters.perceval.ideal import has_formula
from jobgroup.adapters.perceval.results import refuse_harm

_EXPERIMENT: Final = re.compile(r"(?<= Experiment )\d+ ([A-Za-z0-9+/]+={0,2})(?= |$)")
_HARMFUL: Final = re.compile(  # what connects to a cloud, and what may hold formulas
    r" \w*(?:Handler|Layer|RemoteComputer|Getter|Execution|Circuit\w*|GenericInterferometer"
    r"|FF\w+|Unitary|BS|PS|PR|WP|PERM|TD|LC) \d+(?: |$)"
)


def recipe_of(
    computation: Any, mitigations: Any, imperfections: Any, shape: list[int]
) -> dict[str, Any]:
    """What `compose` needs; `shape` is how many jobs each iteration is.

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
    if not _is_harmless(text):
        raise ValueError(
            "An Execution with local error mitigations cannot be added where its circuit has"
            " formulas or its input is no Fock state. Nothing was added."
        )
    return {"perceval": text, "shape": shape}


def compose(texts: list[Any], recipe: Any, raw: str) -> Any:
    """The results of an Execution from those of its jobs, as its `get_results` gives them.

    Raises:
        UndecodableResultError: they cannot be had; it keeps `raw`.
    """
    try:
        archive, shape = recipe["perceval"], recipe["shape"]
        if not _is_harmless(archive) or sum(shape) != len(texts):
            raise ValueError("what they are composed with is not as jobgroup writes it")  # noqa: TRY301
        for text in texts:
            refuse_harm(text, json.loads(text))
        layer = RPCBasedCommunicationLayer(_Finished(texts))
        found = iter([layer.get_results(number) for number in range(len(texts))])
        computation, mitigations, imperfections = Serialization.deserialize(
            InputArchive.from_text(archive)
        )
        computer = RemoteComputer(layer)
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


class _Finished:
    """Stands for the cloud of finished jobs, whose ids are their numbers."""

    name = ""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    def fetch_platform_details(self) -> dict[str, Any]:
        return {"specs": {}}

    def get_job_results(self, number: int) -> dict[str, Any]:
        return {"results": self._texts[number]}


def _is_harmless(archive: str) -> bool:
    # Perceval evaluates formulas, and what stands in braces in a state, as Python
    is_open = archive.startswith("pcvlar ") and "{" not in archive
    return (
        is_open
        and not _HARMFUL.search(archive)
        and all(map(_is_harmless_experiment, _EXPERIMENT.findall(archive)))
    )


def _is_harmless_experiment(text: str) -> bool:
    message = experiment_in(f":PCVL:Experiment:{text}")
    texts = message.input_state, message.noise_model, message.post_select
    return not (
        has_formula(message) or "{" in message.input_state or any(":zip:" in text for text in texts)
    )
