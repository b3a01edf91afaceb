/** Jobs that a person wants sent before the others: how they are asked for, and how they are shown. */

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import type { StandIn } from "../../dev/standin";
import { at, show } from "./page";

const menu = () => page.getByRole("button", { name: /More ways: Send/ });
const next = () => page.getByRole("menuitem", { name: /^Next: the/ });

/** With the last unsent job and the one before it chosen. */
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

describe("jobs that are sent next", () => {
  it("are told to the kernel once, whose word stands then", async () => {
    const { model, asked } = await withTwoChosen();
    await menu().click();
    await next().click();
    await expect.poll(() => asked("command", "prioritize")).toEqual([{ positions: [22, 23] }]);
    await expect.poll(() => model.get("next_up")).toEqual([22, 23]);
    await at("row-23").click({ position: { x: 300, y: 10 } });
    await at("run-next").click();
    await expect.poll(() => model.get("next_up")).toEqual([23, 22]);
    await expect.element(at("row-22")).toHaveTextContent("to send · next 2");
    await expect.element(at("job")).toHaveTextContent("to send · next 1");
    await expect.element(at("run-next")).toHaveAttribute("title", "Already first in the queue");
    await expect.element(at("row-0")).not.toHaveTextContent("next");
  });

  it("are not to be had where no unsent one is chosen, and the menu says why", async () => {
    const { model } = await show();
    const sending = vi.spyOn(model, "send");
    onTestFinished(() => void vi.restoreAllMocks());
    await at("row-0").click({ modifiers: ["Control"], position: { x: 300, y: 10 } });
    await menu().click();
    await expect.element(next()).toHaveAttribute("aria-disabled", "true");
    await expect.element(next()).toHaveTextContent("No unsent job is selected");
    await next().click({ force: true });
    await userEvent.keyboard("{Enter}");
    await expect.element(next()).toBeVisible();
    expect(sending.mock.calls.flat()).not.toContainEqual(
      expect.objectContaining({ name: "prioritize" }),
    );
  });

  it("can be all that is run, and what they would take is told as that is looked at", async () => {
    const { asked } = await withTwoChosen();
    await menu().click();
    await expect.element(at("preview")).toHaveTextContent("Run 4 jobs");
    await userEvent.keyboard("{ArrowDown}");
    await expect.element(at("preview")).toHaveTextContent("Run 2 jobs");
    await page.getByRole("menuitem", { name: /One after the other/ }).hover();
    await expect.element(at("preview")).toHaveTextContent("Run 4 jobs");
    await page.getByRole("menuitem", { name: "Only the 2 selected" }).click();
    await expect
      .poll(() => asked("command", "run"))
      .toEqual([{ positions: [22, 23], mode: "queue" }]);
    await expect.element(at("row-22")).toHaveAttribute("data-status", "waiting");
  });

  it("are shown to who may only read, and asked for by nobody", async () => {
    const { model } = await withTwoChosen();
    (model as StandIn).set({ read_only: true, next_up: [23] });
    await expect.element(at("row-23")).toHaveTextContent("to send · next 1");
    await expect.element(menu()).not.toBeInTheDocument();
    await at("row-23").click({ position: { x: 300, y: 10 } });
    await expect.element(at("job")).toBeVisible();
    await expect.element(at("run-next")).not.toBeInTheDocument();
  });
});
