"""The study of docs/sweeps.md in `jobgroup ui`, by clicks alone, which the test counts."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import perceval as pcvl
from perceval.algorithm import Sampler
from playwright.sync_api import Page, expect
from ui_server import wait

from jobgroup import JobGroup

MOST_CLICKS = 25

COUNT_CLICKS = """
window.clicks = [];
const nameOf = (part) => part.dataset?.testid ?? part.ariaLabel ?? part.textContent;
addEventListener("pointerdown", (event) => {
  if (event.isTrusted) window.clicks.push(nameOf(event.composedPath()[0]).slice(0, 40));
}, true);
"""
WARM = "Chip temperature 31.4 C is out of range"
FAILURES = 5


def hom_map(cloud) -> JobGroup:
    """Make the sweep of docs/sweeps.md with one unsent job per point."""
    processor = pcvl.RemoteProcessor("sim:slos", token=cloud.token, url=cloud.url, m=2)
    processor.min_detected_photons_filter(2)
    processor.with_input(pcvl.BasicState([1, 1]))

    def experiment(phi: float, indist: float):
        processor.set_circuit(pcvl.Circuit(2) // pcvl.BS() // pcvl.PS(phi) // pcvl.BS())
        processor.noise = pcvl.NoiseModel(indistinguishability=indist)
        return Sampler(processor, max_shots_per_call=100_000).sample_count

    jg = JobGroup("hom map")
    over = {"phi": np.linspace(0, np.pi, 12), "indist": np.linspace(0.6, 1, 8)}
    jg.sweep(experiment, over, units={"phi": "rad"}, max_samples=500)
    return jg


def table(jg: JobGroup, *names: str) -> list[list[float]]:
    """Return the rows of some columns of `results_table`."""
    columns = jg.results_table()
    return [list(row) for row in zip(*(columns[name] for name in names), strict=True)]


def rerun_with(page: Page, name: str, value: str) -> None:
    """Rerun the jobs of the first cause with another value."""
    page.get_by_test_id("rerun-cause-with-0").click()
    page.get_by_test_id(f"revision-{name}").click()
    page.keyboard.press("Control+A")
    page.keyboard.type(value)
    page.get_by_test_id("revision-go").click()


def select_in_plot(page: Page, job: int) -> None:
    """Add a job to the selection by a click on its point."""
    at = page.get_by_test_id
    expect(at("busy-note")).to_have_count(0)
    points = at("plot").evaluate("(element) => element.points()")
    x, y = next(point["at"] for point in points if point["jobs"] == [job])
    at("plot-area").click(position={"x": x, "y": y}, modifiers=["Shift"])
    expect(at("comparison")).to_contain_text(f"(job {job})")


def saved(page: Page, button: str) -> str:
    """Return the text of the file that a button saves."""
    with page.expect_download() as download:
        page.get_by_test_id("plot").get_by_test_id(button).click()
    return Path(download.value.path()).read_text("utf-8-sig")


def test_a_study_takes_at_most_25_clicks(cloud, data_dir, ui, open_page):
    """Send, confirm, the cause of failures, a rerun with other parameters, curves, map, zoom,
    two jobs compared with each other and with their ideals, SVG and CSV: the browser counts each
    press of the mouse, and the files have the numbers of `results_table`.
    """
    expect.set_options(timeout=120_000)
    jg = hom_map(cloud)
    page = open_page(ui)
    page.evaluate(COUNT_CLICKS)
    at = page.get_by_test_id

    at("group-hom map").click()
    at("primary").click()
    cloud.faults.add("fail_job", times=FAILURES, message=WARM)
    at("send-confirm").click()
    wait(lambda: jg.state.counts == {"success": 96 - FAILURES, "error": FAILURES})

    expect(at("cause-0")).to_contain_text(WARM)
    at("cause-0").get_by_role("button", name="Show").click()
    failed = page.locator(".row[data-status=error]")
    expect(failed).to_have_count(FAILURES)
    failed.first.locator("[data-column=state]").click()
    expect(at("job")).to_contain_text(WARM)

    rerun_with(page, "max_samples", "2000")
    wait(lambda: jg.state.counts == {"success": 96})
    assert sorted(job.params["max_samples"] for job in jg) == [500] * 91 + [2000] * FAILURES

    at("view-plot").click()
    plot = at("plot")
    expect(plot).to_have_attribute("data-points", "96")
    at("plot-kind-line").click()
    expect(plot).to_have_attribute("data-kind", "line")
    at("plot-kind-map").click()
    expect(plot).to_have_attribute("data-kind", "map")
    at("zoom-in").click()
    at("zoom-reset").click()
    at("clear").click()  # deselect the failed jobs
    select_in_plot(page, 40)
    select_in_plot(page, 47)
    apart = jg.compare(40, 47)
    said = f"distance {apart.distance:.3f}, chance alone gives {apart.expected:.3f} ±"
    expect(at("comparison")).to_contain_text(said)
    at("ideal").click()
    expect(at("comparison").locator("li", has_text="from ideal: distance")).to_have_count(2)
    svg = saved(page, "figure-svg")
    text = saved(page, "figure-csv")

    clicks = page.evaluate("window.clicks")
    assert len(clicks) <= MOST_CLICKS, clicks
    print(len(clicks), clicks)  # noqa: T201 # the number in docs/dashboard.md
    y = plot.get_attribute("data-y")
    rows = csv.DictReader(io.StringIO(text))
    assert [[float(row[name]) for name in ("phi", "indist", y, "error")] for row in rows] == table(
        jg, "phi", "indist", f"p({y})", f"p_err({y})"
    )
    assert len(re.findall(r"M[\d.]+ [\d.]+H", svg)) >= 96  # the cells of the map
    assert "share of" in svg
