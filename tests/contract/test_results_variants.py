"""Tests of variants: a dataset separates jobs at one point whose other settings differ."""

from __future__ import annotations

import numpy as np
from measured_jobs import pair_of

from jobgroup import JobGroup, RemoteJob


def test_other_settings_are_a_variant(measured):
    """Jobs of one point are pooled if they differ only in their limits. Variants describe other
    differences.
    """
    jg = measured(
        ({"x": 0}, pair_of(10, 10)),
        ({"x": 0, "_payload": {"max_samples": 900}}, pair_of(30, 10)),
        ({"x": 0, "_payload": {"threshold": 2}}, pair_of(5, 5)),
        ({"x": 0, "_platform": "qpu:y"}, pair_of(7, 7)),
        ({"x": 1}, pair_of(1, 1)),
    )
    ds = jg.to_xarray()
    assert ds.p.dims == ("x", "variant", "state")
    assert ds.samples.sel(x=0).values.tolist() == [60, 10, 14]
    assert ds.variant.values.tolist() == ["sim:x", "sim:x; threshold none -> 2", "qpu:y"]


def _of(phi, setting, **more):
    """Return a job whose circuit follows phi, and whose counts are its number of photons."""
    payload = {"circuit": f"c{phi}", "min_detected_photons": setting, **more}
    return {"phi": phi, "_payload": payload}, pair_of(setting, 1)


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
        ({"phi": phi, "variant": text, "_payload": {"threshold": n}}, pair_of(n, 1))
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
        return {"phi": phi, "_payload": {"circuit": f"{version}{phi}"}}, pair_of(count, 1)

    jobs = [of(0, "a", 1), of(1, "a", 1), of(2, "a", 1), of(0, "b", 2), of(2, "b", 2)]
    assert _variants(measured(*jobs)) == {"": [1, 1, 1], "circuit": [2, 0, 2]}
    fixed = [of(0, "a", 1), of(1, "a", 1), of(2, "a", 1)]
    fixed += [({"phi": phi, "_payload": {"circuit": "none"}}, pair_of(2, 1)) for phi in range(3)]
    found = _variants(measured(*fixed, name="fixed"))
    assert found == {"": [1, 1, 1], "circuit": [2, 2, 2]}
    shifted = [
        ({"phi": phi, "_payload": {"phase": phi + by}}, pair_of(by + 1, 1))
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
