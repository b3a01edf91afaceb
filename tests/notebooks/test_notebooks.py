"""The notebooks, executed as they stand in a fresh kernel."""

import math
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from jobgroup import JobGroup, RemoteJob

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
GROUPS = {"quickstart.ipynb": "quickstart", "results.ipynb": "hom_dip"}


@pytest.fixture
def executed(tmp_path):
    """Executes a notebook, of which a visit before ended in the middle, and gives its outputs."""

    def execute(name):
        left = RemoteJob({"command": "probs"}, platform="sim:slos", url="http://127.0.0.1:9")
        JobGroup(GROUPS[name]).add(left)
        notebook = nbformat.read(NOTEBOOKS / name, 4)
        client = NotebookClient(notebook, timeout=300, kernel_name="python3")
        client.execute(cwd=str(tmp_path))  # raises at the first cell that fails
        return [
            output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
        ]

    return execute


def test_the_quickstart_reruns_its_failed_job_and_shows_the_interference(executed):
    """Nine jobs run, the one that failed is rerun, and two photons interfere as they should."""
    outputs = executed("quickstart.ipynb")
    texts = [o.data["text/plain"] for o in outputs if o.output_type == "execute_result"]
    assert "'unsuccessful': 1" in "".join(texts)
    assert "[(1, 'error', 'The laser lost its lock'), (2, 'success', None)]" in texts
    printed = "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")
    apart = [float(line.split()[-1].rstrip("%")) for line in printed.splitlines()]
    assert len(apart) == 9
    assert (apart[0], apart[4], apart[8]) == (100.0, 0.0, 100.0)
    assert 40 < apart[2] < 60


def test_the_sweep_fills_a_dip_and_measures_again_what_failed(executed):
    """Sixty jobs, two of which fail and are rerun with more samples, show the interference."""
    outputs = executed("results.ipynb")
    printed = "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")
    assert "Run 60 jobs: at most 6,000,000 shots, 20 free slots, duration unknown" in printed
    assert "58 of 60 measured" in printed
    phase, visibility = map(float, re.findall(r"dip at phase (.*), visibility (.*)", printed)[0])
    assert abs(phase - math.pi / 2) < 0.2
    assert 0.85 < visibility < 0.99
    data = [o.data for o in outputs if o.output_type in ("execute_result", "display_data")]
    texts = [each["text/plain"] for each in data]
    assert sum("The laser lost its lock" in text for text in texts) == 1
    assert "[{'max_samples': [1000, 2000]}, {'max_samples': [1000, 2000]}]" in texts
    (table,) = [each["text/html"] for each in data if "<table" in each.get("text/html", "")]
    assert table.count("<tr>") == 61
    assert "60 jobs (60 success)" in table
    assert sum("image/png" in each for each in data) == 3


def test_notebooks_are_stored_without_outputs():
    """What a reader opens is what he runs."""
    for path in NOTEBOOKS.glob("*.ipynb"):
        cells = nbformat.read(path, 4).cells
        assert not any(c.get("outputs") for c in cells), path.name
