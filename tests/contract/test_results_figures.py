"""Tests of figures: curves, maps and bars, their errors, and the notes below the axes."""

from __future__ import annotations

import asyncio
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colors
from scipy import stats

from jobgroup import JobGroup, RemoteJob, UnknownColumnError
from jobgroup.results.colours import ORDER, PALETTE, ordered


@pytest.fixture(autouse=True)
def canvas(monkeypatch):
    """Use Matplotlib without a display; close its figures after the test."""
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    yield plt
    plt.close("all")


@pytest.fixture
def study(scripted):
    """Make a group of measured jobs over a product of values; None is a job without a result."""

    def make(over, count, *, samples=100, name="study", has=lambda **_: True):
        jg = JobGroup(name)
        scripted.first_word = "completed"
        points = [dict(zip(over, values, strict=True)) for values in _product(*over.values())]
        points = [point for point in points if has(**point)]
        jobs = [
            RemoteJob({"command": "sample_count"}, platform="sim:x", url=scripted.url)
            for _ in points
        ]
        for job, labels in zip(jobs, points, strict=True):
            jg.add(job, labels=labels)
        jg.run_parallel()
        for job, labels in zip(jg, points, strict=True):
            k = count(**labels)
            if isinstance(k, float):
                text = f":PCVL:BSDistribution:{{|1,1>={k};|2,0>={1 - k}}}"
            elif k is not None:
                text = f":PCVL:BSCount:{{|1,1>={k};|2,0>={samples - k}}}"
            document = {"results": None if k is None else text, "physical_perf": 0.25}
            scripted.results[job.id] = {"results": json.dumps(document)}
        return jg

    return make


def _product(first, *others):
    return [(v, *rest) for v in first for rest in (_product(*others) if others else [()])]


def _caption(ax):
    return ax.texts[-1].get_text()


def _curves(ax):
    return [line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata())]


def test_curves_have_wilson_bars_and_break_at_gaps(study):
    """There is one curve for each value of the second name. A missing point breaks its line."""
    jg = study(
        {"phi": [0.0, 0.5, 1.0], "indist": [0.6, 1]},
        lambda phi, indist: None if (phi, indist) == (0.5, 1) else int(20 + 40 * phi),
    )
    ax = jg.plot("|1,1>")
    first, second = _curves(ax)[:2]
    assert first.get_xdata().tolist() == [0.0, 0.5, 1.0]
    assert first.get_ydata().tolist() == [0.2, 0.4, 0.6]
    assert np.isnan(second.get_ydata()[1])
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["indist 0.6", "indist 1"]
    ends = stats.binomtest(20, 100).proportion_ci(0.6827, "wilson")
    (low, high) = ax.collections[0].get_segments()[0][:, 1]
    assert (low, high) == pytest.approx(tuple(ends), abs=1e-4)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("phi", "share of |1,1> among selected")
    assert ax.get_ylim()[0] == 0
    assert _caption(ax) == "100 samples a point, 68.27 % Wilson; 5 of 6 measured"


def test_curves_have_the_colors_of_the_page(study):
    """Curves of numbers have ordered colors, and curves of texts a palette."""
    jg = study({"phi": [0.0, 0.5], "eta": [0.1, 0.5, 1.0], "chip": ["A", "B"]}, lambda **_: 20)
    ordered = _curves(jg.plot("|1,1>", x="phi", curves="eta", where={"chip": "A"}))
    assert [line.get_color() for line in ordered] == [ORDER[0], "#c04d9e", ORDER[-1]]
    texts = jg.plot("|1,1>", x="phi", curves="chip", where={"eta": 0.1})
    assert [line.get_color() for line in _curves(texts)] == [*PALETTE[:2]]
    bars = jg.plot("|1,1>", x="chip", curves="eta", where={"phi": 0.0})
    found = [colors.to_hex(patch.get_facecolor()) for patch in bars.patches[::2]]
    assert found == [ORDER[0], "#c04d9e", ORDER[-1]]
    one = jg.plot("|1,1>", x="phi", where={"chip": "A", "eta": 0.1})
    jg.plot("|1,1>", x="phi", where={"chip": "B", "eta": 0.1}, ax=one)
    assert [line.get_color() for line in _curves(one)] == [*PALETTE[:2]]


def test_palette_and_scale_equal_those_of_the_page():
    """The page defines them in TypeScript."""
    page = (Path(__file__).parents[2] / "js/src/plot/colours.ts").read_text("utf-8")
    palette = re.search(r"PALETTE = \[(.*?)\]", page, re.DOTALL)
    scale = re.search(r'ORDER = parse\("(.*?)"\)', page)
    assert re.findall(r"#\w{6}", palette[1]) == [*PALETTE]
    assert [f"#{colour}" for colour in scale[1].split()] == [*ORDER]


def test_curves_are_joined_where_another_one_has_a_point_between(study):
    """Two curves over different values have separate lines."""
    jg = study(
        {"phi": [0.0, 0.5, 1.0, 1.5], "indist": [0.6, 1]},
        lambda phi, indist: 20 + int(40 * phi),
        has=lambda phi, indist: (phi % 1 == 0) == (indist == 1),
    )
    lines = _curves(jg.plot("|1,1>", x="phi", curves="indist"))
    assert [line.get_xdata().tolist() for line in lines[:2]] == [[0.5, 1.5], [0.0, 1.0]]
    assert not any(np.isnan(line.get_ydata()).any() for line in lines)


def test_many_values_of_the_second_name_make_a_map(study):
    """Cells surround the values, the color bar names the greatest error, and signs have two
    colors.
    """
    jg = study(
        {"x": [0.0, 1.0, 3.0], "y": list(range(9))},
        lambda x, y: None if (x, y) == (0, 0) else int(10 * x + y),
    )
    jg.define("contrast", "1 - 4 * |1,1>")
    ax = jg.plot("|1,1>", x="x")
    (mesh,) = ax.collections
    assert mesh.get_array().shape == (9, 3)
    assert mesh.get_array().mask.sum() == 1
    assert mesh.get_coordinates()[0, :, 0].tolist() == [-0.5, 0.5, 2.0, 4.0]
    assert mesh.get_cmap().name == "viridis"
    bar = ax.figure.axes[1].get_ylabel()
    assert bar.startswith("share of |1,1> among selected (error at most 0.04")
    signed = jg.plot("contrast", "x", kind="map").collections[0]
    assert signed.get_cmap().name == "RdBu_r"
    assert signed.norm.vmin == -signed.norm.vmax
    assert _caption(ax).endswith("26 of 27 measured")


def test_numbers_that_differ_only_by_rounding_have_one_color_and_height(study):
    """An axis and a color bar with room around the values do not magnify rounding errors, and a
    negative rounding error does not make a map signed.
    """
    over = {"x": [0.0, 1.0], "y": [0.0, 1.0]}
    jg = study(over, lambda x, y: 0.5 + 1e-14 * (x + 2 * y))
    jg.define("double", "2 * |1,1>")
    assert jg.plot("double", x="x").get_ylim() == pytest.approx((0.95, 1.05))
    cells = jg.plot("double", x="x", kind="map").collections[0]
    assert cells.get_clim() == pytest.approx((0.95, 1.05))
    jg = study(over, lambda x, y: 0.1 - 0.02 * (x + 2 * y), name="ramp")
    jg.define("rest", "0.3 - 0.2 - |1,1>")
    cells = jg.plot("rest", x="x", kind="map").collections[0]
    assert cells.get_array().min() < 0
    assert cells.get_cmap().name == "viridis"


def test_texts_make_bars(study):
    """Texts have bars from 0 to 1, in the order of adding."""
    jg = study({"chip": ["B", "A"]}, lambda chip: 40 if chip == "A" else 10)
    ax = jg.plot("|1,1>")
    assert [bar.get_height() for bar in ax.patches] == [0.1, 0.4]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["B", "A"]
    assert ax.get_ylim() == (0, 1)


@pytest.mark.parametrize("kind", ["line", "bars"])
def test_more_than_twelve_curves_have_a_color_bar(study, kind):
    """The colors are those of the page: by value, not by order. Ticks of counts are whole."""
    over = {"phi": [0, 1], "shots": [*range(12), 100]}
    jg = study(over, lambda phi, **_: 10 + phi)
    ax = jg.plot("|1,1>", x="phi", curves="shots", kind=kind)
    assert ax.get_legend() is None
    bar = ax.figure.axes[1]
    assert (bar.get_ylabel(), bar.get_ylim()) == ("shots", (0, 100))
    lines = [line.get_color() for line in _curves(ax)]
    bars = [bar.get_facecolor() for bar in ax.patches[::2]]  # the first bar of each pair
    colours = [*map(colors.to_hex, lines or bars)]
    assert [colours[0], colours[-1]] == ["#2e7be4", "#bf8000"]
    assert colours[11] == ordered(0.11)


def test_color_bar_of_times_shows_dates(study):
    """A curve for each of 13 days."""
    days = [f"2026-03-{day:02}T00:00:00+00:00" for day in range(1, 14)]
    jg = study({"phi": [0, 1], "day": days}, lambda **_: 10)
    ax = jg.plot("|1,1>", x="phi", curves="day", kind="line")
    ax.figure.canvas.draw()
    texts = [text.get_text() for text in ax.figure.axes[1].get_yticklabels()]
    assert "2026-03-05" in texts


def test_ticks_of_whole_numbers_are_whole(study):
    """The axis of a name with integers has no tick between them."""
    jg = study({"photons": [1, 2, 3], "modes": [4, 5]}, lambda photons, **_: 10 * photons)
    line = jg.plot("|1,1>", x="photons", curves="modes")
    grid = jg.plot("|1,1>", x="photons", curves="modes", kind="map")
    for axis in (line.xaxis, grid.xaxis, grid.yaxis):
        assert all(tick == round(tick) for tick in axis.get_ticklocs())


def test_map_omits_values_that_have_no_place_on_its_axes(study):
    """Infinite values are omitted, and the caption counts their points."""
    jg = study({"x": [0.0, 1.0, np.inf], "y": [2.0, 4.0, np.inf]}, lambda **_: 10)
    ax = jg.plot("|1,1>", x="x", curves="y", kind="map")
    assert ax.collections[0].get_array().shape == (2, 2)
    assert ax.texts[0].get_text().endswith("9 of 9 measured; 5 without a finite x and y")
    far = study({"x": [np.inf], "y": [1, 2]}, lambda **_: 10, name="far")
    with pytest.raises(ValueError, match="nothing to draw"):
        far.plot("|1,1>", x="x", curves="y", kind="map")


def test_texts_that_matplotlib_would_interpret_are_shown(study):
    """Dollar signs around no valid formula are drawn, and a leading underscore hides no curve."""
    over = {"$x": [0, 1], "_chip": [r"$\nonsense$", "5 $\0"]}
    jg = study(over, lambda **_: 10)
    curves = jg.plot("|1,1>", x="$x", curves="_chip")
    bars = jg.plot("|1,1>", x="_chip", curves="$x")
    for ax in (curves, bars):
        ax.figure.savefig(io.BytesIO())
        assert len(ax.get_legend().get_texts()) == 2
    assert [label.get_text() for label in bars.get_xticklabels()] == [r"\$\nonsense\$", r"5 \$ "]


def test_third_name_is_selected_by_where(study):
    """The error lists other names with several values. The title has the selection."""
    over = {"phi": [0, 1, 2], "eta": [0.3, 0.4], "chip": ["A", "B"]}
    jg = study(over, lambda phi, eta, chip: 10 * phi + 1)
    with pytest.raises(
        ValueError, match=r"chip also has several values.*'A', 'B'.*where={'chip': 'A'}"
    ):
        jg.plot("|1,1>", x="phi")
    ax = jg.plot("|1,1>", x="phi", curves="chip", where={"eta": np.float64(0.1 + 0.2)})
    assert ax.get_title() == "eta 0.3"
    assert len(_curves(ax)) == 2
    with pytest.raises(UnknownColumnError, match=r"eta has no value 0\.5.*0\.3, 0\.4"):
        jg.plot("|1,1>", where={"eta": 0.5})
    with pytest.raises(UnknownColumnError, match=r"no swept name 'psi'.*phi, eta, chip"):
        jg.plot("|1,1>", x="psi")
    for wrong in ("psi", "1 +", "|3,0>"):
        with pytest.raises(UnknownColumnError):
            jg.plot(wrong, x="phi", curves="chip", where={"eta": 0.3})
    with pytest.raises(ValueError, match="kind must be"):
        jg.plot("|1,1>", kind="pie")
    with pytest.raises(ValueError, match="different names"):
        jg.plot("|1,1>", x="phi", curves="phi")


def test_probabilities_have_open_markers_and_no_bars(study):
    """Points that were not sampled are open, and the line below says so."""
    ax = study({"x": [0, 1]}, lambda x: 0.25 + x / 2).plot("|1,1>")
    markers = [line for line in ax.lines if line.get_marker() == "o"]
    assert [line.get_markerfacecolor() for line in markers] == ["none"]
    assert not ax.collections
    assert ax.get_ylabel() == "probability of |1,1>"
    assert _caption(ax) == "not sampled; 2 of 2 measured"


def test_plot_draws_the_selected_errors(study, canvas):
    """Error bars are absent, of another level, or from the spread. Other quantities have none
    here.
    """
    jg = study({"x": [0, 1]}, lambda x: 20 + x)
    _, ax = canvas.subplots()
    assert jg.plot("|1,1>", errors=False, ax=ax) is ax
    assert not ax.collections
    wide = jg.plot("|1,1>", errors=0.95)
    assert "95 % Wilson" in _caption(wide)
    for y, expected in (("samples", 100), ("physical_perf", 0.25), ("2 * |1,1>", 0.4)):
        assert _curves(jg.plot(y))[0].get_ydata()[0] == expected
    assert "scatter of repeats" not in _caption(wide)
    assert asyncio.run(jg.plot_async("|1,1>")).lines


def test_logarithmic_axes_omit_values_of_0_and_below(study):
    """Curves have gaps there, and maps no cells; the line below says how many. The edges of the
    other cells are halfway by ratio.
    """
    over = {"x": [0.0, 1.0, 4.0, 16.0], "y": [-1, 1, 100]}
    jg = study(over, lambda x, y: 0 if x == 4 else int(10 + x))
    ax = jg.plot("|1,1>", x="x", curves="y", log="xy")
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    first = _curves(ax)[0]
    assert np.isnan(first.get_xdata()).tolist() == [True, False, False, False]
    assert np.isnan(first.get_ydata()).tolist() == [False, False, True, False]
    assert 0 < ax.get_ylim()[0] <= 0.11
    omitted = "at 0 or below not on the logarithmic axis"
    assert _caption(ax).endswith(f"; 12 of 12 measured; 6 points {omitted}")
    ax = jg.plot("|1,1>", x="x", curves="y", kind="map", log="xy")
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    edges = ax.collections[0].get_coordinates()
    assert edges[0, :, 0].tolist() == pytest.approx([0.5, 2, 8, 32])
    assert edges[:, 0, 1].tolist() == pytest.approx([0.1, 10, 1000])
    assert ax.collections[0].get_array().tolist() == [[0.11, 0.0, 0.26]] * 2
    assert _caption(ax).endswith(f"; 6 points {omitted}")
    ax = jg.plot("|1,1>", x="x", curves="y", log="x")
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "linear")


def test_axes_without_positive_numbers_cannot_be_logarithmic(study):
    """The error names the axis. No figure is made."""
    jg = study({"chip": ["A", "B"]}, lambda chip: 0)
    for arguments, problem in (
        ({"log": "y"}, "Bars cannot have a logarithmic axis"),
        ({"kind": "line", "log": "xy"}, "The x axis cannot be logarithmic"),
        ({"kind": "line", "log": "y"}, "The y axis cannot be logarithmic"),
        ({"log": "z"}, 'log must be "x", "y" or "xy", got \'z\''),
    ):
        with pytest.raises(ValueError, match=problem):
            jg.plot("|1,1>", **arguments)


def test_y_axis_begins_at_0_for_shares_or_on_request(study):
    """It begins below the values if they are no shares, and cuts off no error bar below 0."""
    jg = study({"x": [0, 1]}, lambda x: 60 + x)
    bottoms = [
        jg.plot(y, from_zero=from_zero).get_ylim()[0]
        for y in ("|1,1>", "samples", "|1,1> - 0.6")
        for from_zero in (None, True, False)
    ]
    assert [bottom == 0 for bottom in bottoms[:6]] == [True, True, False, False, True, False]
    assert bottoms[2] > 0.5
    assert len(set(bottoms[6:])) == 1
    assert bottoms[6] < -0.04


def test_plot_without_results_says_so(scripted, study):
    """The error has the jobs' states. If there are results, it names the missing quantity."""
    jg = JobGroup("waiting")
    body = {"command": "sample_count"}
    for x in range(2):
        jg.add(RemoteJob(body, platform="sim:x", url=scripted.url), labels={"x": x})
    with pytest.raises(
        ValueError, match=r"nothing to draw: no job has a result yet \(2 unsent\)\."
    ):
        jg.plot()
    jg.run_parallel()
    scripted.tell(jg[0].id, "completed")
    scripted.tell(jg[1].id, "error")
    jg.refresh()
    with pytest.raises(ValueError, match=r"no result was read \(1 success, 1 error\)\."):
        jg.plot("|1,1>", refresh=False)
    with pytest.raises(ValueError, match="no point has a value of 'shots'"):
        study({"x": [0, 1]}, lambda x: 20).plot("shots")


def test_markers_at_0_are_whole(study, canvas):
    """The y axis then begins just below 0, without a tick there, also if the x axis is
    logarithmic.
    """
    jg = study({"x": [1, 10, 100]}, lambda x: x - 1)
    for log in (None, "x"):
        ax = jg.plot("|1,1>", log=log)
        ax.figure.canvas.draw()
        (markers,) = (line for line in ax.lines if line.get_marker() == "o")
        (_, lowest) = ax.transData.transform((1, 0))
        radius = (markers.get_markersize() + markers.get_markeredgewidth()) / 2
        assert lowest - ax.bbox.ymin > radius * ax.figure.dpi / 72
        low, high = ax.get_ylim()
        assert low > -0.05
        assert min(tick for tick in ax.get_yticks() if low <= tick <= high) == 0


def test_axes_that_begin_at_0_show_further_curves(study):
    """Curves of a second call, or of the user, are not cut off."""
    jg = study({"x": [0, 1], "chip": ["A", "B"]}, lambda x, chip: 20 + x if chip == "A" else 90)
    ax = jg.plot("|1,1>", x="x", where={"chip": "A"})
    jg.plot("|1,1>", x="x", where={"chip": "B"}, ax=ax)
    assert ax.get_ylim()[1] > 0.9
    ax.plot([0, 1], [2, 3])
    low, high = ax.get_ylim()
    assert (low <= 0, high > 3) == (True, True)
