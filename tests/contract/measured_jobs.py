"""Results of jobs as a cloud returns them: counts of states, and the jobs of a small sweep."""

from __future__ import annotations

import json


def counts_of(**numbers):
    """Return the text of a result with these numbers of states."""
    return ":PCVL:BSCount:{" + ";".join(f"{s}={n}" for s, n in numbers.items()) + "}"


def pair_of(a, b):
    """Return the text of a result of two photons in two modes."""
    return counts_of(**{"|1,1>": a, "|2,0>": b})


def document_of(counts, **scalars):
    """Return a result with these counts and numbers."""
    return {"results": json.dumps({"results": counts, "physical_perf": 0.5, **scalars})}


def grid_of(phis=(0.5, 0.0), etas=("low", "high"), repeats=1):
    """Return the labels and the result of each job of a sweep over two values."""
    return [
        ({"phi": phi, "eta": eta}, pair_of(60 + nth, 40))
        for phi in phis
        for eta in etas
        for nth in range(repeats)
    ]
