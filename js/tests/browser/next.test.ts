/** Jobs that the user prioritizes: how to request and show them. */

import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { StandIn } from "../../dev/standin";
import { at, show } from "./page";

/** A dashboard with the last two unsent jobs selected. */
async function withTwoChosen() {
  const shown = await show();
  const sending = vi.spyOn(shown.model, "send");
  onTestFinished(() => void vi.restoreAllMocks());
  for (const position of [22, 23]) {
    await at(`row-${position}`).click({ modifiers: ["Control"], position: { x: 300, y: 10 } });
  }
  const asked = (tag: string, name: string) =>
    sending.mock.calls
      .map(([message]) => message as { t: string; name: string; args: object })
      .filter((message) => message.t === tag && message.name === name)
      .map(({ args }) => args);
  return { ...shown, asked };
}

describe("prioritized jobs", () => {
  it("are sent to the kernel once, and then follow its trait", async () => {
    const { model, asked, root } = await withTwoChosen();
    await at("selected-run-next").click();
    await expect.poll(() => asked("command", "prioritize")).toEqual([{ positions: [22, 23] }]);
    await expect.poll(() => model.get("next_up")).toEqual([22, 23]);
    root.querySelector<HTMLElement>("[data-testid=row-23] .cell:last-child")?.click();
    await at("run-next").click();
    await expect.poll(() => model.get("next_up")).toEqual([23, 22]);
    await expect.element(at("row-22")).toHaveTextContent("to send · next 2");
    await expect.element(at("job")).toHaveTextContent("to send · next 1");
    await expect.element(at("run-next")).toHaveAttribute("title", "Already first in the queue");
    await expect.element(at("row-0")).not.toHaveTextContent("next");
  });

  it("are not offered unless an unsent job is selected", async () => {
    await show();
    await at("row-0").click({ modifiers: ["Control"], position: { x: 300, y: 10 } });
    await expect.element(at("selection")).toHaveTextContent("1 selected");
    await expect.element(at("selected-run-next")).not.toBeInTheDocument();
    await expect.element(at("selected-send")).not.toBeInTheDocument();
  });

  it("can be sent alone", async () => {
    const { asked } = await withTwoChosen();
    await at("selected-send").click();
    await expect
      .poll(() => asked("command", "run"))
      .toEqual([{ positions: [22, 23], mode: "queue" }]);
    await expect.element(at("row-22")).toHaveAttribute("data-status", "waiting");
  });

  it("are shown in a read-only view, without the action", async () => {
    const { model } = await withTwoChosen();
    (model as StandIn).set({ read_only: true, next_up: [23] });
    await expect.element(at("row-23")).toHaveTextContent("to send · next 1");
    await expect.element(at("primary")).not.toBeInTheDocument();
    await expect.element(at("selected-run-next")).not.toBeInTheDocument();
    await at("row-23").click({ position: { x: 300, y: 10 } });
    await expect.element(at("job")).toBeVisible();
    await expect.element(at("run-next")).not.toBeInTheDocument();
  });
});
