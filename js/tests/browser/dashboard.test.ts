import { describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import { at, show } from "./page";

const rows = (root: ShadowRoot) => [...root.querySelectorAll<HTMLElement>(".rows .row")];
const shownFirst = (root: ShadowRoot) =>
  rows(root)
    .sort((a, b) => Number(a.ariaRowIndex) - Number(b.ariaRowIndex))
    .map(({ dataset }) => dataset.status);

describe("a group", () => {
  it("shows its name, its counts, its bar and its jobs, failed ones first", async () => {
    const { root } = await show();
    await expect.element(at("row-0")).toHaveAttribute("data-status", "success");
    await expect.element(at("counts-error")).toHaveTextContent("2 error");
    await expect.element(at("progress")).toHaveAttribute("aria-valuenow", "58");
    await expect.element(at("chip-failed")).toHaveTextContent("failed 3");
    expect(shownFirst(root).slice(0, 5)).toEqual([
      "error",
      "canceled",
      "error",
      "success",
      "success",
    ]);
    await expect.element(at("row-2")).toHaveTextContent("not enough memory for 12 photons");
  });

  it("is narrowed by chips and words, and shown whole again", async () => {
    const { root } = await show();
    await at("chip-failed").click();
    await expect.poll(() => rows(root).length).toBe(3);
    await at("search").fill("memory");
    await expect.poll(() => rows(root).map(({ dataset }) => dataset.position)).toEqual(["2"]);
    await at("search").fill("no such words");
    await page.getByRole("button", { name: "Show all jobs" }).click();
    await expect.poll(() => rows(root).length).toBe(24);
  });

  it("reruns what failed, and says what came of it with its line of Python", async () => {
    await show();
    await expect.element(at("rerun-failed")).toHaveTextContent("Rerun failed (3)");
    await at("rerun-failed").click();
    await expect.element(at("live")).toHaveTextContent("3 rerun");
    await expect.element(at("row-2")).toHaveAttribute("data-status", "waiting");
    await expect.element(at("rerun-failed")).toHaveAttribute("title", "No job has failed");
  });

  it("is deleted in two steps and brought back by a third", async () => {
    await show({ jobs: 3 });
    await at("delete").click();
    await at("delete-confirm").click();
    await expect.element(at("undo")).toBeVisible();
    await expect.element(at("grid")).not.toBeInTheDocument();
    await at("undo").click();
    await expect.element(at("row-0")).toBeVisible();
  });

  it("that is empty says the next step in code", async () => {
    const { root } = await show({ scene: "empty" });
    await expect.poll(() => root.querySelector("pre")?.textContent).toContain("jg.add(");
    await expect.element(at("run")).toHaveAttribute("aria-disabled", "true");
  });

  it("of a refused token shows one banner and keeps the jobs' last known states", async () => {
    await show({ scene: "refused" });
    await expect.element(at("banner")).toHaveTextContent("refuses the token");
    await expect.element(at("row-0")).toHaveAttribute("data-status", "success");
  });

  it("whose kernel does not hear says so after a second", async () => {
    await show({ scene: "busy" });
    await expect.element(at("busy-note")).toHaveTextContent("the jobs will come");
    await at("rerun-failed").click();
    await expect.element(at("live")).toHaveTextContent("Rerun asked");
    await expect.element(at("busy-note")).toHaveTextContent("this will run after");
  });
});

describe("a job", () => {
  it("opens with its results, and with its attempts where it failed", async () => {
    await show();
    await at("row-0").click({ position: { x: 300, y: 10 } });
    await expect.element(at("detail")).toHaveTextContent("|0,0,0,0,0,0>");
    await at("row-2").click({ position: { x: 300, y: 10 } });
    await expect.element(at("detail")).toHaveTextContent("Job 2");
    await expect.element(at("detail")).toHaveTextContent("41d3-9c6b-000000000002");
  });
});

describe("the keyboard", () => {
  it("walks the grid, chooses rows, opens a job and sorts", async () => {
    const { root } = await show();
    await expect.element(at("row-0")).toBeVisible();
    (root.querySelector(".cell[tabindex='0']") as HTMLElement).focus();
    await userEvent.keyboard("{ArrowDown}{ArrowDown} ");
    await expect.element(at("row-5")).toHaveAttribute("aria-selected", "true");
    await userEvent.keyboard("{ArrowDown}{Shift>} {/Shift}");
    await expect.element(at("row-7")).toHaveAttribute("aria-selected", "true");
    await userEvent.keyboard("{Enter}");
    await expect.element(at("detail")).toHaveTextContent("Job 7");
    await userEvent.keyboard("{ArrowUp}{ArrowUp}{ArrowUp}{ArrowRight}{Enter}{Enter}");
    await expect.poll(() => shownFirst(root)[0]).toBe("unsent");
    expect(root.activeElement?.getAttribute("aria-sort")).toBe("descending");
  });

  it("opens a menu, walks it and closes it where it was opened", async () => {
    const { root } = await show();
    const caret = root.querySelector(".caret") as HTMLElement;
    await userEvent.click(caret);
    expect(root.activeElement?.textContent).toContain("One after the other");
    await userEvent.keyboard("{ArrowDown}");
    expect(root.activeElement?.textContent).toContain("All at once");
    await userEvent.keyboard("{Escape}");
    expect(root.querySelector("[role=menu]")).toBeNull();
    expect(root.activeElement).toBe(caret);
  });
});

describe("a hundred thousand jobs", () => {
  it("are a few rows in the document, to the last of them", async () => {
    const { root } = await show({ jobs: 100_000 });
    await expect.element(at("grid")).toHaveAttribute("aria-rowcount", "100001");
    const grid = root.querySelector(".grid") as HTMLElement;
    grid.scrollTop = grid.scrollHeight;
    await expect.element(at("row-99999")).toBeVisible();
    expect(rows(root).length).toBeLessThan(40);
  });
});

describe("a narrow page", () => {
  it("shows two lines for each job and nothing beyond its edge", async () => {
    const { root } = await show({ width: 400 });
    await expect.element(at("row-2")).toHaveTextContent("#2 · phi 0.15 · Ralph CNOT");
    const frame = root.querySelector(".jobgroup") as HTMLElement;
    expect(frame.scrollWidth).toBeLessThanOrEqual(frame.clientWidth);
    const grid = root.querySelector(".grid") as HTMLElement;
    expect(grid.scrollWidth).toBeLessThanOrEqual(grid.clientWidth);
  });
});

describe("views that come and go", () => {
  it("leave nothing on the page and no listener behind", async () => {
    const { FakeModel } = await import("../model");
    const { bundle } = await import("./page");
    const model = new FakeModel({ counts: { unsent: 1 } });
    const { initialize, render } = (await bundle())();
    const end = initialize({ model });
    const before = model.listeners;
    for (let i = 0; i < 50; i++) {
      const el = document.createElement("div");
      document.body.append(el);
      render({ model, el })();
      expect(el.childElementCount).toBe(0);
      el.remove();
    }
    expect(model.listeners).toBe(before);
    end();
    expect(model.listeners).toBe(0);
  });
});
