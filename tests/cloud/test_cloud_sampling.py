"""Counts and samples scatter like measured ones. Each bound fails by chance in 1 run of 1e9."""

from __future__ import annotations

import json
from collections import Counter

import pytest

ITERATIONS = 25
JOBS = 20
SAMPLES = 500
CHANCE = 1e-9


@pytest.fixture(scope="module")
def pcvl():
    """Import Perceval when the first of these tests runs."""
    import perceval

    return perceval


@pytest.fixture
def run(pcvl, http, create, wait):
    """Run two photons on a beam splitter many times in one job, and return the document."""

    def finished(command, *, noise=None, selected=2, heralds=(), platform="sim:slos", **limits):
        from perceval.runtime.payload_generator import PayloadGenerator
        from perceval.serialization import deserialize, serialize

        experiment = pcvl.Experiment(pcvl.BS())
        experiment.with_input(pcvl.BasicState([1, 1]))
        experiment.min_detected_photons_filter(selected)
        experiment.noise = pcvl.NoiseModel(**(noise or {"indistinguishability": 0.5}))
        for mode, photons in heralds:
            experiment.add_herald(mode, photons)
        iterations = [{"min_detected_photons": selected}] * ITERATIONS
        body = PayloadGenerator.generate_payload(
            command, experiment, platform_name=platform, iterator=iterations, **limits
        )
        job = create(http, serialize(body) | {"job_name": command})
        assert wait(http, job)["status"] == "completed"
        answers = [http.get(f"/api/jobs/{job}/result").json()["results"] for _ in range(2)]
        assert answers[0] == answers[1], "a document must never change"
        document = deserialize(json.loads(answers[0]))
        return [part["results"] for part in document["results_list"]]

    return finished


def _within_chance(statistic, freedom):
    from scipy.stats import chi2

    return chi2.ppf(CHANCE / 2, freedom) < statistic < chi2.isf(CHANCE / 2, freedom)


@pytest.mark.parametrize("command", ["sample_count", "samples"])
def test_counts_scatter_as_a_multinomial_distribution(run, command):
    """Pearson's statistic over 500 draws is right; that of Perceval's own counts is too small."""
    exact = {str(state): float(p) for state, p in run("probs", max_shots=10**8)[0].items()}
    draws = []
    for _ in range(JOBS):
        draws += run(command, max_samples=SAMPLES, max_shots=10**8)
    counts = [Counter(map(str, d)) if command == "samples" else _counts(d) for d in draws]
    assert {sum(count.values()) for count in counts} == {SAMPLES}
    statistic = sum(
        (count.get(state, 0) - SAMPLES * p) ** 2 / (SAMPLES * p)
        for count in counts
        for state, p in exact.items()
    )
    assert len(exact) == 3
    assert _within_chance(statistic, (len(exact) - 1) * len(counts))


def _counts(counted):
    return {str(state): count for state, count in counted.items()}


def test_each_job_has_its_own_seed(run):
    """Jobs with equal payloads have different counts."""
    first, second = (run("sample_count", max_samples=SAMPLES, max_shots=10**8) for _ in range(2))
    assert [_counts(one) for one in first] != [_counts(other) for other in second]


def test_max_shots_limits_the_events_with_a_photon(run):
    """Each photon arrives with probability 0.2: 0.04 / (1 - 0.64) of the shots have both."""
    from scipy.stats import binom

    shots = 1000
    draws = run("sample_count", noise={"transmittance": 0.2}, max_samples=shots, max_shots=shots)
    selected = sum(sum(draw.values()) for draw in draws)
    expected = binom(ITERATIONS * shots, 0.2**2 / (1 - 0.8**2))
    assert expected.ppf(CHANCE / 2) < selected < expected.isf(CHANCE / 2)


@pytest.mark.parametrize("command", ["sample_count", "samples"])
def test_a_selection_that_no_event_passes_gives_no_samples(run, command):
    """A job succeeds even if no event passes."""
    draws = run(command, selected=0, heralds=[(0, 5)], max_samples=SAMPLES, max_shots=10**6)
    assert [len(draw) for draw in draws] == [0] * ITERATIONS


@pytest.mark.parametrize("command", ["sample_count", "samples"])
def test_a_platform_without_sampling_has_perceval_make_counts(pcvl, cloud, command):
    """It returns probabilities, with the conversion that the client requested."""
    from perceval.algorithm import Sampler

    processor = pcvl.RemoteProcessor("sim:probs", url=cloud.url, token=cloud.token)
    processor.add(0, pcvl.BS())
    processor.with_input(pcvl.BasicState([1, 1]))
    processor.min_detected_photons_filter(2)
    job = getattr(Sampler(processor, max_shots_per_call=10_000), command)
    results = job.execute_sync(max_samples=300)["results"]
    assert isinstance(results, pcvl.BSCount if command == "sample_count" else pcvl.BSSamples)
    assert (sum(results.values()) if command == "sample_count" else len(results)) == 300
