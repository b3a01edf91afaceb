/** Nothing is cut at the edge of a narrow page. */

import { expect, it } from "vitest";
import { at, show } from "./page";

it("shows as many columns of the list of groups as fit", async () => {
  const { root } = await show({ scene: "groups", width: 400 });
  await expect.poll(() => root.querySelectorAll("tbody tr").length).toBeGreaterThan(1);
  const frame = root.querySelector(".table-frame") as HTMLElement;
  expect(frame.scrollWidth).toBeLessThanOrEqual(frame.clientWidth);
});

it.each([400, 700, 1300])("shows time labels in full, %i px wide", async (width) => {
  const { root } = await show({ scene: "still", width });
  await at("view-timeline").click();
  await expect.poll(() => root.querySelectorAll(".tick text").length).toBeGreaterThan(1);
  const { left, right } = (root.querySelector(".slots svg") as Element).getBoundingClientRect();
  const labels = [...root.querySelectorAll(".tick text")].map((each) =>
    each.getBoundingClientRect(),
  );
  let before = left;
  for (const label of labels) {
    expect(label.left).toBeGreaterThanOrEqual(before);
    before = label.right;
  }
  expect(before).toBeLessThanOrEqual(right);
});

it("keeps the copy button beside its line of Python", async () => {
  const { root } = await show({ scene: "finished", width: 400 });
  await at("view-plot").click();
  await expect.element(at("plot-python")).toBeVisible();
  const python = root.querySelector("[data-testid=plot-python]") as HTMLElement;
  python.textContent = 'jg.plot(y="|1,1>", x="phi", curves="circuit", errors=0.95)';
  const code = python.getBoundingClientRect();
  const copy = (
    root.querySelector("[aria-label='Copy Python']") as Element
  ).getBoundingClientRect();
  expect(copy.top).toBeLessThan(code.bottom);
  expect(copy.left).toBeGreaterThanOrEqual(code.right);
});

it.each([400, 960])("marks an open row along its full height, %i px wide", async (width) => {
  const { root } = await show({ width });
  await expect.element(at("row-3")).toBeVisible();
  root.querySelector<HTMLElement>("[data-testid=row-3] .cell:last-child")?.click();
  await expect.element(at("job")).toBeVisible();
  const row = root.querySelector("[data-testid=row-3]") as Element;
  const cell = row.querySelector(".select") as Element;
  expect(getComputedStyle(cell).boxShadow).toContain("inset");
  const [mark, whole] = [cell.getBoundingClientRect(), row.getBoundingClientRect()];
  expect(mark.left).toBe(whole.left);
  expect(Math.abs(mark.top - whole.top)).toBeLessThanOrEqual(1);
  expect(Math.abs(mark.bottom - whole.bottom)).toBeLessThanOrEqual(2);
});
