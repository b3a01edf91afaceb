"""Print the create body of a job with each kind of circuit by name, and the report of a sweep."""

import json
import sys

import numpy as np
import perceval as pcvl
from perceval.algorithm import Sampler

from jobgroup import JobGroup
from jobgroup.adapters import read_job

URL, TOKEN = sys.argv[1:]
STATE = pcvl.BasicState


def processor(modes, *parts, state=(1, 1), photons=1):
    """Return a processor with these parts, each on its mode."""
    remote = pcvl.RemoteProcessor("sim:slos", m=modes, url=URL, token=TOKEN)
    for mode, part in parts:
        remote.add(mode, part)
    remote.min_detected_photons_filter(photons)
    if state is not None:
        remote.with_input(STATE(state))
    return remote


def mzi(phi):
    """Return an interferometer of two modes."""
    return pcvl.Circuit(2).add(0, pcvl.BS()).add(0, pcvl.PS(phi)).add(0, pcvl.BS())


def parameter():
    """A phase that was set after the circuit was made."""
    phi = pcvl.P("phi")
    circuit = mzi(phi)
    phi.set_value(0.3)
    return circuit


def expression():
    """A phase that is an expression of two others."""
    a, b = pcvl.P("a"), pcvl.P("b")
    circuit = mzi(pcvl.Expression("a + 2 * b", {a, b}))
    a.set_value(0.1)
    b.set_value(0.2)
    return circuit


def heralded():
    """A processor with heralds, ports and post-selection."""
    remote = processor(4, (0, pcvl.Unitary(pcvl.Matrix(np.eye(4)))), state=None)
    remote.add_herald(2, 1).add_herald(3, 0)
    remote.add_port(0, pcvl.Port(pcvl.Encoding.DUAL_RAIL, "data"))
    remote.set_postselection(pcvl.PostSelect("[0] == 1 & [1] < 2"))
    remote.with_input(STATE([1, 0]))
    return remote


def noisy():
    """Detectors of several kinds, and noise."""
    remote = processor(2, (0, mzi(0.3)), (0, pcvl.Detector.pnr()), (1, pcvl.Detector.ppnr(4, 2)))
    remote.noise = pcvl.NoiseModel(indistinguishability=0.9, g2=0.01, transmittance=0.5)
    return remote


def feed_forward():
    """A measured mode chooses among four circuits."""
    chooser = pcvl.FFCircuitProvider(2, 0, pcvl.Circuit(2))
    for n, state in enumerate(([0, 0], [0, 1], [1, 0], [1, 1])):
        chooser.add_configuration(state, mzi(0.1 * n))
    remote = processor(4, (0, pcvl.BS()), state=None)
    remote.add(0, pcvl.Detector.pnr())
    remote.add(1, pcvl.Detector.pnr())
    remote.add(0, chooser)
    remote.with_input(STATE([1, 0, 1, 0]))
    return remote


def configured():
    """A measured mode chooses the phases of a circuit."""
    phi, theta = pcvl.P("phi"), pcvl.P("theta")
    circuit = pcvl.Circuit(2).add(0, pcvl.PS(phi)).add(0, pcvl.BS(theta=theta))
    chooser = pcvl.FFConfigurator(1, 1, circuit, {"phi": 0.1, "theta": 0.2})
    chooser.add_configuration([0], {"theta": 0.3, "phi": 0.4})
    chooser.add_configuration([1], {"phi": 0.5, "theta": 0.6})
    remote = processor(4, (0, pcvl.BS()), state=None)
    remote.add(0, pcvl.Detector.pnr())
    remote.add(0, chooser)
    remote.with_input(STATE([1, 0, 1, 0]))
    return remote


def iterated(order=("phi", "other")):
    """A sampler with iterations."""
    phi, other = pcvl.P("phi"), pcvl.P("other")
    circuit = mzi(phi).add(0, pcvl.PS(other))
    sampler = Sampler(processor(2, (0, circuit)), max_shots_per_call=1000)
    for n in range(3):
        sampler.add_iteration(circuit_params=dict.fromkeys(order, 0.1 * n))
    return sampler


def haar():
    """A unitary that is random with a seed."""
    pcvl.random_seed(7)
    return pcvl.Unitary(pcvl.Matrix.random_unitary(4))


def body(made):
    """The body of a job of a processor or sampler."""
    sampler = made if isinstance(made, Sampler) else Sampler(made, max_shots_per_call=1000)
    return read_job(sampler.sample_count, {"max_samples": 500})[0].body


KINDS = {
    "plain": lambda: processor(2, (0, mzi(0.3))),
    "numpy": lambda: processor(2, (0, mzi(np.float64(0.3)))),
    "parameter": lambda: processor(2, (0, parameter())),
    "expression": lambda: processor(2, (0, expression())),
    "heralded": heralded,
    "noisy": noisy,
    "iterated": iterated,
    "haar": lambda: processor(4, (0, haar()), state=(1, 1, 0, 0)),
    "zero": lambda: processor(2, (0, mzi(0.0))),
    "negative zero": lambda: processor(2, (0, mzi(-0.0))),
    "feed forward": feed_forward,
    "configured": configured,
    "other phase": lambda: processor(2, (0, mzi(0.4))),
    "other state": lambda: processor(2, (0, mzi(0.3)), state=(2, 0)),
}


def sweep():
    """Sweep some of the circuits by their names, and return the report as text."""

    def experiment(circuit):
        return Sampler(circuit, max_shots_per_call=10).sample_count

    names = ("plain", "expression", "noisy", "feed forward", "configured", "haar")
    over = {"circuit": {name: KINDS[name]() for name in names}}
    return str(JobGroup("kinds").sweep(experiment, over, repeats=2, max_samples=10))


if __name__ == "__main__":
    bodies = {name: body(make()) for name, make in KINDS.items()}
    sys.stdout.write(json.dumps({"bodies": bodies, "swept": sweep()}))
