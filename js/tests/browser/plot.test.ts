/** The plot and the comparison on a page: drawing, choices, readout and export. */

import { describe, expect, it, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import type { StandIn } from "../../dev/standin";
import { at, show } from "./page";

interface Drawn {
  x: number | string;
  curve: number | string | null;
  value: number | null;
  error: number | null;
  state: string;
  jobs: number[];
  at: [number, number] | null;
}

const figure = (root: ShadowRoot) => root.querySelector<HTMLElement>("[data-testid=plot]");
const drawn = (root: ShadowRoot): Drawn[] =>
  (figure(root) as unknown as { points(): Drawn[] } | null)?.points() ?? [];
const area = (root: ShadowRoot) => root.querySelector("[data-testid=plot-area]") as HTMLElement;

function point(root: ShadowRoot, type: string, x: number, y: number, keys: PointerEventInit = {}) {
  const { left, top } = area(root).getBoundingClientRect();
  const place = { clientX: left + x, clientY: top + y, bubbles: true, pointerId: 1 };
  area(root).dispatchEvent(new PointerEvent(type, { ...place, ...keys }));
}

async function withPlot(scene = "finished") {
  const shown = await show({ jobs: 8, scene });
  await at("view-plot").click();
  await expect.poll(() => drawn(shown.root).filter((each) => each.at !== null).length).toBe(8);
  // A pointer that no browser has cannot be captured.
  area(shown.root).setPointerCapture = () => {};
  return shown;
}

describe("a sweep", () => {
  it("names the axes of a map by their directions", async () => {
    const { root } = await withPlot();
    await userEvent.selectOptions(at("plot-curves"), "circuit");
    await at("plot-kind-map").click();
    const titles = () =>
      ["plot-y", "plot-x", "plot-curves"].map((id) =>
        root.querySelector(`[data-testid=${id}]`)?.closest("label")?.querySelector("span"),
      );
    await expect.poll(() => titles().map((each) => each?.textContent)).toEqual(["Color", "X", "Y"]);
  });

  it("is drawn over the swept value, and dragging over points selects jobs", async () => {
    const { root, model } = await withPlot();
    expect(figure(root)?.dataset).toMatchObject({ x: "phi", y: "|0,0,0,0,0,0>", points: "8" });
    expect(drawn(root)[0]?.error).toBeGreaterThan(0);
    await expect.element(at("search")).not.toBeInTheDocument(); // the plot is of all jobs
    await userEvent.selectOptions(at("plot-y"), "physical_perf");
    await expect.poll(() => figure(root)?.dataset["y"]).toBe("physical_perf");
    expect(area(root).ariaLabel).toContain("physical_perf over phi");
    const last = drawn(root)[2]?.at ?? [0, 0];
    point(root, "pointerdown", 5, 5);
    point(root, "pointermove", last[0] + 8, area(root).clientHeight);
    point(root, "pointerup", last[0] + 8, area(root).clientHeight);
    await expect.poll(() => model.get("selected")).toEqual([[0, 2]]);
    await userEvent.selectOptions(at("plot-curves"), "circuit");
    await expect
      .poll(() => drawn(root).filter(({ curve }) => curve === "Knill CNOT").length)
      .toBe(4);
  });

  it("keeps choices by name when the page is reloaded", async () => {
    const { root, model } = await withPlot();
    await userEvent.selectOptions(at("plot-y"), "physical_perf");
    await expect.poll(() => model.get("plot")).toEqual({ y: "physical_perf" });
    const jobs = (model as StandIn).jobs;
    for (const job of jobs) job.labels = { "label.eta": job.position % 3, ...job.labels };
    (model as StandIn).patch(jobs);
    await userEvent.selectOptions(at("plot-x"), "phi");
    await expect.poll(() => figure(root)?.dataset["x"]).toBe("phi");
    expect(figure(root)?.dataset["y"]).toBe("physical_perf");
    expect(drawn(root).map(({ value }) => value)).toEqual(
      jobs.map(({ position }) => 0.0012345 * (position + 1)),
    );
  });

  it("names a choice that no longer exists", async () => {
    const { root, model } = await withPlot();
    (model as StandIn).set({ plot: { y: "|9,9>", x: "phi" } });
    await expect.element(at("plot-gone")).toHaveTextContent("|9,9> is no longer there.");
    expect(figure(root)?.dataset["y"]).toBe("|0,0,0,0,0,0>");
  });

  it("shows and counts failed and future points", async () => {
    const { root } = await show({ jobs: 24 });
    await at("view-plot").click();
    await expect.poll(() => drawn(root).length).toBe(24);
    const states = drawn(root).map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(["measured", "failed", "canceled", "to come"]));
    expect(drawn(root).every((each) => each.at !== null)).toBe(true);
    const measured = states.filter((state) => state === "measured").length;
    await expect.element(at("plot-caption")).toHaveTextContent(`${measured} of 24 measured`);
  });

  it("shows values under the pointer and by keyboard, and opens jobs", async () => {
    const { root, model } = await withPlot();
    const [x, y] = drawn(root)[3]?.at ?? [0, 0];
    point(root, "pointermove", x + 2, y);
    await expect
      .element(at("plot-readout"))
      .toHaveTextContent(/^phi 0.2: 0.2\d+ ± 0.00\d+, 10,000 samples, job 3$/);
    area(root).focus();
    await userEvent.keyboard("{Home}{ArrowRight}");
    await expect.element(at("plot-readout")).toHaveTextContent("job 1");
    await userEvent.keyboard(" ");
    await expect.poll(() => model.get("selected")).toEqual([[1, 1]]);
    await userEvent.keyboard("{Enter}");
    await expect.element(at("job")).toHaveTextContent("Job 1");
    await page.getByRole("button", { name: "Close the job" }).click();
    await expect.element(at("job")).not.toBeInTheDocument();
    expect(root.activeElement).toBe(area(root));
  });

  it("zooms in and out by keys and buttons", async () => {
    const { root } = await withPlot();
    const place = () => drawn(root)[7]?.at?.[0] ?? 0;
    const before = place();
    await at("zoom-in").click();
    await expect.poll(place).toBeGreaterThan(before);
    await at("zoom-reset").click();
    await expect.poll(place).toBe(before);
    area(root).focus();
    await userEvent.keyboard("+");
    await expect.poll(place).toBeGreaterThan(before);
    await userEvent.keyboard("0");
    await expect.poll(place).toBe(before);
  });

  it("has logarithmic axes", async () => {
    const { root } = await withPlot();
    const before = drawn(root)[1]?.at?.[0];
    await at("plot-log-x").click();
    await expect.poll(() => drawn(root)[1]?.at?.[0]).not.toBe(before);
    const places = drawn(root).map((each) => each.at?.[0] ?? 0);
    const step = (i: number) => (places[i + 1] ?? 0) - (places[i] ?? 0);
    // 0.05, 0.1, 0.2: equal ratios have equal steps.
    expect(step(0)).toBeCloseTo((places[3] ?? 0) - (places[1] ?? 0), 1);
  });

  it("has a line of Python with the same axes", async () => {
    await withPlot();
    const shows = (end: string) =>
      expect.element(at("plot-python")).toHaveTextContent(new RegExp(`x="phi"${end}\\)$`));
    await shows("");
    await at("plot-from-zero").click();
    await shows(", from_zero=False");
    await at("plot-log-x").click();
    await shows(', log="x", from_zero=False');
    await at("plot-log-y").click(); // such an axis has no 0
    await shows(', log="xy"');
    await at("plot-kind-bars").click();
    await expect.element(at("plot")).toHaveAttribute("data-kind", "bars");
    await expect.element(at("plot-python")).not.toHaveTextContent("log=");
  });

  it("counts the points that a logarithmic axis cannot show", async () => {
    const { root, model } = await withPlot();
    const jobs = (model as StandIn).jobs.slice(0, 2);
    for (const job of jobs) job.labels = { ...job.labels, "label.phi": 0 };
    (model as StandIn).patch(jobs);
    await expect.poll(() => drawn(root).filter(({ x }) => x === 0).length).toBeGreaterThan(0);
    await at("plot-log-x").click();
    await expect.poll(() => drawn(root).some((each) => each.at === null)).toBe(true);
    const undrawn = drawn(root).filter((each) => each.at === null).length;
    const words = `${undrawn} point${undrawn > 1 ? "s" : ""} at 0 or below not on the logarithmic axis`;
    await expect.element(at("plot-caption")).toHaveTextContent(words);
  });

  it("means the same in both themes", async () => {
    const { root } = await withPlot();
    await userEvent.selectOptions(at("plot-curves"), "circuit");
    const colours = () => {
      const canvas = area(root).querySelector("canvas") as HTMLCanvasElement;
      const paper = canvas.getContext("2d") as CanvasRenderingContext2D;
      return drawn(root).map(({ at }) => {
        const [x, y] = (at ?? [0, 0]).map((pixel) => Math.round(pixel * devicePixelRatio));
        return [...paper.getImageData(x ?? 0, y ?? 0, 1, 1).data].join();
      });
    };
    for (const kind of ["line", "bars"]) {
      await at(`plot-kind-${kind}`).click();
      await expect.poll(() => figure(root)?.dataset["kind"]).toBe(kind);
      if (kind === "bars") continue; // drawn a little through, so that the grid is seen
      const light = colours();
      document.documentElement.dataset["theme"] = "dark";
      await expect.poll(() => (root.host as HTMLElement).dataset["theme"]).toBe("dark");
      await vi.waitFor(() => expect(colours()).toEqual(light));
      document.documentElement.dataset["theme"] = "light";
    }
  });

  it("exports its drawing and its numbers", async () => {
    const { root } = await withPlot();
    const made: Blob[] = [];
    const make = vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
      made.push(blob as Blob);
      return "blob:none";
    });
    await at("figure-svg").click();
    await at("figure-csv").click();
    make.mockRestore();
    const [svg, csv] = await Promise.all(made.map((blob) => blob.text()));
    const drawing = new DOMParser().parseFromString(svg ?? "", "image/svg+xml");
    expect(drawing.querySelector("parsererror")).toBeNull();
    expect(drawing.documentElement.getAttribute("width")).toBe("86mm");
    const texts = [...drawing.querySelectorAll("text")].map((each) => each.textContent);
    expect(texts).toEqual(expect.arrayContaining(["phi", "share of |0,0,0,0,0,0> among selected"]));
    const lines = (csv ?? "").replace("\ufeff", "").split("\r\n");
    expect(lines[0]).toBe('phi,"|0,0,0,0,0,0>",error,low,high,level,samples,state,jobs');
    expect(lines.slice(1).map((line) => Number(line.split(",")[1]))).toEqual(
      drawn(root).map(({ value }) => value),
    );
  });
});

describe("selected jobs", () => {
  it("are compared on one scale, with the distance by chance", async () => {
    const { model } = await withPlot();
    (model as StandIn).set({
      selected: [
        [1, 1],
        [7, 7],
      ],
    });
    const chart = at("comparison");
    await expect.element(chart).toHaveTextContent("phi 0.1, circuit Knill CNOT (job 1)");
    await expect
      .element(chart)
      .toHaveTextContent("distance 0.011, chance alone gives 0.012 ± 0.002, p = 0.73");
    await expect.element(chart).toHaveTextContent("jg.compare(1, 7)");
    await at("ideal").click();
    await expect.element(chart).toHaveTextContent("from ideal: distance 0.011");
    await expect.element(chart).toHaveTextContent("ideal 0.3");
  });

  it("have their comparison in view and in focus after Compare", async () => {
    const { root, model, el } = await show({ jobs: 8, scene: "finished" });
    el.style.paddingBottom = "2000px"; // the page can scroll
    (model as StandIn).set({
      selected: [
        [1, 1],
        [7, 7],
      ],
    });
    await at("selected-compare").click();
    await expect.element(at("comparison")).toHaveTextContent("jg.compare(1, 7)");
    await expect.poll(() => drawn(root).length).toBe(8);
    const comparison = at("comparison").element();
    const top = () => Math.abs(comparison.getBoundingClientRect().top);
    await expect.poll(top, { timeout: 5000 }).toBeLessThan(20);
    expect(root.activeElement).toBe(comparison);
  });
});
