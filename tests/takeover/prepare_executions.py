"""Make a group with Perceval 1.3's `ExecutionGroup`; `record.py` runs this script.

One Execution succeeds, one fails, one is waiting when the file is last written, and two are unsent.
"""

import json
import sys
import urllib.request

import perceval as pcvl
from perceval.providers.quandela import QuandelaCommunicationLayer
from perceval.runtime import ExecutionFactory, ExecutionGroup, RemoteComputer


def factory():
    """Return the specification's first CNOT, on an embedded cloud."""
    experiment = pcvl.catalog["postprocessed cnot"].build_experiment()
    experiment.min_detected_photons_filter(2)
    experiment.with_input(pcvl.BasicState([0, 1, 0, 1]))
    computer = RemoteComputer(QuandelaCommunicationLayer("sim:slos", token, url))
    return ExecutionFactory(computer, experiment, max_shots_per_call=100_000)


def fail_next_job():
    """Make the cloud fail the next job that it runs."""
    fault = {"kind": "fail_job", "times": 1, "message": "The laser lost its lock"}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    urllib.request.urlopen(
        urllib.request.Request(f"{url}/faults", json.dumps(fault).encode(), headers)
    ).close()


url, token, name = sys.argv[1:]
pcvl.RemoteConfig().set_token(token)
pcvl.RemoteConfig().set_url(url)
group = ExecutionGroup(name)
group.add(factory().sample_count, max_samples=100)
group.run_sequential(0)
fail_next_job()
group.add(factory().sample_count, max_samples=200)
group.run_sequential(0)
group.progress()
group.add(factory().sample_count.execute_async(max_samples=300))
group.add(factory().sample_count, max_samples=400)
iterated = factory()
iterated.add_iteration(max_samples=50)
iterated.add_iteration(max_samples=60)
group.add(iterated.sample_count)
