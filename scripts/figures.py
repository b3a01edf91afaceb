"""Draw the documentation's figures from a study on the embedded cloud.

Usage: python scripts/figures.py [folder]
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import matplotlib as mpl
import numpy as np
import perceval as pcvl
from perceval.algorithm import Sampler

from jobgroup import JobGroup
from jobgroup.cloud import EmbeddedCloud

COARSE = np.linspace(0, np.pi, 9)
PHASES = np.union1d(COARSE, np.linspace(3, 5, 9) * np.pi / 8)
"""Phases in rad, denser around the dip at pi / 2."""


def study(cloud: EmbeddedCloud) -> JobGroup:
    """Run a Hong-Ou-Mandel sweep, and return its group."""

    def experiment(phi: float, indist: float) -> object:
        noise = pcvl.NoiseModel(indistinguishability=indist)
        processor = pcvl.RemoteProcessor("sim:slos", token=cloud.token, url=cloud.url, noise=noise)
        processor.set_circuit(pcvl.Circuit(2) // pcvl.BS() // pcvl.PS(phi) // pcvl.BS())
        processor.with_input(pcvl.BasicState([1, 1]))
        processor.min_detected_photons_filter(2)
        return Sampler(processor, max_shots_per_call=100_000).sample_count

    jg = JobGroup("hom")
    over = {"phi": PHASES, "indist": [0.7, 0.85, 1.0]}
    jg.sweep(experiment, over=over, repeats=2, max_samples=500, units={"phi": "rad"})
    jg.run_parallel(queue=True)
    jg.wait()
    return jg


def draw(folder: Path) -> None:
    """Write dip.png and bars.png."""
    mpl.use("Agg")
    mpl.rcParams.update({"figure.figsize": (7.8, 4.4), "savefig.bbox": "tight"})
    with EmbeddedCloud() as cloud:
        jg = study(cloud)
        jg.plot("|1,1>", x="phi", curves="indist").figure.savefig(folder / "dip.png")
        at = [jg.find(f"phi={phi} indist=1")[0].position for phi in (0, np.pi / 4, np.pi / 2)]
        jg.distributions().plot(at).figure.savefig(folder / "bars.png")


if __name__ == "__main__":
    os.environ["JOBGROUP_DATA_DIR"] = tempfile.mkdtemp()
    draw(Path(*sys.argv[1:] or ["docs/images"]))
