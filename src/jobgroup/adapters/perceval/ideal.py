"""Compute the ideal result of a create body, without noise and loss, if it is small enough."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from math import comb
from typing import Any, Final

from jobgroup.adapters.base import NoIdealError
from jobgroup.decoding import Decoder, LeftAsText

MAX_IDEAL_STATES: Final = 20_000
"""Maximum number of output states. This takes about a second on a laptop."""


def ideal_of(body: Mapping[str, Any]) -> dict[str, float]:
    """Return the ideal probability of each state, or raise NoIdealError."""
    if find_spec("perceval") is None:
        raise NoIdealError(
            "The ideal needs Perceval, which is not installed: pip install 'jobgroup[perceval]'."
        )
    payload = body.get("payload") or {}
    content = payload.get("experiment")
    if not isinstance(content, str) or payload.get("iterator"):
        raise NoIdealError("Only jobs of one experiment without iterations have an ideal.")
    try:
        return _computed(content, (payload.get("parameters") or {}).get("min_detected_photons"))
    except NoIdealError:
        raise
    except Exception as error:  # Perceval may raise anything
        raise NoIdealError(f"Perceval cannot compute the ideal ({error}).") from error


@lru_cache(maxsize=256)
def _computed(content: str, least: int | None) -> dict[str, float]:
    import perceval as pcvl
    from perceval.algorithm import Sampler

    from jobgroup.decoding.perceval_maker import PercevalMaker

    experiment = Decoder(PercevalMaker()).decode(content)
    if isinstance(experiment, LeftAsText):
        raise NoIdealError(f"The ideal cannot be computed: {experiment.reason}.")
    if not isinstance(experiment, pcvl.Experiment):
        raise NoIdealError("Only jobs of an experiment have an ideal.")
    photons = experiment.input_state.n
    if comb(photons + experiment.circuit_size - 1, photons) > MAX_IDEAL_STATES:
        raise NoIdealError(f"{photons} photons are too many to compute the ideal.")
    experiment.noise = None
    if least is not None:
        experiment.min_detected_photons_filter(least)
    found = Sampler(pcvl.Processor("SLOS", experiment)).probs()["results"]
    return {str(state): float(share) for state, share in found.items()}
