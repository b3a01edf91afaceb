"""An Execution of the real Perceval works on the embedded cloud without jobgroup.

tests/compat covers older jobs and Perceval's groups.
"""

from __future__ import annotations

import pytest

EXECUTION = """
import time
import perceval as pcvl
from perceval.providers.quandela import QuandelaCommunicationLayer

experiment = pcvl.catalog["heralded cnot"].build_experiment()
experiment.with_input(pcvl.BasicState([0, 1, 0, 1]))
experiment.min_detected_photons_filter(2)
computer = pcvl.RemoteComputer(QuandelaCommunicationLayer("sim:slos"))
factory = pcvl.ExecutionFactory(computer, experiment, max_shots_per_call=1_000_000)
execution = factory.probs
execution.execute_async()
while not execution.is_complete:
    time.sleep(0.1)
results = execution.get_results()
print(results["results"][pcvl.BasicState([0, 1, 1, 0])], results["global_perf"])
"""
COUNTS_OF_PROBABILITIES = """
import time
import perceval as pcvl
from perceval.providers.quandela import QuandelaCommunicationLayer

experiment = pcvl.Experiment(pcvl.BS())
experiment.with_input(pcvl.BasicState([1, 1]))
experiment.min_detected_photons_filter(2)
computer = pcvl.RemoteComputer(QuandelaCommunicationLayer("sim:probs"))
execution = pcvl.ExecutionFactory(computer, experiment, max_shots_per_call=1000).sample_count
execution.execute_async(max_samples=300)
while not execution.is_complete:
    time.sleep(0.1)
counts = execution.get_results()["results"]
print(type(counts).__name__, sum(counts.values()))
"""


@pytest.fixture(scope="module")
def printed(cloud, tmp_path_factory, perceval_scripts):
    """Run both scripts in one process; return the line that each prints, with the job of each."""
    run = perceval_scripts(tmp_path_factory.mktemp("home"), cloud.url, cloud.token)
    lines = run(EXECUTION + COUNTS_OF_PROBABILITIES).splitlines()
    return list(zip(lines[-2:], cloud.jobs()[-2:], strict=True))


def test_an_execution_of_perceval_1_3_runs(printed):
    """It sends the third shape of payload, since the platform's specs have commands."""
    line, job = printed[0]
    probability, performance = map(float, line.split())
    assert probability == pytest.approx(1, abs=1e-3)
    assert performance == pytest.approx(2 / 27, rel=1e-2)
    assert "computation" in job.payload


def test_an_execution_on_a_platform_without_sampling_returns_counts(printed):
    """Perceval requests probabilities from such a platform, and makes counts from them."""
    line, job = printed[1]
    assert line.split() == ["BSCount", "300"]
    assert job.payload["command"] == "probs"
