"""Define the platforms of the embedded cloud, and describe them for clients."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

COMMANDS: Final = ("probs", "sample_count", "samples")


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform.

    Attributes:
        name: name that clients use.
        description: sentence that describes the platform.
        commands: commands that a payload may have; None for any.
        simulated: whether Perceval executes the payloads; otherwise they only take time.
        noise: noise of the source, as keywords of Perceval's ``NoiseModel``; empty for none.
        threshold: whether detectors only distinguish a click from no click.
        constraints: limits of circuits and their inputs.
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
        """Uuid of the platform, which is the same in every embedded cloud."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"jobgroup:{self.name}"))

    def performance(self) -> dict[str, float]:
        """Return the source's performance in percent, as the vendor does."""
        return {
            "Transmittance (%)": round(100 * self.noise.get("transmittance", 1.0), 6),
            "HOM (%)": round(100 * self.noise.get("indistinguishability", 1.0), 6),
            "g2 (%)": round(100 * self.noise.get("g2", 0.0), 6),
        }

    def details(self, *, jobs: int, waiting_jobs: int) -> dict[str, Any]:
        """Return the details in the form that every release of Perceval understands."""
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
    description="Runs nothing: a job takes the time that its payload says, then succeeds or fails",
    commands=None,
    simulated=False,
)

PLATFORMS: Final = {platform.name: platform for platform in (ALTAIR, SLOS, PROBS, TIMER)}
PLATFORMS_BY_ID: Final = {platform.id: platform for platform in PLATFORMS.values()}
