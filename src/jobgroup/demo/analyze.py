"""Analyze the results, which are fetched from the cloud."""

from jobgroup import JobGroup

ralph, knill = JobGroup("compare_knill_and_ralph_cnot").get_results()
perf_ratio = (ralph["physical_perf"] * ralph["logical_perf"]) / (
    knill["physical_perf"] * knill["logical_perf"]
)
print(f"Ralph CNOT is {perf_ratio} times better than Knill CNOT, but needs a measurement to work")
