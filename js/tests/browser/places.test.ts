/** What is below the message of an action stays in its place when the message disappears. */

import { expect, test } from "vitest";
import { FakeModel } from "../model";
import { blockOf } from "../node/rows";
import { at, show } from "./page";

const topOfViews = () => at("view-table").element().getBoundingClientRect().top;

test.each([960, 420])("the jobs stay in place after an action, at %i px", async (width) => {
  await show({ scene: "failed", width });
  await at("rerun-cause-0").click();
  await expect.element(at("live")).toHaveTextContent("8 rerun");
  await expect.element(at("cause-0")).not.toBeInTheDocument();
  const top = topOfViews();
  await expect.poll(() => at("live").element().textContent, { timeout: 12_000 }).toBe("");
  expect(topOfViews()).toBe(top);
});

const late = "the jobs stay in place when a busy kernel responds, at %i px";

test.each([960, 420])(late, async (width) => {
  const model = new FakeModel({ counts: { unsent: 1 } });
  await show({ model, width });
  await expect.poll(() => model.sentOf("open").length).toBe(1);
  const rows = blockOf([{ position: 0, state: "unsent" }]);
  const about = { epoch: "first", n: 1, now: Date.now() / 1000, total: 1 };
  model.push({ t: "snapshot", version: 1, part: 0, parts: 1, rows, ...about });
  await at("primary").click();
  await expect.element(at("busy-note")).toHaveTextContent("this will run");
  const top = topOfViews();
  model.push({ t: "result", id: model.lastId, value: null }); // the estimate
  await expect.poll(() => model.sentOf("command").length).toBe(1);
  model.push({ t: "result", id: model.lastId, value: { text: "1 sent" } });
  await expect.element(at("live")).toHaveTextContent("1 sent");
  await expect.element(at("busy-note")).not.toBeInTheDocument();
  expect(topOfViews()).toBe(top);
});

test("the line keeps its room when a busy kernel responds, until another group is shown", async () => {
  const heightOfLine = () => at("live").element().parentElement?.offsetHeight;
  const model = new FakeModel({ counts: { unsent: 1 } });
  await show({ model });
  await expect.element(at("busy-note")).toHaveTextContent("the jobs will appear");
  const height = heightOfLine();
  const rows = blockOf([{ position: 0, state: "unsent" }]);
  const about = { epoch: "first", n: 1, now: Date.now() / 1000, total: 1 };
  model.push({ t: "snapshot", version: 1, part: 0, parts: 1, rows, ...about });
  await expect.element(at("busy-note")).not.toBeInTheDocument();
  expect(heightOfLine()).toBe(height);
  model.setTraits({ group: "another" });
  await expect.poll(heightOfLine).toBe(0);
});
