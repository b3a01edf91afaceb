"""The real Perceval client, with no line of jobgroup, works on the embedded cloud unchanged."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

CONFIGURE = """
import sys
from perceval import RemoteConfig
RemoteConfig().set_url(sys.argv[1])
RemoteConfig().save()
"""
PREPARE = """
import perceval as pcvl
from perceval.algorithm import Sampler

p_ralph = pcvl.RemoteProcessor("sim:altair")
p_ralph.add(0, pcvl.catalog["postprocessed cnot"].build_processor())
p_ralph.min_detected_photons_filter(2)
p_ralph.with_input(pcvl.BasicState([0, 1, 0, 1]))
sampler_ralph = Sampler(p_ralph, max_shots_per_call=1_000_000)

p_knill = pcvl.RemoteProcessor("sim:altair")
p_knill.add(0, pcvl.catalog["heralded cnot"].build_processor())
p_knill.min_detected_photons_filter(2)
p_knill.with_input(pcvl.BasicState([0, 1, 0, 1]))
sampler_knill = Sampler(p_knill, max_shots_per_call=1_000_000)

jg = pcvl.JobGroup("compare_knill_and_ralph_cnot")
jg.add(sampler_ralph.sample_count, max_samples=10_000)
jg.add(sampler_knill.sample_count, max_samples=10_000)
"""
RUN = """
import perceval as pcvl

jg = pcvl.JobGroup("compare_knill_and_ralph_cnot")  # Loads prepared experiment data
jg.run_sequential(0)
"""
ANALYSE = """
import perceval as pcvl

jg = pcvl.JobGroup("compare_knill_and_ralph_cnot")
results = jg.get_results()
ralph_res = results[0]
knill_res = results[1]
perf_ratio = (ralph_res['physical_perf'] * ralph_res['logical_perf']) / (knill_res['physical_perf'] * knill_res['logical_perf'])
print(f"Ralph CNOT is {perf_ratio} times better than Knill CNOT, but needs a measurement to work")
"""  # noqa: E501, as the documentation of Perceval has it
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


@pytest.fixture(scope="module")
def perceval_script(cloud, tmp_path_factory):
    """Runs a script in a process and a HOME of its own, with Perceval's own configuration."""
    home = tmp_path_factory.mktemp("home")
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "HOME": str(home),
        "PCVL_PERSISTENT_PATH": str(home / "perceval"),
        "PCVL_CLOUD_TOKEN": cloud.token,
    }

    def run(source: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", source, cloud.url],
            env=environment,
            cwd=home,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(CONFIGURE)
    return run


def test_the_three_scripts_of_perceval_print_the_sentence(perceval_script):
    """In three processes, by Perceval's own JobGroup and nothing else: the ratio is 490."""
    perceval_script(PREPARE)
    perceval_script(RUN)
    sentence = perceval_script(ANALYSE)
    match = re.search(r"Ralph CNOT is (\S+) times better than Knill CNOT, but needs", sentence)
    assert match is not None, sentence
    assert float(match[1]) == pytest.approx(490, abs=1)


def test_an_execution_of_perceval_1_3_runs(perceval_script, cloud):
    """The third shape of payload, sent where a platform's specs hold commands, is executed."""
    probability, performance = map(float, perceval_script(EXECUTION).split()[-2:])
    assert probability == pytest.approx(1, abs=1e-3)
    assert performance == pytest.approx(2 / 27, rel=1e-2)
    assert "computation" in cloud.jobs()[-1].payload
