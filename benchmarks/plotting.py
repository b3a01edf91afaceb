"""The page's time to redraw a plot and to find the point under the pointer.

The page's drawing code runs in Chromium, and needs the packages of the browser tests.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from report import Line, Result, Variant

ROOT = Path(__file__).parents[1]
FRAME_S = 1 / 60


def lines(*, quick: bool) -> Iterator[Line]:
    """Yield every kind of plot with 20,000 points."""
    if not find_spec("playwright") or not (ROOT / "js/node_modules/.bin/esbuild").exists():
        return
    count = 20_000
    for kind in ("line",) if quick else ("line", "map", "bars"):
        yield Line(
            f"plot: {kind} of {count:,} points drawn again while zooming, median",
            Variant(redraw, (kind, count), once=True),
            {"canvas alone": Variant(bare, (count,), once=True)},
            at_most=FRAME_S,
        )
    yield Line(
        f"plot: point under the pointer found among {count:,} after a zoom, median",
        Variant(find, (count,), once=True),
        at_most=FRAME_S,
    )


def redraw(kind: str, count: int) -> Result:
    """Measure layout and drawing on a canvas of 1,300 pixels, at 40 ranges."""
    taken = _in_browser(f"redraw({kind!r}, {count})")
    seen = {"longest ms": max(taken), "95 % ms": statistics.quantiles(taken, n=20)[-1]}
    return Result(statistics.median(taken) / 1e3, seen)


def bare(count: int) -> Result:
    """Measure drawing only a line and a square for each point."""
    return Result(statistics.median(_in_browser(f"bare({count})")) / 1e3)


def find(count: int) -> Result:
    """Measure the first two pointer positions after each of 40 zooms."""
    taken = _in_browser(f"find({count})")
    return Result(statistics.median(taken) / 1e3, {"longest ms": max(taken)})


ENTRY = """
export { chartOf } from "./chart";
export { INKS } from "./colours";
export { CanvasSurface } from "./surface";
export { finderOf } from "./finder";
"""
PAGE = """
const look = {
  width: 1300, height: 440, size: 12, fromZero: true, isLogX: false, isLogY: false,
  zoomX: null, zoomY: null, decimals: null, hasCaption: false,
};
function figureOf(kind, count) {
  const curves = kind === "line" ? 8 : kind === "map" ? 100 : 4;
  const places = count / curves;
  const axis = (n) => {
    const values = Array.from({ length: n }, (_, i) => i / n);
    return { kind: "number", values, texts: values.map(String) };
  };
  const all = Array.from({ length: count }, (_, i) => i);
  const value = all.map((i) => 0.5 + 0.4 * Math.sin(i / 300) + 0.02 * ((i * 7919) % 13) / 13);
  return {
    kind, y: "|1,1>", x: "phi", curves: "indist", y_label: "share", x_label: "phi",
    curves_label: "indist", is_share: true, xs: axis(places), groups: axis(curves),
    legend: axis(curves).texts, title: "", caption: "", selectors: [], gone: [], python: "",
    points: {
      x: all.map((i) => i % places), curve: all.map((i) => Math.floor(i / places)), value,
      error: value.map(() => 0.01),
      low: value.map((v) => v - 0.01), high: value.map((v) => v + 0.01),
      samples: value.map(() => 500), jobs: all.map((i) => [i]), state: value.map(() => "measured"),
    },
  };
}
function redraw(kind, count) {
  const figure = figureOf(kind, count);
  const paper = document.querySelector("canvas").getContext("2d");
  return Array.from({ length: 40 }, (_, i) => {
    const zoomX = kind === "bars" ? null : [0, 1 - i / 80];
    const began = performance.now();
    plot.chartOf(figure, { ...look, zoomX }).draw(
      new plot.CanvasSurface(paper), plot.INKS.light, new Set());
    paper.getImageData(0, 0, 1, 1);  // all of it is drawn
    return performance.now() - began;
  });
}
function bare(count) {
  const paper = document.querySelector("canvas").getContext("2d");
  return Array.from({ length: 40 }, () => {
    const began = performance.now();
    paper.beginPath();
    for (let i = 0; i < count; i++) {
      paper.moveTo(i % 1300, 100);
      paper.lineTo(i % 1300, 110);
    }
    paper.stroke();
    for (let i = 0; i < count; i++) paper.fillRect(i % 1300, i % 440, 2.6, 2.6);
    paper.getImageData(0, 0, 1, 1);
    return performance.now() - began;
  });
}
function find(count) {
  const figure = figureOf("line", count);
  return Array.from({ length: 40 }, (_, i) => {
    const chart = plot.chartOf(figure, { ...look, zoomX: [0, 1 - i / 80] });
    const began = performance.now();
    const at = plot.finderOf(chart);  // the first move of the pointer after a zoom, and the next
    at(60 + ((i * 37) % 1200), (i * 13) % 440);
    at(61 + ((i * 37) % 1200), (i * 13) % 440);
    return performance.now() - began;
  });
}
"""


def _in_browser(call: str) -> list[float]:
    """Return the milliseconds that a function of the page measured."""
    sys.path.insert(0, str(ROOT / "tests/hosts"))
    from playwright.sync_api import sync_playwright

    from harness.browser import launched

    bundle = subprocess.run(
        [ROOT / "js/node_modules/.bin/esbuild", "--bundle", "--format=iife", "--global-name=plot"],
        input=ENTRY,
        cwd=ROOT / "js/src/plot",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    with sync_playwright() as playwright, launched(playwright) as browser:
        page = browser.new_page()
        page.set_content("<canvas width=1300 height=440></canvas>")
        page.add_script_tag(content=f"{bundle}\n{PAGE}")
        page.evaluate(call)  # once to warm up
        taken: list[float] = page.evaluate(call)
    return taken
