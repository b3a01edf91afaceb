"""Take the documentation's pictures of the dashboard in a real JupyterLab with a real kernel.

Usage: python scripts/screenshots.py [folder [scene ...]]. This needs the packages of the browser
tests, and tests/hosts and tests/server on PYTHONPATH. For a review before a release, `every` takes
more scenes, each in both themes at 1360, 800 and 400 pixels.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright
from ui_server import Ui

from harness.browser import launched
from harness.groups import cloud
from harness.jupyter import JupyterServer, serving_jupyter
from harness.process import free_port

WIDTHS = (1360, 800, 400)

OWN_GROUPS = 'import os, tempfile; os.environ["JOBGROUP_DATA_DIR"] = tempfile.mkdtemp()'

SWEEP = """
def sweep(name, n, **parameters):
    jg = JobGroup(name)
    jg.add_many(
        (
            job(**{k: v(i) for k, v in parameters.items()}),
            {"max_samples": 10_000},
            {"phi": round(i // 2 * 0.1, 2), "circuit": ("Ralph CNOT", "Knill CNOT")[i % 2]},
        )
        for i in range(n)
    )
    return jg

sentences = [None] * 5 + ["Max shots must be less than or equal to 1000000"] + [None] * 4
sentences += ["Computation failed: not enough memory for 12 photons in 20 modes", None]
from math import cos, pi

def fringe(i):
    contrast = (0.97, 0.82)[i % 2]
    bunched = round(5000 * (1 - contrast * cos(2 * pi * i / 24)))
    return {"|1,1>": 10_000 - bunched, "|2,0>": bunched // 2, "|0,2>": bunched - bunched // 2}
"""
SWEPT = """
jg = sweep(
    "hong ou mandel, swept", 48, duration_s=lambda i: 0.3 + i % 4 / 2, results=fringe,
)
jg.run_parallel(queue=True)
jg.wait()
"""
MIXED = """
jg = sweep(
    "hong ou mandel, 24 delays", 24,
    duration_s=lambda i: 1.2 + i % 5 if i < 15 else 600, fail=lambda i: sentences[i % 12],
    results=lambda i: fringe(i),
)
jg.description = "Is the dip of both circuits where the model has it?"
jg.start()
import time; time.sleep(14)
jg.pause()
jg.add_many((job(), {"max_samples": 10_000}, {"phi": 1.2 + i / 20}) for i in range(3))
"""
MAPPED = """
from random import Random
draw = Random(7)
jg = JobGroup("hong ou mandel, 24 phases")
phases = [(i, indist) for i in range(24) for indist in (0.6, 0.7, 0.8, 0.9, 0.95, 1.0)]

def sampled(i, indist, n=500):
    alike = 0.5 * (1 - indist * cos(2 * pi * i / 24))
    bunched = sum(draw.random() < alike for _ in range(n))
    return {"|1,1>": n - bunched, "|2,0>": bunched // 2, "|0,2>": bunched - bunched // 2}

jg.add_many(
    (
        job(0.01, results=sampled(i, indist), fail=sentences[10] if (i, indist) in lost else None),
        {"max_samples": 500},
        {"phi": round(i * 0.1, 1), "indist": indist},
    )
    for lost in [{(5, 0.7), (14, 0.95)}]
    for i, indist in phases
)
jg.start(range(len(jg) - 4))
jg.wait()
"""
LARGE = """
jg = JobGroup("a hundred thousand")
jg.add_many((job(), {"max_samples": 10_000}, {"phi": i / 1000}) for i in range(100_000))
jg
"""


def shown(width: int, options: str = "") -> str:
    """Show the group in a view of this width in pixels."""
    return in_box(f"Dashboard(jg{options})", width)


def in_box(dashboard: str, width: int = WIDTHS[0]) -> str:
    """Show a dashboard in a box of this width in pixels."""
    return f"""
from ipywidgets import Box, Layout
box = Box([{dashboard}], layout=Layout(width="{width}px", flex="none"))
box
"""


COLUMNS = ["phi", "circuit", "measured.|1,1>", "measured.|2,0>", "message"]
"""The columns of a real study, without the parameters that only the embedded cloud has."""

CHOSEN = f", columns={COLUMNS}"
KEPT = f"Dashboard(jg).columns = {COLUMNS}"

FAILED = shown(1360, f'{CHOSEN}, filter="failed", selected=[]')

RUNNING = """
for name in ("bosonic gates", "loss calibration", "unitary check"):
    jg = sweep(name, 12, duration_s=lambda i: 0.1)
    jg.run_parallel()
    jg.wait()
jg = sweep(
    "hong ou mandel, 24 delays", 24,
    duration_s=lambda i: 0.1 if i < 15 else 600, results=lambda i: fringe(i),
)
jg.run_parallel()
import time
while jg.state.counts.get("success") != 15:
    time.sleep(1)
    jg.refresh()
"""

OTHER_CHIP = SWEPT.replace("swept", "other chip").replace("fringe", "lambda i: fringe(i + 1)")
START = [OWN_GROUPS, cloud(concurrent=4), SWEEP]
SCENES: dict[str, tuple[list[str], bool]] = {
    "light": ([MIXED, shown(1360, CHOSEN)], False),
    "dark": ([MIXED, shown(1360, CHOSEN)], True),
    "narrow": ([MIXED, shown(400, CHOSEN)], False),
    "plot": ([MAPPED, shown(1100)], False),
    "map": ([MAPPED, shown(1100)], True),
    "groups": ([SWEPT, MIXED, "jg.refresh()", in_box("Dashboard()", 1100)], False),
    "failure": ([MIXED, FAILED], False),
    "compare-groups": ([SWEPT, OTHER_CHIP, in_box("Dashboard()", 1100)], False),
    "slots": ([MIXED, shown(1360, CHOSEN)], True),
}
EVERY: dict[str, list[str]] = {
    "empty": ['jg = JobGroup("my first group")'],
    "sweep": [SWEPT],
    "plot": [MAPPED],
    "map": [MAPPED],
    "compare": [SWEPT],
    "compare-groups": [SWEPT, OTHER_CHIP],
    "next": [MIXED, "jg.prioritize([26, 24])"],
    "groups": [SWEPT, MIXED, "jg.refresh()"],
    "slots": [MIXED],
    "job": [MIXED],
    "failure": [MIXED],
    "100k": [LARGE],
}
WHOLE_WINDOW: dict[str, list[str]] = {"lab": [*START[1:], RUNNING, KEPT]}
"""Scenes whose groups the server also has."""


def main(folder: Path, *names: str) -> None:
    """Write one picture for each scene, or for the given scenes."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        serving_jupyter(Path(scratch)) as server,
        sync_playwright() as playwright,
        launched(playwright) as browser,
    ):
        for scene in EVERY if "every" in names else ():
            take_every(browser, scene, folder)
        for name in [each for each in names if each != "every"] or (
            () if names else (*SCENES, *WHOLE_WINDOW)
        ):
            if name in WHOLE_WINDOW:
                take_window(browser, server, WHOLE_WINDOW[name], folder / f"{name}.png")
                continue
            cells, is_dark = SCENES[name]
            take(browser, server, cells, is_dark, folder / f"{name}.png")


def take(
    browser: Browser, server: JupyterServer, cells: list[str], is_dark: bool, path: Path
) -> None:
    """Run the cells, wait until the page shows the jobs, and take a picture."""
    with server.open(browser, [*START, *cells], dark=is_dark, fresh=True) as notebook:
        notebook.page.set_viewport_size({"width": 2000, "height": 1800})  # everything is visible
        notebook.run_all()
        pose(notebook.page, path.stem)
        notebook.page.get_by_test_id("jobgroup").screenshot(path=path)


def take_every(browser: Browser, scene: str, folder: Path) -> None:
    """Take a scene's pictures on the page of `jobgroup ui`, in both themes and all widths."""
    with tempfile.TemporaryDirectory() as data_dir:
        os.environ["JOBGROUP_DATA_DIR"] = data_dir
        names: dict[str, Any] = {}
        for cell in [cloud(concurrent=4), SWEEP, *EVERY[scene]]:
            exec(cell, names)  # noqa: S102  # cells of this file
        token, url = names["cloud"].token, names["cloud"].url
        ui = Ui(Path(data_dir), free_port(), JOBGROUP_TOKEN=token, JOBGROUP_URL=url)
        page = browser.new_page(viewport={"width": WIDTHS[0], "height": 1000})
        group = "" if "groups" in scene else names["jg"].name
        page.goto(f"{ui.url}jobgroup/?group={quote(group)}&token={ui.token}")
        pose(page, scene)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 1000})
                page.wait_for_timeout(1000)  # animations end
                page.screenshot(path=folder / f"{scene}-{theme}-{width}.png", full_page=True)
        page.close()
        ui.stop()
        names["cloud"].__exit__(None, None, None)


def take_window(browser: Browser, server: JupyterServer, cells: list[str], path: Path) -> None:
    """Take a picture of JupyterLab with a running group, in the side bar and in a tab."""
    with server.open(browser, cells, fresh=True) as notebook:
        page = notebook.page
        page.set_viewport_size({"width": 1280, "height": 800})
        notebook.run_all()
        page.locator(".lm-TabBar-tab[data-id=jobgroup-panel]").click()
        page.get_by_test_id("panel-group-hong ou mandel, 24 delays").click()
        page.get_by_label("Token for").fill(notebook.evaluate("cloud.token"))
        page.get_by_text("Set token").click()
        page.get_by_text("Try again").click()  # results were requested before the token was set
        page.get_by_text("Try again").wait_for(state="detached")
        page.mouse.move(0, 0)
        page.wait_for_timeout(5000)  # animations end
        page.screenshot(path=path)


def pose(page: Page, name: str) -> None:
    """Open the picture's subject."""
    page.get_by_test_id("jobgroup").wait_for()
    if name in ("groups", "compare-groups"):
        page.get_by_test_id("groups").wait_for()
    elif name != "empty":
        page.locator(".row[data-status]").first.wait_for()
    if name == "failure":
        page.get_by_test_id("row-5").locator(".cell").last.click(position={"x": 5, "y": 5})
        page.get_by_test_id("revise").click()
        page.get_by_test_id("revision-go").wait_for()
    if name in ("job", "light", "dark", "narrow"):
        page.get_by_test_id("row-0").locator(".cell").nth(1).click()
        page.get_by_test_id("job").locator(".share").first.wait_for()
        page.wait_for_timeout(1000)  # the drawing of the circuit comes later
    if name == "next":
        page.get_by_test_id("row-25").locator("[data-column=state]").click()
        page.get_by_test_id("run-next").wait_for()
    pose_plot(page, name)
    if name == "slots":
        page.get_by_test_id("view-timeline").click()
        page.locator(".slots").wait_for()
    page.mouse.move(0, 0)
    page.wait_for_timeout(1000)  # the last push arrives, and animations end


def pose_plot(page: Page, name: str) -> None:
    """Open the plot or the comparison that the picture shows."""
    curves = {"sweep": "circuit", "compare": "circuit", "plot": "indist", "map": "indist"}.get(name)
    if curves:
        page.get_by_test_id("view-plot").click()
        page.get_by_test_id("plot-y").select_option("|1,1>")
        page.get_by_test_id("plot-curves").select_option(label=curves)
        page.locator(f"[data-testid=plot][data-curves={curves}]").wait_for()
    if name == "map":
        page.get_by_test_id("plot-kind-map").click()
        page.locator("[data-testid=plot][data-kind=map]").wait_for()
    if name == "compare":
        page.get_by_test_id("view-both").click()
        for position in (0, 12):
            page.get_by_test_id(f"row-{position}").locator(".select").click()
        page.get_by_test_id("comparison").wait_for()
    if name == "compare-groups":
        for group in ("hong ou mandel, swept", "hong ou mandel, other chip"):
            page.get_by_label(f"Select {group}").click()
        page.get_by_test_id("compare-selected").click()
        page.get_by_test_id("group-plot").wait_for()


if __name__ == "__main__":
    main(Path(*sys.argv[1:2] or ["docs/images"]), *sys.argv[2:])
