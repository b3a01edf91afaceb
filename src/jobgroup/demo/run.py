"""Run the experiment: the second job is sent as soon as the first one is complete."""

from jobgroup import JobGroup

jg = JobGroup("compare_knill_and_ralph_cnot")
jg.run_sequential(0)
print(jg)
