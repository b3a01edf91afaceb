"""A sweep of circuits and phases as a separate script, which prints the report."""

import sys
import warnings

from jobgroup import JobGroup

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # old releases warn about newer libraries
    import perceval as pcvl
    from perceval.algorithm import Sampler

url, token = sys.argv[1:]
phase = pcvl.P("phi")
mzi = pcvl.Circuit(2) // pcvl.BS() // pcvl.PS(phase) // pcvl.BS()
bs = pcvl.Circuit(2) // pcvl.PS(phase) // pcvl.BS()


def experiment(kind, phi):
    """Make a job of two photons."""
    phase.set_value(phi)
    processor = pcvl.RemoteProcessor("sim:slos", url=url, token=token)
    processor.add(0, kind)
    processor.min_detected_photons_filter(2)
    processor.with_input(pcvl.BasicState([1, 1]))
    return Sampler(processor, max_shots_per_call=100_000).sample_count


jg = JobGroup("study")
over = {"kind": {"mzi": mzi, "bs": bs}, "phi": [0.2, 0.5, 0.8]}
print(jg.sweep(experiment, over, repeats=2, max_samples=100))  # noqa: T201
