"""Make Executions with local error mitigations: one entry of a group, several jobs on the cloud."""

from __future__ import annotations

from typing import Any

import perceval as pcvl
from perceval.providers.rpc_based_communication_layer import RPCBasedCommunicationLayer
from perceval.runtime import DetectorBalancing, DistinguishablePhotonMitigation
from scripted_cloud import ScriptedCloud

PARTS = 3
"""Jobs of an Execution of two photons with first-order mitigation: both photons, and each alone."""


class Handler:
    """A user's own handler for the scripted cloud. It sends no requests."""

    name, proxies, headers = "sim:altair", {}, {}

    def __init__(self, cloud: ScriptedCloud) -> None:
        self.url, self.token = cloud.url, cloud.token

    def fetch_platform_details(self) -> dict[str, Any]:
        """A noisy platform."""
        return {
            "type": "simulator",
            "status": "available",
            "perfs": {"Transmittance (%)": 6, "HOM (%)": 92, "g2 (%)": 0.3},
            "specs": {"available_commands": ["probs", "sample_count"], "constraints": {}},
        }

    def get_job_status(self, _id: str) -> dict[str, Any]:
        """Every job waits."""
        return {"status": "waiting", "creation_datetime": 0.0}


def factory(layer: Any, phase: Any = None, *, is_balanced: bool = True) -> pcvl.ExecutionFactory:
    """Make Executions of `PARTS` jobs."""
    experiment = pcvl.Experiment(3).add(0, pcvl.BS()).add(1, pcvl.BS())
    if phase is not None:
        experiment.add(0, pcvl.PS(phase)).add(0, pcvl.BS())
    experiment.with_input(pcvl.BasicState([1, 1, 0]))
    experiment.min_detected_photons_filter(2)
    computer = pcvl.RemoteComputer(layer)
    computer.use_mitigations_remotely = False
    computer.mitigations = [DistinguishablePhotonMitigation(1)]
    if is_balanced:
        computer.mitigations = [*computer.mitigations, DetectorBalancing()]
    return pcvl.ExecutionFactory(computer, experiment, max_shots_per_call=1_000_000)


def scripted_execution(cloud: ScriptedCloud) -> Any:
    """Make an Execution of `PARTS` jobs on the scripted cloud."""
    return factory(RPCBasedCommunicationLayer(Handler(cloud))).probs
