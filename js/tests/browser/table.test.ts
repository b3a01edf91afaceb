/** The table of swept values, measured values and outcomes. */

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import { StandIn } from "../../dev/standin";
import { at, show } from "./page";

const cell = (root: ShadowRoot, testid: string) =>
  root.querySelector<HTMLElement>(`[data-testid="cell-${testid}"]`);
const header = (root: ShadowRoot, name: string) =>
  root.querySelector<HTMLElement>(`.header [data-column="${name}"]`) as HTMLElement;
const rows = (root: ShadowRoot) =>
  [...root.querySelectorAll<HTMLElement>(".rows [role=row]")].map((row) => row.dataset["testid"]);
const titles = (root: ShadowRoot) =>
  [...root.querySelectorAll(".header .cell .name")].map((each) => each.textContent);

function drag(element: Element, from: [number, number], to: [number, number]): void {
  const { left, top, width, height } = element.getBoundingClientRect();
  const point = (type: string, [x, y]: [number, number]) =>
    element.dispatchEvent(
      new PointerEvent(type, {
        clientX: left + x * width,
        clientY: top + y * height,
        bubbles: true,
      }),
    );
  point("pointerdown", from);
  point("pointermove", to);
  point("pointerup", to);
}

describe("measured values", () => {
  it("are columns beside the swept values, with errors, and sort the table", async () => {
    const { root } = await show({ jobs: 8, scene: "finished" });
    await expect
      .poll(() => cell(root, "3-|0,0,0,0,0,0>")?.textContent)
      .toMatch(/^0\.\d+ ± 0\.\d+$/);
    expect(titles(root)).toEqual([
      ...["#", "Status", "phi", "circuit"],
      ...["|0,0,0,0,0,0>", "|0,0,0,1,0,1>", "|0,0,1,0,0,2>", "|0,0,1,1,0,0>"],
      ...["physical_perf", "samples", "Attempts", "Time", "Message"],
    ]);
    const groups = [...root.querySelectorAll(".subjects span")].map((each) => each.textContent);
    expect(groups).toEqual(["", "swept", "measured", "job"]);
    header(root, "measured.physical_perf").click();
    header(root, "measured.physical_perf").click();
    await expect.poll(() => rows(root)[0]).toBe("row-7");
  });

  it("give each iteration a row with its values, and actions apply to the job", async () => {
    const { root, model } = await show({ jobs: 2, scene: "iterated" });
    await expect.poll(() => rows(root)).toHaveLength(6);
    expect(rows(root).slice(0, 4)).toEqual(["row-0", "row-0.1", "row-0.2", "row-1"]);
    expect(cell(root, "1.2-position")?.textContent).toBe("1 · 3/3");
    expect(cell(root, "1.2-theta")?.textContent).toBe("0.2");
    cell(root, "1.2-state")?.parentElement?.querySelector<HTMLElement>(".select")?.click();
    await expect.poll(() => model.get("selected")).toEqual([[1, 1]]);
    expect(root.querySelectorAll(".rows .row[aria-selected=true]")).toHaveLength(3);
  });

  it("of thousands of jobs are fetched on request, and before that if visible", async () => {
    const { root } = await show({ jobs: 2300, scene: "finished" });
    await expect.poll(() => cell(root, "2-|0,0,0,0,0,0>")?.textContent).toContain("±");
    await expect.element(at("load-results")).toHaveTextContent(/^Load 2,2\d\d results/);
    await at("load-results").click();
    await expect.element(at("load-results")).not.toBeInTheDocument();
    await expect.element(at("loading")).not.toBeInTheDocument();
    header(root, "measured.physical_perf").click();
    header(root, "measured.physical_perf").click();
    await expect.poll(() => rows(root)[0]).toBe("row-2299");
  });

  it("can be hidden, and return with the default columns", async () => {
    const { root, model } = await show({ jobs: 8, scene: "finished" });
    await expect.poll(() => titles(root)).toContain("samples");
    await at("columns").click();
    await page.getByRole("menuitemcheckbox", { name: "samples", exact: true }).click();
    await expect.poll(() => titles(root)).not.toContain("samples");
    await expect.poll(() => model.get("columns")).toContain("measured.physical_perf");
    await page.getByRole("menuitemcheckbox", { name: /^Default columns/ }).click();
    await expect.poll(() => titles(root)).toContain("samples");
  });
});

describe("many missing results", () => {
  it("are loaded on request, and kept if the user wants that", async () => {
    const { model } = await show({ jobs: 3000, scene: "finished" });
    const asked = vi.spyOn(model, "send");
    await expect.element(at("load-results")).toHaveTextContent(/^Load 2,9\d\d results, about/);
    const box = at("keep-results");
    await expect.element(box).not.toBeChecked();
    await box.click();
    await expect.element(box).toBeChecked();
    expect(asked).toHaveBeenCalledWith(expect.objectContaining({ name: "keep" }));
    await at("load-results").click();
    await expect.element(box).not.toBeInTheDocument();
  });
});

describe("the table's order", () => {
  it("follows several columns, the first one first", async () => {
    const { root, model } = await show({ jobs: 8, scene: "finished" });
    await expect.poll(() => rows(root)).toHaveLength(8);
    header(root, "metadata.circuit").click();
    header(root, "label.phi").click();
    await expect.poll(() => model.get("sort")).toBe("label.phi");
    header(root, "metadata.circuit").click();
    const shift = { shiftKey: true, bubbles: true };
    header(root, "label.phi").dispatchEvent(new MouseEvent("click", shift));
    header(root, "label.phi").dispatchEvent(new MouseEvent("click", shift));
    await expect.poll(() => model.get("sort")).toBe("metadata.circuit; -label.phi");
    await expect.poll(() => rows(root)[0]).toBe("row-7");
    expect(rows(root).slice(0, 4)).toEqual(["row-7", "row-5", "row-3", "row-1"]);
    expect(header(root, "label.phi").querySelector("small")?.textContent).toBe("2");
  });

  it("is kept when columns appear", async () => {
    const { root, model } = await show({ jobs: 8, scene: "finished" });
    await expect.poll(() => titles(root)).toContain("physical_perf");
    header(root, "measured.physical_perf").click();
    const { jobs } = model as StandIn;
    for (const job of jobs) job.labels = { "label.eta": job.position % 3, ...job.labels };
    (model as StandIn).patch(jobs);
    await expect.poll(() => titles(root)).toContain("eta");
    expect(root.querySelector(".header [aria-sort]")?.textContent).toBe("physical_perf");
  });
});

describe("a column's width", () => {
  const width = (root: ShadowRoot, name: string) =>
    header(root, name).getBoundingClientRect().width;

  it("changes by dragging and keys, and resets on a double click", async () => {
    const { root } = await show({ jobs: 8, scene: "finished" });
    await expect.poll(() => header(root, "metadata.circuit")).not.toBeNull();
    const before = width(root, "metadata.circuit");
    const edge = root.querySelector('[data-testid="resize-circuit"]') as HTMLElement;
    drag(edge, [0.5, 0.5], [0.5 + 60 / edge.getBoundingClientRect().width, 0.5]);
    await expect.poll(() => width(root, "metadata.circuit")).toBeCloseTo(before + 60, 0);
    header(root, "metadata.circuit").focus();
    await userEvent.keyboard("{Shift>}{ArrowLeft}{/Shift}");
    await expect.poll(() => width(root, "metadata.circuit")).toBeCloseTo(before + 48, 0);
    expect(root.querySelector(".header [aria-sort]")).toBeNull();
    edge.dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
    await expect.poll(() => width(root, "metadata.circuit")).toBeCloseTo(before, 0);
  });

  it("has space for a long run and its progress", async () => {
    const { root, model } = await show();
    const { jobs } = model as StandIn;
    const job = jobs.find(({ state }) => state === "running") as StandIn["jobs"][number];
    Object.assign(job, { started_at: Date.now() / 1000 - 3540, progress: 0.88 });
    (model as StandIn).patch([job]);
    const time = () => cell(root, `${job.position}-duration_s`);
    await expect.poll(() => time()?.textContent).toMatch(/^5\d min \d\d s · 88 %$/);
    expect(time()?.scrollWidth).toBeLessThanOrEqual(time()?.clientWidth ?? 0);
  });

  it("never cuts a swept number, which has up to twelve digits", async () => {
    const model = new StandIn(8, "unsent");
    for (const job of model.jobs)
      job.labels = { ...job.labels, "label.phi": (job.position * 1.1234567891) / 8 };
    const { root } = await show({ model });
    const phi = () => [...root.querySelectorAll<HTMLElement>('.rows [data-column="label.phi"]')];
    await expect.poll(() => phi().length).toBe(8);
    for (const each of phi()) expect(each.scrollWidth).toBeLessThanOrEqual(each.clientWidth);
    expect(phi().some((each) => (each.textContent?.length ?? 0) > 9)).toBe(true);
  });

  it("never cuts a number, and the first columns stay visible", async () => {
    const { root } = await show({ jobs: 1200, scene: "finished", width: 700 });
    await expect.poll(() => cell(root, "0-|0,0,0,0,0,0>")?.textContent).toContain("±");
    const grid = root.querySelector("[data-testid=grid]") as HTMLElement;
    grid.scrollTop = grid.scrollHeight;
    await expect.poll(() => cell(root, "1199-|0,0,0,0,0,0>")?.textContent).toContain("±");
    const numbers = root.querySelectorAll<HTMLElement>(
      ".rows .cell:is([data-kind=number], [data-kind=measured], [data-kind=duration])",
    );
    for (const each of numbers) expect(each.scrollWidth).toBeLessThanOrEqual(each.clientWidth);
    const place = () => cell(root, "1199-state")?.getBoundingClientRect().left;
    const before = place();
    grid.scrollLeft = 300;
    await expect.poll(() => grid.scrollLeft).toBe(300);
    expect(place()).toBe(before);
  });
});

it("names the checkbox of each row, and says whether it is ticked", async () => {
  await show();
  const box = page.getByRole("gridcell", { name: "Select job 3", exact: true });
  await expect.element(box).toHaveAttribute("aria-selected", "false");
  await box.click();
  await expect.element(box).toHaveAttribute("aria-selected", "true");
});

describe("a header's histogram", () => {
  it("adds the range that the user drags over to the search", async () => {
    const { root, model } = await show({ jobs: 24, scene: "finished" });
    const bars = () => root.querySelector('[data-testid="histogram-phi"]') as SVGElement;
    await expect.poll(bars).not.toBeNull();
    drag(bars(), [0.51, 0.5], [0.74, 0.5]);
    await expect.poll(() => model.get("search")).toMatch(/^phi>=0\.6\d* phi<=0\.9\d*$/);
    drag(bars(), [0.01, 0.5], [0.01, 0.5]);
    await expect.poll(() => model.get("search")).toMatch(/^phi>=\S+ phi<=\S+$/);
    expect(root.querySelector(".header [aria-sort]")).toBeNull();
  });
});

describe("selected jobs", () => {
  it("are copied as tab-separated text, with errors", async () => {
    const { root } = await show({ jobs: 8, scene: "finished" });
    const copied = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    onTestFinished(() => copied.mockRestore());
    await expect.poll(() => cell(root, "2-|0,0,0,0,0,0>")?.textContent).toContain("±");
    for (const position of [2, 5])
      root.querySelector<HTMLElement>(`[data-testid=row-${position}] .select`)?.click();
    await expect.poll(() => root.activeElement?.className).toContain("select");
    await userEvent.keyboard("{Control>}c{/Control}");
    await expect.poll(() => copied.mock.calls.length).toBe(1);
    const lines = (copied.mock.calls[0]?.[0] ?? "").split("\n").map((line) => line.split("\t"));
    expect(lines[0]?.slice(0, 6)).toEqual([
      ...["#", "Status", "phi", "circuit", "|0,0,0,0,0,0>", "|0,0,0,0,0,0> error"],
    ]);
    expect(lines.map(([first]) => first)).toEqual(["#", "2", "5"]);
    expect(Number(lines[1]?.[4])).toBeGreaterThan(0);
    await expect.element(at("live")).toHaveTextContent("2 jobs copied");
  });
});

describe("a label and a parameter of one name", () => {
  it("are two columns, the second with its kind", async () => {
    class Twofold extends StandIn {
      override on(event: string, callback: (...args: never[]) => void): void {
        super.on(event, ((message?: { rows?: { columns: Record<string, number[]> } }) => {
          const columns = message?.rows?.columns;
          if (columns) columns["param.phi"] = (columns["label.phi"] ?? []).map((phi) => phi + 1);
          (callback as (message: unknown) => void)(message);
        }) as typeof callback);
      }
    }
    const { root } = await show({ model: new Twofold(3, "still") });
    await expect.poll(() => cell(root, "0-phi")?.textContent).toBe("0.05");
    expect(cell(root, "0-param.phi")?.textContent).toBe("1.05");
  });
});

describe("the view and the widths", () => {
  it("are kept by name for the next view", async () => {
    const model = new StandIn(8, "finished");
    const { root, el } = await show({ model });
    await expect.poll(() => root.querySelector('[data-testid="resize-circuit"]')).not.toBeNull();
    const edge = root.querySelector('[data-testid="resize-circuit"]') as HTMLElement;
    drag(edge, [0.5, 0.5], [0.5 + 60 / edge.getBoundingClientRect().width, 0.5]);
    await at("view-both").click();
    const kept = () => model.get("table") as { view?: string; widths?: Record<string, number> };
    await expect.poll(() => kept().view).toBe("both");
    const width = kept().widths?.["circuit"] ?? 0;
    expect(width).toBeGreaterThan(100);
    el.remove(); // what is below the fold gets no rows
    const next = new StandIn(8, "finished");
    next.set({ table: kept() });
    const other = await show({ model: next });
    await expect
      .poll(() => other.root.querySelector("[data-testid=view-both]")?.ariaSelected)
      .toBe("true");
    await expect
      .poll(() => header(other.root, "metadata.circuit")?.getBoundingClientRect().width)
      .toBeCloseTo(width, 0);
  });
});
