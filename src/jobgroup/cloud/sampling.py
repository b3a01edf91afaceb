"""Draw counts and samples from exact probabilities, with the scatter of a real machine.

Perceval draws the count of each state from a normal distribution and then normalizes the counts. So
they scatter less than measured counts, and are useless for testing error bars. Import this module
only in workers, because it imports Perceval.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from perceval.components import Experiment
from perceval.runtime import SimulatedComputer
from perceval.runtime.computation import Computation
from perceval.utils import BSCount, BSSamples, ProgressCallback, SVDistribution


class SamplingComputer(SimulatedComputer):  # type: ignore[misc]  # Perceval has no types
    """The SLOS simulator, with counts and samples from a multinomial distribution.

    A shot is an event with at least one photon. A shot is selected if it passes the photon filter,
    the heralds and the post-selection. A job returns its first `max_samples` selected shots, or
    fewer if it has used its `max_shots` before.
    """

    def __init__(self, random: np.random.Generator) -> None:
        super().__init__("SLOS")
        self._random = random

    def _execute_command(
        self, computation: Computation, progress_callback: ProgressCallback = None
    ) -> dict[str, Any]:
        command, experiment = computation.command.name, computation.experiment
        result: dict[str, Any] = self.probs(experiment, progress_callback, **computation.parameters)
        if command == "probs":
            return result
        probabilities: dict[Any, float] = dict(result["results"].items())
        states = list(probabilities)
        weights = np.array(list(probabilities.values()))
        weights /= weights.sum() or 1.0
        count = self._selected(experiment, result["global_perf"], computation.parameters)
        if command == "samples":
            drawn = self._random.choice(len(states), count, p=weights) if count else ()
            result["results"] = BSSamples()
            result["results"].extend([states[index] for index in drawn])
        else:
            drawn = self._random.multinomial(count, weights) if count else ()
            seen = zip(states, drawn, strict=False)
            result["results"] = BSCount({state: int(times) for state, times in seen if times})
        return result

    def _selected(
        self, experiment: Experiment, global_perf: float, parameters: dict[str, Any]
    ) -> int:
        """Return the number of selected shots that a job returns."""
        max_samples: int = parameters["max_samples"]
        max_shots = parameters.get("max_shots")
        if max_shots is None or not global_perf:
            return max_samples if global_perf else 0
        with_photons = 1 - self._share_without_photons(experiment)
        share = min(1.0, global_perf / with_photons) if with_photons > 0 else 0.0
        return min(max_samples, int(self._random.binomial(max_shots, share)))

    def _share_without_photons(self, experiment: Experiment) -> float:
        given = self._make_input(experiment, self._create_source(experiment))
        if isinstance(given, SVDistribution):
            return float(sum(share for state, share in given.items() if not max(state.n)))
        source, state = given
        photons = state.n if isinstance(state.n, int) else max(state.n)
        lost = sum(p for state, p in source.probability_distribution().items() if not max(state.n))
        return float(lost**photons)
