"""Payloads that keep a worker busy for as long as a test needs."""

from __future__ import annotations

from typing import Any


def body_of(modes: int, photons: int) -> dict[str, Any]:
    """Return a create body that takes longer with more photons: 8 in 12 modes, half a minute."""
    import perceval as pcvl
    from perceval.runtime.payload_generator import PayloadGenerator
    from perceval.serialization import serialize

    pcvl.random_seed(1)
    experiment = pcvl.Experiment(pcvl.Unitary(pcvl.Matrix.random_unitary(modes)))
    experiment.with_input(pcvl.BasicState([1] * photons + [0] * (modes - photons)))
    experiment.min_detected_photons_filter(1)
    experiment.noise = pcvl.NoiseModel(transmittance=0.5, indistinguishability=0.8)
    body = PayloadGenerator.generate_payload(
        "probs", experiment, platform_name="sim:slos", max_shots=1_000_000
    )
    return dict(serialize(body)) | {"job_name": f"{photons} photons"}
