"""The study of the sweeps page is short, and sends no job twice."""

from __future__ import annotations

import ast
import os
import subprocess
import sys

from pages import ROOT, blocks

from jobgroup.cloud import EmbeddedCloud
from jobgroup.demo import environment_for

MOST_STATEMENTS = 22


def _study():
    """Return the page's first block, which is the study."""
    return blocks(ROOT / "docs/sweeps.md", "python")[0].text


def _statements(text):
    """Return the statements of a program, including those in functions, without imports."""
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
    return [each for each in found if not isinstance(each, ast.Import | ast.ImportFrom)]


def test_the_study_is_short_and_runs_twice_without_sending_twice(tmp_path, worker):
    """The study has the number of statements that the page states.

    Two processes run a small version of the study, with a failure.
    """
    text = _study()
    assert "repeats=3" in text
    assert len(_statements(text)) <= MOST_STATEMENTS
    page = (ROOT / "docs/sweeps.md").read_text("utf-8")
    assert f"These are {len(_statements(text))} statements" in page
    small = text.replace("np.pi, 12)", "np.pi, 3)").replace("1, 8)", "1, 2)")
    assert small != text
    with EmbeddedCloud(executor=worker, workers=1) as cloud:
        environment = {
            **environment_for(cloud.url, cloud.token, tmp_path),
            "MPLBACKEND": "agg",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        }
        cloud.faults.add("fail_job", times=1)
        said = []
        for seed in "12":
            done = subprocess.run(
                [sys.executable, "-c", small + "print(float(ds['samples'].min()))\n"],
                cwd=tmp_path,
                env={**environment, "PYTHONHASHSEED": seed},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            said.append(done.stdout.splitlines())
        assert len(cloud.jobs()) == 18 + 1  # the failed one was retried
    assert said == [
        ["6 points x 3 repeats: 18 new, 0 in the group already", "1500.0"],
        ["6 points x 3 repeats: 0 new, 18 in the group already", "1500.0"],
    ]
    assert "svg" in (tmp_path / "hom map.svg").read_text("utf-8")
