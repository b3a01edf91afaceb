"""Tests of the page's figures: they have the numbers of `jg.plot` for all choices and changes."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from jobgroup import JobGroup, RemoteJob, set_token

STATES = ("|2,0>", "|1,1>", "|0,2>")


@pytest.fixture
def swept(cloud: Any, data_dir: Any) -> Any:
    """Make a group of random counts over three names, with repeats, failures and gaps."""
    set_token(cloud.token, url=cloud.url)

    def make(seed: int) -> JobGroup:
        draw = random.Random(seed)
        group = JobGroup(f"swept {seed}")
        phis = sorted(draw.sample([0.0, 0.5, 1.25, 2.0, 3.0], 4))
        points = [(phi, eta, chip) for phi in phis for eta in (0.3, 0.6) for chip in "AB"]
        outcomes = [
            {"fail": "too warm"}
            if draw.random() < 0.15
            else {"results": {state: draw.randint(0, 40) for state in STATES}}
            for _ in points
        ]
        for (phi, eta, chip), outcome in [*zip(points, outcomes, strict=True)] * 2:
            job = RemoteJob(
                {"command": "sample_count", "parameters": outcome},
                platform="test:timer",
                url=cloud.url,
            )
            if draw.random() < 0.9:
                group.add(job, labels={"phi": phi, "eta": eta, "chip": chip})
        group.start([*range(len(group) - 3)])
        return group

    return make


@pytest.fixture(autouse=True)
def canvas() -> Any:
    """Use Matplotlib without a display; close its figures after the test."""
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    yield plt
    plt.close("all")


def _is_over(group: JobGroup) -> bool:
    return len(group.list_unsent_jobs()) == 3 and not group.list_active_jobs()


def _shown(answer: dict[str, Any]) -> dict[tuple[Any, Any], tuple[Any, ...]]:
    """The points of the page's figure, by curve and position."""
    figure = answer["figure"]
    xs, groups = figure["xs"]["values"], figure["groups"]["values"]
    points = figure["points"]
    return {
        (groups[curve], xs[x]): (points["value"][i], points["low"][i], points["high"][i])
        for i, (x, curve) in enumerate(zip(points["x"], points["curve"], strict=True))
    }


def _drawn(ax: Any) -> list[dict[Any, Any]]:
    """The value at each position of each curve that Matplotlib drew; None for a gap."""
    lines = [line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata())]
    pairs = [line.get_xydata().tolist() for line in lines]
    return [{x: None if np.isnan(y) else y for x, y in each} for each in pairs]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_page_shows_the_numbers_that_plot_draws(swept, open_page, seed):
    """For curves, bars and maps at each value of the third name, the line of Python draws the
    same.
    """
    jg = swept(seed)
    page = open_page(jg)
    page.open()
    page.wait(lambda: _is_over(jg))
    page.wait(lambda: page.ask("figure")["missing"] == 0)
    jg.define("contrast", "(|2,0> - |1,1>) / (|2,0> + |1,1>)")
    for y in ("|1,1>", "contrast", "samples"):
        for chip in "AB":
            wanted = {"y": y, "x": "phi", "curves": "eta", "at": {"chip": chip}}
            answer = page.ask("figure", **wanted)
            figure, shown = answer["figure"], _shown(answer)
            assert figure["title"] == f"chip {chip}"
            assert [each["name"] for each in figure["selectors"]] == ["chip"]
            ax = eval(figure["python"], {"jg": jg})  # what the page gives to copy
            for eta, drawn in zip(figure["groups"]["values"], _drawn(ax), strict=True):
                found = {x: shown[each, x][0] for each, x in shown if each == eta}
                assert found == pytest.approx(drawn)
            assert ax.texts[-1].get_text() == figure["caption"]
            assert (ax.get_xlabel(), ax.get_ylabel()) == (figure["x_label"], figure["y_label"])
    answer = page.ask("figure", y="|1,1>", x="phi", curves="eta", at={"chip": "A"}, kind="map")
    mesh = eval(answer["figure"]["python"], {"jg": jg}).collections[0]
    shown = _shown(answer)
    for row, eta in zip(mesh.get_array(), answer["figure"]["groups"]["values"], strict=True):
        for value, x in zip(row, answer["figure"]["xs"]["values"], strict=True):
            found = shown.get((eta, x), (None,))[0]
            assert (found is None) == bool(np.ma.is_masked(value))
            assert found is None or value == pytest.approx(found)
    states = answer["figure"]["points"]["state"]
    values = answer["figure"]["points"]["value"]
    assert [state == "measured" for state in states] == [value is not None for value in values]
    assert set(states) <= {"measured", "failed", "canceled", "to come"}


def test_a_figure_without_results_has_the_title_of_a_share(make_group, open_page):
    """The title does not change if the first result has counts."""
    jg = make_group("g", {"results": {"|1,1>": 30, "|2,0>": 70}}, command="sample_count")
    page = open_page(jg)
    assert page.ask("figure", y="|1,1>")["figure"]["y_label"] == "share of |1,1> among selected"
    jg.run_parallel()
    jg.wait()
    page.wait(lambda: page.ask("figure", y="|1,1>")["loaded"] == 1)
    assert page.ask("figure", y="|1,1>")["figure"]["y_label"] == "share of |1,1> among selected"


def test_a_figure_has_the_level_of_its_intervals(make_group, open_page):
    """It is exported with their bounds."""
    page = open_page(make_group("g", {}))
    levels = [
        page.ask("figure", errors=errors)["figure"]["level"]
        for errors in (True, 0.95, "scatter", False)
    ]
    assert levels == [pytest.approx(0.6827, abs=1e-4), 0.95, levels[0], None]


def test_choices_are_kept_by_name_and_with_the_group(make_group, open_page):
    """A choice that no longer exists is named. The group's next view begins with the last
    choices.
    """
    page = open_page(make_group("g", {}, {}))
    page.set("plot", {"y": "|1,1>", "x": "phi"})
    figure = page.ask("figure", y="|1,1>", x="psi", curves="")["figure"]
    assert (figure["x"], figure["gone"]) == ("phi", ["psi"])
    assert figure["points"]["state"] == ["to come", "to come"]
    assert figure["caption"] == "0 of 2 measured"
    version = page.dashboard.version
    other = open_page(JobGroup("other"))

    def shown() -> Any:
        other.dashboard.show("other")
        other.dashboard.show("g")
        return other.dashboard.plot

    page.wait(lambda: shown() == {"y": "|1,1>", "x": "phi"})
    assert other.dashboard.version == version
    assert page.set("plot", {"y": "x" * 10_000})["t"] == "error"


def test_an_unchanged_figure_is_not_sent_again(make_group, open_page):
    """The page sends the digest of the figure that it has."""
    page = open_page(make_group("g", {}))
    first = page.ask("figure")
    again = page.ask("figure", have=first["digest"])
    assert (again["same"], "figure" in again) == (first["digest"], False)
    assert "figure" not in page.ask("figure", only_load=True)


def test_a_quantity_is_defined_from_the_page(make_group, open_page):
    """The quantity is a choice in the next figure. A text that is not an expression is rejected."""
    group = make_group("g", {})
    page = open_page(group)
    page.do("define", name="rate", text="|1,1> * global_perf")
    assert group.definitions == {"rate": "|1,1> * global_perf"}
    assert page.ask("figure")["choices"]["definitions"] == group.definitions
    assert page.do("define", name="rate", text="|1,1> +")["t"] == "error"
    page.do("define", name="rate", text="")
    assert group.definitions == {}


def test_jobs_that_the_plot_lacks_are_counted(cloud, data_dir, open_page):
    """A job that is not in the sweep has no point, and the page says so."""
    set_token(cloud.token, url=cloud.url)

    def build(phi: float) -> RemoteJob:
        body = {"command": "sample_count", "parameters": {"results": {"|1>": 3}}}
        return RemoteJob(body, platform="test:timer", url=cloud.url)

    group = JobGroup("sweep and more")
    group.sweep(build, {"phi": [0.5, 1.0]})
    page = open_page(group)
    page.open()
    assert page.ask("figure")["notes"] == []
    group.add(build(2.0), labels={"phi": 2.0, "chip": "B"})
    answer = page.ask("figure")
    assert answer["figure"]["xs"]["values"] == [0.5, 1.0]
    assert answer["notes"] == [
        "Not in the plot: 1 job outside the sweep, or without a swept value."
    ]
