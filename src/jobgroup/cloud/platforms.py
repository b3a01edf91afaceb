"""The platforms that the embedded cloud offers, and how it describes them to clients."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

COMMANDS: Final = ("probs", "sample_count", "samples")


@dataclass(frozen=True, slots=True)
class Platform:
    """Where a job runs.

    Attributes:
        name: what clients call it.
        description: one sentence.
        commands: the commands that a payload may ask for; None for any.
        simulated: whether payloads are executed by Perceval; else they only take their time.
        noise: the source's noise, as keywords of Perceval's ``NoiseModel``; empty for none.
        threshold: whether detectors tell only a click from no click.
        constraints: what a circuit and its input must respect.
    """

    name: str
    description: str
    commands: tuple[str, ...] | None = COMMANDS
    simulated: bool = True
    noise: Mapping[str, float] = field(default_factory=dict)
    threshold: bool = False
    constraints: Mapping[str, Any] = field(
        default_factory=lambda: {
            "max_mode_count": 20,
            "max_photon_count": 10,
            "min_mode_count": 1,
            "min_photon_count": 1,
        }
    )

    @property
    def id(self) -> str:
        """A uuid that is the same in every cloud of this kind."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"jobgroup:{self.name}"))

    def performance(self) -> dict[str, float]:
        """What the vendor states of a source, in percent."""
        return {
            "Transmittance (%)": round(100 * self.noise.get("transmittance", 1.0), 6),
            "HOM (%)": round(100 * self.noise.get("indistinguishability", 1.0), 6),
            "g2 (%)": round(100 * self.noise.get("g2", 0.0), 6),
        }

    def details(self, *, jobs: int, waiting_jobs: int) -> dict[str, Any]:
        """The answer about this platform, in the form that every Perceval release understands."""
        modes = self.constraints["max_mode_count"]
        return {
            "id": self.id,
            "name": self.name,
            "status": "available",
            "type": "simulator",
            "description": self.description,
            "jobs": jobs,
            "waiting_jobs": waiting_jobs,
            "svg": "",
            "created_date": "Mon, 31 Oct 2022 16:54:45 GMT",
            "perfs": self.performance(),
            "specs": {
                "available_commands": list(self.commands or (*COMMANDS, "timer")),
                "constraints": dict(self.constraints),
                "connected_input_modes": list(range(0, modes, 2)),
                "description": self.description,
                "detector": "threshold" if self.threshold else "pnr",
                "parameters": {
                    "min_detected_photons": "minimum number of detected photons to keep a state"
                },
            },
        }


ALTAIR: Final = Platform(
    name="sim:altair",
    description="Simulator of Altair: losses, distinguishable photons, threshold detectors",
    noise={"transmittance": 0.06, "indistinguishability": 0.92, "g2": 0.003},
    threshold=True,
)
SLOS: Final = Platform(
    name="sim:slos",
    description="Simulator without noise, with detectors that count photons",
    constraints={
        **ALTAIR.constraints,
        "accepted_state_kinds": ["FS", "NFS", "AFS", "SV", "SVD"],
    },
)
PROBS: Final = replace(
    SLOS,
    name="sim:probs",
    description="sim:slos without sampling: it computes probabilities, clients make counts of them",
    commands=("probs",),
)
TIMER: Final = Platform(
    name="test:timer",
    description="Runs nothing: a job takes the time that it asks for, then succeeds or fails",
    commands=None,
    simulated=False,
)

PLATFORMS: Final = {platform.name: platform for platform in (ALTAIR, SLOS, PROBS, TIMER)}
PLATFORMS_BY_ID: Final = {platform.id: platform for platform in PLATFORMS.values()}
