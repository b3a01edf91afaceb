/** Nothing is cut at the edge of a narrow page. */

import { expect, it } from "vitest";
import { at, show } from "./page";

it("shows all columns of the list of groups that it has room for", async () => {
  const { root } = await show({ scene: "groups", width: 400 });
  await expect.poll(() => root.querySelectorAll("tbody tr").length).toBeGreaterThan(1);
  const frame = root.querySelector(".table-frame") as HTMLElement;
  expect(frame.scrollWidth).toBeLessThanOrEqual(frame.clientWidth);
});

it.each([400, 700, 1300])("labels the time in full, %i pixels wide", async (width) => {
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

it("keeps the button beside the line of Python that it copies", async () => {
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
