"""Make a group with the `JobGroup` of one release of Perceval; `record.py` runs this script.

It works for all releases from 0.12 on. One job succeeds, one fails, one is waiting when the file is
last written, and three are unsent: a plain one, one with a conversion, and one with iterations.
"""

import json
import sys
import urllib.request

import perceval as pcvl
from perceval.algorithm import Sampler
from perceval.runtime import JobGroup

try:
    from perceval.providers.quandela.rpc_handler import RPCHandler
except ImportError:  # before 1.3
    from perceval.runtime.rpc_handler import RPCHandler


class CountsOnly(RPCHandler):
    """A platform that only counts samples, so that other results are converted."""

    def fetch_platform_details(self):
        """Return the platform's details, with other commands."""
        details = super().fetch_platform_details()
        details["specs"]["available_commands"] = ["sample_count"]
        return details


def sampler(handler=RPCHandler):
    """Return the specification's first CNOT, on an embedded cloud."""
    processor = pcvl.RemoteProcessor(rpc_handler=handler("sim:slos", url, token))
    processor.add(0, pcvl.catalog["postprocessed cnot"].build_processor())
    processor.min_detected_photons_filter(2)
    processor.with_input(pcvl.BasicState([0, 1, 0, 1]))
    return Sampler(processor, max_shots_per_call=100_000)


def fail_next_job():
    """Make the cloud fail the next job that it runs."""
    fault = {"kind": "fail_job", "times": 1, "message": "The laser lost its lock"}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    urllib.request.urlopen(
        urllib.request.Request(f"{url}/faults", json.dumps(fault).encode(), headers)
    ).close()


url, token, name = sys.argv[1:]
group = JobGroup(name)
group.add(sampler().sample_count, max_samples=100)
group.run_sequential(0)
fail_next_job()
group.add(sampler().sample_count, max_samples=200)
group.run_sequential(0)
group.progress()
group.add(sampler().sample_count.execute_async(max_samples=300))
group.add(sampler().sample_count, max_samples=400)
group.add(sampler(CountsOnly).probs)
iterated = sampler()
iterated.add_iteration(max_samples=50)
iterated.add_iteration(max_samples=60)
group.add(iterated.sample_count, max_samples=500)
