"""The notebooks, executed unchanged in a fresh kernel."""

import re
from pathlib import Path

import pytest

from jobgroup import JobGroup

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="module")
def nbformat():
    """Import it when the first of these tests runs: it takes seconds."""
    import nbformat

    return nbformat


def _executed(nbformat, name, folder):
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOKS / name, 4)
    client = NotebookClient(notebook, timeout=1200, kernel_name="python3")
    client.execute(cwd=str(folder))  # raises at the first cell that fails
    return [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    ]


def _printed(outputs):
    return "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stdout")


@pytest.fixture
def run_twice(nbformat, tmp_path):
    """Execute a notebook in two kernels, one after the other, and return both outputs."""
    return lambda name: [_executed(nbformat, name, tmp_path) for _ in range(2)]


def test_the_study_maps_a_dip_and_sends_nothing_twice(run_twice):
    """90 jobs, three of which fail and are retried, yield the set indistinguishabilities.

    A second run of all cells in a new process finds every job in the group.
    """
    first, second = run_twice("results.ipynb")
    assert "54 new, 0 in the group already" in _printed(first)
    assert "36 new, 18 in the group already" in _printed(first)
    assert _printed(second).count(" 0 new, 54 in the group already") == 2
    jobs = JobGroup.open("hom map").remote_jobs
    assert [job.state for job in jobs] == ["success"] * 90
    assert sum(len(job.attempts) for job in jobs) == 93
    fits = re.findall(r"set (.*), fitted (.*) \+- (.*)", _printed(second))
    assert len(fits) == 3
    for indist, value, error in (map(float, fit) for fit in fits):
        assert abs(value - indist) < 6 * error + 1e-3
    data = [o.data for o in first if o.output_type in ("execute_result", "display_data")]
    assert sum("image/png" in each for each in data) == 3
    assert any("xarray.Dataset" in each["text/plain"] for each in data)


def test_notebooks_are_stored_without_outputs(nbformat):
    """The stored notebooks have no outputs, so readers start without another person's results."""
    for path in NOTEBOOKS.glob("*.ipynb"):
        cells = nbformat.read(path, 4).cells
        assert not any(c.get("outputs") for c in cells), path.name
