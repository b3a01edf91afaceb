"""Sweeps with the installed release of Perceval are safe to repeat and have correct numbers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobgroup import JobGroup, set_token

HERE = Path(__file__).parent
POINTS = 6


def _sweep(cloud, seed):
    """Run the study in a separate process, and return what it prints."""
    child = subprocess.run(
        [sys.executable, HERE / "a_study.py", cloud.url, cloud.token],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout


def test_sweeps(cloud):
    """After the run, a new process adds no jobs, and the shares have counts and errors."""
    said = _sweep(cloud, "1")
    assert f"{POINTS} points x 2 repeats: {2 * POINTS} new, 0 in the group" in said
    set_token(cloud.token, url=cloud.url)
    jg = JobGroup.open("study")
    jg.run_parallel()
    jg.wait(300)
    assert jg.progress()["Finished"] == [2 * POINTS, {"successful": 2 * POINTS, "unsuccessful": 0}]
    said = _sweep(cloud, "2")
    assert f"{POINTS} points x 2 repeats: 0 new, {2 * POINTS} in the group" in said
    assert "Changed" not in said
    jg.define("contrast", "(|1,1> - |2,0>) / (|1,1> + |2,0>)")
    table = jg.results_table(["phi", "samples", "count(|1,1>)", "p(|1,1>)", "p_err(|1,1>)"])
    rows = list(table)
    assert [row["phi"] for row in rows] == [job.labels["phi"] for job in jg]
    for row, result in zip(rows, jg.get_results(), strict=True):
        counts = {str(state).replace(" ", ""): n for state, n in result["results"].items()}
        count, samples = counts.get("|1,1>", 0), sum(counts.values())
        assert (row["samples"], row["count(|1,1>)"]) == (samples, count)
        assert row["p(|1,1>)"] == pytest.approx(count / samples)
        assert 0 < row["p_err(|1,1>)"] < 0.06
    report = jg.repeat(jg.jobs(labels={"phi": 0.2, "kind": "mzi"}), to=3)
    assert (report.new, report.known) == (1, 2)
    points = {(row["phi"], row["state"]) for row in jg.distributions()}
    assert {phi for phi, _ in points} == {0.2, 0.5, 0.8}
