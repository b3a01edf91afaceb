"""Tests of a dataset's dimensions: their names, the values on their axes, and iterations."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from measured_jobs import pair_of


def test_scattered_points_have_one_dimension(measured):
    """If fewer than half of a grid's cells are points, there is one dimension of points."""
    jg = measured(*[({"x": n, "y": n * n}, pair_of(n, 10)) for n in range(5)])
    ds = jg.to_xarray()
    assert ds.p.dims == ("point", "state")
    assert (ds.x.dims, ds.y.values.tolist()) == (("point",), [0, 1, 4, 9, 16])
    assert jg.to_xarray(grid=True).sizes["x"] == 5


def test_rounding_makes_no_new_values(measured):
    """Values that differ in their last bits are one value. Whole numbers, even if equal as floats,
    and True stay separate.
    """
    values = [0.3, 0.1 + 0.2, 10**9, 10**9 + 1, True, 1]
    jg = measured(*[({"x": value}, pair_of(1, 1)) for value in values])
    for grid in (True, False):
        ds = jg.to_xarray(grid=grid)
        assert ds.x.values.tolist() == ["0.3", "1000000000", "1000000001", "True", "1"]
        assert ds.jobs.values.tolist() == [2, 1, 1, 1, 1]
    jg = measured(*[({"x": 2**60 + n}, pair_of(1, 1)) for n in range(2)], name="seeds")
    assert jg.to_xarray().x.values.tolist() == [2**60, 2**60 + 1]


def test_whole_numbers_beyond_all_floats_are_texts_on_an_axis(measured, tmp_path):
    """Each object keeps its cell, and netCDF keeps the dataset."""
    jg = measured(({"x": 10**400}, pair_of(1, 3)), ({"x": 2}, pair_of(1, 1)))
    dataset = jg.to_xarray()
    assert dataset.p.sel(x=str(10**400), state="|1,1>") == 0.25
    assert dataset.p.sel(x="2", state="|1,1>") == 0.5
    dataset.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as read:
        xr.testing.assert_identical(dataset, read.load())
    assert jg.plot("|1,1>")


@pytest.mark.parametrize("seeds", [(2**64, 2**64 + 1), (2**53 + 1, 2**70)])
def test_integers_that_no_float_holds_stay_different(seeds, measured):
    """Integers that are exact neither as int64 nor as float are texts on an axis."""
    ds = measured(*(({"seed": s}, pair_of(s % 7, 5)) for s in seeds)).to_xarray()
    assert ds.seed.values.tolist() == [str(seed) for seed in seeds]
    for seed in seeds:
        assert ds["count"].sel(seed=str(seed), state="|1,1>") == seed % 7


def test_dates_ascend_and_reach_all_years(measured):
    """Dates in any order become an ascending axis, also beyond the range of nanoseconds."""
    days = ("2024-03-01", "2024-01-02", "2024-02-03")
    ds = measured(*(({"day": day}, pair_of(5, 5)) for day in days)).to_xarray()
    assert np.array_equal(ds.day, np.array(sorted(days), dtype="datetime64[ns]"))
    assert ds.sel(day=slice("2024-01-01", "2024-02-28")).sizes["day"] == 2
    far = ("2500-01-01T00:00:00", "1500-01-01T00:00:00")
    jg = measured(*(({"at": at}, pair_of(5, 5)) for at in far), name="far")
    assert np.array_equal(jg.to_xarray()["at"], np.array(sorted(far), dtype="datetime64[us]"))
    (line,) = (line for line in jg.plot("|1,1>").lines if line.get_marker() == "o")
    assert np.diff(line.get_xdata()) == np.timedelta64(365_243, "D")


def test_names_of_variables_are_unique(measured):
    """A number of a result that has a taken name gets the prefix of tables."""
    numbers = {"temp": 7.0, "count": 8.0, "p": 9.0, "jobs": 99, "visibility": 5.0}
    document = {"results": pair_of(50, 50), **numbers}
    jg = measured(*(({"temp": t, "visibility_err": 1}, document) for t in (1, 2)))
    jg.define("visibility", "|1,1> - |2,0>")
    ds = jg.to_xarray().squeeze("visibility_err")
    assert (ds.temp.values.tolist(), ds["result.temp"].values.tolist()) == ([1, 2], [7, 7])
    assert ds["count"].dims == ds["p"].dims == ("temp", "state")
    for name in ("count", "p", "jobs", "visibility"):
        assert ds[f"result.{name}"].values.tolist() == [numbers[name]] * 2
    assert (ds.visibility.values.tolist(), ds.jobs.values.tolist()) == ([0, 0], [1, 1])
    assert ds["result.visibility_err"].attrs["long_name"] == "standard error of visibility"


def test_names_of_dimensions_are_unique(measured):
    """Two names that a file can only have as one become different dimensions."""
    jg = measured(*(({"a/b": i, "a_b": 2 * i}, pair_of(50, 50)) for i in range(2)))
    ds = jg.to_xarray(grid=True)
    assert ds.p.dims == ("label.a_b", "a_b", "state")
    assert (ds["label.a_b"].values.tolist(), ds["a_b"].values.tolist()) == ([0, 1], [0, 2])


def test_iterations_are_dimensions(measured):
    """Iterated parameters follow the labels as dimensions, with every iteration's counts."""
    each = [
        {"results": pair_of(n, 10), "iteration": {"circuit_params": {"phi": n / 4}}}
        for n in range(4)
    ]
    jobs = [({"chip": chip}, {"results_list": each, "physical_perf": 0.5}) for chip in "AB"]
    jg = measured(*jobs)
    ds = jg.to_xarray()
    assert ds.p.dims == ("chip", "phi", "state")
    assert ds.phi.values.tolist() == [0, 0.25, 0.5, 0.75]
    assert ds["count"].sel(chip="B", state="|1,1>").values.tolist() == [0, 1, 2, 3]
    assert ds.shots.dims == ("chip",)
    assert ds.physical_perf.dims == ("chip", "phi")
    assert len(jg.results_table()) == 8


def test_jobs_without_a_result_have_all_their_iterations(measured):
    """The grid is the same before, during and after a run, for any number of iterations and for
    noise models.
    """
    levels = [1 - 1 / (n + 3) for n in range(24)]
    others = dict.fromkeys(("brightness", "indistinguishability", "g2", "phase_error"), 1 / 3)
    noises = [{**others, "phase_imprecision": 0.1, "transmittance": each} for each in levels]
    parts = [{"results": pair_of(1, 1), "iteration": {"noise": noise}} for noise in noises]
    iterator = [{"noise": f":PCVL:NoiseModel:{json.dumps(noise)}"} for noise in noises]
    jg = measured(
        ({"chip": "A"}, {"results_list": parts}), ({"chip": "B"}, None), iterator=iterator
    )
    ds = jg.to_xarray()
    assert "noise" not in ds.coords
    assert ds["noise.transmittance"].values.tolist() == levels
    assert ds.status.squeeze().values.tolist() == [["success"] * 24, ["error"] * 24]
    assert ds.samples.squeeze().sel(chip="A").values.tolist() == [2] * 24
