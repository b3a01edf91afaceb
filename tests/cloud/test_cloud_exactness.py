"""The cloud's results equal those of Perceval on this machine, with the same noise."""

from __future__ import annotations

import json
import math
import random
from collections import Counter

import pytest

COUNT = 30
SAMPLES = 20_000
EXACT = 1e-9
ALTAIR_NOISE = {"transmittance": 0.06, "indistinguishability": 0.92, "g2": 0.003}


@pytest.fixture(scope="module")
def perceval():
    """Import Perceval when the first of these tests runs."""
    import perceval

    return perceval


class Case:
    """A random experiment, which is always the same for the same number."""

    def __init__(self, pcvl, number):
        dice = random.Random(number)
        self.command = ("probs", "sample_count", "samples")[number % 3]
        self.platform = "sim:altair" if number % 5 == 0 else "sim:slos"
        self.modes = dice.randint(2, 5)
        self.circuit = self._circuit(pcvl, dice)
        photons = [dice.randrange(self.modes) for _ in range(dice.randint(1, 3))]
        self.state = pcvl.BasicState([photons.count(mode) for mode in range(self.modes)])
        self.filter = dice.randint(1, self.state.n)
        self.noise = None
        if self.platform == "sim:slos" and number % 2:
            self.noise = pcvl.NoiseModel(
                transmittance=dice.uniform(0.2, 1),
                indistinguishability=dice.uniform(0.5, 1),
                g2=dice.choice([0, dice.uniform(0, 0.05)]),
            )
        self.iterations = self._iterations(dice) if number % 4 == 0 else []

    def _circuit(self, pcvl, dice):
        circuit = pcvl.Circuit(self.modes)
        for _ in range(2 * self.modes):
            mode = dice.randrange(self.modes - 1)
            circuit.add(mode, pcvl.BS.Rx(theta=dice.uniform(0, 2 * math.pi)))
            circuit.add(mode, pcvl.PS(phi=dice.uniform(0, 2 * math.pi)))
        circuit.add(0, pcvl.PS(pcvl.P("phi")))
        return circuit.add(0, pcvl.BS())

    def _iterations(self, dice):
        return [{"circuit_params": {"phi": dice.uniform(0, math.pi)}} for _ in range(3)]

    def sampler(self, pcvl, processor):
        """Return a sampler of this experiment on a processor, local or remote."""
        from perceval.algorithm import Sampler

        circuit = self.circuit.copy()
        if not self.iterations:
            circuit.param("phi").set_value(0.7)
        processor.add(0, circuit)
        processor.min_detected_photons_filter(self.filter)
        processor.with_input(self.state)
        sampler = Sampler(processor, max_shots_per_call=10**8)
        if self.iterations:
            sampler.add_iteration_list(self.iterations)
        return sampler

    def local_sampler(self, pcvl):
        """Return the experiment on this machine, with the platform's noise and detectors."""
        altair = self.platform == "sim:altair"
        noise = pcvl.NoiseModel(**ALTAIR_NOISE) if altair else self.noise
        processor = pcvl.Processor("SLOS", self.modes, noise=noise)
        sampler = self.sampler(pcvl, processor)
        if altair:
            for mode in range(self.modes):
                processor.add(mode, pcvl.Detector.threshold())
        return sampler

    def remote_job(self, pcvl, cloud):
        """Return the experiment as a job of the cloud, made by Perceval's own client."""
        from perceval.providers.quandela.rpc_handler import RPCHandler

        handler = RPCHandler(self.platform, cloud.url, cloud.token)
        processor = pcvl.RemoteProcessor(rpc_handler=handler, m=self.modes, noise=self.noise)
        job = getattr(self.sampler(pcvl, processor), self.command)
        arguments = {} if self.command == "probs" else {"max_samples": SAMPLES}
        return job.execute_async(**arguments)


def distributions(document):
    """Return the result of each iteration, or the only one, as probabilities by state."""
    for part in document.get("results_list", [document]):
        results = part["results"]
        if not hasattr(results, "values"):  # samples, one after the other
            results = Counter(results)
        total = sum(results.values())
        yield {str(state): value / total for state, value in results.items()}


def distance(one, other):
    """Return the total variation distance, 0 to 1."""
    return 0.5 * sum(abs(one.get(s, 0) - other.get(s, 0)) for s in {*one, *other})


@pytest.fixture(scope="module")
def computed(perceval, cloud, http, wait):
    """Run each experiment on the cloud, and return its result."""
    from perceval.serialization import deserialize

    cases = [Case(perceval, number) for number in range(COUNT)]
    jobs = [case.remote_job(perceval, cloud) for case in cases]
    results = []
    for job in jobs:
        status = wait(http, job.id)
        assert status["status"] == "completed", status["status_message"]
        results.append(
            deserialize(json.loads(http.get(f"/api/jobs/{job.id}/result").json()["results"]))
        )
    return list(zip(cases, results, strict=True))


def test_random_experiments_agree_with_local_perceval(perceval, computed):
    """In total variation, probabilities agree to 1e-9 and samples as well as samples can.

    20,000 samples of k states stay within 2 sqrt(k / 20,000) of the exact distribution, which is
    about four times the effect of chance.
    """
    for number, (case, remote) in enumerate(computed):
        exact = list(distributions(case.local_sampler(perceval).probs()))
        given = list(distributions(remote))
        assert len(given) == len(exact) == (len(case.iterations) or 1)
        for theirs, ours in zip(given, exact, strict=True):
            tolerance = EXACT if case.command == "probs" else 2 * math.sqrt(len(ours) / SAMPLES)
            assert distance(theirs, ours) <= tolerance, f"experiment {number}, {case.command}"


def test_performances_are_exact(perceval, computed):
    """Physical times logical performance equals that of the simulation, not a sampled ratio."""
    for case, remote in computed:
        local = case.local_sampler(perceval).probs()
        parts = zip(
            remote.get("results_list", [remote]), local.get("results_list", [local]), strict=True
        )
        for theirs, ours in parts:
            performance = theirs["physical_perf"] * theirs["logical_perf"]
            assert performance == pytest.approx(ours["global_perf"], rel=1e-6)


def test_noise_in_an_iteration_is_applied(perceval, http, create, wait):
    """Perceval's own iterator refuses it, but older clients send it for each iteration."""
    from perceval.runtime.payload_generator import PayloadGenerator
    from perceval.serialization import deserialize, serialize

    experiment = perceval.Experiment(perceval.BS())
    experiment.with_input(perceval.BasicState([1, 1]))
    experiment.min_detected_photons_filter(2)
    noises = [perceval.NoiseModel(indistinguishability=value) for value in (1.0, 0.0)]
    body = PayloadGenerator.generate_payload(
        "probs",
        experiment,
        platform_name="sim:slos",
        iterator=[{"noise": noise} for noise in noises],
        max_shots=10**8,
    )
    job = create(http, serialize(body) | {"job_name": "hong-ou-mandel", "pcvl_version": "1.2.4"})
    assert wait(http, job)["status"] == "completed"
    document = deserialize(json.loads(http.get(f"/api/jobs/{job}/result").json()["results"]))
    coincidences = [
        float(part["results"][perceval.BasicState([1, 1])]) for part in document["results_list"]
    ]
    assert coincidences == pytest.approx([0, 0.5], abs=1e-9)
    assert [part["iteration"]["noise"] for part in document["results_list"]] == noises
