"""The page's figures equal those of `jg.plot`, in a real browser on a real kernel."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from ui_server import wait

from jobgroup import JobGroup, RemoteJob

STATES = ("|2,0>", "|1,1>", "|0,2>")
SVG = "{http://www.w3.org/2000/svg}"
LYING = re.compile(r"M(?P<low>[\d.]+) (?P<level>[\d.]+)L(?P<high>[\d.]+) (?P=level)")
UPRIGHT = re.compile(r"M([\d.]+) ([\d.]+)L\1 ([\d.]+)")


@pytest.fixture(autouse=True)
def canvas() -> Any:
    """Use Matplotlib without a display, and close its figures after the test."""
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    yield
    plt.close("all")


def job_of(cloud: Any, parameters: dict[str, Any]) -> RemoteJob:
    """Make a timer job."""
    body = {"command": "sample_count", "max_samples": 100, "parameters": parameters}
    return RemoteJob(body, platform="test:timer", url=cloud.url)


def fill(group: JobGroup, cloud: Any, draw: random.Random) -> None:
    """Add jobs with random counts, repeats, failures and gaps, and run all but two."""
    for phi in (0.0, 0.5, 1.25, 2.0, 3.0):
        for eta in (0.3, 0.6):
            for chip in "AB":
                for _ in range(draw.choice([0, 1, 1, 2])):
                    counts = {state: draw.randint(0, 40) for state in STATES}
                    parameters = {"results": counts} if draw.random() < 0.85 else {"fail": "warm"}
                    labels = {"phi": phi, "eta": eta, "chip": chip}
                    group.add(job_of(cloud, parameters), labels=labels)
    group.start([*range(len(group) - 2)])
    wait(lambda: not group.list_active_jobs() and len(group.list_unsent_jobs()) == 2)


def exported(page: Page, button: str, figure: str = "plot") -> str:
    """Return the text of the file that a button of a figure saves."""
    with page.expect_download() as download:
        page.get_by_test_id(figure).get_by_test_id(button).click()
    return Path(download.value.path()).read_text("utf-8-sig")


class Drawing:
    """An exported SVG in the units of its axes."""

    def __init__(self, text: str) -> None:
        self._root = ET.fromstring(text)

    @cached_property
    def y(self) -> Any:
        """Convert a height to a value."""
        return self._axis("end", "y")

    @cached_property
    def x(self) -> Any:
        """Convert a position on the axis to a value."""
        return self._axis("middle", "x")

    def _axis(self, anchor: str, at: str) -> Any:
        ticks = []
        for text in self._root.iter(f"{SVG}text"):
            number = (text.text or "").replace("\N{MINUS SIGN}", "-")
            if text.get("text-anchor") == anchor and re.fullmatch(r"-?[\d.]+", number):
                ticks.append((float(text.get(at, "")), float(number)))
        (a, low), (b, high) = ticks[0], ticks[-1]
        return lambda pixel: low + (pixel - a) * (high - low) / (b - a)

    def points(self) -> list[tuple[float, float]]:
        """The filled points, without the legend and without points of pending jobs."""
        circles = [c for c in self._root.iter(f"{SVG}circle") if c.get("r") == "3.4"]
        return sorted((self.x(float(c.get("cx"))), self.y(float(c.get("cy")))) for c in circles)

    def error_bars(self) -> list[tuple[float, float, float]]:
        """The x value and both ends of each error bar."""
        clipped = self._root.find(f"{SVG}g")
        found = [UPRIGHT.fullmatch(path.get("d", "")) for path in clipped.iter(f"{SVG}path")]
        numbers = [[float(n) for n in each.groups()] for each in found if each]
        return sorted((self.x(x), self.y(max(a, b)), self.y(min(a, b))) for x, a, b in numbers)

    def bars(self) -> list[float]:
        """The ends of the bars."""
        clipped = self._root.find(f"{SVG}g")
        return sorted(self.y(float(bar.get("y"))) for bar in clipped.iter(f"{SVG}rect"))

    def intervals(self) -> list[tuple[float, float]]:
        """Both ends of each error bar."""
        clipped = self._root.find(f"{SVG}g")
        found = [UPRIGHT.fullmatch(path.get("d", "")) for path in clipped.iter(f"{SVG}path")]
        ends = [[float(n) for n in each.groups()[1:]] for each in found if each]
        return sorted((self.y(max(a, b)), self.y(min(a, b))) for a, b in ends)

    def cells(self) -> int:
        """The number of cells of a map that have a value."""
        clipped = self._root.find(f"{SVG}g")
        paths = [path for path in clipped.iter(f"{SVG}path") if path.get("shape-rendering")]
        return sum(path.get("d", "").count("M") for path in paths)

    def lying_bars(self) -> list[float]:
        """The shares of a comparison."""
        bars = [bar for bar in self._root.iter(f"{SVG}rect") if bar.get("opacity")]
        ends = [float(bar.get("x")) + float(bar.get("width")) for bar in bars]
        return sorted(map(self.x, ends))

    def lying_intervals(self) -> list[tuple[float, float]]:
        """Both ends of each error bar of a comparison."""
        found = [LYING.fullmatch(path.get("d", "")) for path in self._root.iter(f"{SVG}path")]
        ends = [[float(each["low"]), float(each["high"])] for each in found if each]
        return sorted((self.x(low), self.x(high)) for low, high in ends)


def near(found: list[Any], expected: list[Any]) -> None:
    """Check that numbers agree to a hundredth of a pixel."""
    assert len(found) == len(expected) > 0
    np.testing.assert_allclose(np.array(found), np.array(sorted(expected)), atol=2e-4)


def agree_soon(check: Callable[[], None]) -> None:
    """Repeat a check until it passes, because changes reach the page with a delay."""
    for _ in range(20):
        try:
            check()
            return
        except AssertionError:
            time.sleep(1)
    check()


def test_exports_have_the_data_of_matplotlib_after_columns_come_and_go(
    cloud, make_group, ui, open_page
):
    """Points, error bars and bars of the SVG, and the cells of a map, in both themes."""
    expect.set_options(timeout=120_000)
    draw = random.Random(5)
    jg = make_group("truth")
    fill(jg, cloud, draw)
    page = open_page(ui, "truth")
    at = page.get_by_test_id
    at("view-plot").click()
    for name, value in {"y": "|1,1>", "x": "phi", "curves": "eta"}.items():
        at(f"plot-{name}").select_option(value)
    at("plot-at-chip").select_option(label="B")

    def drawn(kind: str) -> Any:
        at(f"plot-kind-{kind}").click()
        expect(at("plot")).to_have_attribute("data-kind", kind)
        return eval(at("plot-python").inner_text(), {"jg": jg})

    def check() -> None:
        ax = drawn("line")
        svg = exported(page, "figure-svg")
        page.emulate_media(color_scheme="dark")
        assert exported(page, "figure-svg") == svg
        page.emulate_media(color_scheme="light")
        lines = [line for line in ax.lines if line.get_linestyle() == "-"]
        known = [xy for line in lines for xy in line.get_xydata() if not np.isnan(xy).any()]
        near(Drawing(svg).points(), [tuple(xy) for xy in known])
        segments = [each for bars in ax.collections for each in bars.get_segments()]
        near(Drawing(svg).error_bars(), [(a[0], a[1], b[1]) for a, b in segments])
        ax = drawn("bars")
        heights = [bar.get_height() for bar in ax.patches]
        svg = exported(page, "figure-svg")
        near(Drawing(svg).bars(), [height for height in heights if not np.isnan(height)])
        segments = [each for bars in ax.collections for each in bars.get_segments()]
        near(Drawing(svg).intervals(), [(s[0][1], s[1][1]) for s in segments if len(s) == 2])
        mesh = drawn("map").collections[0].get_array()
        assert Drawing(exported(page, "figure-svg")).cells() == mesh.compressed().size
        rows = [line.split(",") for line in exported(page, "figure-csv").splitlines()[1:]]
        shown = [float(row[-8]) for row in rows if row[-8]]
        near(sorted(shown), mesh.compressed().tolist())

    agree_soon(check)
    before = at("plot-caption").inner_text()
    jg.add(
        job_of(cloud, {"results": {"|1,1>": 3, "|2,0>": 1}}),
        labels={"phi": 3.5, "eta": 0.3, "chip": "B", "lot": 7},
    )
    done = next(job for job in jg if job.state == "success" and job.labels["chip"] == "B")
    jg.rerun([done], params={"max_samples": 50})
    jg.run_parallel()
    jg.wait()
    expect(at("plot-caption")).not_to_have_text(before)
    wait(lambda: jg.results_table()["status"].count("running") == 0)
    expect(at("plot")).to_have_attribute("data-y", "|1,1>")
    expect(at("plot")).to_have_attribute("data-x", "phi")
    agree_soon(check)


def test_line_of_python_draws_the_axes_of_the_page(cloud, make_group, ui, open_page):
    """Logarithmic axes, and a linear one that begins at 0 or not."""
    expect.set_options(timeout=120_000)
    jg = make_group("axes")
    for phi in (0, 1, 2):
        job = job_of(cloud, {"results": {"|1,1>": 60 + phi, "|2,0>": 40}})
        jg.add(job, labels={"phi": phi})
    jg.run_parallel()
    jg.wait()
    page = open_page(ui, "axes")
    at = page.get_by_test_id
    at("view-plot").click()
    at("plot-y").select_option("|1,1>")

    def drawn(*switches: str) -> tuple[str, str, bool]:
        for switch in switches:
            at(f"plot-{switch}").click()
        ax = eval(at("plot-python").inner_text(), {"jg": jg})
        return ax.get_xscale(), ax.get_yscale(), ax.get_ylim()[0] == 0

    assert drawn() == ("linear", "linear", True)
    assert drawn("log-x") == ("log", "linear", True)
    assert drawn("log-y") == ("log", "log", False)
    assert drawn("log-x", "log-y", "from-zero") == ("linear", "linear", False)


def test_exported_comparison_has_the_data_of_matplotlib(cloud, make_group, ui, open_page):
    """Shares and their intervals of two selected jobs, in both themes."""
    expect.set_options(timeout=120_000)
    jg = make_group("two")
    for counts in ({"|2,0>": 12, "|1,1>": 70, "|0,2>": 18}, {"|2,0>": 300, "|0,2>": 212}):
        jg.add(job_of(cloud, {"results": counts}), labels={"phi": len(jg)})
    jg.run_parallel()
    jg.wait()
    page = open_page(ui, "two")
    page.get_by_test_id("view-both").click()
    for position in (0, 1):
        page.get_by_test_id(f"row-{position}").locator(".select").click()
    expect(page.get_by_test_id("distance").last).to_contain_text("distance")
    svg = exported(page, "figure-svg", "comparison")
    page.emulate_media(color_scheme="dark")
    assert exported(page, "figure-svg", "comparison") == svg
    ax = jg.distributions().plot([0, 1])
    near(Drawing(svg).lying_bars(), [bar.get_height() for bar in ax.patches])
    segments = [each for bars in ax.collections for each in bars.get_segments()]
    near(Drawing(svg).lying_intervals(), [(a[1], b[1]) for a, b in segments if a[1] != b[1]])


def test_exported_picture_has_the_width_of_a_column(cloud, make_group, ui, open_page):
    """A PNG file has 600 dots an inch, and a document shows it as wide as the user chose."""
    expect.set_options(timeout=120_000)
    jg = make_group("picture")
    for phi in (0, 1):
        jg.add(job_of(cloud, {"results": {"|1,1>": 60}}), labels={"phi": phi})
    jg.run_parallel()
    jg.wait()
    page = open_page(ui, "picture")
    page.get_by_test_id("view-plot").click()
    with page.expect_download() as download:
        page.get_by_test_id("plot").get_by_test_id("figure-png").click()
    with Image.open(download.value.path()) as picture:
        picture.load()
        assert picture.info["dpi"] == pytest.approx((600, 600), abs=0.01)
        assert picture.width / 600 * 25.4 == pytest.approx(86, abs=0.2)
