"""Prepare the experiment: a post-processed and a heralded CNOT gate. Nothing runs yet."""

import perceval as pcvl
from perceval.algorithm import Sampler

from jobgroup import JobGroup

p_ralph = pcvl.RemoteProcessor("sim:altair")
p_ralph.add(0, pcvl.catalog["postprocessed cnot"].build_experiment())
p_ralph.min_detected_photons_filter(2)
p_ralph.with_input(pcvl.BasicState([0, 1, 0, 1]))
sampler_ralph = Sampler(p_ralph, max_shots_per_call=1_000_000)

p_knill = pcvl.RemoteProcessor("sim:altair")
p_knill.add(0, pcvl.catalog["heralded cnot"].build_experiment())
p_knill.min_detected_photons_filter(2)
p_knill.with_input(pcvl.BasicState([0, 1, 0, 1]))
sampler_knill = Sampler(p_knill, max_shots_per_call=1_000_000)

jg = JobGroup("compare_knill_and_ralph_cnot")
jg.add(sampler_ralph.sample_count, max_samples=10_000)
jg.add(sampler_knill.sample_count, max_samples=10_000)
print(jg)
