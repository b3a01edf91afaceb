/** Faults that users found in the first dashboard and that no other test of the page covers. */

import { expect, it, vi } from "vitest";
import { page } from "vitest/browser";
import type { StandIn } from "../../dev/standin";
import { at, show } from "./page";

const SENDER = {
  host: "lab-pc",
  pid: 4711,
  since: Date.now() / 1000 - 60,
  is_this_process: false,
  is_from_page: false,
};

async function shown(scene: string, jobs = 24) {
  const made = await show({ scene, jobs });
  await expect.poll(() => made.root.querySelector("[data-testid=row-0]")).not.toBeNull();
  return { ...made, model: made.model as StandIn };
}

it("shows a line for an empty group that can run twice", async () => {
  const { root } = await show({ scene: "empty" });
  await expect.poll(() => root.querySelector("pre")?.textContent).toContain("once=True");
});

it("shows the time left of any sending process, but not while it is unknown", async () => {
  const { model, root } = await shown("still");
  const said = () => root.querySelector(".eta")?.textContent;
  model.set({ sender: SENDER, eta_s: [40, 60] });
  await expect.poll(said).toMatch(/done · .*left/);
  for (const unknown of [{ last_error: "The cloud is away." }, { paused: true }]) {
    model.set(unknown);
    await expect.poll(said).toMatch(/done$/);
    model.set({ last_error: "", paused: false });
    await expect.poll(said).toMatch(/left$/);
  }
  model.set({ eta_s: null, stalled_since: Date.now() / 1000 - 600 });
  await expect.poll(said).toMatch(/no job has ended since/);
});

it("shows job numbers above 1,000 in full", async () => {
  const { root } = await shown("still", 1500);
  const grid = root.querySelector("[data-testid=grid]") as HTMLElement;
  grid.scrollTop = grid.scrollHeight;
  const last = () => root.querySelector<HTMLElement>("[data-testid=cell-1499-position]");
  await expect.poll(last).not.toBeNull();
  expect(last()?.textContent).toBe("1499");
  expect(last()?.scrollWidth).toBeLessThanOrEqual(last()?.clientWidth ?? 0);
});

it("shows the selection and the actions on it", async () => {
  const { model, root } = await shown("failed");
  const sending = vi.spyOn(model, "send");
  await at("row-1").click({ modifiers: ["Control"], position: { x: 300, y: 10 } });
  await at("chip-success").click();
  const bar = at("selection");
  await expect.element(bar).toHaveTextContent("1 selected · 1 hidden by the filter");
  await root.querySelector<HTMLElement>(".head .select")?.click();
  await expect.element(bar).toHaveTextContent(/^15 selected · 1 hidden by the filter/);
  const header = root.querySelector(".row.header");
  expect(header?.getAttribute("aria-selected")).toBe("true");
  await at("chip-error").click();
  await expect.poll(() => header?.getAttribute("aria-selected")).toBe("false");
  const commands = sending.mock.calls.filter(([sent]) => (sent as { t: string }).t === "command");
  expect(commands).toEqual([]);
});

it("counts no canceled job as failed, and has no dead button in a finished group", async () => {
  const { root } = await shown("failed");
  await expect.element(at("chip-canceled")).toHaveTextContent("canceled 2");
  await expect.element(at("primary")).toHaveTextContent("Rerun 8");
  await page.getByRole("button", { name: "More", exact: true }).click();
  expect(root.querySelector("[aria-disabled=true], :disabled")).toBeNull();
});
