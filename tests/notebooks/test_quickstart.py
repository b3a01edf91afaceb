"""The quickstart, executed twice: the second run adds and sends nothing."""

from pathlib import Path

import pytest

from jobgroup.cloud.job_store import JobStore

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "quickstart.ipynb"


@pytest.fixture(scope="module")
def nbformat():
    """Import it when the first of these tests runs: it takes seconds."""
    import nbformat

    return nbformat


@pytest.fixture
def run_all(nbformat, tmp_path):
    """Execute the notebook in a new kernel and return its outputs."""
    from nbclient import NotebookClient

    def execute():
        notebook = nbformat.read(QUICKSTART, 4)
        client = NotebookClient(notebook, timeout=1200, kernel_name="python3")
        client.execute(cwd=str(tmp_path))  # raises at the first cell that fails
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        return [output for cell in cells for output in cell.outputs]

    return execute


def _texts(outputs):
    return [o.data["text/plain"] for o in outputs if o.output_type == "execute_result"]


def test_the_quickstart_can_be_run_again(run_all, tmp_path):
    """Nine jobs run, the failed one is rerun, and two photons interfere as expected."""
    first, second = run_all(), run_all()
    assert "9 points: 9 new, 0 in the group already" in _texts(first)
    assert "9 points: 0 new, 9 in the group already" in _texts(second)
    assert "'unsuccessful': 1" in "".join(_texts(first))
    assert "'unsuccessful': 0" in "".join(_texts(second))
    store = JobStore(tmp_path / "quickstart-cloud" / "jobs.sqlite")
    assert len(store.all()) == 10
    store.close()
    for outputs in (first, second):
        rerun = "[(1, 'error', 'The laser lost its lock'), (2, 'success', None)]"
        assert rerun in _texts(outputs)
        printed = "".join(
            o.text for o in outputs if o.output_type == "stream" and o.name == "stdout"
        )
        apart = [float(line.split()[-1].rstrip("%")) for line in printed.splitlines()]
        assert len(apart) == 9
        assert (apart[0], apart[4], apart[8]) == (100.0, 0.0, 100.0)
        assert 40 < apart[2] < 60
        assert sum("image/png" in o.get("data", {}) for o in outputs) == 1


def test_its_last_cell_deletes_nothing(nbformat):
    """The last cell has the deletion as a comment."""
    *_, last = nbformat.read(QUICKSTART, 4).cells
    assert "delete_job_group" in last.source
    assert all(line.startswith("#") for line in last.source.splitlines())
