"""Tests of results as datasets: points, pooled repeats, status, size and export."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from measured_jobs import counts_of, grid_of, pair_of

from jobgroup import JobGroup, MissingDependencyError, RemoteJob, UnknownColumnError

DOCS = Path(__file__).parents[2] / "docs"


def test_documented_pooling_gives_the_numbers_of_the_dataset(measured):
    """The documentation's recipe is checked cell by cell, for repeats of different sizes and a
    failure.
    """
    page = (DOCS / "results.md").read_text(encoding="utf-8")
    blocks = [each.split("```")[0] for each in page.split("```python\n")[1:]]
    (recipe,) = [each for each in blocks if "aggfunc" in each]
    jg = measured(
        ({"phi": 0.5}, pair_of(40, 60)),
        ({"phi": 0.5}, pair_of(300, 600)),
        ({"phi": 0.5}, None),
        ({"phi": 0.0}, counts_of(**{"|1,1>": 7})),
        ({"phi": 0.0}, counts_of(**{"|0,2>": 1, "|1,1>": 2})),
    )
    names = {"jg": jg}
    exec(recipe, names)
    dataset = jg.to_xarray().transpose("phi", "state")
    for name, ours in (("counts", dataset["count"]), ("shares", dataset["p"])):
        frame = names[name].loc[dataset.phi.values, dataset.state.values]
        assert frame.size == ours.size == 6
        np.testing.assert_allclose(frame.values, ours.values, rtol=1e-12)
    table = jg.results_table().select(["job"])
    assert table.columns == ["job"]
    assert table["job"] == jg.results_table().select("job")["job"] == [0, 1, 2, 3, 4]


def test_sweep_becomes_a_grid_with_pooled_repeats(measured):
    """Dimensions are the labels, numbers ascend, repeats are pooled, and texts keep their order."""
    ds = measured(*grid_of(repeats=2)).to_xarray()
    assert ds.p.dims == ("phi", "eta", "state")
    assert (ds.phi.values.tolist(), ds.eta.values.tolist()) == ([0.0, 0.5], ["low", "high"])
    assert ds.state.values.tolist() == ["|2,0>", "|1,1>"]
    point = ds.sel(phi=0.5, eta="low")
    assert point["count"].sel(state="|1,1>") == 60 + 61
    assert point.samples == 201
    assert point.p.sel(state="|1,1>") == 121 / 201
    assert (point.status.item(), int(point.jobs), int(point.done)) == ("success", 2, 2)
    assert ds.shots.sel(phi=0.0, eta="high") == 2000
    assert (ds.attrs["group"], ds.attrs["jobs_outside"]) == ("map", 0)


def test_kept_repeats_are_the_rows_of_the_table(measured):
    """With ``repeats="keep"``, every cell is a row of the table."""
    jg = measured(*grid_of(repeats=2))
    ds, table = jg.to_xarray(repeats="keep"), jg.results_table()
    assert ds.p.dims == ("phi", "eta", "repeat", "state")
    for row in table:
        nth = row["job"] % 2
        cell = ds.sel(phi=row["phi"], eta=row["eta"], repeat=nth)
        assert cell.samples == row["samples"]
        for state in ("|1,1>", "|2,0>"):
            assert cell.p.sel(state=state) == row[f"p({state})"]
            assert cell.p_err.sel(state=state) == row[f"p_err({state})"]


def test_points_without_results_are_gaps_with_a_status(measured, scripted):
    """Failed, unsent and absent points stay on the axes. A hole has no status."""
    jg = measured(*grid_of()[:3], ({"phi": 0.7, "eta": "high"}, None))
    jg.add(RemoteJob({"command": "x"}, platform="p", url=scripted.url), labels={"phi": 9})
    jg.add(
        RemoteJob({"command": "x"}, platform="p", url=scripted.url),
        labels={"phi": 0.7, "eta": "high"},
    )
    with pytest.raises(ValueError, match="nothing"):
        jg.plot("|1,1>", where={"phi": 0.7})
    ds = jg.to_xarray()
    assert ds.phi.values.tolist() == [0.0, 0.5, 0.7, 9.0]
    assert "eta" not in ds.dims  # one job lacks it


def test_status_of_cells(measured, scripted):
    """A cell has the state of all its jobs, "mixed" if they differ, and "" for a hole."""
    jg = measured(*grid_of()[:3], ({"phi": 0.5, "eta": "high"}, None))
    other = RemoteJob({"command": "x"}, platform="sim:x", url=scripted.url)
    jg.add(other, labels={"phi": 0.9, "eta": "low"})
    ds = jg.to_xarray(grid=True).squeeze()
    flat = ds.sel(phi=0.5, eta="high")
    assert (flat.status.item(), int(flat.jobs), int(flat.failed)) == ("mixed", 2, 1)
    assert flat.samples == 100
    assert ds.sel(phi=0.0, eta="high").status.item() == ""
    assert ds.sel(phi=0.9, eta="low").status.item() == "unsent"
    assert np.isnan(ds.sel(phi=0.9, eta="low").samples)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_jobs_without_a_swept_value_are_left_out(measured, missing):
    """A job with a missing label is not in the dataset, but is counted."""
    jg = measured(({"x": 1.5}, pair_of(1, 1)), ({"x": missing, "y": 2}, pair_of(1, 1)))
    with pytest.raises(ValueError, match="nothing to draw"):
        JobGroup("empty").plot("|1,1>")
    ds = jg.to_xarray()
    assert ds.sizes["job"] == 2
    jg = measured(({"x": 1.5}, pair_of(1, 1)), ({}, pair_of(1, 1)), name="second")
    ds = jg.to_xarray()
    assert (ds.x.values.tolist(), ds.attrs["jobs_outside"]) == ([1.5], 1)


def test_netcdf_round_trip(measured, tmp_path):
    """A dataset with texts, times, numbers and truth values, and a name that no file can have, is
    identical after a round trip to a file.
    """
    jobs = [
        ({"at": at, "chip": chip, ".": on, "n": n}, pair_of(n, 5))
        for n, at in enumerate(("2026-01-02T00:00:00+00:00", "2026-01-02T03:00:00+01:00"))
        for chip in ("größer", "b")
        for on in (True, False)
    ]
    jg = measured(*jobs)
    jg.description = "a map"
    ds = jg.to_xarray(grid=True, interval=True)
    assert ds["at"].dtype == "datetime64[ns]"
    assert ds["at"].values.tolist() == [1767312000 * 10**9, 1767319200 * 10**9]
    ds.to_netcdf(tmp_path / "map.nc")
    with xr.open_dataset(tmp_path / "map.nc") as read:
        xr.testing.assert_identical(read.load(), ds)
    assert all("long_name" in ds[name].attrs for name in ds.variables)


def test_very_large_datasets_keep_the_most_frequent_states(measured, monkeypatch):
    """States with the greatest share at any point are kept, and the rest is summed."""
    jg = measured(
        ({"x": 0}, counts_of(**{"|2,0>": 90, "|1,1>": 10})),
        ({"x": 1}, counts_of(**{"|2,0>": 20, "|1,1>": 30, "|0,2>": 50})),
    )
    ds = jg.to_xarray(states=2)
    assert ds.state.values.tolist() == ["|2,0>", "|0,2>"]
    assert ds.p_rest.values.tolist() == [0.1, 0.3]
    assert ds.count_rest.values.tolist() == [10, 30]
    assert (ds.attrs["states"], ds.attrs["states_returned"]) == (2, 3)
    assert jg.to_xarray(states="|1, 1>").state.values.tolist() == ["|1,1>"]
    with pytest.raises(UnknownColumnError, match=r"Similar states: \|1,1>"):
        jg.to_xarray(states=["|1,1,0>"])


def test_missing_library_is_named(measured, monkeypatch):
    """Without xarray or matplotlib, the error says what to install."""
    jg = measured(({"x": 0}, pair_of(1, 1)))
    for module, call in (("xarray", jg.to_xarray), ("matplotlib", lambda: jg.plot("|1,1>"))):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, module, None)
            with pytest.raises(MissingDependencyError, match=rf"{module}.*pip install"):
                call()
