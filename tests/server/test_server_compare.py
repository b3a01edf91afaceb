"""Two groups compared on the page of `jobgroup ui`, in a real browser."""

from __future__ import annotations

from math import cos, pi
from typing import Any

from playwright.sync_api import expect

from jobgroup import JobGroup, RemoteJob


def fringe(i: int, contrast: float) -> dict[str, int]:
    """Return the counts of a dip at the i-th of 12 phases."""
    bunched = round(250 * (1 - contrast * cos(2 * pi * i / 12)))
    return {"|1,1>": 500 - bunched, "|2,0>": bunched // 2, "|0,2>": bunched - bunched // 2}


def test_two_groups_are_drawn_in_one_figure(cloud, make_group, ui, open_page):
    """Both curves are in one plot, and the points that differ by more than chance are listed."""

    def add(name: str, contrast: float) -> JobGroup:
        group = make_group(name)
        for i in range(12):
            parameters: dict[str, Any] = {"results": fringe(i, contrast)}
            body = {"command": "sample_count", "parameters": parameters}
            job = RemoteJob(body, platform="test:timer", url=cloud.url)
            group.add(job, labels={"phi": i / 10})
        group.run_parallel()
        group.wait()
        return group

    for name, contrast in {"chip A": 0.97, "chip B": 0.6}.items():
        add(name, contrast)
    expect.set_options(timeout=120_000)
    page = open_page(ui)
    for name in ("chip A", "chip B"):
        page.get_by_label(f"Select {name}").click()
    page.get_by_test_id("compare-selected").click()
    plot = page.get_by_test_id("group-plot")
    expect(plot).to_have_attribute("data-points", "24")
    expect(plot).to_have_attribute("data-curves", "group")
    found = page.get_by_test_id("group-distances")
    expect(found).to_contain_text("12 points with results in both groups")
    expect(found).to_contain_text("chance alone gives about 0.6")
