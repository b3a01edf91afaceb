"""Error bars cover the true value as often as they should, on jobs of the embedded cloud."""

from __future__ import annotations

from types import SimpleNamespace

import perceval as pcvl
import pytest
from perceval.runtime.payload_generator import PayloadGenerator
from perceval.serialization import serialize

from jobgroup.cloud.execution import execute
from jobgroup.results.measurement import measurements
from jobgroup.results.pool import Pool

JOBS = 500
SAMPLES = 100


@pytest.fixture(scope="module")
def pools():
    """Return the results of many jobs of one experiment, and the exact share of coincidences."""
    experiment = pcvl.Experiment(pcvl.Circuit(2) // pcvl.BS() // pcvl.PS(0.7) // pcvl.BS())
    experiment.with_input(pcvl.BasicState([1, 1]))
    experiment.min_detected_photons_filter(2)

    def read(command, seed):
        body = PayloadGenerator.generate_payload(
            command, experiment, platform_name="sim:slos", max_shots=10_000, max_samples=SAMPLES
        )
        outcome = execute(dict(serialize(body))["payload"], "sim:slos", None, seed)
        record = SimpleNamespace(
            position=0, params={}, metadata={}, platform="sim:slos", shots=None
        )
        return Pool(measurements(record, outcome))

    exact = read("probs", 0).share("|1,1>").value
    return [read("sample_count", seed) for seed in range(JOBS)], exact


@pytest.mark.parametrize("level", [0.6827, 0.95, None])
def test_intervals_cover_the_exact_share_as_often_as_the_binomial_says(pools, level):
    """The number of intervals that cover the share fits the binomial (p > 1e-6, fixed seeds)."""
    from scipy import stats  # takes a second to import

    measured, exact = pools

    def covers(pool):
        share = pool.share("|1,1>", level=level or 0.6827)
        if level is None:
            return abs(share.value - exact) <= share.error
        return share.low <= exact <= share.high

    assert {pool.samples for pool in measured} == {SAMPLES}
    record = SimpleNamespace(position=0, params={}, metadata={}, platform="sim:slos", shots=None)
    expected = 0.0
    for k in range(SAMPLES + 1):
        values = {"|1,1>": k, "|2,0>": SAMPLES - k}
        pool = Pool(measurements(record, {"plain": {"results": values}}))
        expected += stats.binom.pmf(k, SAMPLES, exact) * covers(pool)
    assert expected == pytest.approx(level or 0.6827, abs=0.06)
    found = sum(map(covers, measured))
    assert stats.binomtest(found, JOBS, expected).pvalue > 1e-6
