"""Build Perceval's own objects from checked texts. This needs Perceval."""

from __future__ import annotations

from typing import Any

import perceval
from perceval.serialization import deserialize

from jobgroup.decoding import quantum_states as states
from jobgroup.decoding.bounds import Budget


class PercevalMaker:
    def spread(self, kind: str, text: str, budget: Budget) -> Any:
        state = perceval.BasicState
        if kind == "BSSamples":
            texts, order = states.samples(text, budget)
            known = [state(each) for each in texts]
            samples = perceval.BSSamples()
            for index in order:
                samples.append(known[index])
            return samples
        if kind == "BSCount":
            counts = perceval.BSCount()
            for each, count in states.counts(text, budget):
                counts[state(each)] = count
            return counts
        shares = perceval.BSDistribution()
        for each, share in states.probabilities(text, budget):
            shares[state(each)] = share
        return shares

    def other(self, kind: str, text: str, _budget: Budget) -> Any:
        return deserialize(f":PCVL:{kind}:{text}")

    def archive(self, text: str) -> Any:
        return deserialize(text)
