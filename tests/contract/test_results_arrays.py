"""Results as datasets, derived quantities and comparisons, from a scripted cloud's documents."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from jobgroup import (
    JobGroup,
    JobGroupWarning,
    MissingDependencyError,
    RemoteJob,
    UnknownColumnError,
)
from jobgroup.dashboard.comparisons import compare_jobs


def _counts(**numbers):
    return ":PCVL:BSCount:{" + ";".join(f"{s}={n}" for s, n in numbers.items()) + "}"


def _pair(a, b):
    return _counts(**{"|1,1>": a, "|2,0>": b})


@pytest.fixture
def measured(scripted):
    """Make a group of jobs with labels and results; a result of None is a job in error."""

    def make(*jobs, name="map", **payload):
        jg = JobGroup(name)
        for labels, _ in jobs:
            body = {"command": "sample_count", "max_samples": 100, **payload}
            body |= labels.get("_payload", {})
            platform = labels.get("_platform", "sim:x")
            job = RemoteJob(body, platform=platform, url=scripted.url)
            jg.add(job, labels={k: v for k, v in labels.items() if not k.startswith("_")})
        jg.run_parallel()
        for job, (_, result) in zip(jg, jobs, strict=True):
            scripted.tell(job.id, "error" if result is None else "completed", shots=1000)
            if result is not None:
                document = result if isinstance(result, dict) else {"results": result}
                scripted.results[job.id] = {"results": json.dumps(document)}
        jg.refresh()
        return jg

    return make


def _grid(phis=(0.5, 0.0), etas=("low", "high"), repeats=1):
    return [
        ({"phi": phi, "eta": eta}, _pair(60 + nth, 40))
        for phi in phis
        for eta in etas
        for nth in range(repeats)
    ]


DOCS = Path(__file__).parents[2] / "docs"


def test_documented_pooling_gives_the_numbers_of_the_dataset(measured):
    """The documentation's recipe is checked cell by cell, for repeats of different sizes and a
    failure.
    """
    page = (DOCS / "results.md").read_text(encoding="utf-8")
    blocks = [each.split("```")[0] for each in page.split("```python\n")[1:]]
    (recipe,) = [each for each in blocks if "aggfunc" in each]
    jg = measured(
        ({"phi": 0.5}, _pair(40, 60)),
        ({"phi": 0.5}, _pair(300, 600)),
        ({"phi": 0.5}, None),
        ({"phi": 0.0}, _counts(**{"|1,1>": 7})),
        ({"phi": 0.0}, _counts(**{"|0,2>": 1, "|1,1>": 2})),
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


# -- datasets --------------------------------------------------------------------------------------


def test_sweep_becomes_a_grid_with_pooled_repeats(measured):
    """Dimensions are the labels, numbers ascend, repeats are pooled, and texts keep their order."""
    ds = measured(*_grid(repeats=2)).to_xarray()
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
    jg = measured(*_grid(repeats=2))
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
    jg = measured(*_grid()[:3], ({"phi": 0.7, "eta": "high"}, None))
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
    jg = measured(*_grid()[:3], ({"phi": 0.5, "eta": "high"}, None))
    other = RemoteJob({"command": "x"}, platform="sim:x", url=scripted.url)
    jg.add(other, labels={"phi": 0.9, "eta": "low"})
    ds = jg.to_xarray(grid=True).squeeze()
    flat = ds.sel(phi=0.5, eta="high")
    assert (flat.status.item(), int(flat.jobs), int(flat.failed)) == ("mixed", 2, 1)
    assert flat.samples == 100
    assert ds.sel(phi=0.0, eta="high").status.item() == ""
    assert ds.sel(phi=0.9, eta="low").status.item() == "unsent"
    assert np.isnan(ds.sel(phi=0.9, eta="low").samples)


def test_scattered_points_have_one_dimension(measured):
    """If fewer than half of a grid's cells are points, there is one dimension of points."""
    jg = measured(*[({"x": n, "y": n * n}, _pair(n, 10)) for n in range(5)])
    ds = jg.to_xarray()
    assert ds.p.dims == ("point", "state")
    assert (ds.x.dims, ds.y.values.tolist()) == (("point",), [0, 1, 4, 9, 16])
    assert jg.to_xarray(grid=True).sizes["x"] == 5


def test_rounding_makes_no_new_values(measured):
    """Values that differ in their last bits are one value. Whole numbers, even if equal as floats,
    and True stay separate.
    """
    values = [0.3, 0.1 + 0.2, 10**9, 10**9 + 1, True, 1]
    jg = measured(*[({"x": value}, _pair(1, 1)) for value in values])
    for grid in (True, False):
        ds = jg.to_xarray(grid=grid)
        assert ds.x.values.tolist() == ["0.3", "1000000000", "1000000001", "True", "1"]
        assert ds.jobs.values.tolist() == [2, 1, 1, 1, 1]
    jg = measured(*[({"x": 2**60 + n}, _pair(1, 1)) for n in range(2)], name="seeds")
    assert jg.to_xarray().x.values.tolist() == [2**60, 2**60 + 1]


def test_whole_numbers_beyond_all_floats_are_texts_on_an_axis(measured, tmp_path):
    """Each object keeps its cell, and netCDF keeps the dataset."""
    jg = measured(({"x": 10**400}, _pair(1, 3)), ({"x": 2}, _pair(1, 1)))
    dataset = jg.to_xarray()
    assert dataset.p.sel(x=str(10**400), state="|1,1>") == 0.25
    assert dataset.p.sel(x="2", state="|1,1>") == 0.5
    dataset.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "x.nc", engine="h5netcdf") as read:
        xr.testing.assert_identical(dataset, read.load())
    assert jg.plot("|1,1>")


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_jobs_without_a_swept_value_are_left_out(measured, missing):
    """A job with a missing label is not in the dataset, but is counted."""
    jg = measured(({"x": 1.5}, _pair(1, 1)), ({"x": missing, "y": 2}, _pair(1, 1)))
    with pytest.raises(ValueError, match="nothing to draw"):
        JobGroup("empty").plot("|1,1>")
    ds = jg.to_xarray()
    assert ds.sizes["job"] == 2
    jg = measured(({"x": 1.5}, _pair(1, 1)), ({}, _pair(1, 1)), name="second")
    ds = jg.to_xarray()
    assert (ds.x.values.tolist(), ds.attrs["jobs_outside"]) == ([1.5], 1)


def test_other_settings_are_a_variant(measured):
    """Jobs of one point are pooled if they differ only in their limits. Variants describe other
    differences.
    """
    jg = measured(
        ({"x": 0}, _pair(10, 10)),
        ({"x": 0, "_payload": {"max_samples": 900}}, _pair(30, 10)),
        ({"x": 0, "_payload": {"threshold": 2}}, _pair(5, 5)),
        ({"x": 0, "_platform": "qpu:y"}, _pair(7, 7)),
        ({"x": 1}, _pair(1, 1)),
    )
    ds = jg.to_xarray()
    assert ds.p.dims == ("x", "variant", "state")
    assert ds.samples.sel(x=0).values.tolist() == [60, 10, 14]
    assert ds.variant.values.tolist() == ["sim:x", "sim:x; threshold none -> 2", "qpu:y"]


def _of(phi, setting, **more):
    """Return a job whose circuit follows phi, and whose counts are its number of photons."""
    payload = {"circuit": f"c{phi}", "min_detected_photons": setting, **more}
    return {"phi": phi, "_payload": payload}, _pair(setting, 1)


def _variants(jg):
    ds = jg.to_xarray()
    counts = ds["count"].sel(state="|1,1>").transpose("variant", "phi")
    texts = [text.removeprefix("sim:x").removeprefix("; ") for text in ds.variant.values]
    return dict(zip(texts, np.nan_to_num(counts.values).tolist(), strict=True))


def test_a_variant_has_the_same_settings_at_every_point(measured):
    """The order of the jobs does not matter, nor whether a point has other variants."""
    base, changed = "", "min_detected_photons 1 -> 2"
    jobs = [_of(0, 1), _of(1, 2), _of(0, 2), _of(1, 1), _of(2, 2), _of(3, 1)]
    assert _variants(measured(*jobs)) == {base: [1, 1, 0, 1], changed: [2, 2, 2, 0]}
    chained = [_of(phi, setting) for setting in (1, 2, 3) for phi in (setting - 1, setting)]
    expected = {base: [1, 1, 0, 0], changed: [0, 2, 2, 0]}
    expected["min_detected_photons 1 -> 3"] = [0, 0, 3, 3]
    assert _variants(measured(*chained, name="chained")) == expected
    alone = [*map(_of, range(9), [1] * 8 + [5]), _of(0, 2)]
    found = _variants(measured(*alone, name="alone"))
    assert found == {
        base: [1] * 8 + [0], "min_detected_photons 1 -> 5": [0] * 8 + [5], changed: [2] + [0] * 8
    }  # fmt: skip


def test_a_point_with_one_setting_joins_no_other_setting(measured):
    """However few points there are, and however many values the setting has."""
    lone = [*(_of(phi, setting) for setting in (1, 2) for phi in range(3)), _of(3, 3)]
    assert _variants(measured(*lone)) == {
        "": [1, 1, 1, 0],
        "min_detected_photons 1 -> 2": [2, 2, 2, 0],
        "min_detected_photons 1 -> 3": [0, 0, 0, 3],
    }
    many = [_of(phi, setting) for setting in range(1, 26) for phi in range(3)]
    del many[10]  # the fourth setting at the second point
    found = _variants(measured(*many, name="many"))
    assert [*found.values()] == [
        [setting, setting * (setting != 4), setting] for setting in range(1, 26)
    ]


def test_a_swept_name_variant_hides_no_settings(measured):
    """Its name is taken, so a plot names the variants differently."""
    jobs = [
        ({"phi": phi, "variant": text, "_payload": {"threshold": n}}, _pair(n, 1))
        for text in "ab"
        for phi in (0, 1)
        for n in (1, 2)
    ]
    ax = measured(*jobs).plot(
        "|1,1>", x="phi", curves="variant of settings", where={"variant": "a"}
    )
    assert len(ax.get_legend().texts) == 2


def test_different_changes_are_different_variants(measured):
    """Each variant names its own change, also if two changes cannot be shown."""
    jobs = [_of(0, 1), _of(1, 1), _of(0, 2), _of(1, 1, threshold=True), _of(1, 3)]
    found = _variants(measured(*jobs))
    assert found == {
        "": [1, 1], "min_detected_photons 1 -> 2": [2, 0], "threshold none -> True": [0, 1],
        "min_detected_photons 1 -> 3": [0, 3],
    }  # fmt: skip


def test_settings_that_follow_the_swept_values_are_one_variant(measured):
    """If a circuit contains the swept value, old and new circuits differ at each point."""

    def of(phi, version, count):
        return {"phi": phi, "_payload": {"circuit": f"{version}{phi}"}}, _pair(count, 1)

    jobs = [of(0, "a", 1), of(1, "a", 1), of(2, "a", 1), of(0, "b", 2), of(2, "b", 2)]
    assert _variants(measured(*jobs)) == {"": [1, 1, 1], "circuit": [2, 0, 2]}
    fixed = [of(0, "a", 1), of(1, "a", 1), of(2, "a", 1)]
    fixed += [({"phi": phi, "_payload": {"circuit": "none"}}, _pair(2, 1)) for phi in range(3)]
    found = _variants(measured(*fixed, name="fixed"))
    assert found == {"": [1, 1, 1], "circuit": [2, 2, 2]}
    shifted = [
        ({"phi": phi, "_payload": {"phase": phi + by}}, _pair(by + 1, 1))
        for by in (0, 1)
        for phi in range(3)
    ]
    found = _variants(measured(*shifted, name="shifted"))
    assert found == {"": [1, 1, 1], "phase": [2, 2, 2]}


def test_new_points_of_a_changed_sweep_belong_to_its_new_jobs(scripted):
    """If circuits follow the swept value, the order of the jobs shows the function's version."""

    def building(version):
        def build(phi):
            body = {"command": "sample_count", "circuit": f"{version}{phi}"}
            return RemoteJob(body, platform="sim:x", url=scripted.url)

        return build

    jg = JobGroup("changed")
    jg.sweep(building("a"), {"phi": [0, 1]}, name="s")
    jg.sweep(building("b"), {"phi": [0, 1, 2]}, name="s", on_change="add")
    ds = jg.to_xarray()
    assert ds.variant.values.tolist() == ["sim:x", "sim:x; circuit"]
    assert ds.jobs.transpose("variant", "phi").values.tolist() == [[1, 1, 0], [1, 1, 1]]


def test_counts_and_probabilities_of_a_point_are_not_mixed(measured):
    """Counts are used, and one warning names the jobs that are left out."""
    exact = ":PCVL:BSDistribution:{|1,1>=0.25;|2,0>=0.75}"
    jg = measured(({"x": 0}, exact), ({"x": 0}, _pair(1, 3)), ({"x": 1}, exact))
    with pytest.warns(UserWarning, match=r"job 0 are left out"):
        ds = jg.to_xarray()
    assert ds.samples.values.tolist()[0] == 4
    assert np.isnan(ds.samples.values[1])
    assert np.isnan(ds.p_err.values[1]).all()
    assert "1 of 2 points computed by the platform" in ds.attrs["not_sampled"]


def test_unlike_repeats_are_named_once(measured):
    """50 and 80 of 100 differ by more than chance, so one warning names the point and mentions
    scatter.
    """
    jg = measured(({"x": 0.5}, _pair(50, 50)), ({"x": 0.5}, _pair(80, 20)))
    with pytest.warns(UserWarning, match=r"more than chance at x 0\.5.*scatter") as found:
        ds = jg.to_xarray(errors="scatter")
    assert len(found) == 1
    assert ds.p.sel(state="|1,1>").item() == 0.65
    assert ds.p_err.sel(state="|1,1>").item() == pytest.approx(0.15)


def test_partial_results_are_in_no_point(measured, scripted):
    """A failed job's partial counts stay in its row, and every pooled number says how many such
    results it leaves out.
    """
    jg = measured(({"x": 1}, _pair(10, 90)), ({"x": 1}, None), ({"x": 1}, _pair(20, 180)))
    scripted.results[jg[1].id] = {"results": json.dumps({"results": _pair(90, 10)})}
    assert jg.results_table(["p(|1,1>)"])["p(|1,1>)"] == [0.1, 0.9, 0.1]
    left_out = "Partial results of job 1 of 'map' are left out"
    with pytest.warns(JobGroupWarning, match=left_out):
        ds = jg.to_xarray()
    assert ds.p.sel(x=1, state="|1,1>") == 0.1
    assert (ds.samples.item(), ds.shots.item()) == (300, 2000)
    assert ds.attrs["partial_results"] == "jobs 1"
    with pytest.warns(JobGroupWarning, match=left_out):
        ax = jg.plot("|1,1>")
    captions = [text.get_text() for text in ax.texts]
    assert captions == [
        "300 samples a point, 68.27 % Wilson; 1 of 1 measured; 1 partial result left out"
    ]
    with pytest.warns(JobGroupWarning, match=left_out):
        table = jg.distributions()
    assert (set(table["job"]), table.title) == (
        {0, 2},
        "2 jobs, 4 states; 1 partial result left out",
    )
    with pytest.warns(JobGroupWarning, match=left_out):
        found = jg.compare([0, 1], 2)
    assert (found.samples, found.skipped) == ((100, 200), (1,))
    assert "jobs without a complete result: 1" in str(found)
    with pytest.raises(ValueError, match="only partial results of job 1"):
        jg.compare(0, 1)
    sides = compare_jobs(jg, jg.snapshot())["sides"]
    assert [side["samples"] for side in sides] == [100, 100, 200]
    assert [side["problem"] for side in sides] == ["", "Job 1 has only a partial result.", ""]
    assert sides[2]["comparison"]["distance"] == 0


def test_results_that_cannot_be_fetched_are_named(measured, scripted):
    """A warning, an attribute, the caption and the comparison name or count a missing result."""
    jg = measured(*(({"x": x // 2}, _pair(50, 50)) for x in range(4)))
    lost = jg[1].id
    scripted.faults["result"] = lambda _, asked: (404, {}) if asked.id == lost else None
    missing = (
        "Could not get 1 of 4 results of 'map'. The first failure was job 1.* They are left out"
    )
    with pytest.warns(JobGroupWarning, match=missing):
        ds = jg.to_xarray()
    assert (ds.samples.values.tolist(), ds.attrs["missing_results"]) == ([100, 200], "jobs 1")
    with pytest.warns(JobGroupWarning, match=missing):
        ax = jg.plot("|1,1>", x="x")
    assert ax.texts[0].get_text().endswith("; 2 of 2 measured; 1 result missing")
    with pytest.warns(JobGroupWarning, match="Could not get 1 of 2 results of 'map'"):
        found = jg.compare([0, 1], {"|1,1>": 0.5, "|2,0>": 0.5})
    assert (found.samples, found.skipped) == ((100, None), (1,))


def test_comparisons_name_jobs_that_still_run(measured, scripted):
    """A job without a result is skipped, and the comparison says so."""
    jg = measured(*(({"x": x}, _pair(50, 50)) for x in range(3)))
    jg.add(RemoteJob({"command": "x"}, platform="sim:x", url=scripted.url))
    found = jg.compare([0, 3], [1, 2])
    assert (found.samples, found.skipped) == ((100, 200), (3,))


def test_iterations_are_dimensions(measured):
    """Iterated parameters follow the labels as dimensions, with every iteration's counts."""
    each = [
        {"results": _pair(n, 10), "iteration": {"circuit_params": {"phi": n / 4}}} for n in range(4)
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
    parts = [{"results": _pair(1, 1), "iteration": {"noise": noise}} for noise in noises]
    iterator = [{"noise": f":PCVL:NoiseModel:{json.dumps(noise)}"} for noise in noises]
    jg = measured(
        ({"chip": "A"}, {"results_list": parts}), ({"chip": "B"}, None), iterator=iterator
    )
    ds = jg.to_xarray()
    assert "noise" not in ds.coords
    assert ds["noise.transmittance"].values.tolist() == levels
    assert ds.status.squeeze().values.tolist() == [["success"] * 24, ["error"] * 24]
    assert ds.samples.squeeze().sel(chip="A").values.tolist() == [2] * 24


def test_netcdf_round_trip(measured, tmp_path):
    """A dataset with texts, times, numbers and truth values, and a name that no file can have, is
    identical after a round trip to a file.
    """
    jobs = [
        ({"at": at, "chip": chip, ".": on, "n": n}, _pair(n, 5))
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


def test_names_of_variables_are_unique(measured):
    """A number of a result that has a taken name gets the prefix of tables."""
    numbers = {"temp": 7.0, "count": 8.0, "p": 9.0, "jobs": 99, "visibility": 5.0}
    document = {"results": _pair(50, 50), **numbers}
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
    jg = measured(*(({"a/b": i, "a_b": 2 * i}, _pair(50, 50)) for i in range(2)))
    ds = jg.to_xarray(grid=True)
    assert ds.p.dims == ("label.a_b", "a_b", "state")
    assert (ds["label.a_b"].values.tolist(), ds["a_b"].values.tolist()) == ([0, 1], [0, 2])


def test_dates_ascend_and_reach_all_years(measured):
    """Dates in any order become an ascending axis, also beyond the range of nanoseconds."""
    days = ("2024-03-01", "2024-01-02", "2024-02-03")
    ds = measured(*(({"day": day}, _pair(5, 5)) for day in days)).to_xarray()
    assert np.array_equal(ds.day, np.array(sorted(days), dtype="datetime64[ns]"))
    assert ds.sel(day=slice("2024-01-01", "2024-02-28")).sizes["day"] == 2
    far = ("2500-01-01T00:00:00", "1500-01-01T00:00:00")
    jg = measured(*(({"at": at}, _pair(5, 5)) for at in far), name="far")
    assert np.array_equal(jg.to_xarray()["at"], np.array(sorted(far), dtype="datetime64[us]"))
    (line,) = (line for line in jg.plot("|1,1>").lines if line.get_marker() == "o")
    assert np.diff(line.get_xdata()) == np.timedelta64(365_243, "D")


@pytest.mark.parametrize("seeds", [(2**64, 2**64 + 1), (2**53 + 1, 2**70)])
def test_integers_that_no_float_holds_stay_different(seeds, measured):
    """Integers that are exact neither as int64 nor as float are texts on an axis."""
    ds = measured(*(({"seed": s}, _pair(s % 7, 5)) for s in seeds)).to_xarray()
    assert ds.seed.values.tolist() == [str(seed) for seed in seeds]
    for seed in seeds:
        assert ds["count"].sel(seed=str(seed), state="|1,1>") == seed % 7


def test_very_large_datasets_keep_the_most_frequent_states(measured, monkeypatch):
    """States with the greatest share at any point are kept, and the rest is summed."""
    jg = measured(
        ({"x": 0}, _counts(**{"|2,0>": 90, "|1,1>": 10})),
        ({"x": 1}, _counts(**{"|2,0>": 20, "|1,1>": 30, "|0,2>": 50})),
    )
    ds = jg.to_xarray(states=2)
    assert ds.state.values.tolist() == ["|2,0>", "|0,2>"]
    assert ds.p_rest.values.tolist() == [0.1, 0.3]
    assert ds.count_rest.values.tolist() == [10, 30]
    assert (ds.attrs["states"], ds.attrs["states_returned"]) == (2, 3)
    assert jg.to_xarray(states="|1, 1>").state.values.tolist() == ["|1,1>"]
    with pytest.raises(UnknownColumnError, match=r"Similar states: \|1,1>"):
        jg.to_xarray(states=["|1,1,0>"])


def test_results_of_every_kind_keep_their_cells(measured):
    """Empty, zero, huge, negative and malformed results do not affect the others."""
    jg = measured(
        ({"x": 0}, {"results": ":PCVL:BSCount:{}", "physical_perf": 0.0}),
        ({"x": 1}, _counts(**{"|1,1>": 0})),
        ({"x": 2}, {"results": {"|1,1>": 10**400, "|2,0>": 10**400}}),
        ({"x": 3}, {"results": {"|1,1>": "many"}}),
        ({"x": 4}, {"results": 5}),
        ({"x": 5}, ":PCVL:BSCount:{|1,1,0>=3}"),
        ({"x": 6}, ":PCVL:BSDistribution:{|1,1>=-0.25;|2,0>=nan}"),
        ({"x": 7}, _pair(3, 1)),
    )
    table = jg.results_table(["x", "samples", "p(|1,1>)", "error"])
    assert table["samples"] == [0, 0, None, None, None, 3, None, 4]
    assert table["p(|1,1>)"] == [None, None, None, None, None, None, -0.25, 0.75]
    assert [bool(error) for error in table["error"]] == [n in (2, 3) for n in range(8)]
    assert "many" in table.failures[3].raw
    with pytest.warns(JobGroupWarning, match=r"Could not get 2 of 8 .* They are left out"):
        ds = jg.to_xarray()
    np.testing.assert_array_equal(ds.p.sel(state="|1,1>"), [*[np.nan] * 6, -0.25, 0.75])
    assert ds.attrs["missing_results"] == "jobs 2, 3"
    for way_out in (table.to_pandas, table.to_polars):
        way_out()
    with pytest.warns(JobGroupWarning, match="Could not get 2 of 8"):
        assert jg.distributions().title.endswith("; 2 results missing")


def test_states_that_the_filter_rejects_are_gaps(measured):
    """The filter of a body is a column, and rejected states have neither 0 nor an error."""
    filters = [{"parameters": {"min_detected_photons": n}} for n in (1, 2)]
    jg = measured(
        ({"f": 1, "_payload": filters[0]}, _counts(**{"|1,0>": 50, "|1,1>": 50})),
        ({"f": 2, "_payload": filters[1]}, _counts(**{"|1,1>": 100})),
    )
    assert [job.position for job in jg.find("min_detected_photons=2")] == [1]
    assert "min_detected_photons" in jg.results_table().columns
    np.testing.assert_array_equal(jg.to_xarray().p.sel(state="|1,0>"), [0.5, np.nan])
    jg.define("lost", "|1,0> * 2")
    table = jg.results_table(["p(|1,0>)", "p_err(|1,0>)", "count(|1,0>)", "lost"])
    assert table[1] == {"p(|1,0>)": None, "p_err(|1,0>)": None, "count(|1,0>)": None, "lost": None}


@pytest.mark.parametrize(("release", "least"), [("0.12.2", 4), ("0.13.2", 2)])
def test_heralds_in_the_filter_of_perceval_0_12_make_no_gaps(release, least, scripted):
    """With 2 heralds, a filter of 4 in 0.12 rejects the same states as one of 2 in 0.13."""
    payload = {"command": "sample_count", "heralds": {"4": 1, "5": 1}}
    payload["parameters"] = {"min_detected_photons": least}
    body = {"payload": payload, "pcvl_version": release}
    jg = JobGroup("heralded")
    jg.add_many([RemoteJob(body, platform="sim:x", url=scripted.url) for _ in range(2)])
    jg.run_parallel()
    for job, counts in zip(jg, ({"|0,2>": 60, "|1,1>": 40, "|1,0>": 1}, {"|0,2>": 9}), strict=True):
        scripted.tell(job.id, "completed")
        scripted.results[job.id] = {"results": json.dumps({"results": _counts(**counts)})}
    jg.refresh()
    table = jg.results_table(["count(|1,1>)", "count(|1,0>)"])
    assert (table["count(|1,1>)"], table["count(|1,0>)"]) == ([40, 0], [1, None])


def test_missing_library_is_named(measured, monkeypatch):
    """Without xarray or matplotlib, the error says what to install."""
    jg = measured(({"x": 0}, _pair(1, 1)))
    for module, call in (("xarray", jg.to_xarray), ("matplotlib", lambda: jg.plot("|1,1>"))):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, module, None)
            with pytest.raises(MissingDependencyError, match=rf"{module}.*pip install"):
                call()


# -- derived quantities ----------------------------------------------------------------------------


def test_definitions_are_stored_and_appear_everywhere(measured, in_child):
    """A definition is a column and a variable with its error, in this process and the next."""
    jg = measured(({"x": 0}, {"results": _pair(300, 100), "global_perf": 0.5}))
    jg.define("rate", "|1,1> * global_perf")
    jg.define("ratio", "|1,1> / |2,0>")
    assert jg.definitions == {"rate": "|1,1> * global_perf", "ratio": "|1,1> / |2,0>"}
    row = jg.results_table()[0]
    assert (row["rate"], row["ratio"]) == (0.375, 3.0)
    error = 0.5 * np.sqrt(0.75 * 0.25 / 400)
    assert row["rate_err"] == pytest.approx(error)
    ds = jg.to_xarray(interval=0.95)
    assert ds.rate.item() == 0.375
    assert ds.rate_high.item() == pytest.approx(0.375 + 1.959964 * error)
    assert ds.rate.attrs["expression"] == "|1,1> * global_perf"
    names = in_child(
        "import json; from jobgroup import JobGroup;"
        "print(json.dumps(JobGroup.open('map').definitions))"
    )
    assert list(names) == ["rate", "ratio"]
    jg.define("rate", None)
    assert list(jg.definitions) == ["ratio"]


@pytest.mark.parametrize("name", ["x", "p", "samples", "global_perf", "|1,1>", "a b", "for", ""])
def test_definitions_refuse_names_in_use(measured, name):
    """A definition cannot have the name of a label, column, performance, state or keyword."""
    jg = measured(({"x": 0}, _pair(1, 1)))
    with pytest.raises(ValueError, match="name"):
        jg.define(name, "|1,1>")
    assert jg.definitions == {}


def test_unknown_states_are_an_error_that_names_the_nearest(measured):
    """A state that no job has is an error in tables, datasets and plots alike."""
    jg = measured(({"x": 0}, _pair(1, 1)))
    message = r"No result contains the state \|3,0>.*\|2,0>"
    with pytest.raises(UnknownColumnError, match=message):
        jg.results_table("p(|3,0>)")
    jg.define("lost", "1 - |3,0>")
    for call in (jg.results_table, jg.to_xarray, lambda: jg.plot("lost")):
        with pytest.raises(UnknownColumnError, match=message):
            call()
    for name in ("global_pref", "global_perf"):  # no job has them
        jg.define("lost", f"|1,1> * {name}")
        for call in (jg.results_table, jg.to_xarray, lambda: jg.plot("lost")):
            with pytest.raises(UnknownColumnError, match=rf"no quantity '{name}'.*samples"):
                call()
    jg.define("lost", "|1,1> * samples")
    assert jg.results_table("lost")["lost"] == [1]
    assert jg.to_xarray().lost.values == [1]
    assert jg.plot("lost").get_ylabel() == "lost"
    jg.define("lost", None)
    with pytest.raises(TypeError, match="must be a string"):
        jg.define("lost", 3)


def test_definitions_have_no_values_while_their_states_may_still_come(measured, scripted):
    """Early in a run, tables and datasets have gaps, and a plot has nothing to draw."""
    jg = measured(({"x": 0}, _pair(1, 1)))
    jg.define("lost", "1 - |3,0>")
    body = {"command": "sample_count", "max_samples": 100}
    jg.add(RemoteJob(body, platform="sim:x", url=scripted.url), labels={"x": 1})
    assert jg.results_table("lost")["lost"] == [None, None]
    assert jg.to_xarray().lost.isnull().all()
    with pytest.raises(ValueError, match="nothing to draw"):
        jg.plot("lost")
    jg.run_parallel()
    scripted.tell(jg[1].id, "completed", shots=1000)
    scripted.results[jg[1].id] = {"results": json.dumps({"results": _counts(**{"|3,0>": 4})})}
    jg.refresh()
    assert jg.results_table("lost")["lost"] == [1, 0]


def test_tables_have_noise_and_times(measured):
    """A noise model has a column for each parameter, with defaults filled in. Times are ISO
    8601.
    """
    noise = ':PCVL:NoiseModel:{"indistinguishability": 0.9}'
    jg = measured(({}, _pair(1, 1)), ({"_payload": {"noise": noise}}, _pair(1, 1)))
    table = jg.results_table()
    assert table["noise.indistinguishability"] == [None, 0.9]
    assert "noise.indistinguishability" in table.columns
    assert table["noise.g2"] == [None, 0.0]
    assert pd.to_datetime(table["sent_at"]).tz is not None


# -- comparisons -----------------------------------------------------------------------------------


def test_comparisons_state_what_chance_gives(measured):
    """The published example has a distance of 0.0240; chance gives 0.0364, and the p-value is about
    0.73.
    """
    four = ("|2,0>", "|1,1>", "|0,2>", "|1,0>")
    jg = measured(
        ({"x": 0}, _counts(**dict(zip(four, (98, 211, 189, 2), strict=True)))),
        ({"x": 1}, _counts(**dict(zip(four, (110, 200, 188, 2), strict=True)))),
        ({"x": 2}, ":PCVL:BSDistribution:{|1,1>=1.0}"),
        ({"x": 3}, ":PCVL:BSCount:{|1,1,0>=3}"),
        ({"x": 4}, None),
    )
    found = jg.compare(0, 1)
    assert (found.distance, found.expected) == pytest.approx((0.0240, 0.036399), abs=5e-7)
    assert found.p_value == pytest.approx(0.73, abs=0.02)
    assert found == asyncio.run(jg.compare_async(jg[0], [1]))
    assert "0.0240" in str(found)
    assert "chosen beforehand" in str(found)
    computed = jg.compare(0, 2)
    assert (computed.distance, computed.expected) == (pytest.approx(1 - 211 / 500), None)
    with pytest.raises(ValueError, match=r"2 modes.*3 modes"):
        jg.compare(0, 3)
    with pytest.raises(ValueError, match="no results"):
        jg.compare(0, 4)
    ideal = {"|2,0>": 0.25, "|1,1>": 0.375, "|0,2>": 0.375}
    assert jg.compare(0, ideal).expected == pytest.approx(0.025004, abs=5e-7)
    with pytest.raises(ValueError, match="sum is 1"):
        jg.compare(0, {"|2,0>": 0.5})
