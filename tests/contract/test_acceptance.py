"""The specification's three scripts, in three processes that share only a directory."""

from __future__ import annotations

import os
import re
import subprocess
import sys

PREPARE = """
import sys
import perceval as pcvl
from perceval.algorithm import Sampler
from jobgroup import JobGroup

config = pcvl.RemoteConfig()
config.set_url(sys.argv[1])
config.set_token(sys.argv[2])

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

jg = JobGroup("compare_knill_and_ralph_cnot")
jg.add(sampler_ralph.sample_count, max_samples=10_000)
jg.add(sampler_knill.sample_count, max_samples=10_000)
"""

RUN = """
from jobgroup import JobGroup

jg = JobGroup("compare_knill_and_ralph_cnot")
jg.run_sequential(0)

import sys
print([name for name in ("perceval", "starlette", "pandas", "IPython") if name in sys.modules])
"""

ANALYSE = """
from jobgroup import JobGroup

jg = JobGroup("compare_knill_and_ralph_cnot")
results = jg.get_results()
ralph_res = results[0]
knill_res = results[1]
perf_ratio = (ralph_res['physical_perf'] * ralph_res['logical_perf']) / (
    knill_res['physical_perf'] * knill_res['logical_perf'])
print(f"Ralph CNOT is {perf_ratio} times better than Knill CNOT,"
      " but needs a measurement to work")
"""


def _script(source, env, *args):
    done = subprocess.run(
        [sys.executable, "-c", source, *args],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_three_scripts_share_one_group(cloud, tmp_path):
    """Each script runs in its own Python process, and the output is the specification's 490
    +- 1.
    """
    home = tmp_path / "home"
    home.mkdir()
    base = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "JOBGROUP_DATA_DIR": str(tmp_path / "data"),
    }
    sent_before = len(cloud.jobs())
    _script(PREPARE, base, cloud.url, cloud.token)
    assert len(cloud.jobs()) == sent_before, "preparing sends nothing"

    with_token = {**base, "JOBGROUP_URL": cloud.url, "JOBGROUP_TOKEN": cloud.token}
    ran = _script(RUN, with_token)
    assert "Successful: 2, Failed: 0" in ran.stderr
    assert "100%" in ran.stderr
    assert ran.stdout == "[]\n", "optional things are imported where they are used"
    sent = cloud.jobs()[sent_before:]
    assert [j.body["job_group_name"] for j in sent] == ["compare_knill_and_ralph_cnot"] * 2
    assert sent[1].created >= sent[0].started

    printed = _script(ANALYSE, with_token).stdout
    said = re.fullmatch(
        r"Ralph CNOT is (\S+) times better than Knill CNOT, but needs a measurement to work\n",
        printed,
    )
    assert said, printed
    assert abs(float(said[1]) - 490) <= 1
    assert len(cloud.jobs()) == sent_before + 2
    kept = [p for p in (tmp_path / "data").rglob("*") if p.is_file()]
    assert kept
    assert not [p for p in kept if cloud.token.encode() in p.read_bytes()]
