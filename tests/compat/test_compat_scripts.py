"""The three scripts of the specification, with the installed release of Perceval."""

from __future__ import annotations

import re

import pytest
from the_three_scripts import JOBGROUPS, PERCEVALS_OWN
from which_release import RELEASE

RATIOS = {2: 490} if RELEASE >= (0, 13) else {2: 0.242453, 4: 490}
"""Output of the scripts by the filter's number of photons, which in 0.12 includes two heralds."""

ELSEWHERE = """
import sys
from perceval import RemoteProcessor

known = RemoteProcessor.__init__.__defaults__
own = tuple(sys.argv[1] if str(value).startswith("https:") else value for value in known)
RemoteProcessor.__init__.__defaults__ = own
"""
"""Before 1.1, the URL of another cloud is an argument, which the scripts lack."""


@pytest.fixture
def script(cloud, tmp_path, perceval_scripts, monkeypatch):
    """Run a script in a separate process, in which Perceval is configured for the cloud."""
    run = perceval_scripts(tmp_path / "home", cloud.url, cloud.token)
    if RELEASE >= (1, 1):
        return run
    for name in ("PCVL_CLOUD_TOKEN", "JOBGROUP_TOKEN"):
        monkeypatch.setenv(name, cloud.token)
    monkeypatch.setenv("JOBGROUP_URL", cloud.url)
    return lambda source: run(ELSEWHERE + source)


def _ratio(printed):
    said = re.search(r"Ralph CNOT is (\S+) times better than Knill CNOT, but needs", printed)
    assert said, printed
    return float(said[1])


@pytest.mark.parametrize("photons", RATIOS, ids=lambda n: f"filter of {n}")
@pytest.mark.parametrize("scripts", [PERCEVALS_OWN, JOBGROUPS], ids=["Perceval", "jobgroup"])
def test_scripts(script, scripts, photons):
    """With Perceval's group or jobgroup's, three processes print the release's output."""
    filtered = "p_knill.min_detected_photons_filter"
    printed = [script(s.replace(f"{filtered}(2)", f"{filtered}({photons})")) for s in scripts]
    assert _ratio(printed[-1]) == pytest.approx(RATIOS[photons], rel=0.002)
