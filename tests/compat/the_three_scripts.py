"""The specification's three scripts, unchanged and with jobgroup's group."""

# ruff: noqa: E501  # as the documentation of Perceval has it

from __future__ import annotations

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
jg.run_sequential(0)  # Will send the 2nd job to the Cloud as soon as the first one is complete
"""

ANALYSE = """
import perceval as pcvl

jg = pcvl.JobGroup("compare_knill_and_ralph_cnot")
results = jg.get_results()
ralph_res = results[0]
knill_res = results[1]
perf_ratio = (ralph_res['physical_perf'] * ralph_res['logical_perf']) / (knill_res['physical_perf'] * knill_res['logical_perf'])
print(f"Ralph CNOT is {perf_ratio} times better than Knill CNOT, but needs a measurement to work")
"""

PERCEVALS_OWN = (PREPARE, RUN, ANALYSE)

JOBGROUPS = tuple(
    "from jobgroup import JobGroup\n" + script.replace("pcvl.JobGroup", "JobGroup")
    for script in PERCEVALS_OWN
)
"""One more line, and the name without its prefix."""
