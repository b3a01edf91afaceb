import { describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import type { StandIn } from "../../dev/standin";
import { at, show } from "./page";

const boxOf = (root: ShadowRoot, testid: string) =>
  (root.querySelector(`[data-testid=${testid}]`) as HTMLElement).getBoundingClientRect();
const open = async (root: ShadowRoot, position: number) => {
  await expect.poll(() => root.querySelector(`[data-testid=row-${position}]`)).not.toBeNull();
  root.querySelector<HTMLElement>(`[data-testid=row-${position}] .cell:last-child`)?.click();
  await expect.element(at("job")).toHaveTextContent(`Job ${position}`);
};

describe("the drawer of a job", () => {
  it("is beside the table from 900 px on, within the window's height", async () => {
    const { root } = await show({ width: 960 });
    await open(root, 5);
    const [grid, job] = [boxOf(root, "grid"), boxOf(root, "job")];
    expect(job.left).toBeGreaterThan(grid.right);
    expect(job.top).toBeLessThan(grid.top + 1);
    expect(job.bottom).toBeLessThanOrEqual(window.innerHeight);
  });

  it.each([400, 800])("is visible below its row in a view of %i px", async (width) => {
    const { root } = await show({ jobs: 100, width });
    await open(root, 7);
    const [row, grid, job] = [boxOf(root, "row-7"), boxOf(root, "grid"), boxOf(root, "job")];
    expect(row.top).toBeGreaterThanOrEqual(grid.top);
    expect(row.bottom).toBeLessThanOrEqual(grid.bottom + 1);
    expect(job.top).toBeGreaterThanOrEqual(grid.bottom);
    expect(job.top).toBeLessThan(window.innerHeight);
    expect(job.width).toBeLessThanOrEqual(width);
  });

  it("scrolls to the row of a job if each job has several rows", async () => {
    const { root } = await show({ jobs: 40, scene: "iterated" });
    await expect.poll(() => root.querySelector("[data-testid='row-0.1']")).not.toBeNull();
    await open(root, 0);
    const drawer = root.querySelector("[data-testid=job]") as HTMLElement;
    drawer.focus();
    for (let i = 0; i < 25; i++) await userEvent.keyboard("{ArrowDown}");
    await expect.poll(() => drawer.ariaLabel).toBe("Job 25");
    await expect.poll(() => root.querySelector("[data-testid=row-25]")).not.toBeNull();
    const { top, bottom } = boxOf(root, "grid");
    await expect.poll(() => boxOf(root, "row-25").top).toBeGreaterThanOrEqual(top);
    expect(boxOf(root, "row-25").bottom).toBeLessThanOrEqual(bottom);
  });

  it("steps through the jobs in the table's order, by keys and buttons", async () => {
    const { root } = await show({ jobs: 100 });
    await open(root, 2);
    const rows = [...root.querySelectorAll<HTMLElement>("[data-testid^=row-]")]
      .sort((a, b) => Number(a.ariaRowIndex) - Number(b.ariaRowIndex))
      .map(({ dataset }) => dataset["testid"]?.replace("row-", "Job ") ?? "");
    const order = rows.slice(rows.indexOf("Job 2") + 1).slice(0, 3);
    (root.querySelector("[data-testid=job]") as HTMLElement).focus();
    for (const job of order) {
      await userEvent.keyboard("{ArrowDown}");
      await expect.element(at("job")).toHaveTextContent(job);
    }
    await page.getByRole("button", { name: "Previous job" }).click();
    await expect.element(at("job")).toHaveTextContent(order[1] as string);
    for (let i = 0; i < 40; i++) await userEvent.keyboard("{ArrowDown}");
    const opened = () => root.querySelector<HTMLElement>(".row.open")?.getBoundingClientRect();
    await expect.poll(opened).toBeDefined();
    expect(opened()?.bottom).toBeLessThanOrEqual(boxOf(root, "grid").bottom + 1);
  });

  it("follows the table's keys, and returns the focus to its row on Escape", async () => {
    const { root } = await show();
    await open(root, 0);
    (root.querySelector("[data-testid=row-0] .cell") as HTMLElement).focus();
    await userEvent.keyboard("{ArrowDown}");
    await expect.element(at("job")).toHaveTextContent("Job 1");
    await userEvent.keyboard("{Escape}");
    await expect.element(at("job")).not.toBeInTheDocument();
    expect(root.activeElement?.getAttribute("role")).toBe("gridcell");
  });

  it("keeps a note that is being written while other jobs are open", async () => {
    const { root, model } = await show();
    await open(root, 0);
    await at("note-edit").click();
    await at("note-field").fill("a long note");
    await page.getByRole("button", { name: "Next job" }).click();
    await expect.element(at("job")).toHaveTextContent("Job 1");
    await expect.element(at("note-field")).not.toBeInTheDocument();
    await page.getByRole("button", { name: "Previous job" }).click();
    await expect.element(at("note-field")).toHaveValue("a long note");
    expect(root.activeElement?.getAttribute("data-testid")).not.toBe("note-field");
    await at("note-save").click();
    await expect.element(at("note")).toHaveTextContent("a long note");
    expect((model as StandIn).jobs[0]?.note).toBe("a long note");
  });

  it("draws the circuit as an image that runs no script", async () => {
    document.title = "before";
    const { root } = await show();
    await open(root, 0);
    await expect.element(at("circuit")).toBeVisible();
    const image = root.querySelector("[data-testid=circuit]") as HTMLImageElement;
    await expect.poll(() => image.naturalWidth).toBeGreaterThan(0);
    expect(image.src).toMatch(/^data:image\/svg\+xml/);
    expect(document.title).not.toBe("run");
  });

  it("shows bars from 0 to 1 with errors, all parameters, the noise model and the payload", async () => {
    const { root } = await show();
    await open(root, 0);
    await expect.element(at("job")).toHaveTextContent("default");
    await expect.poll(() => root.querySelectorAll(".job .whisker").length).toBeGreaterThan(3);
    const bar = root.querySelector<HTMLElement>(".job .share > i") as HTMLElement;
    expect(Number.parseFloat(bar.style.width)).toBeLessThan(40);
    for (const list of root.querySelectorAll(".job dl"))
      expect(list.scrollHeight).toBeLessThanOrEqual(list.clientHeight);
    // The circuit, which is drawn later, moves what is below it.
    const circuit = () => root.querySelector<HTMLImageElement>("[data-testid=circuit]");
    await expect.poll(() => circuit()?.naturalWidth).toBeGreaterThan(0);
    await at("payload").click();
    await expect.element(at("job")).toHaveTextContent('"command": "probs"');
  });

  it("shows the names of labels and scalars as they are", async () => {
    const { root, model } = await show();
    const jobs = (model as StandIn).jobs.slice(0, 1);
    for (const job of jobs) job.labels = { ...job.labels, a_rather_long_label_name: 1, m: 3 };
    (model as StandIn).patch(jobs);
    await open(root, 0);
    await expect.element(at("job")).toHaveTextContent("physical_perf 0.0012");
    const names = [...root.querySelectorAll(".job dt")].map((each) => each.textContent);
    expect(names).toEqual(expect.arrayContaining(["a_rather_long_label_name", "m", "max samples"]));
  });

  it("shows partial results of a failed job as such", async () => {
    const { root } = await show();
    await open(root, 2);
    await expect.element(at("job")).toHaveTextContent("This job failed. Its results are partial.");
    await expect.poll(() => root.querySelectorAll(".job .share").length).toBeGreaterThan(0);
  });

  it("reruns a finished job with other parameters", async () => {
    const { root } = await show();
    await open(root, 0);
    await at("revise").click();
    await at("revision-max_shots").fill("500");
    await at("revision-go").click();
    await expect.element(at("live")).toHaveTextContent("rerun");
  });
});
